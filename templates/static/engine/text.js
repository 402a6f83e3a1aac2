// How text is compared: the twin of imagelib/library/values/text.py, equal by test.
"use strict";

const ImagelibText = (() => {
  /** What Python's `str.split` takes for a blank; `\s` of JavaScript is another set. */
  const BLANK = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
  const BLANKS = new RegExp(`[${BLANK}]+`, "g");
  const EDGES = new RegExp(`^[${BLANK}]+|[${BLANK}]+$`, "g");
  const ASCII = /^[\0-\x7f]*$/;

  /** Letters that Python's casefold turns into others than `toLowerCase` does. */
  const CASEFOLD = /[ßς\u13a0-\u13fd\u1c80-\u1c88\uab70-\uabbf]/g;
  /** @type {Record<string, string>} */
  const FOLDED = { "ß": "ss", "ς": "σ" };
  [..."вдосттъѣꙋ"].forEach((letter, i) => { FOLDED[String.fromCharCode(0x1c80 + i)] = letter; });
  // Cherokee is folded to its capitals.
  for (let i = 0; i < 80; i++) FOLDED[String.fromCharCode(0xab70 + i)] = String.fromCharCode(0x13a0 + i);
  for (let i = 0; i < 6; i++) FOLDED[String.fromCharCode(0x13f8 + i)] = String.fromCharCode(0x13f0 + i);

  /** Characters beyond ASCII, and what each one is folded to: a prompt has few different ones. @type {Map<string, string>} */
  const known = new Map();
  const OTHERS = /[^\0-\x7f]/gu;

  /** Forget case, accents and compatibility forms. @param {string} text */
  function fold(text) {
    const lower = text.toLowerCase();
    return ASCII.test(lower) ? lower : lower.replace(OTHERS, foldedOther);
  }

  /** No character is folded differently beside another one. @param {string} character */
  function foldedOther(character) {
    let folded = known.get(character);
    if (folded === undefined) {
      const bare = dropMarks(character).toLowerCase();
      folded = oneByte(dropMarks(bare.replace(CASEFOLD, (letter) => FOLDED[letter] ?? letter)));
      known.set(character, folded);
    }
    return folded;
  }

  /** The same text in one byte a letter, if it can be: what `normalize` returns has two, whatever its letters. @param {string} text */
  const oneByte = (text) => (isNarrow(text) ? new TextDecoder().decode(new TextEncoder().encode(text)) : text);

  const isNarrow = (/** @type {string} */ text) => /^[\0-\xff]*$/.test(text);

  /** @param {string} text */
  const dropMarks = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "");

  /** Take blanks from both ends. @param {string} text */
  const trim = (text) => text.replace(EDGES, "");

  /** A blank that is no single space between words; most texts have none, and testing is cheap. */
  const UNTIDY_INSIDE = new RegExp(`[${BLANK.replace("\\x20", "\\x1f")}]|  `);
  const UNTIDY = new RegExp(`${UNTIDY_INSIDE.source}|^ | $`);

  /** Make every run of blanks one space, but leave those at the ends. @param {string} text */
  const squeezeInside = (text) => (UNTIDY_INSIDE.test(text) ? text.replace(BLANKS, " ") : text);

  /** Make every run of blanks one space. @param {string} text */
  const squeeze = (text) => (UNTIDY.test(text) ? trim(text.replace(BLANKS, " ")) : text);

  /** Fold, and make every run of blanks one space, so that a phrase spans lines. @param {string} text */
  const foldWords = (text) => squeeze(fold(text));

  /** Rows of distances, reused: many words are compared at once. */
  let rows = [0, 0, 0].map(() => new Uint32Array(64));

  /**
   * How many letters to change, add, drop or swap with the next one (optimal string alignment); `most` + 1 if
   * they are more than `most`.
   * @param {string} a @param {string} b @param {number} most
   */
  function distance(a, b, most) {
    const width = b.length;
    if (Math.abs(a.length - width) > most) return most + 1;
    if (rows[0].length <= width) rows = rows.map(() => new Uint32Array(2 * width + 2));
    let [before, last, row] = rows;
    for (let j = 0; j <= width; j++) last[j] = j;
    for (let i = 1; i <= a.length; i++) {
      const [letter, previous] = [a.charCodeAt(i - 1), i > 1 ? a.charCodeAt(i - 2) : -1];
      let least = row[0] = i;
      for (let j = 1; j <= width; j++) {
        const other = b.charCodeAt(j - 1);
        let far = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter === other ? 0 : 1));
        if (j > 1 && other === previous && letter === b.charCodeAt(j - 2)) far = Math.min(far, before[j - 2] + 1);
        row[j] = far;
        if (far < least) least = far;
      }
      if (least > most) return most + 1;
      [before, last, row] = [last, row, before];
    }
    return Math.min(last[width], most + 1);
  }

  /** The names of the LoRAs that generation data has. @param {string} written  As JSON. @returns {string[]} */
  function loraNames(written) {
    try {
      const found = JSON.parse(written);
      return Array.isArray(found) ? found.map((lora) => lora?.name).filter((name) => typeof name === "string") : [];
    } catch {
      return []; // whatever another program has put there
    }
  }

  return { BLANK, distance, fold, foldWords, loraNames, squeeze, squeezeInside, trim };
})();
