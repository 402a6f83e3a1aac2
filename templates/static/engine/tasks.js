// When work is done: cut into short tasks, and only while somebody waits for it.
"use strict";

const ImagelibTasks = (() => {
  /** Let the browser draw and listen before going on. @returns {Promise<void>} */
  const nextTask = () => {
    const { scheduler } = /** @type {{scheduler?: {yield?: () => Promise<void>}}} */ (globalThis); // not everywhere yet, and without the wait of a timer
    return scheduler?.yield ? scheduler.yield() : new Promise((resolve) => { setTimeout(resolve); });
  };

  /**
   * For what is asked for again before its answer is there: `const isLast = begin()` before asking, and
   * an answer counts only while `isLast()`.
   */
  function turns() {
    let last = 0;
    return () => {
      const mine = ++last;
      return () => mine === last;
    };
  }

  return { nextTask, turns };
})();
