// Saved searches: links to a query and its order under a name.
"use strict";

const ImagelibSearchesDialog = (() => {
  const { h } = ImagelibDom;
  const { turns } = ImagelibTasks;
  const DEFAULT_SORT = "-captured_at";

  /** @param {{query: string, sort: string}} search */
  const linkOf = ({ query, sort }) => ImagelibLinks.urlOf(query, sort);

  /** Bring the list beside the filters up to date; as the page keeps them, the usual order is not said. */
  async function renew() {
    const searches = await ImagelibApi.searches();
    ImagelibIndex.setSearches(searches.map(({ name, query, sort }) => [name, query, sort === DEFAULT_SORT ? "" : sort]));
  }

  async function open() {
    const list = h("ul", { class: "rows", "aria-label": "Saved searches" });
    const name = h("input", { id: "search-name", type: "text", autocomplete: "off", maxlength: "200" });
    const now = { query: ImagelibGallery.query, sort: ImagelibGallery.sort };
    const saving = h("form", { class: "saving", submit: (event) => {
      event.preventDefault();
      if (name.value.trim()) void act(() => ImagelibApi.saveSearch(name.value.trim(), now.query, now.sort), `Saved as ${name.value.trim()}`);
    } }, h("label", { for: "search-name" }, "Save this search as"),
    h("span", { class: "beside" }, name, h("button", { type: "submit", class: "primary" }, "Save")),
    h("p", { class: "hint" }, h("code", {}, now.query || "everything")));
    const dialog = ImagelibDialog.open("Saved searches", [h("div", { class: "searches" }, saving, list)]);
    let renaming = "";

    const begin = turns();

    async function load() {
      const isLast = begin();
      try {
        const searches = await ImagelibApi.searches();
        if (!isLast()) return;
        list.replaceChildren(...searches.map((search) => (search.name === renaming ? renameRow(search) : row(search))),
          ...(searches.length ? [] : [h("li", { class: "empty" }, "None yet.")]));
      } catch (error) {
        ImagelibToast.fail(error);
      }
    }

    /** @param {SavedSearch} search */
    function row(search) {
      return h("li", { class: "row" },
        h("a", { class: "row-text", href: linkOf(search), click: (event) => {
          event.preventDefault();
          dialog.close();
          history.pushState(null, "", linkOf(search));
          window.dispatchEvent(new PopStateEvent("popstate"));
        } }, h("strong", {}, search.name), h("code", {}, search.query || "everything")),
        h("button", { type: "button", class: "small", "aria-label": `Rename ${search.name}`, click: async () => {
          renaming = search.name;
          await load();
          /** @type {HTMLInputElement | null} */ (list.querySelector(".renaming input"))?.select();
        } }, "Rename"),
        h("button", { type: "button", class: "small", "aria-label": `Delete ${search.name}`, click: () =>
          void act(() => ImagelibApi.deleteSearch(search.name), `${search.name} deleted`,
            () => act(() => ImagelibApi.saveSearch(search.name, search.query, search.sort), `${search.name} is back`)) }, "Delete"));
    }

    /** @param {SavedSearch} search */
    function renameRow(search) {
      const input = h("input", { type: "text", "aria-label": "New name", value: search.name, maxlength: "200" });
      return h("li", { class: "row" }, h("form", { class: "renaming", submit: (event) => {
        event.preventDefault();
        renaming = "";
        const to = input.value.trim();
        if (!to || to === search.name) void load();
        // First under the new name, so that it is never under none.
        else void act(() => ImagelibApi.saveSearch(to, search.query, search.sort).then(() => ImagelibApi.deleteSearch(search.name)), `It is ${to} now`);
      } }, input, h("button", { type: "submit", class: "small primary" }, "Save")));
    }

    /** @param {() => Promise<unknown>} doIt @param {string} said @param {() => void} [undo] */
    async function act(doIt, said, undo) {
      try {
        await doIt();
        void renew();
        ImagelibToast.show(said, { actions: undo ? [["Undo", undo]] : [] });
      } catch (error) {
        ImagelibToast.fail(error);
      }
      name.value = "";
      await load();
      name.focus();
    }

    await load();
  }

  return { DEFAULT_SORT, linkOf, open, renew };
})();
