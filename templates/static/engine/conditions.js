// The conditions of a query, read and written by what one clicks. Conditions that stand side by side narrow
// the result; alternatives of one field stand in parentheses: `(model:a or model:b)`.
"use strict";

/**
 * @typedef {{start: number, end: number, values: string[]}} Choice  Where it stands in the text; an image that has one of the values meets it.
 * @typedef {(value: string) => boolean} IsOwn  Whether a value of a field is one of those that are meant.
 */

const ImagelibConditions = (() => {
  const { parse, quote } = ImagelibQuery;
  const { trim } = ImagelibText;

  /** Of so many conditions at most it is said what leaving them out would find. */
  const MOST_WAYS = 8;

  const anyValue = () => true;

  /** The text without one of its parts. @param {string} text @param {QueryPart} part */
  function without(text, part) {
    const { parts } = parse(text);
    const index = parts.findIndex((other) => other.start === part.start);
    const [before, after] = [parts[index - 1], parts[index + 1]];
    let { start, end } = part;
    // The last condition of an alternative takes its `or` along.
    if ((!before || before.kind === "or") && (!after || after.kind === "or")) {
      if (before) start = before.start;
      else if (after) end = after.end;
    }
    return replaced(text, { start, end }, "");
  }

  /** @param {string} text @param {{start: number, end: number}} place @param {string} written */
  const replaced = (text, { start, end }, written) =>
    trim([text.slice(0, start).trimEnd(), written, text.slice(end).trimStart()].filter(Boolean).join(" "));

  /** The text with one more condition that all results meet. @param {string} text @param {string} term */
  function adding(text, term) {
    const base = parse(text).parts.some(({ kind }) => kind === "or") ? `(${text})` : text;
    return trim(`${base.trim()} ${term}`);
  }

  /**
   * The values of parts that are nothing but alternatives of a field, else null.
   * @param {QueryPart[]} parts @param {string} field @param {string} text  That the parts are of.
   * @returns {string[] | null}
   */
  function alternatives(parts, field, text) {
    if (parts.length === 1 && parts[0].kind === "group" && !parts[0].negated) return within(parts[0], field, text);
    const isOne = (/** @type {QueryPart} */ part) => part.kind === "term" && part.field === field && !part.negated;
    return parts.length % 2 && parts.every((part, i) => (i % 2 ? part.kind === "or" : isOne(part)))
      ? parts.filter((_, i) => i % 2 === 0).map(({ value }) => value) : null;
  }

  /** Of a group in parentheses. @param {QueryPart} group @param {string} field @param {string} text */
  function within(group, field, text) {
    const inner = text.slice(group.start + 1, group.end - 1);
    return alternatives(parse(inner).parts, field, inner);
  }

  /**
   * What the query wants of a field, and does not want; nothing of it where alternatives of several
   * fields make up the query, as then no value is wanted of all results.
   * @param {string} text @param {string} field @param {IsOwn} isOwn
   * @returns {{choices: Choice[], unwanted: QueryPart[]}}
   */
  function conditionsOf(text, field, isOwn = anyValue) {
    const { parts } = parse(text);
    if (parts.some(({ kind }) => kind === "or")) {
      const values = alternatives(parts, field, text);
      return { choices: values?.every(isOwn) ? [{ start: parts[0].start, end: parts[parts.length - 1].end, values }] : [], unwanted: [] };
    }
    /** @type {Choice[]} */
    const choices = [];
    for (const part of parts) {
      const values = alternatives([part], field, text);
      if (values?.every(isOwn)) choices.push({ start: part.start, end: part.end, values });
    }
    return { choices, unwanted: parts.filter((part) => part.kind === "term" && part.field === field && part.negated && isOwn(part.value)) };
  }

  /** One condition as it is written; without a field it is text, whatever else it could be read as. @param {string} field @param {string} value */
  function termOf(field, value) {
    if (field) return `${field}:${quote(value)}`;
    return /^[\p{L}\p{N}]+$/u.test(value) && value !== "or" ? value : `"${value.replaceAll('"', '""')}"`;
  }

  /** Alternatives as they are written. @param {string} field @param {string[]} values */
  function written(field, values) {
    const terms = values.map((value) => termOf(field, value));
    return terms.length > 1 ? `(${terms.join(" or ")})` : terms.join("");
  }

  /** The text whose only wish for a field are these alternatives; none for no value. @param {string} text @param {string} field @param {string[]} values @param {IsOwn} isOwn */
  function setting(text, field, values, isOwn = anyValue) {
    const { choices } = conditionsOf(text, field, isOwn);
    // From the end, so that places before it stay where they are; the first one takes the new values.
    let result = text;
    for (let i = choices.length - 1; i >= 0; i--) {
      result = replaced(result, choices[i], i ? "" : written(field, values));
    }
    return choices.length || !values.length ? result : adding(result, written(field, values));
  }

  /** The text without what it does not want of a field. @param {string} text @param {string} field @param {IsOwn} isOwn */
  function allowing(text, field, isOwn = anyValue) {
    for (let result = text; ;) {
      const [part] = conditionsOf(result, field, isOwn).unwanted;
      if (!part) return result;
      result = without(result, part);
    }
  }

  /** The text with other alternatives in place of a choice; without it for none. @param {string} text @param {Choice} choice @param {string} field @param {string[]} values */
  const replacing = (text, choice, field, values) => replaced(text, choice, written(field, values));

  /**
   * The queries that are left without one of the conditions and find something.
   * @param {string} text @param {(query: string) => number} countOf
   */
  const wider = (text, countOf) => parse(text).parts.filter(({ kind }) => kind !== "or").slice(0, MOST_WAYS).map((part) => {
    const query = without(text, part);
    return { without: text.slice(part.start, part.end), query, count: countOf(query) };
  }).filter(({ count, query }) => count && query);

  /**
   * While one writes `tag:` or the first letters of a tag, its value is still to come: the rest of the
   * query without it, or null.
   * @param {string} text @param {(letters: string) => boolean} isBegun  Whether a tag begins with these letters.
   */
  function unfinished(text, isBegun) {
    const found = /(^|[\s(])-?([A-Za-z_]+):"?([^\s"()]*)$/.exec(text);
    const field = found && ImagelibQueryFields.fieldNamed(found[2]);
    if (!found || !field) return null;
    const isWritten = found[3] && (field !== "tag" || !isBegun(ImagelibText.fold(found[3])));
    return isWritten ? null : text.slice(0, found.index);
  }

  return { adding, allowing, conditionsOf, replacing, setting, termOf, unfinished, wider, without };
})();
