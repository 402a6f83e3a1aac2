// The bar that appears while images are selected: how many, and what can be done with all of them.
"use strict";

const ImagelibBulkBar = (() => {
  const { h, setText } = ImagelibDom;
  const number = h("strong", {});
  const hidden = h("span", { class: "soft" });
  const all = h("button", { type: "button", "aria-keyshortcuts": "Control+A", click: () => ImagelibSelection.all() });
  const stars = h("div", { class: "bulk-stars", role: "group", "aria-label": "Rate the selected images" },
    ...[1, 2, 3, 4, 5].map((rating) => h("button", {
      type: "button", "aria-label": `${rating} star${rating === 1 ? "" : "s"}`, title: `Rate ${rating}`,
      click: () => void ImagelibCulling.rate(rating),
    }, "★")),
    h("button", { type: "button", "aria-label": "0 stars", title: "No rating", click: () => void ImagelibCulling.rate(0) }, "0"));
  const clear = h("button", { type: "button", class: "close", "aria-label": "Clear the selection", title: "Clear (Esc)",
    click: () => ImagelibSelection.clear() }, "×");
  const compared = h("button", { type: "button", "aria-keyshortcuts": "c", click: () => void ImagelibSelection.compare() }, "Compare");
  /** @type {(tag: string) => void} */
  let publish = () => {};
  const actions = h("div", { class: "bulk-actions" }, stars, compared,
    h("button", { type: "button", "aria-keyshortcuts": "t", click: () => void ImagelibTagBox.open(ImagelibSelection.target()) }, "Tag"),
    h("button", { type: "button", click: () => void ImagelibBulkDialog.open() }, "Edit"),
    h("button", { type: "button", click: () => ImagelibAlbumEditing.ask() }, "Album…"),
    h("button", { type: "button", click: () => ImagelibAlbumEditing.ask((tag) => publish(tag)) }, "Publish…"),
    h("button", { type: "button", click: () => void ImagelibReplaceDialog.open() }, "Replace"),
    h("button", { type: "button", click: () => void download() }, "Export"),
    h("button", { type: "button", "aria-keyshortcuts": "Delete", click: () => void ImagelibCulling.remove() }, "Delete"));
  const bar = h("div", { class: "bulk-bar", role: "toolbar", "aria-label": "Selected images", hidden: true },
    h("p", { class: "bulk-count", role: "status" }, number, hidden), all, actions, clear);

  function show() {
    const { size } = ImagelibSelection;
    bar.hidden = size === 0;
    if (!size) return;
    const away = ImagelibSelection.hidden();
    const found = ImagelibGallery.rows.length;
    // A tile may stand for several.
    setText(number, ImagelibGallery.isStacked ? `${ImagelibChanges.howMany(size)} selected` : `${size.toLocaleString("en")} selected`);
    setText(hidden, away ? `, ${away.toLocaleString("en")} not in this result` : "");
    setText(all, `Select all ${found.toLocaleString("en")}`);
    all.hidden = size - away >= found;
    compared.hidden = size < 2 || size > ImagelibCompare.MOST;
  }

  /** The records of the selected images as a file. */
  async function download() {
    const target = await ImagelibSelection.target();
    const save = (/** @type {string} */ href) => h("a", { href, download: "imagelib.json" }).click();
    if ("query" in target) {
      save(ImagelibApi.exportUrl("json", target.query));
      return;
    }
    try {
      const url = URL.createObjectURL(new Blob([JSON.stringify({ images: await ImagelibApi.exported(target.ids) })], { type: "application/json" }));
      save(url);
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch (error) {
      ImagelibToast.fail(error);
    }
  }

  /** @param {(tag: string) => void} publishing  Publishes what carries a tag. */
  function start(publishing) {
    publish = publishing;
    document.body.append(h("section", { "aria-label": "Selection" }, bar));
    ImagelibSelection.onChange(show);
    new ResizeObserver(() => document.documentElement.style.setProperty("--bulk-bar", `${bar.offsetHeight}px`)).observe(bar);
  }

  return { start };
})();
