// The grid: lays out the whole result, but keeps only the cards near the viewport in the page.
// One card can be reached by Tab, the arrows move among them.
"use strict";

const ImagelibGrid = (() => {
  const { mount, setAttribute } = ImagelibDom;
  const { released } = ImagelibTasks;
  const { columns } = ImagelibIndex;
  /** How far beyond the viewport cards are made, in viewports. */
  const OVERSCAN = 0.75;
  /** How long a place must be looked at until its files are asked for, in milliseconds. */
  const SETTLED = 60;

  const list = mount("grid");
  /** The rows of the result in their order. @type {Int32Array} */
  let rows = new Int32Array(0);
  /** Whether there was a result yet; until then the page has the cards that it came with. */
  let hasResult = false;
  /** How many images each item of the result stands for; empty if for itself. @type {Uint32Array} */
  let counts = new Uint32Array(0);
  /** The shapes of the pictures, and those that they have in the grid. @type {Float32Array} */
  let shapes = new Float32Array(0);
  /** @type {Float32Array} */
  let aspects = shapes;
  /** @type {GridLayout} */
  let layout = ImagelibLayout.justified([], { width: 1, height: 1, gap: 0, caption: 0 });
  let measures = { width: 0, height: 0, gap: 0, caption: 0 };
  /** The cards in the page, by pk. @type {Map<number, HTMLElement>} */
  const cards = new Map();
  /** What is known of files, by pk. @type {Map<number, CardFile>} */
  const files = new Map();
  /** The pk of the card that Tab reaches. */
  let focused = -1;
  /** Known from the last scrolling: to ask now would make the browser lay out the page at once. */
  let isAtTop = true;
  let frame = 0;
  let timer = 0;
  /** @type {(pk: number) => void} */
  let onOpen = () => {};
  /** @type {(pk: number) => void} */
  let onSpread = () => {};

  /** Take over the cards that the page came with. */
  function adopt() {
    const present = /** @type {HTMLElement[]} */ ([...list.querySelectorAll(".card")]);
    for (const card of present) {
      const pk = Number(card.dataset.pk);
      cards.set(pk, card);
      ImagelibIndex.know(card.dataset.id ?? "", pk);
    }
    list.addEventListener("click", clicked);
    list.addEventListener("keydown", pressed);
    list.addEventListener("focusin", (event) => {
      const card = /** @type {HTMLElement} */ (event.target).closest(".card");
      if (card instanceof HTMLElement) setFocused(Number(card.dataset.pk));
    });
    window.addEventListener("scroll", scrolled, { passive: true });
  }

  /** Lay out by places from now on; until there is a result, the page lays out what it came with. */
  function begin() {
    hasResult = true;
    // All that is read before the first change: after it, reading makes the browser lay out the page.
    isAtTop = window.scrollY === 0;
    const { offsetWidth, style } = document.documentElement;
    shapeList();
    measure();
    style.setProperty("--scroll-bar", `${window.innerWidth - offsetWidth}px`);
    list.dataset.enhanced = "";
    new ResizeObserver(() => {
      const kept = anchor();
      if (measure() && rows.length) rearrange(kept);
    }).observe(list);
  }

  /** Place all again, with the same image at the top. */
  function rearrange(kept = anchor()) {
    if (!hasResult) return;
    shapeList();
    measure();
    place();
    restore(kept);
    render();
  }

  /** Let the style sheet know how the list is looked at. */
  function shapeList() {
    list.dataset.shape = ImagelibView.shape;
    list.toggleAttribute("data-dense", ImagelibView.isDense);
  }

  /** Read the widths and heights that the style sheet gives; returns whether they changed. */
  function measure() {
    const style = getComputedStyle(list);
    const size = (/** @type {string} */ name) => {
      const value = style.getPropertyValue(name).trim();
      return parseFloat(value) * (value.endsWith("rem") ? parseFloat(getComputedStyle(document.documentElement).fontSize) : 1);
    };
    const now = { width: list.clientWidth, height: size("--row") * ImagelibView.scale, gap: size("--gap"), caption: size("--caption") };
    const same = JSON.stringify(now) === JSON.stringify(measures);
    measures = now;
    return !same;
  }

  function place() {
    ({ layout, aspects } = ImagelibLayout.arrange(ImagelibView.shape, shapes, measures));
    // Where half a line has no room for two of text.
    list.toggleAttribute("data-low", ImagelibView.shape === "list" && layout.height[0] < 92);
    list.style.height = `${layout.top[layout.rows]}px`;
  }

  /** Show another result. @param {Int32Array} result @param {Uint32Array} stands  How many images each row stands for. */
  function show(result, stands = new Uint32Array(0)) {
    if (!hasResult) begin();
    rows = result;
    counts = stands;
    const shapeOf = columns.sizes.values.map(([width, height]) => ImagelibLayout.aspect(width, height));
    shapes = new Float32Array(rows.length);
    for (let item = 0; item < rows.length; item++) shapes[item] = shapeOf[columns.size[rows[item]]];
    place();
    if (focused < 0 || itemOf(focused) < 0) setFocused(rows.length ? columns.pk[rows[0]] : -1);
    render();
  }

  function scrolled() {
    isAtTop = window.scrollY === 0;
    schedule();
  }

  function schedule() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      render();
    });
  }

  /** The items that stand near the viewport. */
  function nearby() {
    const above = isAtTop ? 0 : -list.getBoundingClientRect().top;
    const beyond = innerHeight * OVERSCAN;
    const from = layout.first[ImagelibLayout.rowAt(layout, above - beyond)] ?? 0;
    const until = layout.first[Math.min(layout.rows, ImagelibLayout.rowAt(layout, above + innerHeight + beyond) + 1)] ?? 0;
    return { from, until };
  }

  /** Make the page hold the cards near the viewport, and no others but the focused one. */
  function render() {
    if (!hasResult) return;
    const { from, until } = nearby();
    const wanted = new Set();
    for (let item = from; item < until; item++) wanted.add(columns.pk[rows[item]]);
    // First, so that those which stay need not be put elsewhere: that takes focus and presses from them.
    for (const [pk, card] of cards) {
      if (wanted.has(pk)) continue;
      if (card.contains(document.activeElement) && itemOf(pk) >= 0) {
        position(card, itemOf(pk));
        continue;
      }
      card.remove();
      cards.delete(pk);
    }
    /** The next card that stays, from an element on. @param {Element | null} element */
    const stays = (element) => {
      while (element instanceof HTMLElement && !wanted.has(Number(element.dataset.pk))) element = element.nextElementSibling;
      return element;
    };
    let next = stays(list.firstElementChild);
    for (let item = from; item < until; item++) {
      const pk = columns.pk[rows[item]];
      let card = cards.get(pk);
      if (!card) {
        card = ImagelibCard.create();
        cards.set(pk, card);
      }
      // In the order of the result, for those who read the page one by one.
      if (next === card) next = stays(card.nextElementSibling);
      else list.insertBefore(card, next);
      position(card, item);
      refresh(card, rows[item]);
      ImagelibCard.stack(card, counts[item] ?? 1, () => onSpread(pk), pk === focused);
    }
    ImagelibHighlight.mark(list.querySelectorAll(".snippet"));
    clearTimeout(timer);
    timer = setTimeout(() => askForFiles(from, until), files.size ? SETTLED : 0);
  }

  /** @param {HTMLElement} card @param {number} item */
  function position(card, item) {
    const row = ImagelibLayout.rowOf(layout, item);
    const height = layout.height[row];
    let left = 0;
    for (let other = layout.first[row]; other < item; other++) left += aspects[other] * height + measures.gap;
    card.style.width = `${aspects[item] * height}px`;
    card.style.transform = `translate(${left}px, ${layout.top[row]}px)`;
    card.style.setProperty("--height", `${height}px`);
    setAttribute(card, "aria-posinset", String(item + 1));
    setAttribute(card, "aria-setsize", String(rows.length || aspects.length));
  }

  /** @param {HTMLElement} card @param {number} row */
  function refresh(card, row) {
    const core = columns.coreOf(row);
    ImagelibCard.fill(card, core, columns.textOf(row), files.get(core.pk));
    const link = card.querySelector("a");
    if (link) link.tabIndex = core.pk === focused ? 0 : -1;
  }

  /** Ask for the files of the cards that are looked at. @param {number} from @param {number} until */
  function askForFiles(from, until) {
    for (let item = from; item < Math.min(until, rows.length); item++) {
      const row = rows[item];
      const pk = columns.pk[row];
      void ImagelibIndex.file(pk).then(async (file) => {
        await released();
        if (!file) return;
        files.set(pk, file);
        const card = cards.get(pk);
        if (card) refresh(card, row);
        if (files.size > 4 * cards.size + 500) for (const other of files.keys()) if (!cards.has(other)) files.delete(other);
      });
    }
  }

  /** Where an image stands in the result, or -1. @param {number} pk */
  function itemOf(pk) {
    return pk < 0 ? -1 : rows.indexOf(columns.rowOf(pk));
  }

  /** @param {number} pk */
  function setFocused(pk) {
    if (pk === focused) return;
    for (const [other, index] of [[focused, -1], [pk, 0]]) {
      for (const part of cards.get(other)?.querySelectorAll(".card-link, .stack") ?? []) /** @type {HTMLElement} */ (part).tabIndex = index;
    }
    focused = pk;
  }

  /** Bring an image into view; with *focus*, its card is given the keyboard. @param {number} pk @param {boolean} focus */
  function reveal(pk, focus = false) {
    const item = itemOf(pk);
    if (item < 0) return;
    const row = ImagelibLayout.rowOf(layout, item);
    const above = list.getBoundingClientRect().top + layout.top[row];
    const height = layout.height[row] + measures.caption;
    const bar = barBottom();
    // Nor under the bar of picks.
    const floor = Math.min(innerHeight, document.querySelector(".picks-bar")?.getBoundingClientRect().top ?? innerHeight);
    if (above < bar + 8) scrollBy(above - bar - 8);
    else if (above + height > floor) scrollBy(above + height - floor + 8);
    setFocused(pk);
    render();
    if (focus) cards.get(pk)?.querySelector("a")?.focus({ preventScroll: true });
  }

  /** @param {Event} event */
  function clicked(event) {
    const mouse = /** @type {MouseEvent} */ (event);
    const card = /** @type {HTMLElement} */ (event.target).closest(".card");
    if (!(card instanceof HTMLElement) || /** @type {HTMLElement} */ (event.target).closest("button, a:not(.card-link)")
        || !ImagelibLinks.isPlain(mouse) || !ImagelibIndex.isReady) return;
    event.preventDefault();
    onOpen(Number(card.dataset.pk));
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented) return;
    const item = itemOf(focused);
    if (item < 0) return;
    const last = rows.length - 1;
    const row = ImagelibLayout.rowOf(layout, item);
    /** @type {Record<string, () => number>} */
    const moves = {
      ArrowLeft: () => Math.max(0, item - 1),
      ArrowRight: () => Math.min(last, item + 1),
      ArrowUp: () => (row ? nearest(row - 1, centre(item)) : item),
      ArrowDown: () => (row < layout.rows - 1 ? nearest(row + 1, centre(item)) : item),
      Home: () => 0,
      End: () => last,
    };
    if (!Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    reveal(columns.pk[rows[moves[event.key]()]], true);
  }

  /** @param {number} item */
  function centre(item) {
    const row = ImagelibLayout.rowOf(layout, item);
    let left = 0;
    for (let other = layout.first[row]; other < item; other++) left += aspects[other] * layout.height[row] + measures.gap;
    return left + (aspects[item] * layout.height[row]) / 2;
  }

  /** The item of a row that is nearest to a place. @param {number} row @param {number} x */
  function nearest(row, x) {
    let best = layout.first[row];
    for (let item = best; item < layout.first[row + 1]; item++) {
      if (Math.abs(centre(item) - x) < Math.abs(centre(best) - x)) best = item;
    }
    return best;
  }

  /** What stands at the top of the viewport: an image and how far it is scrolled out. */
  function anchor() {
    if (isAtTop || !rows.length) return null;
    const above = -list.getBoundingClientRect().top;
    if (above <= 0) return null;
    const row = ImagelibLayout.rowAt(layout, above);
    return { pk: columns.pk[rows[layout.first[row]]], offset: above - layout.top[row] };
  }

  /** Scroll back to what `anchor` said. @param {{pk: number, offset: number} | null} kept */
  function restore(kept) {
    const item = kept ? itemOf(kept.pk) : -1;
    if (!kept || item < 0) return;
    const top = layout.top[ImagelibLayout.rowOf(layout, item)] + kept.offset;
    scrollBy(list.getBoundingClientRect().top + top);
  }

  /** How far the grid can be scrolled below the bar, in pixels. */
  const reach = () => Math.max(1, list.clientHeight - innerHeight + barBottom());

  const barBottom = () => document.querySelector(".bar")?.getBoundingClientRect().bottom ?? 0;

  /** Where the page is in the grid: the row of its index at the top, the part that lies above, and how many screens there are. */
  function seen() {
    const screens = layout.top[layout.rows] / innerHeight;
    if (isAtTop || !rows.length) return { row: rows[0] ?? -1, part: 0, screens };
    const above = Math.max(0, barBottom() - list.getBoundingClientRect().top);
    return { row: rows[layout.first[ImagelibLayout.rowAt(layout, above)]] ?? -1, part: Math.min(1, above / reach()), screens };
  }

  /** @param {number} top */
  function scrollBy(top) {
    window.scrollBy({ top, behavior: "instant" });
    isAtTop = window.scrollY === 0;
  }

  return {
    adopt,
    anchor,
    /** Scroll to where a part of the grid lies above the page. @param {number} part */
    goTo: (part) => scrollBy(list.getBoundingClientRect().top - barBottom() + part * reach()),
    itemOf,
    /** Called with the pk of an image that is to be opened. @param {(pk: number) => void} open */
    onOpen: (open) => { onOpen = open; },
    /** Called with the pk of an image whose stack is to be spread out. @param {(pk: number) => void} spread */
    onSpread: (spread) => { onSpread = spread; },
    /** Which part of the grid lies above an item. @param {number} item */
    partOf: (item) => Math.min(1, layout.top[ImagelibLayout.rowOf(layout, item)] / reach()),
    place: seen,
    /** The picture of an image, if its card is there. @param {number} pk */
    pictureOf: (pk) => /** @type {HTMLElement | null} */ (cards.get(pk)?.querySelector("img") ?? null),
    rearrange,
    render,
    restore,
    reveal,
    get rows() { return rows; },
    show,
    /** The pks of the images whose pictures an area of the list touches. @param {{left: number, right: number, top: number, bottom: number}} area */
    within: (area) => ImagelibLayout.within(layout, aspects, measures.gap, area).map((item) => columns.pk[rows[item]]),
  };
})();
