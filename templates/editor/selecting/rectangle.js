// Select by a rectangle, as file managers do: with the mouse from an empty place of the page or from the circle of a
// tile, with Shift or Ctrl from anywhere. A picture or link that is dragged without a key goes out of the page as ever.
"use strict";

const ImagelibRectangle = (() => {
  const { h } = ImagelibDom;
  const list = ImagelibDom.mount("grid");
  const page = ImagelibDom.mount("gallery");
  /** A mouse that moves less means a click, in pixels. */
  const DEAD = 5;
  /** So near the edge of the window the page scrolls, in pixels, and this part of the way at each frame. */
  const [EDGE, PACE] = [48, 0.35];
  const frame = h("div", { class: "rectangle", "aria-hidden": "true" });

  /**
   * Where the mouse went down, in the list; where it is now, in the window; what was selected before.
   * @typedef {{x: number, y: number, at: {x: number, y: number}, kept: number[], adds: boolean, key: string}} Drag
   */
  /** @type {Drag | null} */
  let drag = null;
  let isDrawn = false;
  let ticking = 0;

  /** @param {PointerEvent} event */
  function pressed(event) {
    isDrawn = false;
    if (event.button || event.pointerType !== "mouse" || event.altKey || document.querySelector("dialog[open]")) return;
    const target = /** @type {HTMLElement} */ (event.target);
    // Beside the tiles too, but not on the bar that scrolls.
    const isBeside = target.contains(list) && event.clientX < document.documentElement.clientWidth;
    const isCircle = target.closest(".select-box") !== null;
    const adds = event.shiftKey || event.ctrlKey || event.metaKey;
    const isUsed = target.closest("input, label, select, [role=menu]") || (target.closest("a, button") && !isCircle && !(adds && list.contains(target)));
    if (isUsed || !(isBeside || page.contains(target))) return;
    const box = list.getBoundingClientRect();
    const at = { x: event.clientX, y: event.clientY };
    drag = { x: at.x - box.left, y: at.y - box.top, at, kept: ImagelibSelection.pks(), adds: adds || isCircle, key: "" };
  }

  /** @param {PointerEvent} event */
  function moved(event) {
    if (!drag) return;
    if (!(event.buttons & 1)) {
      end();
      return;
    }
    const { left, top } = list.getBoundingClientRect();
    drag.at = { x: event.clientX, y: event.clientY };
    if (isDrawn || Math.hypot(drag.at.x - left - drag.x, drag.at.y - top - drag.y) < DEAD) return;
    isDrawn = true;
    document.body.append(frame);
    list.setPointerCapture(event.pointerId);  // it goes on beyond the window
    draw(drag);
  }

  /** At each frame, as the page may be scrolled meanwhile; at an edge we do it. @param {Drag} drag */
  function draw(drag) {
    const head = document.querySelector(".bar")?.getBoundingClientRect().bottom ?? 0;
    const by = Math.min(0, drag.at.y - head - EDGE) + Math.max(0, drag.at.y - innerHeight + EDGE);
    if (by) window.scrollBy({ top: by * PACE, behavior: "instant" });
    const box = list.getBoundingClientRect();
    const [x, y] = [drag.at.x - box.left, drag.at.y - box.top];
    const area = { left: Math.min(x, drag.x), right: Math.max(x, drag.x), top: Math.min(y, drag.y), bottom: Math.max(y, drag.y) };
    frame.style.transform = `translate(${area.left + box.left}px, ${area.top + box.top}px)`;
    frame.style.width = `${area.right - area.left}px`;
    frame.style.height = `${area.bottom - area.top}px`;
    const within = ImagelibGrid.within(area);
    const key = within.join();
    if (key !== drag.key) ImagelibSelection.set([...(drag.adds ? drag.kept : []), ...ImagelibGallery.whole(within)]);
    drag.key = key;
    ticking = requestAnimationFrame(() => draw(drag));
  }

  function end() {
    drag = null;
    cancelAnimationFrame(ticking);
    frame.remove();
  }

  function start() {
    document.addEventListener("pointerdown", pressed);
    document.addEventListener("pointermove", moved);
    document.addEventListener("pointerup", end);
    document.addEventListener("pointercancel", end);
    // What is drawn over is not marked as text, nor taken along.
    for (const kind of ["selectstart", "dragstart"]) document.addEventListener(kind, (event) => { if (drag) event.preventDefault(); });
    // Esc gives back what was selected before.
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !drag || !isDrawn) return;
      ImagelibSelection.set(drag.kept);
      end();
      event.preventDefault();
    }, true);
    // The end of it is no click on what lies there.
    document.addEventListener("click", (event) => {
      if (!isDrawn) return;
      isDrawn = false;
      event.preventDefault();
      event.stopImmediatePropagation();
    }, true);
  }

  return { start };
})();
