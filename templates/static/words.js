// @ts-check
// Finding a folded word, or a phrase, in the distinct texts of a block.
"use strict";

const ImagelibWords = (() => {
  const { piecesOf } = ImagelibVocabulary;
  const { vocabulary } = ImagelibTexts;
  const { TEXT_COLUMNS } = ImagelibColumns;
  const WRITTEN = TEXT_COLUMNS.slice(0, 3);
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
      // The pieces of a text begin where its words do; before the first one the sought word can have signs.
      const before = pieces[0]?.atStart ? 1 : 0;
      const longest = pieces.map((piece, i) => ({ ...piece, back: i + before, on: pieces.length - i }))
        .sort((a, b) => b.letters.length - a.letters.length)
        .slice(0, MOST_PIECES);
      this.sought = longest.map(({ letters, atStart, atEnd }) => vocabulary.holding(letters, atStart, atEnd));
      /** What the piece with the longest word has, and how many pieces before it and from it on can hold all. */
      this.anchor = longest[0] ?? { letters: word, back: 0, on: 1 };
    }

    /** Which of the distinct texts hold the word, until the next call; null if none does. @param {TextColumn} column */
    find(column) {
      if (scratch.length < column.count) scratch = new Uint8Array(2 * column.count);
      const flags = scratch.subarray(0, column.count).fill(0);
      if (!column.isListed) return this.prove(column, flags, 0, column.withLetters(this.anchor.letters));
      for (const [piece, sought] of this.sought.entries()) {
        if (!column.mark(sought, flags, 1 << piece)) return null;
      }
      if (this.isWithinWord) return flags;
      const isHit = this.sought.length ? column.withWords(this.sought[0]) : column.withLetters(this.word);
      return this.prove(column, flags, (1 << this.sought.length) - 1, isHit);
    }

    /**
     * Of the texts with certain flags, those that hold the word; null if none does.
     * @param {TextColumn} column @param {Uint8Array} flags @param {number} wanted @param {Uint8Array} isHit  Which pieces can be the anchor.
     */
    prove(column, flags, wanted, isHit) {
      if (!isHit.includes(1)) return null;
      const { anchor, word } = this;
      let any = false;
      for (let number = 0; number < flags.length; number++) {
        const holds = flags[number] === wanted && column.holds(number, word, isHit, anchor.back, anchor.on);
        flags[number] = holds ? 1 : 0;
        any ||= holds;
      }
      return any ? flags : null;
    }
  }

  /** The columns that a field means; a bare word those that people write. @param {string} field */
  const columnsOf = (field) => (field ? TEXT_COLUMNS.filter((name) => name === field) : WRITTEN);

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

  return { Needle, columnsOf, setRows };
})();
