// "Did you mean": what is offered where words find nothing.
import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./load.mjs";
import { filled } from "./rows.mjs";

const { distance } = load("ImagelibText");
const { meant } = load("ImagelibSpelling", "spelling.js");

const search = filled([
  { prompt_text: "an old fisherman by the lighthouse, storm" },
  { prompt_text: "a lighthouse in a storm, pastel", tags: ["animal/fox"], ai_model: "Flux.1 dev" },
  { prompt_text: "a fisherman, night", tags: ["portrait"], generation: { tool: "ComfyUI" } },
  { prompt_text: "a red scarf" },
]);
const queries = (/** @type {string} */ text) => meant(search, text).map(({ query }) => query);

test("letters are changed, added, dropped, and swapped with the next one", () => {
  assert.deepEqual([["storm", "strom"], ["storm", "storms"], ["storm", "stom"], ["storm", "sturm"], ["abcd", "dcba"], ["", "abc"]]
    .map(([a, b]) => distance(a, b, 2)), [1, 1, 1, 1, 3, 3]);
});

test("a word that finds nothing becomes one that does", () => {
  assert.deepEqual(meant(search, "fishermen"), [{ query: "fisherman", count: 2 }]);
  assert.deepEqual(queries("fisherman pastle"), [], "both occur, but in no image together");
  assert.deepEqual(queries("lighthouse pastle"), ["lighthouse pastel"]);
});

test("beside a wrong word, a part of a word becomes the whole one", () => {
  assert.deepEqual(queries("lighthous strom"), ["lighthouse storm"]);
});

test("each word of a phrase is looked at, and all else of the query stays", () => {
  assert.deepEqual(queries('-dog "red scraf" rating:0'), ['-dog "red scarf" rating:0']);
});

test("values of tags, models and tools are spelled, too", () => {
  assert.deepEqual(queries("tag:potrait"), ["tag:portrait"]);
  assert.deepEqual(queries("tag:anmial"), ["tag:animal"]);
  assert.deepEqual(queries("model:fluy lighthouse"), ["model:flux lighthouse"]);
  assert.deepEqual(queries("tool:confyui"), ["tool:ComfyUI"]);
});

test("nothing is offered for what no word is near, for short words, and where words are right", () => {
  assert.deepEqual(["xylophone", "fxo", "fisherman scarf", "-fishermen", "rating:5"].map(queries), [[], [], [], [], []]);
});
