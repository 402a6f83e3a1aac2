// Groups of the filters that are closed at first: LoRAs, samplers, sizes. What they hold is counted while they
// are open, and never otherwise; a group of which no image has a value is not shown.
"use strict";

const ImagelibFoldedFacets = (() => {
  const { mount } = ImagelibDom;
  const { FacetList } = ImagelibFacetList;
  const { hasAny } = ImagelibGeneration;
  const SHAPES = ["portrait", "landscape", "square"];
  /** So many values are shown at first. */
  const MOST = 8;

  /** @typedef {InstanceType<typeof ImagelibSearch.Searcher>} Searcher */
  /** @typedef {{search: Searcher, query: string, bits: Uint32Array}} Result  What a query finds. */

  /**
   * @typedef {object} FoldedGroup
   * @property {string} name  Of its place in the page.
   * @property {(search: Searcher) => boolean} isThere  Whether any image has a value.
   * @property {(change: (query: string) => void) => InstanceType<typeof FacetList>[]} lists
   */

  /** @param {string} name @param {FacetKind} kind @param {(query: string) => void} change */
  const list = (name, kind, change) => new FacetList(mount(`${name}-facets`), MOST, kind, change);

  /** @type {FoldedGroup[]} */
  const GROUPS = [
    ...["lora", "sampler"].map((field) => ({
      name: field,
      isThere: (/** @type {Searcher} */ { columns }) => hasAny(columns, field === "lora" ? "loras" : field),
      lists: (/** @type {(query: string) => void} */ change) => [list(field, { field }, change)],
    })),
    {
      name: "size",
      isThere: ({ columns }) => columns.count > 0,
      lists: (change) => [
        list("shape", { field: "is", isOwn: (value) => SHAPES.includes(value.toLowerCase()), shown: (name) => name[0].toUpperCase() + name.slice(1) }, change),
        list("size", { field: "size", shown: (name) => name.replace("x", " × ") }, change)],
    },
  ];

  /** @type {{place: HTMLDetailsElement, isThere: (search: Searcher) => boolean, lists: InstanceType<typeof FacetList>[]}[]} */
  let groups = [];
  /** @type {Result | null} */
  let result = null;

  /** @param {(query: string) => void} change */
  function start(change) {
    groups = GROUPS.map(({ isThere, lists, name }) => {
      const place = /** @type {HTMLDetailsElement} */ (mount(`${name}-group`));
      const group = { place, isThere, lists: lists(change) };
      place.addEventListener("toggle", () => { if (result) fill(group.lists, place, result); });
      return group;
    });
  }

  /** Take a query: what is clicked builds on it. @param {string} query @param {string} asked  Without a value that is only being written. */
  function ask(query, asked) {
    for (const { lists } of groups) for (const one of lists) Object.assign(one, { query, asked });
  }

  /** Show what a query finds. @param {Searcher} search @param {string} query @param {Uint32Array} bits */
  function show(search, query, bits) {
    result = { search, query, bits };
    for (const { isThere, lists, place } of groups) {
      place.hidden = !isThere(search);
      fill(lists, place, result);
    }
  }

  /** @param {InstanceType<typeof FacetList>[]} lists @param {HTMLDetailsElement} place @param {Result} found */
  function fill(lists, place, { bits, query, search }) {
    if (!place.open || place.hidden) return;
    for (const one of lists) one.show(ImagelibFacetCounts.valuesOf(search, query, bits, one.field, one.isOwn));
  }

  return { ask, show, start };
})();
