// One box to tag with, without a form: for the open image, the selection, or the image that has the focus. Enter
// gives a tag, the numbers give those that were given last, with Shift those that are proposed; each is saved at once.
"use strict";

const ImagelibTagBox = (() => {
  const { h, setText } = ImagelibDom;

  /** Tags of images, those first that all of them have. @param {KnownRecord[]} records @returns {[string, number][]} */
  function tagsOf(records) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const { tags } of records) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  }

  /** @param {Target | Promise<Target | null>} wanted @typedef {{ids: string[]} | {query: string, count: number}} Target */
  async function open(wanted) {
    const target = await wanted;
    if (!target) return;
    const ids = "ids" in target ? target.ids : [];
    const count = "ids" in target ? ids.length : target.count;
    // The list would lie over what is offered below.
    const field = ImagelibTagsField.make("Add tags", { isQuiet: true });
    const present = h("ul", { class: "edit-tags", "aria-label": "Tags" });
    const recent = h("div", { class: "recent-tags", role: "group", "aria-label": "Given last" });
    const likely = h("div", { class: "recent-tags", role: "group", "aria-label": "Proposed" });
    /** @type {string[]} */
    let proposed = [];
    const hint = h("p", { class: "hint of-keys" });

    const edit = (/** @type {ImagePatch} */ what, /** @type {string} */ said) => void ImagelibEdits.apply(target, { edit: what }, said).then(show);

    /** @param {string} tag */
    const give = (tag) => edit({ add_tags: [tag] }, `Tagged ${tag}`);

    async function show() {
      const records = (await Promise.all(ids.slice(0, 200).map((id) => ImagelibIndex.record(id)))).filter((record) => record !== null);
      present.replaceChildren(...tagsOf(records).map(([tag, n]) => h("li", { class: "tag" }, n === records.length ? tag : `${tag} (${n} of ${records.length})`,
        h("button", { type: "button", "aria-label": `Remove tag ${tag}`, click: () => {
          edit({ remove_tags: [tag] }, `Not tagged ${tag} any more`);
          field.input.focus();
        } }, "×"))));
      const last = ImagelibTagsField.recent().slice(0, 9);
      recent.hidden = last.length === 0;
      recent.replaceChildren(...last.map((tag, i) => h("button", { type: "button", class: "small", click: () => give(tag) },
        h("kbd", {}, String(i + 1)), ` ${tag}`)));
      proposed = ImagelibProposals.proposed(ImagelibIndex.columns, records, last);
      likely.hidden = proposed.length === 0;
      likely.replaceChildren(h("span", { class: "hint" }, "Proposed"), ...proposed.map((tag, i) => h("button", { type: "button", class: "small proposed", click: () => {
        give(tag);
        field.input.focus(); // this button goes
      } }, h("kbd", {}, `⇧${i + 1}`), ` ${tag}`)));
      setText(hint, `Enter adds what is written${last.length ? ", a number one of those given last" : ""}${proposed.length ? ", a number with Shift one of those proposed" : ""}.`);
    }

    field.element.addEventListener("input", (event) => {
      if (event.target !== field.element || !field.value.length) return;
      const given = [...field.value];
      field.value = [];
      edit({ add_tags: given }, `Tagged ${given.join(", ")}`);
    });
    field.input.addEventListener("keydown", (event) => {
      const tag = field.input.value ? undefined : /^[1-9]$/.test(event.key) ? ImagelibTagsField.recent()[Number(event.key) - 1]
        : proposed[ImagelibDigits.shifted(event) - 1];
      if (tag === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      give(tag);
    });
    await show();
    if (ImagelibDialog.isOpen) return; // it was asked for twice, or something else meanwhile
    ImagelibDialog.open(count === 1 ? "Tags" : `Tags of ${ImagelibChanges.howMany(count)}`, [h("div", { class: "tag-box fields" }, present, field.element, recent, likely, hint)]);
    field.input.focus();
  }

  return { open };
})();
