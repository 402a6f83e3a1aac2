// The gallery: one query, one order, one open image, all of them in the URL; everything
// on the page is shown from these. `?q=...&sort=...#<id>`, only what is not the default.
"use strict";

const ImagelibGallery = (() => {
  const { isWriting, mount, nextFrame } = ImagelibDom;
  const { nextTask, released, turns } = ImagelibTasks;
  const { likeOf } = ImagelibAlike;
  const { parse } = ImagelibQuery;
  /** Who writes nothing for so long has asked for something, to which Back leads. */
  const TYPING_PAUSE = 1200;
  /** Browsers refuse more than about a hundred changes of the URL in half a minute. */
  const URL_PAUSE = 350;

  const search = new ImagelibSearch.Searcher(ImagelibIndex.columns);
  search.pkOf = (id) => ImagelibNamedImages.pkOf(id, refresh);
  const box = /** @type {HTMLInputElement} */ (document.querySelector(".search-box"));

  /** The order where neither URL nor query says one: what is preferred in this browser, if it can be chosen here. */
  let usual = ImagelibSortBox.preferred;

  let text = "";
  /** What the sort box says; "" leaves it to the query, else to the usual order. */
  let sort = "";
  /** The pk of the open image, or -1. */
  let open = -1;
  /** Whether closing the viewer goes back to the entry before it. */
  let pushed = false;
  /** @type {Int32Array} */
  let shownRows = new Int32Array(0);
  /** All rows of the result; with stacks, more than are shown. */
  let foundRows = shownRows;
  /** How they stand together, if they are stacked. @type {ReturnType<typeof ImagelibStacks.stacked> | null} */
  let stacks = null;
  let shownKey = "";
  /** The album that is all that is asked for, and whether it is shown in its own order. @type {{album: Album, isOrdered: boolean} | null} */
  let inAlbum = null;
  /** Prompts whose stack is spread out. @type {Set<number>} */
  const spread = new Set();
  /** What the page shows was asked for last by a URL, a query, or a click; answers to what was before are late. */
  const asking = turns();
  let urlTimer = 0;
  /** Whether what is asked for now has its own place in the history: the next thing gets another one. */
  let settled = true;
  /** Whether the URL is of something else than the entry of the history that it is written to. */
  let isNew = false;
  let settling = 0;
  /** @type {{pk: number, offset: number} | null} */
  let kept = null;
  let frame = 0;

  function start() {
    history.scrollRestoration = "manual";
    ImagelibGround.start();
    ImagelibGrid.adopt();
    ImagelibBar.start();
    ImagelibScrubber.start();
    ImagelibViewer.start();
    ImagelibFilters.start(setQuery, refresh);
    ImagelibFoldedFacets.start(setQuery);
    ImagelibSuggest.start(box, (field, query) => search.facets.valuesOf(field, bitsOf(query)), setQuery);
    ImagelibLinks.start(follow);
    ImagelibView.start(() => {
      spread.clear();
      ImagelibGrid.rearrange();
      refresh();
    });
    ImagelibGrid.onOpen((pk) => void openImage(pk));
    ImagelibGrid.onSpread((pk) => {
      spread.add(promptOf(pk));
      refresh();
    });
    document.addEventListener("imagelib:alike", (event) => follow(`like:${event.detail.id}`));
    ImagelibViewer.onFlip(flip);
    ImagelibFilmstrip.onOpen((pk) => void openImage(pk));
    ImagelibViewer.onClose(leave);
    ImagelibIndex.onChange(schedule);
    box.addEventListener("input", () => {
      begin();
      ask(box.value);
      clearTimeout(settling);
      settling = setTimeout(() => { settled = true; }, TYPING_PAUSE);
    });
    box.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      settled = true;
      focusFirst();
    });
    mount("skip").addEventListener("click", (event) => {
      event.preventDefault();
      focusFirst();
    });
    ImagelibSortBox.onChoose(chooseSort);
    document.addEventListener("keydown", pressed);
    window.addEventListener("popstate", (event) => void readUrl(event.state));
    window.addEventListener("hashchange", () => void readUrl(history.state));
    window.addEventListener("scroll", writeSoon, { passive: true });
    window.addEventListener("pagehide", writeUrl);
    void readUrl(history.state);
  }

  /** Take query, order and open image from the URL. @param {{anchor?: {pk: number, offset: number} | null, viewer?: boolean} | null} state */
  async function readUrl(state) {
    const isLast = asking();
    clearTimeout(urlTimer);
    const parameters = new URLSearchParams(location.search);
    text = parameters.get("q") ?? "";
    ImagelibMessages.note("");
    const order = parameters.get("sort") ?? "";
    sort = chosen(order);
    if (box.value !== text) box.value = text;
    kept = state?.anchor ?? null;
    pushed = state?.viewer === true;
    settled = true;
    isNew = false;
    // What is no id, as `#picks=...`, is for others.
    const id = location.hash.includes("=") ? "" : decodeURIComponent(location.hash.slice(1));
    // Asked before the texts are, whose many blocks would come first.
    const located = id ? ImagelibIndex.locate(id.toLowerCase()) : null;
    await ImagelibIndex.ready;
    // Two shorter tasks instead of one: the browser can draw and listen between them.
    search.order(usual.replace("-", ""));
    await nextTask();
    update();
    if (!isLast()) return;
    if (!id) {
      close();
      return;
    }
    const pk = (await located) ?? (await ImagelibIndex.locate(id.toLowerCase()));
    if (!isLast()) return;
    if (pk === null || !ImagelibIndex.columns.isLive(ImagelibIndex.columns.rowOf(pk))) ImagelibMessages.note(`No image ${id}`);
    else await showImage(pk);
  }

  function url() {
    const parameters = new URLSearchParams();
    if (text) parameters.set("q", text);
    if (sort) parameters.set("sort", sort);
    const query = parameters.toString();
    const id = ImagelibViewer.id;
    return `${location.pathname}${query && `?${query}`}${id && `#${id}`}`;
  }

  function writeUrl() {
    clearTimeout(urlTimer);
    urlTimer = 0;
    if (!ImagelibIndex.isReady) return;
    const state = { anchor: ImagelibGrid.anchor(), viewer: pushed && open >= 0 };
    if (isNew && url() !== `${location.pathname}${location.search}${location.hash}`) history.pushState(state, "", url());
    else history.replaceState(state, "", url());
    isNew = false;
  }

  /** Something else is asked for: Back leads to what was there before. */
  function begin() {
    if (!settled) return;
    writeUrl();
    isNew = true;
    settled = false;
  }

  function writeSoon() {
    urlTimer ||= setTimeout(writeUrl, URL_PAUSE);
  }

  /** Ask for something else by one step, as a click is. @param {string} query */
  function setQuery(query) {
    step(() => ask(query));
  }

  /** @param {() => void} change  That Back takes back. */
  function step(change) {
    settled = true;
    begin();
    change();
    writeUrl();
    settled = true;
  }

  /** Follow a link to what has a value, out of the viewer too: Back opens it again. @param {string} query */
  function follow(query) {
    if (open < 0) {
      setQuery(query);
      return;
    }
    step(() => {
      asking();
      pushed = false;
      close();
      ask(query);
    });
    window.scrollTo({ top: 0, behavior: "instant" });
    focusFirst();
  }

  /** @param {string} query */
  function ask(query) {
    if (open < 0) asking(); // a link whose image is still being looked for is no longer wanted
    text = query;
    if (box.value !== query) box.value = query;
    kept = null;
    ImagelibMessages.note("");
    if (ImagelibIndex.isReady) {
      update();
      toTop();
    }
    writeSoon();
  }

  function clear() {
    setQuery("");
    box.focus();
  }

  /** @param {string} order */
  const chooseSort = (order) => step(() => {
    // One order at a time: the box wins over what stands in the query.
    for (;;) {
      const part = parse(text).parts.find(({ field }) => field === "sort");
      if (!part) break;
      text = ImagelibConditions.without(text, part);
    }
    box.value = text;
    sort = order;
    update();
    toTop();
  });

  /** Show a saved search. @param {string} query @param {string} order */
  const goTo = (query, order) => step(() => {
    text = query;
    sort = chosen(order);
    ask(query);
  });

  /** What the sort box says of an order: nothing of the one that comes by itself. @param {string} order */
  const chosen = (order) => (ImagelibSortBox.isKnown(order) && (order !== usual || hasOwnOrder(parse(text).root)) ? order : "");

  /** Whether a query may come in another order than the newest first by itself. @param {QueryNode} root */
  const hasOwnOrder = (root) => root.kind === "tag" || likeOf(root) !== "" || "album" in mount("gallery").dataset;

  /** The album that a publication is as a whole: its order is that of all images. */
  const whole = () => ImagelibIndex.albums?.find(({ tag }) => tag === mount("gallery").dataset.album) ?? null;

  function toTop() {
    if (ImagelibGrid.anchor()) window.scrollTo({ top: 0, behavior: "instant" });
  }

  function refresh() {
    shownKey = "";
    schedule();
  }

  function schedule() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (ImagelibIndex.isReady) update();
    });
  }

  /** Find what is asked for and show it. */
  function update() {
    const asked = (document.activeElement === box ? ImagelibConditions.unfinished(text, (letters) => search.facets.isBegun(letters)) : null) ?? text;
    const query = parse(asked);
    const like = likeOf(query.root);
    const { albums, albumsVersion } = ImagelibIndex;
    const album = ImagelibAlbums.albumOf(query.root, albums ?? []) ?? (asked ? null : whole());
    // Its order is not known yet: another one would only flash up.
    if (!albums && (hasOwnOrder(query.root) || ImagelibAlbums.isOrder(sort || query.sort))) return;
    search.albums = albums ?? [];
    const isAlbum = album !== null && (query.root.kind === "tag" || !asked);
    const own = like ? `like:${like}` : isAlbum ? `album:${album.tag}` : usual;
    const order = ImagelibAlbums.orderOf(sort || query.sort, query.root, search.albums) || own;
    inAlbum = isAlbum ? { album, isOrdered: order === own } : null;
    const needed = ImagelibSearch.needs(query.root, order);
    for (const kind of needed) void ImagelibIndex.want(kind);
    const isWaiting = !needed.every(ImagelibIndex.has);
    const readsText = ImagelibSearch.usesText(query.root);
    const { columns } = ImagelibIndex;
    // Tools are counted once all texts are there, whatever is asked for.
    const key = JSON.stringify([text, query.root, order, columns.coreVersion,
      (readsText || ImagelibIndex.searched === 1) && columns.textVersion, ImagelibIndex.isBroken, ImagelibIndex.coming, isWaiting, albumsVersion]);
    const before = kept ?? ImagelibGrid.anchor();
    if (key !== shownKey) {
      shownKey = key;
      const { bits, rows } = search.run(query, order);
      foundRows = rows;
      // What is alike is one prompt often enough: there would be nothing to see.
      stacks = !order.startsWith("like:") && ImagelibView.isStacked ? ImagelibStacks.stacked(columns, rows, spread) : null;
      shownRows = stacks ? stacks.rows : rows;
      ImagelibHighlight.look(query.root);
      ImagelibGrid.show(shownRows, stacks?.counts);
      ImagelibScrubber.show(order);
      ImagelibFilters.ask(text, asked);
      ImagelibFoldedFacets.ask(text, asked);
      ImagelibTimeline.ask(text);
      void countSoon(bits);
      ImagelibSortBox.show(order, own, album !== null);
      ImagelibAlbumViews.showHead(isAlbum && asked ? album : null, rows.length);
      const isNone = !album && ImagelibAlbums.isOrder(sort || query.sort);
      ImagelibMessages.warnings([...query.warnings, ...(isNone ? [ImagelibAlbums.NONE] : []), ...ImagelibAlike.idsIn(query.root).filter(ImagelibNamedImages.isAbsent).map((id) => `no image ${id} to be like`)]);
      document.dispatchEvent(new CustomEvent("imagelib:asked"));
    } else {
      ImagelibGrid.render();
    }
    if (before) ImagelibGrid.restore(before);
    if (kept && ImagelibGrid.itemOf(kept.pk) >= 0) kept = null;
    ImagelibMessages.count(foundRows.length, readsText || !text, stacks?.stacks);
    ImagelibMessages.nothing(foundRows.length === 0 && !isWaiting, { query: text, clear, go: setQuery, ways: () => ImagelibConditions.wider(text, (query) => ImagelibBits.count(bitsOf(query))), meant: () => ImagelibSpelling.meant(search, text) });
    ImagelibSaved.show(ImagelibIndex.searches, text, sort, goTo);
    if (open >= 0) void showImage(open);
  }

  /** Count what the filters show once the images are on screen: nobody reads numbers first. @param {Uint32Array} bits  Of the result. */
  async function countSoon(bits) {
    const key = shownKey;
    await nextFrame();
    await released();
    if (key !== shownKey) return;
    const counts = ImagelibFacetCounts.countsOf(search, text, bits, ImagelibFilters.isAnyTag);
    await nextTask();
    if (key !== shownKey) return;
    ImagelibFilters.show(counts);
    ImagelibFoldedFacets.show(search, text, bits);
    ImagelibAlbumViews.showRail(search, text, goTo);
    await nextFrame();
    if (key !== shownKey) return;
    const months = ImagelibFacetCounts.monthsOf(search, text, bits);
    await nextTask();
    if (key === shownKey) ImagelibTimeline.show(search.facets.allMonths(), months);
  }

  /** @param {number} pk */
  const promptOf = (pk) => ImagelibStacks.promptOf(ImagelibIndex.columns, ImagelibIndex.columns.rowOf(pk));

  /** What a query would find. @param {string} query */
  const bitsOf = (query) => search.found(parse(query));

  /** Open an image by hand: Back closes it again. @param {number} pk */
  async function openImage(pk) {
    asking();
    if (open >= 0) {
      await showImage(pk);
      writeUrl();
      return;
    }
    writeUrl();
    const anchor = ImagelibGrid.anchor();
    await ImagelibIndex.recordAt(ImagelibIndex.columns.rowOf(pk));
    await ImagelibMotion.grow(ImagelibGrid.pictureOf(pk), ImagelibViewer.picture, () => showImage(pk));
    if (open < 0) return;
    pushed = true;
    history.pushState({ anchor, viewer: true }, "", url());
  }

  /** @param {number} pk */
  async function showImage(pk) {
    open = pk;
    const row = ImagelibIndex.columns.rowOf(pk);
    if (!ImagelibIndex.columns.isLive(row)) {
      leave();
      return;
    }
    const record = await ImagelibIndex.recordAt(row);
    if (open !== pk) return;
    const item = shownRows.indexOf(row);
    const flipped = ImagelibViewer.id !== record.id;
    ImagelibViewer.show(record, { item, of: shownRows.length, what: !stacks ? "" : stacks.stacks === shownRows.length ? " stacks" : " shown" });
    if (item < 0 || !flipped) return;
    const beside = [shownRows[item + 1], shownRows[item - 1]].filter((other) => other !== undefined);
    const records = await Promise.all(beside.map((other) => ImagelibIndex.recordAt(other)));
    if (open === pk) ImagelibViewer.preload(records);
  }

  /** @param {number} step */
  function flip(step) {
    const item = shownRows.indexOf(ImagelibIndex.columns.rowOf(open));
    const next = item < 0 ? undefined : shownRows[item + step];
    if (next === undefined) return;
    void showImage(ImagelibIndex.columns.pk[next]).then(writeSoon);
  }

  /** Close by hand. */
  function leave() {
    const pk = open;
    if (pushed) {
      const done = () => {
        window.removeEventListener("popstate", done);
        setTimeout(() => ImagelibGrid.reveal(pk, true));
      };
      window.addEventListener("popstate", done);
      pushed = false;
      close();
      history.back();
      return;
    }
    close();
    writeUrl();
    ImagelibGrid.reveal(pk, true);
  }

  function close() {
    if (open < 0) return;
    const pk = open;
    open = -1;
    ImagelibViewer.close();
    ImagelibGrid.reveal(pk, true);
  }

  function focusFirst() {
    const [row] = shownRows;
    if (row !== undefined) ImagelibGrid.reveal(ImagelibIndex.columns.pk[row], true);
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (event.defaultPrevented || event.altKey || document.querySelector("dialog:modal")) return;
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand ? event.key === "k" : event.key === "/" && !isWriting(event.target)) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  }

  return {
    /** The ids of all images of the result, in its order. @returns {Promise<string[]>} */
    ids: async () => {
      await ImagelibIndex.ready;
      const { pk } = ImagelibIndex.columns;
      const files = await Promise.all(Array.from(foundRows, (row) => ImagelibIndex.file(pk[row])));
      return files.flatMap((file) => (file ? [file.id] : []));
    },
    /** Ask for something else, out of the viewer too. */
    follow,
    /** Open the viewer. @param {string} id */
    open: async (id) => {
      const pk = await ImagelibIndex.locate(id);
      if (pk !== null) await openImage(pk);
    },
    /** All rows of the result in its order; with stacks, more than are shown. */
    get rows() { return foundRows; },
    /** These images, and of each stack that is shown by one of them all. @param {number[]} pks */
    whole: (pks) => {
      if (!stacks) return pks;
      const { pk } = ImagelibIndex.columns;
      const wanted = new Set(pks);
      return [...new Set([...pks, ...Array.from(ImagelibStacks.whole(foundRows, stacks, (row) => wanted.has(pk[row])), (row) => pk[row])])];
    },
    /** The album that is all that is asked for, and whether it is shown in its own order; or null. */
    get inAlbum() { return inAlbum; },
    get isStacked() { return stacks !== null; },
    /** The query and the order as they are now. */
    get query() { return text; },
    get sort() { return sort || parse(text).sort || usual; },
    /** The order where nothing else is said; it is kept in this browser. */
    get usual() { return usual; },
    set usual(order) {
      ImagelibSortBox.preferred = order;
      usual = ImagelibSortBox.preferred;
      refresh();
    },
    /** Ask for something else, as if it was typed. */
    setQuery,
    /** Find and show again what is asked for. */
    refresh,
    start,
  };
})();

ImagelibGallery.start();
