// The values that all pictures of a batch shall get, kept in this tab until the batch is added.
"use strict";

const ImagelibKeptValues = (() => {
  const { tab } = ImagelibKept;
  const KEY = "imagelib.add-values";

  /** @returns {Partial<ImageFields>} */
  const get = () => tab.members(KEY);

  /** @param {Partial<ImageFields>} values those that say something */
  function keep(values) {
    if (Object.keys(values).length) tab.put(KEY, values);
    else tab.set(KEY, null);
  }

  return { get, keep };
})();
