// @ts-check
// What this browser's user prefers, kept in this browser.
"use strict";

const ImagelibPreferences = (() => {
  /** @type {Record<"advance" | "keys", boolean>} */
  const DEFAULTS = { advance: true, keys: true };

  /** @param {keyof DEFAULTS} name */
  function get(name) {
    try {
      const kept = localStorage.getItem(`imagelib.${name}`);
      return kept === null ? DEFAULTS[name] : kept === "yes";
    } catch {
      return DEFAULTS[name];  // storage is switched off
    }
  }

  /** @param {keyof DEFAULTS} name @param {boolean} on */
  function set(name, on) {
    try {
      localStorage.setItem(`imagelib.${name}`, on ? "yes" : "no");
    } catch {
      // Without storage the default stays.
    }
  }

  return {
    get,
    set,
    /** Whether a key without Ctrl is a command now: not while writing, and not if they are switched off. @param {KeyboardEvent} event */
    commands: (event) => get("keys") && !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.altKey
      && !ImagelibDom.isWriting(event.target),
  };
})();
