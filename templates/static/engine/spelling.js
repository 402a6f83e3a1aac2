// "Did you mean": where words find nothing, those that do occur and are spelled almost so.
"use strict";

/** @typedef {{query: string, count: number}} Meant  Another query, and how many images it finds. */

const ImagelibSpelling = (() => {
  const { distance, fold, foldWords } = ImagelibText;
  const { parse, quote } = ImagelibQuery;
  const { cut, piecesOf } = ImagelibVocabulary;
  const { vocabulary } = ImagelibTexts;
  /** The fields whose values are names. */
  const VALUED = ["tag", "model", "tool", "sampler", "lora"];
  /** So many words are weighed for one that finds nothing, so many queries tried, so many offered. */
  const [MOST_WORDS, MOST_TRIED, MOST_OFFERED] = [6, 12, 3];

  /** @typedef {InstanceType<typeof ImagelibSearch.Searcher>} Searcher */
  /** @typedef {{word: string, far: number}} Near  What occurs, and by how many letters it differs. */

  /** How many letters may differ: a short word with another letter is another word. @param {string} word */
  const allowed = (word) => (word.length < 4 ? 0 : word.length < 7 ? 1 : 2);

  /** Of the names and words in a list, those near a word. @param {string} word @param {Iterable<string>} words  Folded. @returns {Near[]} */
  function among(word, words) {
    const most = allowed(word);
    return [...new Set(words)].map((other) => ({ word: other, far: distance(word, other, most) })).filter(({ far }) => far <= most);
  }

  /**
   * Of the words of all texts, those near a word. Most are told apart by which letters they have, which costs a
   * fraction of comparing them: each edit changes at most two.
   * @param {string} word  Folded.
   */
  function inTexts(word) {
    const { count, letters, starts } = vocabulary;
    const most = allowed(word);
    const maskOf = (/** @type {ArrayLike<number>} */ codes, /** @type {number} */ from, /** @type {number} */ until) => {
      let mask = 0;
      for (let i = from; i < until; i++) mask |= 1 << (codes[i] & 31);
      return mask;
    };
    const wanted = maskOf(Uint16Array.from(word, (_, i) => word.charCodeAt(i)), 0, word.length);
    const found = [];
    for (let number = 0; number < count; number++) {
      const [start, end] = [starts[number], starts[number + 1]];
      if (Math.abs(end - start - word.length) > most || ImagelibBits.ones(maskOf(letters, start, end) ^ wanted) > 2 * most) continue;
      found.push(String.fromCharCode(...letters.subarray(start, end)));
    }
    return among(word, found);
  }

  /** How many images a condition finds. @param {Searcher} search @param {QueryNode} root */
  const countOf = (search, root) => ImagelibBits.count(search.found({ root }));

  /** The nearest first, then those that begin alike, then the most frequent. @param {Searcher} search @param {string} word @param {Near[]} near @param {(word: string) => QueryNode} asking */
  function ranked(search, word, near, asking) {
    const begins = (/** @type {Near} */ other) => Number(other.word[0] === word[0]);
    return near.sort((a, b) => a.far - b.far || begins(b) - begins(a)).slice(0, MOST_WORDS)
      .map((other) => ({ ...other, count: countOf(search, asking(other.word)) }))
      .filter(({ count }) => count)
      .sort((a, b) => a.far - b.far || begins(b) - begins(a) || b.count - a.count)
      .map(({ word: meant }) => meant);
  }

  /** Words in place of one that finds nothing, and where it is not whole, the whole ones. @param {Searcher} search @param {string} word  Folded. */
  function wordsFor(search, word) {
    /** @returns {QueryNode} */
    const asking = (/** @type {string} */ sought) => ({ kind: "word", word: sought, field: "" });
    if (!allowed(word)) return { isWrong: false, words: [] };
    const isWrong = countOf(search, asking(word)) === 0;
    search.facets.prepare();
    const { folded } = search.facets;
    const names = [...folded.tags, ...folded.models].flatMap((name) => piecesOf(name).map(({ letters }) => letters));
    const near = [...inTexts(word), ...among(word, names)];
    const unlike = [...new Map(near.map((one) => [one.word, one])).values()];
    // A part of a word, as one types it, is right unless another word is not.
    const whole = isWrong ? unlike : unlike.some(({ far }) => far === 0) ? [] : unlike.filter((one) => one.word.includes(word));
    return { isWrong, words: ranked(search, word, whole, asking) };
  }

  /** What may have been meant by plain words. @param {Searcher} search @param {string} value */
  function textsFor(search, value) {
    const pieces = cut(foldWords(value)).map((piece) => {
      const letters = piecesOf(piece)[0]?.letters ?? "";
      return { letters, piece, ...wordsFor(search, letters) };
    });
    const most = Math.max(0, ...pieces.map(({ words }) => words.length));
    return {
      isWrong: pieces.some(({ isWrong }) => isWrong),
      texts: Array.from({ length: most }, (_, i) => quote(pieces.map(({ letters, piece, words }) =>
        (words.length ? piece.replace(letters, words[i] ?? words[0]) : piece)).join(""))),
    };
  }

  /** The values that there are of a field, as they are written. @param {Searcher} search @param {string} field */
  function valuesOf({ columns, facets }, field) {
    const names = VALUED.includes(field) ? facets.valuesOf(field, columns.live).map(({ name }) => name) : [];
    // A tag is also found by what it lies below.
    return field === "tag" ? names.flatMap((name) => [name, ...Array.from(name.matchAll(/\//g), ({ index }) => name.slice(0, index))]) : names;
  }

  /** What may have been meant by the value of a field. @param {Searcher} search @param {string} field @param {string} value */
  function valuesFor(search, field, value) {
    const names = valuesOf(search, field);
    const asking = (/** @type {string} */ sought) => ImagelibQueryFields.condition(field, sought);
    const word = foldWords(value);
    if (!names.length || !word || countOf(search, asking(word))) return { isWrong: false, texts: [] };
    const written = new Map(names.map((name) => [fold(name), name]));
    // Parts of a name are enough, but for tags.
    const parts = field === "tag" ? [] : [...written.keys()].flatMap((name) => piecesOf(name).map(({ letters }) => letters));
    const words = ranked(search, word, among(word, [...written.keys(), ...parts]), asking);
    return { isWrong: true, texts: words.map((meant) => `${field}:${quote(written.get(meant) ?? meant)}`) };
  }

  /**
   * Queries that find something and differ from one that does not by how words, and values of fields, are
   * spelled; the likeliest first, three at most.
   * @param {Searcher} search @param {string} text  Of the query. @returns {Meant[]}
   */
  function meant(search, text) {
    const places = parse(text).parts.filter(({ kind, negated }) => kind === "term" && !negated).map((part) =>
      ({ ...part, ...(part.field ? valuesFor(search, part.field, part.value) : textsFor(search, part.value)) }))
      .filter(({ texts }) => texts.length);
    if (!places.some(({ isWrong }) => isWrong)) return [];
    /** From the end, so that places before it stay where they are. */
    let queries = [text];
    for (const { start, end, texts } of places.reverse()) {
      queries = texts.flatMap((written) => queries.map((query) => query.slice(0, start) + written + query.slice(end))).slice(0, MOST_TRIED);
    }
    return queries.map((query) => ({ query, count: countOf(search, parse(query).root) }))
      .filter(({ count }) => count).slice(0, MOST_OFFERED);
  }

  return { meant };
})();
