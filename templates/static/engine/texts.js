// The distinct texts of one column of a block, small and quick to search. A text is a row of pieces, a word
// and what stands behind it. Once the column is listed, each word that occurs has the list of the texts that
// hold it.
// The reader of what imagelib/generator/index/pieces.py writes.
"use strict";

/**
 * @typedef {object} SoughtWords  Words of the vocabulary that are looked for.
 * @property {Uint32Array} words  Their numbers, ascending.
 * @property {Uint8Array} isSought  1 for each of them, by number.
 */

const ImagelibTexts = (() => {
  const { readInto } = ImagelibNumbers;
  const { fold, squeezeInside } = ImagelibText;
  const { Vocabulary, grown, isWordBegun } = ImagelibVocabulary;
  const vocabulary = new Vocabulary();
  // Reused from column to column.
  /** By word, in which column it was seen last, and its place there. */
  let seenIn = new Uint32Array(1 << 11);
  let rank = new Uint32Array(1 << 11);
  let columns = 0;
  /** The words of all texts of a column. */
  let found = new Uint32Array(1 << 12);

  class TextColumn {
    /** @param {{pieces: string[], count: number, lengths: string, tokens: string}} value @param {Int16Array} index @param {boolean} squeezed */
    constructor({ count, lengths, pieces, tokens }, index, squeezed) {
      /** Which text each row has; -1: no row. */
      this.index = index;
      /** Whether blanks are made one space; names stay as they are. */
      this.squeezed = squeezed;
      /** What texts are made of, as it was written and, once somebody searches, as it is searched. */
      this.pieces = pieces;
      /** @type {string[]} */
      this.foldedPieces = [];
      this.count = count;
      /** Where each text begins among the tokens, and where the last one ends. */
      this.starts = new Uint32Array(count + 1);
      readInto(lengths, this.starts.subarray(1));
      for (let number = 1; number <= count; number++) this.starts[number] += this.starts[number - 1];
      /** Numbers of pieces as the block has them, and read, once somebody needs them. */
      this.written = tokens;
      /** @type {Uint16Array | Uint32Array | null} */
      this.numbers = null;
      /** The words of all pieces, piece by piece, and where those of each one begin. @type {ArrayLike<number>} */
      this.pieceWords = [];
      this.pieceStarts = new Uint32Array(0);
      /** Whether each word has the list of its texts. */
      this.isListed = false;
      /** Numbers of words, ascending, and where the texts of each one begin. */
      this.words = new Uint32Array(0);
      this.wordStarts = new Uint32Array(0);
      this.holders = new Uint16Array(0);
      /** How many texts have any word. */
      this.worded = 0;
      /** Which signs of ASCII stand between words anywhere, by code. */
      this.signs = new Uint8Array(128);
    }

    /** A column of texts that no block holds, each one in one piece. @param {string[]} texts @param {Int16Array} index @param {boolean} squeezed */
    static of(texts, index, squeezed) {
      const pieces = [...new Set(texts)];
      const numbers = new Map(pieces.map((piece, number) => [piece, number]));
      const column = new TextColumn({ count: texts.length, lengths: "", pieces, tokens: "" }, index, squeezed);
      column.numbers = new Uint32Array(texts.length);
      for (let number = 0; number < texts.length; number++) {
        column.numbers[number] = /** @type {number} */ (numbers.get(texts[number]));
        column.starts[number + 1] = number + 1;
      }
      return column;
    }

    /** Of which of the pieces each text is made, text by text. */
    get tokens() {
      if (!this.numbers) {
        const Numbers = this.pieces.length > 0x10000 ? Uint32Array : Uint16Array;
        this.numbers = readInto(this.written, new Numbers(this.starts[this.count]));
        this.written = "";
      }
      return this.numbers;
    }

    /** Whether a text is this one, as it was written. @param {number} number @param {string} text */
    isText(number, text) {
      const { pieces, starts, tokens } = this;
      let length = 0;
      for (let at = starts[number]; at < starts[number + 1]; at++) {
        const piece = pieces[tokens[at]];
        if (!text.startsWith(piece, length)) return false;
        length += piece.length;
      }
      return length === text.length;
    }

    /** A text as it was written. @param {number} number */
    text(number) {
      return this.joined(this.pieces, this.starts[number], this.starts[number + 1]);
    }

    /** A text as it is searched, but for blanks at its ends. @param {number} number */
    folded(number) {
      this.fold();
      return this.joined(this.foldedPieces, this.starts[number], this.starts[number + 1]);
    }

    /** @param {string[]} pieces @param {number} from @param {number} until */
    joined(pieces, from, until) {
      const { tokens } = this;
      let text = "";
      for (let at = from; at < until; at++) text += pieces[tokens[at]];
      return text;
    }

    /** Fold the pieces that are not folded yet. */
    fold() {
      for (let piece = this.foldedPieces.length; piece < this.pieces.length; piece++) {
        const folded = fold(this.pieces[piece]);
        this.foldedPieces.push(this.squeezed ? squeezeInside(folded) : folded);
      }
    }

    /** Add a text that may be there already; returns its number. @param {string} text */
    add(text) {
      for (let number = 0; number < this.count; number++) if (this.isText(number, text)) return number;
      return this.append(text);
    }

    /** @param {string} text */
    append(text) {
      const end = this.starts[this.count];
      if (this.tokens.length === end) this.numbers = Uint32Array.from(grown(this.tokens, end + 1));
      if (this.starts.length < this.count + 2) this.starts = grown(this.starts, this.count + 2);
      this.tokens[end] = this.pieces.push(text) - 1;
      this.starts[this.count + 1] = end + 1;
      this.isListed = false;
      return this.count++;
    }

    /** Make the column quick to search. */
    list() {
      if (this.isListed) return;
      this.findWords();
      const { pieceWords } = this;
      if (rank.length < vocabulary.count) [rank, seenIn] = [grown(rank, vocabulary.count), grown(seenIn, vocabulary.count)];
      columns++;
      const words = [];
      for (let i = 0; i < pieceWords.length; i++) {
        const word = pieceWords[i];
        if (seenIn[word] === columns) continue;
        seenIn[word] = columns;
        words.push(word);
      }
      this.words = Uint32Array.from(words).sort();
      for (let i = 0; i < words.length; i++) rank[this.words[i]] = i;
      this.invert();
      this.isListed = true;
    }

    /** Take all pieces apart. */
    findWords() {
      this.fold();
      const { foldedPieces } = this;
      /** @type {number[]} */
      const words = [];
      this.pieceStarts = new Uint32Array(foldedPieces.length + 1);
      for (let piece = 0; piece < foldedPieces.length; piece++) {
        vocabulary.addWords(foldedPieces[piece], words, this.signs);
        this.pieceStarts[piece + 1] = words.length;
      }
      this.pieceWords = Uint32Array.from(words);
    }

    /** From the words of each text to the texts of each word. */
    invert() {
      const { count, pieceStarts, pieceWords, starts, tokens } = this;
      const places = new Uint32Array(pieceWords.length);
      for (let i = 0; i < places.length; i++) places[i] = rank[pieceWords[i]];
      const ends = new Uint32Array(count);
      const next = new Uint32Array(this.words.length + 1);
      /** The text that a word was seen in last, plus one. */
      const seen = new Uint32Array(this.words.length);
      let list = found;
      let length = 0;
      for (let number = 0; number < count; number++) {
        for (let at = starts[number], end = starts[number + 1]; at < end; at++) {
          const token = tokens[at];
          for (let i = pieceStarts[token], last = pieceStarts[token + 1]; i < last; i++) {
            const word = places[i];
            if (seen[word] === number + 1) continue;
            seen[word] = number + 1;
            next[word + 1]++;
            if (length === list.length) list = grown(list, length + 1);
            list[length++] = word;
          }
        }
        ends[number] = length;
      }
      found = list;
      for (let i = 1; i < next.length; i++) next[i] += next[i - 1];
      this.wordStarts = next.slice();
      const holders = new Uint16Array(length);
      this.worded = 0;
      for (let number = 0, i = 0; number < count; number++) {
        const end = ends[number];
        if (i < end) this.worded++;
        for (; i < end; i++) holders[next[list[i]]++] = number;
      }
      this.holders = holders;
    }

    /** Set a bit in the flags of all texts that hold one of some words; returns whether there are any. @param {SoughtWords} sought @param {Uint8Array} flags @param {number} bit */
    mark({ isSought, words: wanted }, flags, bit) {
      const { holders, wordStarts } = this;
      const all = this.words;
      let any = false;
      let left = this.worded;
      if (wanted.length > all.length >> 3) {
        for (let at = 0; at < all.length; at++) {
          if (isSought[all[at]] !== 1) continue;
          any = true;
          for (let i = wordStarts[at]; i < wordStarts[at + 1]; i++) {
            if ((flags[holders[i]] & bit) !== 0) continue;
            flags[holders[i]] |= bit;
            // The words that were met first are mostly those that are everywhere.
            if (--left === 0) return true;
          }
        }
        return any;
      }
      let at = 0;
      for (const word of wanted) {
        // Both lists ascend: go on from where the last word was, in steps that double.
        let step = 1;
        while (at + step < all.length && all[at + step] < word) step *= 2;
        let high = Math.min(at + step, all.length);
        while (at < high) {
          const middle = (at + high) >> 1;
          if (all[middle] < word) at = middle + 1;
          else high = middle;
        }
        if (at === all.length) break;
        if (all[at] !== word) continue;
        any = true;
        for (let i = wordStarts[at]; i < wordStarts[at + 1]; i++) flags[holders[i]] |= bit;
      }
      return any;
    }

    /** Which pieces hold one of some words, by number. @param {SoughtWords} sought */
    withWords({ isSought }) {
      const { pieceStarts, pieceWords } = this;
      const isHit = new Uint8Array(this.pieces.length);
      for (let piece = 0; piece < isHit.length; piece++) {
        for (let i = pieceStarts[piece]; i < pieceStarts[piece + 1]; i++) isHit[piece] |= isSought[pieceWords[i]];
      }
      return isHit;
    }

    /** Which pieces hold some letters, by number. @param {string} letters */
    withLetters(letters) {
      this.fold();
      const { foldedPieces } = this;
      const isHit = new Uint8Array(foldedPieces.length);
      for (let piece = 0; piece < isHit.length; piece++) if (foldedPieces[piece].includes(letters)) isHit[piece] = 1;
      return isHit;
    }

    /** Whether a word begins within a piece: it is none of those that texts are cut into. @param {number} piece */
    isUncut(piece) {
      const text = this.foldedPieces[piece];
      if (!this.isListed) return isWordBegun(text);
      const words = this.pieceStarts[piece + 1] - this.pieceStarts[piece];
      return words > 1 || (words === 1 && isWordBegun(text.slice(0, 2)));
    }
  }

  return { TextColumn, vocabulary };
})();
