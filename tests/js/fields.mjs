// What the page makes of the fields of an image, on elements of no browser: reads one JSON value, writes one.
//   {"blocks": [core and text block], "pk", "record", "other": [a record with other values], "changes": [a history]}
//   -> {"registry", "read", "edited", "panel", "conflict", "history", "state", "form", "bulk", "compared", "name"}
import { readFileSync } from "node:fs";

import { load } from "./load.mjs";

/** An element as far as the scripts need one here. */
class Stub extends EventTarget {
  children = [];
  dataset = {};
  style = { setProperty() {} };
  value = "";

  append(...more) { this.children.push(...more); }
  replaceChildren(...next) { this.children = next; }
  setAttribute(name, value) { this[name] = value; }
  removeAttribute(name) { delete this[name]; }
  focus() {}
  get textContent() { return this.children.map((child) => child.textContent ?? String(child)).join(" "); }
  set textContent(text) { this.children = [text]; }
  get inner() { return this.children.flatMap((child) => (child instanceof Stub ? [child, ...child.inner] : [])); }
}

const input = JSON.parse(readFileSync(0, "utf8"));
const { blocks, pk, record, other, changes } = input;
const opened = [];
Object.assign(globalThis, {
  document: { createElement: () => new Stub(), querySelector: () => new Stub(), documentElement: { lang: "en", dataset: {} } },
  ImagelibApi: { image: async () => record, history: async () => changes },
  ImagelibChanges: { howMany: () => "images" },
  ImagelibDialog: { isOpen: false, open: (_title, content) => void opened.push(...content) },
  ImagelibViewer: { id: record.id },
  ImagelibSelection: { target: async () => ({ ids: [record.id] }), pks: () => [] },
  ImagelibTagsField: { make: () => ({ element: new Stub(), input: new Stub(), value: [] }) },
});
load("ImagelibRegistry", "registry.js", "text.js", "query-fields.js", "query.js", "vocabulary.js", "numbers.js", "texts.js",
  "bits.js", "columns.js", "tasks.js", "dom.js", "dates.js", "links.js", "card.js", "infotext.js", "diff.js", "settings.js", "panel.js", "fields.js", "conflict.js",
  "edit-words.js", "history-dialog.js", "common.js", "bulk-dialog.js");
globalThis.ImagelibIndex = { columns: new (load("ImagelibColumns").Columns)() };

const columns = new (load("ImagelibColumns").Columns)();
for (const block of blocks) block.kind === "core" ? columns.addCore(block) : columns.addText(block);
const known = () => ({ ...columns.coreOf(columns.rowOf(pk)), ...columns.textOf(columns.rowOf(pk)) });
const read = known();
columns.set(pk, { ...known(), ...other });
const edited = known();

const form = load("ImagelibFields").make({ raw: true });
form.fill(record);
await load("ImagelibHistoryDialog").open(record.id);
const history = opened.splice(0).map((element) => element.textContent).join(" ");
await load("ImagelibBulkDialog").open();
const { differences, view } = load("ImagelibConflict");

process.stdout.write(JSON.stringify({
  registry: load("ImagelibRegistry").FIELDS,
  read,
  edited,
  panel: load("ImagelibPanel").elements(record, null).map((element) => element.textContent).join(" "),
  conflict: { names: differences(record, {}, other).map(({ name }) => name), text: view(record, {}, other, () => {}).textContent },
  history,
  state: load("ImagelibHistoryDialog").versions(record, changes).at(-1).state,
  form: form.read(),
  bulk: opened.flatMap((element) => element.inner).map(({ id }) => id).filter(Boolean),
  compared: load("ImagelibDiff").settings([record, other], {}).map(([name]) => name),
  name: load("ImagelibCard").nameOf(record),
}));
