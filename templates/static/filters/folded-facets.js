// Groups of the filters that are closed at first: LoRAs, samplers, sizes, words of prompts. What they hold is counted while they
// are open, and never otherwise; a group of which no image has a value is not shown.
"use strict";

const ImagelibFoldedFacets = (() => {
  const { mount } = ImagelibDom;
  const { FacetList } = ImagelibFacetList;
  const { hasAny } = ImagelibGeneration;
  const { turns } = ImagelibTasks;
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

  /** Words that were listed: other words of a query are not of the list. @type {Set<string>} */
  const listed = new Set();

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
    {
      name: "words",
      // As long as texts are on their way, the counts would be of a part.
      isThere: ({ columns: { count, textCount, texts } }) => textCount === count && texts.some((text) => text?.prompt.pieces.some(Boolean)),
      lists: (change) => [list("words", { field: "", isAny: () => false, isOwn: (value) => listed.has(ImagelibText.foldWords(value)) }, change)],
    },
  ];

  const counting = turns();

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
    for (const one of lists) {
      if (one.field) one.show(ImagelibFacetCounts.valuesOf(search, query, bits, one.field, one.isOwn));
      else void showWords(one, search, bits);
    }
  }

  /** @param {InstanceType<typeof FacetList>} words @param {Searcher} search @param {Uint32Array} bits */
  async function showWords(words, { columns }, bits) {
    const phrases = await ImagelibPhrases.count(columns, bits, counting());
    if (!phrases) return;
    for (const { name } of phrases) listed.add(name);
    words.show(phrases);
  }

  return { ask, show, start };
})();
