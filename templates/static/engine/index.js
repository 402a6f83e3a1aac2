// The index of the library: loads manifest and blocks, holds the rows, lays edits over them.
// The reader of what imagelib/generator/index/blocks.py writes.
"use strict";

const ImagelibIndex = (() => {
  const MANIFEST = "data/manifest.js";
  /** How often the page hears of text blocks, in milliseconds. */
  const PROGRESS_PAUSE = 150;
  /** How often one that is being made is read again, in milliseconds. */
  const COMING_PAUSE = 5000;
  /** So long blocks are taken in at a time, in milliseconds. */
  const SLICE = 8;
  /** How often a block is asked for in vain before it is given up. */
  const ATTEMPTS = 3;

  const { Columns, CORE_ROWS, TEXT_ROWS } = ImagelibColumns;
  const { AHEAD, load, newestFirst, pathOf } = ImagelibLoader;
  const { locate, pkById } = ImagelibFiles;
  const { nextTask, released, turns } = ImagelibTasks;
  const reloads = turns();
  const columns = new Columns();
  const packer = new ImagelibPacker.Packer(() => changed());
  /** @type {Manifest | null} */
  let manifest = null;
  /** Name, query and order of each, as the last build or an edit since then has them. @type {string[][]} */
  let searches = [];
  /** Null before they are known; the number says that there are others now. @type {Album[] | null} */
  let albums = null;
  let albumsVersion = 0;
  /** Path of the block that is held, by kind and number. @type {Map<string, string>} */
  const held = new Map();
  /**
   * An edit that no block holds yet; without a record, the image is removed.
   * @typedef {{pk: number, record: Edited | null, seq: number, provisional: boolean}} Overlay
   * What is shown of an image before any build: as the API gives it, or as the page knows it.
   * @typedef {ListedRecord | WholeRecord} Edited
   */
  /** By pk. @type {Map<number, Overlay>} */
  const overlay = new Map();
  /** @type {Set<() => void>} */
  const listeners = new Set();
  const state = { ready: false, broken: false, attempts: 0 };
  /** The manifest with blocks that are not there, while another one is asked for. @type {Manifest | null} */
  let recovering = null;
  /** @type {() => void} */
  let becomeReady = () => {};
  /** Resolves when filters and orders know every image. @type {Promise<void>} */
  const ready = new Promise((resolve) => { becomeReady = resolve; });
  /** Kinds of blocks that not everybody needs, and somebody has wanted; those that have arrived. @type {Set<WantedKind>} */
  const wanted = new Set();
  /** @type {Set<WantedKind>} */
  const arrived = new Set();
  let notifying = false;
  /** When blocks were last interrupted. */
  let pause = 0;
  let progressTimer = 0;
  let comingTimer = 0;

  /** Load what a manifest names and is not held yet. @param {Manifest} value */
  async function use(value) {
    const before = manifest;
    manifest = value;
    searches = value.searches ?? [];
    ImagelibFiles.use(value);
    clearTimeout(comingTimer);
    if (value.coming) comingTimer = setTimeout(() => void reload(), COMING_PAUSE);
    forgetEdits(value.seq);
    forgetBlocks(before, value);
    columns.reserve(value.core.length);
    if (value.picks || before?.picks) columns.setPicks((value.picks ?? []).map(([who, pks]) => [who, ImagelibNumbers.readDeltas(pks)]));
    void loadAlbums(value);
    await loadAll("core", value.core, value.core.length);
    if (manifest !== value || recovering === value) return; // another one takes over
    reapply();
    state.ready = true;
    becomeReady();
    changed();
    await nextTask();
    if (manifest !== value) return;
    await Promise.all([loadAll("text", value.text, AHEAD), ...Array.from(wanted, (kind) => loadAll(kind, value[kind], AHEAD))]);
    packer.start();
    changed();
  }

  /** Load the albums of a manifest; those before it stay until then. @param {Manifest} value */
  async function loadAlbums(value) {
    const file = value.albums ? await load(`data/albums-${value.albums}.js`).catch(() => null) : null;
    if (manifest !== value) return;
    setAlbums(file?.kind === "albums" ? ImagelibAlbums.read(file) : value.albums && albums ? albums : []);
    if (value.albums && !file) void recover(value);
  }

  /** @param {Album[]} now */
  function setAlbums(now) {
    albums = now;
    albumsVersion++;
    changed();
  }

  /** Edits that the blocks hold by now are theirs. @param {number} built  The change that the blocks were built from. */
  function forgetEdits(built) {
    for (const [pk, { provisional, record, seq }] of overlay) {
      if (seq > built) continue;
      overlay.delete(pk);
      if (!provisional || !record) continue;
      columns.setLive(columns.rowOf(pk), false);
      columns.coreVersion++;
      pkById.delete(record.id);
    }
  }

  /** Rows of blocks that a newer manifest no longer names are gone. @param {Manifest | null} before @param {Manifest} now */
  function forgetBlocks(before, now) {
    const named = new Set(now.core.map(([number]) => number));
    for (const [number] of before?.core ?? []) {
      if (named.has(number)) continue;
      for (const kind of ["core", ...wanted]) held.delete(`${kind}-${number}`);
      columns.clear(columns.rowOf(number * CORE_ROWS), CORE_ROWS);
      columns.coreVersion++;
    }
  }

  /** Load what not everybody needs, now and after each build. @param {WantedKind} kind */
  async function want(kind) {
    if (wanted.has(kind)) return;
    wanted.add(kind);
    await ready;
    for (let current = null; manifest && current !== manifest;) {
      current = manifest;
      await loadAll(kind, current[kind], AHEAD);
    }
    arrived.add(kind);
    changed();
  }

  /** Load blocks, the newest first. @param {"core" | "text" | WantedKind} kind @param {BlockEntry[]} entries @param {number} ahead */
  async function loadAll(kind, entries, ahead) {
    const current = manifest;
    const queue = newestFirst(entries).filter((entry) => held.get(`${kind}-${entry[0]}`) !== pathOf(kind, entry));
    const work = async () => {
      for (let entry = queue.shift(); entry && manifest === current; entry = queue.shift()) {
        await loadBlock(kind, entry);
      }
    };
    await Promise.all(Array.from({ length: Math.min(ahead, queue.length) }, work));
  }

  /** @param {"core" | "text" | WantedKind} kind @param {BlockEntry} entry */
  async function loadBlock(kind, entry) {
    const current = manifest;
    const path = pathOf(kind, entry);
    const block = await load(path).catch(() => null);
    await paused();
    if (manifest !== current) return;
    if (!block) {
      if (current) void recover(current);
      return;
    }
    if (block.kind === "core") columns.addCore(block);
    else if (block.kind === "text") packer.add(columns.addText(block));
    else if (block.kind === "phash") columns.addPhash(block);
    else if (block.kind === "name") columns.addNames(block);
    held.set(`${kind}-${entry[0]}`, path);
    reapply();
    if (kind === "text") progressed();
  }

  /** Blocks that come at once are taken in one after the other, with pauses for the page. */
  async function paused() {
    if (performance.now() - pause < SLICE) return;
    await nextTask();
    pause = performance.now();
  }

  /** A block is not there: a newer build has replaced it, and its manifest names another. @param {Manifest} current */
  async function recover(current) {
    if (recovering === current) return;
    if (state.attempts >= ATTEMPTS) {
      state.broken = true;
      changed();
      return;
    }
    recovering = current;
    await new Promise((resolve) => setTimeout(resolve, 300 * state.attempts++));
    const value = await readManifest();
    if (manifest !== current) return;
    // Without another one, what is here can still be searched.
    await use(value ?? { ...current });
  }

  /** The manifest as it is now, past any cache; null if it is not there. */
  async function readManifest() {
    const value = await load(`${MANIFEST}?${Date.now().toString(36)}`).catch(() => null);
    return value?.kind === "manifest" ? value : null;
  }

  /** Read the manifest again and load what changed. */
  async function reload() {
    const isLast = reloads();
    const value = await readManifest();
    if (value && isLast()) await use(value);
  }

  /** Lay all edits over the rows that blocks have just filled. */
  function reapply() {
    for (const entry of overlay.values()) apply(entry);
  }

  /** @param {Overlay} entry */
  function apply({ pk, record }) {
    const row = columns.rowOf(pk);
    if (!record) {
      columns.setLive(row, false);
      columns.coreVersion++;
      return;
    }
    if (!namedByManifest(pk)) columns.makeText(row);
    const text = columns.set(pk, record);
    if (!text) return;
    packer.add(text);
    packer.start();
  }

  /** Whether a text block with this row will come. @param {number} pk */
  const namedByManifest = (pk) =>
    manifest?.text.some(([number]) => number === Math.floor(pk / TEXT_ROWS)) ?? false;

  /** Tell the listeners of another text block, now and then: showing takes longer than loading. */
  function progressed() {
    progressTimer ||= setTimeout(() => {
      progressTimer = 0;
      changed();
    }, PROGRESS_PAUSE);
  }

  /** Tell the listeners, once for all that happens in a frame. */
  async function changed() {
    if (notifying) return;
    notifying = true;
    await released();
    notifying = false;
    for (const listener of listeners) listener();
  }

  /**
   * Show an image as the API gives it, before any build. `seq` is the change it comes from:
   * a manifest that was built later replaces it.
   * @param {Edited} record @param {number} seq
   */
  async function put(record, seq = Infinity) {
    const known = record.pk ?? (await locate(record.id));
    const pk = known ?? nextPk();
    pkById.set(record.id, pk);
    const entry = { pk, record: { ...record, tags: record.tags ?? [] }, seq, provisional: known === null };
    overlay.set(pk, entry);
    apply(entry);
    changed();
  }

  /** Take an image away, before any build. @param {string} id @param {number} seq */
  async function remove(id, seq = Infinity) {
    const pk = await locate(id);
    if (pk === null) return;
    const entry = { pk, record: null, seq, provisional: false };
    overlay.set(pk, entry);
    apply(entry);
    changed();
  }

  /** A row number for an image whose pk is not known: behind all others. */
  function nextPk() {
    const numbers = [...columns.firstRow.keys(), 0];
    return Math.max(CORE_ROWS * (Math.max(...numbers) + 1), ...[...pkById.values()].map((pk) => pk + 1));
  }

  /** What a card needs of an image's file, or null if no block has it. @param {number} pk @returns {Promise<CardFile | null>} */
  async function file(pk) {
    const edited = () => overlay.get(pk)?.record ?? null;
    // An edit may come while its block does, which alone says whether a picture moves.
    const found = (await ImagelibFiles.block(pk)).get(pk) ?? null;
    const record = edited();
    const moves = found?.digest === record?.digest ? { is_animated: found?.is_animated, seconds: found?.seconds } : {};
    return record ? { has_thumbnail: true, ...moves, ...record } : found;
  }

  /** Everything known of an image by its row. @param {number} row @returns {Promise<KnownRecord>} */
  async function recordAt(row) {
    const known = await file(columns.pk[row]);
    // All of it as it is when the answer is given.
    const core = columns.coreOf(row);
    return { ...known, ...core, ...columns.textOf(row), id: known?.id ?? "" };
  }

  /** Everything known of an image, or null. @param {string} id */
  async function record(id) {
    await ready;
    const pk = await locate(id);
    if (pk === null) return null;
    const row = columns.rowOf(pk);
    return columns.isLive(row) ? recordAt(row) : null;
  }

  ImagelibLoader.onOwn((value) => void use(value));
  ImagelibFiles.onLost(reload);

  return {
    columns,
    ready,
    /** The change that the blocks were built from; -1 before they are known. */
    get seq() { return manifest?.seq ?? -1; },
    /** How many more images there will be, while the first build of many goes on. */
    get coming() { return manifest?.coming ?? 0; },
    /** Name, query and order of each saved search. */
    get searches() { return searches; },
    /** Show other saved searches, before any build. @param {string[][]} now */
    setSearches: (now) => {
      searches = now;
      changed();
    },
    /** All albums by name, or null before they are known. */
    get albums() { return albums; },
    /** Another number when they are other ones. */
    get albumsVersion() { return albumsVersion; },
    /** Show other albums, before any build. */
    setAlbums,
    /** How many images there are. */
    get total() { return state.ready ? columns.count : (manifest?.total ?? 0); },
    get isReady() { return state.ready; },
    /** How much of the text has arrived, 0 to 1. */
    get searched() {
      return columns.count === 0 ? 1 : columns.textCount / columns.count;
    },
    /** Whether some blocks could not be loaded. */
    get isBroken() { return state.broken; },
    /** @param {string} id */
    pkOf: (id) => pkById.get(id),
    /** Tell of an id that a page knows already. @param {string} id @param {number} pk */
    know: (id, pk) => void pkById.set(id, pk),
    /** Call back after every change. @param {() => void} listener */
    onChange: (listener) => void listeners.add(listener),
    file,
    /** Whether a kind of blocks that was wanted is there. @param {WantedKind} kind */
    has: (kind) => arrived.has(kind),
    locate,
    put,
    record,
    recordAt,
    reload,
    remove,
    want,
  };
})();
