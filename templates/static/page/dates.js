// How dates are written, everywhere: as they are typed and searched, 2026-10-26 15:53.
"use strict";

const ImagelibDates = (() => {
  /** How many letters of a date a site says that does not say all: SiteInfo of imagelib/generator/pages.py. */
  const SAID = /** @type {Record<string, number>} */ ({ day: 10, month: 7, none: 0 });

  /** What is said of a date, which has no zone: at most so many letters of it. @param {string} moment */
  const written = (moment, length = 16) =>
    moment.slice(0, Math.min(length, SAID[document.documentElement.dataset.dates ?? ""] ?? length)).replace("T", " ");

  /** When something happened, by the clock of who reads it. @param {string | number} at */
  function here(at, length = 16) {
    const time = new Date(at);
    const local = time.getTime() - 60_000 * time.getTimezoneOffset();
    // Another program may have written anything into the library.
    return written(Number.isNaN(local) ? String(at) : new Date(local).toISOString(), length);
  }

  return { here, written };
})();
