// Somebody was faster: show field by field what was there before, what they made of it and what is
// written here, and let the user settle it.
"use strict";

const ImagelibConflict = (() => {
  const { h } = ImagelibDom;
  let count = 0;

  /** @param {unknown} a @param {unknown} b */
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  /**
   * The fields in which the three differ, and whose value would be taken unless somebody says otherwise.
   * @param {Partial<ImageFields>} base @param {Partial<ImageFields>} mine  Only what was changed here. @param {Partial<ImageFields>} theirs
   */
  function differences(base, mine, theirs) {
    return /** @type {FieldName[]} */ (Object.keys(ImagelibRegistry.LABELS)).flatMap((name) => {
      const here = name in mine ? mine[name] : base[name];
      if (same(here, theirs[name])) return [];
      return [{ name, before: base[name], mine: here, theirs: theirs[name], take: name in mine ? "mine" : "theirs" }];
    });
  }

  /**
   * @param {ImageFields} base @param {Partial<ImageFields>} mine @param {ImageFields} theirs
   * @param {(fields: Partial<ImageFields>) => void} settle
   *   Called with what is to be saved over their record; nothing in it means theirs stays.
   */
  function view(base, mine, theirs, settle) {
    const rows = differences(base, mine, theirs).map((difference) => row(difference));
    const chosen = () => Object.fromEntries(rows.filter(({ isMine }) => isMine()).map(({ name, mine: value }) => [name, value]));
    return h("section", { class: "conflict", "aria-label": "Conflict" },
      h("p", {}, "Somebody else changed this image meanwhile. Choose what shall stay:"),
      ...rows.map(({ element }) => element),
      h("p", { class: "conflict-foot" },
        h("button", { type: "button", click: () => settle(mine) }, "Keep mine"),
        h("button", { type: "button", click: () => settle({}) }, "Take theirs"),
        ...(rows.length > 1 ? [h("button", { type: "button", click: () => settle(chosen()) }, "As chosen above")] : [])));
  }

  /** @param {ReturnType<typeof differences>[number]} difference */
  function row({ name, before, mine, theirs, take }) {
    const group = `conflict-${++count}`;
    const choice = (/** @type {string} */ side, /** @type {string} */ label, /** @type {unknown} */ value) => {
      const input = h("input", { type: "radio", name: group, value: side, checked: side === take });
      return { input, element: h("label", { class: "choice" }, input, h("span", { class: "side" }, label),
        h("span", { class: "value" }, text(name, value))) };
    };
    const [ours, others] = [choice("mine", "Yours", mine), choice("theirs", "Theirs", theirs)];
    const element = h("fieldset", { class: "conflict-field" }, h("legend", {}, ImagelibRegistry.LABELS[name]),
      ours.element, others.element,
      h("p", { class: "choice before" }, h("span", { class: "side" }, "Before"), h("span", { class: "value" }, text(name, before))));
    return { name, mine, element, isMine: () => ours.input.checked };
  }

  /** A value as a person reads it. @param {string} name @param {unknown} value @returns {string} */
  function text(name, value) {
    const kind = ImagelibRegistry.FIELDS.find((field) => field.name === name)?.kind;
    if (kind === "rating") return value ? `${value} of 5` : "unrated";
    if (kind === "date") return ImagelibDates.written(String(value ?? ""), 19);
    if (Array.isArray(value)) return value.join(", ") || "none";
    if (value !== null && typeof value === "object") return JSON.stringify(value);
    return String(value ?? "") || "empty";
  }

  return { differences, text, view };
})();
