// @ts-check
// What bench/search.py asks of a gallery that is open: as one types, from nothing, on screen, scrolling.
"use strict";

/** @param {number[]} values @param {number} part */
function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

/** @param {any} searcher @param {string} text */
function ask(searcher, text) {
  const query = ImagelibQuery.parse(text);
  return searcher.run(query, query.sort || "-captured_at").rows;
}

/** @param {string} text */
window.answer = (text) =>
  Array.from(ask(new ImagelibSearch.Searcher(ImagelibIndex.columns), text), (row) => ImagelibIndex.columns.pk[row]);

/** Letter by letter as one types. @param {string[]} log */
window.measureTyped = (log) => {
  const times = [];
  const searcher = new ImagelibSearch.Searcher(ImagelibIndex.columns);
  ask(searcher, "");
  for (const query of log) {
    for (let end = 1; end <= query.length; end++) {
      const start = performance.now();
      ask(searcher, query.slice(0, end));
      times.push(performance.now() - start);
    }
  }
  return { typed_p50_ms: quantile(times, 0.5), typed_p95_ms: quantile(times, 0.95), typed_max_ms: quantile(times, 1) };
};

/** Each query on its own, with nothing remembered but the orders. @param {string[]} log */
window.measureCold = (log) => {
  const times = [];
  const { orders } = new ImagelibSearch.Searcher(ImagelibIndex.columns);
  for (const query of ["", ...log]) {
    const searcher = new ImagelibSearch.Searcher(ImagelibIndex.columns);
    searcher.orders = orders;
    const start = performance.now();
    ask(searcher, query);
    times.push(performance.now() - start);
  }
  return { cold_p50_ms: quantile(times, 0.5), cold_p95_ms: quantile(times, 0.95), cold_max_ms: quantile(times, 1) };
};

const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

/** From a letter in the box to the frame that shows its result. */
window.measureKeystrokes = async () => {
  const box = /** @type {HTMLInputElement} */ (document.querySelector(".search-box"));
  const times = [];
  for (const text of ["red scarf", "tag:night fox", "masterpiece", '"golden hour"']) {
    for (let end = 1; end <= text.length; end++) {
      await frame();
      const start = performance.now();
      box.value = text.slice(0, end);
      box.dispatchEvent(new Event("input", { bubbles: true }));
      await frame();
      times.push(performance.now() - start);
    }
  }
  box.value = "";
  box.dispatchEvent(new Event("input", { bubbles: true }));
  return quantile(times, 0.95);
};

/** From the first image to the last one, in two hundred steps. */
window.measureScrolling = async () => {
  const { scrollHeight } = document.documentElement;
  const before = window.tasks.length;
  for (let step = 0; step <= 200; step++) {
    scrollTo(0, (scrollHeight * step) / 200);
    await frame();
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  const long = window.tasks.slice(before).map((/** @type {number[]} */ task) => task[1]);
  return { scroll_long_tasks: long.length, scroll_longest_task_ms: Math.max(0, ...long) };
};
