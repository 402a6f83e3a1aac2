// How the grid looks: rows in the pictures' own shape, squares or a list, how large, and whether images
// of one prompt are stacked. Remembered by this browser.
"use strict";

const ImagelibView = (() => {
  const { mount } = ImagelibDom;
  const { browser } = ImagelibKept;
  const STORED = "imagelib.view";
  const SHAPES = ["rows", "squares", "list"];
  /** Of the sizes in the style sheet, in percent; up to DENSE one looks at pictures alone. */
  const [SMALLEST, DENSE, PLAIN, LARGEST] = [30, 50, 100, 250];

  const form = /** @type {HTMLFormElement} */ (mount("view"));
  const part = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  const view = { shape: "rows", size: PLAIN, stacked: false };

  const { shape, size, stacked } = browser.members(STORED);
  if (typeof shape === "string" && SHAPES.includes(shape)) view.shape = shape;
  if (typeof size === "number" && size >= SMALLEST && size <= LARGEST) view.size = size;
  view.stacked = stacked === true;

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
      browser.put(STORED, view);
      changed();
    });
  }

  return {
    get shape() { return view.shape; },
    /** By how much everything is larger than the style sheet says. */
    get scale() { return view.size / 100; },
    /** Whether tiles are pictures without captions: there is room for many of them. */
    get isDense() { return view.size <= DENSE && view.shape !== "list"; },
    get isStacked() { return view.stacked; },
    start,
  };
})();
