// What the page says of a result: how many images, what was not understood, that there is nothing.
"use strict";

const ImagelibMessages = (() => {
  const { h, mount, nextFrame, setText } = ImagelibDom;
  const IS_SHOW = document.documentElement.dataset.published !== undefined;
  /** @type {string[]} */
  let ofQuery = [];
  let noted = "";

  /** @param {number} found @param {boolean} readsText  Whether more may be found while text is arriving. @param {number} [stacks]  If they are stacked. */
  function count(found, readsText, stacks) {
    const { isBroken, searched, total } = ImagelibIndex;
    const arriving = readsText && searched < 1 && !isBroken ? `, ${Math.floor(searched * 100)}% searched` : "";
    // Who visits a show need not be told that all of it is all of it.
    const said = IS_SHOW && found === total ? `${total} image${total === 1 ? "" : "s"}` : `${found} of ${total} images`;
    const place = mount("count");
    // It is said to those who cannot see it, so that it is not written anew for nothing.
    if (place.textContent !== `${said}${arriving}`) place.replaceChildren(...grouped(`${said}${arriving}`));
    mount("stacks").hidden = stacks === undefined;
    setText(mount("stacks"), `in ${stacks?.toLocaleString("en")} stack${stacks === 1 ? "" : "s"}`);
  }

  /** A text whose thousands are parted for the eye alone: other programs read the number in it. @param {string} text */
  const grouped = (text) => text.split(/(?<=\d)(?=(?:\d{3})+(?!\d))/).map((part, at) => (at ? h("span", { class: "thousands" }, part) : part));

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
    const { coming } = ImagelibIndex;
    const more = coming ? `${coming.toLocaleString("en")} more image${coming === 1 ? " is" : "s are"} being added to this gallery` : "";
    const all = [...ofQuery, noted, broken, more].filter(Boolean);
    mount("warnings").hidden = all.length === 0;
    setText(mount("warnings"), all.map((text) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`).join(" · "));
  }

  /** Other spellings, and the query that they are of, with what it was asked of. @type {{of: string, queries: Meant[]}} */
  let spelled = { of: "", queries: [] };

  /**
   * @typedef {object} Offers  Ways out of a query that finds nothing.
   * @property {string} query
   * @property {() => void} clear
   * @property {(query: string) => void} go
   * @property {() => {without: string, query: string, count: number}[]} ways  Without one condition.
   * @property {() => Meant[]} meant  Spelled otherwise.
   */

  /** Say that nothing was found, and which of the conditions is to blame. @param {boolean} isNothing @param {Offers} offers */
  function nothing(isNothing, offers) {
    const place = mount("nothing");
    place.hidden = !isNothing;
    if (!isNothing || ImagelibIndex.total === 0) return;
    const { columns } = ImagelibIndex;
    const of = JSON.stringify([offers.query, columns.coreVersion, columns.textVersion, ImagelibTexts.vocabulary.count]);
    if (spelled.of !== of) {
      spelled = { of, queries: [] };
      void spell(of, offers);
    }
    showWays(offers);
  }

  /** Look for other spellings once all else is drawn: no key waits for them. @param {string} of @param {Offers} offers */
  async function spell(of, offers) {
    await nextFrame();
    if (spelled.of !== of || mount("nothing").hidden) return;
    spelled.queries = offers.meant();
    showWays(offers);
  }

  /** @param {Offers} offers */
  function showWays({ clear, go, ways }) {
    const place = mount("nothing");
    const offered = ways();
    const key = JSON.stringify([spelled.queries, offered]);
    if (place.dataset.key === key) return;
    place.dataset.key = key;
    const button = (/** @type {string} */ label, /** @type {() => void} */ click) => h("button", { type: "button", class: "button", click }, label);
    place.replaceChildren(h("h2", {}, "Nothing found"), h("p", {}, "No image meets all of these conditions."),
      ...spelled.queries.map(({ query, count }) => button(`Did you mean ${query}? (${count})`, () => go(query))),
      ...offered.map(({ without, query, count }) => button(`Without ${without}: ${count}`, () => go(query))),
      button("Clear the search", clear));
  }

  return { count, note, nothing, warnings };
})();
