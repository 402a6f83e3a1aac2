// One of the images that are compared: its picture, zoomed and moved as the others are, its name and its stars.
"use strict";

const ImagelibComparePane = (() => {
  const { h, setText } = ImagelibDom;

  /** @typedef {{scale: number, x: number, y: number}} View */

  /**
   * @param {object} hears
   * @param {(view: View) => void} hears.moved  It is zoomed or moved by hand.
   * @param {() => void} hears.chosen  It has the focus, or was clicked.
   * @param {() => void} hears.left  It is to be taken away.
   */
  function make({ moved, chosen, left }) {
    const picture = h("img", { alt: "" });
    const name = h("span", { class: "compare-name" });
    const stars = h("span", { class: "compare-rating" });
    const away = h("button", { type: "button", class: "small", title: "Take away (x)", click: left }, "×");
    const element = h("figure", { class: "compare-pane", role: "group", tabindex: "0" },
      h("div", { class: "compare-frame" }, picture), h("figcaption", {}, name, stars, away));
    const frame = /** @type {HTMLElement} */ (element.firstElementChild);
    const zoom = ImagelibZoom.start(frame, picture, { flip: () => {}, swipe: () => {}, tap: () => {}, scaled: () => {}, moved, isClicked: false });
    element.addEventListener("focusin", chosen);
    element.addEventListener("pointerdown", chosen);

    /** @param {KnownRecord} record @param {boolean} isLeaving  Whether it may be taken away. */
    function show(record, isLeaving) {
      const url = (record.file_state !== "missing" && ImagelibCard.pictureUrl(record)) || ImagelibCard.thumbnailUrl(record);
      if (picture.getAttribute("src") !== url) picture.src = url;
      picture.alt = ImagelibCard.nameOf(record) || "Image";
      zoom.fit(record);
      element.setAttribute("aria-label", picture.alt.slice(0, 200));
      setText(name, picture.alt);
      stars.replaceChildren(...(record.rating ? [ImagelibCard.stars(record.rating)] : []));
      away.hidden = !isLeaving;
      away.setAttribute("aria-label", `Take away ${picture.alt.slice(0, 80)}`);
    }

    return { element, picture, show, zoom };
  }

  return { make };
})();
