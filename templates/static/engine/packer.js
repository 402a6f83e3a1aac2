// Lists the words of text columns when the page has nothing else to do: a search before that is exact
// too, only slower.
"use strict";

const ImagelibPacker = (() => {
  /** So long a column may wait, in milliseconds, and so long is worked at a time without idle callbacks. */
  const [PATIENCE, SLICE] = [500, 6];

  class Packer {
    /** @param {() => void} done  Called when all that was added is listed. */
    constructor(done) {
      this.done = done;
      /** @type {TextColumn[]} */
      this.queue = [];
      this.isWaiting = false;
    }

    /** @param {TextBlock} text */
    add(text) {
      for (const name of ImagelibColumns.TEXT_COLUMNS) this.queue.push(text[name]);
    }

    /** List what was added, in the time that is left over. */
    start() {
      if (this.isWaiting || !this.queue.length) return;
      this.isWaiting = true;
      const work = (/** @type {IdleDeadline | undefined} */ deadline) => {
        this.isWaiting = false;
        const until = performance.now() + Math.max(SLICE, deadline?.timeRemaining() ?? 0);
        while (this.queue.length && performance.now() < until) {
          this.queue.shift()?.list();
          // A few words now, or all of them when the first letter is typed.
          ImagelibTexts.vocabulary.list();
        }
        if (!this.queue.length) this.done();
        this.start();
      };
      if ("requestIdleCallback" in globalThis) requestIdleCallback(work, { timeout: PATIENCE });
      else setTimeout(work);
    }
  }

  return { Packer };
})();
