// Housekeeping of tags: see how many images each has, as a tree where names hold "/"; rename, merge
// and delete, each of them with a way back.
"use strict";

const ImagelibTagsDialog = (() => {
  const { h, setText } = ImagelibDom;
  const { turns } = ImagelibTasks;

  /**
   * Tags by name, with the depth that "/" gives them; a level that is no tag itself is shown too.
   * @param {TagCount[]} tags
   */
  function tree(tags) {
    const counts = new Map(tags.map(({ name, count }) => [name, count]));
    for (const { name } of tags) {
      const levels = name.split("/");
      for (let depth = 1; depth < levels.length; depth++) {
        const above = levels.slice(0, depth).join("/");
        if (above && !counts.has(above)) counts.set(above, 0);
      }
    }
    return [...counts].map(([name, count]) => ({ name, count, depth: name.split("/").length - 1 }))
      .sort((a, b) => compare(a.name.split("/"), b.name.split("/")));
  }

  /** @param {string[]} a @param {string[]} b */
  function compare(a, b) {
    for (let level = 0; level < Math.min(a.length, b.length); level++) {
      if (a[level] !== b[level]) return a[level] < b[level] ? -1 : 1;
    }
    return a.length - b.length;
  }

  async function open() {
    const filter = h("input", { id: "tags-filter", type: "search", autocomplete: "off", "aria-label": "Find a tag", placeholder: "Find a tag" });
    const list = h("ul", { class: "rows", "aria-label": "All tags" });
    const merge = h("div", { class: "merging", hidden: true });
    ImagelibDialog.open("Tags", [h("div", { class: "tags-body" }, filter, merge, list)]);
    /** @type {{name: string, count: number, depth: number}[]} */
    let tags = [];
    /** @type {Set<string>} */
    const ticked = new Set();
    /** The tag that is being renamed. */
    let renaming = "";

    const begin = turns();

    async function load() {
      const isLast = begin();
      try {
        const found = await ImagelibApi.tags();
        if (!isLast()) return;
        tags = tree(found);
      } catch (error) {
        ImagelibToast.fail(error);
      }
      for (const name of ticked) if (!tags.some((tag) => tag.name === name)) ticked.delete(name);
      show();
    }

    function show() {
      const wanted = ImagelibText.fold(filter.value.trim());
      const fitting = tags.filter(({ name }) => ImagelibText.fold(name).includes(wanted));
      list.replaceChildren(...fitting.map((tag) => (tag.name === renaming ? renameRow(tag) : row(tag))),
        ...(fitting.length ? [] : [h("li", { class: "empty" }, tags.length ? "No tag is called so." : "No image has a tag yet.")]));
      showMerge();
    }

    /** @param {{name: string, count: number, depth: number}} tag */
    function row({ name, count, depth }) {
      const element = h("li", { class: "row" });
      element.style.setProperty("--depth", String(depth));
      if (!count) {
        element.append(h("span", { class: "row-text soft" }, `${name}/`));
        return element;
      }
      const tick = h("input", { type: "checkbox", "aria-label": `Choose ${name} to merge`, change: () => {
        if (tick.checked) ticked.add(name);
        else ticked.delete(name);
        showMerge();
      } });
      tick.checked = ticked.has(name);
      element.append(h("label", { class: "tick" }, tick),
        h("a", { class: "row-text", href: `?q=${encodeURIComponent(`tag:${ImagelibQuery.quote(name)}`)}` }, name),
        h("span", { class: "number" }, count.toLocaleString("en")),
        h("button", { type: "button", class: "small", "aria-label": `Rename ${name}`, click: () => {
          renaming = name;
          show();
          /** @type {HTMLInputElement | null} */ (list.querySelector(".renaming input"))?.select();
        } }, "Rename"),
        h("button", { type: "button", class: "small", "aria-label": `Make an album of ${name}`,
          hidden: ImagelibIndex.albums?.some(({ tag }) => tag === name) ?? false,
          click: (event) => {
            /** @type {HTMLElement} */ (event.target).hidden = true;
            void ImagelibAlbumEditing.make(name, []);
          } }, "Album"),
        h("button", { type: "button", class: "small", "aria-label": `Delete ${name}`, click: () =>
          void act(`Tag ${name} deleted`, () => ImagelibApi.deleteTag(name)) }, "Delete"));
      return element;
    }

    /** @param {{name: string}} tag */
    function renameRow({ name }) {
      const input = h("input", { type: "text", "aria-label": "New name", value: name, autocapitalize: "none" });
      const stop = () => {
        renaming = "";
        show();
      };
      input.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        stop();
      });
      return h("li", { class: "row" }, h("form", { class: "renaming", submit: (event) => {
        event.preventDefault();
        const to = input.value.trim();
        renaming = "";
        const exists = tags.some((tag) => tag.count && tag.name === to.toLowerCase() && tag.name !== name);
        void (exists ? act(`${name} is ${to} now`, () => ImagelibApi.mergeTags([name], to))
          : act(`${name} is ${to} now`, () => ImagelibApi.renameTag(name, to)));
      } }, input, h("button", { type: "submit", class: "small primary" }, "Save"),
      h("button", { type: "button", class: "small", click: stop }, "Cancel")));
    }

    function showMerge() {
      merge.hidden = ticked.size < 2;
      if (merge.hidden) return;
      const input = h("input", { id: "merge-into", type: "text", autocapitalize: "none", value: [...ticked][0] });
      merge.replaceChildren(h("form", { class: "renaming", submit: (event) => {
        event.preventDefault();
        const names = [...ticked];
        ticked.clear();
        void act(`${names.length} tags merged`, () => ImagelibApi.mergeTags(names, input.value));
      } }, h("label", { for: "merge-into" }, `Make these ${ticked.size} one:`), input,
      h("button", { type: "submit", class: "small primary" }, "Merge")));
    }

    /** @param {string} said @param {() => Promise<TagsAnswer>} doIt */
    async function act(said, doIt) {
      try {
        const { changed, batch } = await ImagelibEdits.inOrder(doIt);
        ImagelibToast.show(`${said} (${ImagelibChanges.howMany(changed)})`, {
          actions: [["Undo", () => void ImagelibUndo.undo(batch).then(load)]],
        });
        void ImagelibChanges.poll();
      } catch (error) {
        ImagelibToast.fail(error);
      }
      await load();
      filter.focus();
    }

    filter.addEventListener("input", show);
    setText(list, "");
    await load();
  }

  return { open, tree };
})();
