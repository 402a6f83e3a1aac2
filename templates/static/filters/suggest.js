// Suggestions in the search box: values after `tag:`, `-tag:`, `model:`, `tool:`, `sampler:`, `lora:`, `size:`,
// and tags for a plain word, each with how many images it would leave.
"use strict";

const ImagelibSuggest = (() => {
  const { mount, setText } = ImagelibDom;
  /** What is being written before the caret: sign, field, an opening quote, the start of a value. */
  const UNFINISHED = /(^|[\s(])(-?)(?:(tags?|model|tool|sampler|lora|size):)?("?)([^\s"()]*)$/i;
  const QUOTED = /(^|[\s(])(-?)(tags?|model|tool|sampler|lora):(")([^"]*)$/i;
  /** A plain word gets suggestions from this many letters on. */
  const LEAST = 2;

  /** @typedef {(field: string, query: string) => Facet[]} ValuesOf  Of a field, in what a query finds. */

  /** @param {string} before  The text before the caret. */
  function unfinished(before) {
    const found = QUOTED.exec(before) ?? UNFINISHED.exec(before);
    if (!found) return null;
    const [, space, sign, field = "", quote, value] = found;
    if (!field && (quote || value.length < LEAST)) return null;
    return { start: found.index + space.length, sign, field: field.toLowerCase().replace("tags", "tag"), value };
  }

  /**
   * @param {HTMLInputElement} box
   * @param {ValuesOf} valuesOf
   * @param {(query: string) => void} change
   */
  function start(box, valuesOf, change) {
    const caret = () => box.selectionStart ?? box.value.length;
    ImagelibCombobox.start(box, mount("suggestions"), () => {
      const names = suggestions(box.value, caret(), valuesOf);
      setText(mount("suggested"), names.length ? `${names.length} suggestions` : "");
      return names;
    }, (name) => {
      const at = caret();
      const part = unfinished(box.value.slice(0, at));
      if (!part) return;
      const term = `${part.sign}${part.field || "tag"}:${ImagelibQuery.quote(name)} `;
      const rest = box.value.slice(at).replace(/^"?\s*/, "");
      change(box.value.slice(0, part.start) + term + rest);
      box.setSelectionRange(part.start + term.length, part.start + term.length);
    }, { isFree: true });
  }

  /** @param {string} text @param {number} caret @param {ValuesOf} valuesOf */
  function suggestions(text, caret, valuesOf) {
    const part = unfinished(text.slice(0, caret));
    if (!part) return [];
    // The counts are those of the query without what is being written.
    const names = valuesOf(part.field || "tag", `${text.slice(0, part.start)} ${text.slice(caret)}`);
    const wanted = ImagelibText.fold(part.value);
    const begins = (/** @type {Facet} */ { name }) => Number(ImagelibText.fold(name).startsWith(wanted));
    return names.filter(({ name }) => ImagelibText.fold(name).includes(wanted)).sort((a, b) => begins(b) - begins(a));
  }

  return { start };
})();
