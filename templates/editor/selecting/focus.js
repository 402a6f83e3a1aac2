// Keep the focus on its card: an edit may move the card to another place of the grid, or away, and
// an element that is moved in the page loses the focus without a word.
"use strict";

const ImagelibFocus = (() => {
  /** The card that has the focus, by pk; -1 if something else has it. */
  let pk = -1;

  function check() {
    if (pk < 0 || document.activeElement !== document.body || document.querySelector("dialog[open]")) return;
    ImagelibGrid.reveal(pk, true);
  }

  function start() {
    document.addEventListener("focusin", (event) => {
      const card = /** @type {HTMLElement} */ (event.target).closest(".card");
      pk = card instanceof HTMLElement ? Number(card.dataset.pk) : -1;
    });
    // Who presses beside the cards has put the focus down.
    document.addEventListener("pointerdown", (event) => {
      if (!(/** @type {HTMLElement} */ (event.target).closest(".card"))) pk = -1;
    });
    new MutationObserver(check).observe(ImagelibDom.mount("grid"), { childList: true });
  }

  return { start };
})();
