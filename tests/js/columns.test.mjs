// The rows of the page: what they know of an image can be laid over them again.
import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./load.mjs";

const { Columns } = load("ImagelibColumns", "registry.js", "text.js", "query-fields.js", "query.js", "vocabulary.js", "numbers.js",
  "texts.js", "bits.js", "columns.js");

load("ImagelibRegistry");
const Common = load("ImagelibCommon", "common.js");
const TEXTS = { title: "", prompt_text: "", negative_prompt: "", notes: "", generation: {} };

test("an edit that the page runs ahead with leaves the image in its place of every order", () => {
  const columns = new Columns();
  columns.set(7, {
    ...TEXTS, captured_at: "2026-01-01T00:00:00", created_at: "2026-02-03T04:05:06.000Z", rating: 0, ai_model: "flux1-dev",
    width: 64, height: 48, tags: ["fox"], file_state: "ok",
  });
  const row = columns.rowOf(7);
  const created = columns.created[row];
  assert.equal(created, Date.parse("2026-02-03T04:05:06Z"));

  columns.set(7, { ...TEXTS, ...columns.coreOf(row), rating: 4 });

  assert.equal(columns.created[row], created);
  assert.equal(columns.coreOf(row).created_at, "2026-02-03T04:05:06.000Z");
});

test("an edit that was kept before a field came leaves it empty", () => {
  const columns = new Columns();
  const row = columns.rowOf(7);
  columns.makeText(row);
  const { notes, ...texts } = { ...TEXTS, prompt_text: "a fox" };
  columns.set(7, {
    ...texts, captured_at: "2026-01-01T00:00:00", created_at: "2026-02-03T04:05:06.000Z", rating: 0, ai_model: "",
    width: 64, height: 48, tags: [], file_state: "ok",
  });
  assert.equal(columns.textOf(row).notes, notes);
  assert.equal(columns.textOf(row).prompt_text, "a fox");
});

test("what images have in common is told from that in which they differ", () => {
  const columns = new Columns();
  const rows = [1, 2, 3].map((pk) => {
    columns.makeText(columns.rowOf(pk));
    columns.set(pk, {
      ...TEXTS, notes: "same", title: `t${pk}`, captured_at: "2026-01-01T00:00:00", created_at: "2026-02-03T04:05:06.000Z",
      rating: pk === 3 ? 4 : 2, ai_model: "flux", width: 64, height: 48, tags: pk === 1 ? ["fox", "night"] : ["night"], file_state: "ok",
    });
    return columns.rowOf(pk);
  });
  const { FIELDS } = load("ImagelibRegistry");
  const fields = FIELDS.filter(({ bulk }) => bulk);
  assert.deepEqual(Common.values(columns, rows, fields), { ai_model: "flux", captured_at: "2026-01-01T00:00:00", notes: "same" });
  assert.equal(Common.values(columns, rows.slice(0, 2), fields).rating, 2);
  assert.deepEqual(Common.tags(columns, rows), [{ name: "night", count: 3 }, { name: "fox", count: 1 }]);
  const blank = 5000;  // of a text block that is still to come
  columns.set(blank, { ...columns.coreOf(rows[0]), ...TEXTS });
  assert.equal("notes" in Common.values(columns, [columns.rowOf(blank)], fields), false);
});

test("images of one prompt stand in one stack, and a stack is all of its images", () => {
  const Stacks = load("ImagelibStacks", "stacks.js");
  const columns = new Columns();
  columns.makeText(columns.rowOf(1));
  const rows = Int32Array.from([["a"], ["b"], ["a"], [""], ["b"], [""], ["a"]], ([prompt], pk) => {
    columns.set(pk, {
      ...TEXTS, prompt_text: prompt, captured_at: "2026-01-01T00:00:00", created_at: "2026-02-03T04:05:06.000Z", rating: 0,
      ai_model: "", width: 64, height: 48, tags: [], file_state: "ok",
    });
    return columns.rowOf(pk);
  });
  const closed = Stacks.stacked(columns, rows, new Set());
  assert.deepEqual([[...closed.rows], [...closed.counts], closed.stacks], [[0, 1, 3, 5], [3, 2, 1, 1], 4]);
  assert.deepEqual([...Stacks.whole(rows, closed, (row) => row === 0 || row === 5)], [0, 2, 5, 6]);
  const spread = Stacks.stacked(columns, rows, new Set([Stacks.promptOf(columns, 0)]));
  assert.deepEqual([[...spread.rows], spread.stacks], [[0, 1, 2, 3, 5, 6], 4]);
  assert.deepEqual([...Stacks.whole(rows, spread, (row) => row < 2)], [0, 1, 4]);
});

test("tags are proposed that go together with those that are there, and that the prompt names", () => {
  const { proposed } = load("ImagelibProposals", "proposals.js");
  const columns = new Columns();
  const sets = [["fox", "snow"], ["fox", "snow"], ["fox", "night"], ["city", "night"], ["city", "night"], ["animal/owl"], [], []];
  sets.forEach((tags, pk) => columns.set(pk, {
    ...TEXTS, captured_at: "2026-01-01T00:00:00", created_at: "2026-02-03T04:05:06.000Z", rating: 0, ai_model: "", width: 64,
    height: 48, tags, file_state: "ok",
  }));
  const ask = (tags, prompt_text = "", others = []) => proposed(columns, [{ tags, prompt_text }], others);
  assert.deepEqual(ask(["fox"]), ["snow"]);  // one image with both is no habit
  assert.deepEqual(ask(["night"]), ["city"]);
  assert.deepEqual(ask(["night"], "", ["city"]), []);
  assert.deepEqual(ask([], "An OWL, by night-light"), ["animal/owl", "night"]);
  assert.deepEqual(ask([], "owls in snowfall"), []);
  assert.deepEqual(ask(["fox", "snow"], "a fox in the snow"), []);
  assert.deepEqual(proposed(columns, [{ tags: ["fox"], prompt_text: "" }, { tags: ["city"], prompt_text: "" }], []), ["night", "snow"]);
  assert.deepEqual(proposed(columns, [], []), []);
});
