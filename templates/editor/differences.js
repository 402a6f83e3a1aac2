// @ts-check
// What differs between two texts, word by word: pure, no page.
"use strict";

const ImagelibDifferences = (() => {
  /** Beyond this many words on both sides a comparison takes too long; then all of it differs. */
  const MOST = 4_000_000;

  /**
   * @param {string} before @param {string} after
   * @returns {{kind: "same" | "gone" | "new", text: string}[]}
   */
  function words(before, after) {
    const [a, b] = [split(before), split(after)];
    if (a.length * b.length > MOST) return joined([["gone", before], ["new", after]]);
    const lengths = longest(a, b);
    /** @type {["same" | "gone" | "new", string][]} */
    const parts = [];
    let i = 0;
    let j = 0;
    while (i < a.length || j < b.length) {
      if (i < a.length && j < b.length && a[i] === b[j]) {
        parts.push(["same", a[i]]);
        i++;
        j++;
      } else if (j >= b.length || (i < a.length && lengths[i + 1][j] >= lengths[i][j + 1])) {
        parts.push(["gone", a[i++]]);
      } else {
        parts.push(["new", b[j++]]);
      }
    }
    return joined(parts);
  }

  /** Words and what is between them. @param {string} text */
  const split = (text) => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];

  /** The length of the longest common part of every pair of tails. @param {string[]} a @param {string[]} b */
  function longest(a, b) {
    const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
    for (let i = a.length - 1; i >= 0; i--) {
      for (let j = b.length - 1; j >= 0; j--) {
        lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
      }
    }
    return lengths;
  }

  /** Neighbours of one kind are one part. @param {["same" | "gone" | "new", string][]} parts */
  function joined(parts) {
    /** @type {{kind: "same" | "gone" | "new", text: string}[]} */
    const found = [];
    for (const [kind, text] of parts) {
      const last = found.at(-1);
      if (last?.kind === kind) last.text += text;
      else if (text) found.push({ kind, text });
    }
    return found;
  }

  return { words };
})();
