// Which images are selected. It goes by the order of the result, so that a range means what is seen;
// an image stays selected when a search no longer shows it.
"use strict";

const ImagelibSelection = (() => {
  const { h, setAttribute } = ImagelibDom;
  const list = ImagelibDom.mount("grid");
  /** The pks that are selected. @type {Set<number>} */
  const chosen = new Set();
  /** Where a range begins, and whether it selects: only one from an image that was let go to a selected one lets go. */
  let pivot = -1;
  let selects = true;
  /** What was selected before the range from there: with another end it is drawn anew. @type {Set<number> | null} */
  let before = null;
  /** @type {(() => void)[]} */
  const listeners = [];

  /** The pks of the tiles in their order. */
  const order = () => pksOf(ImagelibGrid.rows);

  /** Those of the whole result: with stacks, more. */
  const found = () => pksOf(ImagelibGallery.rows);

  /** @param {Int32Array} rows */
  const pksOf = (rows) => Array.from(rows, (row) => ImagelibIndex.columns.pk[row]);

  /** Select what a tile stands for, or no longer. @param {number} pk @param {number[]} pks */
  function toggle(pk, pks = ImagelibGallery.whole([pk])) {
    begin(pk, !chosen.has(pk));
    put(pks);
    changed();
  }

  /** A range may begin here. @param {number} pk @param {boolean} isOn */
  function begin(pk, isOn = true) {
    pivot = pk;
    selects = isOn;
    before = null;
  }

  /** @param {number[]} pks */
  function put(pks) {
    for (const pk of pks) {
      if (selects) chosen.add(pk);
      else chosen.delete(pk);
    }
  }

  /** Select everything from the image that was chosen last to this one, or let it go. @param {number} pk */
  function extend(pk) {
    const pks = order();
    if (!pks.includes(pivot)) begin(pk);
    // Who lets one go and then leads a range out of the selection wants more, not less.
    if (!before && !chosen.has(pk)) selects = true;
    const [from, to] = [pks.indexOf(pivot), pks.indexOf(pk)];
    before ??= new Set(chosen);
    chosen.clear();
    for (const one of before) chosen.add(one);
    put(ImagelibGallery.whole(pks.slice(Math.min(from, to), Math.max(from, to) + 1)));
    changed();
  }

  /** Select just these. @param {Iterable<number>} pks */
  function set(pks) {
    chosen.clear();
    for (const pk of pks) chosen.add(pk);
    begin(-1);
    changed();
  }

  function all() {
    for (const pk of found()) chosen.add(pk);
    before = null;
    changed();
  }

  function clear() {
    chosen.clear();
    begin(-1);
    changed();
  }

  function changed() {
    for (const card of list.children) mark(/** @type {HTMLElement} */ (card));
    document.documentElement.toggleAttribute("data-selecting", chosen.size > 0);
    for (const listener of listeners) listener();
  }

  /** Show on a card whether it is selected. @param {HTMLElement} card */
  function mark(card) {
    let box = /** @type {HTMLElement | null} */ (card.querySelector(".select-box"));
    if (!box) {
      // No input: its state would change before we have heard of Shift.
      box = h("button", { type: "button", class: "select-box", role: "checkbox", tabindex: "-1" });
      card.append(box);
    }
    const on = chosen.has(Number(card.dataset.pk));
    setAttribute(box, "aria-label", `Select ${(card.querySelector(".snippet")?.textContent ?? "").slice(0, 80)}`.trim());
    setAttribute(box, "aria-checked", String(on));
    card.toggleAttribute("data-selected", on);
  }

  /** @param {MouseEvent} event */
  function clicked(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const card = target.closest(".card");
    if (!(card instanceof HTMLElement) || event.button || event.altKey) return;
    const byTouch = chosen.size > 0 && /** @type {PointerEvent} */ (event).pointerType === "touch";
    if (!target.closest(".select-box") && !byTouch && !event.shiftKey && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const pk = Number(card.dataset.pk);
    if (event.shiftKey) extend(pk);
    else toggle(pk);
    card.querySelector("a")?.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (ImagelibDialog.isOpen || ImagelibCompare.isOpen || event.defaultPrevented || ImagelibDom.isWriting(event.target)) return;
    if (ImagelibViewer.id) {
      const pk = ImagelibIndex.pkOf(ImagelibViewer.id);
      if (event.key !== "x" || !ImagelibHelp.isCommand(event) || pk === undefined) return;
      toggle(pk, [pk]);  // of a stack, only the one that is seen
      ImagelibToast.show(`${chosen.has(pk) ? "Selected" : "Not selected any more"}; ${chosen.size.toLocaleString("en")} in all`);
      event.preventDefault();
      return;
    }
    if (event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
      all();
      event.preventDefault();
      return;
    }
    const card = document.activeElement?.closest(".card");
    if (event.key === "Escape" && chosen.size) clear();
    else if (card instanceof HTMLElement && event.key.toLowerCase() === "x" && ImagelibHelp.isCommand(event)) {
      const pk = Number(card.dataset.pk);
      if (event.shiftKey) extend(pk);
      else toggle(pk);
    } else return;
    event.preventDefault();
  }

  /**
   * What an edit of the selection is about: the query where it finds just these, else their ids.
   * @returns {Promise<{ids: string[]} | {query: string, count: number}>}
   */
  async function target() {
    const pks = found();
    const query = ImagelibGallery.query;
    const isWhole = pks.length === chosen.size && pks.every((pk) => chosen.has(pk));
    if (isWhole && chosen.size > 500 && await ImagelibApi.count(query).catch(() => -1) === chosen.size) {
      return { query, count: chosen.size };
    }
    const files = await Promise.all([...chosen].map((pk) => ImagelibIndex.file(pk)));
    return { ids: files.flatMap((file) => (file ? [file.id] : [])) };
  }

  /** Compare what is selected, in the order of the result. */
  async function compare() {
    if (chosen.size < 2 || chosen.size > ImagelibCompare.MOST) {
      ImagelibToast.show(`Select two to ${ImagelibCompare.MOST} images to compare them.`);
      return;
    }
    const { columns } = ImagelibIndex;
    const pks = [...chosen].sort((a, b) => ImagelibGrid.itemOf(a) - ImagelibGrid.itemOf(b));
    ImagelibCompare.openAll(await Promise.all(pks.map((pk) => ImagelibIndex.recordAt(columns.rowOf(pk)))));
  }

  /** Deleted images are not selected any more. */
  function forgetDeleted() {
    const { columns } = ImagelibIndex;
    const { size } = chosen;
    for (const pk of chosen) if (!columns.isLive(columns.rowOf(pk))) chosen.delete(pk);
    if (chosen.size === size) return;
    before = null;
    changed();
  }

  function start() {
    for (const card of list.children) mark(/** @type {HTMLElement} */ (card));
    new MutationObserver((records) => {
      for (const { addedNodes } of records) for (const card of addedNodes) mark(/** @type {HTMLElement} */ (card));
      if (chosen.size) for (const listener of listeners) listener();  // another result may be shown
    }).observe(list, { childList: true });
    list.addEventListener("click", clicked, true);
    document.addEventListener("keydown", pressed);
    ImagelibIndex.onChange(forgetDeleted);
  }

  return {
    all,
    clear,
    compare,
    /** @param {number} pk */
    has: (pk) => chosen.has(pk),
    /** How many of them the result does not show. */
    hidden: () => {
      const shown = new Set(found());
      return [...chosen].filter((pk) => !shown.has(pk)).length;
    },
    /** @param {() => void} listener */
    onChange: (listener) => void listeners.push(listener),
    pks: () => [...chosen],
    set,
    get size() { return chosen.size; },
    start,
    target,
    toggle,
  };
})();
