// One search library, one corpus, the same words: node search_peers.mjs NAME FOLDER STATIC
// FOLDER holds texts.json, queries.json and node_modules; ours reads the blocks in FOLDER/data.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { runInThisContext } from "node:vm";
import { gzipSync } from "node:zlib";

const [, , name, folder, STATIC] = process.argv;
const memory = () => {
  globalThis.gc?.();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
const idle = memory();
const require = createRequire(join(folder, "package.json"));
const texts = name === "imagelib" ? [] : JSON.parse(readFileSync(join(folder, "texts.json"), "utf8"));
const queries = JSON.parse(readFileSync(join(folder, "queries.json"), "utf8"));

/** @param {() => unknown} work */
async function timed(work) {
  const start = performance.now();
  const value = await work();
  return [value, performance.now() - start];
}

// Each one: `build` returns what would be sent to the browser, `load` makes it searchable, `find` asks.
const LIBRARIES = {
  imagelib: {
    build: () => readdirSync(join(folder, "data")).filter((path) => /^(core|text)/.test(path))
      .map((path) => readFileSync(join(folder, "data", path), "utf8")),
    load(files) {
      const scripts = ["text", "query-fields", "query", "vocabulary", "numbers", "texts", "bits", "columns", "words", "facets", "search"];
      for (const script of scripts) runInThisContext(readFileSync(join(STATIC, "engine", `${script}.js`), "utf8"));
      const columns = runInThisContext("new ImagelibColumns.Columns()");
      const blocks = files.map((file) => JSON.parse(file.slice(13, -3))).sort((a, b) => (a.kind < b.kind ? -1 : 1));
      for (const block of blocks) block.kind === "core" ? columns.addCore(block) : columns.addText(block);
      for (const text of columns.texts) for (const column of ["prompt", "negative", "notes"]) text?.[column].list();
      globalThis.columns = columns;
      return { columns, searcher: runInThisContext("new ImagelibSearch.Searcher(columns)") };
    },
    find: ({ columns, searcher }, words) => {
      const { rows } = searcher.run(runInThisContext("ImagelibQuery").parse(words), "-captured_at");
      return { length: rows.length, has: (n) => rows.includes(columns.rowOf(n + 1)) };
    },
    edit: null, // two blocks: measured by search.py
  },
  minisearch: {
    make: () => new (require("minisearch"))({ fields: ["text"], searchOptions: { prefix: true, combineWith: "AND" } }),
    build() {
      const index = this.make();
      index.addAll(texts.map((text, id) => ({ id, text })));
      return [JSON.stringify(index)];
    },
    load: ([file]) => require("minisearch").loadJSON(file, { fields: ["text"], searchOptions: { prefix: true, combineWith: "AND" } }),
    find: (index, words) => set(index.search(words).map(({ id }) => id)),
    edit: (index) => index.replace({ id: 1, text: "all new" }),
  },
  flexsearch: {
    make: () => new (require("flexsearch").Index)({ tokenize: "forward" }),
    build() {
      const index = this.make();
      texts.forEach((text, id) => index.add(id, text));
      const parts = [];
      index.export((key, data) => void parts.push([key, data]));
      return [JSON.stringify(parts)];
    },
    load([file]) {
      const index = this.make();
      for (const [key, data] of JSON.parse(file)) if (data) index.import(key, data);
      return index;
    },
    find: (index, words) => set(index.search(words, { limit: 1e6 })),
    edit: (index) => index.update(1, "all new"),
  },
  ufuzzy: {
    build: () => [JSON.stringify(texts)],
    load: ([file]) => {
      const uFuzzy = require("@leeoniya/ufuzzy");
      return { haystack: JSON.parse(file).map((text) => text.toLowerCase()), search: new uFuzzy({ interSplit: "\\s+" }) };
    },
    find: ({ haystack, search }, words) => {
      let found = null;
      for (const word of words.split(" ")) found = search.filter(haystack, word, found ?? undefined);
      return set(found ?? []);
    },
    edit: ({ haystack }) => { haystack[1] = "all new"; },
  },
};

const set = (list) => ({ length: list.length, has: (n) => list.includes(n) });

async function pagefind() {
  const { createIndex } = await import(join(folder, "node_modules/pagefind/lib/index.js"));
  const [, build] = await timed(async () => {
    const { index } = await createIndex();
    for (let id = 0; id < texts.length; id++) {
      await index.addCustomRecord({ url: `/${id}`, content: texts[id] || "-", language: "en" });
    }
    await index.writeFiles({ outputPath: join(folder, "pagefind") });
  });
  const files = readdirSync(join(folder, "pagefind"), { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  const bytes = files.reduce((sum, e) => sum + readFileSync(join(e.parentPath ?? e.path, e.name)).length, 0);
  process.stdout.write(JSON.stringify({
    build_ms: build, files: files.length, gzip_bytes: bytes, note: "needs fetch: not on file://; one request for each result",
  }));
  process.exit(0);
}

async function library() {
  const chosen = LIBRARIES[name];
  const [files, build] = await timed(() => chosen.build());
  const raw = files.reduce((sum, file) => sum + file.length, 0);
  const packed = files.reduce((sum, file) => sum + gzipSync(file, { level: 6 }).length, 0);
  texts.length = 0;
  const [index, load] = await timed(() => chosen.load(files));
  const [, first] = await timed(() => chosen.find(index, queries[0].text));
  files.length = 0;
  const held = memory() - idle;
  const typed = [];
  let [right, wanted] = [0, 0];
  for (const { text, some } of queries) {
    for (let end = 1; end < text.length; end++) typed.push((await timed(() => chosen.find(index, text.slice(0, end))))[1]);
    const [found, took] = await timed(() => chosen.find(index, text));
    typed.push(took);
    wanted += some.length;
    right += some.filter((n) => found.has(n)).length;
  }
  const edit = chosen.edit ? (await timed(() => chosen.edit(index)))[1] : null;
  typed.sort((a, b) => a - b);
  process.stdout.write(JSON.stringify({
    build_ms: build, raw_bytes: raw, gzip_bytes: packed, first_result_ms: load + first, heap_mb: held / 1e6,
    typed_p50_ms: typed[typed.length >> 1], typed_p95_ms: typed[Math.floor(typed.length * 0.95)],
    substring_recall: right / wanted, edit_ms: edit, ...(name === "imagelib" ? {} : { edit_sends: "the whole index" }),
  }));
}

await (name === "pagefind" ? pagefind() : library());
