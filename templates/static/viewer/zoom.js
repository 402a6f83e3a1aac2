// Look closer at one picture: wheel, pinch, double click, drag; a swipe flips. By keys as well.
"use strict";

const ImagelibZoom = (() => {
  const LARGEST = 16;
  /** A picture that fits is enlarged to so many times its own pixels, no further. */
  const ENLARGED = 4;
  /** How far a finger must move to flip, or to leave, in CSS pixels. */
  const SWIPE = 60;

  /** Say what there is to fit, for the style sheet. @param {HTMLElement} shown @param {Partial<Pick<KnownRecord, "width" | "height">>} record */
  function frame(shown, { width, height }) {
    shown.style.setProperty("--width", String(width || 1));
    shown.style.setProperty("--ratio", String((width || 1) / (height || 1)));
    shown.style.setProperty("--enlarged", String(ENLARGED / devicePixelRatio));
  }

  /**
   * @param {HTMLElement} stage @param {HTMLImageElement} picture
   * @param {object} hears
   * @param {(step: number) => void} hears.flip  By a swipe sideways, with -1 or 1.
   * @param {(isDown: boolean) => void} hears.swipe  Up or down.
   * @param {() => void} hears.tap  By one finger.
   * @param {(percent: number) => void} hears.scaled  Of the picture's own pixels, on the screen's; 0 where it is made smaller to fit.
   * @param {(view: {scale: number, x: number, y: number}) => void} [hears.moved]  What is seen of it, for those that show the same.
   * @param {boolean} [hears.isClicked]  Whether a click zooms.
   */
  function start(stage, picture, { flip, swipe, tap, scaled, moved: shares = () => {}, isClicked = true }) {
    let scale = 1;
    let [x, y] = [0, 0];
    /** The fingers, or the mouse, by id. @type {Map<number, {x: number, y: number}>} */
    const points = new Map();
    let began = { x: 0, y: 0, distance: 0 };
    let moved = false;

    function apply() {
      // The picture may not leave the stage altogether.
      const room = { x: (picture.offsetWidth * scale) / 2, y: (picture.offsetHeight * scale) / 2 };
      x = Math.max(-room.x, Math.min(room.x, x));
      y = Math.max(-room.y, Math.min(room.y, y));
      if (scale === 1) [x, y] = [0, 0];
      picture.style.transform = scale === 1 ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
      stage.toggleAttribute("data-zoomed", scale > 1);
      const full = whole();
      stage.toggleAttribute("data-enlarged", scale === 1 && full < 1);
      scaled(!picture.hidden && (scale !== 1 || full < 1) ? Math.round((100 * scale) / full) : 0);
    }

    function applyAndShare() {
      apply();
      shares({ scale, x, y });
    }

    /** Zoom so that the place under the pointer stays. @param {number} next @param {number} clientX @param {number} clientY */
    function zoomAt(next, clientX, clientY) {
      if (picture.hidden) return; // something else is in its place
      const box = stage.getBoundingClientRect();
      const [dx, dy] = [clientX - box.left - box.width / 2 - x, clientY - box.top - box.height / 2 - y];
      x -= dx * (next / scale - 1);
      y -= dy * (next / scale - 1);
      scale = next;
      applyAndShare();
    }

    /** From what fits to the largest; where 100 % is less than what fits, back from there. @param {number} next @param {number} clientX @param {number} clientY */
    function zoomWithin(next, clientX, clientY) {
      zoomAt(Math.max(Math.min(1, scale), Math.min(LARGEST, next)), clientX, clientY);
    }

    /** @param {number} factor */
    function zoom(factor) {
      const box = stage.getBoundingClientRect();
      zoomWithin(scale * factor, box.left + box.width / 2, box.top + box.height / 2);
    }

    /** The scale at which each pixel of the picture is one of the screen; the preview may still stand in for it. */
    const whole = () => (Number(picture.style.getPropertyValue("--width")) || picture.naturalWidth || 1)
      / (parseFloat(getComputedStyle(picture).width) || 1) / devicePixelRatio;

    /** Between "fits" and 100 %, which may be less; what has it already goes to twice as much. @param {number} clientX @param {number} clientY */
    function toggle(clientX, clientY) {
      const full = whole();
      zoomAt(scale !== 1 ? 1 : Math.abs(full - 1) > 0.01 ? full : 2 * full, clientX, clientY);
    }

    function reset() {
      scale = 1;
      applyAndShare();
    }

    function spread() {
      const [a, b] = [...points.values()];
      return Math.hypot(a.x - b.x, a.y - b.y);
    }

    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoomWithin(scale * Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400)), event.clientX, event.clientY);
    }, { passive: false });
    // A second click in a row is the rest of a double click, which means the same.
    if (isClicked) picture.addEventListener("click", (event) => {
      const isTouch = /** @type {PointerEvent} */ (event).pointerType === "touch";
      if (isTouch ? event.detail === 2 : event.detail < 2) toggle(event.clientX, event.clientY);
      if (isTouch) tap();
    });
    stage.addEventListener("pointerdown", (event) => {
      if (event.target instanceof Element && event.target.closest("button, a")) return;
      points.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (points.size === 2) began.distance = spread() / scale;
      else began = { x: event.clientX, y: event.clientY, distance: 0 };
      moved = false;
    });
    stage.addEventListener("pointermove", (event) => {
      const point = points.get(event.pointerId);
      if (!point) return;
      const [dx, dy] = [event.clientX - point.x, event.clientY - point.y];
      points.set(event.pointerId, { x: event.clientX, y: event.clientY });
      moved ||= Math.hypot(event.clientX - began.x, event.clientY - began.y) > 5;
      if (points.size === 2) {
        const [a, b] = [...points.values()];
        zoomWithin(spread() / began.distance, (a.x + b.x) / 2, (a.y + b.y) / 2);
      } else if (scale > 1) {
        if (moved) stage.setPointerCapture(event.pointerId);
        x += dx;
        y += dy;
        applyAndShare();
      }
    });
    const lift = (/** @type {PointerEvent} */ event) => {
      const alone = points.size === 1 && points.delete(event.pointerId);
      points.delete(event.pointerId);
      const [dx, dy] = [event.clientX - began.x, event.clientY - began.y];
      if (alone && scale <= 1 && event.pointerType !== "mouse" && event.type === "pointerup"
        && Math.max(Math.abs(dx), Math.abs(dy)) > SWIPE) {
        if (Math.abs(dx) > 2 * Math.abs(dy)) flip(dx < 0 ? 1 : -1);
        else if (Math.abs(dy) > 2 * Math.abs(dx)) swipe(dy > 0);
      }
    };
    stage.addEventListener("pointerup", lift);
    stage.addEventListener("pointercancel", lift);
    // The end of a drag is no click on what lies behind the picture.
    stage.addEventListener("click", (event) => {
      if (moved) event.stopImmediatePropagation();
      moved = false;
    }, true);
    picture.draggable = false;
    // What fits changes with the window and the panel beside.
    new ResizeObserver(apply).observe(picture);

    return {
      /** What is shown from now on. @param {KnownRecord} record */
      fit: (record) => {
        frame(picture, record);
        apply();
      },
      reset,
      zoom,
      /** From the keyboard: around the middle. */
      toggle: () => {
        const box = stage.getBoundingClientRect();
        toggle(box.left + box.width / 2, box.top + box.height / 2);
      },
      get isZoomed() { return scale > 1; },
      /** Move what is seen. @param {number} dx @param {number} dy */
      pan: (dx, dy) => {
        x += dx;
        y += dy;
        applyAndShare();
      },
      /** See the same as another one. @param {{scale: number, x: number, y: number}} view */
      set: (view) => {
        ({ scale, x, y } = view);
        apply();
      },
    };
  }

  return { frame, start };
})();
