// Bitmaps: one bit for each row, 32 of them in a word.
"use strict";

const ImagelibBits = {
  /** How many bits of a word are set. @param {number} word */
  ones(word) {
    let bits = word - ((word >>> 1) & 0x55555555);
    bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
    return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  },

  /** How many bits are set. @param {Uint32Array} bits */
  count(bits) {
    let count = 0;
    for (const word of bits) count += ImagelibBits.ones(word);
    return count;
  },

  /** Call back for each bit that is set. @param {Uint32Array} bits @param {(row: number) => void} call */
  each(bits, call) {
    for (let word = 0; word < bits.length; word++) {
      for (let rest = bits[word]; rest !== 0; rest &= rest - 1) {
        call((word << 5) + 31 - Math.clz32(rest & -rest));
      }
    }
  },

  /** @param {Uint32Array} bits @param {number} row */
  set(bits, row) {
    bits[row >>> 5] |= 1 << (row & 31);
  },
};
