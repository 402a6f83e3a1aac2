// @ts-check
// Where each picture of the grid stands: justified rows, pictures in their own shape.
// Pure functions of sizes, so that nothing has to be measured and nothing ever jumps.
"use strict";

/**
 * @typedef {object} GridLayout
 * @property {Int32Array} first  The first item of each row, and one behind the last item.
 * @property {Float64Array} top  Where each row begins, and where the last one ends.
 * @property {Float64Array} height  How high the pictures of each row are.
 * @property {number} rows
 */

const ImagelibLayout = (() => {
  /** Narrower and wider pictures are cropped in the grid. */
  const [NARROWEST, WIDEST] = [0.5, 2.6];

  /** @param {number} width @param {number} height */
  const aspect = (width, height) => Math.min(WIDEST, Math.max(NARROWEST, width / height || 1));

  /**
   * Fill rows of a width with pictures of about one height.
   * @param {ArrayLike<number>} aspects @param {{width: number, height: number, gap: number, caption: number}} measures
   * @returns {GridLayout}
   */
  function justified(aspects, { width, height, gap, caption }) {
    const first = [0];
    const top = [0];
    /** @type {number[]} */
    const heights = [];
    let sum = 0;
    for (let i = 0; i < aspects.length; i++) {
      const count = i - first[first.length - 1] + 1;
      const full = (width - gap * (count - 1)) / (sum + aspects[i]);
      if (full > height) {
        sum += aspects[i];
        continue;
      }
      // The row is full: with this picture it is too low, without it too high. Take the nearer.
      const before = count > 1 ? (width - gap * (count - 2)) / sum : Infinity;
      if (before / height < height / full) close(i--, before);
      else close(i + 1, full);
      sum = 0;
    }
    if (first[first.length - 1] < aspects.length) close(aspects.length, height);

    /** @param {number} end @param {number} rowHeight */
    function close(end, rowHeight) {
      first.push(end);
      heights.push(rowHeight);
      top.push(top[top.length - 1] + rowHeight + caption + gap);
    }

    return { first: Int32Array.from(first), top: Float64Array.from(top), height: Float64Array.from(heights), rows: heights.length };
  }

  /** The row at a place. @param {GridLayout} layout @param {number} y */
  function rowAt(layout, y) {
    let [low, high] = [0, Math.max(0, layout.rows - 1)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (layout.top[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The row of an item. @param {GridLayout} layout @param {number} item */
  function rowOf(layout, item) {
    let [low, high] = [0, Math.max(0, layout.rows - 1)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (layout.first[middle] <= item) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  return { aspect, justified, rowAt, rowOf };
})();
