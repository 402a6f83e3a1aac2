// One image in the grid. The same elements as templates/macros/image.html makes.
"use strict";

const ImagelibCard = (() => {
  const { asUrl, h, setAttribute, setText } = ImagelibDom;
  /** A link is named by at most this much of a prompt. */
  const MAX_NAME = 1000;
  const MAX_TAGS = 8;
  /** Widths of pictures are told in steps of so many pixels. */
  const STEP = 40;
  /** How wide pictures are in the list for each pixel of their height; view.css says so. */
  const LIST_SHAPE = 1.25;
  /** A panorama, or a sliver, has one side so many times as long as the other. */
  const LONG = 3.5;
  /** A card of so many pixels has room for a name alone in a line, or not even for that: nothing is cut to a few letters. */
  const [NARROW, NARROWEST] = [150, 84];
  const SVG = "http://www.w3.org/2000/svg";

  /** What an image is called: the first that it has of the fields that name images, in one line, else its file. @param {Named} record */
  function nameOf(record) {
    for (const { name } of ImagelibRegistry.NAMING) {
      const line = ImagelibText.squeeze((record[name] ?? "").slice(0, 2 * MAX_NAME));
      if (line) return line.length > MAX_NAME ? `${line.slice(0, MAX_NAME - 1)}…` : line;
    }
    return record.original_name || record.file_name || "";
  }

  /** @param {Pick<KnownRecord, "digest" | "thumbnail_url">} file */
  const thumbnailUrl = ({ digest = "", thumbnail_url: url }) =>
    url ?? asUrl(`thumbs/${digest.slice(0, 2)}/${digest}-${recipe()}.webp`);

  const recipe = () => ImagelibDom.mount("gallery").dataset.recipe;

  /**
   * The thumbnails to choose from, as imagelib.generator.pages says for the cards that the page came with; null
   * if there is only one, or another picture stands in for it.
   * @param {CoreRow} core @param {CardFile} file
   */
  function sources(core, file) {
    const { recipe: plain, sharp } = ImagelibDom.mount("gallery").dataset;
    const longest = Math.max(core.width, core.height);
    if (!plain || !sharp || longest <= parseInt(plain) || file.is_blurred || !file.digest || (file.url && file.thumbnail_url === file.url)) return null;
    return [plain, sharp].map((name) => {
      const edge = parseInt(name);
      const width = longest <= edge ? core.width : Math.max(1, Math.floor((2 * core.width * edge + longest) / (2 * longest)));
      return `${asUrl(`thumbs/${file.digest.slice(0, 2)}/${file.digest}-${name}.webp`)} ${width}w`;
    }).join(", ");
  }

  /**
   * How wide the picture is shown in a card: at its full height or width, whichever is more, as the rest is cut off
   * but of a panorama.
   * Rounded up, so that a step of the size slider seldom changes it.
   * @param {HTMLElement} card @param {CoreRow} core
   */
  function shownWidth(card, core) {
    const height = parseFloat(card.style.getPropertyValue("--height")) || 0;
    const ofShape = height * (core.width / core.height || 1);
    const ofCard = ImagelibView.shape === "list" ? LIST_SHAPE * height : parseFloat(card.style.width) || 0;
    return `${Math.ceil((isLong(core) ? Math.min : Math.max)(ofShape, ofCard) / STEP) * STEP}px`;
  }

  /** Whether next to nothing of it would be left in the shape of a card: it is shown whole. @param {CoreRow} core */
  const isLong = ({ height, width }) => Math.max(width / height, height / width) > LONG;

  /** @param {Pick<KnownRecord, "url" | "place" | "file_name">} file */
  const originalUrl = (file) => file.url ?? asUrl(file.place ?? `images/${file.file_name}`);

  /** The picture of an image in its own size, as `display_url` of the API; "" of a video without one. @param {Partial<CardFile>} file */
  function pictureUrl(file) {
    const { digest = "", display_url: url, file_name: name = "", is_displayed: hasCopy, mime_type: type = "" } = file;
    if (url || !hasCopy) return url ?? (type.startsWith("video/") ? "" : originalUrl({ ...file, file_name: name }));
    return asUrl(`thumbs/${digest.slice(0, 2)}/${digest}-${ImagelibDom.mount("gallery").dataset.display}.webp`);
  }

  /** What is said of an image that moves, and how that is read, as imagelib.generator.pages says it; null of others. @param {Partial<FileRow>} file */
  function movingSaid({ is_animated: isAnimated, mime_type: type = "", seconds = 0 }) {
    if (!isAnimated) return null;
    const length = seconds ? ` ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` : "";
    if (type.startsWith("video/")) return [`▶${length}`, `Video${length}`];
    return type === "image/gif" ? ["GIF", "Animated GIF"] : ["animated", "Animated"];
  }

  /** The same on a tile. @param {Partial<FileRow>} file */
  function moving(file) {
    const said = movingSaid(file);
    return said ? [h("span", { class: "moving", role: "img", "aria-label": said[1] }, said[0])] : [];
  }

  /** Whether each image has a page of its own. */
  const hasPages = () => document.documentElement.dataset.pages !== "none";

  /** Its page, or the gallery with the viewer open. @param {string} id */
  const pageUrl = (id) => (hasPages() ? `image/${id}.html` : `index.html#${id}`);

  /** @param {number} rating */
  const starsOf = (rating) => "★".repeat(rating) + "☆".repeat(5 - rating);

  /** What a rating is called. @param {number} rating */
  const named = (rating) => (rating === 1 ? "1 star" : `${rating} stars`);

  /** A rating that is no link. @param {number} rating */
  const stars = (rating) => h("span", { class: "stars", role: "img", "aria-label": named(rating) }, starsOf(rating));

  /** An empty card. */
  function create() {
    return h("li", { class: "card" },
      h("a", { class: "card-link" }, h("span", { class: "frame" }), h("span", { class: "snippet" })),
      h("div", { class: "more" }, h("p", { class: "visually-hidden" }),
        h("div", { class: "facts", "aria-hidden": "true" }), h("div", { class: "card-tags", "aria-hidden": "true" })));
  }

  /**
   * Show what is known of an image by now: text and file may still be on their way.
   * @param {HTMLElement} card @param {CoreRow} core @param {Texts | null} text @param {CardFile | undefined} file
   */
  function fill(card, core, text, file) {
    const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (card.querySelector(`.${name}`));
    const link = part("card-link");
    card.dataset.pk = String(core.pk);
    if (text || file) {
      const name = nameOf({ ...file, ...text });
      if (text || name) setText(part("snippet"), name || "image"); // this names the link
    }
    if (file) {
      card.dataset.id = file.id;
      setAttribute(link, "href", pageUrl(file.id));
      fillFrame(part("frame"), core, file, shownWidth(card, core));
    }
    setNarrow(card, part("snippet").textContent ?? "", core);
    const rates = "rates" in document.documentElement.dataset;
    const day = ImagelibDates.written(core.captured_at, 10);
    const key = JSON.stringify([core.rating, core.ai_model, day, core.tags, rates]);
    if (card.dataset.key === key) return;
    card.dataset.key = key;
    // Who points at a value finds more of it; who reads or uses the keys hears of all in one, and has them in the viewer.
    const to = (/** @type {string} */ field, /** @type {string} */ value, /** @type {string} */ name, /** @type {string | Node} */ shown = value) =>
      ImagelibLinks.to(field, value, shown, { class: name, tabindex: "-1" });
    setText(part("visually-hidden"), [
      core.rating ? named(core.rating) : "", core.ai_model, day, core.tags.length ? `Tags: ${core.tags.join(", ")}` : "",
    ].filter(Boolean).join(" · "));
    part("facts").replaceChildren(
      ...(core.rating || rates ? [to("rating", String(core.rating), "stars", starsOf(core.rating))] : []),
      ...(core.ai_model ? [to("model", core.ai_model, "model")] : []),
      ...(day ? [to("date", day, "day", h("time", { datetime: day }, day))] : []));
    part("card-tags").replaceChildren(...core.tags.slice(0, MAX_TAGS).map((tag) => to("tag", tag, "tag")));
  }

  /** What a narrow card has no room for is in its tooltip. @param {HTMLElement} card @param {string} name @param {CoreRow} core */
  function setNarrow(card, name, core) {
    const width = ImagelibView.shape === "list" ? NaN : parseFloat(card.style.width);
    const isNarrow = width < NARROW;
    setAttribute(card, "data-narrow", isNarrow ? (width < NARROWEST ? "most" : "") : null);
    // Not on the link, whose name it would become.
    setAttribute(card, "title", isNarrow || ImagelibView.isDense ? [name, core.ai_model, core.tags.join(", ")].filter(Boolean).join("\n") || null : null);
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

  /** @param {HTMLElement} frame @param {CoreRow} core @param {CardFile} file @param {string} width */
  function fillFrame(frame, core, file, width) {
    fillPicture(frame, core, file, width);
    const present = frame.querySelector(".moving");
    if (!present) frame.append(...moving(file));
    else if (!file.is_animated) present.remove();
  }

  /** @param {HTMLElement} frame @param {CoreRow} core @param {CardFile} file @param {string} width */
  function fillPicture(frame, core, file, width) {
    setAttribute(frame, "data-long", isLong(core) ? "" : null);
    const missing = core.file_state === "missing";
    const url = file.has_thumbnail ? thumbnailUrl(file) : "";
    const present = frame.querySelector("img");
    if (present?.srcset) setAttribute(present, "sizes", width);
    if (frame.dataset.shows === `${url} ${missing}`) return;
    frame.dataset.shows = `${url} ${missing}`;
    // An edit names the same file by another address.
    if (url && present?.src === new URL(url, document.baseURI).href && !missing) return;
    const without = () => frame.replaceChildren(
      noPicture(core, file), h("span", { class: "reason" }, missing ? "file missing" : "no preview"), ...moving(file));
    if (!url) {
      without();
      return;
    }
    const srcset = sources(core, file);
    const picture = h("img", {
      ...(srcset ? { sizes: width, srcset } : {}),
      src: url, width: String(core.width), height: String(core.height), alt: "", decoding: "async",
      // The daemon may not have built the larger one yet.
      error: () => {
        if (!frame.contains(picture)) return; // another one has taken its place
        if (picture.srcset) picture.removeAttribute("srcset");
        else without();
      },
    });
    frame.replaceChildren(picture, ...(missing ? [h("span", { class: "badge" }, "file missing")] : []));
  }

  /** A tile in the shape of the picture that is not there; a video's has the sign to play it. @param {CoreRow} core @param {CardFile} file */
  function noPicture(core, file) {
    const [width, height] = [core.width || 1, core.height || 1];
    const tile = document.createElementNS(SVG, "svg");
    tile.setAttribute("class", "no-picture");
    tile.setAttribute("viewBox", `0 0 ${width} ${height}`);
    tile.setAttribute("aria-hidden", "true");
    if (file.mime_type?.startsWith("video/")) {
      const step = Math.min(width, height) / 10;
      const sign = document.createElementNS(SVG, "path");
      sign.setAttribute("d", `M${width / 2 - step} ${height / 4 - step}v${2 * step}l${2 * step} ${-step}z`);
      tile.append(sign);
    }
    return tile;
  }

  return { create, fill, hasPages, movingSaid, nameOf, named, originalUrl, pageUrl, pictureUrl, stack, stars, starsOf, thumbnailUrl };
})();
