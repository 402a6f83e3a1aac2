// The menu of an image: by a right click on its tile or on the open picture, or by the key for menus. A second right
// click, or one with Shift, is the browser's own. Whoever can do more with an image adds to it.
"use strict";

const ImagelibImageMenu = (() => {
  const { h, mount } = ImagelibDom;
  const { quote } = ImagelibQuery;
  const viewer = /** @type {HTMLDialogElement} */ (mount("viewer"));
  /** How long it is said what became of a choice, in ms. */
  const SAID = 2500;

  /**
   * What the menu is about.
   * @typedef {{record: KnownRecord, isOpen: boolean}} About  `isOpen`: the viewer shows it.
   * @typedef {object} Entry
   * @property {string} label
   * @property {string} [key]  That does the same.
   * @property {() => void} [press]
   * @property {string} [href]  Where it leads in another tab, or what is saved as `download`.
   * @property {string} [download]
   * @property {boolean} [isOn]  One of a row, of which one is the case.
   */
  /** @type {((about: About) => (Entry | Entry[])[])[]} */
  const more = [];
  /** @type {HTMLElement | null} */
  let menu = null;
  /** @type {Element | null} */
  let before = null;
  /** How far the page was scrolled as the menu came. */
  let shownAt = 0;
  const said = h("p", { class: "menu-said", "aria-live": "polite" });
  let timer = 0;

  /** Say for a moment what became of a choice. @param {string} text */
  function say(text) {
    clearTimeout(timer);
    ([...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body).append(said);
    // What comes into a place that is there already is read.
    setTimeout(() => { said.textContent = text; });
    timer = setTimeout(() => said.replaceChildren(), SAID);
  }

  /** Why no picture can be copied here, or "". @returns {string} */
  function refusal() {
    if (location.protocol === "file:") return "A page opened as a file may not copy pictures; the browser's own menu can: right-click twice.";
    if (!isSecureContext || typeof ClipboardItem === "undefined") return "The browser copies pictures only over https or on this machine; its own menu can: right-click twice.";
    return "";
  }

  /** As PNG, which is what all programs take. @param {KnownRecord} record */
  async function copyPicture(record) {
    const reason = refusal();
    if (reason) return say(reason);
    try {
      // Asked for at once: a browser may forget that somebody has pressed something while the picture loads.
      await navigator.clipboard.write([new ClipboardItem({ "image/png": asPng(ImagelibCard.pictureUrl(record)) })]);
      say("Picture copied");
    } catch {
      say("The picture could not be copied: the browser did not allow it, or cannot read it.");
    }
  }

  /** @param {string} url @returns {Promise<Blob>} */
  async function asPng(url) {
    const picture = new Image();
    picture.src = url;
    await picture.decode();
    const canvas = h("canvas", { width: String(picture.naturalWidth), height: String(picture.naturalHeight) });
    canvas.getContext("2d")?.drawImage(picture, 0, 0);
    return new Promise((resolve, reject) => { canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("too large"))), "image/png"); });
  }

  /** @param {string} text @param {string} done */
  const copyText = (text, done) => void navigator.clipboard.writeText(text).then(() => say(done), () => say("The browser did not allow it."));

  /** What can be done with an image by whoever only reads. @param {About} about @returns {(Entry | Entry[])[][]} */
  function reading({ record, isOpen }) {
    const { file_state: state, file_name: file, generation = {}, id, original_name: original, prompt_text: prompt } = record;
    const seed = generation.seed === undefined ? "" : String(generation.seed);
    const hasFile = state !== "missing" && file;
    const go = (/** @type {string} */ query) => () => ImagelibGallery.follow(query);
    return [
      [
        ...(isOpen ? [] : [{ label: "Open", key: "Enter", press: () => void ImagelibGallery.open(id) }]),
        { label: "Open in a new tab", href: ImagelibCard.pageUrl(id) },
      ],
      [
        ...(prompt ? [{ label: "Copy prompt", key: isOpen ? "y" : "", press: () => copyText(prompt, "Prompt copied") }] : []),
        ...(hasFile && ImagelibCard.pictureUrl(record) ? [{ label: "Copy picture", key: isOpen ? "Ctrl+C" : "", press: () => void copyPicture(record) }] : []),
        ...(hasFile ? [{ label: "Download", href: ImagelibCard.originalUrl(record), download: original || file }] : []),
      ],
      [
        ...(seed ? [{ label: "Same seed", press: go(`seed:${quote(seed)}`) }] : []),
        ...(prompt ? [{ label: "Same prompt", press: go(`prompt:${quote(ImagelibText.squeeze(prompt))}`) }] : []),
        { label: "More like this", press: go(`like:${id}`) },
      ],
    ];
  }

  /** @param {Entry} entry */
  function item({ download, href, isOn, key = "", label, press }) {
    const shown = [h("span", {}, label), ...(key ? [h("kbd", { "aria-hidden": "true" }, key)] : [])];
    // It closes behind a link that has been followed.
    const click = () => {
      close();
      press?.();
    };
    const role = { role: isOn === undefined ? "menuitem" : "menuitemradio", "aria-checked": isOn !== undefined && String(isOn),
      "aria-keyshortcuts": key !== "" && key.replace("Ctrl", "Control") };
    const way = { download: download ?? false, target: !download && "_blank", rel: "noopener" };
    return href ? h("a", { ...role, ...way, href, click: () => void setTimeout(close) }, ...shown)
      : h("button", { ...role, type: "button", click }, ...shown);
  }

  /** @param {(Entry | Entry[])[]} group */
  const section = (group) => h("div", { role: "group" }, ...group.map((entry) =>
    (Array.isArray(entry) ? h("div", { class: "menu-row", role: "group", "aria-label": "Rating" }, ...entry.map(item)) : item(entry))));

  /** @param {About} about @param {number} x @param {number} y */
  function show(about, x, y) {
    close();
    before = document.activeElement;
    const groups = [...reading(about), ...more.map((entries) => entries(about))].filter(({ length }) => length);
    menu = h("div", { class: "image-menu", role: "menu", popover: "manual", "aria-label": ImagelibCard.nameOf(about.record).slice(0, 100) || "Image" },
      ...groups.map(section));
    menu.addEventListener("keydown", walk);
    // Outside of an open dialog nothing can be pressed.
    (about.isOpen ? viewer : mount("gallery")).append(menu);
    menu.showPopover();
    shownAt = scrollY;
    const { height, width } = menu.getBoundingClientRect();
    menu.style.left = `${Math.max(4, Math.min(x, document.documentElement.clientWidth - width - 4))}px`;
    menu.style.top = `${Math.max(4, Math.min(y, innerHeight - height - 4))}px`;
    items()[0]?.focus({ preventScroll: true });
  }

  const items = () => /** @type {HTMLElement[]} */ ([...menu?.querySelectorAll("a, button") ?? []]);

  function close() {
    if (!menu) return;
    const had = menu.contains(document.activeElement);
    menu.remove();
    menu = null;
    if (had && before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    const all = items();
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) all.at(to % all.length)?.focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey) {
      const begins = (/** @type {HTMLElement} */ one) => one.textContent?.toLowerCase().startsWith(event.key.toLowerCase());
      [...all.slice(at + 1), ...all].find(begins)?.focus();
    } else if (event.key !== "Enter" && event.key !== " ") return;
    // The keys of the page below are asleep.
    event.stopPropagation();
    if (event.key !== "Enter" && event.key !== " ") event.preventDefault();
  }

  /** @param {MouseEvent} event */
  async function asked(event) {
    // Of the key for menus, which may have Shift in it; a Mac has Ctrl and a click.
    const isKey = event.button !== 2 && !event.ctrlKey;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest(".image-menu")) return;
    const isSecond = menu !== null;
    close();
    const card = target?.closest(".card");
    const isOpen = ImagelibViewer.id !== "" && target !== null && viewer.contains(target) && (isKey ? target === viewer || target.closest(".stage") !== null : target.matches(".picture"));
    if (isSecond || (event.shiftKey && !isKey) || /** @type {PointerEvent} */ (event).pointerType === "touch" || !ImagelibIndex.isReady) return;
    if (!isOpen && (!(card instanceof HTMLElement) || target?.closest("a:not(.card-link), button"))) return;
    const pk = isOpen ? ImagelibIndex.pkOf(ImagelibViewer.id) : Number(/** @type {HTMLElement} */ (card).dataset.pk);
    if (pk === undefined) return;
    event.preventDefault();
    const box = (isOpen ? ImagelibViewer.picture : /** @type {HTMLElement} */ (card)).getBoundingClientRect();
    const [x, y] = isKey ? [box.left + 24, box.top + 24] : [event.clientX, event.clientY];
    show({ record: await ImagelibIndex.recordAt(ImagelibIndex.columns.rowOf(pk)), isOpen }, x, y);
  }

  function start() {
    document.addEventListener("contextmenu", (event) => void asked(event));
    document.addEventListener("pointerdown", (event) => {
      if (event.button !== 2 && !(event.target instanceof Node && menu?.contains(event.target))) close();
    }, true);
    for (const kind of ["resize", "blur"]) window.addEventListener(kind, close);
    // Of what moved the page before, as a focus that came to a tile, it is told after the menu has come.
    window.addEventListener("scroll", () => { if (scrollY !== shownAt) close(); }, { passive: true });
    document.addEventListener("imagelib:viewer-close", close);
    // What is marked as text is what Ctrl+C is about, as ever.
    document.addEventListener("keydown", (event) => {
      if (event.key !== "c" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.defaultPrevented) return;
      if (!ImagelibViewer.id || document.querySelector("dialog[open]:not(.viewer)") || ImagelibDom.isWriting(event.target) || getSelection()?.toString()) return;
      event.preventDefault();
      void ImagelibIndex.record(ImagelibViewer.id).then((record) => record && copyPicture(record));
    });
  }

  return {
    /** Entries of others, asked for each time. @param {(about: About) => (Entry | Entry[])[]} entries  A list among them is a row of ratings. */
    add: (entries) => void more.push(entries),
    say,
    start,
  };
})();

ImagelibImageMenu.start();
