// When work is done: cut into short tasks, only while somebody waits for it, and not under a finger.
"use strict";

const ImagelibTasks = (() => {
  /** Let the browser draw and listen before going on. @returns {Promise<void>} */
  const nextTask = () => {
    const { scheduler } = /** @type {{scheduler?: {yield?: () => Promise<void>}}} */ (globalThis); // not everywhere yet, and without the wait of a timer
    return scheduler?.yield ? scheduler.yield() : new Promise((resolve) => { setTimeout(resolve); });
  };

  /** A press that lasts longer is a drag, or rests; in milliseconds. */
  const LONGEST_PRESS = 1000;
  let isPressed = false;
  let timer = 0;
  /** @type {(() => void)[]} */
  let waiting = [];

  function release() {
    clearTimeout(timer);
    isPressed = false;
    for (const resolve of waiting) resolve();
    waiting = [];
  }

  /**
   * For what makes parts of the page anew by itself: a click is one only where press and release meet the
   * same element, so nothing is exchanged between them.
   * @returns {Promise<void>}
   */
  const released = () => (isPressed ? new Promise((resolve) => { waiting.push(resolve); }) : Promise.resolve());

  globalThis.addEventListener?.("pointerdown", () => {
    isPressed = true;
    clearTimeout(timer);
    timer = setTimeout(release, LONGEST_PRESS);
  }, { capture: true, passive: true });
  // The click comes before the next task.
  for (const kind of ["pointerup", "pointercancel", "dragstart"]) globalThis.addEventListener?.(kind, () => setTimeout(release), { capture: true, passive: true });

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

  return { nextTask, released, turns };
})();
