// The menu of everything that is about the whole library.
"use strict";

const ImagelibLibraryMenu = (() => {
  const { h } = ImagelibDom;
  /** By what they are about. @type {[string, () => void][][]} */
  const GROUPS = [
    [
      ["Saved searches", () => void ImagelibSearchesDialog.open()],
      ["Tags", () => void ImagelibTagsDialog.open()],
      ["Find and replace", () => void ImagelibReplaceDialog.open()],
    ],
    [
      ["Undo the last edit", () => void ImagelibUndo.undo()],
      ["Trash", () => void ImagelibTrashDialog.open()],
    ],
    [
      ["Publish", () => ImagelibPublishDialog.open()],
      ["Picks", () => ImagelibPicksDialog.open()],
    ],
    [
      ["Status", () => void ImagelibStatusDialog.open()],
      ["Settings", () => void ImagelibSettingsDialog.open()],
      ["Keys", () => ImagelibHelp.open()],
    ],
  ];

  function start() {
    const menu = h("ul", { id: "library-menu", class: "menu", popover: "auto", "aria-label": "Library" });
    const button = h("button", { type: "button", class: "library-button", "aria-label": "Library", popovertarget: menu.id, "aria-haspopup": "true" },
      h("span", { class: "label" }, "Library"), h("span", { class: "bars" }));
    menu.append(...GROUPS.flatMap((group, number) => group.map(([label, press], place) => h("li", { class: [number && !place ? "apart" : "", label === "Keys" ? "of-keys" : ""].join(" ").trim() }, h("button", { type: "button", click: () => {
      menu.hidePopover();
      button.focus();  // the dialog gives it back from here
      press();
    } }, label)))));
    menu.addEventListener("toggle", () => {
      if (menu.matches(":popover-open")) menu.querySelector("button")?.focus();
    });
    menu.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const buttons = [...menu.querySelectorAll("button")];
      const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
      buttons.at((at + step) % buttons.length)?.focus();
    });
    document.querySelector("[data-slot=header]")?.append(button, menu);
  }

  return { start };
})();
