// Each script names only what was loaded before it: no circle, and nothing is missing while a script is loaded.
// Who has to call back is handed a function, or hears an event of the page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const TEMPLATES = new URL("../../templates/", import.meta.url);
const [OF_SITE, OF_EDITOR] = readFileSync(new URL("bundles.toml", TEMPLATES), "utf8").replace(/^#.*$/gm, "").split("[editor]");

/** A script without its comments and what stands in quotes; what stands in templates stays, as it may be code. */
const bare = (source) => source.replace(/\/\*[^]*?\*\/|(?<![:\\])\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"/g, " ");

/** The scripts of some bundles in their order: the globals that each one defines, and the others that it names. */
function scriptsOf(folder, bundles, ...names) {
  return names.flatMap((bundle) => {
    const [, list] = new RegExp(`^"${bundle}" = \\[([^\\]]*)\\]`, "m").exec(bundles);
    return [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => {
      const code = bare(readFileSync(new URL(`${folder}/${name}`, TEMPLATES), "utf8"));
      const defined = [...code.matchAll(/^const (Imagelib\w*)/gm)].map(([, global]) => global);
      const named = new Set([...code.matchAll(/(?<![\w.])Imagelib[A-Z]\w*/g)].map(([global]) => global));
      return { code, defined, name, others: [...named].filter((global) => !defined.includes(global)) };
    });
  });
}

const GALLERY = scriptsOf("static", OF_SITE, "loader.js", "engine.js", "interface.js");
const PICKS = scriptsOf("static", OF_SITE, "picks.js");
const PICKS_PAGE = scriptsOf("static", OF_SITE, "page.js", "picks-page.js");
const EDITOR = scriptsOf("editor", OF_EDITOR, "theme.js", "editor.js");

test("the names in a script are told from those in comments and texts", () => {
  assert.deepEqual(bare('a("ImagelibA // \\" b"); // ImagelibB\n/* ImagelibC\n */ `${ImagelibD.url}` // "').match(/Imagelib./g), ["ImagelibD"]);
  assert.match(bare("`https://${ImagelibE}`"), /ImagelibE/);
});

test("each script names only what was loaded before it", () => {
  for (const scripts of [[...GALLERY, ...EDITOR], [...GALLERY, ...PICKS], PICKS_PAGE]) {
    const there = new Set();
    for (const { defined, name, others } of scripts) {
      for (const global of others) assert.ok(there.has(global), `${name} names ${global}, which no script before it defines`);
      for (const global of defined) there.add(global);
    }
  }
});

test("each script of the gallery and the editor is one global, but the one that starts the editor", () => {
  const counts = [...GALLERY, ...PICKS, ...EDITOR].map(({ defined, name }) => [name, defined.length]);
  assert.deepEqual(counts.filter(([, count]) => count !== 1), [["engine/loader.js", 2], ["page/editor.js", 0]]);
});

test("the engine knows of no page", () => {
  const engine = GALLERY.filter(({ name }) => name.startsWith("engine/") && name !== "engine/loader.js");
  assert.ok(engine.length > 10);
  for (const { code, name } of engine) assert.doesNotMatch(code, /(?<!\.)\b(?:document|window)\b/, name);
});
