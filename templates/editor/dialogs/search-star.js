// The star in the search box: it saves what is asked for under its own words, and takes that back.
"use strict";

const ImagelibSearchStar = (() => {
  const { h, setAttribute } = ImagelibDom;
  const { DEFAULT_SORT, renew } = ImagelibSearchesDialog;
  const MAX_NAME = 200;
  const button = h("button", { type: "button", class: "search-star", "aria-pressed": "false", hidden: true, click: () => void press() });

  /** What is asked for now, if it is saved. */
  function saved() {
    const { query, sort } = ImagelibGallery;
    return ImagelibIndex.searches.find(([, wanted, order]) => wanted === query && (order || DEFAULT_SORT) === sort);
  }

  function show() {
    const name = saved()?.[0];
    button.hidden = !ImagelibGallery.query.trim();
    button.textContent = name === undefined ? "☆" : "★";
    setAttribute(button, "aria-pressed", String(name !== undefined));
    setAttribute(button, "aria-label", "Save this search");
    setAttribute(button, "title", name === undefined ? "Save this search" : `Saved as ${name}`);
  }

  async function press() {
    const { query, sort } = ImagelibGallery;
    const name = saved()?.[0] ?? query.trim().slice(0, MAX_NAME);
    try {
      if (saved()) {
        await ImagelibApi.deleteSearch(name);
        ImagelibToast.show(`${name} is no longer saved`, { actions: [["Undo", () => void ImagelibApi.saveSearch(name, query, sort).then(renew).catch(ImagelibToast.fail)]] });
      } else {
        await ImagelibApi.saveSearch(name, query, sort);
        ImagelibToast.show(`Saved as ${name}`, { actions: [["Rename", () => void ImagelibSearchesDialog.open()]] });
      }
      await renew();
    } catch (error) {
      ImagelibToast.fail(error);
    }
  }

  function start() {
    document.querySelector("[data-slot=search]")?.append(button);
    document.addEventListener("imagelib:asked", show);
    ImagelibIndex.onChange(show);
    show();
  }

  return { start };
})();
