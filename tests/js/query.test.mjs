// The corpus of queries, answered by the engine of the page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { load } from "./load.mjs";

const ENGINE = ["registry.js", "text.js", "query-fields.js", "query.js", "conditions.js", "vocabulary.js", "numbers.js", "texts.js",
  "bits.js", "columns.js", "words.js", "generation.js", "facets.js", "stacks.js", "alike.js", "albums.js", "search.js"];
const Query = load("ImagelibQuery", ...ENGINE);
const Conditions = load("ImagelibConditions");
const { Columns } = load("ImagelibColumns");
const { Searcher } = load("ImagelibSearch");

const { library, cases } = JSON.parse(readFileSync(new URL("../corpus/query.json", import.meta.url), "utf8"));

const columns = new Columns();
const pkById = new Map();
for (const record of library) {
  columns.makeText(columns.rowOf(record.n));
  columns.set(record.n, {
    width: 640, height: 480, created_at: `2026-05-01T10:00:${String(record.n % 60).padStart(2, "0")}.000Z`,
    ai_model: "", file_state: "ok", title: "", negative_prompt: "", notes: "", rating: 0, tags: [], generation: {}, file_name: `${record.n}.png`, original_name: "", ...record,
  });
  pkById.set(record.id, record.n);
}
const pickers = new Set(library.flatMap(({ picked = [] }) => picked));
columns.setPicks(Array.from(pickers, (who) => [who, library.filter(({ picked }) => picked?.includes(who)).map(({ n }) => n)]));
const searcher = new Searcher(columns);
searcher.pkOf = (id) => pkById.get(id);

function find(q) {
  const query = Query.parse(q);
  const { rows } = searcher.run(query, query.sort || "captured_at");
  return { ...query, ids: [...rows].map((row) => columns.pk[row]) };
}

for (const { q, ids, warnings = [], sort = "", order } of cases) {
  test(`finds ${JSON.stringify(q)}`, () => {
    const found = find(q);
    assert.deepEqual(found.ids.toSorted((a, b) => a - b), ids);
    assert.deepEqual(found.warnings, warnings);
    assert.equal(found.sort, sort);
    if (!order) return;
    const { rows } = searcher.run(found, `like:${load("ImagelibAlike").likeOf(found.root)}`);
    assert.deepEqual(Array.from(rows, (row) => columns.pk[row]), order);
  });
}

test("orders are total, and descending is ascending turned round", () => {
  for (const sort of ["captured_at", "rating", "created_at"]) {
    const up = find(`sort:${{ captured_at: "date", rating: "rating", created_at: "created" }[sort]}`).ids;
    const { rows } = searcher.run(Query.parse(""), `-${sort}`);
    assert.deepEqual([...rows].map((row) => columns.pk[row]).toReversed(), up);
    assert.equal(new Set(up).size, library.length);
  }
});

test("names sort as people count, and those that nobody gave come first", () => {
  const names = new Columns();
  ["b 10.png", "B 9.png", "a.png", "", "b 09.png"].forEach((original, i) => names.setNames(names.rowOf(i), original, ""));
  const keys = [0, 1, 2, 3, 4].map((row) => names.nameKey(row));
  assert.deepEqual([0, 1, 2, 3, 4].sort((a, b) => (keys[a] < keys[b] ? -1 : keys[a] > keys[b] ? 1 : a - b)), [3, 2, 1, 4, 0]);
});

test("narrowing letter by letter finds what a fresh search finds", () => {
  for (const word of ["portrait", "masterpiece", "東京の夜景", "zurich"]) {
    for (let end = 1; end <= word.length; end++) {
      const fresh = new Searcher(columns);
      const query = Query.parse(word.slice(0, end));
      assert.deepEqual(searcher.run(query, "captured_at").rows, fresh.run(query, "captured_at").rows);
    }
  }
});

test("listed texts are found as they were before, and read as they were written", () => {
  const plain = library.map(({ n }) => columns.textOf(columns.rowOf(n)));
  const typed = ["portrait", "masterpiece", "東京の夜景", '"red scarf"', "(1.2"].flatMap((word) =>
    Array.from(word, (_, i) => word.slice(0, i + 1)));
  const before = [...cases.map(({ q }) => q), ...typed].map((q) => find(q).ids);
  for (const text of columns.texts) for (const name of load("ImagelibColumns").TEXT_COLUMNS) text?.[name].list();
  searcher.words.clear();
  assert.deepEqual([...cases.map(({ q }) => q), ...typed].map((q) => find(q).ids), before);
  assert.deepEqual(library.map(({ n }) => columns.textOf(columns.rowOf(n))), plain);
});

