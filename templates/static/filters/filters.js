// Filters and chips. They hold no state: all of them are read from the query and written into it.
"use strict";

const ImagelibFilters = (() => {
  const { h, mount, setText } = ImagelibDom;
  const { FacetList } = ImagelibFacetList;
  const { adding, conditionsOf, parse, quote, setting, without } = ImagelibQuery;

  const field = (/** @type {string} */ id) =>
    /** @type {HTMLInputElement | HTMLSelectElement} */ (document.getElementById(id));
  const [ratingFrom, ratingTo, dateFrom, dateTo] =
    ["rating-from", "rating-to", "date-from", "date-to"].map(field);

  let query = "";
  /** Of the result. @type {Facet[]} */
  let tags = [];
  /** @type {Record<"tags" | "models" | "tools" | "ratings", InstanceType<typeof FacetList>>} */
  let lists;
  /** @type {(query: string) => void} */
  let onChange = () => {};

  /** @param {(query: string) => void} change */
  function start(change) {
    onChange = change;
    lists = {
      tags: new FacetList(mount("tag-facets"), 14, { field: "tag" }, change),
      models: new FacetList(mount("model-facets"), 6, { field: "model" }, change),
      tools: new FacetList(mount("tool-facets"), 4, { field: "tool" }, change),
      ratings: new FacetList(mount("rating-facets"), 6, {
        field: "rating",
        isWhole: true,
        label: (rating) => (rating === "0" ? "unrated" : `${rating} ★`),
        means: (rating, value) => value === rating,
      }, change),
    };
    const tag = /** @type {HTMLInputElement} */ (field("filter-tag"));
    ImagelibCombobox.start(tag, /** @type {HTMLElement} */ (document.getElementById("filter-tag-list")),
      (typed) => {
        const wanted = ImagelibText.fold(typed.trim());
        const found = tags.filter(({ name }) => ImagelibText.fold(name).includes(wanted));
        // Those that begin so come first.
        return found.sort((a, b) => Number(begins(b, wanted)) - Number(begins(a, wanted)));
      },
      (name) => onChange(adding(query, `tag:${quote(name)}`)));
    for (const box of [ratingFrom, ratingTo]) {
      box.addEventListener("change", () => onChange(setting(query, "rating", range(ratingFrom.value, ratingTo.value))));
    }
    for (const box of [dateFrom, dateTo]) {
      box.addEventListener("change", () => onChange(setting(query, "date", range(dateFrom.value, dateTo.value))));
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

  /**
   * Take a query: from now on, all that is clicked builds on it.
   * @param {string} text
   */
  function ask(text) {
    if (text === query) return;
    query = text;
    for (const list of Object.values(lists)) list.query = text;
    showChips(parse(text));
  }

  /**
   * Show the counts of the query's result.
   * @param {{tags: Facet[], models: Facet[], tools: Facet[], ratings: number[]}} found
   */
  function show(found) {
    tags = found.tags;
    mount("filters").removeAttribute("data-waiting");
    const parsed = parse(query);
    lists.tags.show(found.tags);
    lists.models.show(found.models);
    lists.tools.show(found.tools);
    lists.ratings.show([5, 4, 3, 2, 1, 0].map((rating) => ({ name: String(rating), count: found.ratings[rating] })));
    for (const list of Object.values(lists)) list.list.parentElement?.classList.toggle("is-empty", list.list.hidden === true);
    const count = found.ratings.reduce((sum, one) => sum + one, 0);
    setText(mount("show-found"), count === 1 ? "Show 1 image" : `Show ${count} images`);
    showRating(conditionsOf(parsed, "rating")[0]?.value);
    showDate(conditionsOf(parsed, "date")[0]?.value);
  }

  /** @param {ParsedQuery} parsed */
  function showChips({ parts }) {
    const chips = parts.map((part) => {
      const text = query.slice(part.start, part.end);
      if (part.kind === "or") return h("li", { class: "or" }, "or");
      return h("li", { class: "chip" }, h("span", {}, text), h("button", {
        type: "button", "aria-label": `Remove ${text}`, click: () => onChange(without(query, part)),
      }, "×"));
    });
    const list = mount("chips");
    list.hidden = chips.length === 0;
    list.replaceChildren(...chips);
  }

  /** @param {string | undefined} value */
  function showRating(value) {
    const node = value === undefined ? null : parse(`rating:${value}`).root;
    const found = node?.kind === "rating" ? node : { low: 0, high: 5 };
    ratingFrom.value = found.low > 0 ? String(found.low) : "";
    ratingTo.value = found.high < 5 || found.low === found.high ? String(found.high) : "";
  }

  /** @param {string | undefined} value */
  function showDate(value) {
    const node = value === undefined ? null : parse(`date:${quote(value)}`).root;
    const found = node?.kind === "dates" ? node : { first: "", last: "" };
    dateFrom.value = found.first && `${found.first}-01-01`.slice(0, 10);
    dateTo.value = lastDay(found.last);
  }

  /** @param {string} period */
  function lastDay(period) {
    if (period.length === 4) return `${period}-12-31`;
    if (period.length !== 7) return period;
    const [year, month] = period.split("-").map(Number);
    return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10);
  }

  return { ask, show, start };
})();
