// A searcher over rows that are written down, as a page has them once all texts are listed.
import { load } from "./load.mjs";

load("ImagelibSearch", "registry.js", "text.js", "query-fields.js", "query.js", "conditions.js", "tasks.js", "vocabulary.js", "numbers.js",
  "texts.js", "bits.js", "columns.js", "words.js", "generation.js", "facets.js", "stacks.js", "alike.js", "albums.js", "search.js");

const PLAIN = {
  title: "", prompt_text: "", negative_prompt: "", notes: "", generation: {}, rating: 0, ai_model: "", width: 64, height: 48,
  tags: [], file_state: "ok", captured_at: "2026-01-01T00:00:00", created_at: "2026-02-03T04:05:06.000Z",
};

/** @param {object[]} records  What differs from the plain one; their pks count from one. */
export function filled(records) {
  const columns = new (load("ImagelibColumns").Columns)();
  records.forEach((record, i) => {
    columns.makeText(columns.rowOf(i + 1));
    columns.set(i + 1, { ...PLAIN, ...record });
  });
  for (const text of columns.texts) for (const name of load("ImagelibColumns").TEXT_COLUMNS) text?.[name].list();
  return new (load("ImagelibSearch").Searcher)(columns);
}
