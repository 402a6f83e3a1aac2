// What differs between two images: words of their prompts, and their settings.
// Pure functions, no DOM.
"use strict";

const ImagelibDiff = (() => {
  /** A longer prompt is compared by its first words only; the table grows with the square. */
  const MOST = 600;

  /** Words and the signs that end phrases; blanks do not count. @param {string} text */
  const wordsOf = (text) => (text.match(/[^\s,;|()[\]{}<>]+|[,;|()[\]{}<>]/g) ?? []).slice(0, MOST);

  /**
   * The parts of both texts in order: kept, taken away, or added.
   * The longest common subsequence, by the table of Wagner and Fischer (1974).
   * @param {string} before @param {string} after
   * @returns {{kind: "same" | "gone" | "new", text: string}[]}
   */
  function words(before, after) {
    const [a, b] = [wordsOf(before), wordsOf(after)];
    const width = b.length + 1;
    const table = new Uint16Array((a.length + 1) * width);
    for (let i = a.length - 1; i >= 0; i--) {
      for (let j = b.length - 1; j >= 0; j--) {
        table[i * width + j] = a[i] === b[j] ? table[(i + 1) * width + j + 1] + 1
          : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
      }
    }
    /** @type {{kind: "same" | "gone" | "new", text: string}[]} */
    const parts = [];
    const add = (/** @type {"same" | "gone" | "new"} */ kind, /** @type {string} */ word) => {
      const last = parts.at(-1);
      const glue = /^[,;|)\]}>]$/.test(word) ? "" : " ";
      if (last?.kind === kind) last.text += glue + word;
      else parts.push({ kind, text: word });
    };
    let [i, j] = [0, 0];
    while (i < a.length || j < b.length) {
      if (i < a.length && j < b.length && a[i] === b[j]) {
        add("same", a[i++]);
        j++;
      } else if (j >= b.length || (i < a.length && table[(i + 1) * width + j] >= table[i * width + j + 1])) {
        add("gone", a[i++]);
      } else {
        add("new", b[j++]);
      }
    }
    return parts;
  }

  /** A field of a record as a text. @param {RegisteredField} field @param {Partial<KnownRecord & ImageFields>} record */
  function written({ kind, name }, record) {
    const value = record[name];
    if (kind === "date") return ImagelibDates.written(String(value ?? ""));
    return Array.isArray(value) ? value.join(", ") : value || "";
  }

  /** In words, as the panel has them. @param {KnownRecord} record @param {Record<string, string>} names @returns {Record<string, string>} */
  function settingsOf(record, names) {
    const { more, rows } = ImagelibSettings.rowsOf(record, names);
    return {
      Model: record.ai_model,
      ...Object.fromEntries([...more, ...rows].map(([name, parts]) => [name, parts.map(({ text }) => text).join("")])),
      ...Object.fromEntries(ImagelibRegistry.FIELDS.flatMap((field) => (field.compared ? [[field.compared, String(written(field, record))]] : []))),
      Size: record.width ? `${record.width} × ${record.height}` : "",
    };
  }

  /**
   * The settings in which images differ: what it is called, and the value of each.
   * @param {KnownRecord[]} records @param {Record<string, string>} names  What settings are called. @returns {[string, ...string[]][]}
   */
  function settings(records, names) {
    const all = records.map((record) => settingsOf(record, names));
    return [...new Set(all.flatMap((one) => Object.keys(one)))]
      .map((name) => /** @type {[string, ...string[]]} */ ([name, ...all.map((one) => one[name] ?? "")]))
      .filter(([, first, ...others]) => others.some((other) => other !== first));
  }

  return { settings, words };
})();
