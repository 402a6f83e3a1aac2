// Values and the rows that have them: tags and models by name, and how many rows of a result have each
// tag, model, rating and month.
"use strict";

/** @typedef {{name: string, count: number}} Facet */

const ImagelibFacets = (() => {
  const { fold } = ImagelibText;
  /** Two thousand years; a date beyond is one that another program got wrong. */
  const MOST_MONTHS = 24_000;

  /** The rows of each value of a column, one value after the other. */
  class Groups {
    /** @param {InstanceType<typeof ImagelibColumns.Columns>} columns @param {Int32Array} values @param {number} count */
    constructor(columns, values, count) {
      this.starts = new Uint32Array(count + 1);
      this.rows = new Int32Array(columns.count);
      ImagelibBits.each(columns.live, (row) => { this.starts[values[row] + 1]++; });
      for (let i = 1; i <= count; i++) this.starts[i] += this.starts[i - 1];
      const next = this.starts.slice();
      ImagelibBits.each(columns.live, (row) => { this.rows[next[values[row]]++] = row; });
    }

    /** Set the bits of the rows with a value. @param {Uint32Array} bits @param {number} value */
    setRows(bits, value) {
      for (let i = this.starts[value]; i < this.starts[value + 1]; i++) ImagelibBits.set(bits, this.rows[i]);
    }
  }

  class Facets {
    /** @param {InstanceType<typeof ImagelibColumns.Columns>} columns */
    constructor(columns) {
      this.columns = columns;
      this.version = -1;
      /** Names as they are compared, by number. @type {{tags: string[], models: string[]}} */
      this.folded = { tags: [], models: [] };
      /** The rows of each set of tags and of each model; made when they are first wanted.
       * @type {{tags: Groups | null, models: Groups | null}} */
      this.groups = { tags: null, models: null };
      /** Which sets have a tag. @type {number[][]} */
      this.setsOf = [];
      this.setsKnown = 0;
      /** Months since the first one; made when they are first counted. */
      this.months = new Uint16Array(0);
      this.firstMonth = 0;
      this.monthsVersion = -1;
      /** @type {{version: number, months: Facet[]}} */
      this.known = { version: -1, months: [] };
    }

    /** Bring up to date what is derived from the columns. */
    prepare() {
      const { columns, folded } = this;
      const { models, tags, tagSets } = columns;
      for (let i = folded.tags.length; i < tags.values.length; i++) folded.tags.push(fold(tags.values[i]));
      for (let i = folded.models.length; i < models.values.length; i++) folded.models.push(fold(models.values[i]));
      for (; this.setsKnown < tagSets.values.length; this.setsKnown++) {
        for (const tag of tagSets.values[this.setsKnown]) (this.setsOf[tag] ??= []).push(this.setsKnown);
      }
      if (this.version === columns.coreVersion) return;
      this.version = columns.coreVersion;
      this.groups = { tags: null, models: null };
    }

    /** The rows with a tag of a folded name. @param {(name: string) => boolean} wanted */
    tagged(wanted) {
      return this.rowsOf("tags", wanted);
    }

    /** The rows with a model of a folded name. @param {(name: string) => boolean} wanted */
    modelled(wanted) {
      return this.rowsOf("models", wanted);
    }

    /** @param {"tags" | "models"} kind @param {(name: string) => boolean} wanted */
    rowsOf(kind, wanted) {
      this.prepare();
      const bits = new Uint32Array(this.columns.capacity / 32);
      this.setRows(bits, kind, wanted);
      return bits;
    }

    /** @param {Uint32Array} bits @param {"tags" | "models"} kind @param {(name: string) => boolean} wanted */
    setRows(bits, kind, wanted) {
      this.folded[kind].forEach((name, number) => {
        if (!wanted(name)) return;
        // A row has one model, but a set of tags.
        const values = kind === "tags" ? this.setsOf[number] ?? [] : [number];
        for (const value of values) this.groupsOf(kind).setRows(bits, value);
      });
    }

    /** @param {"tags" | "models"} kind @returns {Groups} */
    groupsOf(kind) {
      const { columns } = this;
      return this.groups[kind] ??= kind === "tags"
        ? new Groups(columns, columns.tagSet, columns.tagSets.values.length)
        : new Groups(columns, columns.model, columns.models.values.length);
    }

    /** Whether letters are in the name of a tag, but are none themselves. @param {string} letters  Folded. */
    isBegun(letters) {
      this.prepare();
      const names = this.folded.tags;
      return names.some((name) => name.includes(letters))
        && !names.some((name) => name === letters || name.startsWith(`${letters}/`));
    }

    /** Add the rows whose model or tags hold a word. @param {Uint32Array} bits @param {string} word */
    addNamed(bits, word) {
      this.prepare();
      const holds = (/** @type {string} */ name) => ImagelibText.squeeze(name).includes(word);
      this.setRows(bits, "tags", holds);
      this.setRows(bits, "models", holds);
    }

    /** How many rows of a bitmap have each value. @param {Uint32Array} bits */
    counts(bits) {
      const { models, model, rating, tagSet, tagSets, tags, texts, tools } = this.columns;
      const [sets, byModel, byRating, byTool] = [tagSets.values.length, models.values.length, 6,
        tools.values.length].map((length) => new Uint32Array(length));
      ImagelibBits.each(bits, (row) => {
        sets[tagSet[row]]++;
        byModel[model[row]]++;
        byRating[rating[row]]++;
        const text = texts[ImagelibColumns.slotOf(row)];
        if (text) byTool[text.tools[ImagelibColumns.offsetIn(row)]]++;
      });
      const byTag = new Uint32Array(tags.values.length);
      sets.forEach((count, set) => {
        if (count) for (const tag of tagSets.values[set]) byTag[tag] += count;
      });
      return {
        tags: named(tags.values, byTag),
        models: named(models.values, byModel),
        tools: named(tools.values, byTool),
        ratings: [...byRating],
      };
    }

    /**
     * How many rows of a bitmap have each value of a field of the grammar, the most frequent first; of `is:` the
     * shapes. Of no other field than these there is anything to count.
     * @param {string} field @param {Uint32Array} bits @returns {Facet[]}
     */
    valuesOf(field, bits) {
      switch (field) {
        case "lora": return ImagelibGeneration.loras(this.columns, bits);
        case "sampler": return ImagelibGeneration.samplers(this.columns, bits);
        case "size": return this.sizesOf(bits, ([width, height]) => `${width}x${height}`);
        case "is": return this.sizesOf(bits, shapeOf);
        case "model": return this.counts(bits).models;
        case "tool": return this.counts(bits).tools;
        case "tag": return this.counts(bits).tags;
        default: return [];
      }
    }

    /** @param {Uint32Array} bits @param {(size: [number, number]) => string} nameOfSize */
    sizesOf(bits, nameOfSize) {
      const { size, sizes } = this.columns;
      const bySize = new Uint32Array(sizes.values.length);
      ImagelibBits.each(bits, (row) => { bySize[size[row]]++; });
      /** @type {Map<string, number>} */
      const counts = new Map();
      sizes.values.forEach((one, i) => { counts.set(nameOfSize(one), (counts.get(nameOfSize(one)) ?? 0) + bySize[i]); });
      return named([...counts.keys()], Uint32Array.from(counts.values()));
    }

    /** How many rows of a bitmap there are in each month that has any, the earliest first. @param {Uint32Array} bits @returns {Facet[]} */
    monthsOf(bits) {
      const { first, months } = this.monthOf();
      const counts = new Uint32Array(MOST_MONTHS);
      ImagelibBits.each(bits, (row) => { counts[months[row]]++; });
      /** @type {Facet[]} */
      const found = [];
      counts.forEach((count, i) => { if (count) found.push({ name: nameOf(first + i), count }); });
      return found;
    }

    /** The months of all images. */
    allMonths() {
      if (this.known.version !== this.columns.coreVersion) {
        this.known = { version: this.columns.coreVersion, months: this.monthsOf(this.columns.live) };
      }
      return this.known.months;
    }

    /** The month of each row, counted from the first one that occurs. */
    monthOf() {
      const { captured, coreVersion, live } = this.columns;
      if (this.monthsVersion === coreVersion) return { first: this.firstMonth, months: this.months };
      this.monthsVersion = coreVersion;
      let earliest = Infinity;
      ImagelibBits.each(live, (row) => { if (captured[row] < earliest) earliest = captured[row]; });
      const origin = new Date(Number.isFinite(earliest) ? earliest * 1000 : 0);
      this.firstMonth = 12 * origin.getUTCFullYear() + origin.getUTCMonth();
      this.months = new Uint16Array(captured.length);
      // Neighbours are mostly of one month: its bounds are asked first.
      let [from, until, month] = [0, 0, 0];
      ImagelibBits.each(live, (row) => {
        if (captured[row] < from || captured[row] >= until) {
          const date = new Date(captured[row] * 1000);
          const [year, index] = [date.getUTCFullYear(), date.getUTCMonth()];
          month = Math.min(12 * year + index - this.firstMonth, MOST_MONTHS - 1);
          from = new Date(0).setUTCFullYear(year, index, 1) / 1000;
          until = new Date(0).setUTCFullYear(year, index + 1, 1) / 1000;
        }
        this.months[row] = month;
      });
      return { first: this.firstMonth, months: this.months };
    }
  }

  /** Names that occur, the most frequent first. @param {string[]} names @param {Uint32Array} counts @returns {Facet[]} */
  function named(names, counts) {
    return names.map((name, i) => ({ name, count: counts[i] }))
      .filter(({ name, count }) => count && name)
      .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  }

  /** @param {number} month  Since the year 0. */
  const nameOf = (month) =>
    `${String(Math.floor(month / 12)).padStart(4, "0")}-${String((month % 12) + 1).padStart(2, "0")}`;

  /** What a picture is called by its shape. @param {[width: number, height: number]} size */
  const shapeOf = ([width, height]) => (height > width ? "portrait" : width > height ? "landscape" : "square");

  return { Facets, shapeOf };
})();
