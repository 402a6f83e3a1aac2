// The fields of the search grammar: the twin of imagelib/library/query/fields.py.
"use strict";

/**
 * @typedef {{kind: "all" | "any", parts: QueryNode[]}
 *   | {kind: "not", part: QueryNode}
 *   | {kind: "word", word: string, field: string}
 *   | {kind: "tag", tag: string}
 *   | {kind: "picked", who: string}
 *   | {kind: "lora", word: string}
 *   | {kind: "pixels", side: "width" | "height", low: number, high: number}
 *   | {kind: "shape", shape: string}
 *   | {kind: "file", word: string, original?: boolean}
 *   | {kind: "seed", seed: string}
 *   | {kind: "id" | "like", id: string}
 *   | {kind: "rating", low: number, high: number}
 *   | {kind: "dates", first: string, last: string}
 *   | {kind: "has", field: string}
 *   | {kind: "state", state: string}} QueryNode  A condition, or a group of conditions.
 */

const ImagelibQueryFields = (() => {
  const { FIELDS: FIELDS_OF_IMAGES, TEXTS, ofEachText } = ImagelibRegistry;
  const { distance, fold, foldWords, squeeze, trim } = ImagelibText;

  /** @type {Record<string, string>} */
  const SORTS = { date: "captured_at", rating: "rating", created: "created_at", name: "name", size: "size", random: "random-0", album: "album" };
  /** @type {Record<string, string>} */
  const ALIASES = { ...aliasesOf(FIELDS_OF_IMAGES), name: "file", filename: "file" };
  const HAS = [...TEXTS.map(({ search }) => search), "tags", "model", "rating", "tool", "sampler", "seed", "picks"];
  /** @type {Record<string, string>} */
  const HAS_ALIASES = { tag: "tags", pick: "picks", ...aliasesOf(TEXTS) };
  /** @type {Record<string, QueryNode>} */
  const IS = {
    rated: { kind: "rating", low: 1, high: 5 },
    unrated: { kind: "rating", low: 0, high: 0 },
    tagged: { kind: "has", field: "tags" },
    untagged: { kind: "not", part: { kind: "has", field: "tags" } },
    ok: { kind: "state", state: "ok" },
    missing: { kind: "state", state: "missing" },
    altered: { kind: "state", state: "altered" },
    portrait: { kind: "shape", shape: "portrait" },
    landscape: { kind: "shape", shape: "landscape" },
    square: { kind: "shape", shape: "square" },
  };
  const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  const RANGE = /^([^.]*)\.\.([^.]*)$/;
  const COMPARISON = /^(>=|<=|>|<|=)?([^.]+)$/;
  const RANDOM = /^random-\d{1,9}$/;
  const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/;
  /** A first moment that never comes. */
  const NEVER = "9999~";

  /** What is an operator elsewhere, and is a word here. @type {Record<string, string>} */
  const FOREIGN = {
    AND: "AND is searched as a word; all conditions have to hold anyway",
    "&&": "&& is searched as text; all conditions have to hold anyway",
    NOT: "NOT is searched as a word; write - in front of what shall not be found",
    OR: "OR is searched as a word; it joins what stands before and behind it",
    "||": "|| is searched as text; write or between two conditions",
  };
  const COMPARED = /^([A-Za-z_]+)(?:[<>]=?|=)./u;
  const SIGNED = /^[!+][^!+=.,;:()[\]{}<>"'*-]/u;
  const SIZE = /^(\d{1,7})\s?[xX×]\s?(\d{1,7})$/u;
  /** No picture is as wide or high in pixels. */
  const MOST_PIXELS = 9_999_999;
  /** What these fields take, and no other. */
  const SPAN = /^(?:(?:[<>]=?|=)\d+(?:\.\d+)?|\d+\.\.\d*|\.\.\d+)$/;
  const SPANNED = ["rating", "date", "width", "height"];

  /** The value is none of the field's; the text says what it takes. */
  class BadValueError extends Error {}

  /** Every field but `sort`, which is no condition. @type {Record<string, (field: string, value: string) => QueryNode>} */
  const FIELDS = {
    tag: (field, value) =>
      ({ kind: "tag", tag: something(field, fold(squeeze(value)).replace(/\/+$/, "")) }),
    model: name,
    rating,
    date,
    tool: name,
    sampler: name,
    seed: (_field, value) => ({ kind: "seed", seed: value }),
    lora: (field, value) => ({ kind: "lora", word: something(field, foldWords(value)) }),
    size: (_field, value) => {
      const found = SIZE.exec(value);
      if (!found) throw new BadValueError("size takes width x height in pixels, as in size:1024x768");
      const [width, height] = found.slice(1).map(Number);
      return { kind: "all", parts: [
        { kind: "pixels", side: "width", low: width, high: width }, { kind: "pixels", side: "height", low: height, high: height }] };
    },
    width: (_field, value) => pixels("width", value),
    height: (_field, value) => pixels("height", value),
    ...ofEachText(() => text),
    file: (field, value) => ({ kind: "file", word: something(field, foldWords(value)) }),
    picked: (field, value) => ({ kind: "picked", who: something(field, fold(squeeze(value))) }),
    has: (_field, value) => {
      const known = own(HAS_ALIASES, value.toLowerCase()) ?? value.toLowerCase();
      if (!HAS.includes(known)) throw new BadValueError(`has takes ${HAS.join(", ")}`);
      return { kind: "has", field: known };
    },
    is: (_field, value) => {
      const node = own(IS, value.toLowerCase());
      if (!node) throw new BadValueError(`is takes ${Object.keys(IS).join(", ")}`);
      return node;
    },
    id: (_field, value) => ({ kind: "id", id: wholeId("id", value) }),
    like: (_field, value) => ({ kind: "like", id: wholeId("like", value) }),
  };

  /** Other names of some fields, and what they mean. @param {RegisteredField[]} fields */
  function aliasesOf(fields) {
    return Object.fromEntries(fields.flatMap(({ aliases = [], search = "" }) => aliases.map((alias) => [alias, search])));
  }

  /** The field that a name means, or "". @param {string} given */
  function fieldNamed(given) {
    const lower = own(ALIASES, given.toLowerCase()) ?? given.toLowerCase();
    return Object.hasOwn(FIELDS, lower) || lower === "sort" ? lower : "";
  }

  /** The warning for a field that there is not. @param {string} given */
  function unknownField(given) {
    let near = "";
    let least = 3;
    const names = [...Object.keys(FIELDS), "sort"];
    for (const known of names) {
      const far = distance(given.toLowerCase(), known, 2);
      if (far < least) [near, least] = [known, far];
    }
    const what = near ? `did you mean ${near}?` : `fields are ${names.slice(0, 5).join(", ")} and others`;
    return `there is no field ${given}, so it is searched as text; ${what}`;
  }

  /** What to say of a word that other programs would understand in another way; "" if nothing. @param {string} word */
  function foreign(word) {
    const operator = own(FOREIGN, word);
    if (operator) return operator;
    const compared = COMPARED.exec(word);
    if (compared && fieldNamed(compared[1])) {
      return `${compared[1]} without a colon is searched as text; write ${compared[1]}:value`;
    }
    if (SIGNED.test(word)) return `${word[0]} is searched as text; write - in front of what shall not be found`;
    return wildcard(word);
  }

  /** As `foreign`, of what stands behind the colon of a field. @param {string} field @param {string} value */
  function foreignValue(field, value) {
    if (!SPANNED.includes(field) && SPAN.test(value)) return `${field} has no ranges and comparisons; its value is searched as text`;
    return wildcard(value);
  }

  /** @param {string} text */
  const wildcard = (text) => (text.includes("*") && /[^*]/.test(text)
    ? "* is searched as text; parts of words are found without it" : "");

  /** The condition `field:value`; throws a BadValueError. @param {string} field @param {string} value */
  function condition(field, value) {
    const given = trim(value);
    if (!given) throw new BadValueError(`${field}: has no value`);
    return FIELDS[field](field, given);
  }

  /** The column of `sort:value`; throws a BadValueError. @param {string} value */
  function sortColumn(value) {
    const given = trim(value).toLowerCase();
    const plain = given.replace(/^-/, "");
    const column = RANDOM.test(plain) ? plain : own(SORTS, plain);
    if (!column) {
      throw new BadValueError(`sort takes ${Object.keys(SORTS).join(", ")}, with - in front for descending`);
    }
    return given.startsWith("-") ? `-${column}` : column;
  }

  /** @param {string} field @param {string} value @returns {QueryNode} */
  function text(field, value) {
    return { kind: "word", word: something(field, foldWords(value)), field };
  }

  /** @param {string} field @param {string} value @returns {QueryNode} */
  function name(field, value) {
    return { kind: "word", word: something(field, fold(value)), field };
  }

  /** @param {string} field @param {string} value */
  function wholeId(field, value) {
    if (!UUID.test(value)) throw new BadValueError(`${field} takes a whole id`);
    return value.toLowerCase();
  }

  /** @param {string} field @param {string} value */
  function something(field, value) {
    if (!value) throw new BadValueError(`${field}: has no value`);
    return value;
  }

  /** @param {string} _field @param {string} value @returns {QueryNode} */
  function rating(_field, value) {
    /** @param {string} given @param {number} otherwise */
    const number = (given, otherwise) => {
      if (given === "") return otherwise;
      if (!/^[0-5]$/.test(given)) {
        throw new BadValueError("rating takes 0 to 5, as in rating:4, rating:>=4 or rating:2..4");
      }
      return Number(given);
    };
    const [low, high] = spanOf(value, number, 5);
    return low <= high ? { kind: "rating", low, high } : { kind: "rating", low: 6, high: 5 };
  }

  /** @param {"width" | "height"} side @param {string} value @returns {QueryNode} */
  function pixels(side, value) {
    /** @param {string} given @param {number} otherwise */
    const number = (given, otherwise) => {
      if (given === "") return otherwise;
      if (!/^\d{1,7}$/.test(given)) {
        throw new BadValueError(`${side} takes pixels, as in ${side}:1024, ${side}:>=1024 or ${side}:512..1024`);
      }
      return Number(given);
    };
    const [low, high] = spanOf(value, number, MOST_PIXELS);
    return low <= high ? { kind: "pixels", side, low, high } : { kind: "pixels", side, low: 1, high: 0 };
  }

  /**
   * The least and the greatest of the numbers from 0 to `most` that a value means.
   * @param {string} value @param {(given: string, otherwise: number) => number} number  Reads one, or throws a BadValueError.
   * @param {number} most @returns {[low: number, high: number]}
   */
  function spanOf(value, number, most) {
    const span = value === ".." ? null : RANGE.exec(value);
    if (span) {
      const [low, high] = [number(span[1], 0), number(span[2], most)];
      return [Math.min(low, high), Math.max(low, high)]; // reversed ends mean what they span
    }
    const compared = COMPARISON.exec(value);
    const at = number(compared ? compared[2] : "?", 0);
    /** @type {Record<string, [number, number]>} */
    const ends = { ">=": [at, most], ">": [at + 1, most], "<=": [0, at], "<": [0, at - 1] };
    return ends[compared?.[1] ?? ""] ?? [at, at];
  }

  /** @param {string} _field @param {string} value @returns {QueryNode} */
  function date(_field, value) {
    /** @param {string} first @param {string} last @returns {QueryNode} */
    const dates = (first, last) => ({ kind: "dates", first, last });
    const span = value === ".." ? null : RANGE.exec(value);
    if (span) {
      const first = span[1] && period(span[1]);
      const last = span[2] && period(span[2]);
      // Reversed ends mean what they span.
      return first && last && last < first ? dates(last, first) : dates(first, last);
    }
    const compared = COMPARISON.exec(value);
    const at = period(compared ? compared[2] : "?");
    switch (compared?.[1]) {
      case ">=": return dates(at, "");
      case ">": return dates(moved(at, +1) || NEVER, "");
      case "<=": return dates("", at);
      case "<": return moved(at, -1) ? dates("", moved(at, -1)) : dates(NEVER, "");
      default: return dates(at, at);
    }
  }

  /** Check a year, month or day. @param {string} given */
  function period(given) {
    const found = DATE.exec(given);
    if (found) {
      const [year, month, day] = found.slice(1).map((part) => (part === undefined ? 1 : Number(part)));
      if (month >= 1 && month <= 12 && day >= 1 && day <= monthLength(year, month)) return given;
    }
    throw new BadValueError(
      "date takes a year, month or day, as in date:2026, date:2026-03 or date:2026-01..2026-03");
  }

  /** The period of the same kind before (-1) or after (+1); "" if no year can say it. @param {string} given @param {1 | -1} step */
  function moved(given, step) {
    let [year, month = 0, day = 0] = given.split("-").map(Number);
    if (day) {
      day += step;
      if (day < 1 || day > monthLength(year, month)) {
        month += step;
        day = step > 0 ? 1 : monthLength(year, ((month + 11) % 12) + 1);
      }
    } else if (month) {
      month += step;
    } else {
      year += step;
    }
    if ((month === 0 || month === 13) && given.includes("-")) {
      year += step;
      month = step > 0 ? 1 : 12;
    }
    if (year < 0 || year > 9999) return "";
    const parts = [String(year).padStart(4, "0"), String(month).padStart(2, "0"), String(day).padStart(2, "0")];
    return parts.slice(0, given.split("-").length).join("-");
  }

  /** @param {number} year @param {number} month */
  function monthLength(year, month) {
    if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
    return [4, 6, 9, 11].includes(month) ? 30 : 31;
  }

  /** @template T @param {Record<string, T>} table @param {string} key @returns {T | undefined} */
  const own = (table, key) => (Object.hasOwn(table, key) ? table[key] : undefined);

  return { BadValueError, FIELDS, HAS, IS, UUID, condition, fieldNamed, foreign, foreignValue, sortColumn, unknownField };
})();
