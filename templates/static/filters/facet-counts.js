// What the filters show of a query: how many images there are with each value. Of a field whose values are
// alternatives they are counted as if nothing of it was asked for: each says what a click would add.
"use strict";

/** @typedef {{tags: Facet[], models: Facet[], tools: Facet[], ratings: number[], total: number}} FacetCounts */

const ImagelibFacetCounts = (() => {
  const { allowing, conditionsOf, setting } = ImagelibConditions;

  /** The query without what it asks of a field. @param {string} query @param {string} field @param {IsOwn} [isOwn] */
  const freeOf = (query, field, isOwn) => setting(allowing(query, field, isOwn), field, [], isOwn);

  /**
   * The values of a field whose values are alternatives, counted as if nothing of it was asked for.
   * @param {InstanceType<typeof ImagelibSearch.Searcher>} search
   * @param {string} query @param {Uint32Array} bits  Of the query. @param {string} field @param {IsOwn} [isOwn]
   */
  function valuesOf(search, query, bits, field, isOwn) {
    const other = freeOf(query, field, isOwn);
    return search.facets.valuesOf(field, other === query ? bits : search.found(ImagelibQuery.parse(other)));
  }

  /**
   * @param {InstanceType<typeof ImagelibSearch.Searcher>} search
   * @param {string} query @param {Uint32Array} bits  Of the query.
   * @param {boolean} isAnyTag  Whether several tags are alternatives.
   * @returns {FacetCounts}
   */
  function countsOf(search, query, bits, isAnyTag) {
    const counts = search.counts(bits);
    const total = counts.ratings.reduce((sum, one) => sum + one, 0);
    const free = (/** @type {string} */ field) => {
      const other = freeOf(query, field);
      return other === query ? counts : search.counts(search.found(ImagelibQuery.parse(other)));
    };
    return {
      tags: isAnyTag ? free("tag").tags : counts.tags,
      models: free("model").models, tools: free("tool").tools, ratings: free("rating").ratings, total,
    };
  }

  /**
   * The months of a result, as if no dates were asked for.
   * @param {InstanceType<typeof ImagelibSearch.Searcher>} search @param {string} query @param {Uint32Array} bits  Of the query.
   */
  function monthsOf(search, query, bits) {
    const other = freeOf(query, "date");
    if (!other) return search.facets.allMonths();
    return search.facets.monthsOf(other === query ? bits : search.found(ImagelibQuery.parse(other)));
  }

  /** The one span of time that a query asks for; empty ends where it does not. @param {string} query @returns {{first: string, last: string}} */
  function spanOf(query) {
    const [choice] = conditionsOf(query, "date").choices;
    const node = choice?.values.length === 1 ? ImagelibQuery.parse(`date:${ImagelibQuery.quote(choice.values[0])}`).root : null;
    return node?.kind === "dates" ? node : { first: "", last: "" };
  }

  return { countsOf, monthsOf, spanOf, valuesOf };
})();
