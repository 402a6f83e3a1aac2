// The field for tags: chips that can be taken away, and a box that suggests those in use.
"use strict";

const ImagelibTagsField = (() => {
  const { h } = ImagelibDom;
  let count = 0;
  const RECENT = 9;
  const STORED = "imagelib.tags";
  /** @type {Promise<TagCount[]> | null} */
  let known = null;
  /** The tags that were given last, the newest first: they are offered first. @type {string[]} */
  let recent = ImagelibKept.browser.list(STORED);

  /** As the library writes a tag. @param {string} text */
  const clean = (text) => text.trim().replace(/\s+/g, " ").toLowerCase();

  /**
   * `isQuiet` opens the list only as one types, or by the arrow keys; with `only`, no other tags are offered or taken.
   * @param {string} [label] @param {{isQuiet?: boolean, only?: TagCount[] | null}} options
   */
  function make(label = "Tags", { isQuiet = false, only = null } = {}) {
    const id = `tags-${++count}`;
    const input = h("input", {
      id, type: "text", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false",
      "aria-controls": `${id}-list`, autocomplete: "off", autocapitalize: "none", spellcheck: "false",
      placeholder: only ? "Find a tag" : "Add a tag",
    });
    const list = h("ul", { id: `${id}-list`, class: "options", role: "listbox", "aria-label": "Suggestions", hidden: true });
    const chips = h("ul", { class: "edit-tags" });
    const element = h("div", { class: "field tags-field combobox" }, h("label", { for: id }, label), chips, input, list);
    /** @type {string[]} */
    let tags = [];
    /** @type {TagCount[]} */
    let suggestions = only ?? [];

    function render() {
      chips.replaceChildren(...tags.map((tag) => h("li", { class: "tag" }, tag, h("button", {
        type: "button", "aria-label": `Remove tag ${tag}`, click: () => {
          set(tags.filter((other) => other !== tag));
          input.focus();
        },
      }, "×"))));
    }

    /** @param {string[]} next */
    function set(next) {
      tags = next;
      render();
      element.dispatchEvent(new Event("input", { bubbles: true }));
    }

    /** @param {string} text */
    function add(text) {
      const names = text.split(",").map(clean).filter((name) => name && (!only || only.some((one) => one.name === name)));
      if (only) {
        set([...new Set([...tags, ...names])]);
        return;
      }
      recent = [...new Set([...names, ...recent])].slice(0, RECENT);
      ImagelibKept.browser.put(STORED, recent);
      set([...new Set([...tags, ...names])]);
    }

    /** Recent ones first, then in the order of the library. @param {string} name */
    const place = (name) => (recent.includes(name) ? recent.indexOf(name) : RECENT);

    const box = ImagelibCombobox.start(input, list, (typed) => {
      const wanted = ImagelibText.fold(typed.trim());
      const fitting = suggestions.filter(({ name }) => !tags.includes(name) && ImagelibText.fold(name).includes(wanted))
        .sort((a, b) => place(a.name) - place(b.name));
      const exact = fitting.some(({ name }) => name === clean(typed));
      // What was typed comes first, so that Enter never takes another tag than the one written.
      return clean(typed) && !exact && !only ? [{ name: clean(typed), count: "new" }, ...fitting]
        : fitting.sort((a, b) => Number(b.name === clean(typed)) - Number(a.name === clean(typed)));
    }, add, { isQuiet });
    if (!only) input.addEventListener("focus", async () => {
      known ??= ImagelibApi.tags();
      suggestions = await known.catch(() => []);
      box.renew();
    });
    input.addEventListener("blur", () => {
      known = null;  // others may make tags meanwhile
      settle();
    });
    input.addEventListener("input", () => {
      if (!input.value.includes(",")) return;
      add(input.value);
      input.value = "";
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Backspace" && !input.value && tags.length) set(tags.slice(0, -1));
    });

    /** What is typed but not entered counts as a tag too. */
    function settle() {
      if (input.value.trim()) add(input.value);
      input.value = "";
    }

    return {
      element,
      input,
      settle,
      /** Put a tag in, or take it away. @param {string} name */
      toggle: (name) => (tags.includes(name) ? set(tags.filter((other) => other !== name)) : add(name)),
      get value() { return tags; },
      set value(next) {
        tags = [...next];
        render();
      },
    };
  }

  return { clean, make, recent: () => recent };
})();
