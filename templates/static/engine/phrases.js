// The words of prompts: what stands between commas where prompts are lists, else words. Counted over what is
// found, in short tasks.
"use strict";

const ImagelibPhrases = (() => {
  const { nextTask } = ImagelibTasks;
  /** So long is counted at a time, in milliseconds. */
  const SLICE = 8;
  /** What has more words than this is a sentence, of which each word counts. */
  const LONGEST = 3;
  /** A word of a sentence has so many letters at least. */
  const SHORTEST = 3;
  const MOST = 200;
  const STOP = new Set(("a about above after all also among an and any are as at be behind below between both but by can each for from "
    + "has have her his how in into is it its like more most near no not of off on one or other out over she some than that the their "
    + "them there these they this through to under up very was were which while who with you").split(" "));
  /** LoRAs and other extra networks; weights; what stands around words. */
  const NETWORK = /<[^<>]*>/g;
  const WEIGHT = /:-?\d*\.?\d+(?=$|[)\]\s])/g;
  const EDGES = /^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu;
  const BETWEEN = /[,;|()[\]{}]|\. |\bbreak\b/;

  /** The phrases and words that a prompt is made of, each once. @param {string} prompt  Folded. */
  function phrasesOf(prompt) {
    /** @type {Set<string>} */
    const found = new Set();
    for (const part of prompt.replace(NETWORK, ",").replace(WEIGHT, "").split(BETWEEN)) {
      const phrase = part.replace(EDGES, "");
      if (!phrase) continue;
      const words = phrase.split(" ");
      if (words.length <= LONGEST) {
        if (!STOP.has(phrase)) found.add(phrase);
        continue;
      }
      for (const word of words) {
        const bare = word.replace(EDGES, "");
        if (bare.length >= SHORTEST && !STOP.has(bare)) found.add(bare);
      }
    }
    return found;
  }

  /**
   * In the prompts of how many rows of a bitmap each of them stands, the most frequent first; null if it is no
   * longer wanted.
   * @param {InstanceType<typeof ImagelibColumns.Columns>} columns @param {Uint32Array} bits
   * @param {() => boolean} isWanted @returns {Promise<Facet[] | null>}
   */
  async function count({ texts }, bits, isWanted) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    const words = ImagelibColumns.TEXT_WORDS;
    let begun = performance.now();
    for (const [slot, text] of texts.entries()) {
      if (!text) continue;
      const { prompt } = text;
      const rows = new Uint32Array(prompt.count);
      ImagelibBits.each(bits.subarray(slot * words, (slot + 1) * words), (offset) => {
        if (prompt.index[offset] >= 0) rows[prompt.index[offset]]++;
      });
      for (let number = 0; number < rows.length; number++) {
        if (!rows[number]) continue;
        for (const phrase of phrasesOf(prompt.folded(number))) counts.set(phrase, (counts.get(phrase) ?? 0) + rows[number]);
        if (performance.now() - begun < SLICE) continue;
        await nextTask();
        if (!isWanted()) return null;
        begun = performance.now();
      }
    }
    // Most stand in one prompt alone, and would only take time to be sorted.
    const several = [...counts].filter(([, some]) => some > 1);
    return (several.length < MOST ? [...counts] : several).map(([name, some]) => ({ name, count: some }))
      .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1)).slice(0, MOST);
  }

  return { count, phrasesOf };
})();
