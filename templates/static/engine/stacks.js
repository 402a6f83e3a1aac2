// Images of one prompt as one: the first of them in the order stands for all.
"use strict";

const ImagelibStacks = (() => {
  /** Numbers that are equal where prompts are, by column. @type {WeakMap<TextColumn, Float64Array>} */
  const known = new WeakMap();
  const [ONE, OTHER] = [0x01000193, 0x5bd1e995];

  /**
   * What a text adds to the hash of those before it: two polynomials of its letters, and the powers with
   * which what stands before it is multiplied. So the hash of a text is that of its pieces, however it is cut.
   * @param {string} text
   */
  function partOf(text) {
    const part = { one: 0, other: 0, powerOfOne: 1, powerOfOther: 1 };
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i) + 1;
      part.one = Math.imul(part.one, ONE) + code | 0;
      part.other = Math.imul(part.other, OTHER) + code | 0;
      part.powerOfOne = Math.imul(part.powerOfOne, ONE);
      part.powerOfOther = Math.imul(part.powerOfOther, OTHER);
    }
    return part;
  }

  /** 53 bits of each text; two texts with the same ones are not to be met. @param {TextColumn} column */
  function hashes(column) {
    let all = known.get(column);
    if (all?.length === column.count) return all;
    column.fold();
    const { foldedPieces, starts, tokens } = column;
    const parts = foldedPieces.map(partOf);
    all = new Float64Array(column.count);
    for (let number = 0; number < column.count; number++) {
      if (column.isText(number, "")) continue;
      const [first, last] = [starts[number], starts[number + 1] - 1];
      let [one, other] = [0, 0];
      for (let at = first; at <= last; at++) {
        let piece = foldedPieces[tokens[at]];
        // Blanks at the ends of a text are no difference.
        if (at === first && piece.startsWith(" ")) piece = piece.slice(1);
        if (at === last && piece.endsWith(" ")) piece = piece.slice(0, -1);
        const part = piece === foldedPieces[tokens[at]] ? parts[tokens[at]] : partOf(piece);
        one = Math.imul(one, part.powerOfOne) + part.one | 0;
        other = Math.imul(other, part.powerOfOther) + part.other | 0;
      }
      all[number] = (one >>> 0) * 0x200000 + (other >>> 11);
    }
    known.set(column, all);
    return all;
  }

  /** Which prompt a row has; 0 if it has none, or it has not arrived. @param {InstanceType<typeof ImagelibColumns.Columns>} columns @param {number} row */
  function promptOf(columns, row) {
    const text = columns.texts[ImagelibColumns.slotOf(row)];
    const number = text ? text.prompt.index[ImagelibColumns.offsetIn(row)] : -1;
    return text && number >= 0 ? hashes(text.prompt)[number] : 0;
  }

  /**
   * The first row of each prompt, and how many rows it stands for; prompts in `spread` keep all theirs. `places` says of
   * each row by the how-manieth it is stood for, `stacks` how many prompts there are, each image without one counted.
   * @param {InstanceType<typeof ImagelibColumns.Columns>} columns @param {Int32Array} rows @param {Set<number>} spread
   */
  function stacked(columns, rows, spread) {
    /** @type {Map<number, number>} */
    const places = new Map();
    const first = new Int32Array(rows.length);
    const counts = new Uint32Array(rows.length);
    const placeOf = new Int32Array(rows.length);
    let [length, stacks] = [0, 0];
    rows.forEach((row, i) => {
      const prompt = promptOf(columns, row);
      const place = prompt ? places.get(prompt) : undefined;
      if (place === undefined) stacks++;
      if (place !== undefined && !spread.has(prompt)) {
        counts[place]++;
        placeOf[i] = place;
        return;
      }
      if (prompt) places.set(prompt, length);
      placeOf[i] = length;
      counts[length] = 1;
      first[length++] = row;
    });
    return { rows: first.subarray(0, length), counts: counts.subarray(0, length), places: placeOf, stacks };
  }

  /**
   * All rows that are stood for by some that are shown, these included.
   * @param {Int32Array} rows  Of the whole result. @param {ReturnType<typeof stacked>} shown  Of the same. @param {(row: number) => boolean} isWanted  Of a row that is shown.
   */
  function whole(rows, shown, isWanted) {
    const wanted = Uint8Array.from(shown.rows, (row) => Number(isWanted(row)));
    return rows.filter((_, i) => wanted[shown.places[i]] === 1);
  }

  return { promptOf, stacked, whole };
})();
