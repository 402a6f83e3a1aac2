// The fields of an image as a form: one definition for adding and for editing.
"use strict";

const ImagelibFields = (() => {
  const { h, setText } = ImagelibDom;
  /** @typedef {RegisteredField["kind"]} Kind */
  const FIELDS = ImagelibRegistry.FIELDS.filter(({ kind }) => kind !== "json" && kind !== "tags");
  /** What generators wrote: seldom changed, folded away. */
  const RAW = ImagelibRegistry.FIELDS.filter(({ kind }) => kind === "json");
  let count = 0;

  /**
   * A set of fields; they are empty until `fill`.
   * @param {{raw?: boolean, judged?: boolean}} options  `raw`: with what the generator wrote; `judged`: rating and
   *   tags come first.
   */
  function make({ raw = false, judged = false } = {}) {
    const prefix = `field-${++count}`;
    /** @type {Map<FieldName, {input: HTMLInputElement | HTMLTextAreaElement, kind: Kind}>} */
    const inputs = new Map();
    /** @type {Map<FieldName, HTMLElement>} */
    const faults = new Map();
    const tags = ImagelibTagsField.make();
    const models = h("datalist", { id: `${prefix}-models` });
    const element = h("div", { class: "fields" }, models);
    const isFirst = (/** @type {RegisteredField} */ { kind }) => judged && kind === "rating";
    const marked = withFault(tags.element, "tags", tags.input);
    if (judged) element.append(...FIELDS.filter(isFirst).map(field), marked);
    for (const registered of FIELDS.filter((one) => !isFirst(one))) {
      element.append(field(registered));
      if (!judged && registered.name === "ai_model") element.append(marked);
    }
    if (raw) {
      element.append(h("details", { class: "raw-fields" }, h("summary", {}, "What the generator wrote"),
        ...RAW.map(field)));
    }
    inputs.get("ai_model")?.input.addEventListener("focus", () => {
      const names = [...new Set(ImagelibIndex.columns.models.values)].filter(Boolean).sort();
      models.replaceChildren(...names.map((name) => h("option", { value: name })));
    });

    /** @param {RegisteredField} registered */
    function field(registered) {
      const { kind, label, name } = registered;
      const id = `${prefix}-${name}`;
      const input = control(registered);
      input.id = id;
      if (kind === "line") input.setAttribute("list", models.id);
      const box = h("div", { class: `field ${kind}` }, h("label", { for: id }, label), input);
      if (kind === "rating") box.append(starsBeside(input));
      inputs.set(name, { input, kind });
      return withFault(box, name, input);
    }

    /** What the slider says, as stars; by the mouse they choose, too, and the one that is chosen takes it back.
     * @param {HTMLInputElement | HTMLTextAreaElement} input */
    function starsBeside(input) {
      const stars = h("output", { for: input.id, click: (event) => {
        const { left, width } = /** @type {Element} */ (stars.firstElementChild).getBoundingClientRect();
        const place = /** @type {MouseEvent} */ (event).clientX - left;
        const chosen = Math.min(5, Math.floor((5 * place) / width) + 1);
        input.value = String(chosen === Number(input.value) ? 0 : chosen);
        input.focus();
        for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, { bubbles: true }));
      } });
      const show = () => {
        const rating = Number(input.value);
        stars.replaceChildren(ImagelibCard.stars(rating));
        input.setAttribute("aria-valuetext", rating ? `${rating} of 5 stars` : "unrated");
      };
      input.addEventListener("input", show);
      show();
      return stars;
    }

    /** @param {HTMLElement} box @param {FieldName} name @param {HTMLElement} input */
    function withFault(box, name, input) {
      const fault = h("p", { class: "fault", id: `${prefix}-${name}-fault`, hidden: true });
      input.setAttribute("aria-describedby", fault.id);
      faults.set(name, fault);
      box.append(fault);
      return box;
    }

    /** @param {Partial<Inspection["fields"]>} record */
    function fill(record) {
      for (const name of inputs.keys()) set(name, record[name]);
      set("tags", record.tags);
      blame(new Map());
    }

    /** Lay some values over the fields; others are not touched. @param {Partial<ImageFields>} values */
    function lay(values) {
      for (const [name, value] of Object.entries(values)) set(/** @type {FieldName} */ (name), value);
    }

    /** @param {FieldName} name @param {unknown} value */
    function set(name, value) {
      if (name === "tags") tags.value = Array.isArray(value) ? value : [];
      const entry = inputs.get(name);
      if (!entry) return;
      entry.input.value = written(value, entry.kind);
      if (entry.kind === "rating") entry.input.dispatchEvent(new Event("input"));
    }

    /** What the fields say, in the types of the API; an empty date is absent. */
    function read() {
      /** @type {Partial<ImageFields>} */
      const values = { tags: [...tags.value] };
      for (const [name, { input, kind }] of inputs) Object.assign(values, { [name]: valueOf(input.value, kind) });
      if (!values.captured_at) delete values.captured_at;
      return values;
    }

    /** The fields that differ from the record. @param {Partial<Inspection["fields"]>} record @returns {Partial<ImageFields>} */
    function changes(record) {
      const { tags: marked = [], ...values } = read();
      const names = /** @type {(keyof typeof values)[]} */ (Object.keys(values));
      const differ = names.filter((name) =>
        JSON.stringify(values[name]) !== JSON.stringify(record[name] ?? valueOf("", inputs.get(name)?.kind ?? "line")));
      return {
        ...([...marked].sort().join() !== [...(record.tags ?? [])].sort().join() && { tags: marked }),
        ...Object.fromEntries(differ.map((name) => [name, values[name]])),
      };
    }

    /** What is wrong with what is written, before anybody is asked. */
    function faultsNow() {
      /** @type {Map<FieldName, string>} */
      const found = new Map();
      for (const [name, { input, kind }] of inputs) {
        if (kind !== "json") continue;
        try {
          JSON.parse(input.value || "null");
        } catch (error) {
          found.set(name, `This is no JSON: ${/** @type {Error} */ (error).message}`);
        }
      }
      return found;
    }

    /** The name of the field that an element of the page belongs to, or "". @param {EventTarget | null} target @returns {FieldName | ""} */
    function nameOf(target) {
      if (!(target instanceof Element)) return "";
      if (tags.element.contains(target)) return "tags";
      return [...inputs].find(([, { input }]) => input === target)?.[0] ?? "";
    }

    /** Say at some fields what is wrong with them; with an empty text nothing is. @param {Map<string, string>} said */
    function mark(said) {
      for (const [name, fault] of faults) {
        const text = said.get(name);
        if (text === undefined) continue;
        setText(fault, text);
        fault.hidden = !text;
        const input = inputs.get(name)?.input ?? tags.input;
        if (text) input.setAttribute("aria-invalid", "true");
        else input.removeAttribute("aria-invalid");
      }
    }

    /** Say at each field what is wrong with it, and lead to the first. @param {Map<string, string>} said */
    function blame(said) {
      mark(new Map([...faults.keys()].map((name) => [name, said.get(name) ?? ""])));
      const first = [...faults.keys()].find((name) => said.get(name));
      if (!first) return;
      const input = inputs.get(first)?.input ?? tags.input;
      input.closest("details")?.setAttribute("open", "");
      input.focus();
    }

    return { element, fill, lay, read, changes, faultsNow, blame, mark, nameOf, settle: tags.settle, focus: () => inputs.get("prompt_text")?.input.focus() };
  }

  /** What a field is written in. @param {RegisteredField} field @returns {HTMLInputElement | HTMLTextAreaElement} */
  function control({ kind, rows = 1 }) {
    if (kind === "json") return h("textarea", { rows: "6", class: "mono", spellcheck: "false" });
    if (kind === "rating") return h("input", { type: "range", min: "0", max: "5", step: "1", value: "0" });
    if (kind === "date") return h("input", { type: "datetime-local", step: "1" });
    return rows > 1 ? h("textarea", { rows: String(rows) }) : h("input", { type: "text", autocomplete: "off" });
  }

  /** A value as its field shows it. @param {unknown} value @param {Kind} kind */
  const written = (value, kind) => (kind === "json" ? JSON.stringify(value ?? null, null, 2)
    : String(value ?? (kind === "rating" ? 0 : "")));

  /** @param {string} text @param {Kind} kind */
  function valueOf(text, kind) {
    if (kind === "rating") return Number(text);
    if (kind === "date") return /T\d\d:\d\d$/.test(text) ? `${text}:00` : text;  // the browser leaves seconds of zero away
    if (kind !== "json") return text;
    try {
      return JSON.parse(text || "null");
    } catch {
      return text;  // `faultsNow` says so
    }
  }

  return { control, make };
})();
