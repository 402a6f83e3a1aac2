// Tags that images may want: those that go together with the tags they have, and those whose name is in their prompt.
// Pure functions of the page's columns.
"use strict";

const ImagelibProposals = (() => {
  const { foldWords } = ImagelibText;
  const MOST = 6;
  /** Two tags go together from so many images on that have both. */
  const TOGETHER = 2;

  /** How many images have each set of tags, by its number. @param {InstanceType<typeof ImagelibColumns.Columns>} columns */
  function setCounts({ live, tagSet, tagSets }) {
    const counts = new Uint32Array(tagSets.values.length);
    ImagelibBits.each(live, (row) => { counts[tagSet[row]]++; });
    return counts;
  }

  /** Words with one blank around each, so that whole ones are found. @param {string} text */
  const spaced = (text) => ` ${foldWords(text).replace(/[^\p{L}\p{N}]+/gu, " ").trim()} `;

  /**
   * At most six tags, the likeliest first: by how much more often a tag stands beside those of the images than at all, and by
   * the share of prompts that name it.
   * @param {InstanceType<typeof ImagelibColumns.Columns>} columns @param {Pick<KnownRecord, "tags" | "prompt_text">[]} records
   * @param {string[]} others  Not to be proposed. @returns {string[]}
   */
  function proposed(columns, records, others) {
    if (!records.length) return [];
    const { tagSets, tags: { values: names } } = columns;
    const counts = setCounts(columns);
    /** The share of the images that have a tag, by its number. @type {Map<number, number>} */
    const shares = new Map();
    const present = new Map(names.map((name, number) => [name, number]));
    for (const { tags } of records) {
      for (const tag of tags) {
        const number = present.get(tag);
        if (number !== undefined) shares.set(number, (shares.get(number) ?? 0) + 1 / records.length);
      }
    }
    const used = new Uint32Array(names.length);
    /** With how many images each tag stands beside one that the images have. @type {Map<number, Uint32Array>} */
    const beside = new Map([...shares.keys()].map((number) => [number, new Uint32Array(names.length)]));
    let total = 0;
    tagSets.values.forEach((set, i) => {
      if (!counts[i]) return;
      total += counts[i];
      for (const tag of set) used[tag] += counts[i];
      for (const tag of set) {
        const row = beside.get(tag);
        if (row) for (const other of set) row[other] += counts[i];
      }
    });
    const prompts = records.map(({ prompt_text: prompt = "" }) => spaced(prompt));
    const scores = names.map((name, other) => {
      if (!used[other] || others.includes(name) || (shares.get(other) ?? 0) > 1 - 1e-9) return 0;
      const word = spaced(name.slice(name.lastIndexOf("/") + 1));
      let score = word.trim() ? prompts.filter((prompt) => prompt.includes(word)).length / prompts.length : 0;
      for (const [tag, share] of shares) {
        const both = beside.get(tag)?.[other] ?? 0;
        if (tag !== other && both >= TOGETHER) score += share * Math.max(0, both / used[tag] - used[other] / total);
      }
      return score;
    });
    return names.map((name, i) => ({ name, score: scores[i] })).filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1)).slice(0, MOST).map(({ name }) => name);
  }

  return { proposed };
})();
