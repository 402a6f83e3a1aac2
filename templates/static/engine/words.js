// Finding a folded word, or a phrase, in the distinct texts of a block.
"use strict";

const ImagelibWords = (() => {
  const { cut, piecesOf, signsOf } = ImagelibVocabulary;
  const { vocabulary } = ImagelibTexts;
  const { TEXT_COLUMNS } = ImagelibColumns;
  const WRITTEN = ImagelibRegistry.TEXTS.map(({ search }) => search);
  /** So many pieces of a phrase say well enough which texts can hold it; each has its bit. */
  const MOST_PIECES = 6;

  /** What is known of a piece: nothing, that it cannot be a part of the word, that it can, that it can hold all. */
  const [UNSEEN, UNFIT, FIT, UNCUT] = [0, 1, 2, 3];

  /** One flag for each text of the column that is being searched. */
  let scratch = new Uint8Array(1024);

  /** What is looked for, whatever the block: letters within a word, or a phrase over several. */
  class Needle {
    /** @param {string} word */
    constructor(word) {
      this.word = word;
      const pieces = piecesOf(word);
      this.signs = signsOf(word);
      // Letters that no sign surrounds are in a text if they are in one of its words.
      this.isWithinWord = pieces.length === 1 && pieces[0].letters === word;
      const longest = pieces.map((piece, at) => ({ ...piece, at }))
        .sort((a, b) => b.letters.length - a.letters.length)
        .slice(0, MOST_PIECES);
      this.sought = longest.map(({ letters, atStart, atEnd }) => vocabulary.holding(letters, atStart, atEnd));
      /** The word as a text with it is cut, and which part is looked for first. */
      this.parts = cut(word);
      this.anchor = longest.length ? longest[0].at + this.parts.length - pieces.length : 0;
      this.letters = longest[0]?.letters ?? word;
    }

    /** Which of the distinct texts hold the word, until the next call; null if none does. @param {TextColumn} column */
    find(column) {
      if (scratch.length < column.count) scratch = new Uint8Array(2 * column.count);
      const flags = scratch.subarray(0, column.count).fill(0);
      if (!column.isListed) return this.prove(column, flags, 0, column.withLetters(this.letters));
      if (this.signs.some((sign) => column.signs[sign] === 0)) return null;
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
      // A piece is looked at when it is met, once for all texts.
      const anchors = isHit.map((hit) => (hit ? UNSEEN : UNFIT));
      const besides = new Uint8Array(anchors.length).fill(UNSEEN);
      let any = false;
      for (let number = 0; number < flags.length; number++) {
        const holds = flags[number] === wanted && this.isIn(column, number, anchors, besides);
        flags[number] = holds ? 1 : 0;
        any ||= holds;
      }
      return any ? flags : null;
    }

    /** @param {TextColumn} column @param {number} number @param {Uint8Array} anchors @param {Uint8Array} besides */
    isIn(column, number, anchors, besides) {
      const { anchor, parts } = this;
      const { starts, tokens } = column;
      const [from, until] = [starts[number], starts[number + 1]];
      const side = anchor > 0 ? -1 : 1;
      for (let at = from; at < until; at++) {
        const token = tokens[at];
        if (anchors[token] === UNFIT) continue;
        if (anchors[token] === UNSEEN) anchors[token] = this.fits(column, token, anchor);
        if (anchors[token] === UNFIT) continue;
        if (anchors[token] === FIT) {
          if (parts.length === 1) return true;
          const [place, beside] = [at + side, tokens[at + side]];
          if (place < from || place >= until) continue;
          if (besides[beside] === UNSEEN) besides[beside] = this.fits(column, beside, anchor + side);
          if (besides[beside] === UNFIT) continue;
        }
        const near = column.joined(column.foldedPieces, Math.max(from, at - anchor), Math.min(until, at - anchor + parts.length));
        if (near.includes(this.word)) return true;
      }
      return false;
    }

    /** Whether a piece can be one of the parts. @param {TextColumn} column @param {number} token @param {number} part */
    fits(column, token, part) {
      const piece = column.foldedPieces[token];
      const { parts } = this;
      const last = parts.length - 1;
      const isPart = last === 0 ? piece.includes(parts[0])
        : part === 0 ? piece.endsWith(parts[0])
          : part === last ? piece.startsWith(parts[last]) : piece === parts[part];
      return column.isUncut(token) ? UNCUT : isPart ? FIT : UNFIT;
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
