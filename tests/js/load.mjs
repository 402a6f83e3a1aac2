// Run classic scripts as a page would, and hand back one of their globals.
import { readFileSync } from "node:fs";
import { runInThisContext } from "node:vm";

const STATIC = new URL("../../templates/static/", import.meta.url);
const loaded = new Set();

export function load(global, ...scripts) {
  for (const name of scripts) {
    if (loaded.has(name)) continue;
    loaded.add(name);
    const url = new URL(name, STATIC);
    runInThisContext(readFileSync(url, "utf8"), { filename: url.pathname });
  }
  return runInThisContext(global);
}
