// How many images there are in each month, as bars; two thumbs, or a stroke over the bars, choose a
// span of time. It holds no state: the span is read from the query and written into it.
"use strict";

const ImagelibTimeline = (() => {
  const { h, mount, setAttribute, setText } = ImagelibDom;
  /** More months than this are shown as years. */
  const MOST_MONTHS = 84;

  const place = mount("timeline");
  const bars = /** @type {HTMLElement} */ (place.querySelector(".bars"));
  const [from, to] = /** @type {HTMLInputElement[]} */ ([...place.querySelectorAll("input")]);

  let query = "";
  /** The names of the periods in their order. @type {string[]} */
  let periods = [];
  /** @type {(query: string) => void} */
  let change = () => {};
  /** Where a stroke began. */
  let anchor = -1;

  /** @param {(query: string) => void} changed */
  function start(changed) {
    change = changed;
    for (const thumb of [from, to]) thumb.addEventListener("input", () => choose(Number(from.value), Number(to.value)));
    bars.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      anchor = at(event);
      bars.setPointerCapture(event.pointerId);
      const [first, last] = chosen();
      // A second click on the only chosen period takes it back.
      if (anchor === first && first === last && periods.length > 1) choose(0, periods.length - 1);
      else choose(anchor, anchor);
    });
    bars.addEventListener("pointermove", (event) => {
      if (bars.hasPointerCapture(event.pointerId) && at(event) !== anchor) choose(anchor, at(event));
    });
  }

  /** The period under the pointer. @param {PointerEvent} event */
  function at({ clientX }) {
    const { left, width } = bars.getBoundingClientRect();
    return Math.min(periods.length - 1, Math.max(0, Math.floor(((clientX - left) / width) * periods.length)));
  }

  /** @param {number} one @param {number} other */
  function choose(one, other) {
    const [first, last] = [Math.min(one, other), Math.max(one, other)];
    const isAll = first === 0 && last === periods.length - 1;
    const span = first === last ? periods[first] : `${periods[first]}..${periods[last]}`;
    const next = ImagelibConditions.setting(query, "date", isAll ? [] : [span]);
    if (next !== query) change(next);
  }

  /** The first and the last period of the query. */
  function chosen() {
    const { first, last } = ImagelibFacetCounts.spanOf(query);
    const length = periods[0]?.length ?? 0;
    const until = last ? periods.findLastIndex((period) => period <= last.slice(0, length)) : periods.length - 1;
    const since = first ? periods.findIndex((period) => period >= first.slice(0, length)) : 0;
    return [since < 0 ? periods.length - 1 : since, Math.max(0, until)];
  }

  /**
   * Show how many images there are in each period.
   * @param {Facet[]} library  Months of the whole library, the earliest first.
   * @param {Facet[]} found  Months of the result without its dates.
   */
  function show(library, found) {
    place.closest("[data-waiting]")?.removeAttribute("data-waiting");
    place.hidden = library.length < 2;
    if (place.hidden) return;
    periods = spanned(library[0].name, library[library.length - 1].name);
    const length = periods[0].length;
    const total = counted(library, length);
    const now = counted(found, length);
    const most = Math.max(1, ...total.values());
    const [first, last] = chosen();
    while (bars.children.length > periods.length) bars.lastElementChild?.remove();
    while (bars.children.length < periods.length) bars.append(h("div", { class: "bar-of" }, h("div"), h("div")));
    periods.forEach((period, i) => {
      const bar = /** @type {HTMLElement} */ (bars.children[i]);
      const height = (/** @type {number} */ count) => (count ? Math.max(4, (100 * count) / most) : 0);
      bar.style.setProperty("--all", `${height(total.get(period) ?? 0)}%`);
      bar.style.setProperty("--found", `${height(now.get(period) ?? 0)}%`);
      bar.classList.toggle("outside", i < first || i > last);
      bar.title = `${period}: ${now.get(period) ?? 0}`;
    });
    for (const [thumb, value] of /** @type {const} */ ([[from, first], [to, last]])) {
      thumb.max = String(periods.length - 1);
      thumb.value = String(value);
      setAttribute(thumb, "aria-valuetext", periods[value]);
    }
    setText(mount("timeline-span"), first === last ? periods[first] : `${periods[first]} – ${periods[last]}`);
  }

  /** Every month of a span, or every year if they are many. @param {string} first @param {string} last */
  function spanned(first, last) {
    const month = (/** @type {string} */ name) => 12 * Number(name.slice(0, 4)) + Number(name.slice(5)) - 1;
    const [low, high] = [month(first), month(last)];
    const year = (/** @type {number} */ number) => String(number).padStart(4, "0");
    if (high - low < MOST_MONTHS) {
      return Array.from({ length: high - low + 1 }, (_, i) =>
        `${year(Math.floor((low + i) / 12))}-${String(((low + i) % 12) + 1).padStart(2, "0")}`);
    }
    const [since, until] = [Math.floor(low / 12), Math.floor(high / 12)];
    return Array.from({ length: until - since + 1 }, (_, i) => year(since + i));
  }

  /** @param {Facet[]} months @param {number} length */
  function counted(months, length) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const { name, count } of months) counts.set(name.slice(0, length), (counts.get(name.slice(0, length)) ?? 0) + count);
    return counts;
  }

  return {
    /** Take a query: what is chosen builds on it. @param {string} text */
    ask: (text) => { query = text; },
    show,
    start,
  };
})();
