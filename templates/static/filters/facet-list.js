// A list of values with their counts: a click wants a value, or wants it absent; another takes it back.
// It holds no state of its own: what is chosen is read from the query and written into it.
"use strict";

/**
 * @typedef {object} FacetKind
 * @property {string} field  Of the grammar; "" for plain words.
 * @property {IsOwn} [isOwn]  Which values of the field are of this list; else all of them.
 * @property {(name: string) => string} [shown]  How a value is called, if not by itself.
 * @property {() => boolean} [isAny]  Whether several values are alternatives; else each of them narrows.
 */

const ImagelibFacetList = (() => {
  const { h } = ImagelibDom;
  const { adding, conditionsOf, replacing, termOf, without } = ImagelibConditions;

  class FacetList {
    /**
     * @param {HTMLElement} list @param {number} most  How many are shown at first.
     * @param {FacetKind} kind @param {(query: string) => void} change
     */
    constructor(list, most, { field, isAny = () => true, isOwn = () => true, shown = (name) => name }, change) {
      this.list = list;
      this.most = most;
      this.field = field;
      this.isAny = isAny;
      this.isOwn = isOwn;
      this.shown = shown;
      this.change = change;
      /** What a click builds on, and what is shown as chosen: without a value that is only being written. */
      this.query = this.asked = "";
      this.isOpen = false;
      /** @type {Facet[]} */
      this.facets = [];
      ImagelibRoving.start(list);
    }

    /** @param {Facet[]} facets  The most frequent first. */
    show(facets) {
      // Where nothing is found, one sees what there was before, to choose another.
      this.facets = facets.length ? facets : this.facets.map(({ name }) => ({ name, count: 0 }));
      this.render();
    }

    /** @param {string} query */
    conditionsOf(query) {
      return conditionsOf(query, this.field, this.isOwn);
    }

    /** @param {string} name @param {string} value  Of a condition. */
    means(name, value) {
      return ImagelibText.fold(name) === ImagelibText.fold(value);
    }

    render() {
      const { choices, unwanted } = this.conditionsOf(this.asked);
      const wanted = choices.flatMap(({ values }) => values);
      const refused = unwanted.map(({ value }) => value);
      const has = (/** @type {string[]} */ values, /** @type {string} */ name) => values.some((value) => this.means(name, value));
      // What is chosen stays to be seen, even where nothing is left of it.
      const absent = [...new Set([...wanted, ...refused])].filter((value) => !this.facets.some(({ name }) => this.means(name, value)))
        .map((name) => ({ name, count: 0 }));
      const all = [...this.facets, ...absent];
      const shown = this.isOpen ? all : all.filter(({ name }, i) => i < this.most || has(wanted, name) || has(refused, name));
      ImagelibRoving.keeping(this.list, () => this.list.replaceChildren(
        ...shown.map((facet) => this.item(facet, has(wanted, facet.name), has(refused, facet.name))),
        ...(all.length > this.most ? [this.more(all.length)] : [])));
      this.list.hidden = all.length === 0;
    }

    /** @param {Facet} facet @param {boolean} isWanted @param {boolean} isRefused */
    item({ name, count }, isWanted, isRefused) {
      return h("li", { class: "facet-row", ...(count ? {} : { "data-none": "" }) },
        h("button", {
          type: "button", class: "facet", "aria-pressed": String(isWanted), "data-key": `+${name}`, click: () => this.want(name),
        }, h("span", {}, this.shown(name)), " ", h("span", { class: "number" }, count.toLocaleString("en"))),
        h("button", {
          type: "button", class: "exclude", "aria-pressed": String(isRefused), "data-key": `-${name}`,
          "aria-label": `Without ${this.shown(name)}`, title: `Without ${this.shown(name)}`, click: () => this.refuse(name),
        }, "−"));
    }

    /** Want a value, or no longer. @param {string} name */
    want(name) {
      const { field } = this;
      // Asked anew: the query may be newer than the counts that are shown.
      const query = this.permitting(name);
      const { choices } = this.conditionsOf(query);
      const chosen = choices.find(({ values }) => values.some((value) => this.means(name, value)));
      const [first] = choices;
      if (chosen) this.change(replacing(query, chosen, field, chosen.values.filter((value) => !this.means(name, value))));
      else if (first && this.isAny()) this.change(replacing(query, first, field, [...first.values, name]));
      else this.change(adding(query, termOf(field, name)));
    }

    /** Want a value absent, or no longer. @param {string} name */
    refuse(name) {
      const permitted = this.permitting(name);
      if (permitted !== this.query) {
        this.change(permitted);
        return;
      }
      const chosen = this.conditionsOf(this.query).choices.find(({ values }) => values.some((value) => this.means(name, value)));
      const query = chosen
        ? replacing(this.query, chosen, this.field, chosen.values.filter((value) => !this.means(name, value))) : this.query;
      this.change(adding(query, `-${termOf(this.field, name)}`));
    }

    /** The query without its wish that a value be absent. @param {string} name */
    permitting(name) {
      const part = this.conditionsOf(this.query).unwanted.find(({ value }) => this.means(name, value));
      return part ? without(this.query, part) : this.query;
    }

    /** @param {number} count */
    more(count) {
      return h("li", { class: "facet-row" }, h("button", {
        type: "button", class: "facet more-facets", "data-key": "more", "aria-expanded": String(this.isOpen), click: () => {
          this.isOpen = !this.isOpen;
          this.render();
        },
      }, this.isOpen ? "Fewer" : `All ${count}`));
    }
  }

  return { FacetList };
})();
