// Answers queries over the columns: a bitmap for each condition, an order, counts of values.
// The twin of Query.matches in Python; tests/corpus/query.json holds them equal.
"use strict";

const ImagelibSearch = (() => {
  const { TEXT_ROWS, TEXT_WORDS } = ImagelibColumns;
  /** Conditions that are kept while one types. */
  const KEPT = 40;

  /**
   * A word and where it was found in texts, so far.
   * @typedef {object} Found
   * @property {Uint32Array} bits
   * @property {Int32Array} versions  Of each text block, when it was searched.
   */

  class Searcher {
    /** @param {InstanceType<typeof ImagelibColumns.Columns>} columns */
    constructor(columns) {
      this.columns = columns;
      this.facets = new ImagelibFacets.Facets(columns);
      /** @type {Map<string, Found>} */
      this.words = new Map();
      /** Answers that the core columns give, by condition. @type {Map<string, {version: number, bits: Uint32Array}>} */
      this.known = new Map();
      /** The rows like an image, the most alike first, by its id. @type {Map<string, {version: string, rows: Int32Array}>} */
      this.likes = new Map();
      /** @type {Map<string, {version: number, rows: Int32Array, ascending: boolean}>} */
      this.orders = new Map();
      /** @type {Album[]} */
      this.albums = [];
      /** Called with an id whose row is not known yet. @type {(id: string) => number | undefined} */
      this.pkOf = () => undefined;
    }

    get length() {
      return this.columns.capacity / 32;
    }

    /** The rows that a query asks for, in an order. @param {{root: QueryNode}} query @param {string} sort */
    run(query, sort) {
      const bits = this.found(query);
      return { bits, rows: this.ordered(bits, sort) };
    }

    /** The rows that a query asks for, as a bitmap. @param {{root: QueryNode}} query */
    found({ root }) {
      const bits = this.bits(root).slice();
      const { live } = this.columns;
      const readsText = usesText(root);
      for (let word = 0; word < bits.length; word++) {
        bits[word] &= live[word];
        // What has not arrived is neither found nor refused.
        if (readsText && !this.columns.texts[Math.floor(word / TEXT_WORDS)]) bits[word] = 0;
      }
      return bits;
    }

    /** @param {QueryNode} node @returns {Uint32Array} */
    bits(node) {
      switch (node.kind) {
        case "all": return this.joined(node.parts, true);
        case "any": return this.joined(node.parts, false);
        case "not": return this.bits(node.part).map((word) => ~word);
        case "word": return this.word(node.word, node.field);
        case "tag": return this.facets.tagged((name) => name === node.tag || name.startsWith(`${node.tag}/`));
        case "lora": return this.texts((text, offset) => ImagelibGeneration.lorasOf(text).folded[text.setting[offset]].includes(node.word));
        case "file":
        case "pixels":
        case "shape":
        case "rating":
        case "dates":
        case "state": return this.fromCore(node);
        case "has": return this.has(node.field);
        case "picked": return this.picked(node.who);
        case "seed": return this.texts((text, offset) => text.seeds[offset] === node.seed);
        case "like": {
          const bits = new Uint32Array(this.length);
          for (const row of this.like(node.id)) ImagelibBits.set(bits, row);
          return bits;
        }
        case "id": {
          const pk = this.pkOf(node.id);
          const bits = new Uint32Array(this.length);
          if (pk !== undefined) ImagelibBits.set(bits, this.columns.rowOf(pk));
          return bits;
        }
      }
    }

    /** The rows like an image, the most alike first. @param {string} id */
    like(id) {
      const { columns } = this;
      const pk = this.pkOf(id);
      const row = pk === undefined ? -1 : columns.rowOf(pk);
      if (row < 0 || !columns.isLive(row)) return new Int32Array(0);
      const version = `${columns.coreVersion} ${columns.textVersion}`;
      let known = this.likes.get(id);
      if (known?.version !== version) known = { version, rows: ImagelibAlike.rowsLike(columns, row) };
      keep(this.likes, id, known);
      return known.rows;
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

    /** The rows that meet a condition on the core columns. @param {QueryNode} node */
    fromCore(node) {
      const key = JSON.stringify(node);
      const known = this.known.get(key);
      if (known?.version === this.columns.coreVersion) return known.bits;
      const bits = this.rows(this.condition(node));
      keep(this.known, key, { version: this.columns.coreVersion, bits });
      return bits;
    }

    /** @param {QueryNode} node @returns {(row: number) => boolean} */
    condition(node) {
      const { captured, names, originals, rating, state } = this.columns;
      if (node.kind === "pixels" || node.kind === "shape") {
        const { size, sizes } = this.columns;
        const isMet = sizes.values.map(([width, height]) => (node.kind === "pixels"
          ? node.low <= (node.side === "width" ? width : height) && (node.side === "width" ? width : height) <= node.high
          : node.shape === ImagelibFacets.shapeOf([width, height])));
        return (row) => isMet[size[row]];
      }
      if (node.kind === "file") {
        const { word } = node;
        const all = node.original ? originals : names;
        return (row) => all[row]?.includes(word);
      }
      if (node.kind === "rating") return (row) => rating[row] >= node.low && rating[row] <= node.high;
      if (node.kind === "dates") {
        const from = node.first ? startOf(node.first, 0) : -Infinity;
        const until = node.last ? startOf(node.last, 1) : Infinity;
        return (row) => captured[row] >= from && captured[row] < until;
      }
      const wanted = node.kind === "state" ? ["ok", "missing", "altered"].indexOf(node.state) : -1;
      return (row) => state[row] === wanted;
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
          if (text.prompt.index[offset] >= 0 && holds(text, offset)) ImagelibBits.set(bits, slot * TEXT_ROWS + offset);
        }
      });
      return bits;
    }

    /** @param {string} field */
    has(field) {
      const { tagSet, tagSets } = this.columns;
      switch (field) {
        case "rating": return this.fromCore({ kind: "rating", low: 1, high: 5 });
        case "model": return this.facets.modelled((name) => name !== "");
        case "picks": return this.picked("");
        case "tags": return this.rows((row) => tagSets.values[tagSet[row]].length > 0);
        case "seed": return this.texts((text, offset) => text.seeds[offset] !== "");
        default: {
          const name = /** @type {typeof ImagelibColumns.TEXT_COLUMNS[number]} */ (field);
          return this.texts((text, offset) => !text[name].isText(text[name].index[offset], ""));
        }
      }
    }

    /** The rows that were picked by somebody whose folded name holds a text. @param {string} who */
    picked(who) {
      const bits = new Uint32Array(this.length);
      for (const { name, pks } of this.columns.picks) {
        if (name.includes(who)) for (const pk of pks) if (this.columns.hasPlace(pk)) ImagelibBits.set(bits, this.columns.rowOf(pk));
      }
      return bits;
    }

    /** The rows with a folded word. @param {string} word @param {string} field */
    word(word, field) {
      if (field === "model") return this.facets.modelled((name) => name.includes(word));
      const key = `${field}:${word}`;
      let found = this.words.get(key);
      if (found?.bits.length !== this.length) {
        found = { bits: new Uint32Array(this.length), versions: new Int32Array(this.columns.capacity / TEXT_ROWS) };
      }
      keep(this.words, key, found);
      this.searchTexts(found, word, field);
      if (field) return found.bits;
      const bits = this.fromCore({ kind: "file", word, original: true }).slice();
      for (let i = 0; i < bits.length; i++) bits[i] |= found.bits[i];
      this.facets.addNamed(bits, word);
      return bits;
    }

    /** @param {Found} found @param {string} word @param {string} field */
    searchTexts(found, word, field) {
      const { texts } = this.columns;
      if (texts.every((text, slot) => !text || found.versions[slot] === text.version)) return;
      const needle = new ImagelibWords.Needle(word);
      texts.forEach((text, slot) => {
        if (!text || found.versions[slot] === text.version) return;
        const bits = found.bits.subarray(slot * TEXT_WORDS, (slot + 1) * TEXT_WORDS);
        bits.fill(0);
        found.versions[slot] = text.version;
        for (const name of ImagelibWords.columnsOf(field)) {
          const flags = needle.find(text[name]);
          if (flags) ImagelibWords.setRows(bits, text[name].index, flags);
        }
      });
    }

    /** The rows of a bitmap in an order: that of a column, `like:` with an id, `album:` with a tag. @param {Uint32Array} bits @param {string} sort */
    ordered(bits, sort) {
      if (sort.startsWith("like:")) return this.like(sort.slice("like:".length)).filter((row) => bits[row >>> 5] & (1 << (row & 31)));
      const descending = sort.startsWith("-");
      const [, inAlbum] = sort.split(/^-?album:/);
      if (inAlbum !== undefined) {
        const found = new Int32Array(ImagelibBits.count(bits));
        let count = 0;
        ImagelibBits.each(bits, (row) => { found[count++] = row; });
        const rows = ImagelibAlbums.sortRows(this.columns.pk, found, this.albums.find(({ tag }) => tag === inAlbum)?.pks ?? []);
        return descending ? rows.reverse() : rows;
      }
      const { ascending, rows: order } = this.order(descending ? sort.slice(1) : sort);
      const length = ImagelibBits.count(bits);
      if (length === order.length) return descending ? order.slice().reverse() : order.slice();
      const result = new Int32Array(length);
      let count = 0;
      if (ascending) {
        ImagelibBits.each(bits, (row) => { result[count++] = row; });
        return descending ? result.reverse() : result;
      }
      for (let i = 0; i < order.length && count < result.length; i++) {
        const row = order[descending ? order.length - 1 - i : i];
        if (bits[row >>> 5] & (1 << (row & 31))) result[count++] = row;
      }
      return result.subarray(0, count);
    }

    /** All live rows by a column, ties by pk. @param {string} sort */
    order(sort) {
      const { columns } = this;
      const known = this.orders.get(sort);
      if (known?.version === columns.coreVersion) return known;
      const values = valuesOf(columns, sort);
      const rows = liveRows(columns);
      const ascending = isAscending(rows, values, columns.pk);
      if (!ascending) sortRows(rows, values, columns.pk);
      const order = { version: columns.coreVersion, rows, ascending };
      this.orders.set(sort, order);
      return order;
    }

    /** How many rows of a bitmap have each tag, model, tool and rating. @param {Uint32Array} bits */
    counts(bits) {
      return this.facets.counts(bits);
    }
  }

  /** Whether a query has to wait for the text blocks. @param {QueryNode} node @returns {boolean} */
  function usesText(node) {
    switch (node.kind) {
      case "all":
      case "any": return node.parts.some(usesText);
      case "not": return usesText(node.part);
      case "word": return node.field !== "model";
      case "has": return !["rating", "model", "tags", "picks"].includes(node.field);
      default: return node.kind === "seed" || node.kind === "lora" || node.kind === "like";
    }
  }

  /** The kinds of blocks that a query and its order need, and not every query does. @param {QueryNode} root @param {string} [order] @returns {WantedKind[]} */
  const needs = (root, order = "") => [
    ...(ImagelibAlike.idsIn(root).length ? [/** @type {const} */ ("phash")] : []),
    ...(order.endsWith("name") || namesFiles(root) ? [/** @type {const} */ ("name")] : []),
  ];

  /** Whether a query looks for words in names of files. @param {QueryNode} node @returns {boolean} */
  const namesFiles = (node) => ("parts" in node ? node.parts.some(namesFiles)
    : node.kind === "not" ? namesFiles(node.part) : node.kind === "file" || (node.kind === "word" && !node.field));

  /** The first second of a year, month or day, or of the one after it. @param {string} period @param {number} next */
  function startOf(period, next) {
    if (period.endsWith("~")) return Infinity;
    const parts = period.split("-").map(Number);
    parts[parts.length - 1] += next;
    const [year, month = 1, day = 1] = parts;
    // Not Date.UTC: it takes the years 0 to 99 for those of a century ago.
    return new Date(0).setUTCFullYear(year, month - 1, day) / 1000;
  }

  /** The last ones used are kept the longest. @template T @param {Map<string, T>} map @param {string} key @param {T} value */
  function keep(map, key, value) {
    map.delete(key);
    map.set(key, value);
    if (map.size > KEPT) map.delete(/** @type {string} */ (map.keys().next().value));
  }

  /** What an order goes by, for each row. @param {InstanceType<typeof ImagelibColumns.Columns>} columns @param {string} sort @returns {ArrayLike<number>} */
  function valuesOf(columns, sort) {
    const { captured, created, pk, rating, size, sizes } = columns;
    if (sort === "rating") return rating;
    if (sort === "created_at") return created;
    if (sort === "size") {
      const pixels = sizes.values.map(([width, height]) => width * height);
      return Float64Array.from(size, (number) => pixels[number]);
    }
    if (sort === "name") {
      const keys = Array.from(pk, (_, row) => columns.nameKey(row));
      const places = new Map([...new Set(keys)].sort().map((key, place) => [key, place]));
      return Float64Array.from(keys, (key) => places.get(key) ?? 0);
    }
    const [, seed] = sort.split("random-");
    return seed === undefined ? captured : Float64Array.from(pk, (one) => shuffled(one, Number(seed)));
  }

  /** The twin of `shuffled` in Python. @param {number} pk @param {number} seed */
  function shuffled(pk, seed) {
    let mixed = pk + Math.imul(seed, 0x9e3779b1) >>> 0;
    mixed = Math.imul(mixed ^ mixed >>> 16, 0x85ebca6b) >>> 0;
    mixed = Math.imul(mixed ^ mixed >>> 13, 0xc2b2ae35) >>> 0;
    return (mixed ^ mixed >>> 16) >>> 0;
  }

  /** @param {InstanceType<typeof ImagelibColumns.Columns>} columns */
  function liveRows(columns) {
    const rows = new Int32Array(columns.count);
    const { live } = columns;
    // Not by calls of a function: this is the first thing that a page waits for.
    for (let word = 0, count = 0; word < live.length; word++) {
      for (let rest = live[word]; rest !== 0; rest &= rest - 1) rows[count++] = (word << 5) + 31 - Math.clz32(rest & -rest);
    }
    return rows;
  }

  /** Whether rows are in order as they are. @param {Int32Array} rows @param {ArrayLike<number>} values @param {Float64Array} pk */
  function isAscending(rows, values, pk) {
    for (let i = 1; i < rows.length; i++) {
      const step = values[rows[i]] - values[rows[i - 1]];
      if (step < 0 || (step === 0 && pk[rows[i]] < pk[rows[i - 1]])) return false;
    }
    return true;
  }

  /** @param {Int32Array} rows @param {ArrayLike<number>} values @param {Float64Array} pk */
  function sortRows(rows, values, pk) {
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
      rows.sort((a, b) => values[a] - values[b] || pk[a] - pk[b]);
      return;
    }
    // Value and row in one number: sorting numbers needs no comparison function.
    const keys = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) keys[i] = (values[rows[i]] - least) * factor + rows[i];
    keys.sort();
    for (let i = 0; i < rows.length; i++) rows[i] = keys[i] % factor;
  }

  return { Searcher, needs, usesText };
})();
