// Albums as links with their covers beside the images, and the head of the one that is shown.
"use strict";

const ImagelibAlbumViews = (() => {
  const { h, mount, setText } = ImagelibDom;
  const many = (/** @type {number} */ count) => (count === 1 ? "1 image" : `${count.toLocaleString("en")} images`);
  /** What the links were made of: these albums, and all else. @type {readonly Album[] | null} */
  let shownAlbums = null;
  let shown = "";

  /**
   * Say which album the images are. @param {Album | null} album  Without one, nothing. @param {number} count
   */
  function showHead(album, count) {
    const head = mount("album");
    head.hidden = !album;
    if (!album) return;
    const [name, number, text] = /** @type {HTMLElement[]} */ ([...head.querySelectorAll("h2, .number, .text")]);
    setText(name, album.tag);
    setText(number, many(count));
    setText(text, album.text);
    text.hidden = !album.text;
  }

  /**
   * Show all that have images; the one that is on screen is the current one.
   * @param {InstanceType<typeof ImagelibSearch.Searcher>} search @param {string} query
   * @param {(query: string, sort: string) => void} go  Called by a plain click.
   */
  function showRail(search, query, go) {
    const key = `${search.columns.coreVersion} ${query}`;
    // Not by the version of the albums that are there now: the search may not know of these yet.
    if (search.albums === shownAlbums && key === shown) return;
    shownAlbums = search.albums;
    shown = key;
    const links = search.albums.flatMap((album) => {
      const pks = Array.from(ImagelibAlbums.rowsOf(search, album), (row) => search.columns.pk[row]);
      if (!pks.length) return [];
      const wanted = `tag:${ImagelibQuery.quote(album.tag)}`;
      const cover = h("span", { class: "cover", "aria-hidden": "true" });
      void ImagelibIndex.file(ImagelibAlbums.coverOf(pks, album)).then((file) => {
        if (file?.has_thumbnail) cover.append(h("img", { src: ImagelibCard.thumbnailUrl(file), alt: "", loading: "lazy" }));
      });
      const link = h("a", { href: ImagelibLinks.urlOf(wanted), ...(wanted === query && { "aria-current": "true" }) },
        cover, h("span", { class: "name" }, album.tag), " ", h("span", { class: "number" }, pks.length.toLocaleString("en")));
      link.addEventListener("click", (event) => {
        if (!ImagelibLinks.isPlain(event)) return;
        event.preventDefault();
        go(wanted, "");
      });
      return [h("li", {}, link)];
    });
    mount("albums").hidden = links.length === 0;
    mount("albums").querySelector("ul")?.replaceChildren(...links);
  }

  return { showHead, showRail };
})();
