// @ts-check
// Folds text blocks when they come, and packs them later, when the page has nothing else to do:
// a search before that is exact too, only slower.
"use strict";

const ImagelibPacker = (() => {
  /** So long a block may wait, in milliseconds, and so long is worked at a time without idle callbacks. */
  const [PATIENCE, SLICE] = [500, 6];

  class Packer {
    constructor() {
      /** @type {TextColumn[]} */
      this.queue = [];
      /** The steps of the column that is being packed. @type {Iterator<void> | null} */
      this.steps = null;
      this.isWaiting = false;
    }

    /** @param {TextBlock} text */
    add(text) {
      for (const name of ImagelibWords.COLUMNS) {
        text[name].fold();
        this.queue.push(text[name]);
      }
    }

    /** Pack what was added, in the time that is left over. */
    start() {
      if (this.isWaiting) return;
      this.isWaiting = true;
      const work = (/** @type {IdleDeadline | undefined} */ deadline) => {
        this.isWaiting = false;
        const until = performance.now() + Math.max(SLICE, deadline?.timeRemaining() ?? 0);
        while ((this.steps ??= this.queue.shift()?.packing() ?? null) && performance.now() < until) {
          if (this.steps.next().done) this.steps = null;
        }
        if (this.steps) this.start();
      };
      if ("requestIdleCallback" in window) requestIdleCallback(work, { timeout: PATIENCE });
      else setTimeout(work);
    }
  }

  return { Packer };
})();
