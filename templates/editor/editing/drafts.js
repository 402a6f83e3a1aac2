// What was written and not saved, image by image. It lives as long as the tab: neither Escape nor
// Back nor a reload nor a daemon that is gone may cost anybody a text.
"use strict";

const ImagelibDrafts = (() => {
  const { tab } = ImagelibKept;
  const PREFIX = "imagelib.draft.";
  /** Where storage is switched off or full. @type {Map<string, string>} */
  const memory = new Map();
  /** @type {(() => void)[]} */
  const listeners = [];

  /** @param {string} id @returns {Draft | null} */
  function get(id) {
    const text = memory.get(id) ?? tab.get(PREFIX + id);
    return text ? JSON.parse(text) : null;
  }

  /** Without fields there is nothing to keep. @param {string} id @param {Draft} draft */
  function keep(id, draft) {
    if (Object.keys(draft.fields).length === 0) {
      drop(id);
      return;
    }
    const text = JSON.stringify(draft);
    if (tab.set(PREFIX + id, text)) memory.delete(id);
    else memory.set(id, text);
    for (const listener of listeners) listener();
  }

  /** @param {string} id */
  function drop(id) {
    memory.delete(id);
    tab.set(PREFIX + id, null);
    for (const listener of listeners) listener();
  }

  return {
    drop,
    get,
    keep,
    /** @param {() => void} listener */
    onChange: (listener) => void listeners.push(listener),
  };
})();
