// Which album a query has, in which order its images come, and which one stands for it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./load.mjs";
import { filled } from "./rows.mjs";

const Albums = load("ImagelibAlbums", "registry.js", "text.js", "numbers.js", "albums.js");
const search = filled([["b"], ["b", "a"], ["B/c"], ["b"], []].map((tags) => ({ tags })));
const { parse } = load("ImagelibQuery");
const [a, b, c] = [{ tag: "a", pks: [2], cover: 4 }, { tag: "b", pks: [4, 9, 1], cover: 1 }, { tag: "É", pks: [], cover: 0 }];
search.albums = [a, b, c];
const albumOf = (query) => Albums.albumOf(parse(query).root, search.albums);
const pksOf = (rows) => Array.from(rows, (row) => search.columns.pk[row]);

test("the album of a query is that of its first positive tag that has one", () => {
  assert.equal(albumOf("tag:a"), a);
  assert.equal(albumOf("tag:x tag:B rating:>=2 tag:a"), b);
  assert.equal(albumOf("tag:e"), c);
  for (const query of ["", "-tag:a", "tag:a or tag:b", "a", "tag:b/c"]) assert.equal(albumOf(query), null, query);
});

test("the order of an album is one of a query that has it, and no other", () => {
  const orderOf = (sort, query) => Albums.orderOf(sort, parse(query).root, search.albums);
  assert.equal(orderOf("album", "tag:b fox"), "album:b");
  assert.equal(orderOf("-album", "tag:b"), "-album:b");
  assert.equal(orderOf("album", "fox"), "");
  assert.equal(orderOf("-rating", "fox"), "-rating");
});

test("images come as they are listed, then the others by their pks; what is not there is passed over", () => {
  assert.deepEqual(pksOf(Albums.rowsOf(search, b)), [4, 1, 2, 3]);
  assert.deepEqual(pksOf(search.run(parse("tag:b"), "-album:b").rows), [3, 2, 1, 4]);
  assert.deepEqual(pksOf(search.run(parse("tag:b tag:a"), "album:b").rows), [2]);
});

test("the chosen cover stands for an album as long as it is in it, else its first image", () => {
  assert.equal(Albums.coverOf([4, 1, 2], b), 1);
  assert.equal(Albums.coverOf([2], a), 2);
});
