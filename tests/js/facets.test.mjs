// What the folded groups of the filters count, and how their clicks change the query.
import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./load.mjs";
import { filled } from "./rows.mjs";

const { valuesOf } = load("ImagelibFacetCounts", "facet-counts.js");
const { conditionsOf, setting, termOf } = load("ImagelibConditions");
const { parse } = load("ImagelibQuery");
const { count, phrasesOf } = load("ImagelibPhrases", "phrases.js");

const told = (sampler, ...loras) => ({ generation: { sampler, loras: loras.map((name) => ({ name, weight: 1 })) } });
const search = filled([
  { ...told("Euler a", "add_detail", "Film"), width: 64, height: 96 },
  { ...told("Euler a", "film"), width: 96, height: 64, rating: 5 },
  { ...told("DDIM"), width: 96, height: 64 },
  { generation: {}, width: 64, height: 64 },
]);
const counted = (query, field, isOwn) =>
  valuesOf(search, query, search.found(parse(query)), field, isOwn).map(({ count, name }) => `${name} ${count}`);

test("LoRAs, samplers and sizes are counted, the most frequent first; what differs by case is one", () => {
  assert.deepEqual(counted("", "lora"), ["Film 2", "add_detail 1"]);
  assert.deepEqual(counted("", "sampler"), ["Euler a 2", "DDIM 1"]);
  assert.deepEqual(counted("", "size"), ["96x64 2", "64x64 1", "64x96 1"]);
  assert.deepEqual(counted("", "is"), ["landscape 2", "portrait 1", "square 1"]);
});

test("a field is counted as if nothing of it was asked for, and with all else that was", () => {
  assert.deepEqual(counted("lora:add_detail rating:5", "lora"), ["film 1"]);
  assert.deepEqual(counted('lora:film -lora:add_detail sampler:"euler a"', "lora"), ["Film 2", "add_detail 1"]);
});

test("shapes are values of their own among those of their field", () => {
  const isShape = (value) => ["portrait", "landscape", "square"].includes(value);
  assert.deepEqual(counted("is:portrait is:unrated", "is", isShape), ["landscape 1", "portrait 1", "square 1"]);
  assert.deepEqual(conditionsOf("is:unrated is:square", "is", isShape).choices.map(({ values }) => values), [["square"]]);
  assert.equal(setting("is:unrated (is:square or is:portrait)", "is", ["landscape"], isShape), "is:unrated is:landscape");
});

test("a prompt is cut into what stands between commas, and a sentence into words that say something", () => {
  assert.deepEqual([...phrasesOf("(masterpiece:1.2), 1girl, oil painting, [snow:0.5] <lora:film:0.8> break red fox, red fox")],
    ["masterpiece", "1girl", "oil painting", "snow", "red fox"]);
  assert.deepEqual([...phrasesOf("a red fox is standing in the snow. soft light")], ["red", "fox", "standing", "snow", "soft light"]);
  assert.deepEqual([...phrasesOf(", ,()")], []);
});

test("words are counted in the prompts of what is found, and no longer once something else is asked for", async () => {
  const { columns } = filled([{ prompt_text: "Red fox, snow" }, { prompt_text: "red fox, night" }, { prompt_text: "red fox, night" }]);
  assert.deepEqual(await count(columns, columns.live, () => true),
    [{ name: "red fox", count: 3 }, { name: "night", count: 2 }, { name: "snow", count: 1 }]);
  assert.deepEqual(await count(columns, Uint32Array.of(0b1010, ...new Uint32Array(columns.live.length - 1)), () => true),
    [{ name: "red fox", count: 2 }, { name: "night", count: 1 }, { name: "snow", count: 1 }]);
  const many = filled(Array.from({ length: 3000 }, (_, i) => ({ prompt_text: `${"word, ".repeat(30)}number ${i}` })));
  assert.equal(await count(many.columns, many.columns.live, () => false), null);
});

test("a word is written so that it is read as one", () => {
  assert.deepEqual(["fox", "red fox", "or", "ar:16", "-1"].map((word) => termOf("", word)), ["fox", '"red fox"', '"or"', '"ar:16"', '"-1"']);
});
