// @ts-check
// Finding a word in the distinct texts of a block. Each text is folded once, and for every pair of
// letters it is noted which texts have it: a word is then only looked for in texts with all its pairs.
"use strict";

/**
 * @typedef {object} FoldedTexts
 * @property {boolean} narrow  Whether all letters have one byte.
 * @property {string} joined  All texts, one behind the other: less memory than many small ones.
 * @property {number[]} starts  Where each text begins, and where the last one ends.
 * @property {number[]} numbers  Which of the column's texts each one is; empty ones are left out.
 * @property {number} words  How many words of 32 bits a bitmap of texts has.
 * @property {Uint32Array} pairs  Such a bitmap for each pair of letters.
 */

const ImagelibWords = (() => {
  /** The columns of a text block that hold words. */
  const COLUMNS = /** @type {const} */ (["prompt", "negative", "notes", "tool", "sampler"]);
  /** Letters from a to z count from 0; all other characters are one. */
  const OTHER = 26;
  const LETTERS = 27;
  const LETTER = new Uint8Array(128).fill(OTHER);
  for (let i = 0; i < 26; i++) LETTER[97 + i] = i;

  /** @param {string} text @param {number} at */
  function letterAt(text, at) {
    const code = text.charCodeAt(at);
    return code < 128 ? LETTER[code] : OTHER;
  }

  /** A folded word that is looked for. */
  class Needle {
    /** @param {string} word */
    constructor(word) {
      this.word = word;
      /** @type {Set<number>} */
      const pairs = new Set();
      for (let i = 1; i < word.length; i++) pairs.add(letterAt(word, i - 1) * LETTERS + letterAt(word, i));
      this.pairs = [...pairs];
      // One letter is the first of some pair; of two letters, the pair is the word.
      this.single = word.length === 1 ? letterAt(word, 0) : -1;
      this.narrow = isNarrow(word);
      this.exact = word.length <= 2 && /^[a-z]+$/.test(word);
    }

    /**
     * Which of the distinct texts hold the word; only those that `known` flags can.
     * @param {TextColumn} column @param {Uint8Array | undefined} known
     */
    find(column, known) {
      const flags = new Uint8Array(column.texts.length);
      for (const group of foldedOf(column)) if (this.narrow || !group.narrow) this.mark(group, known, flags);
      return flags;
    }

    /** @param {FoldedTexts} group @param {Uint8Array | undefined} known @param {Uint8Array} flags */
    mark({ joined, numbers, pairs, starts, words }, known, flags) {
      for (let word = 0; word < words; word++) {
        for (let rest = this.candidates(pairs, words, word); rest !== 0; rest &= rest - 1) {
          const text = (word << 5) + 31 - Math.clz32(rest & -rest);
          const number = numbers[text];
          if (known && known[number] === 0) continue;
          if (this.exact || joined.slice(starts[text], starts[text + 1]).includes(this.word)) flags[number] = 1;
        }
      }
    }

    /** Which of 32 texts have all pairs. @param {Uint32Array} pairs @param {number} words @param {number} word */
    candidates(pairs, words, word) {
      if (this.single >= 0) {
        let any = 0;
        for (let next = 0; next < LETTERS; next++) any |= pairs[(this.single * LETTERS + next) * words + word];
        return any;
      }
      let all = -1;
      for (const pair of this.pairs) all &= pairs[pair * words + word];
      return all;
    }
  }

  /** The folded texts of a column, those with one-byte letters apart, as others need twice the memory. @param {TextColumn} column */
  function foldedOf(column) {
    if (column.folded) return column.folded;
    const groups = [0, 1].map(() => ({ parts: /** @type {string[]} */ ([]), numbers: /** @type {number[]} */ ([]) }));
    column.texts.forEach((text, number) => {
      // Names are folded as they are, texts with their blanks squeezed.
      const folded = column.squeezed ? ImagelibText.foldWords(text) : ImagelibText.fold(text);
      if (!folded) return;
      const { numbers, parts } = groups[isNarrow(folded) ? 0 : 1];
      numbers.push(number);
      parts.push(folded);
    });
    column.folded = groups.map(({ numbers, parts }, group) => joinedTexts(parts, numbers, group === 0));
    return column.folded;
  }

  /** @param {string[]} parts @param {number[]} numbers @param {boolean} narrow @returns {FoldedTexts} */
  function joinedTexts(parts, numbers, narrow) {
    const words = Math.ceil(parts.length / 32);
    const pairs = new Uint32Array(LETTERS * LETTERS * words);
    const starts = [0];
    parts.forEach((part, text) => {
      const bit = 1 << (text & 31);
      const place = text >>> 5;
      let last = OTHER;
      for (let i = 0; i < part.length; i++) {
        const letter = letterAt(part, i);
        pairs[(last * LETTERS + letter) * words + place] |= bit;
        last = letter;
      }
      pairs[(last * LETTERS + OTHER) * words + place] |= bit;
      starts.push(starts[text] + part.length);
    });
    const joined = parts.join("");
    return { joined: narrow ? oneByte(joined) : joined, narrow, numbers, pairs, starts, words };
  }

  /** The same text in one byte a letter; what `normalize` returns has two, whatever its letters. @param {string} text */
  const oneByte = (text) => new TextDecoder().decode(new TextEncoder().encode(text));

  // eslint-disable-next-line no-control-regex -- a byte is what is meant
  const isNarrow = (/** @type {string} */ text) => /^[\0-\xff]*$/.test(text);

  /** Fold a text block as it arrives, so that the first search need not. @param {TextBlock} text */
  function prepare(text) {
    for (const name of COLUMNS) foldedOf(text[name]);
  }

  /** Set the bits of the rows whose text is flagged. @param {Uint32Array} bits @param {Int16Array} index @param {Uint8Array} flags */
  function setRows(bits, index, flags) {
    for (let word = 0; word < bits.length; word++) {
      let found = 0;
      for (let bit = 0; bit < 32; bit++) {
        const text = index[(word << 5) + bit];
        if (text >= 0 && flags[text] !== 0) found |= 1 << bit;
      }
      bits[word] |= found;
    }
  }

  return { COLUMNS, Needle, prepare, setRows };
})();
