// What the browser keeps for a page, also where it refuses to.
import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./load.mjs";

const { browser, tab } = load("ImagelibKept", "kept.js");

/** A storage that holds texts, as a browser's does. */
function storage(entries = {}) {
  const kept = new Map(Object.entries(entries));
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, text) => void kept.set(key, String(text)),
    removeItem: (key) => void kept.delete(key),
  };
}

test("where there is no storage nothing is kept, and nothing fails", () => {
  Object.defineProperty(globalThis, "localStorage", { configurable: true, get: () => { throw new Error("switched off"); } });
  assert.equal(browser.set("a", "text"), false);
  assert.equal(browser.put("a", ["b"]), false);
  assert.equal(browser.get("a"), null);
  assert.deepEqual([browser.list("a"), browser.members("a")], [[], {}]);
});

test("texts, lists and objects are kept, until they are taken away", () => {
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, value: storage() });
  assert.equal(tab.put("list", [1, 2]), true);
  tab.put("object", { a: 1 });
  tab.set("text", "on");
  assert.deepEqual([tab.list("list"), tab.members("object"), tab.get("text")], [[1, 2], { a: 1 }, "on"]);
  tab.set("list", null);
  assert.deepEqual([tab.list("list"), tab.get("list")], [[], null]);
});

test("what somebody else keeps there is as if it was not there", () => {
  const strange = { broken: "{", text: '"text"', number: "4", list: "[1]", object: "{}", nothing: "null" };
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, value: storage(strange) });
  for (const key of ["broken", "text", "number", "object", "nothing"]) assert.deepEqual(tab.list(key), [], key);
  for (const key of ["broken", "number", "nothing"]) assert.deepEqual(tab.members(key), {}, key);
});
