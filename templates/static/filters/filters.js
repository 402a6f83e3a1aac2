// Filters and chips. They hold no state: all of them are read from the query and written into it.
"use strict";

const ImagelibFilters = (() => {
  const { h, mount, setText } = ImagelibDom;
  const { FacetList } = ImagelibFacetList;
  const { adding, conditionsOf, setting, without } = ImagelibConditions;
  const { parse, quote } = ImagelibQuery;

  const field = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (document.getElementById(id));
  const [dateFrom, dateTo] = ["date-from", "date-to"].map(field);
  const matching = mount("tag-matching");
  const matchings = /** @type {HTMLInputElement[]} */ ([...matching.querySelectorAll("input")]);

  let query = "";
  /** Of images that others are to be like, by id. @type {Map<string, string>} */
  const names = new Map();
  /** Of the result. @type {Facet[]} */
  let tags = [];
  /** @type {Record<"tags" | "models" | "tools", InstanceType<typeof FacetList>>} */
  let lists;
  /** @type {(query: string) => void} */
  let onChange = () => {};
  /** Called where the same query is to be counted in another way. */
  let onAsked = () => {};

  /** Whether several tags are alternatives; else all of them are wanted. */
  const isAnyTag = () => matchings.some(({ checked, value }) => checked && value === "any");

  /** @param {(query: string) => void} change @param {() => void} again  Count the same query again. */
  function start(change, again) {
    onChange = change;
    onAsked = again;
    lists = {
      tags: new FacetList(mount("tag-facets"), 12, { field: "tag", isAny: isAnyTag }, change),
      models: new FacetList(mount("model-facets"), 6, { field: "model" }, change),
      tools: new FacetList(mount("tool-facets"), 4, { field: "tool" }, change),
    };
    ImagelibRatingFilter.start(change);
    ImagelibCombobox.start(field("filter-tag"), /** @type {HTMLElement} */ (document.getElementById("filter-tag-list")),
      (typed) => {
        const wanted = ImagelibText.fold(typed.trim());
        const chosen = wantedTags().map(ImagelibText.fold);
        const found = tags.filter(({ name }) => ImagelibText.fold(name).includes(wanted) && !chosen.includes(ImagelibText.fold(name)));
        // Those that begin so come first.
        return found.sort((a, b) => Number(begins(b, wanted)) - Number(begins(a, wanted)));
      },
      (name) => lists.tags.want(name));
    for (const box of matchings) box.addEventListener("change", match);
    for (const box of [dateFrom, dateTo]) {
      box.addEventListener("change", () => onChange(setting(query, "date", [range(dateFrom.value, dateTo.value)].filter(Boolean))));
    }
    ImagelibTimeline.start(change);
    mount("filters-button").addEventListener("click", toggle);
    mount("show-found").addEventListener("click", () => {
      toggle();
      window.scrollTo({ top: 0, behavior: "instant" });
      mount("filters-button").focus();
    });
    showButton();
    matchMedia(WIDE).addEventListener("change", showButton);
  }

  const WIDE = "(width >= 75rem)";
  const isOpen = () => {
    const chosen = document.documentElement.dataset.filters;
    return chosen ? chosen === "open" : matchMedia(WIDE).matches;
  };

  function toggle() {
    document.documentElement.dataset.filters = isOpen() ? "closed" : "open";
    showButton();
  }

  const showButton = () => mount("filters-button").setAttribute("aria-expanded", String(isOpen()));

  /** @param {{name: string}} tag @param {string} wanted */
  const begins = ({ name }, wanted) => ImagelibText.fold(name).startsWith(wanted);

  /** @param {string} low @param {string} high */
  const range = (low, high) => {
    if (low === high) return low;
    if (low && high) return low < high ? `${low}..${high}` : `${high}..${low}`;
    return low ? `>=${low}` : `<=${high}`;
  };

  const wantedTags = () => conditionsOf(query, "tag").choices.flatMap(({ values }) => values);

  /** Want all of the chosen tags, or any of them. */
  function match() {
    const chosen = wantedTags();
    if (chosen.length < 2) onAsked();
    else if (isAnyTag()) onChange(setting(query, "tag", chosen));
    else onChange(chosen.reduce((text, name) => adding(text, `tag:${quote(name)}`), setting(query, "tag", [])));
  }

  /**
   * Take a query: from now on, all that is clicked builds on it.
   * @param {string} text @param {string} asked  Without a value that is only being written.
   */
  function ask(text, asked) {
    query = text;
    for (const list of Object.values(lists)) Object.assign(list, { query: text, asked });
    ImagelibRatingFilter.ask(text);
    const { choices } = conditionsOf(asked, "tag");
    const several = choices.flatMap(({ values }) => values).length > 1;
    if (several) for (const box of matchings) box.checked = (box.value === "any") === (choices.length === 1);
    matching.hidden = choices.length === 0;
    showChips(parse(text));
  }

  /**
   * Show the counts of the query's result.
   * @param {FacetCounts} found
   */
  function show(found) {
    tags = found.tags;
    mount("filters").removeAttribute("data-waiting");
    lists.tags.show(found.tags);
    lists.models.show(found.models);
    lists.tools.show(found.tools);
    ImagelibRatingFilter.show(found.ratings);
    for (const list of Object.values(lists)) list.list.parentElement?.classList.toggle("is-empty", list.list.hidden === true);
    setText(mount("show-found"), found.total === 1 ? "Show 1 image" : `Show ${found.total.toLocaleString("en")} images`);
    showDate(ImagelibFacetCounts.spanOf(query));
  }

  /** @param {ParsedQuery} parsed */
  function showChips({ parts }) {
    const chips = parts.map((part) => {
      const text = query.slice(part.start, part.end);
      if (part.kind === "or") return h("li", { class: "or" }, "or");
      const shown = h("span", {}, part.field === "like" && !part.negated ? likeName(part.value) : text);
      return h("li", { class: "chip" }, shown, h("button", {
        type: "button", "aria-label": `Remove ${text}`, click: () => onChange(without(query, part)),
      }, "×"));
    });
    const list = mount("chips");
    list.hidden = chips.length === 0;
    list.replaceChildren(...chips);
  }

  /** How the image is called that others are to be like; its name comes later. @param {string} id */
  function likeName(id) {
    const known = names.get(id);
    if (known === undefined) {
      names.set(id, "");
      void ImagelibIndex.record(id.toLowerCase()).then((record) => {
        if (record) names.set(id, ImagelibCard.nameOf(record));
        showChips(parse(query));
      });
    }
    return `Like: ${ImagelibText.squeeze(known || id).slice(0, 120)}`;
  }

  /** @param {{first: string, last: string}} span */
  function showDate({ first, last }) {
    dateFrom.value = first && `${first}-01-01`.slice(0, 10);
    dateTo.value = lastDay(last);
  }

  /** @param {string} period */
  function lastDay(period) {
    if (period.length === 4) return `${period}-12-31`;
    if (period.length !== 7) return period;
    const [year, month] = period.split("-").map(Number);
    return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10);
  }

  return { ask, get isAnyTag() { return isAnyTag(); }, show, start };
})();
