// Edit all selected images at once: what they have in common stands in the fields, what differs is said to be mixed.
// Only what is ticked is changed; writing into a field ticks it.
"use strict";

const ImagelibBulkDialog = (() => {
  const { h, setAttribute, setText } = ImagelibDom;
  const MIXED = "mixed";
  /** So many tags of the selection are shown; all of them are offered where one removes. */
  const MOST_SHOWN = 24;

  async function open() {
    const target = await ImagelibSelection.target();
    if (ImagelibDialog.isOpen) return; // it was asked for twice, or something else meanwhile
    const { columns } = ImagelibIndex;
    const rows = ImagelibSelection.pks().map((pk) => columns.rowOf(pk));
    const count = "ids" in target ? target.ids.length : target.count;
    const words = ImagelibChanges.howMany(count);
    const present = ImagelibCommon.tags(columns, rows);
    const added = ImagelibTagsField.make("Add tags", { isQuiet: true });
    const removed = ImagelibTagsField.make("Remove tags", { isQuiet: true, only: present });
    const fields = ImagelibRegistry.FIELDS.filter(({ bulk }) => bulk);
    const common = ImagelibCommon.values(columns, rows, fields);
    const optional = fields.map((field) => part(field, common[field.name]));
    const fault = h("p", { class: "trouble", role: "alert", hidden: true });
    const save = h("button", { type: "submit", class: "primary" }, "Save");
    const form = h("form", { class: "bulk-form" },
      h("p", { class: "hint" }, "What is not ticked stays as it is in each image. One undo takes all of it back."),
      fault,
      h("div", { class: "fields" }, ...tagsOf(present, rows.length, removed), added.element, removed.element, ...optional.map(({ element }) => element)),
      h("footer", { class: "dialog-foot" }, save));
    const dialog = ImagelibDialog.open(`Edit ${words}`, [form]);

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      added.settle();
      removed.settle();
      /** @type {ImagePatch} */
      const edit = Object.assign({}, ...optional.map(({ read }) => read()));
      if (added.value.length) edit.add_tags = [...added.value];
      if (removed.value.length) edit.remove_tags = [...removed.value];
      if (edit.captured_at === "") {
        setText(fault, "Date: choose one, or untick it.");
        fault.hidden = false;
        return;
      }
      dialog.close();
      if (Object.keys(edit).length) void ImagelibEdits.apply(target, { edit }, "Saved");
    });
    added.input.focus();
  }

  /** The tags that the images have, each to be removed by a click. @param {TagCount[]} present @param {number} of @param {ReturnType<typeof ImagelibTagsField["make"]>} removed */
  function tagsOf(present, of, removed) {
    if (!present.length) return [];
    const buttons = present.slice(0, MOST_SHOWN).map(({ name, count }) => h("button", {
      type: "button", class: "small", "aria-pressed": "false", "aria-label": `Remove ${name} from all`, "data-tag": name,
      click: () => removed.toggle(name),
    }, count === of ? name : `${name} ${count} of ${of}`, h("span", { "aria-hidden": "true" }, " ×")));
    removed.element.addEventListener("input", () => {
      for (const button of buttons) setAttribute(button, "aria-pressed", String(removed.value.includes(button.dataset.tag ?? "")));
    });
    const more = present.length - buttons.length;
    return [h("div", { class: "field" }, h("p", { id: "bulk-present", class: "hint" }, "Tags they have"),
      h("div", { class: "present-tags", role: "group", "aria-labelledby": "bulk-present" }, ...buttons,
        ...(more > 0 ? [h("span", { class: "hint" }, `and ${more} more`)] : [])))];
  }

  /** A field that can be left as it is. @param {RegisteredField} field @param {unknown} value  That all have, or undefined. */
  function part(field, value) {
    const { kind, label, name } = field;
    const input = ImagelibFields.control(field);
    const tick = h("input", { type: "checkbox", "aria-label": `Change ${label.toLowerCase()}` });
    const id = `bulk-${name}`;
    const element = h("div", { class: "field optional" }, h("label", { for: id }, label), h("label", { class: "tick" }, tick), input);
    input.id = id;
    if (value !== undefined) input.value = String(value);
    else input.setAttribute("placeholder", MIXED);
    if (kind === "rating" || (kind === "date" && value === undefined)) {
      const said = h("output", { for: id });
      const show = (/** @type {string} */ otherwise) => {
        const rating = kind === "rating" ? Number(input.value) : 0;
        said.replaceChildren(rating ? ImagelibCard.stars(rating) : otherwise);
        if (kind === "rating") input.setAttribute("aria-valuetext", rating ? `${rating} of 5 stars` : otherwise);
      };
      show(value === undefined ? MIXED : "unrated");
      input.addEventListener("input", () => show(kind === "rating" ? "unrated" : ""));
      element.append(said);
    }
    input.addEventListener("input", () => { tick.checked = true; });
    const read = () => (kind === "rating" ? Number(input.value) : input.value);
    return { element, read: () => (tick.checked ? { [name]: read() } : {}) };
  }

  return { open };
})();
