// Answer queries over data files of the index: reads one JSON value, writes one.
//   {"blocks": [core, text, name and phash blocks], "ids": {id: pk}, "picks": [[who, pks]], "albums": as their file has them, "queries": [...]}  ->  [{"ids", "warnings", "sort", "seen"}]
//   {"settings": [records], "names": names of settings}  ->  [{"rows", "more"}]
//   {"fold": [texts]}  ->  [folded texts]
//   {"column": texts, "letters": [folded texts]}  ->  {"texts", "prompts", "folded", "early", "found": [numbers of the texts with each of the letters]}
import { deepEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";

import { load } from "./load.mjs";

const input = JSON.parse(readFileSync(0, "utf8"));
const { fold } = load("ImagelibText", "text.js");

function answers({ blocks, ids, queries, picks = [], albums = [] }) {
  const Query = load("ImagelibQuery", "registry.js", "query-fields.js", "query.js", "vocabulary.js", "numbers.js", "texts.js", "bits.js", "columns.js", "words.js", "generation.js", "facets.js", "stacks.js", "alike.js", "albums.js", "search.js");
  const columns = new (load("ImagelibColumns").Columns)();
  const adding = { core: "addCore", text: "addText", name: "addNames", phash: "addPhash" };
  for (const block of blocks) columns[adding[block.kind]](block);
  columns.setPicks(picks);
  const Alike = load("ImagelibAlike");
  const all = () => {
    const searcher = new (load("ImagelibSearch").Searcher)(columns);
    searcher.pkOf = (id) => ids[id];
    const Albums = load("ImagelibAlbums");
    searcher.albums = Albums.read({ albums });
    return queries.map((q) => {
      const query = Query.parse(q);
      const { rows } = searcher.run(query, Albums.orderOf(query.sort, query.root, searcher.albums) || (Alike.likeOf(query.root) ? `like:${Alike.likeOf(query.root)}` : "-captured_at"));
      return { ids: [...rows].map((row) => columns.pk[row]), warnings: query.warnings, sort: query.sort };
    });
  };
  const early = all();
  for (const text of columns.texts) for (const name of load("ImagelibColumns").TEXT_COLUMNS) text?.[name].list();
  // What is listed is found as it was before.
  deepEqual(all(), early);
  return early;
}

function readColumn({ column: value, letters }) {
  load("ImagelibColumns", "registry.js", "query-fields.js", "query.js", "vocabulary.js", "numbers.js", "texts.js", "bits.js", "columns.js", "words.js");
  const column = new (load("ImagelibTexts").TextColumn)(value, new Int16Array(0), true);
  const numbers = Array.from({ length: column.count }, (_, number) => number);
  const { TextColumn } = load("ImagelibTexts");
  const texts = numbers.map((number) => column.text(number));
  // Of a block, and as edits add them: each text in one piece.
  const prompts = [column, TextColumn.of(texts, new Int16Array(0), true)].map((prompt) => {
    prompt.index = Int16Array.from(numbers);
    return numbers.map((number) => load("ImagelibStacks", "stacks.js").promptOf({ texts: [{ prompt }] }, number));
  });
  const { Needle } = load("ImagelibWords");
  const find = () => letters.map((word) => {
    const flags = new Needle(word).find(column);
    return numbers.filter((number) => flags?.[number]);
  });
  return {
    texts,
    prompts,
    folded: numbers.map((number) => load("ImagelibText").squeeze(column.folded(number))),
    early: find(),
    found: (column.list(), find()),
  };
}

const settings = ({ names, settings: records }) => records.map((record) =>
  load("ImagelibSettings", "settings.js").rowsOf(record, names));

process.stdout.write(JSON.stringify(input.settings ? settings(input) : input.column ? readColumn(input) : input.fold ? input.fold.map(fold) : answers(input)));
