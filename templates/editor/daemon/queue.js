// What is asked of the library reaches it in the order in which it was asked for.
"use strict";

const ImagelibQueue = (() => {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();

  /** Do something with the library behind all that was asked for before. @template T @param {() => Promise<T>} job @returns {Promise<T>} */
  function inTurn(job) {
    const mine = last.then(job);
    last = mine.catch(() => {});  // who asked for it hears of it
    return mine;
  }

  return { inTurn };
})();
