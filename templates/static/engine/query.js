// From the text of a search to its conditions: the twin of imagelib/library/query/parser.py.
// No text fails; what is no operator is text. Also: how the page edits that text.
"use strict";

/**
 * @typedef {object} QueryPart  A condition or group at the top of a query, and where it stands in the text.
 * @property {number} start
 * @property {number} end
 * @property {"term" | "group" | "or"} kind
 * @property {string} field  "" if it is a word.
 * @property {string} value
 * @property {boolean} negated
 *
 * @typedef {object} ParsedQuery
 * @property {QueryNode} root
 * @property {string} sort  "" or the column, with "-" in front if it is descending.
 * @property {string[]} warnings
 * @property {QueryPart[]} parts
 *
 * @typedef {object} QueryToken
 * @property {string} kind  ( ) or, word, quote, weight, paren
 * @property {number} start
 * @property {number} end
 * @property {string} value
 * @property {boolean} negated
 * @property {string} field
 * @property {boolean} [redundant]  The outer pair of `((a))`.
 */

const ImagelibQuery = (() => {
  const { BLANK, foldWords } = ImagelibText;
  const { BadValueError, UUID, condition, fieldNamed, foreign, foreignValue, sortColumn, unknownField } = ImagelibQueryFields;

  const MAX_LENGTH = 20_000;
  const MAX_TERMS = 200;
  const MAX_DEPTH = 10;

  const IS_BLANK = new RegExp(`[${BLANK}]`);
  const FIELD = /([A-Za-z_]+):/y;
  const WEIGHT = new RegExp(
    `\\(([^()"]+):[${BLANK}]{0,9}(?:\\d{1,9}(?:\\.\\d{0,9})?|\\.\\d{1,9})\\)[^${BLANK}()"]*`, "y");
  const LAST_NAME = /(?<![A-Za-z_])[A-Za-z_]+$/;
  /** What closes a curly quotation, by what opens it. @type {Record<string, string>} */
  const CURLY = { "“": "”“", "„": "“”" };

  /** Understand a text. @param {string} source @returns {ParsedQuery} */
  function parse(source) {
    const builder = new Builder();
    let text = source;
    if (source.length > MAX_LENGTH) {
      const characters = Array.from(source);
      if (characters.length > MAX_LENGTH) {
        text = characters.slice(0, MAX_LENGTH).join("");
        builder.warnings.add(`only the first ${MAX_LENGTH.toLocaleString("en")} characters are read`);
      }
    }
    builder.text = text.toWellFormed();
    builder.addAll(glued(builder.text, pair(tokens(builder.text))));
    return {
      root: builder.groups[0].finish(),
      sort: builder.sort,
      warnings: [...builder.warnings],
      parts: builder.parts,
    };
  }

  /** @param {string} text */
  function tokens(text) {
    /** @type {QueryToken[]} */
    const found = [];
    let level = 0;
    for (let position = 0; position < text.length; ) {
      if (IS_BLANK.test(text[position])) {
        position++;
        continue;
      }
      const token = tokenAt(text, position, level > 0);
      if (token.kind === "(") level++;
      if (token.kind === ")") level = Math.max(0, level - 1);
      found.push(token);
      position = token.end;
    }
    return found;
  }

  /** @param {string} text @param {number} start @param {boolean} inGroup @returns {QueryToken} */
  function tokenAt(text, start, inGroup) {
    const negated = text[start] === "-" && !onlyMinus(text.charAt(start + 1));
    const at = start + (negated ? 1 : 0);
    /** @param {string} kind @param {number} end @param {string} value @param {string} field */
    const token = (kind, end, value, field = "") => ({ kind, start, end, value, negated, field });
    if (text[at] === "(") {
      const weight = matchAt(WEIGHT, text, at);
      if (weight && !endsWithField(weight[1])) return token("weight", at + weight[0].length, weight[0]);
      return token("(", at + 1, "(");
    }
    if (text[at] === ")") return token(")", at + 1, ")");
    let closed = quotation(text, at);
    if (closed) return token("quote", closed.end, closed.value);
    const name = matchAt(FIELD, text, at);
    closed = name && quotation(text, at + name[0].length);
    if (name && closed) return token("quote", closed.end, closed.value, name[1]);
    const end = wordEnd(text, at, inGroup);
    const value = text.slice(at, end);
    return token((value === "or" || value === "OR") && !negated ? "or" : "word", end, value);
  }

  /** @param {RegExp} sticky @param {string} text @param {number} at */
  function matchAt(sticky, text, at) {
    sticky.lastIndex = at;
    return sticky.exec(text);
  }

  /** Whether a minus before this is no sign: at the end, in `- a`, `--ar 16:9`, `-)`. @param {string} following */
  const onlyMinus = (following) =>
    following === "" || following === "-" || following === ")" || IS_BLANK.test(following);

  /** @param {string} words */
  function endsWithField(words) {
    const name = LAST_NAME.exec(words);
    return name !== null && fieldNamed(name[0]) !== "";
  }

  /** The end of a quotation that opens here, and what it holds; `""` within is a quote. @param {string} text @param {number} at */
  function quotation(text, at) {
    const opening = text.charAt(at);
    if (Object.hasOwn(CURLY, opening)) {
      const ends = [...CURLY[opening]].map((mark) => text.indexOf(mark, at + 1)).filter((end) => end > 0);
      const end = Math.min(...ends);
      return ends.length ? { end: end + 1, value: text.slice(at + 1, end) } : null;
    }
    if (opening !== '"') return null;
    let end = text.indexOf('"', at + 1);
    while (end > 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
    return end > 0 ? { end: end + 1, value: text.slice(at + 1, end).replaceAll('""', '"') } : null;
  }

  /** A word ends at a blank, or at a `)` that closes a group and nothing within the word. @param {string} text @param {number} start @param {boolean} inGroup */
  function wordEnd(text, start, inGroup) {
    let inner = 0;
    for (let position = start; position < text.length; position++) {
      const character = text[position];
      if (character === "(") inner++;
      else if (character === ")") {
        if (inner === 0 && inGroup) return position;
        inner = Math.max(0, inner - 1);
      } else if (IS_BLANK.test(character)) return position;
    }
    return text.length;
  }

  /** Keep the parentheses that pair up around something; the others become `paren`. @param {QueryToken[]} all */
  function pair(all) {
    /** @type {Map<number, number>} */
    const partner = new Map();
    /** @type {number[]} */
    const opened = [];
    all.forEach((token, index) => {
      if (token.kind === "(") opened.push(index);
      else if (token.kind === ")") {
        const start = opened.pop();
        if (start !== undefined && index > start + 1) partner.set(start, index).set(index, start);
      }
    });
    return all.map((token, index) => {
      if (token.kind !== "(" && token.kind !== ")") return token;
      const other = partner.get(index);
      if (other === undefined) return { ...token, kind: "paren" };
      const [start, end] = index < other ? [index, other] : [other, index];
      return { ...token, redundant: !all[start].negated && partner.get(start + 1) === end - 1 };
    });
  }

  /** Put the parentheses that group nothing back onto the words that they touch. @param {string} text @param {QueryToken[]} all */
  function glued(text, all) {
    const gluing = ["paren", "word", "or", "weight"];
    /** @type {QueryToken[]} */
    const result = [];
    for (const token of all) {
      const last = result.at(-1);
      if (last && last.end === token.start && (last.kind === "paren" || token.kind === "paren")
          && gluing.includes(last.kind) && gluing.includes(token.kind)) {
        const value = text.slice(last.start + (last.negated ? 1 : 0), token.end);
        const kind = token.kind === "paren" ? "paren" : "word";
        result[result.length - 1] = { ...last, kind, end: token.end, value };
      } else {
        result.push(token);
      }
    }
    return result.map((token) => (token.kind === "paren" ? { ...token, kind: "word" } : token));
  }

  /** Nested groups are made flat, repeats are left out. @param {"all" | "any"} kind @param {QueryNode[]} parts @returns {QueryNode} */
  function flat(kind, parts) {
    /** @type {Map<string, QueryNode>} */
    const distinct = new Map();
    for (const part of parts) {
      for (const inner of part.kind === kind ? part.parts : [part]) distinct.set(JSON.stringify(inner), inner);
    }
    return distinct.size === 1 ? [...distinct.values()][0] : { kind, parts: [...distinct.values()] };
  }

  /** @param {QueryNode} node @returns {QueryNode} */
  const negatedNode = (node) => (node.kind === "not" ? node.part : { kind: "not", part: node });

  /** A group while it is read: the alternatives that are complete, and the one that is not. */
  class Group {
    /** @param {boolean} negated */
    constructor(negated) {
      this.negated = negated;
      /** @type {QueryNode[]} */
      this.alternatives = [];
      /** @type {QueryNode[]} */
      this.parts = [];
    }

    nextAlternative() {
      if (this.parts.length) this.alternatives.push(flat("all", this.parts));
      this.parts = [];
    }

    /** @returns {QueryNode} */
    finish() {
      this.nextAlternative();
      if (!this.alternatives.length) return { kind: "all", parts: [] };
      const node = flat("any", this.alternatives);
      return this.negated ? negatedNode(node) : node;
    }
  }

  /** Puts the tree together, token by token. */
  class Builder {
    constructor() {
      this.text = "";
      this.groups = [new Group(false)];
      this.sort = "";
      /** @type {Set<string>} */
      this.warnings = new Set();
      /** @type {QueryPart[]} */
      this.parts = [];
      this.terms = 0;
    }

    /** @param {QueryToken[]} all */
    addAll(all) {
      let tooDeep = 0;
      let depth = 0;
      let outermost = 0;
      all.forEach((token, index) => {
        const current = this.groups[this.groups.length - 1];
        if (token.kind === "(") {
          if (depth++ === 0) outermost = index;
          if (token.redundant) return;
          if (this.groups.length > MAX_DEPTH) {
            tooDeep++;
            this.warnings.add(`parentheses nested more than ${MAX_DEPTH} deep are left out`);
          } else this.groups.push(new Group(token.negated));
        } else if (token.kind === ")") {
          if (--depth === 0) this.part("group", { ...all[outermost], end: token.end });
          if (token.redundant) return;
          if (tooDeep) tooDeep--;
          else this.close();
        } else if (token.kind === "or" && joins(all, index)) {
          current.nextAlternative();
          if (depth === 0) this.part("or", token);
        } else {
          const field = this.term(token);
          if (depth === 0) this.part("term", token, field);
        }
      });
    }

    close() {
      const node = /** @type {Group} */ (this.groups.pop()).finish();
      const empty = node.kind === "all" && !node.parts.length;
      if (!empty) this.groups[this.groups.length - 1].parts.push(node);
    }

    /** @param {"term" | "group" | "or"} kind @param {QueryToken} token @param {{field: string, value: string}} [field] */
    part(kind, token, field) {
      const { start, end, negated } = token;
      const value = field?.value ?? this.text.slice(start + (negated ? 1 : 0), end);
      this.parts.push({ kind, start, end, negated, field: field?.field ?? "", value });
    }

    /** Add a condition; returns its field and value if it has one. @param {QueryToken} token */
    term(token) {
      let { field, value } = token;
      if (token.kind === "word") {
        if (UUID.test(value)) {
          this.add(token, { kind: "id", id: value.toLowerCase() });
          return { field: "id", value };
        }
        const name = matchAt(FIELD, value, 0);
        if (name) [field, value] = [name[1], value.slice(name[0].length)];
      }
      if (!field) {
        if (token.kind === "word" || token.kind === "or") this.say(foreign(value));
        this.add(token, literal(value));
        return { field: "", value };
      }
      return this.field(token, field, value);
    }

    /** Warn, if there is anything to say. @param {string} hint */
    say(hint) {
      if (hint) this.warnings.add(hint);
    }

    /** @param {QueryToken} token @param {string} name @param {string} value */
    field(token, name, value) {
      const written = this.text.slice(token.start + (token.negated ? 1 : 0), token.end);
      const field = fieldNamed(name);
      try {
        if (field === "sort") {
          if (token.negated) {
            throw new BadValueError("sort cannot be negated; write sort:-date for the newest first");
          }
          this.sort = sortColumn(value);
        } else if (field) {
          this.add(token, condition(field, value));
          if (token.kind === "word") this.say(foreignValue(field, value));
        } else {
          // Nobody means a field by http://
          if (value && !value.startsWith("//")) this.warnings.add(unknownField(name));
          this.add(token, literal(written));
          return { field: "", value: written };
        }
        return { field, value };
      } catch (error) {
        if (!(error instanceof BadValueError)) throw error;
        this.warnings.add(`${error.message}; searched as text`);
        this.add(token, literal(written));
        return { field: "", value: written };
      }
    }

    /** @param {QueryToken} token @param {QueryNode | null} node */
    add(token, node) {
      if (!node) return;
      if (++this.terms > MAX_TERMS) this.warnings.add(`only the first ${MAX_TERMS} conditions are used`);
      else this.groups[this.groups.length - 1].parts.push(token.negated ? negatedNode(node) : node);
    }
  }

  /** Text to be found as it is; nothing if it is only blanks. @param {string} text @returns {QueryNode | null} */
  function literal(text) {
    const word = foldWords(text);
    return word ? { kind: "word", word, field: "" } : null;
  }

  /** Whether this `or` stands between two conditions; else it is a word. @param {QueryToken[]} all @param {number} index */
  function joins(all, index) {
    const before = index ? all[index - 1].kind : "(";
    const after = index + 1 < all.length ? all[index + 1].kind : ")";
    return before !== "(" && before !== "or" && after !== ")";
  }

  /** Write a value so that it is read back as one. @param {string} value */
  const quote = (value) =>
    new RegExp(`[${BLANK}()"“„]|^$`).test(value) ? `"${value.replaceAll('"', '""')}"` : value;

  return { parse, quote };
})();
