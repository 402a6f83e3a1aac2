// Which ratings are wanted: a slider over five stars, and a row for each rating to choose several.
// It holds no state: what is wanted is read from the query and written into it.
"use strict";

const ImagelibRatingFilter = (() => {
  const { h, mount, setAttribute, setText } = ImagelibDom;
  const { allowing, conditionsOf, setting } = ImagelibConditions;
  const RATINGS = [5, 4, 3, 2, 1, 0];
  const HIGHEST = 5;

  /** What the slider means, by what stands before it. @type {Record<string, (rating: number, at: number) => boolean>} */
  const MEANS = { ">=": (rating, at) => rating >= at, "=": (rating, at) => rating === at, "<=": (rating, at) => rating <= at };
  /** @type {Record<string, (stars: string) => string>} */
  const SAYS = { ">=": (stars) => `${stars} or more`, "=": (stars) => stars, "<=": (stars) => `${stars} or less` };

  const place = mount("rating-filter");
  const list = mount("rating-facets");
  const slider = /** @type {HTMLInputElement} */ (place.querySelector("input[type=range]"));
  const hows = /** @type {HTMLInputElement[]} */ ([...place.querySelectorAll("input[type=radio]")]);
  let query = "";
  /** @type {number[]} */
  let counts = [];
  /** @type {(query: string) => void} */
  let change = () => {};

  /** @param {(query: string) => void} changed */
  function start(changed) {
    change = changed;
    ImagelibRoving.start(list);
    slider.addEventListener("input", choose);
    // Where the slider says nothing yet, how it is meant is not said yet either.
    for (const one of hows) one.addEventListener("change", () => { if (Number(slider.value)) choose(); });
  }

  const how = () => hows.find(({ checked }) => checked)?.value ?? ">=";

  function choose() {
    const at = Number(slider.value);
    // No star at all is no condition, unless "none" is what is asked for.
    const isAny = at === 0 && how() === ">=";
    want(isAny ? null : RATINGS.map((_, rating) => MEANS[how()](rating, at)));
  }

  /** Ask for these ratings; for all of them or none, ask for nothing. @param {boolean[] | null} wanted  By rating. */
  function want(wanted) {
    const values = wanted && wanted.includes(true) && wanted.includes(false) ? spans(wanted) : [];
    change(setting(allowing(query, "rating"), "rating", values));
  }

  /** Ratings as the grammar says them: neighbours as one span, the best first. @param {boolean[]} wanted */
  function spans(wanted) {
    /** @type {string[]} */
    const found = [];
    for (let high = HIGHEST; high >= 0; high--) {
      if (!wanted[high]) continue;
      let low = high;
      while (low > 0 && wanted[low - 1]) low--;
      if (low === high) found.push(String(low));
      else if (high === HIGHEST) found.push(`>=${low}`);
      else if (low === 0) found.push(`<=${high}`);
      else found.push(`${low}..${high}`);
      high = low;
    }
    return found;
  }

  /** Which ratings the query wants, or null if it does not ask. @returns {boolean[] | null} */
  function wantedOf() {
    const { choices, unwanted } = conditionsOf(query, "rating");
    if (!choices.length && !unwanted.length) return null;
    return RATINGS.map((_, rating) => choices.every(({ values }) => values.some((value) => holds(value, rating)))
      && !unwanted.some(({ value }) => holds(value, rating)));
  }

  /** @param {string} value  Of a condition. @param {number} rating */
  function holds(value, rating) {
    const { root } = ImagelibQuery.parse(`rating:${value}`);
    return root.kind === "rating" && root.low <= rating && rating <= root.high;
  }

  /** @param {string} text */
  function ask(text) {
    query = text;
    const wanted = wantedOf();
    showRows(wanted);
    showSlider(wanted);
  }

  /** @param {number[]} found  How many there are of each rating, whatever rating is asked for. */
  function show(found) {
    counts = found;
    showRows(wantedOf());
  }

  /** @param {boolean[] | null} wanted */
  function showRows(wanted) {
    ImagelibRoving.keeping(list, () => list.replaceChildren(...RATINGS.map((rating) => {
      const isWanted = wanted?.[rating] ?? false;
      const name = rating ? `${rating} ★` : "unrated";
      return h("li", { class: "facet-row", ...(counts[rating] ? {} : { "data-none": "" }) }, h("button", {
        type: "button", class: "facet", "data-key": String(rating), "aria-pressed": String(isWanted),
        "aria-label": `${name} ${counts[rating] ?? 0}`, click: () => {
          const now = wantedOf() ?? RATINGS.map(() => false);
          want(now.with(rating, !now[rating]));
        },
      }, h("span", {}, rating ? "★".repeat(rating) : "unrated"), " ",
      h("span", { class: "number" }, (counts[rating] ?? 0).toLocaleString("en"))));
    })));
  }

  /** @param {boolean[] | null} wanted */
  function showSlider(wanted) {
    const meant = wanted && asSlider(wanted);
    slider.value = String(meant ? meant.at : 0);
    if (meant) for (const one of hows) one.checked = one.value === meant.how;
    const at = Number(slider.value);
    const stars = at === 0 ? "unrated" : at === 1 ? "1 star" : `${at} stars`;
    const said = meant ? SAYS[meant.how](stars) : wanted ? "several" : "any";
    setAttribute(slider, "aria-valuetext", said);
    setText(mount("rating-said"), said);
    place.querySelectorAll("i").forEach((star, i) => star.classList.toggle("on", i < at));
  }

  /** Ratings as the slider can say them, the chosen way first. @param {boolean[]} wanted */
  function asSlider(wanted) {
    for (const way of [how(), ...Object.keys(MEANS)]) {
      for (let at = 0; at <= HIGHEST; at++) {
        if (way === ">=" && at === 0) continue;
        if (wanted.every((one, rating) => one === MEANS[way](rating, at))) return { how: way, at };
      }
    }
    return null;
  }

  return { ask, show, start };
})();
