// Saved searches: links to a query and its order, above the filters.
"use strict";

const ImagelibSaved = (() => {
  const { h, mount } = ImagelibDom;
  /** What the links were made of. */
  let shown = "";

  /**
   * Show them; the one that is on screen is the current one.
   * @param {string[][]} searches  Name, query and order of each.
   * @param {string} query @param {string} sort
   * @param {(query: string, sort: string) => void} go  Called by a plain click.
   */
  function show(searches, query, sort, go) {
    const key = JSON.stringify([searches, query, sort]);
    if (key === shown) return;
    shown = key;
    const place = mount("saved");
    place.hidden = searches.length === 0;
    place.querySelector("ul")?.replaceChildren(...searches.map(([name, wanted, order]) => {
      const isCurrent = wanted === query && order === sort;
      const link = h("a", { href: ImagelibLinks.urlOf(wanted, order), ...(isCurrent && { "aria-current": "true" }) }, name);
      link.addEventListener("click", (/** @type {MouseEvent} */ event) => {
        if (!ImagelibLinks.isPlain(event)) return;
        event.preventDefault();
        go(wanted, order);
      });
      return h("li", {}, link);
    }));
  }

  return { show };
})();