test("any text comes back from a column, and new ones can be added", () => {
  const { TextColumn } = load("ImagelibTexts");
  const texts = ["", "Red FOX, (Masterpiece:1.2)", " two  blanks ", "tab\there", "ZÜRICH ẞ", "東京 Tokyo", "\ud800 half",
    "K is no K", "x".repeat(70_000), "A".repeat(70_000), "ŁÓDŹ", "\0\x7f", "Ωμέγα"];
  const column = TextColumn.of(texts, new Int16Array(0), true);
  assert.equal(column.add("Red FOX, (Masterpiece:1.2)"), 1);
  assert.equal(column.add("One MORE"), texts.length);
  assert.deepEqual([...texts, "One MORE"].map((_, number) => column.text(number)), [...texts, "One MORE"]);
});

test("a hundred thousand parentheses are only text", () => {
  const { warnings } = Query.parse("(".repeat(100_000));
  assert.deepEqual(warnings, ["only the first 20,000 characters are read"]);
});

for (const [text, part, expected] of [
  ["fox tag:a rating:4", "tag:a", "fox rating:4"],
  ["tag:a", "tag:a", ""],
  ["a or b", "b", "a"],
  ["a or b", "a", "b"],
  ["a b or c", "b", "a or c"],
  ["a b or c", "c", "a b"],
  ["((a or b)) c", "((a or b))", "c"],
  ["-(a b) c", "-(a b)", "c"],
  ['"red scarf"  fox', '"red scarf"', "fox"],
]) {
  test(`${text} without ${part} is ${expected || "empty"}`, () => {
    const found = Query.parse(text).parts.find(({ start, end }) => text.slice(start, end) === part);
    assert.ok(found, "no such part");
    assert.equal(Conditions.without(text, found), expected);
  });
}

test("a filter replaces its own conditions where they stand and leaves the others", () => {
  const { adding, allowing, setting } = Conditions;
  assert.equal(setting("fox rating:3 rating:>=2 -rating:5", "rating", ["4"]), "fox rating:4 -rating:5");
  assert.equal(setting("fox rating:3 cat", "rating", ["5", "1"]), "fox (rating:5 or rating:1) cat");
  assert.equal(setting("fox rating:3", "rating", []), "fox");
  assert.equal(setting("a or rating:3", "rating", ["4"]), "(a or rating:3) rating:4");
  assert.equal(setting("fox", "model", ["Flux.1 dev"]), 'fox model:"Flux.1 dev"');
  assert.equal(adding("", `tag:${Query.quote('say "hi"')}`), 'tag:"say ""hi"""');
  assert.equal(allowing("-tag:a fox -tag:b tag:c", "tag"), "fox tag:c");
});

test("alternatives of one field are read as one choice, and only those", () => {
  const values = (text, field) => Conditions.conditionsOf(text, field).choices.map((choice) => choice.values);
  assert.deepEqual(values("fox (model:a or model:\"b c\") tag:x tag:y", "model"), [["a", "b c"]]);
  assert.deepEqual(values("fox (model:a or model:\"b c\") tag:x tag:y", "tag"), [["x"], ["y"]]);
  assert.deepEqual(values("model:a or model:b", "model"), [["a", "b"]]);
  assert.deepEqual(values("((model:a or model:b))", "model"), [["a", "b"]]);
  for (const other of ["model:a or tag:b", "(model:a tag:b)", "(model:a model:b)", "-(model:a or model:b)", "(model:a or -model:b)",
    "model:a or fox", "(model:a or fox)", "model:a model:b or model:c", ""]) {
    assert.deepEqual(values(other, "model"), [], other);
  }
  assert.deepEqual(values("(rating:5 or rating:nine)", "rating"), [], "what is searched as text is no value");
});

test("what quote writes is read back as one value", () => {
  for (const value of ["a", "two words", "(a)", 'a"b', "x:y", "-a", "“a”", "é", "a)"]) {
    const { root } = Query.parse(`model:${Query.quote(value)}`);
    assert.deepEqual(root, { kind: "word", word: load("ImagelibText").fold(value), field: "model" });
  }
});
