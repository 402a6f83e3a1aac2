// The rows of the library in memory: columns as typed arrays, repeated values once.
// A row number is a place in these arrays. Blocks fill rows in any order; edits overwrite them.
"use strict";

/**
 * @typedef {InstanceType<typeof ImagelibTexts.TextColumn>} TextColumn
 *
 * @typedef {Record<TextName, TextColumn> & TextBlockRest} TextBlock
 *
 * @typedef {object} TextBlockRest
 * @property {number} version  Changes with the content.
 * @property {TextColumn} tool  Of the settings, as are samplers.
 * @property {TextColumn} sampler
 * @property {string[][]} settings  Names and values in turn.
 * @property {Int16Array} setting
 * @property {string[]} seeds
 * @property {Int32Array} tools  Of each row, as a number of `Columns.tools`.
 *
 * @typedef {Omit<CoreRow, "pk"> & Texts & Partial<Pick<ImageRecord, "id" | "file_name" | "original_name" | "phash">>} RowEdit
 *   What a row is to hold from now on; of its file only what is told.
 */

const ImagelibColumns = (() => {
  const { read, readDeltas, readInto } = ImagelibNumbers;
  const { TEXTS, ofEachText } = ImagelibRegistry;
  const { fold, foldWords } = ImagelibText;
  const { TextColumn } = ImagelibTexts;
  const CORE_ROWS = 8192;
  const TEXT_BITS = 12;
  const PHASH_LETTERS = 16;
  /** Stands between names; no word of a query ever holds it. */
  const SEPARATOR = "\x1f";
  const TEXT_ROWS = 1 << TEXT_BITS;
  /** Words of a bitmap for the rows of a text block. */
  const TEXT_WORDS = TEXT_ROWS / 32;
  /** Which text block a row has, and where in it. @param {number} row */
  const slotOf = (row) => row >>> TEXT_BITS;
  /** @param {number} row */
  const offsetIn = (row) => row & (TEXT_ROWS - 1);
  /** The columns of a text block that hold words. */
  const TEXT_COLUMNS = [...TEXTS.map(({ search }) => search), /** @type {const} */ ("tool"), /** @type {const} */ ("sampler")];
  /** @type {FileState[]} */
  const STATES = ["ok", "missing", "altered"];

  /** Distinct values and their numbers. @template T */
  class Dictionary {
    constructor() {
      /** @type {T[]} */
      this.values = [];
      /** @type {Map<string, number>} */
      this.numbers = new Map();
    }

    /** @param {T} value @param {string} key */
    number(value, key = String(value)) {
      let number = this.numbers.get(key);
      if (number === undefined) {
        number = this.values.push(value) - 1;
        this.numbers.set(key, number);
      }
      return number;
    }

    /** Add a value that may be there already: two numbers for one value cost less than to look. @param {T} value */
    append(value) {
      return this.values.push(value) - 1;
    }
  }

  class Columns {
    constructor() {
      this.capacity = 0;
      /** Where the rows of a core block begin, by its number. @type {Map<number, number>} */
      this.firstRow = new Map();
      this.live = new Uint32Array(0);
      this.pk = new Float64Array(0);
      /** Seconds since 1970, in wall-clock time. */
      this.captured = new Float64Array(0);
      /** Milliseconds since 1970. */
      this.created = new Float64Array(0);
      this.rating = new Uint8Array(0);
      this.state = new Uint8Array(0);
      this.model = new Int32Array(0);
      this.size = new Int32Array(0);
      this.tagSet = new Int32Array(0);
      /** How pictures look, 64 bits in two halves; zeros where that is unknown. */
      this.phashHigh = new Uint32Array(0);
      this.phashLow = new Uint32Array(0);
      /** Folded names of files by row: the original ones, and all that `file:` is looked for in. @type {string[]} */
      this.originals = [];
      /** @type {string[]} */
      this.names = [];
      /** @type {Dictionary<string>} */
      this.models = new Dictionary();
      /** @type {Dictionary<string>} */
      this.tools = new Dictionary();
      /** @type {Dictionary<[number, number]>} */
      this.sizes = new Dictionary();
      /** @type {Dictionary<string>} */
      this.tags = new Dictionary();
      /** @type {Dictionary<number[]>} */
      this.tagSets = new Dictionary();
      /** Who has picked which images: folded names, and pks that may be gone. @type {{name: string, pks: Iterable<number>}[]} */
      this.picks = [];
      /** By `row / TEXT_ROWS`. @type {(TextBlock | undefined)[]} */
      this.texts = [];
      /** Rises with every change of what filters and orders see. */
      this.coreVersion = 0;
      this.textVersion = 0;
      this.count = 0;
      this.textCount = 0;
    }

    /** The row of a pk, made if need be. @param {number} pk */
    rowOf(pk) {
      const number = Math.floor(pk / CORE_ROWS);
      let first = this.firstRow.get(number);
      if (first === undefined) {
        first = this.firstRow.size * CORE_ROWS;
        this.firstRow.set(number, first);
        this.grow(first + CORE_ROWS);
      }
      return first + (pk % CORE_ROWS);
    }

    /** Whether a pk has a row already. @param {number} pk */
    hasPlace(pk) {
      return this.firstRow.has(Math.floor(pk / CORE_ROWS));
    }

    /** Take in who has picked which images, by their pks. @param {[who: string, pks: Iterable<number>][]} picks */
    setPicks(picks) {
      this.picks = picks.map(([who, pks]) => ({ name: fold(who), pks }));
      this.coreVersion++;
    }

    /** Make room for a number of core blocks at once. @param {number} blocks */
    reserve(blocks) {
      this.grow(blocks * CORE_ROWS);
    }

    /** @param {number} rows */
    grow(rows) {
      if (rows <= this.capacity) return;
      this.capacity = Math.max(rows, Math.ceil((this.capacity * 1.5) / CORE_ROWS) * CORE_ROWS);
      /** @template {{set: (values: T) => void}} T @param {T} larger @param {T} array */
      const filled = (larger, array) => {
        larger.set(array);
        return larger;
      };
      const { capacity } = this;
      this.live = filled(new Uint32Array(capacity / 32), this.live);
      for (const name of /** @type {const} */ (["pk", "captured", "created"])) this[name] = filled(new Float64Array(capacity), this[name]);
      for (const name of /** @type {const} */ (["rating", "state"])) this[name] = filled(new Uint8Array(capacity), this[name]);
      for (const name of /** @type {const} */ (["phashHigh", "phashLow"])) this[name] = filled(new Uint32Array(capacity), this[name]);
      for (const name of /** @type {const} */ (["model", "size", "tagSet"])) this[name] = filled(new Int32Array(capacity), this[name]);
    }

    /** @param {number} row */
    isLive(row) {
      return row < this.capacity && (this.live[row >>> 5] & (1 << (row & 31))) !== 0;
    }

    /** @param {number} row @param {boolean} live */
    setLive(row, live) {
      if (this.isLive(row) === live) return;
      this.live[row >>> 5] ^= 1 << (row & 31);
      this.count += live ? 1 : -1;
      if (this.texts[slotOf(row)]) this.textCount += live ? 1 : -1;
    }

    /** Take a core block in; it replaces the rows of an older one. @param {CoreData} block */
    addCore(block) {
      const first = this.rowOf(block.number * CORE_ROWS);
      const models = block.models.map((name) => this.models.number(name));
      const sizes = block.sizes.map((size) => this.sizes.number(size, size.join()));
      const tags = block.tags.map((name) => this.tags.number(name));
      const tagSets = this.tagSetsOf(block, tags);
      const { rows, runs, rating } = block;
      const captured = readDeltas(block.captured);
      const created = readDeltas(block.created);
      // Where all rows have the first value, no numbers are written.
      const [model, size, tagSet] = [block.model, block.size, block.tag_set]
        .map((numbers) => readInto(numbers, new Uint16Array(rows)));
      this.clear(first, CORE_ROWS);
      for (let run = 0, i = 0; run < runs.length; run += 2) {
        for (let row = first + runs[run]; row < first + runs[run] + runs[run + 1]; row++, i++) {
          this.pk[row] = block.number * CORE_ROWS + row - first;
          this.captured[row] = captured[i];
          this.created[row] = created[i] * block.created_unit;
          this.rating[row] = rating.charCodeAt(i) - 48;
          this.state[row] = 0;
          this.model[row] = models[model[i]];
          this.size[row] = sizes[size[i]];
          this.tagSet[row] = tagSets[tagSet[i]];
          this.live[row >>> 5] |= 1 << (row & 31);
        }
      }
      for (const offset of block.missing) this.state[first + offset] = 1;
      for (const offset of block.altered) this.state[first + offset] = 2;
      this.count += block.rows;
      for (let slot = slotOf(first); slot < slotOf(first + CORE_ROWS); slot++) {
        if (this.texts[slot]) this.textCount += this.liveIn(slot);
      }
      this.coreVersion++;
    }

    /** Take in how pictures look. @param {PhashData} block */
    addPhash({ number, phashes, runs }) {
      const first = this.rowOf(number * CORE_ROWS);
      eachOffset(runs, (offset, i) => this.setPhash(first + offset, phashes.slice(PHASH_LETTERS * i, PHASH_LETTERS * (i + 1))));
      this.coreVersion++;
    }

    /** Take in how files are called. @param {NameData} block */
    addNames(block) {
      const first = this.rowOf(block.number * CORE_ROWS);
      const path = readInto(block.path, new Uint16Array(block.rows));
      eachOffset(block.runs, (offset, i) => {
        const [original, written] = [block.originals[i], block.paths[path[i]]];
        this.setNames(first + offset, original, written.endsWith("/") ? `${written === "/" ? "" : written}${original}` : written);
      });
      this.coreVersion++;
    }

    /** @param {number} row @param {string} original @param {string} path  Below `images/`; "" where nobody has given that name. */
    setNames(row, original, path) {
      this.originals[row] = foldWords(original);
      const isNew = path && path.slice(path.lastIndexOf("/") + 1) !== original;
      this.names[row] = path ? foldWords(path) + (isNew ? SEPARATOR + this.originals[row] : "") : this.originals[row];
    }

    /** By what a row sorts by name: the twin of `name_key` in Python. @param {number} row */
    nameKey(row) {
      const [path = ""] = this.names[row]?.split(SEPARATOR) ?? [];
      const name = this.originals[row] || path.slice(path.lastIndexOf("/") + 1);
      return name.replace(/[0-9]+/g, (digits) => digits.replace(/^0+/, "").padStart(12, "0"));
    }

    /** @param {number} row @param {string} phash  In hex digits; "" if it is unknown. */
    setPhash(row, phash) {
      this.phashHigh[row] = parseInt(phash.slice(0, -8) || "0", 16);
      this.phashLow[row] = parseInt(phash.slice(-8) || "0", 16);
    }

    /** Add the sets of tags of a block; returns the number of each. @param {CoreData} block @param {number[]} tags  By number in the block. */
    tagSetsOf(block, tags) {
      const sizes = Array.from(read(block.tag_set_sizes));
      const all = read(block.tag_sets);
      let start = 0;
      return sizes.map((size) => {
        const set = [];
        for (const end = start + size; start < end; start++) set.push(tags[all[start]]);
        return this.tagSets.append(set);
      });
    }

    /** Take rows away. @param {number} first @param {number} rows  Whole text blocks. */
    clear(first, rows) {
      for (let slot = slotOf(first); slot < slotOf(first + rows); slot++) {
        const live = this.liveIn(slot);
        this.count -= live;
        if (this.texts[slot]) this.textCount -= live;
      }
      this.live.fill(0, first >>> 5, (first + rows) >>> 5);
    }

    /** Take a text block in. @param {TextData} block */
    addText(block) {
      const slot = slotOf(this.rowOf(block.number * TEXT_ROWS));
      const settings = expand(block.setting, block.runs);
      /** @type {TextBlock} */
      const text = {
        version: ++this.textVersion,
        ...ofEachText(({ search }) => columnOf(block, search)),
        tool: TextColumn.of(valuesOf(block.settings, "tool"), settings, false),
        sampler: TextColumn.of(valuesOf(block.settings, "sampler"), settings, false),
        settings: block.settings,
        setting: settings,
        seeds: [],
        tools: this.toolsOf(block.settings, settings),
      };
      if (block.seeds.length === TEXT_ROWS) text.seeds = block.seeds;
      else eachOffset(block.runs, (offset, i) => { text.seeds[offset] = block.seeds[i] ?? ""; });
      if (!this.texts[slot]) this.textCount += this.liveIn(slot);
      this.texts[slot] = text;
      return text;
    }

    /** How many live rows a text block has. @param {number} slot */
    liveIn(slot) {
      return ImagelibBits.count(this.live.subarray(slot * TEXT_WORDS, (slot + 1) * TEXT_WORDS));
    }

    /** Lay an edit over what the blocks say; returns the text block that it changed. @param {number} pk @param {RowEdit} edit */
    set(pk, edit) {
      const row = this.rowOf(pk);
      const tags = edit.tags.map((name) => this.tags.number(name));
      const size = /** @type {[number, number]} */ ([edit.width, edit.height]);
      this.pk[row] = pk;
      this.captured[row] = Date.parse(`${edit.captured_at}Z`) / 1000 || 0;
      this.created[row] = Date.parse(edit.created_at) || 0;
      this.rating[row] = edit.rating;
      this.state[row] = Math.max(0, STATES.indexOf(edit.file_state));
      this.model[row] = this.models.number(edit.ai_model);
      this.size[row] = this.sizes.number(size, size.join());
      this.tagSet[row] = this.tagSets.number(tags, tags.join());
      if (edit.file_name !== undefined) {
        const isGiven = edit.file_name.startsWith(edit.id ?? " ") && !edit.file_name.includes("/");
        this.setNames(row, edit.original_name ?? "", isGiven ? "" : edit.file_name);
      }
      if (edit.phash !== undefined) this.setPhash(row, edit.phash);
      this.setLive(row, true);
      this.coreVersion++;
      return this.setText(row, edit);
    }

    /** @param {number} row @param {RowEdit} edit */
    setText(row, edit) {
      const slot = slotOf(row);
      const text = this.texts[slot];
      if (!text) return null;
      const offset = offsetIn(row);
      const pairs = Object.entries(edit.generation ?? {})
        .filter(([name, value]) => name !== "seed" && value !== null && value !== "")
        .flatMap(([name, value]) => [name, asText(value)]);
      text.version = ++this.textVersion;
      // What a tab has kept from an earlier version knows nothing of a field that came later.
      for (const { name, search } of TEXTS) replaceText(text[search], offset, edit[name] ?? "");
      // Three columns share one index of settings.
      text.setting = text.setting.slice();
      text.setting[offset] = text.settings.length;
      text.settings = [...text.settings, pairs];
      for (const name of /** @type {const} */ (["tool", "sampler"])) {
        const [value] = valuesOf([pairs], name);
        text[name].append(value);
        text[name].index = text.setting;
        if (name === "tool") text.tools[offset] = this.tools.number(value);
      }
      text.seeds[offset] = asText(edit.generation?.seed ?? "");
      return text;
    }

    /** @param {string[][]} settings @param {Int16Array} setting */
    toolsOf(settings, setting) {
      const numbers = valuesOf(settings, "tool").map((name) => this.tools.number(name));
      numbers.push(this.tools.number(""));
      const tools = new Int32Array(setting.length);
      for (let offset = 0; offset < setting.length; offset++) tools[offset] = numbers[setting[offset] < 0 ? settings.length : setting[offset]];
      return tools;
    }

    /** Make sure that the row's text block is there, for a row that no block holds. @param {number} row */
    makeText(row) {
      const slot = slotOf(row);
      if (this.texts[slot]) return;
      const column = (squeezed = true) => TextColumn.of([""], new Int16Array(TEXT_ROWS).fill(-1), squeezed);
      const setting = new Int16Array(TEXT_ROWS).fill(-1);
      this.texts[slot] = {
        version: ++this.textVersion, ...ofEachText(() => column()),
        tool: column(false), sampler: column(false), settings: [[]], setting, seeds: [],
        tools: this.toolsOf([[]], setting),
      };
      this.textCount += this.liveIn(slot);
    }

    /** What the text block says of a row, or null while it has not arrived. @param {number} row @returns {Texts | null} */
    textOf(row) {
      const text = this.texts[slotOf(row)];
      const offset = offsetIn(row);
      if (!text || text.prompt.index[offset] < 0) return null;
      const pairs = text.settings[text.setting[offset]] ?? [];
      const seed = text.seeds[offset];
      /** @type {Record<string, string>} */
      const generation = seed ? { seed } : {};
      for (let i = 0; i < pairs.length; i += 2) generation[pairs[i]] = pairs[i + 1];
      const texts = TEXTS.map(({ name, search }) => [name, text[search].text(text[search].index[offset])]);
      return { .../** @type {Record<TextField, string>} */ (Object.fromEntries(texts)), generation };
    }

    /** What filters and orders know of a row. @param {number} row @returns {CoreRow} */
    coreOf(row) {
      const [width, height] = this.sizes.values[this.size[row]];
      return {
        pk: this.pk[row],
        captured_at: new Date(this.captured[row] * 1000).toISOString().slice(0, 19),
        created_at: new Date(this.created[row]).toISOString(),
        rating: this.rating[row],
        ai_model: this.models.values[this.model[row]],
        width,
        height,
        tags: this.tagSets.values[this.tagSet[row]].map((tag) => this.tags.values[tag]),
        file_state: STATES[this.state[row]],
      };
    }
  }

  /** Call back for each row of the runs with its offset and its number. @param {number[]} runs @param {(offset: number, i: number) => void} each */
  function eachOffset(runs, each) {
    let i = 0;
    for (let run = 0; run < runs.length; run += 2) {
      for (let offset = runs[run]; offset < runs[run] + runs[run + 1]; offset++) each(offset, i++);
    }
  }

  /** The texts of one field in a block. @param {TextData} block @param {TextName} search */
  function columnOf(block, search) {
    const one = /** @type {Singular<TextName>} */ (search.replace(/s$/, ""));
    return new TextColumn(block[`${one}s`], expand(block[one], block.runs), true);
  }

  /** Which distinct text each of the block's rows has; -1 where there is no row. @param {string} written  Nothing if all have the first. @param {number[]} runs */
  function expand(written, runs) {
    const indexes = readInto(written, new Int16Array(TEXT_ROWS));
    const all = new Int16Array(TEXT_ROWS).fill(-1);
    for (let run = 0, i = 0; run < runs.length; i += runs[run + 1], run += 2) {
      all.set(indexes.subarray(i, i + runs[run + 1]), runs[run]);
    }
    return all;
  }

  /** @param {string[][]} settings @param {string} name */
  const valuesOf = (settings, name) => settings.map((pairs) => {
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return pairs[i + 1];
    return "";
  });

  /** @param {TextColumn} column @param {number} offset @param {string} text */
  function replaceText(column, offset, text) {
    const number = column.index[offset];
    if (number < 0 || !column.isText(number, text)) column.index[offset] = column.add(text);
  }

  /** @param {unknown} value */
  const asText = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value));

  return { CORE_ROWS, Columns, TEXT_COLUMNS, TEXT_ROWS, TEXT_WORDS, eachOffset, offsetIn, slotOf };
})();
