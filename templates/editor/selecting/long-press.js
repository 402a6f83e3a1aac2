// A finger that rests on a tile selects it, as phones have it; from then on each touch selects, until nothing is.
"use strict";

const ImagelibLongPress = (() => {
  const list = ImagelibDom.mount("grid");
  /** How long it rests, in milliseconds, and how little it moves, in pixels. */
  const [REST, NEAR] = [450, 10];
  /** The finger that is down. @type {{x: number, y: number, timer: number} | null} */
  let finger = null;
  /** Whether it has selected something: what the browser makes of the touch is over then. */
  let hasSelected = false;

  function lift() {
    clearTimeout(finger?.timer);
    finger = null;
  }

  function start() {
    list.addEventListener("pointerdown", (event) => {
      lift();
      hasSelected = false;
      const card = /** @type {HTMLElement} */ (event.target).closest(".card");
      if (event.pointerType !== "touch" || !event.isPrimary || !(card instanceof HTMLElement)) return;
      const timer = setTimeout(() => {
        finger = null;
        hasSelected = true;
        ImagelibSelection.toggle(Number(card.dataset.pk));
      }, REST);
      finger = { x: event.clientX, y: event.clientY, timer };
    });
    list.addEventListener("pointermove", (event) => {
      if (finger && Math.hypot(event.clientX - finger.x, event.clientY - finger.y) > NEAR) lift();
    });
    for (const kind of ["pointerup", "pointercancel"]) list.addEventListener(kind, lift);
    // Some browsers open a menu for the link below instead, or follow it when the finger is lifted.
    document.addEventListener("contextmenu", (event) => {
      if (!finger && !hasSelected) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    }, true);
    document.addEventListener("click", (event) => {
      if (!hasSelected) return;
      hasSelected = false;
      event.preventDefault();
      event.stopImmediatePropagation();
    }, true);
  }

  return { start };
})();
