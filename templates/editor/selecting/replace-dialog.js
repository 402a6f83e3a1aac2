// Find and replace in the texts of what is selected, else of all that is found: each text that would change is shown
// with the change in it, before anything does. One undo takes all of it back.
"use strict";

const ImagelibReplaceDialog = (() => {
  const { h, setText } = ImagelibDom;
  const { turns } = ImagelibTasks;
  /** Who types no more for so long is shown what would change, in milliseconds. */
  const PAUSE = 250;
  /** So many letters of what stays are shown beside a change. */
  const NEAR = 60;

  /**
   * A text in parts that stay, go and come; of what stays no more than is needed to know the place.
   * @param {string[]} parts  In turn what stays and what was found. @param {string} replacement
   * @returns {{kind: "same" | "gone" | "new", text: string}[]}
   */
  function marked(parts, replacement) {
    /** @type {ReturnType<typeof marked>} */
    const all = [];
    parts.forEach((part, i) => {
      if (i % 2) {
        all.push({ kind: "gone", text: part });
        if (replacement) all.push({ kind: "new", text: replacement });
        return;
      }
      const [isFirst, isLast] = [i === 0, i === parts.length - 1];
      const most = isFirst || isLast ? NEAR : 2 * NEAR;
      const text = part.length <= most ? part : isFirst ? `…${part.slice(-NEAR)}` : isLast ? `${part.slice(0, NEAR)}…`
        : `${part.slice(0, NEAR)} … ${part.slice(-NEAR)}`;
      if (text) all.push({ kind: "same", text });
    });
    return all;
  }

  /** @param {number} count @param {string} one */
  const many = (count, one) => `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;

  async function open() {
    const target = ImagelibSelection.size ? await ImagelibSelection.target()
      : { query: ImagelibGallery.query, count: ImagelibGallery.rows.length };
    const count = "ids" in target ? target.ids.length : target.count;
    const named = "ids" in target ? { ids: target.ids } : { query: target.query };
    const line = (/** @type {string} */ id) => h("input", { id, type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
    const [find, replace] = [line("replace-find"), line("replace-by")];
    const option = (/** @type {string} */ label, on = false) => {
      const box = h("input", { type: "checkbox", change: ask });
      box.checked = on;
      return { box, element: h("label", { class: "preference" }, box, label) };
    };
    const [matchCase, wholeWords] = [option("Match case"), option("Whole words")];
    const places = ImagelibRegistry.TEXTS.map(({ label, name }) => ({ name, ...option(`In ${label.toLowerCase()}`, name === "prompt_text") }));
    const said = h("p", { role: "status" });
    const list = h("ul", { class: "rows replacements", "aria-label": "What would change" });
    const save = h("button", { type: "submit", class: "primary" }, "Replace");
    const form = h("form", { class: "bulk-form", submit: (event) => {
      event.preventDefault();
      void carryOut();
    } },
    h("div", { class: "fields" },
      h("div", { class: "field" }, h("label", { for: find.id }, "Find"), find),
      h("div", { class: "field" }, h("label", { for: replace.id }, "Replace with"), replace),
      h("div", { class: "replace-options" }, matchCase.element, wholeWords.element),
      h("div", { class: "replace-options", role: "group", "aria-label": "Where" }, ...places.map(({ element }) => element))),
    said, list, h("footer", { class: "dialog-foot" }, save));
    const begin = turns();
    let timer = 0;
    const dialog = ImagelibDialog.open(`Find and replace in ${ImagelibChanges.howMany(count)}`, [form], { closed: () => clearTimeout(timer) });

    const wanted = () => ({ ...named, find: find.value, replace: replace.value, match_case: matchCase.box.checked,
      whole_words: wholeWords.box.checked, fields: places.filter(({ box }) => box.checked).map(({ name }) => name) });

    function ask() {
      clearTimeout(timer);
      save.disabled = true;
      timer = setTimeout(preview, PAUSE);
    }

    async function preview() {
      const isLast = begin();
      const asked = wanted();
      if (!asked.find || !asked.fields.length) {
        list.replaceChildren();
        setText(said, asked.fields.length ? "Type the text to find." : "Choose in which texts.");
        return;
      }
      try {
        const found = await ImagelibApi.replace({ ...asked, dry_run: true });
        if (!isLast()) return;
        const { changed, items = [], places: times, texts = 0 } = found;
        setText(said, !texts ? "Nothing is found."
          : `${many(times, "place")} in ${many(texts, "text")} of ${ImagelibChanges.howMany(changed)}${items.length < texts ? `; the first ${items.length} are here` : ""}.`);
        list.replaceChildren(...items.map(({ field, parts }) => h("li", { class: "row" },
          h("span", { class: "soft" }, ImagelibRegistry.LABELS[field]), lineOf(marked(parts, asked.replace)))));
        save.disabled = texts === 0;
      } catch (error) {
        if (!isLast()) return;
        list.replaceChildren();
        setText(said, /** @type {Error} */ (error).message);
      }
    }

    async function carryOut() {
      const asked = wanted();
      dialog.close();
      try {
        const { batch, changed, failures } = await ImagelibEdits.inOrder(() => ImagelibApi.replace(asked));
        ImagelibToast.show(`Replaced in ${ImagelibChanges.howMany(changed)}${failures.length ? `, ${failures.length} not: ${failures[0].detail}` : ""}`, {
          bad: failures.length > 0, actions: batch ? [["Undo", () => void ImagelibUndo.undo(batch)]] : [],
        });
        void ImagelibChanges.poll();
      } catch (error) {
        ImagelibToast.fail(error);
      }
    }

    for (const input of [find, replace]) input.addEventListener("input", ask);
    save.disabled = true;
    void preview();
    find.focus();
  }

  /** @param {{kind: string, text: string}[]} parts */
  const lineOf = (parts) => h("p", { class: "diff" }, ...parts.map(({ kind, text }) =>
    (kind === "same" ? text : h(kind === "gone" ? "del" : "ins", {}, text))));

  return { marked, open };
})();
