// Images like one image: that look alike, come from the same seed or prompt, or share model and tags.
"use strict";

const ImagelibAlike = (() => {
  /** Of 64 bits; pictures that differ in more do not look alike. */
  const FARTHEST = 14;
  /** So much nearer than pictures that only look alike. */
  const [SAME_PROMPT, SAME_SEED, SAME_MODEL, SAME_TAG] = [12, 6, 2, 1];
  const MOST = 500;

  /** The rows of the images like the one in a row, which comes first, the most alike next. @param {number} row */
  async function rowsLike(row) {
    const { columns } = ImagelibIndex;
    const phashes = await ImagelibFiles.phashes();
    const phash = phashes.get(columns.pk[row]);
    const prompt = ImagelibStacks.promptOf(columns, row);
    const seed = seedOf(columns, row);
    const tags = new Set(columns.tagSets.values[columns.tagSet[row]]);
    /** @type {{row: number, far: number}[]} */
    const found = [];
    ImagelibBits.each(columns.live, (other) => {
      const its = phashes.get(columns.pk[other]);
      const far = phash && its ? ImagelibBits.ones(phash[0] ^ its[0]) + ImagelibBits.ones(phash[1] ^ its[1]) : 64;
      const samePrompt = prompt !== 0 && ImagelibStacks.promptOf(columns, other) === prompt;
      const sameSeed = seed !== "" && seedOf(columns, other) === seed;
      if (far > FARTHEST && !samePrompt && !sameSeed) return;
      const shared = columns.tagSets.values[columns.tagSet[other]].filter((tag) => tags.has(tag)).length;
      found.push({
        row: other,
        far: other === row ? -Infinity : far - (samePrompt ? SAME_PROMPT : 0) - (sameSeed ? SAME_SEED : 0)
          - (columns.model[other] === columns.model[row] ? SAME_MODEL : 0) - shared * SAME_TAG,
      });
    });
    found.sort((a, b) => a.far - b.far || b.row - a.row);
    return Int32Array.from(found.slice(0, MOST), (one) => one.row);
  }

  /** @param {InstanceType<typeof ImagelibColumns.Columns>} columns @param {number} row */
  const seedOf = (columns, row) => columns.texts[ImagelibColumns.slotOf(row)]?.seeds[ImagelibColumns.offsetIn(row)] ?? "";

  return { rowsLike };
})();
