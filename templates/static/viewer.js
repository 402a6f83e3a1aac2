// @ts-check
// The viewer: one image in full, with everything that is known of it.
// Which image, and what Back does, is the business of gallery.js.
"use strict";

const ImagelibViewer = (() => {
  const { asUrl, copy, h, isWriting, mount, setText } = ImagelibDom;
  const dialog = /** @type {HTMLDialogElement} */ (mount("viewer"));
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (dialog.querySelector(`.${name}`));
  const picture = /** @type {HTMLImageElement} */ (part("picture"));
  const [newer, older] = [part("newer"), part("older")].map((e) => /** @type {HTMLButtonElement} */ (e));

  /** @type {any} */
  let shown = null;
  let shownKey = "";
  /** Called with -1 or 1 to flip. @type {(step: number) => void} */
  let onFlip = () => {};
  /** @type {() => void} */
  let onClose = () => {};

  function start() {
    newer.addEventListener("click", () => onFlip(-1));
    older.addEventListener("click", () => onFlip(1));
    part("close").addEventListener("click", () => onClose());
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      onClose();
    });
    // Some browsers close at once on a second Escape, whatever "cancel" says.
    dialog.addEventListener("close", () => { if (shown) onClose(); });
    dialog.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
      const step = { ArrowLeft: -1, k: -1, ArrowRight: 1, j: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      onFlip(step);
    });
    part("stage").addEventListener("click", (event) => {
      if (event.target === part("stage")) onClose();
    });
  }

  /**
   * Show an image. `place` says where it stands in the result.
   * @param {any} record @param {{item: number, of: number}} place
   */
  function show(record, { item, of }) {
    const same = shown?.id === record.id;
    shown = record;
    const name = ImagelibCard.nameOf(record.prompt_text ?? "", record) || "Image";
    dialog.setAttribute("aria-label", name.slice(0, 200));
    setText(part("position"), item < 0 ? "" : `${item + 1} of ${of}`);
    newer.disabled = item <= 0;
    older.disabled = item < 0 || item >= of - 1;
    if (!same) showPicture(record, name);
    const key = JSON.stringify(record);
    // What somebody has selected stays selected.
    if (key !== shownKey) mount("panel").replaceChildren(...metadata(record));
    shownKey = key;
    if (!dialog.open) dialog.showModal();
    if (!same) {
      part("panel").scrollTop = 0;
      document.dispatchEvent(new CustomEvent("imagelib:viewer-open", { detail: { id: record.id } }));
    }
  }

  /** The thumbnail at once, the original when it is there. @param {any} record @param {string} name */
  function showPicture(record, name) {
    const missing = record.file_state === "missing";
    const note = part("no-original");
    note.hidden = true;
    picture.alt = name;
    picture.hidden = !record.has_thumbnail && missing;
    picture.style.setProperty("--width", String(record.width || 1));
    picture.style.setProperty("--ratio", String((record.width || 1) / (record.height || 1)));
    if (record.has_thumbnail) picture.src = ImagelibCard.thumbnailUrl(record);
    else picture.removeAttribute("src");
    const say = (/** @type {string} */ text) => {
      setText(note, record.has_thumbnail ? `${text} This is its preview.` : text);
      note.hidden = false;
    };
    if (missing) {
      say("The file is missing.");
      return;
    }
    const original = new Image();
    original.onload = () => { if (shown === record) picture.src = original.src; };
    original.onerror = () => { if (shown === record) say("The original cannot be shown here."); };
    original.src = ImagelibCard.originalUrl(record);
  }

  /** Get the pictures beside this one, so that flipping is instant. @param {any[]} records */
  function preload(records) {
    for (const record of records) {
      if (record?.id && record.file_state !== "missing") new Image().src = ImagelibCard.originalUrl(record);
    }
  }

  /** @param {any} record */
  function metadata(record) {
    const settings = Object.entries(record.generation ?? {});
    return [
      ...text("Prompt", record.prompt_text, true),
      ...text("Negative prompt", record.negative_prompt, true),
      ...text("Notes", record.notes, false),
      ...(record.tags.length ? [h("h2", {}, "Tags"), h("ul", { class: "tag-list" },
        ...record.tags.map((/** @type {string} */ tag) => h("li", { class: "tag" }, tag)))] : []),
      facts([
        ["Rating", record.rating ? ImagelibCard.stars(record.rating) : ""],
        ["Model", record.ai_model],
        ["Captured", record.captured_at.slice(0, 16).replace("T", " ")],
        ["Size", `${record.width} × ${record.height}${record.size_bytes ? `, ${bytes(record.size_bytes)}` : ""}`],
        ["Type", record.mime_type],
        ["File", record.original_name || record.file_name],
      ]),
      ...(settings.length ? [h("h2", {}, "Generation"), facts(settings.map(([name, value]) =>
        [name, typeof value === "object" ? JSON.stringify(value) : String(value)]))] : []),
      h("p", { class: "actions" },
        ...(record.file_state === "missing" || !record.file_name ? [] : [h("a", {
          class: "button", href: ImagelibCard.originalUrl(record), download: record.original_name || record.file_name,
        }, "Download original")]),
        ...(record.id ? [h("a", { class: "button", href: asUrl(ImagelibCard.pageUrl(record.id)) }, "Page of this image")] : [])),
    ];
  }

  /** @param {string} title @param {string | undefined} value @param {boolean} copied */
  function text(title, value, copied) {
    if (value === undefined) return title === "Prompt" ? [h("p", { class: "waiting" }, "The text is on its way…")] : [];
    if (!value) return [];
    const button = h("button", { type: "button", class: "copy", "aria-label": `Copy ${title.toLowerCase()}` }, "Copy");
    button.addEventListener("click", () => void copy(value, button));
    return [h("div", { class: "text-head" }, h("h2", {}, title), ...(copied ? [button] : [])),
      h("p", { class: "text" }, value)];
  }

  /** @param {[string, string | Node | undefined][]} pairs */
  const facts = (pairs) => h("dl", { class: "facts-list" },
    ...pairs.filter(([, value]) => value).map(([name, value]) =>
      h("div", {}, h("dt", {}, name), h("dd", {}, /** @type {string | Node} */ (value)))));

  /** @param {number} size */
  function bytes(size) {
    if (size < 1000) return `${size} bytes`;
    const [value, unit] = size < 1e6 ? [size / 1e3, "KB"] : [size / 1e6, "MB"];
    return `${value.toFixed(value >= 100 ? 0 : 1)} ${unit}`;
  }

  function close() {
    if (!shown) return;
    shown = null;
    picture.removeAttribute("src");
    dialog.close();
    document.dispatchEvent(new CustomEvent("imagelib:viewer-close"));
  }

  return {
    close,
    /** The id of the image that is shown, or "". */
    get id() { return shown?.id ?? ""; },
    /** @param {(step: number) => void} flip */
    onFlip: (flip) => { onFlip = flip; },
    /** @param {() => void} closing */
    onClose: (closing) => { onClose = closing; },
    preload,
    show,
    start,
  };
})();
