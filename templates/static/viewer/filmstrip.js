// The images before and behind the open one, small, in a row below it.
"use strict";

const ImagelibFilmstrip = (() => {
  const { h, mount } = ImagelibDom;
  const STORED = "imagelib.filmstrip";
  /** How narrow a frame is at least, in pixels: as many as fill the strip stand on either side. */
  const NARROWEST = 35;
  const place = mount("filmstrip");
  /** @type {(pk: number) => void} */
  let onOpen = () => {};
  let shown = "";
  let at = -1;

  const isOn = () => ImagelibKept.browser.get(STORED) === "on";

  /** @param {HTMLElement} button */
  function toggle(button) {
    ImagelibKept.browser.set(STORED, isOn() ? null : "on");
    show(button, at);
  }

  /** @param {HTMLElement} button  That shows whether there is one. @param {number} item  Of the result, that is open. */
  function show(button, item = -1) {
    at = item;
    button.setAttribute("aria-pressed", String(isOn()));
    place.hidden = !isOn();
    if (place.hidden || item < 0) return;
    const { rows } = ImagelibGrid;
    const { pk } = ImagelibIndex.columns;
    const beside = Math.ceil(innerWidth / NARROWEST);
    const first = Math.max(0, item - beside);
    const pks = Array.from(rows.subarray(first, item + beside + 1), (row) => pk[row]);
    const key = JSON.stringify([pks, pk[rows[item]]]);
    if (key === shown) return;
    shown = key;
    place.replaceChildren(...pks.map((one, i) => frame(one, first + i)));
    const current = /** @type {HTMLElement | null} */ (place.querySelector("[aria-current]"));
    if (current) place.scrollLeft = current.offsetLeft - (place.clientWidth - current.offsetWidth) / 2;
  }

  /** @param {number} pk @param {number} item  Its place in the result. */
  function frame(pk, item) {
    const picture = h("img", { alt: "", decoding: "async" });
    // Whoever uses the keys flips, or scrolls the strip; these are for the pointer.
    const button = h("button", { type: "button", tabindex: "-1", "aria-label": `Image ${item + 1}`, ...(item === at && { "aria-current": "true" }), click: () => onOpen(pk) }, picture);
    void ImagelibIndex.file(pk).then((file) => { if (file?.has_thumbnail) picture.src = ImagelibCard.thumbnailUrl(file); });
    return button;
  }

  return {
    /** @param {(pk: number) => void} open  Called with the image that is wanted. */
    onOpen: (open) => { onOpen = open; },
    show,
    toggle,
  };
})();
