// The parts of the editor that need no page: conflicts, versions, the tree of tags.
import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./load.mjs";

load("ImagelibDom", "registry.js", "text.js", "tasks.js", "dom.js");
const Registry = load("ImagelibRegistry");
load("ImagelibFields", "fields.js");
const Conflict = load("ImagelibConflict", "conflict.js");
globalThis.ImagelibCard = { nameOf: ({ title }) => title };
const Words = load("ImagelibEditWords", "edit-words.js");
const History = load("ImagelibHistoryDialog", "history-dialog.js");
const Tags = load("ImagelibTagsDialog", "tags-dialog.js");

const Replace = load("ImagelibReplaceDialog", "replace-dialog.js");
const TagKeys = load("ImagelibTagKeys", "tag-keys.js");
const Digits = load("ImagelibDigits", "digits.js");

const record = (values) => ({
  title: "", prompt_text: "", negative_prompt: "", ai_model: "", rating: 0, captured_at: "2026-01-01T00:00:00", notes: "",
  generation: {}, prompt_meta: null, tags: [], ...values,
});

test("a conflict names each field that differs, and whose value would stay", () => {
  const base = record({ prompt_text: "old", notes: "old" });
  const theirs = record({ prompt_text: "theirs", notes: "old", rating: 3 });
  const found = Conflict.differences(base, { prompt_text: "mine", notes: "mine" }, theirs);
  assert.deepEqual(found.map(({ name, take }) => [name, take]), [
    ["prompt_text", "mine"], ["rating", "theirs"], ["notes", "mine"],
  ]);
});

test("what was changed is said of what is known before and after alone", () => {
  const [before, now] = [record({ title: "A fox", notes: "old" }), record({
    title: "A fox", rating: 4, tags: ["red"], prompt_meta: { seed: 1 }, notes: "new" })];
  const labelled = (name) => Registry.FIELDS.find((field) => field.name === name).label.toLowerCase();
  const changed = ["rating", "tags", "prompt_meta", "notes"];
  for (const name of changed) {
    for (const [had, has] of [[{ ...before }, now], [before, { ...now }]]) {
      delete (has === now ? had : has)[name];
      const said = Words.change(had, has).split(" of ")[0].split(", ").sort();
      assert.deepEqual(said, changed.filter((other) => other !== name).map(labelled).sort());
    }
  }
  const block = record({ title: "A fox", rating: 4 });
  delete block.prompt_meta;
  assert.equal(Words.change(block, record({ title: "A fox", prompt_meta: {} })), "rating of A fox (4 → 0)");
  assert.equal(Words.change(block, { ...block }), "");
});

test("nothing is a conflict that both wrote alike", () => {
  const theirs = record({ prompt_text: "alike" });
  assert.deepEqual(Conflict.differences(record({}), { prompt_text: "alike" }, theirs), []);
});

test("each version of a record is what its changes left", () => {
  const now = record({ prompt_text: "three", rating: 4, tags: ["b", "c"] });
  const versions = History.versions(now, [
    { batch: "3", action: "edit", at: "", kind: "tags", before: { tags: ["a"] }, after: { tags: ["c"] } },
    { batch: "3", action: "edit", at: "", kind: "update", before: { rating: 0 }, after: { rating: 4 } },
    { batch: "2", action: "edit", at: "", kind: "update", before: { prompt_text: "one" }, after: { prompt_text: "three" } },
    { batch: "1", action: "add", at: "", kind: "insert", before: {}, after: {} },
  ]);
  assert.deepEqual(versions.map(({ batch, state }) => [batch, state.prompt_text, state.rating, state.tags]), [
    ["3", "three", 4, ["b", "c"]],
    ["2", "three", 0, ["a", "b"]],
    ["1", "one", 0, ["a", "b"]],
  ]);
});

test("tags with slashes are a tree, its branches shown where they are no tags", () => {
  const tree = Tags.tree([
    { name: "night", count: 5 }, { name: "animal/fox", count: 3 }, { name: "animal-print", count: 1 },
    { name: "animal/fox/red", count: 1 },
  ]);
  assert.deepEqual(tree.map(({ name, count, depth }) => [name, count, depth]), [
    ["animal", 0, 0], ["animal/fox", 3, 1], ["animal/fox/red", 1, 2], ["animal-print", 1, 0], ["night", 5, 0],
  ]);
});

test("every field has a label", () => {
  assert.deepEqual(Object.values(Registry.LABELS).slice(0, 7), ["Title", "Prompt", "Negative prompt", "Model", "Rating", "Date", "Notes"]);
});

test("a digit with Shift is a tag whatever the keyboard writes for it, but not where it writes a command or a digit", () => {
  const digit = (key, code) => Digits.shifted({ key, code });
  assert.deepEqual([digit("!", "Digit1"), digit("\"", "Digit2"), digit("&", "Digit1"), digit("é", "Digit2")], [1, 2, 1, 2]);
  assert.deepEqual([digit("1", "Digit1"), digit("/", "Digit7"), digit("+", "Digit1"), digit("0", "Digit0"), digit("!", "Slash")], [0, 0, 0, 0, 0]);
});

test("a tag that all have is taken, and one that comes sends its rival away", () => {
  assert.deepEqual(TagKeys.editOf("picked", "rejected", false), { add_tags: ["picked"], remove_tags: ["rejected"] });
  assert.deepEqual(TagKeys.editOf("picked", "rejected", true), { remove_tags: ["picked"] });
  assert.deepEqual(TagKeys.editOf("own", "", false), { add_tags: ["own"] });
});

test("what would be replaced is shown with what stands beside it", () => {
  const told = (parts, by) => Replace.marked(parts, by).map(({ kind, text }) => `${kind}:${text}`);
  assert.deepEqual(told(["a ", "fox", ""], "cat"), ["same:a ", "gone:fox", "new:cat"]);
  assert.deepEqual(told(["", "fox", " b"], ""), ["gone:fox", "same: b"]);
  const long = "x".repeat(300);
  const shown = Replace.marked([long, "fox", long, "fox", long], "cat").filter(({ kind }) => kind === "same").map(({ text }) => text);
  assert.deepEqual(shown.map((text) => [text.startsWith("…"), text.includes(" … "), text.endsWith("…")]),
    [[true, false, false], [false, true, false], [false, false, true]]);
  assert.ok(shown.every((text) => text.length < 130));
});

test("an edit of before, or of anybody else, is not taken back without asking", () => {
  const since = Date.parse("2026-05-01T10:00:00Z");
  const now = "2026-05-01T10:00:01.5Z";
  assert.equal(Words.isForeign({ actor: "editor", at: now }, since), false);
  assert.equal(Words.isForeign({ actor: "editor", at: "2026-05-01T09:59:59Z" }, since), true);
  for (const actor of ["api", "cli", "watcher", "external", ""]) assert.equal(Words.isForeign({ actor, at: now }, since), true, actor);
  assert.equal(Words.isForeign({ actor: "editor", at: "" }, since), true);
});
