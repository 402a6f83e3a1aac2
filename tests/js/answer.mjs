// Answer queries over data files of the index: reads one JSON value, writes one.
//   {"blocks": [core and text blocks], "ids": {id: pk}, "queries": [...]}  ->  [{"ids", "warnings", "sort", "seen"}]
//   {"fold": [texts]}  ->  [folded texts]
import { readFileSync } from "node:fs";

import { load } from "./load.mjs";

const input = JSON.parse(readFileSync(0, "utf8"));
const { fold } = load("ImagelibText", "text.js");

function answers({ blocks, ids, queries }) {
  const Query = load("ImagelibQuery", "query-fields.js", "query.js", "columns.js", "words.js", "search.js");
  const columns = new (load("ImagelibColumns").Columns)();
  for (const block of blocks) block.kind === "core" ? columns.addCore(block) : columns.addText(block);
  const searcher = new (load("ImagelibSearch").Searcher)(columns);
  searcher.pkOf = (id) => ids[id];
  return queries.map((q) => {
    const query = Query.parse(q);
    const { rows } = searcher.run(query, query.sort || "-captured_at");
    const pks = [...rows].map((row) => columns.pk[row]);
    return { ids: pks, warnings: query.warnings, sort: query.sort };
  });
}

process.stdout.write(JSON.stringify(input.fold ? input.fold.map(fold) : answers(input)));
