// Where one is in a long result by date: a strip at the right edge that says the month of what is at the top, and
// leads to another place by a click or a stroke. Nobody needs it who reads or uses the keys: the timeline of the
// filters chooses months by keys too, and says them; so it is hidden from screen readers, and no stop of the Tab key.
"use strict";

const ImagelibScrubber = (() => {
  const { h, mount, setText } = ImagelibDom;
  const { columns } = ImagelibIndex;
  /** A result of fewer screens is looked through without. */
  const LEAST = 4;
  /** How long the month is said once the page rests, in milliseconds. */
  const REST = 1200;
  /** Years nearer to each other than this part of the strip are not all written. */
  const NEAREST = 0.045;
  const BY_DATE = /^-?captured_at$/;

  const place = mount("scrubber");
  const [years, thumb] = /** @type {HTMLElement[]} */ ([...place.children]);
  let isByDate = false;
  let frame = 0;
  let resting = 0;

  function start() {
    window.addEventListener("scroll", () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        follow();
        stir();
      });
    }, { passive: true });
    place.addEventListener("pointerenter", showYears);
    place.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault(); // it would mark texts
      place.setPointerCapture(event.pointerId);
      showYears();
      go(event);
    });
    place.addEventListener("pointermove", (event) => { if (place.hasPointerCapture(event.pointerId)) go(event); });
  }

  /** Take another result. @param {string} order */
  function show(order) {
    // Where a site says no dates there is nothing to say.
    isByDate = BY_DATE.test(order) && ImagelibDates.written("2026-01", 7) !== "";
    years.replaceChildren();
    follow();
  }

  /** Stand where the page is. */
  function follow() {
    const { part, row, screens } = ImagelibGrid.place();
    place.hidden = !isByDate || screens < LEAST || row < 0;
    if (place.hidden) return;
    place.style.setProperty("--part", String(part));
    setText(thumb, monthOf(row));
  }

  /** Say the month for a while. */
  function stir() {
    place.dataset.moving = "";
    clearTimeout(resting);
    resting = setTimeout(() => delete place.dataset.moving, REST);
  }

  /** Bring the place under the pointer to the top. @param {PointerEvent} event */
  function go({ clientY }) {
    const { height, top } = place.getBoundingClientRect();
    ImagelibGrid.goTo(Math.min(1, Math.max(0, (clientY - top) / height)));
  }

  function showYears() {
    if (years.childElementCount) return;
    const { rows } = ImagelibGrid;
    const marks = ImagelibLayout.marks(rows.length, (item) => new Date(columns.captured[rows[item]] * 1000).getUTCFullYear(),
      ImagelibGrid.partOf, NEAREST);
    years.replaceChildren(...marks.map(({ name, part }) => {
      const year = h("span", {}, String(name));
      year.style.setProperty("--part", String(part));
      return year;
    }));
  }

  /** @param {number} row */
  const monthOf = (row) => ImagelibDates.written(new Date(columns.captured[row] * 1000).toISOString(), 7);

  return { show, start };
})();
