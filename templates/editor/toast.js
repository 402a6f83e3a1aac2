// @ts-check
// Short messages in a corner, one of them with something to press. Screen readers hear them.
"use strict";

const ImagelibToast = (() => {
  const { h } = ImagelibDom;
  const SECONDS = 8;
  const place = h("div", { class: "toasts", role: "status", "aria-live": "polite" });

  /** What is behind an open dialog cannot be pressed: be in the topmost one. */
  function home() {
    const open = [...document.querySelectorAll("dialog[open]")].at(-1);
    const parent = open ?? document.body;
    if (place.parentElement !== parent) parent.append(place);
  }

  /**
   * @param {string} text
   * @param {{action?: string, press?: () => void, bad?: boolean}} options
   */
  function show(text, { action = "", press = () => {}, bad = false } = {}) {
    home();
    const toast = h("div", { class: bad ? "toast bad" : "toast" }, h("span", {}, text));
    const close = () => toast.remove();
    if (action) toast.append(h("button", { type: "button", click: () => { close(); press(); } }, action));
    place.replaceChildren(toast);
    let timer = setTimeout(close, SECONDS * 1000);
    toast.addEventListener("pointerenter", () => clearTimeout(timer));
    toast.addEventListener("focusin", () => clearTimeout(timer));
    toast.addEventListener("pointerleave", () => { timer = setTimeout(close, SECONDS * 1000); });
    return close;
  }

  // A dialog that closes takes its children along.
  document.addEventListener("close", (event) => {
    if (event.target instanceof HTMLDialogElement && event.target.contains(place)) home();
  }, true);

  return {
    show,
    /** @param {unknown} error */
    fail: (error) => show(error instanceof Error ? error.message : String(error), { bad: true }),
  };
})();
