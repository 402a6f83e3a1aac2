// Edit all selected images at once. Only what is ticked is changed; writing into a field ticks it.
"use strict";

const ImagelibBulkDialog = (() => {
  const { h, setText } = ImagelibDom;

  async function open() {
    const target = await ImagelibSelection.target();
    const count = "ids" in target ? target.ids.length : target.count;
    const words = ImagelibChanges.howMany(count);
    const added = ImagelibTagsField.make("Add tags");
    const removed = ImagelibTagsField.make("Remove tags");
    const optional = ImagelibRegistry.FIELDS.filter(({ bulk }) => bulk).map(part);
    const fault = h("p", { class: "trouble", role: "alert", hidden: true });
    const save = h("button", { type: "submit", class: "primary" }, "Save");
    const form = h("form", { class: "bulk-form" },
      h("p", { class: "hint" }, "What is not ticked stays as it is in each image. One undo takes all of it back."),
      fault,
      h("div", { class: "fields" }, added.element, removed.element, ...optional.map(({ element }) => element)),
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

  /** A field that can be left as it is. @param {RegisteredField} field */
  function part(field) {
    const { kind, label, name } = field;
    const input = ImagelibFields.control(field);
    const tick = h("input", { type: "checkbox", "aria-label": `Change ${label.toLowerCase()}` });
    const id = `bulk-${name}`;
    const element = h("div", { class: "field optional" }, h("label", { for: id }, label), tick, input);
    input.id = id;
    if (kind === "rating") {
      const stars = h("output", { for: id }, "unrated");
      input.addEventListener("input", () =>
        stars.replaceChildren(Number(input.value) ? ImagelibCard.stars(Number(input.value)) : "unrated"));
      element.append(stars);
    }
    input.addEventListener("input", () => { tick.checked = true; });
    const value = () => (kind === "rating" ? Number(input.value) : input.value);
    return { element, read: () => (tick.checked ? { [name]: value() } : {}) };
  }

  return { open };
})();
