// What images have in common and in what they differ, field by field: for the form of many at once. Pure functions of
// the page's columns.
"use strict";

const ImagelibCommon = (() => {
  /**
   * How many of some rows carry each tag, those first that most have.
   * @param {InstanceType<typeof ImagelibColumns.Columns>} columns @param {Iterable<number>} rows @returns {TagCount[]}
   */
  function tags(columns, rows) {
    /** @type {Map<number, number>} */
    const sets = new Map();
    for (const row of rows) sets.set(columns.tagSet[row], (sets.get(columns.tagSet[row]) ?? 0) + 1);
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const [set, count] of sets) {
      for (const tag of columns.tagSets.values[set]) {
        const name = columns.tags.values[tag];
        counts.set(name, (counts.get(name) ?? 0) + count);
      }
    }
    return [...counts].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  }

  /**
   * The value of some fields that all rows have; a field is not there if they differ, or if a text has not arrived.
   * @param {InstanceType<typeof ImagelibColumns.Columns>} columns @param {number[]} rows @param {RegisteredField[]} fields
   * @returns {Partial<ImageFields>}
   */
  function values(columns, rows, fields) {
    let alike = fields;
    /** @type {Partial<ImageFields>} */
    let first = {};
    for (const [i, row] of rows.entries()) {
      if (!alike.length) break; // they differ in everything: the others add nothing
      /** @type {Partial<ImageFields>} */
      const record = { ...columns.coreOf(row), ...(alike.some(({ kind }) => kind === "text") && columns.textOf(row)) };
      if (i === 0) first = record;
      alike = alike.filter(({ name }) => record[name] !== undefined && record[name] === first[name]);
    }
    return Object.fromEntries(alike.map(({ name }) => [name, first[name]]));
  }

  return { tags, values };
})();
