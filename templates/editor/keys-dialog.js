// @ts-check
// The keys, shown with "?".
"use strict";

const ImagelibKeysDialog = (() => {
  const { h } = ImagelibDom;
  /** @type {[string, string][]} */
  const KEYS = [
    ["/", "search"],
    ["← → ↑ ↓  Home End", "move among the images"],
    ["Enter", "open the image"],
    ["Esc", "one level back"],
    ["0 – 5", "rate the selection, else the image; then the next one"],
    ["f", "five stars"],
    ["x", "select the image; with Shift all up to it"],
    ["Ctrl+A", "select the whole result"],
    ["Shift+click  Ctrl+click", "select a range, select one"],
    ["Delete", "into the trash"],
    ["e", "edit"],
    ["h", "history"],
    ["Ctrl+Enter", "save"],
    ["Ctrl+Z  Ctrl+Shift+Z", "undo, redo"],
    ["?", "these keys"],
  ];

  function open() {
    ImagelibDialog.open("Keys", [h("dl", { class: "keys" }, ...KEYS.map(([keys, does]) =>
      h("div", {}, h("dt", {}, ...keys.split("  ").map((key) => h("kbd", {}, key))), h("dd", {}, does))))]);
  }

  function start() {
    document.addEventListener("keydown", (event) => {
      if (event.key !== "?" || ImagelibDialog.isOpen || !ImagelibPreferences.commands(event)) return;
      event.preventDefault();
      open();
    });
  }

  return { open, start };
})();
