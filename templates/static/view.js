// @ts-check
// How the grid looks: rows in the pictures' own shape, squares or a list, how large, and whether images
// of one prompt are stacked. Remembered by this browser.
"use strict";

const ImagelibView = (() => {
  const { mount } = ImagelibDom;
  const STORED = "imagelib.view";
  const SHAPES = ["rows", "squares", "list"];
  /** Of the sizes in the style sheet, in percent. */
  const [SMALLEST, PLAIN, LARGEST] = [50, 100, 250];

  const form = /** @type {HTMLFormElement} */ (mount("view"));
  const part = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  const view = { shape: "rows", size: PLAIN, stacked: false };

  try {
    const stored = JSON.parse(localStorage.getItem(STORED) ?? "{}");
    if (SHAPES.includes(stored.shape)) view.shape = stored.shape;
    if (stored.size >= SMALLEST && stored.size <= LARGEST) view.size = stored.size;
    view.stacked = stored.stacked === true;
  } catch {
    // Nothing can be kept here, or something else was.
  }

  /** @param {() => void} changed */
  function start(changed) {
    part("shape").value = view.shape;
    part("size").value = String(view.size);
    part("stacked").checked = view.stacked;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => {
      view.shape = part("shape").value;
      view.size = Number(part("size").value);
      view.stacked = part("stacked").checked;
      try {
        localStorage.setItem(STORED, JSON.stringify(view));
      } catch {
        // It is forgotten when the page is closed.
      }
      changed();
    });
  }

  return {
    get shape() { return view.shape; },
    /** By how much everything is larger than the style sheet says. */
    get scale() { return view.size / 100; },
    get isStacked() { return view.stacked; },
    start,
  };
})();
