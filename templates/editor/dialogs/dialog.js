// A dialog of the editor: made when it opens, gone when it closes, and the focus is then where it was.
"use strict";

const ImagelibDialog = (() => {
  const { h } = ImagelibDom;
  let count = 0;

  /**
   * @param {string} title @param {(Node | string)[]} content
   * @param {{back?: Element | null, closed?: () => void}} options
   *   `back` gets the focus afterwards, if it was not what had it before.
   */
  function open(title, content, { back = null, closed = () => {} } = {}) {
    const before = back ?? document.activeElement;
    const id = `dialog-${++count}`;
    const dialog = h("dialog", { class: "sheet", "aria-labelledby": id },
      h("div", { class: "dialog-bar" }, h("h2", { id }, title),
        h("button", { type: "button", "aria-label": "Close", class: "close", click: () => dialog.close() }, "×")),
      ...content);
    dialog.addEventListener("close", () => {
      ImagelibToast.home();
      dialog.remove();
      closed();
      if (before instanceof HTMLElement && before.isConnected && !document.querySelector(".sheet[open]")?.contains(document.activeElement)) {
        before.focus({ preventScroll: true });
      }
    });
    // What is typed into a dialog is no business of the keys of the page below.
    dialog.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
    });
    document.body.append(dialog);
    dialog.showModal();
    ImagelibToast.home();
    return { element: dialog, close: () => dialog.close() };
  }

  return {
    open,
    /** Whether a dialog is open that has nothing to do with keys for images. */
    get isOpen() { return document.querySelector("dialog[open]:not(.viewer, .compare)") !== null; },
  };
})();
