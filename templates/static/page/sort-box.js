// The orders that can be chosen, and the box that says which one is shown.
"use strict";

const ImagelibSortBox = (() => {
  const { mount, setText } = ImagelibDom;
  const NEWEST = "-captured_at";
  const STORED_ORDER = "imagelib.order";
  const SORTS = ["captured_at", "-captured_at", "rating", "-rating", "created_at", "-created_at", "name", "-name", "size", "-size", "album", "-album"];
  const RANDOM = /^-?random-\d{1,9}$/;
  const SEEDS = 1e9;

  const box = /** @type {HTMLSelectElement} */ (mount("sort"));

  /** @param {string} order */
  const optionOf = (order) => [...box.options].find(({ value }) => value === order);

  return {
    /** Whether an order has a name here. @param {string} order */
    isKnown: (order) => RANDOM.test(order) || SORTS.includes(order),
    /** What is preferred in this browser, if it can be chosen here; else the newest first. */
    get preferred() {
      const order = ImagelibKept.browser.get(STORED_ORDER) ?? "";
      return SORTS.includes(order) && order !== "album" && optionOf(order) ? order : NEWEST;
    },
    set preferred(order) {
      ImagelibKept.browser.set(STORED_ORDER, order);
    },
    /** Call with the order that is chosen in the box; each choice of chance is another one. @param {(order: string) => void} chosen */
    onChoose: (chosen) => box.addEventListener("change", () => {
      chosen(box.value === "random" ? `random-${Math.floor(Math.random() * SEEDS)}` : box.value);
    }),
    /** Say the order in the box, and the one that comes by itself. @param {string} order @param {string} own @param {boolean} hasAlbum */
    show(order, own, hasAlbum) {
      const [first, ...others] = box.options;
      const ofAlbum = optionOf("album");
      setText(first, own.startsWith("like:") ? "Most alike first" : (own.startsWith("album:") ? ofAlbum : optionOf(own))?.text ?? "");
      for (const option of others) option.hidden = option.value === own || (option === ofAlbum && (!hasAlbum || own.startsWith("album:")));
      box.value = order === own ? "" : RANDOM.test(order) ? "random" : order.split(":")[0];
    },
  };
})();
