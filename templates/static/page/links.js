// Values as links to the images that have them: plain links, so that they can be copied and opened beside;
// in the gallery a plain click asks for them at once.
"use strict";

const ImagelibLinks = (() => {
  const { h } = ImagelibDom;

  /** The address of a query and its order, from the gallery. @param {string} query @param {string} sort */
  function urlOf(query, sort = "") {
    const parameters = new URLSearchParams();
    if (query) parameters.set("q", query);
    if (sort) parameters.set("sort", sort);
    return `?${parameters}`;
  }

  /**
   * A value that leads to the images that have it.
   * @param {string} field  Of the grammar. @param {string} value
   * @param {string | Node} shown @param {Record<string, string>} attributes
   */
  function to(field, value, shown = value, attributes = {}) {
    const query = `${field}:${ImagelibQuery.quote(value)}`;
    return h("a", { href: urlOf(query), "data-query": query, ...attributes }, shown);
  }

  /** Whether a click means the link itself, and not another tab or window. @param {MouseEvent} event */
  const isPlain = (event) => !event.defaultPrevented && !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

  /** @param {(query: string) => void} go  Called by a plain click on a value. */
  function start(go) {
    document.addEventListener("click", (event) => {
      const link = event.target instanceof Element ? event.target.closest("a[data-query]") : null;
      if (!(link instanceof HTMLElement) || !isPlain(event)) return;
      event.preventDefault();
      go(link.dataset.query ?? "");
    });
  }

  return { isPlain, start, to, urlOf };
})();
