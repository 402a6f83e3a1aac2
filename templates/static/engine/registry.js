// The fields that a user may write into a record: the twin of imagelib/library/values/registry.py. Forms,
// dialogs, panels, columns and searches go through it instead of naming fields.
"use strict";

const ImagelibRegistry = (() => {
  /** In the order of forms. @type {RegisteredField[]} */
  const FIELDS = [
    { name: "title", label: "Title", kind: "text", search: "title", naming: true, bulk: true },
    { name: "prompt_text", label: "Prompt", kind: "text", search: "prompt", naming: true, copied: true, rows: 4 },
    { name: "negative_prompt", label: "Negative prompt", kind: "text", search: "negative", aliases: ["neg"], copied: true, rows: 2 },
    { name: "ai_model", label: "Model", kind: "line", search: "model", bulk: true, compared: "Model" },
    { name: "rating", label: "Rating", kind: "rating", search: "rating", aliases: ["stars"], bulk: true, compared: "Rating" },
    { name: "captured_at", label: "Date", kind: "date", search: "date", bulk: true, compared: "Captured" },
    { name: "notes", label: "Notes", kind: "text", search: "notes", aliases: ["note"], rows: 2, bulk: true },
    // What generators wrote: seldom changed, folded away.
    { name: "generation", label: "Generation data (JSON)", kind: "json" },
    { name: "prompt_meta", label: "Raw data (JSON)", kind: "json" },
    { name: "tags", label: "Tags", kind: "tags", search: "tag", aliases: ["tags"], compared: "Tags" },
  ];

  /** What words are looked for in. */
  const TEXTS = FIELDS.filter((field) => field.kind === "text");

  /** What an image is called by, the weightiest first. */
  const NAMING = TEXTS.filter(({ naming }) => naming);

  /** Something of each text, by its name in searches. @template T @param {(field: RegisteredText) => T} make @returns {Record<TextName, T>} */
  const ofEachText = (make) => /** @type {Record<TextName, T>} */ (Object.fromEntries(TEXTS.map((field) => [field.search, make(field)])));

  return {
    FIELDS,
    /** What people call each field, by its name. */
    LABELS: /** @type {Record<FieldName, string>} */ (Object.fromEntries(FIELDS.map(({ name, label }) => [name, label]))),
    NAMING,
    TEXTS,
    ofEachText,
  };
})();
