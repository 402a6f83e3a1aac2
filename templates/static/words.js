// @ts-check
// Finding a folded word, or a phrase, in the distinct texts of a block.
"use strict";

const ImagelibWords = (() => {
  const { piecesOf, signsOf } = ImagelibVocabulary;
  const { vocabulary } = ImagelibTexts;
  /** The columns of a text block that hold words. */
  const COLUMNS = /** @type {const} */ (["prompt", "negative", "notes", "tool", "sampler"]);
  const WRITTEN = COLUMNS.slice(0, 3);
  /** So many pieces of a phrase say well enough which texts can hold it; each has its bit. */
  const MOST_PIECES = 6;

  /** One flag for each text of the column that is being searched. */
  let scratch = new Uint8Array(1024);

  /** What is looked for, whatever the block: letters within a word, or a phrase over several. */
  class Needle {
    /** @param {string} word */
    constructor(word) {
      this.word = word;
      const pieces = piecesOf(word);
      // Letters that no sign surrounds are in a text if they are in one of its words.
      this.isWithinWord = pieces.length === 1 && pieces[0].letters === word;
      this.signs = signsOf(word);
      this.sought = pieces
        .sort((a, b) => b.letters.length - a.letters.length)
        .slice(0, MOST_PIECES)
        .map(({ letters, atStart, atEnd }) => vocabulary.holding(letters, atStart, atEnd));
    }

    /** Which of the distinct texts hold the word, until the next call; null if none does. @param {TextColumn} column */
    find(column) {
      column.fold();
      if (scratch.length < column.count) scratch = new Uint8Array(2 * column.count);
      const flags = scratch.subarray(0, column.count).fill(0);
      let all = 0;
      if (column.isPacked) {
        if (this.signs.some((sign) => column.signs[sign] === 0)) return null;
        for (const [piece, sought] of this.sought.entries()) {
          if (!column.mark(sought, flags, 1 << piece)) return null;
        }
        if (this.isWithinWord) return flags;
        all = (1 << this.sought.length) - 1;
      }
      let any = false;
      for (let number = 0; number < flags.length; number++) {
        const holds = flags[number] === all && column.folded(number).includes(this.word);
        flags[number] = holds ? 1 : 0;
        any ||= holds;
      }
      return any ? flags : null;
    }
  }

  /** The columns that a field means; a bare word those that people write. @param {string} field */
  const columnsOf = (field) => (field ? COLUMNS.filter((name) => name === field) : WRITTEN);

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

  return { COLUMNS, Needle, columnsOf, setRows };
})();
