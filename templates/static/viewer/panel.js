// What is known of an image, as the viewer shows it, with buttons to copy it and what changed
// against the image that was looked at before.
"use strict";

const ImagelibPanel = (() => {
  const { asUrl, copy, h, mount } = ImagelibDom;
  const { to } = ImagelibLinks;
  /** What settings are called. @type {Record<string, string>} */
  const NAMES = JSON.parse(mount("panel").dataset.settings ?? "{}");
  const IS_SHOW = document.documentElement.dataset.published !== undefined;

  /** @param {KnownRecord} record @param {KnownRecord | null} before the image looked at before */
  function elements(record, before) {
    const { more, rows } = ImagelibSettings.rowsOf(record, NAMES);
    const day = ImagelibDates.written(record.captured_at, 10);
    return [
      ...ImagelibRegistry.TEXTS.flatMap((field) => [
        ...text(field, record[field.name]), ...(field.name === "prompt_text" ? changes(record, before) : [])]),
      ...(record.tags.length ? [h("h2", {}, "Tags"), h("ul", { class: "tag-list" },
        ...record.tags.map((tag) => h("li", {}, to("tag", tag, tag, { class: "tag" }))))] : []),
      facts([
        ["Rating", ratingOf(record)],
        ["Model", record.ai_model && to("model", record.ai_model)],
        ["Captured", day && to("date", day, ImagelibDates.written(record.captured_at))],
        ["Size", h("span", {}, to("size", `${record.width}x${record.height}`, `${record.width} × ${record.height}`),
          record.size_bytes ? `, ${bytes(record.size_bytes)}` : "")],
        ["Type", record.mime_type && typeOf(record)],
        // Whoever made a show of pictures gave their files names that say nothing.
        ["File", record.original_name || (IS_SHOW ? "" : record.file_name)],
      ]),
      ...(rows.length || more.length ? [h("h2", {}, "Generation")] : []),
      ...(rows.length ? [facts(rows.map(settingOf))] : []),
      ...(more.length ? [h("details", { class: "further" }, h("summary", {}, "More"), facts(more.map(settingOf)))] : []),
      h("div", { class: "actions" }, ...copies(record),
        ...(record.file_state === "missing" || !record.file_name ? [] : [h("a", {
          class: "button", href: ImagelibCard.originalUrl(record), download: record.original_name || record.file_name,
        }, IS_SHOW ? "Download" : "Download original")]),
        ...(record.id ? [h("button", { type: "button", click: () => alike(record.id) }, "More like this")] : []),
        ...(record.id && ImagelibCard.hasPages() ? [
          h("a", { class: "button", href: asUrl(ImagelibCard.pageUrl(record.id)) }, "Page of this image")] : []), ...further()),
    ];
  }

  /** @param {KnownRecord} record */
  function typeOf(record) {
    const moves = ImagelibCard.movingSaid(record);
    if (!moves) return record.mime_type ?? "";
    return `${record.mime_type}, ${record.mime_type?.startsWith("video/") ? moves[0].slice(1).trim() || "video" : "animated"}`;
  }

  /** Ask the gallery for images that look like this one. @param {string} id */
  const alike = (id) => document.dispatchEvent(new CustomEvent("imagelib:alike", { detail: { id } }));

  /** @param {KnownRecord} record */
  function copies(record) {
    if (record.prompt_text === undefined || !(record.prompt_text || Object.keys(record.generation ?? {}).some((name) => name !== "sources"))) return [];
    const button = (/** @type {string} */ label, /** @type {string} */ value) => {
      const made = h("button", { type: "button" }, label);
      made.addEventListener("click", () => void copy(value, made));
      return made;
    };
    return [h("details", { class: "copies" }, h("summary", { class: "button" }, "Copy as"),
      button("Copy as A1111 text", ImagelibInfotext.write(record)), button("Copy as JSON", ImagelibInfotext.asJson({
        ...record, captured_at: ImagelibDates.written(record.captured_at, 19).replace(" ", "T"),
      })))];
  }

  /** How a rating is shown; the editor has another way. @type {(record: KnownRecord) => Node | ""} */
  let ratingOf = ({ rating }) => (rating
    ? to("rating", String(rating), ImagelibCard.stars(rating)) : "");

  /** What else can be done with the image that is shown; of the editor. @type {() => Node[]} */
  let further = () => [];

  /** What a generator was told, as links where it can be asked for. @param {SettingRow} row @returns {[string, Node]} */
  function settingOf([name, parts]) {
    const [{ field, value }] = parts;
    if (field === "seed") return [name, withCopy(field, value)];
    return [name, h("span", {}, ...parts.map((part) => (part.field ? to(part.field, part.value, part.text) : part.text)))];
  }

  /** @param {string} name @param {string} value */
  function withCopy(name, value) {
    const button = h("button", { type: "button", class: "copy", "aria-label": `Copy ${name}` }, "Copy");
    button.addEventListener("click", () => void copy(value, button));
    return h("span", { class: "with-copy" }, to(name, value), button);
  }

  /** @param {KnownRecord} record @param {KnownRecord | null} before */
  function changes(record, before) {
    if (!before?.prompt_text || !record.prompt_text || before.id === record.id || before.prompt_text === record.prompt_text) return [];
    const parts = ImagelibDiff.words(before.prompt_text, record.prompt_text);
    // Two prompts about different things have nothing to compare.
    if (!parts.some(({ kind, text }) => kind === "same" && text.length > 8)) return [];
    return [h("details", { class: "changes" }, h("summary", {}, "Changes to the image before"), diff(parts))];
  }

  /** @param {{kind: string, text: string}[]} parts */
  function diff(parts) {
    const line = h("p", { class: "diff" });
    for (const { kind, text } of parts) {
      line.append(kind === "same" ? text : h(kind === "gone" ? "del" : "ins", {}, text), " ");
    }
    return line;
  }

  /** @param {RegisteredText} field @param {string | undefined} value */
  function text({ copied, label, name }, value) {
    if (value === undefined) return name === "prompt_text" ? [h("p", { class: "waiting" }, "The text is on its way…")] : [];
    if (!value) return [];
    const button = h("button", { type: "button", class: "copy", "aria-label": `Copy ${label.toLowerCase()}` }, "Copy");
    button.addEventListener("click", () => void copy(value, button));
    return [h("div", { class: "text-head" }, h("h2", {}, label), ...(copied ? [button] : [])),
      h("p", { class: "text" }, value)];
  }

  /** @param {[string, string | Node | undefined][]} pairs */
  const facts = (pairs) => h("dl", { class: "facts-list" },
    ...pairs.filter(([, value]) => value).map(([name, value]) =>
      h("div", {}, h("dt", {}, name), h("dd", {}, /** @type {string | Node} */ (value)))));

  /** A number of bytes, as people say it. @param {number} size */
  function bytes(size) {
    const units = ["bytes", "KB", "MB", "GB", "TB"];
    const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, size)) / 3));
    const value = size / 1000 ** step;
    return `${step && value < 100 ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
  }

  return {
    NAMES,
    bytes,
    diff,
    elements,
    /** @param {() => Node[]} actions  Of the editor. */
    offer: (actions) => { further = actions; },
    /** @param {(record: KnownRecord) => Node | ""} show  Of the editor. */
    showRating: (show) => { ratingOf = show; },
  };
})();
