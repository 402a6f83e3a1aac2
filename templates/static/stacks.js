// @ts-check
// Images of one prompt as one: the first of them in the order stands for all.
"use strict";

const ImagelibStacks = (() => {
  /** Numbers that are equal where prompts are, by column. @type {WeakMap<TextColumn, Float64Array>} */
  const known = new WeakMap();

  /** 53 bits of a text: two texts with the same ones are not to be met. @param {string} text */
  function hash(text) {
    let [one, other] = [0x9e3779b9, 0x85ebca6b];
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      one = Math.imul(one ^ code, 0x01000193);
      other = Math.imul(other ^ code, 0x5bd1e995) ^ (other >>> 15);
    }
    return (one >>> 0) * 0x200000 + (other >>> 11);
  }

  /** @param {TextColumn} column */
  function hashes(column) {
    let all = known.get(column);
    if (all?.length !== column.count) {
      all = Float64Array.from({ length: column.count }, (_, number) => (column.isEmpty(number) ? 0 : hash(ImagelibText.squeeze(column.folded(number)))));
      known.set(column, all);
    }
    return all;
  }

  /** Which prompt a row has; 0 if it has none, or it has not arrived. @param {InstanceType<typeof ImagelibColumns.Columns>} columns @param {number} row */
  function promptOf(columns, row) {
    const text = columns.texts[ImagelibColumns.slotOf(row)];
    const number = text ? text.prompt.index[ImagelibColumns.offsetIn(row)] : -1;
    return text && number >= 0 ? hashes(text.prompt)[number] : 0;
  }

  /**
   * The first row of each prompt, and how many rows it stands for; prompts in `spread` keep all theirs.
   * @param {InstanceType<typeof ImagelibColumns.Columns>} columns @param {Int32Array} rows @param {Set<number>} spread
   */
  function stacked(columns, rows, spread) {
    /** @type {Map<number, number>} */
    const places = new Map();
    const first = new Int32Array(rows.length);
    const counts = new Uint32Array(rows.length);
    let length = 0;
    for (const row of rows) {
      const found = promptOf(columns, row);
      const prompt = spread.has(found) ? 0 : found;
      const place = prompt ? places.get(prompt) : undefined;
      if (place !== undefined) {
        counts[place]++;
        continue;
      }
      if (prompt) places.set(prompt, length);
      counts[length] = 1;
      first[length++] = row;
    }
    return { rows: first.subarray(0, length), counts: counts.subarray(0, length) };
  }

  return { promptOf, stacked };
})();
