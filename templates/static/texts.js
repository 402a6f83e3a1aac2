// @ts-check
// The distinct texts of one column of a block, small and quick to search. They are kept folded, one
// behind the other, with the places of the capitals that folding took away; each word of the
// vocabulary that occurs has the list of the texts that hold it.
"use strict";

/**
 * @typedef {object} SoughtWords  Words of the vocabulary that are looked for.
 * @property {Uint32Array} words  Their numbers, ascending.
 * @property {Uint8Array} isSought  1 for each of them, by number.
 */

const ImagelibTexts = (() => {
  const { fold, foldWords, isNarrow, isPlain, oneByte } = ImagelibText;
  const { IN_WORD, Vocabulary, grown } = ImagelibVocabulary;
  const vocabulary = new Vocabulary();
  const [BLANK, DELETE, LONGEST] = [32, 127, 0xffff];
  /** So many texts are packed in one step. */
  const STEP = 256;
  /** So many texts are folded at once. */
  const TOGETHER = 32;
  const [HASH_START, HASH_FACTOR] = [0x811c9dc5 | 0, 0x01000193];

  // Where a column is taken apart; reused from text to text.
  let codes = new Uint16Array(256);
  let capitals = new Uint16Array(1 << 12);
  let capitalCount = 0;
  let words = new Uint32Array(1 << 12);
  let wordCount = 0;
  const signs = new Uint8Array(128);
  /** In which text each word was seen last, and its place in the column. */
  let seenIn = new Uint32Array(1 << 11);
  let rank = new Uint32Array(1 << 11);
  let stamp = 0;

  /** Texts of one width, one behind the other. @typedef {{joined: string, starts: Uint32Array}} Group */

  /** Texts arrive plain, are folded to be searched, and are packed when there is time. */
  class TextColumn {
    /** @param {string[]} texts @param {Int16Array} index @param {boolean} squeezed */
    constructor(texts, index, squeezed) {
      /** Which text each row has; -1: no row. */
      this.index = index;
      /** Whether blanks are made one space; names stay as they are. */
      this.squeezed = squeezed;
      this.count = texts.length;
      this.empty = texts.map((text) => text === "");
      /** The texts as they are, until `pack`. @type {string[] | null} */
      this.plain = texts;
      /** Those that cannot be had back from their folded form. @type {Map<number, string>} */
      this.kept = new Map();
      /** @type {Group[] | null} */
      this.groups = null;
      /** Group and place in it, by number; place -1 if there is nothing. */
      this.isWide = new Uint8Array(0);
      this.placeOf = new Int16Array(0);
      this.capitals = new Uint16Array(0);
      this.capitalStarts = new Uint32Array(0);
      /** Numbers of words, ascending, and where the texts of each one begin. */
      this.words = new Uint32Array(0);
      this.wordStarts = new Uint32Array(0);
      this.holders = new Uint16Array(0);
      /** How many texts have any word. */
      this.worded = 0;
      /** Which signs of ASCII stand between words anywhere. */
      this.signs = new Uint8Array(128);
    }

    /** Whether each word has the list of its texts. */
    get isPacked() {
      return this.plain === null;
    }

    /** A text as it was written. @param {number} number */
    text(number) {
      const kept = this.plain?.[number] ?? this.kept.get(number);
      if (kept !== undefined) return kept;
      const folded = this.folded(number);
      let text = "";
      let done = 0;
      for (let i = this.capitalStarts[number]; i < this.capitalStarts[number + 1]; i++) {
        const at = this.capitals[i];
        text += folded.slice(done, at) + folded.charAt(at).toUpperCase();
        done = at + 1;
      }
      return text + folded.slice(done);
    }

    /** A text as it is searched. @param {number} number */
    folded(number) {
      const { joined, starts } = /** @type {Group[]} */ (this.groups)[this.isWide[number]];
      const place = this.placeOf[number];
      return place < 0 ? "" : joined.slice(starts[place], starts[place + 1]);
    }

    /** Add a text that may be there already; returns its number. @param {string} text */
    add(text) {
      this.plain ??= Array.from({ length: this.count }, (_, number) => this.text(number));
      const known = this.plain.indexOf(text);
      if (known >= 0) return known;
      this.groups = null;
      this.empty.push(text === "");
      this.count = this.plain.push(text);
      return this.count - 1;
    }

    /** Make the column searchable. */
    fold() {
      if (this.groups || !this.plain) return;
      const groups = [new Gathering(), new Gathering()];
      this.isWide = new Uint8Array(this.count);
      this.placeOf = new Int16Array(this.count).fill(-1);
      for (let first = 0; first < this.count; first += TOGETHER) {
        const texts = this.plain.slice(first, first + TOGETHER);
        const folded = foldTogether(texts);
        texts.forEach((text, i) => {
          if (folded !== null) {
            if (text) this.placeOf[first + i] = groups[0].place(text.length);
          } else this.foldOne(text, first + i, groups);
        });
        if (folded !== null) groups[0].parts.push(folded);
      }
      this.groups = groups.map((group) => group.finish());
    }

    /** @param {string} text @param {number} number @param {Gathering[]} groups */
    foldOne(text, number, groups) {
      const folded = this.squeezed ? foldWords(text) : fold(text);
      if (!folded) return;
      const wide = isNarrow(folded) ? 0 : 1;
      this.isWide[number] = wide;
      this.placeOf[number] = groups[wide].place(folded.length);
      groups[wide].parts.push(wide || isNarrow(text) ? folded : oneByte(folded));
    }

    /** Make the column quick to search, and as small as it gets. */
    pack() {
      for (const _ of this.packing()) continue;
    }

    /** The same in steps of a few milliseconds. Only one column at a time may be between two of them. */
    *packing() {
      const { plain } = this;
      if (!plain) return;
      this.fold();
      const { count } = this;
      const wordEnds = new Uint32Array(count);
      const capitalStarts = new Uint32Array(count + 1);
      const kept = new Map();
      let worded = 0;
      capitalCount = wordCount = 0;
      signs.fill(0);
      for (let number = 0; number < count; number++) {
        capitalStarts[number] = capitalCount;
        const [wordsBefore, capitalsBefore] = [wordCount, capitalCount];
        stamp++;
        if (!takeApart(plain[number], false)) {
          [wordCount, capitalCount] = [wordsBefore, capitalsBefore];
          stamp++;
          takeApart(this.folded(number), true);
          kept.set(number, plain[number]);
        }
        wordEnds[number] = wordCount;
        if (wordCount > wordsBefore) worded++;
        if (number % STEP === STEP - 1) yield;
      }
      capitalStarts[count] = capitalCount;
      yield;
      if (this.count !== count) return; // edited meanwhile: it stays as it is
      Object.assign(this, { capitalStarts, kept, worded, capitals: capitals.slice(0, capitalCount), signs: signs.slice() });
      this.invert(wordEnds);
      this.plain = null;
    }

    /** From the words of each text to the texts of each word. @param {Uint32Array} wordEnds */
    invert(wordEnds) {
      const distinct = new Set(words.subarray(0, wordCount));
      this.words = Uint32Array.from(distinct).sort();
      if (rank.length < vocabulary.count) rank = grown(rank, vocabulary.count);
      this.words.forEach((word, i) => { rank[word] = i; });
      const starts = new Uint32Array(this.words.length + 1);
      for (let i = 0; i < wordCount; i++) starts[rank[words[i]] + 1]++;
      for (let i = 1; i < starts.length; i++) starts[i] += starts[i - 1];
      const next = starts.slice();
      this.holders = new Uint16Array(wordCount);
      for (let number = 0, i = 0; number < wordEnds.length; number++) {
        for (; i < wordEnds[number]; i++) this.holders[next[rank[words[i]]]++] = number;
      }
      this.wordStarts = starts;
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
  }

  /**
   * Find the words of a text, each one once. One that is not folded may have capitals, and nothing
   * else that folding would change; if it has, this stops and says so.
   * @param {string} text @param {boolean} folded
   */
  function takeApart(text, folded) {
    const { length } = text;
    if (!folded && length > LONGEST) return false;
    if (capitals.length < capitalCount + length) capitals = grown(capitals, capitalCount + length);
    if (words.length < wordCount + length) words = grown(words, wordCount + length);
    if (codes.length < length) codes = grown(codes, length);
    const [ascii, places, run] = [IN_WORD, capitals, codes];
    let found = capitalCount;
    let [letters, hash, before] = [0, HASH_START, BLANK];
    for (let i = 0; i < length; i++) {
      let code = text.charCodeAt(i);
      if (code > DELETE) {
        if (!folded) return false;
      } else if (ascii[code] === 0) {
        if (code < 65 || code > 90) {
          if (!folded && (code < BLANK || (code === BLANK && before === BLANK))) return false;
          signs[code] = 1;
          if (letters) addWord(letters, hash);
          letters = 0;
          hash = HASH_START;
          before = code;
          continue;
        }
        places[found++] = i;
        code += 32;
      }
      run[letters++] = code;
      hash = Math.imul(hash ^ code, HASH_FACTOR);
      before = code;
    }
    if (letters) addWord(letters, hash);
    capitalCount = found;
    return folded || length === 0 || before !== BLANK;
  }

  /** @param {number} letters @param {number} hash */
  function addWord(letters, hash) {
    const word = vocabulary.number(codes, letters, hash);
    if (word >= seenIn.length) seenIn = grown(seenIn, word + 1);
    if (seenIn[word] === stamp) return;
    seenIn[word] = stamp;
    words[wordCount++] = word;
  }

  /** A group that is being made: some parts hold several texts. */
  class Gathering {
    constructor() {
      /** @type {string[]} */
      this.parts = [];
      this.starts = [0];
    }

    /** The place of the next text. @param {number} length */
    place(length) {
      return this.starts.push(this.starts[this.starts.length - 1] + length) - 2;
    }

    /** @returns {Group} */
    finish() {
      return { joined: this.parts.join(""), starts: Uint32Array.from(this.starts) };
    }
  }

  /**
   * Several texts folded as one: for plain ASCII without blanks to squeeze, that is the same and much
   * quicker. Null if one of them is more than that.
   * @param {string[]} texts
   */
  function foldTogether(texts) {
    const all = texts.join("");
    return isPlain(all) && !texts.some((text) => text.startsWith(" ") || text.endsWith(" ")) ? all.toLowerCase() : null;
  }

  return { TextColumn, vocabulary };
})();
