// All words of all texts, each one once, and which of them hold some letters.
// A word is a run of letters and digits; whatever else stands in a text separates words.
"use strict";

const ImagelibVocabulary = (() => {
  /** Whether a character of ASCII belongs to a word; all others do. */
  const IN_WORD = new Uint8Array(128);
  for (const letter of "abcdefghijklmnopqrstuvwxyz0123456789") IN_WORD[letter.charCodeAt(0)] = 1;
  const PIECES = /[a-z0-9\u0080-\uffff]+/g;
  /** Stands between words where they are searched; it is in none of them. */
  const SEPARATOR = "\n";
  const [HASH_START, HASH_FACTOR] = [0x811c9dc5 | 0, 0x01000193];
  /** The word that is being read. */
  let run = new Uint16Array(256);
  /** So many codes become a string at once; more would not fit the stack. */
  const CHUNK = 4096;

  /** Words one behind the other as one string, which `indexOf` searches faster than any loop. */
  class Row {
    constructor() {
      this.text = SEPARATOR;
      /** @type {number[]} */
      this.numbers = [];
      /** Where each word begins, and where the next one will. */
      this.starts = [1];
    }

    /** @param {string} words  Each one with its separator. @param {number[]} numbers @param {number[]} ends */
    append(words, numbers, ends) {
      const before = this.text.length;
      this.text += words;
      for (const number of numbers) this.numbers.push(number);
      for (const end of ends) this.starts.push(before + end);
    }

    /** The numbers of the words that hold some letters. @param {string} letters @param {boolean} atStart @param {number[]} found */
    find(letters, atStart, found) {
      const { numbers, starts, text } = this;
      let word = 0;
      for (let at = text.indexOf(letters); at >= 0; at = text.indexOf(letters, starts[word + 1] - 1)) {
        const from = atStart ? at + 1 : at;
        while (starts[word + 1] <= from) word++;
        found.push(numbers[word]);
      }
    }
  }

  class Vocabulary {
    constructor() {
      this.count = 0;
      /** The codes of all words, and where each one begins. */
      this.letters = new Uint16Array(1 << 14);
      this.starts = new Uint32Array(1 << 11);
      /** Numbers of words by their hash, plus one; at most half of the places are taken. */
      this.places = new Int32Array(1 << 12);
      this.hashes = new Int32Array(1 << 11);
      /** Words of ASCII, and all others: one wide letter makes the whole string wide. */
      this.narrow = new Row();
      this.wide = new Row();
      this.listed = 0;
      /** What was looked for last. @type {{count: number, letters: string, atStart: boolean, words: Uint32Array}} */
      this.last = { count: -1, letters: "", atStart: false, words: new Uint32Array(0) };
    }

    /** Append the numbers of the words of a text, in their order. @param {string} text  Folded. @param {number[]} numbers @param {Uint8Array} signs  Told of the signs between them. */
    addWords(text, numbers, signs) {
      const { length } = text;
      if (run.length < length) run = grown(run, length);
      const [codes, ascii] = [run, IN_WORD];
      let [letters, hash] = [0, HASH_START];
      for (let i = 0; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code < ascii.length && ascii[code] === 0) {
          signs[code] = 1;
          if (letters) numbers.push(this.number(codes, letters, hash));
          letters = 0;
          hash = HASH_START;
          continue;
        }
        codes[letters++] = code;
        hash = Math.imul(hash ^ code, HASH_FACTOR);
      }
      if (letters) numbers.push(this.number(codes, letters, hash));
    }

    /** The number of a word, made if need be. @param {Uint16Array} codes @param {number} length @param {number} hash */
    number(codes, length, hash) {
      const { letters, places, starts } = this;
      const mask = places.length - 1;
      let place = (hash ^ (hash >>> 15)) & mask;
      for (; places[place] !== 0; place = (place + 1) & mask) {
        const number = places[place] - 1;
        if (this.hashes[number] !== hash) continue;
        const start = starts[number];
        if (starts[number + 1] - start !== length) continue;
        let i = 0;
        while (i < length && letters[start + i] === codes[i]) i++;
        if (i === length) return number;
      }
      return this.add(codes, length, hash, place);
    }

    /** @param {Uint16Array} codes @param {number} length @param {number} hash @param {number} place */
    add(codes, length, hash, place) {
      const number = this.count++;
      const start = this.starts[number];
      if (number + 2 > this.starts.length) this.starts = grown(this.starts, number + 2);
      if (number + 1 > this.hashes.length) this.hashes = grown(this.hashes, number + 1);
      if (start + length > this.letters.length) this.letters = grown(this.letters, start + length);
      for (let i = 0; i < length; i++) this.letters[start + i] = codes[i];
      this.starts[number + 1] = start + length;
      this.hashes[number] = hash;
      this.places[place] = number + 1;
      if (this.count * 2 > this.places.length) this.spread();
      return number;
    }

    /** Twice as many places. */
    spread() {
      const mask = this.places.length * 2 - 1;
      this.places = new Int32Array(mask + 1);
      for (let number = 0; number < this.count; number++) {
        const hash = this.hashes[number];
        let place = (hash ^ (hash >>> 15)) & mask;
        while (this.places[place] !== 0) place = (place + 1) & mask;
        this.places[place] = number + 1;
      }
    }

    /**
     * The words that hold some letters.
     * @param {string} letters @param {boolean} atStart @param {boolean} atEnd
     */
    holding(letters, atStart, atEnd) {
      const { last } = this;
      // While one types, each search is within the one before.
      const isNarrower = last.count === this.count && last.atStart === atStart && last.letters !== ""
        && letters.startsWith(last.letters);
      const words = isNarrower ? this.among(last.words, letters, atStart, atEnd) : this.search(letters, atStart, atEnd);
      const isSought = new Uint8Array(this.count);
      for (const word of words) isSought[word] = 1;
      if (!atEnd) this.last = { count: this.count, letters, atStart, words };
      return { words, isSought };
    }

    /** @param {string} letters @param {boolean} atStart @param {boolean} atEnd */
    search(letters, atStart, atEnd) {
      this.list();
      /** @type {number[]} */
      const found = [];
      const sought = `${atStart ? SEPARATOR : ""}${letters}${atEnd ? SEPARATOR : ""}`;
      if (isAscii(letters)) this.narrow.find(sought, atStart, found);
      const narrow = found.length;
      this.wide.find(sought, atStart, found);
      const words = Uint32Array.from(found);
      if (found.length > narrow) words.sort();
      return words;
    }

    /** @param {Uint32Array} words @param {string} letters @param {boolean} atStart @param {boolean} atEnd */
    among(words, letters, atStart, atEnd) {
      const codes = Uint16Array.from({ length: letters.length }, (_, i) => letters.charCodeAt(i));
      const { length } = codes;
      return words.filter((word) => {
        const [first, end] = [this.starts[word], this.starts[word + 1] - length];
        for (let start = atEnd ? Math.max(first, end) : first; start <= (atStart ? Math.min(first, end) : end); start++) {
          let i = 0;
          while (i < length && this.letters[start + i] === codes[i]) i++;
          if (i === length) return true;
        }
        return false;
      });
    }

    /** Bring what is searched up to date. */
    list() {
      for (const row of [this.narrow, this.wide]) {
        /** @type {number[][]} */
        const [codes, numbers, ends] = [[], [], []];
        for (let number = this.listed; number < this.count; number++) {
          const [from, until] = [this.starts[number], this.starts[number + 1]];
          let most = 0;
          for (let i = from; i < until; i++) most |= this.letters[i];
          if (most < 128 !== (row === this.narrow)) continue;
          for (let i = from; i < until; i++) codes.push(this.letters[i]);
          codes.push(10);
          numbers.push(number);
          ends.push(codes.length);
        }
        let words = "";
        for (let i = 0; i < codes.length; i += CHUNK) words += String.fromCharCode(...codes.slice(i, i + CHUNK));
        if (words) row.append(words, numbers, ends);
      }
      this.listed = this.count;
    }
  }

  /** @template {Uint16Array | Uint32Array | Int32Array} T @param {T} array @param {number} length @returns {T} */
  function grown(array, length) {
    const larger = new /** @type {new (length: number) => T} */ (array.constructor)(Math.max(length, array.length * 2));
    larger.set(array);
    return larger;
  }

  const isAscii = (/** @type {string} */ text) => /^[\0-\x7f]*$/.test(text);

  /** The signs of ASCII between words, by their codes. @param {string} text  Folded. */
  const signsOf = (text) => Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))
    .filter((code) => code < 128 && IN_WORD[code] === 0);

  /** Whether a word begins behind a sign. @param {string} text  Folded. */
  const isWordBegun = (text) => /[^a-z0-9\u0080-\uffff][a-z0-9\u0080-\uffff]/.test(text);

  /** A text cut before each word that does not begin it, as texts are cut into pieces. @param {string} text  Folded. */
  const cut = (text) => text.split(/(?<=[^a-z0-9\u0080-\uffff])(?=[a-z0-9\u0080-\uffff])/);

  /**
   * The words and parts of words that a text is made of, and whether they end where it says so.
   * @param {string} text  Folded.
   */
  function piecesOf(text) {
    return [...text.matchAll(PIECES)].map(({ 0: letters, index }) =>
      ({ letters, atStart: index > 0, atEnd: index + letters.length < text.length }));
  }

  return { Vocabulary, cut, grown, isWordBegun, piecesOf, signsOf };
})();
