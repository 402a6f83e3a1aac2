// @ts-check
// Answers queries over the columns: a bitmap for each condition, an order, counts of values.
// The twin of Query.matches in Python; tests/corpus/query.json holds them equal.
"use strict";

const ImagelibSearch = (() => {
  const { fold, foldWords } = ImagelibText;
  const { TEXT_ROWS } = ImagelibColumns;
  /** 32 rows are one word of a bitmap. */
  const SLOT_WORDS = TEXT_ROWS / 32;
  /** Finished words that are kept while one types. */
  const WORDS_KEPT = 40;

  /**
   * A word and where it was found, so far.
   * @typedef {object} Found
   * @property {Uint32Array} bits
   * @property {WeakMap<TextColumn, Uint8Array>} flags  Which distinct texts have it.
   * @property {Int32Array} versions  Of each text block, when it was searched.
   * @property {number} coreVersion
   * @property {Uint32Array} core  Rows with the word in their model or tags.
   */

  class Searcher {
    /** @param {InstanceType<typeof ImagelibColumns.Columns>} columns */
    constructor(columns) {
      this.columns = columns;
      /** @type {Map<string, Found>} */
      this.words = new Map();
      /** @type {Map<string, {version: number, rows: Int32Array}>} */
      this.orders = new Map();
      /** Called with an id whose row is not known yet. @type {(id: string) => number | undefined} */
      this.pkOf = () => undefined;
    }

    get length() {
      return this.columns.capacity / 32;
    }

    /** The rows that a query asks for, in its order. @param {{root: QueryNode}} query @param {string} sort */
    run({ root }, sort) {
      const bits = this.bits(root).slice();
      const { live } = this.columns;
      const readsText = usesText(root);
      for (let word = 0; word < bits.length; word++) {
        bits[word] &= live[word];
        // What has not arrived is neither found nor refused.
        if (readsText && !this.columns.texts[Math.floor(word / SLOT_WORDS)]) bits[word] = 0;
      }
      return { bits, rows: this.ordered(bits, sort) };
    }

    /** @param {QueryNode} node @returns {Uint32Array} */
    bits(node) {
      switch (node.kind) {
        case "all": return this.joined(node.parts, true);
        case "any": return this.joined(node.parts, false);
        case "not": return this.bits(node.part).map((word) => ~word);
        case "word": return this.word(node.word, node.field);
        case "tag": return this.tag(node.tag);
        case "rating": {
          const { rating } = this.columns;
          return this.rows((row) => rating[row] >= node.low && rating[row] <= node.high);
        }
        case "dates": return this.dates(node.first, node.last);
        case "has": return this.has(node.field);
        case "state": {
          const wanted = ["ok", "missing", "altered"].indexOf(node.state);
          const { state } = this.columns;
          return this.rows((row) => state[row] === wanted);
        }
        case "seed": return this.texts((text, offset) => text.seeds[offset] === node.seed);
        case "id": {
          const pk = this.pkOf(node.id);
          const bits = new Uint32Array(this.length);
          if (pk !== undefined) setBit(bits, this.columns.rowOf(pk));
          return bits;
        }
      }
    }

    /** @param {QueryNode[]} parts @param {boolean} every */
    joined(parts, every) {
      const result = new Uint32Array(this.length).fill(every ? 0xffffffff : 0);
      for (const part of parts) {
        const bits = this.bits(part);
        for (let word = 0; word < result.length; word++) {
          if (every) result[word] &= bits[word];
          else result[word] |= bits[word];
        }
      }
      return result;
    }

    /** The rows for which a condition on the core columns holds. @param {(row: number) => boolean} holds */
    rows(holds) {
      const bits = new Uint32Array(this.length);
      const { live } = this.columns;
      for (let word = 0; word < bits.length; word++) {
        if (live[word] === 0) continue;
        let found = 0;
        for (let bit = 0; bit < 32; bit++) if (holds((word << 5) + bit)) found |= 1 << bit;
        bits[word] = found;
      }
      return bits;
    }

    /** The rows for which a condition on the text blocks holds. @param {(text: TextBlock, offset: number) => boolean} holds */
    texts(holds) {
      const bits = new Uint32Array(this.length);
      this.columns.texts.forEach((text, slot) => {
        if (!text) return;
        for (let offset = 0; offset < TEXT_ROWS; offset++) {
          if (text.prompt.index[offset] >= 0 && holds(text, offset)) setBit(bits, slot * TEXT_ROWS + offset);
        }
      });
      return bits;
    }

    /** @param {(name: string) => boolean} wanted */
    modelRows(wanted) {
      const { models, model } = this.columns;
      const flags = models.values.map(wanted);
      return flags.includes(true) ? this.rows((row) => flags[model[row]]) : new Uint32Array(this.length);
    }

    /** @param {(name: string) => boolean} wanted */
    tagRows(wanted) {
      const { tags, tagSets, tagSet } = this.columns;
      const tagFlags = tags.values.map(wanted);
      if (!tagFlags.includes(true)) return new Uint32Array(this.length);
      const flags = tagSets.values.map((set) => set.some((tag) => tagFlags[tag]));
      return this.rows((row) => flags[tagSet[row]]);
    }

    /** @param {string} tag */
    tag(tag) {
      const below = `${tag}/`;
      return this.tagRows((name) => {
        const folded = fold(name);
        return folded === tag || folded.startsWith(below);
      });
    }

    /** @param {string} first @param {string} last */
    dates(first, last) {
      const from = first ? startOf(first, 0) : -Infinity;
      const until = last ? startOf(last, 1) : Infinity;
      const { captured } = this.columns;
      return this.rows((row) => captured[row] >= from && captured[row] < until);
    }

    /** @param {string} field */
    has(field) {
      const { rating, tagSet, tagSets } = this.columns;
      switch (field) {
        case "rating": return this.rows((row) => rating[row] > 0);
        case "model": return this.modelRows((name) => name !== "");
        case "tags": return this.rows((row) => tagSets.values[tagSet[row]].length > 0);
        case "seed": return this.texts((text, offset) => text.seeds[offset] !== "");
        default: {
          const name = /** @type {typeof ImagelibWords.COLUMNS[number]} */ (field);
          return this.texts((text, offset) => text[name].texts[text[name].index[offset]] !== "");
        }
      }
    }

    /** The rows with a folded word. @param {string} word @param {string} field */
    word(word, field) {
      if (field === "model") return this.modelRows((name) => fold(name).includes(word));
      const key = `${field}:${word}`;
      let found = this.words.get(key);
      if (!found || found.bits.length !== this.length) {
        const slots = this.columns.capacity / TEXT_ROWS;
        found = {
          bits: new Uint32Array(this.length),
          flags: new WeakMap(),
          versions: new Int32Array(slots),
          coreVersion: -1,
          core: new Uint32Array(0),
        };
      }
      // The last one used is kept the longest.
      this.words.delete(key);
      const narrower = this.narrower(word, field);
      this.words.set(key, found);
      if (this.words.size > WORDS_KEPT) this.words.delete(/** @type {string} */ (this.words.keys().next().value));
      this.searchTexts(found, word, field, narrower);
      return field ? found.bits : this.withCore(found, word);
    }

    /** A finished word within *word*: rows without it need not be searched. @param {string} word @param {string} field */
    narrower(word, field) {
      /** @type {Found | null} */
      let best = null;
      let length = 0;
      for (const [key, found] of this.words) {
        const other = key.slice(field.length + 1);
        if (!key.startsWith(`${field}:`) || other.length <= length || !word.includes(other)) continue;
        if (found.bits.length !== this.length) continue;
        [best, length] = [found, other.length];
      }
      return best;
    }

    /** @param {Found} found @param {string} word @param {string} field @param {Found | null} narrower */
    searchTexts(found, word, field, narrower) {
      const needle = new ImagelibWords.Needle(word);
      this.columns.texts.forEach((text, slot) => {
        if (!text || found.versions[slot] === text.version) return;
        const bits = found.bits.subarray(slot * SLOT_WORDS, (slot + 1) * SLOT_WORDS);
        bits.fill(0);
        found.versions[slot] = text.version;
        const known = narrower?.versions[slot] === text.version ? narrower : null;
        for (const name of ImagelibWords.COLUMNS) {
          if (field ? name !== field : name === "tool" || name === "sampler") continue;
          const column = text[name];
          const flags = needle.find(column, known?.flags.get(column));
          found.flags.set(column, flags);
          if (flags.includes(1)) ImagelibWords.setRows(bits, column.index, flags);
        }
      });
    }

    /** @param {Found} found @param {string} word */
    withCore(found, word) {
      if (found.coreVersion !== this.columns.coreVersion) {
        const models = this.modelRows((name) => foldWords(name).includes(word));
        const tags = this.tagRows((name) => foldWords(name).includes(word));
        found.core = models.map((bits, i) => bits | tags[i]);
        found.coreVersion = this.columns.coreVersion;
      }
      return found.bits.map((bits, i) => bits | found.core[i]);
    }

    /** The rows of a bitmap in an order. @param {Uint32Array} bits @param {string} sort */
    ordered(bits, sort) {
      const descending = sort.startsWith("-");
      const order = this.order(descending ? sort.slice(1) : sort);
      const result = new Int32Array(order.length);
      let count = 0;
      for (let i = 0; i < order.length; i++) {
        const row = order[descending ? order.length - 1 - i : i];
        if (bits[row >>> 5] & (1 << (row & 31))) result[count++] = row;
      }
      return result.subarray(0, count);
    }

    /** All live rows by a column, ties by pk. @param {string} sort */
    order(sort) {
      const { columns } = this;
      const known = this.orders.get(sort);
      if (known?.version === columns.coreVersion) return known.rows;
      const values = sort === "rating" ? columns.rating : sort === "created_at" ? columns.created : columns.captured;
      const rows = sorted(liveRows(columns), values, columns.pk);
      this.orders.set(sort, { version: columns.coreVersion, rows });
      return rows;
    }

    /** How many rows of a bitmap have each tag, model, rating. @param {Uint32Array} bits */
    counts(bits) {
      const { models, model, rating, tagSet, tagSets, tags } = this.columns;
      const [sets, byModel, byRating] = [new Uint32Array(tagSets.values.length),
        new Uint32Array(models.values.length), new Uint32Array(6)];
      eachBit(bits, (row) => {
        sets[tagSet[row]]++;
        byModel[model[row]]++;
        byRating[rating[row]]++;
      });
      const byTag = new Uint32Array(tags.values.length);
      sets.forEach((count, set) => {
        if (count) for (const tag of tagSets.values[set]) byTag[tag] += count;
      });
      return { tags: named(tags.values, byTag), models: named(models.values, byModel), ratings: [...byRating] };
    }
  }

  /** Whether a query has to wait for the text blocks. @param {QueryNode} node @returns {boolean} */
  function usesText(node) {
    switch (node.kind) {
      case "all":
      case "any": return node.parts.some(usesText);
      case "not": return usesText(node.part);
      case "word": return node.field !== "model";
      case "has": return !["rating", "model", "tags"].includes(node.field);
      default: return node.kind === "seed";
    }
  }

  /** The first second of a year, month or day, or of the one after it. @param {string} period @param {number} next */
  function startOf(period, next) {
    if (period.endsWith("~")) return Infinity;
    const parts = period.split("-").map(Number);
    parts[parts.length - 1] += next;
    const [year, month = 1, day = 1] = parts;
    // Not Date.UTC: it takes the years 0 to 99 for those of a century ago.
    return new Date(0).setUTCFullYear(year, month - 1, day) / 1000;
  }

  /** @param {InstanceType<typeof ImagelibColumns.Columns>} columns */
  function liveRows(columns) {
    const rows = new Int32Array(columns.count);
    let count = 0;
    eachBit(columns.live, (row) => { rows[count++] = row; });
    return rows;
  }

  /** @param {Int32Array} rows @param {ArrayLike<number>} values @param {Float64Array} pk */
  function sorted(rows, values, pk) {
    let [least, most, highest] = [Infinity, -Infinity, 0];
    let inOrder = true;
    for (let i = 0; i < rows.length; i++) {
      const value = values[rows[i]];
      if (value < least) least = value;
      if (value > most) most = value;
      if (rows[i] > highest) highest = rows[i];
      if (i && pk[rows[i]] < pk[rows[i - 1]]) inOrder = false;
    }
    const factor = 2 ** Math.ceil(Math.log2(highest + 2));
    if (!inOrder || (most - least) * factor > Number.MAX_SAFE_INTEGER) {
      return rows.sort((a, b) => values[a] - values[b] || pk[a] - pk[b]);
    }
    // Value and row in one number: sorting numbers needs no comparison function.
    const keys = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) keys[i] = (values[rows[i]] - least) * factor + rows[i];
    keys.sort();
    for (let i = 0; i < rows.length; i++) rows[i] = keys[i] % factor;
    return rows;
  }

  /** @param {Uint32Array} bits @param {(row: number) => void} each */
  function eachBit(bits, each) {
    for (let word = 0; word < bits.length; word++) {
      for (let rest = bits[word]; rest !== 0; rest &= rest - 1) {
        each((word << 5) + 31 - Math.clz32(rest & -rest));
      }
    }
  }

  /** @param {Uint32Array} bits @param {number} row */
  const setBit = (bits, row) => { bits[row >>> 5] |= 1 << (row & 31); };

  /** Names that occur, the most frequent first. @param {string[]} names @param {Uint32Array} counts */
  function named(names, counts) {
    return names.map((name, i) => ({ name, count: counts[i] }))
      .filter(({ name, count }) => count && name)
      .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  }

  return { Searcher, usesText };
})();
