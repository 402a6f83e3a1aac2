// @ts-check
// The fields of an image as a form: one definition for adding and for editing.
"use strict";

const ImagelibFields = (() => {
  const { h, setText } = ImagelibDom;
  /** Name in the API, label, and what to write it in. @type {[string, string, "area" | "line" | "rating" | "date"][]} */
  const FIELDS = [
    ["prompt_text", "Prompt", "area"],
    ["negative_prompt", "Negative prompt", "area"],
    ["ai_model", "Model", "line"],
    ["rating", "Rating", "rating"],
    ["captured_at", "Date", "date"],
    ["notes", "Notes", "area"],
  ];
  let count = 0;

  /** A set of fields. `record` fills them; without it they are empty. */
  function make() {
    const prefix = `field-${++count}`;
    /** @type {Map<string, HTMLInputElement | HTMLTextAreaElement>} */
    const inputs = new Map();
    /** @type {Map<string, HTMLElement>} */
    const faults = new Map();
    const tags = ImagelibTagsField.make();
    const element = h("div", { class: "fields" });

    for (const [name, label, kind] of FIELDS) {
      const id = `${prefix}-${name}`;
      const input = kind === "area" ? h("textarea", { id, rows: name === "prompt_text" ? "4" : "2" })
        : kind === "rating" ? h("input", { id, type: "range", min: "0", max: "5", step: "1", value: "0" })
          : h("input", kind === "date" ? { id, type: "datetime-local", step: "1" } : { id, type: "text", autocomplete: "off" });
      const field = h("div", { class: `field ${kind}` }, h("label", { for: id }, label), input);
      if (kind === "rating") {
        const stars = h("output", { for: id });
        const show = () => setText(stars, input.value === "0" ? "unrated" : ImagelibCard.stars(Number(input.value)));
        input.addEventListener("input", show);
        show();
        field.append(stars);
      }
      inputs.set(name, input);
      element.append(withFault(field, name, input));
    }
    element.append(withFault(tags.element, "tags", tags.input));

    /** @param {HTMLElement} field @param {string} name @param {HTMLElement} input */
    function withFault(field, name, input) {
      const fault = h("p", { class: "fault", id: `${prefix}-${name}-fault`, hidden: true });
      input.setAttribute("aria-describedby", fault.id);
      faults.set(name, fault);
      field.append(fault);
      return field;
    }

    /** @param {any} record */
    function fill(record) {
      for (const [name, input] of inputs) {
        input.value = String(record[name] ?? (name === "rating" ? 0 : ""));
        if (name === "rating") input.dispatchEvent(new Event("input"));
      }
      tags.value = record.tags ?? [];
      blame(new Map());
    }

    /** What the fields say, in the types of the API; an empty date is absent. */
    function read() {
      /** @type {Record<string, any>} */
      const values = { tags: [...tags.value] };
      for (const [name, input] of inputs) values[name] = name === "rating" ? Number(input.value) : input.value;
      // The browser leaves seconds of zero away.
      if (/T\d\d:\d\d$/.test(values.captured_at)) values.captured_at += ":00";
      if (!values.captured_at) delete values.captured_at;
      return values;
    }

    /** The fields that differ from the record. @param {any} record */
    function changes(record) {
      return Object.fromEntries(Object.entries(read()).filter(([name, value]) =>
        JSON.stringify(value) !== JSON.stringify(record[name])));
    }

    /** Say at each field what is wrong with it. @param {Map<string, string>} said */
    function blame(said) {
      for (const [name, fault] of faults) {
        const text = said.get(name) ?? "";
        setText(fault, text);
        fault.hidden = !text;
        (inputs.get(name) ?? tags.input).toggleAttribute("aria-invalid", Boolean(text));
      }
      const [first] = said.keys();
      if (first) (inputs.get(first) ?? tags.input).focus();
    }

    return { element, fill, read, changes, blame, focus: () => inputs.get("prompt_text")?.focus() };
  }

  return { make };
})();
