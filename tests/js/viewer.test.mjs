// The pure parts of the viewer: what differs, and text for other programs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

globalThis.document = { documentElement: { dataset: {} } };
const diff = load("ImagelibDiff", "registry.js", "text.js", "dates.js", "settings.js", "diff.js");
const infotext = load("ImagelibInfotext", "infotext.js");

test("words that stay, go and come are told apart in order", () => {
  assert.deepEqual(diff.words("a red fox, snow", "a blue fox, deep snow"), [
    { kind: "same", text: "a" }, { kind: "gone", text: "red" }, { kind: "new", text: "blue" },
    { kind: "same", text: "fox," }, { kind: "new", text: "deep" }, { kind: "same", text: "snow" },
  ]);
  assert.deepEqual(diff.words("", ""), []);
  assert.deepEqual(diff.words("(masterpiece:1.2)", "(masterpiece:1.4)").map(({ kind }) => kind),
    ["same", "gone", "new", "same"]);
});

test("a prompt of a hundred thousand words costs no more than its first ones", () => {
  const long = "word ".repeat(100_000);
  assert.equal(diff.words(long, `${long}x`).length, 1);
});

test("only settings that differ are listed, by the names that the panel has", () => {
  const one = { ai_model: "a", generation: { seed: "1", steps: 20 }, rating: 3, tags: ["x"], captured_at: "2026-01-01T00:00:00" };
  const names = { cfg_scale: "CFG scale", loras: "LoRAs" };
  const other = { ...one, rating: 0, generation: { seed: "2", steps: 20, cfg_scale: "7.0", loras: [{ name: "ink", weight: 0.5 }], extra: { clip_skip: 2 } } };
  assert.deepEqual(diff.settings([one, other], names), [
    ["Seed", "1", "2"], ["Rating", "3", ""], ["Clip skip", "", "2"], ["CFG scale", "", "7"], ["LoRAs", "", "ink (0.5)"]]);
  assert.deepEqual(diff.settings([one, one], names), []);
});

test("infotext is as AUTOMATIC1111 writes it", () => {
  assert.equal(infotext.write({
    prompt_text: "a fox,\nin snow", negative_prompt: "blurry", ai_model: "flux: dev",
    generation: { tool: "x", steps: 20, sampler: "Euler a", cfg_scale: 5.5, seed: "12345678901234567890", size: "64x48" },
  }), "a fox,\nin snow\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 5.5,"
    + " Seed: 12345678901234567890, Size: 64x48, Model: \"flux: dev\"");
  assert.equal(infotext.write({ prompt_text: "bare" }), "bare");
  assert.deepEqual(JSON.parse(infotext.asJson({ prompt_text: "p", generation: { seed: "9" }, tags: ["t"] })), {
    prompt: "p", negative_prompt: "", model: "", seed: "9", tags: ["t"], rating: 0, captured_at: "", file: "" });
});
