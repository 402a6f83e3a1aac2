// @ts-check
// The values that all pictures of a batch shall get, kept in this tab until the batch is added.
"use strict";

const ImagelibKeptValues = (() => {
  const KEY = "imagelib.add-values";

  /** @returns {Partial<ImageFields>} */
  function get() {
    try {
      return JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    } catch {
      return {};
    }
  }

  /** @param {Partial<ImageFields>} values those that say something */
  function keep(values) {
    try {
      if (Object.keys(values).length) sessionStorage.setItem(KEY, JSON.stringify(values));
      else sessionStorage.removeItem(KEY);
    } catch {
      // They are still in the form.
    }
  }

  return { get, keep };
})();
