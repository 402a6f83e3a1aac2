// @ts-check
// One image in the grid. The same elements as templates/macros/image.html makes.
"use strict";

const ImagelibCard = (() => {
  const { asUrl, h, setAttribute, setText } = ImagelibDom;
  /** A link is named by at most this much of a prompt. */
  const MAX_NAME = 1000;
  const MAX_TAGS = 8;
  const SVG = "http://www.w3.org/2000/svg";

  /** What an image is called: its prompt in one line, else the name of its file. @param {string} prompt @param {any} file */
  function nameOf(prompt, file) {
    const line = ImagelibText.squeeze(prompt.slice(0, 2 * MAX_NAME));
    const name = line.length > MAX_NAME ? `${line.slice(0, MAX_NAME - 1)}…` : line;
    return name || file?.original_name || file?.file_name || "";
  }

  /** @param {any} file */
  const thumbnailUrl = (file) =>
    file.thumbnail_url ?? asUrl(`thumbs/${file.digest.slice(0, 2)}/${file.digest}-${recipe()}.webp`);

  const recipe = () => ImagelibDom.mount("gallery").dataset.recipe;

  /** @param {any} file */
  const originalUrl = (file) => file.url ?? asUrl(`images/${file.file_name}`);

  /** @param {string} id */
  const pageUrl = (id) => `image/${id}.html`;

  /** @param {number} rating */
  const starsOf = (rating) => "★".repeat(rating) + "☆".repeat(5 - rating);

  /** @param {number} rating */
  const stars = (rating) => h("span", {
    class: "stars", role: "img", "aria-label": `${rating} ${rating === 1 ? "star" : "stars"}`,
  }, starsOf(rating));

  /** An empty card. */
  function create() {
    return h("li", { class: "card" },
      h("a", { class: "card-link" }, h("span", { class: "frame" }), h("span", { class: "snippet" })),
      h("div", { class: "more" }, h("div", { class: "facts" }), h("div", { class: "card-tags" })));
  }

  /**
   * Show what is known of an image by now: text and file may still be on their way.
   * @param {HTMLElement} card @param {any} core @param {{prompt: string} | null} text @param {any} file
   */
  function fill(card, core, text, file) {
    const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (card.querySelector(`.${name}`));
    const link = part("card-link");
    card.dataset.pk = String(core.pk);
    if (text || file) {
      const name = nameOf(text?.prompt ?? "", file);
      if (text || name) setText(part("snippet"), name || "image"); // this names the link
    }
    if (file) {
      card.dataset.id = file.id;
      setAttribute(link, "href", pageUrl(file.id));
      fillFrame(part("frame"), core, file);
    }
    const key = JSON.stringify([core.rating, core.ai_model, core.captured_at, core.tags]);
    if (card.dataset.key === key) return;
    card.dataset.key = key;
    part("facts").replaceChildren(
      ...(core.rating ? [stars(core.rating)] : []),
      ...(core.ai_model ? [h("span", { class: "model" }, core.ai_model)] : []),
      h("time", { datetime: core.captured_at }, core.captured_at.slice(0, 10)));
    part("card-tags").replaceChildren(
      ...core.tags.slice(0, MAX_TAGS).map((/** @type {string} */ tag) => h("span", { class: "tag" }, tag)));
  }

  /**
   * Say that a card stands for several images of one prompt.
   * @param {HTMLElement} card @param {number} count @param {() => void} spread @param {boolean} isFocused
   */
  function stack(card, count, spread, isFocused) {
    const present = /** @type {HTMLElement | null} */ (card.querySelector(".stack"));
    if (present?.dataset.count === String(count) || (!present && count === 1)) return;
    present?.remove();
    if (count === 1) return;
    card.append(h("button", {
      type: "button", class: "stack", "data-count": String(count), tabindex: isFocused ? "0" : "-1",
      "aria-label": `Show all ${count} images of this prompt`, click: spread,
    }, `× ${count}`));
  }

  /** @param {HTMLElement} frame @param {any} core @param {any} file */
  function fillFrame(frame, core, file) {
    const missing = core.file_state === "missing";
    const url = file.has_thumbnail ? thumbnailUrl(file) : "";
    if (frame.dataset.shows === `${url} ${missing}`) return;
    frame.dataset.shows = `${url} ${missing}`;
    const present = frame.querySelector("img");
    if (url && present?.getAttribute("src") === url && !missing) return;
    const without = () => frame.replaceChildren(
      noPicture(core), h("span", { class: "reason" }, missing ? "file missing" : "no preview"));
    if (!url) {
      without();
      return;
    }
    const picture = h("img", {
      src: url, width: String(core.width), height: String(core.height), alt: "", decoding: "async",
      error: without,
    });
    frame.replaceChildren(picture, ...(missing ? [h("span", { class: "badge" }, "file missing")] : []));
  }

  /** A tile in the shape of the picture that is not there. @param {any} core */
  function noPicture(core) {
    const tile = document.createElementNS(SVG, "svg");
    tile.setAttribute("class", "no-picture");
    tile.setAttribute("viewBox", `0 0 ${core.width || 1} ${core.height || 1}`);
    tile.setAttribute("aria-hidden", "true");
    return tile;
  }

  return { create, fill, nameOf, originalUrl, pageUrl, stack, stars, thumbnailUrl };
})();
