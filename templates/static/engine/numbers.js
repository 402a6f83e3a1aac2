// Reads the numbers that imagelib/generator/index/numbers.py writes.
"use strict";

const ImagelibNumbers = (() => {
  /** The digits by the code of their character; so many end a number, the others come before. */
  const LAST_DIGITS = 64;
  const DIGITS = new Uint8Array(128);
  let count = 0;
  for (let code = 32; code < 127; code++) if (!'"<\\'.includes(String.fromCharCode(code))) DIGITS[code] = count++;
  const FIRST_DIGITS = count - LAST_DIGITS;

  /** What was read last. One array of one kind for all callers: otherwise the loop is ten times slower. */
  let numbers = new Float64Array(1 << 12);

  /** All numbers, until the next call. @param {string} written */
  function read(written) {
    if (numbers.length < written.length) numbers = new Float64Array(2 * written.length);
    const into = numbers;
    let length = 0;
    for (let i = 0, number = 0; i < written.length; i++) {
      const digit = DIGITS[written.charCodeAt(i)];
      if (digit < LAST_DIGITS) {
        into[length++] = number * LAST_DIGITS + digit;
        number = 0;
      } else number = number * FIRST_DIGITS + digit - LAST_DIGITS + 1;
    }
    return into.subarray(0, length);
  }

  /** The same, kept in an array that has room for them. @template {Uint16Array | Int16Array | Uint32Array} T @param {string} written @param {T} into @returns {T} */
  function readInto(written, into) {
    into.set(read(written));
    return into;
  }

  /** Numbers that are written as what each one adds to the one before. @param {string} written */
  function readDeltas(written) {
    const found = read(written).slice();
    let sum = 0;
    for (let i = 0; i < found.length; i++) {
      const twice = found[i];
      found[i] = sum += twice % 2 ? -(twice + 1) / 2 : twice / 2;
    }
    return found;
  }

  return { read, readDeltas, readInto };
})();
