// Images like one image: that look like it, or have its prompt or its seed; the most alike first.
// The twin of imagelib/library/query/likeness.py: the same rule with the same numbers.
"use strict";

const ImagelibAlike = (() => {
  /** Of 64 bits; pictures that differ in more do not look alike. */
  const FARTHEST = 14;
  /** So much nearer than pictures that only look alike. */
  const [SAME_PROMPT, SAME_SEED, SAME_MODEL, SAME_TAG] = [12, 6, 2, 1];
  /** How many images are like one at most, itself included. */
  const MOST = 500;

  /** The rows of the images like the one in a row, which comes first. @param {InstanceType<typeof ImagelibColumns.Columns>} columns @param {number} row */
  function rowsLike(columns, row) {
    const { pk, phashHigh, phashLow, tagSet, tagSets } = columns;
    const [high, low] = [phashHigh[row], phashLow[row]];
    const says = tells(high, low);
    const prompt = ImagelibStacks.promptOf(columns, row);
    const seed = seedOf(columns, row);
    const tags = new Set(tagSets.values[tagSet[row]]);
    /** @type {{row: number, far: number}[]} */
    const found = [];
    ImagelibBits.each(columns.live, (other) => {
      const apart = says && tells(phashHigh[other], phashLow[other])
        ? ImagelibBits.ones(phashHigh[other] ^ high) + ImagelibBits.ones(phashLow[other] ^ low) : 64;
      const samePrompt = prompt !== 0 && ImagelibStacks.promptOf(columns, other) === prompt;
      const sameSeed = seed !== "" && seedOf(columns, other) === seed;
      if (apart > FARTHEST && !samePrompt && !sameSeed && other !== row) return;
      const shared = tagSets.values[tagSet[other]].filter((tag) => tags.has(tag)).length;
      found.push({
        row: other,
        far: other === row ? -Infinity : apart - (samePrompt ? SAME_PROMPT : 0) - (sameSeed ? SAME_SEED : 0)
          - (columns.model[other] === columns.model[row] ? SAME_MODEL : 0) - shared * SAME_TAG,
      });
    });
    found.sort((a, b) => a.far - b.far || pk[b.row] - pk[a.row]);
    return Int32Array.from(found.slice(0, MOST), (one) => one.row);
  }

  /** Whether a hash says anything: none is known of some pictures, and those of one colour are like all. @param {number} high @param {number} low */
  const tells = (high, low) => (high | low) !== 0 && (high & low) !== -1;

  /** @param {InstanceType<typeof ImagelibColumns.Columns>} columns @param {number} row */
  const seedOf = (columns, row) => columns.texts[ImagelibColumns.slotOf(row)]?.seeds[ImagelibColumns.offsetIn(row)] ?? "";

  /** The id of the image that all of what a query finds is like, or "". @param {QueryNode} root */
  function likeOf(root) {
    const parts = root.kind === "all" ? root.parts : [root];
    for (const part of parts) if (part.kind === "like") return part.id;
    return "";
  }

  /** The ids of all images that a query wants others to be like. @param {QueryNode} node @returns {string[]} */
  function idsIn(node) {
    if (node.kind === "like") return [node.id];
    if (node.kind === "not") return idsIn(node.part);
    return node.kind === "all" || node.kind === "any" ? [...new Set(node.parts.flatMap(idsIn))] : [];
  }

  return { idsIn, likeOf, rowsLike };
})();
