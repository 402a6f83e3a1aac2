// Ratings by a click or a touch: the stars of a tile and of the panel. A click on what an image has takes it back.
"use strict";

const ImagelibStars = (() => {
  const { h } = ImagelibDom;
  const MOST = 5;

  /** Rate one image; it stays where it is. @param {string} id @param {number} wanted @param {number} before */
  const rate = (id, wanted, before) => void ImagelibEdits.rate({ ids: [id] }, wanted === before ? 0 : wanted);

  /** @param {MouseEvent} event */
  function clicked(event) {
    const stars = event.target instanceof Element ? event.target.closest(".facts .stars") : null;
    const card = stars?.closest(".card");
    if (!stars || !(card instanceof HTMLElement) || !card.dataset.id || !ImagelibLinks.isPlain(event)) return;
    event.preventDefault();
    event.stopPropagation();
    const { left, width } = stars.getBoundingClientRect();
    const wanted = Math.min(MOST, Math.max(1, Math.ceil(((event.clientX - left) / width) * MOST)));
    const { columns } = ImagelibIndex;
    rate(card.dataset.id, wanted, columns.rating[columns.rowOf(Number(card.dataset.pk))]);
  }

  /** @param {KnownRecord} record */
  const buttons = (record) => h("span", { class: "rate", role: "group", "aria-label": "Stars" },
    ...Array.from({ length: MOST }, (_, i) => h("button", {
      type: "button", "aria-label": ImagelibCard.named(i + 1), "aria-pressed": String(record.rating === i + 1),
      ...(i < record.rating && { class: "on" }), click: () => rate(record.id, i + 1, record.rating),
    }, "★")));

  function start() {
    document.documentElement.dataset.rates = "";
    ImagelibGrid.render();
    ImagelibDom.mount("grid").addEventListener("click", clicked, true);
    ImagelibPanel.showRating(buttons);
  }

  return { start };
})();
