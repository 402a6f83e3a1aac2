// Short messages in a corner, some with something to press, and one notice that stays while it
// holds. Screen readers hear them.
"use strict";

const ImagelibToast = (() => {
  const { h, setText } = ImagelibDom;
  const SECONDS = 8;
  const noticeText = h("span");
  const noticeButton = h("button", { type: "button", hidden: true });
  const notice = h("div", { class: "toast notice", hidden: true }, noticeText, noticeButton);
  /** What holds at the moment. @type {Map<string, {text: string, action: [string, () => void] | null}>} */
  const held = new Map();
  const messages = h("div", { class: "messages", role: "status", "aria-live": "polite" });
  const place = h("div", { class: "toasts" }, h("div", { role: "status", "aria-live": "polite" }, notice), messages);

  /** What is behind an open dialog cannot be pressed: be in the topmost one. */
  function home() {
    const open = [...document.querySelectorAll("dialog[open]")].at(-1);
    const parent = open ?? document.body;
    if (place.parentElement !== parent) parent.append(place);
  }

  /**
   * @param {string} text
   * @param {{actions?: [string, () => void][], bad?: boolean}} options
   */
  function show(text, { actions = [], bad = false } = {}) {
    home();
    const toast = h("div", { class: bad ? "toast bad" : "toast" }, h("span", {}, text));
    const close = () => toast.remove();
    for (const [label, press] of actions) {
      toast.append(h("button", { type: "button", click: () => { close(); press(); } }, label));
    }
    messages.replaceChildren(toast);
    let timer = setTimeout(close, SECONDS * 1000);
    const stay = () => clearTimeout(timer);
    const leave = () => { timer = setTimeout(close, SECONDS * 1000); };
    toast.addEventListener("pointerenter", stay);
    toast.addEventListener("pointerleave", leave);
    toast.addEventListener("focusin", stay);
    toast.addEventListener("focusout", leave);
  }

  /**
   * Say something for as long as it holds; an empty text ends it. Of several the oldest is shown.
   * @param {"daemon" | "adding" | "saving"} about @param {string} text @param {[string, () => void] | null} action
   */
  function hold(about, text, action = null) {
    if (text) held.set(about, { text, action });
    else if (!held.delete(about)) return;
    home();
    const [first] = held.values();
    notice.hidden = !first;
    setText(noticeText, first?.text ?? "");
    noticeButton.hidden = !first?.action;
    if (!first?.action) return;
    setText(noticeButton, first.action[0]);
    noticeButton.onclick = first.action[1];
  }

  // Follow the topmost dialog as they open and close; one that is taken away would take us along.
  document.addEventListener("toggle", (event) => {
    if (event.target instanceof HTMLDialogElement) home();
  }, true);
  document.addEventListener("close", (event) => {
    if (event.target instanceof HTMLDialogElement) home();
  }, true);

  return {
    /** Take back what is said, and what could be pressed in it. */
    clear: () => messages.replaceChildren(),
    /** @param {unknown} error */
    fail: (error) => show(error instanceof Error ? error.message : String(error), { bad: true }),
    hold,
    home,
    show,
  };
})();
