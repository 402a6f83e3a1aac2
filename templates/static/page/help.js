// The keys, shown by "?". Other scripts add theirs. All single keys can be switched off, as
// WCAG 2.1.4 asks; the choice is kept in this browser.
"use strict";

const ImagelibHelp = (() => {
  const { h, isWriting } = ImagelibDom;
  const { browser } = ImagelibKept;
  const STORED = "imagelib.keys";
  /** @type {[string, [string, string][]][]} */
  const sections = [
    ["Gallery", [
      ["/  Ctrl+K", "search"],
      ["← → ↑ ↓  Home  End", "move among the images"],
      ["Enter", "open the image"],
      ["Esc", "one level back"],
      ["Shift+F10", "the menu of the image, as by a right click"],
      ["?", "these keys"],
    ]],
    ["Viewer", [
      ["← →  k  j", "previous and next image"],
      ["z", "zoom to 100 % and back"],
      ["+  −", "zoom"],
      ["i", "show or hide what is known of the image"],
      ["l", "lights out: only the picture"],
      ["g", "filmstrip"],
      ["Shift+F", "full screen"],
      ["c", "compare with the next image"],
      ["p", "slideshow"],
      ["y  Y", "copy the prompt, all as A1111 text"],
      ["Ctrl+C", "copy the picture, if no text is marked"],
    ]],
    ["Compare", [
      ["m", "next way to compare"],
      ["b  Space", "blink: one after the other in the same place"],
      ["z  +  −", "zoom all of them"],
      ["s", "swap"],
      ["← →", "another second image; of a selection, another pane"],
      ["x", "take one away"],
    ]],
  ];
  /** @type {HTMLDialogElement | null} */
  let dialog = null;

  /** @param {string} title @param {[string, string][]} keys */
  const add = (title, keys) => void sections.push([title, keys]);

  /** Let a key that is here have another meaning, for whoever adds that. @param {string} key */
  function give(key) {
    for (const [, keys] of sections) {
      const at = keys.findIndex(([names]) => names === key);
      if (at >= 0) keys.splice(at, 1);
    }
  }

  const isOn = () => browser.get(STORED) !== "off";

  function open() {
    const choice = h("input", { type: "checkbox" });
    choice.checked = isOn();
    choice.addEventListener("change", () => void browser.set(STORED, choice.checked ? "on" : "off"));
    dialog ??= document.body.appendChild(h("dialog", { class: "sheet help", "aria-labelledby": "keys" }));
    dialog.replaceChildren(
      h("div", { class: "dialog-bar" }, h("h2", { id: "keys" }, "Keys"), h("button", {
        type: "button", class: "close", "aria-label": "Close", click: () => dialog?.close(),
      }, "×")),
      ...sections.map(([title, keys]) => h("section", {}, h("h3", {}, title), h("dl", {}, ...keys.map(([names, does]) =>
        h("div", {}, h("dt", {}, ...names.split("  ").map((name) => h("kbd", {}, name))), h("dd", {}, does)))))),
      h("label", { class: "preference" }, choice, "Single keys are on"));
    dialog.showModal();
  }

  /** Whether a key press is meant as a command. @param {KeyboardEvent} event */
  const isCommand = (event) => !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.altKey
    && !isWriting(event.target) && !isInMenu(event.target) && isOn();

  /** Menus have keys of their own. @param {EventTarget | null} target */
  const isInMenu = (target) => target instanceof Element && target.closest("[role=menu]") !== null;

  document.addEventListener("keydown", (event) => {
    // The key that switches keys on again works always.
    if (event.key !== "?" || event.defaultPrevented || event.ctrlKey || event.metaKey || isWriting(event.target)) return;
    event.preventDefault();
    if (!dialog?.open) open();
  });

  return { add, give, isCommand, isOn, open };
})();
