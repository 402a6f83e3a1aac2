// Dates are written one way, by one script.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { load } from "./load.mjs";

process.env.TZ = "America/New_York";
const dataset = {};
globalThis.document = { documentElement: { dataset } };
const dates = load("ImagelibDates", "dates.js");

test("a date is written as it is typed, and no further than the site says it", () => {
  assert.equal(dates.written("2026-10-26T15:53:07"), "2026-10-26 15:53");
  assert.equal(dates.written("2026-10-26T15:53:07", 7), "2026-10");
  dataset.dates = "month";
  assert.equal(dates.written("2026-10-26T15:53:07"), "2026-10");
  dataset.dates = "none";
  assert.equal(dates.written("2026-10-26T15:53:07", 10), "");
  delete dataset.dates;
});

test("when something happened is said by the reader's clock, in the same words", () => {
  assert.equal(dates.here("2026-07-01T02:30:00.000Z"), "2026-06-30 22:30");
  assert.equal(dates.here("2026-01-01T02:30:00.000Z", 10), "2025-12-31");
  assert.equal(dates.here(Date.UTC(2026, 0, 1, 12)), "2026-01-01 07:00");
  assert.equal(dates.here("yesterday"), "yesterday", "of another program");
});

test("no other script has a notation of its own", () => {
  const templates = new URL("../../templates/", import.meta.url);
  const own = readdirSync(templates, { recursive: true }).filter((path) => path.endsWith(".js")
    && /DateTimeFormat|dateStyle|toLocale(Date|Time)String|_at\.slice|replace\("T", " "\)/.test(readFileSync(new URL(path.replaceAll("\\", "/"), templates), "utf8")));
  assert.deepEqual(own.map((path) => path.split(/[\\/]/).at(-1)), ["dates.js"]);
});
