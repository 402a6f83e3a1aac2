// Albums: tags whose images somebody has put in order.
// The twin of imagelib/library/query/albums.py: the same album of a query, the same order.
"use strict";

const ImagelibAlbums = (() => {
  const { fold } = ImagelibText;
  const NONE = "the order of an album wants tag: with the name of one; shown in the usual order";

  /** What a site has of them. @param {AlbumsData} file @returns {Album[]} */
  const read = (file) => file.albums.map(([tag, text, cover, pks]) => ({ tag, text, cover, pks: ImagelibNumbers.readDeltas(pks) }));

  /** The album whose order a query can have: that of its first positive tag that has one. @param {QueryNode} root @param {Album[]} albums */
  function albumOf(root, albums) {
    for (const part of root.kind === "all" ? root.parts : [root]) {
      const found = part.kind === "tag" && albums.find(({ tag }) => fold(tag) === part.tag);
      if (found) return found;
    }
    return null;
  }

  /** An order by name as the search takes it: `album` with its tag, "" where the query has no album. @param {string} sort @param {QueryNode} root @param {Album[]} albums */
  function orderOf(sort, root, albums) {
    if (!isOrder(sort)) return sort;
    const album = albumOf(root, albums);
    return album ? `${sort}:${album.tag}` : "";
  }

  /** @param {string} sort */
  const isOrder = (sort) => sort === "album" || sort === "-album";

  /** Rows in the order of an album: what it lists, then the others by pk. @param {ArrayLike<number>} pk  Of each row. @param {Int32Array} rows  Are put in order. @param {ArrayLike<number>} pks */
  function sortRows(pk, rows, pks) {
    const places = new Map(Array.from(pks, (one, place) => [one, place]));
    const place = (/** @type {number} */ row) => places.get(pk[row]) ?? Infinity;
    return rows.sort((a, b) => {
      const [before, after] = [place(a), place(b)];
      return before === after ? pk[a] - pk[b] : before - after;
    });
  }

  /** The rows of an album in its order. @param {InstanceType<typeof ImagelibSearch.Searcher>} search  Knows it. @param {Album} album */
  const rowsOf = (search, { tag }) => search.run({ root: { kind: "tag", tag: fold(tag) } }, `album:${tag}`).rows;

  /** The pk of the image that stands for an album: the one that was chosen, if it still is there, else the first. @param {ArrayLike<number>} pks  In order. @param {Album} album */
  const coverOf = (pks, { cover }) => (Array.prototype.includes.call(pks, cover) ? cover : pks[0]);

  return { NONE, albumOf, coverOf, isOrder, orderOf, read, rowsOf, sortRows };
})();
