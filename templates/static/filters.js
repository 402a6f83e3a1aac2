// @ts-check
// Filters and chips. They hold no state: all of them are read from the query and written into it.
"use strict";

const ImagelibFilters = (() => {
  const { h, mount, setText } = ImagelibDom;
  const { adding, conditionsOf, parse, quote, setting, without } = ImagelibQuery;
  const FACETS = 14;

  const field = (/** @type {string} */ id) =>
    /** @type {HTMLInputElement | HTMLSelectElement} */ (document.getElementById(id));
  const model = /** @type {HTMLSelectElement} */ (field("filter-model"));
  const [ratingFrom, ratingTo, dateFrom, dateTo] =
    ["rating-from", "rating-to", "date-from", "date-to"].map(field);

  let query = "";
  /** Of the result, and of the whole library. @type {{tags: {name: string, count: number}[], models: {name: string, count: number}[]}} */
  let counts = { tags: [], models: [] };
  /** @type {(query: string) => void} */
  let onChange = () => {};

  /** @param {(query: string) => void} change */
  function start(change) {
    onChange = change;
    const tag = /** @type {HTMLInputElement} */ (field("filter-tag"));
    ImagelibCombobox.start(tag, /** @type {HTMLElement} */ (document.getElementById("filter-tag-list")),
      (typed) => {
        const wanted = ImagelibText.fold(typed.trim());
        const found = counts.tags.filter(({ name }) => ImagelibText.fold(name).includes(wanted));
        // Those that begin so come first.
        return found.sort((a, b) => Number(begins(b, wanted)) - Number(begins(a, wanted)));
      },
      (name) => onChange(adding(query, `tag:${quote(name)}`)));
    model.addEventListener("change", () => onChange(setting(query, "model", model.value)));
    for (const box of [ratingFrom, ratingTo]) {
      box.addEventListener("change", () => onChange(setting(query, "rating", range(ratingFrom.value, ratingTo.value))));
    }
    for (const box of [dateFrom, dateTo]) {
      box.addEventListener("change", () => onChange(setting(query, "date", range(dateFrom.value, dateTo.value))));
    }
    mount("filters-button").addEventListener("click", toggle);
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

  /** Show a query, and the counts of its result. @param {string} text @param {typeof counts} found */
  function show(text, found) {
    query = text;
    counts = found;
    const parsed = parse(text);
    showChips(parsed);
    showFacets(parsed);
    showModels(conditionsOf(parsed, "model")[0]?.value ?? "");
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

  /** @param {ParsedQuery} parsed */
  function showFacets(parsed) {
    const chosen = conditionsOf(parsed, "tag").map(({ value }) => ImagelibText.fold(value));
    mount("tag-facets").replaceChildren(...counts.tags.slice(0, FACETS).map(({ name, count }) => {
      const on = chosen.indexOf(ImagelibText.fold(name));
      return h("li", {}, h("button", {
        type: "button", class: "facet", "aria-pressed": String(on >= 0),
        click: () => onChange(on >= 0
          ? without(query, conditionsOf(parse(query), "tag")[on])
          : adding(query, `tag:${quote(name)}`)),
      }, h("span", {}, name), " ", h("span", { class: "number" }, String(count))));
    }));
  }

  /** @param {string} chosen */
  function showModels(chosen) {
    const models = [...counts.models];
    if (chosen && !models.some(({ name }) => name === chosen)) models.unshift({ name: chosen, count: NaN });
    const options = [{ name: "", count: NaN }, ...models].map(({ name, count }) => {
      const label = name ? (Number.isNaN(count) ? name : `${name} (${count})`) : "All models";
      return h("option", { value: name }, label);
    });
    if (document.activeElement !== model || options.length !== model.options.length) model.replaceChildren(...options);
    else options.forEach((option, i) => setText(model.options[i], option.textContent ?? ""));
    model.value = chosen;
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

  return { show, start };
})();
