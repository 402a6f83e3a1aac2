// What the page says of a result: how many images, what was not understood, that there is nothing.
"use strict";

const ImagelibMessages = (() => {
  const { h, mount, setText } = ImagelibDom;
  /** @type {string[]} */
  let ofQuery = [];
  let noted = "";

  /** @param {number} found @param {boolean} readsText  Whether more may be found while text is arriving. @param {number} [stacks]  If they are stacked. */
  function count(found, readsText, stacks) {
    const { isBroken, searched, total } = ImagelibIndex;
    const arriving = readsText && searched < 1 && !isBroken ? `, ${Math.floor(searched * 100)}% searched` : "";
    setText(mount("count"), `${found} of ${total} images${arriving}`);
    mount("stacks").hidden = stacks === undefined;
    setText(mount("stacks"), `in ${stacks} stack${stacks === 1 ? "" : "s"}`);
  }

  /** @param {string[]} said  Of the query. */
  function warnings(said) {
    ofQuery = said;
    showWarnings();
  }

  /** Say something, until something else is asked for. @param {string} said */
  function note(said) {
    noted = said;
    showWarnings();
  }

  function showWarnings() {
    const broken = ImagelibIndex.isBroken ? "some of the index cannot be loaded; reload the page" : "";
    const all = [...ofQuery, noted, broken].filter(Boolean);
    mount("warnings").hidden = all.length === 0;
    setText(mount("warnings"), all.join(" · "));
  }

  /**
   * Say that nothing was found, and which of the conditions is to blame.
   * @param {boolean} isNothing
   * @param {{clear: () => void, go: (query: string) => void, ways: () => {without: string, query: string, count: number}[]}} offers
   */
  function nothing(isNothing, { clear, go, ways }) {
    const place = mount("nothing");
    place.hidden = !isNothing;
    if (!isNothing || ImagelibIndex.total === 0) return;
    const offered = ways();
    const key = JSON.stringify(offered);
    if (place.dataset.key === key) return;
    place.dataset.key = key;
    const button = (/** @type {string} */ label, /** @type {() => void} */ click) => h("button", { type: "button", class: "button", click }, label);
    place.replaceChildren(h("h2", {}, "Nothing found"), h("p", {}, "No image meets all of these conditions."),
      ...offered.map(({ without, query, count }) => button(`Without ${without}: ${count}`, () => go(query))),
      button("Clear the search", clear));
  }

  return { count, note, nothing, warnings };
})();
