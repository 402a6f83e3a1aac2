// A list of values with their counts: a click wants a value, or wants it absent; another takes it back.
// It holds no state: what is chosen is read from the query and written into it.
"use strict";

const ImagelibFacetList = (() => {
  const { h } = ImagelibDom;
  const { adding, parse, quote, termsOf, without } = ImagelibQuery;

  /**
   * @typedef {object} FacetKind
   * @property {string} field  Of the grammar.
   * @property {(name: string) => string} [label]  What a value is called.
   * @property {(name: string, value: string) => boolean} [means]  Whether a condition's value is this one.
   * @property {boolean} [isWhole]  Whether all values are there anyway: another one in the query, a span, has its own place.
   */

  class FacetList {
    /**
     * @param {HTMLElement} list @param {number} most  How many are shown at first.
     * @param {FacetKind} kind @param {(query: string) => void} change
     */
    constructor(list, most, kind, change) {
      this.list = list;
      this.most = most;
      this.field = kind.field;
      this.label = kind.label ?? ((name) => name);
      this.means = kind.means ?? ((name, value) => ImagelibText.fold(name) === ImagelibText.fold(value));
      this.isWhole = kind.isWhole ?? false;
      this.change = change;
      this.query = "";
      this.isOpen = false;
      /** @type {Facet[]} */
      this.facets = [];
    }

    /** @param {Facet[]} facets  Of the query, the most frequent first. */
    show(facets) {
      this.facets = facets;
      this.render();
    }

    /** The condition of the query as it is now that wants a value, or wants it absent. @param {string} name @param {boolean} negated */
    termOf(name, negated, terms = termsOf(parse(this.query), this.field)) {
      return terms.find((part) => part.negated === negated && this.means(name, part.value));
    }

    render() {
      const terms = termsOf(parse(this.query), this.field);
      const term = (/** @type {string} */ name, /** @type {boolean} */ negated) => this.termOf(name, negated, terms);
      // What is chosen stays to be seen, even where nothing is left of it.
      const isChosen = (/** @type {Facet} */ { name }) => term(name, false) || term(name, true);
      const absent = this.isWhole ? [] : terms.filter(({ value }) => !this.facets.some(({ name }) => this.means(name, value)))
        .map(({ value }) => ({ name: value, count: 0 }));
      const all = [...this.facets, ...absent];
      const shown = this.isOpen ? all : all.filter((facet, i) => i < this.most || isChosen(facet));
      const focused = this.list.contains(document.activeElement)
        ? document.activeElement?.getAttribute("data-key") : null;
      this.list.replaceChildren(...shown.map((facet) => this.item(facet, term)),
        ...(all.length > this.most ? [this.more(all.length)] : []));
      const again = focused && this.list.querySelector(`[data-key="${CSS.escape(focused)}"]`);
      if (again instanceof HTMLElement) again.focus({ preventScroll: true });
      this.list.hidden = all.length === 0;
    }

    /** @param {Facet} facet @param {(name: string, negated: boolean) => QueryPart | undefined} term */
    item({ name, count }, term) {
      const button = (/** @type {boolean} */ negated, /** @type {Record<string, string>} */ attributes, /** @type {(Node | string)[]} */ ...content) => {
        return h("button", {
          type: "button", "aria-pressed": String(Boolean(term(name, negated))), "data-key": `${negated ? "-" : "+"}${name}`, ...attributes,
          click: () => {
            // Asked anew: the query may be newer than the counts that are shown.
            const [chosen, other] = [this.termOf(name, negated), this.termOf(name, !negated)];
            if (chosen) this.change(without(this.query, chosen));
            else this.change(adding(other ? without(this.query, other) : this.query, `${negated ? "-" : ""}${this.field}:${quote(name)}`));
          },
        }, ...content);
      };
      const label = this.label(name);
      return h("li", { class: "facet-pair" },
        button(false, { class: "facet" }, h("span", {}, label), " ", h("span", { class: "number" }, String(count))),
        button(true, { class: "exclude", "aria-label": `Without ${label}`, title: `Without ${label}` }, "−"));
    }

    /** @param {number} count */
    more(count) {
      return h("li", {}, h("button", {
        type: "button", class: "facet more-facets", "data-key": "more", "aria-expanded": String(this.isOpen), click: () => {
          this.isOpen = !this.isOpen;
          this.render();
        },
      }, this.isOpen ? "Fewer" : `All ${count}`));
    }
  }

  return { FacetList };
})();
