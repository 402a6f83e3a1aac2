// Run classic scripts as a page would, and hand back one of their globals.
import { readFileSync, readdirSync } from "node:fs";
import { basename } from "node:path";
import { runInThisContext } from "node:vm";

const TEMPLATES = new URL("../../templates/", import.meta.url);
const loaded = new Set();

/** Where each script lies, by its name: no two have the same one. */
const scripts = new Map(readdirSync(TEMPLATES, { recursive: true }).filter((path) => path.endsWith(".js"))
  .map((path) => [basename(path), new URL(path.replaceAll("\\", "/"), TEMPLATES)]));

export function load(global, ...names) {
  for (const name of names) {
    if (loaded.has(name)) continue;
    loaded.add(name);
    const url = scripts.get(name);
    runInThisContext(readFileSync(url, "utf8"), { filename: url.pathname });
  }
  return runInThisContext(global);
}
