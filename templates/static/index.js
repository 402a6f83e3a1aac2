// @ts-check
// The index of the library: loads manifest and blocks, holds the rows, lays edits over them.
// The reader of what imagelib/generator/search_index.py writes. A file:// page may not fetch,
// so every data file is a script that hands one value to ImagelibData.
"use strict";

const ImagelibIndex = (() => {
  const FILE_ROWS = 256;
  const MANIFEST = "data/manifest.js";
  /** How many text blocks are on their way at a time. */
  const AHEAD = 4;
  /** How many file blocks are kept. */
  const FILES_KEPT = 48;
  /** How often a block is asked for in vain before it is given up. */
  const ATTEMPTS = 3;

  const { Columns, CORE_ROWS, TEXT_ROWS } = ImagelibColumns;
  const columns = new Columns();
  /** @type {any} */
  let manifest = null;
  /** Path of the block that is held, by kind and number. @type {Map<string, string>} */
  const held = new Map();
  /** @type {Map<number, Promise<Map<number, any>>>} */
  const files = new Map();
  /** The edits that no block holds yet, by pk; without a record, the image is removed. @type {Map<number, {pk: number, record: any, seq: number, provisional: boolean}>} */
  const overlay = new Map();
  /** @type {Map<string, number>} */
  const pkById = new Map();
  /** Who waits for the value of a script. @type {WeakMap<object, (value: any) => void>} */
  const waiting = new WeakMap();
  /** @type {Set<() => void>} */
  const listeners = new Set();
  const state = { ready: false, broken: false, attempts: 0 };
  /** The manifest with blocks that are not there, while another one is asked for. @type {any} */
  let recovering = null;
  /** @type {() => void} */
  let becomeReady = () => {};
  /** Resolves when filters and orders know every image. @type {Promise<void>} */
  const ready = new Promise((resolve) => { becomeReady = resolve; });
  let notifying = false;

  /** The one call in every data file. @param {any} value */
  function receive(value) {
    const take = waiting.get(document.currentScript ?? listeners);
    if (take) take(value);
    else if (value.kind === "manifest") void use(value); // the page's own script element
  }

  /** Load a data file by a script element. @param {string} path @returns {Promise<any>} */
  function load(path) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      const end = () => {
        script.remove();
        reject(new Error(`${path} cannot be loaded`)); // nothing happens if it was
      };
      waiting.set(script, resolve);
      script.onload = end;
      script.onerror = end;
      script.src = path;
      document.head.append(script);
    });
  }

  /** @param {string} kind @param {any[]} entry */
  const pathOf = (kind, [number, , , hash]) => `data/${kind}-${number}-${hash}.js`;

  /** Load what a manifest names and is not held yet. @param {any} value */
  async function use(value) {
    const before = manifest;
    manifest = value;
    forgetEdits();
    forgetBlocks(before);
    await loadAll("core", manifest.core, manifest.core.length);
    if (manifest !== value || recovering === value) return; // another one takes over
    reapply();
    state.ready = true;
    becomeReady();
    changed();
    await loadAll("text", manifest.text, AHEAD);
    changed();
  }

  /** Edits that the blocks hold by now are theirs. */
  function forgetEdits() {
    for (const [pk, { provisional, record, seq }] of overlay) {
      if (seq > manifest.seq) continue;
      overlay.delete(pk);
      if (!provisional) continue;
      columns.setLive(columns.rowOf(pk), false);
      columns.coreVersion++;
      pkById.delete(record.id);
    }
  }

  /** Rows of blocks that a newer manifest no longer names are gone. @param {any} before */
  function forgetBlocks(before) {
    files.clear();
    const named = new Set(manifest.core.map((/** @type {any[]} */ [number]) => number));
    for (const [number] of before?.core ?? []) {
      if (named.has(number)) continue;
      held.delete(`core-${number}`);
      columns.clear(columns.rowOf(number * CORE_ROWS), CORE_ROWS);
      columns.coreVersion++;
    }
  }

  /** Load blocks, the newest first. @param {string} kind @param {any[][]} entries @param {number} ahead */
  async function loadAll(kind, entries, ahead) {
    const current = manifest;
    const queue = entries
      .filter((entry) => held.get(`${kind}-${entry[0]}`) !== pathOf(kind, entry))
      .sort((a, b) => (a[2] < b[2] ? 1 : a[2] > b[2] ? -1 : b[0] - a[0]));
    const work = async () => {
      for (let entry = queue.shift(); entry && manifest === current; entry = queue.shift()) {
        await loadBlock(kind, entry);
      }
    };
    await Promise.all(Array.from({ length: Math.min(ahead, queue.length) }, work));
  }

  /** @param {string} kind @param {any[]} entry */
  async function loadBlock(kind, entry) {
    const current = manifest;
    const path = pathOf(kind, entry);
    const block = await load(path).catch(() => null);
    if (manifest !== current) return;
    if (!block) {
      void recover(current);
      return;
    }
    if (kind === "core") columns.addCore(block);
    else ImagelibWords.prepare(columns.addText(block));
    held.set(`${kind}-${entry[0]}`, path);
    reapply();
    if (kind === "text") changed();
  }

  /** A block is not there: a newer build has replaced it, and its manifest names another. @param {any} current */
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
  function readManifest() {
    return load(`${MANIFEST}?${Date.now().toString(36)}`).catch(() => null);
  }

  /** Read the manifest again and load what changed. */
  async function reload() {
    const value = await readManifest();
    if (value) await use(value);
  }

  /** Lay all edits over the rows that blocks have just filled. */
  function reapply() {
    for (const entry of overlay.values()) apply(entry);
  }

  /** @param {{pk: number, record: any}} entry */
  function apply({ pk, record }) {
    const row = columns.rowOf(pk);
    if (!record) {
      columns.setLive(row, false);
      columns.coreVersion++;
      return;
    }
    if (!namedByManifest(pk)) columns.makeText(row);
    columns.set(pk, record);
  }

  /** Whether a text block with this row will come. @param {number} pk */
  const namedByManifest = (pk) =>
    manifest?.text.some((/** @type {any[]} */ [number]) => number === Math.floor(pk / TEXT_ROWS)) ?? false;

  /** Tell the listeners, once for all that happens in a frame. */
  function changed() {
    if (notifying) return;
    notifying = true;
    queueMicrotask(() => {
      notifying = false;
      for (const listener of listeners) listener();
    });
  }

  /**
   * Show an image as the API gives it, before any build. `seq` is the change it comes from:
   * a manifest that was built later replaces it.
   * @param {any} record @param {number} seq
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

  /** The pk of an image, or null if there is none with this id. @param {string} id @returns {Promise<number | null>} */
  async function locate(id) {
    const known = pkById.get(id);
    if (known !== undefined) return known;
    if (!manifest) return null;
    // The first letters of all ids are in the text blocks; a few file blocks prove the rest.
    const tried = new Set();
    for (const [number] of [...manifest.text].reverse()) {
      await untilText(number);
      const text = columns.texts[columns.rowOf(number * TEXT_ROWS) >>> 10];
      for (let offset = 0; offset < (text?.ids.length ?? 0); offset++) {
        const block = Math.floor((number * TEXT_ROWS + offset) / FILE_ROWS);
        if (text?.ids[offset] !== id.slice(0, 4) || tried.has(block)) continue;
        tried.add(block);
        await fileBlock(block);
        const found = pkById.get(id);
        if (found !== undefined) return found;
      }
    }
    return null;
  }

  /** @param {number} number */
  async function untilText(number) {
    const entry = manifest?.text.find((/** @type {any[]} */ [other]) => other === number);
    const key = `text-${number}`;
    if (!entry || held.get(key) === pathOf("text", entry)) return;
    await new Promise((resolve) => {
      const check = () => {
        const now = manifest?.text.find((/** @type {any[]} */ [other]) => other === number);
        if (held.has(key) || !now || state.broken) {
          listeners.delete(check);
          resolve(undefined);
        }
      };
      listeners.add(check);
    });
  }

  /** The files of 256 rows; loaded when the first of them is looked at. @param {number} number @returns {Promise<Map<number, any>>} */
  function fileBlock(number) {
    let promise = files.get(number);
    files.delete(number);
    promise ??= loadFiles(number);
    files.set(number, promise);
    if (files.size > FILES_KEPT) files.delete(/** @type {number} */ (files.keys().next().value));
    return promise;
  }

  /** @param {number} number @param {boolean} again @returns {Promise<Map<number, any>>} */
  async function loadFiles(number, again = true) {
    /** @type {Map<number, any>} */
    const rows = new Map();
    const entry = manifest?.file.find((/** @type {any[]} */ [other]) => other === number);
    if (!entry) return rows;
    const block = await load(pathOf("file", entry)).catch(() => null);
    if (!block) {
      files.delete(number);
      if (!again) return rows;
      await reload();
      return loadFiles(number, false);
    }
    const bare = new Set(block.bare);
    ImagelibColumns.eachOffset(block.runs, (offset, i) => {
      const id = block.ids[i];
      const pk = number * FILE_ROWS + offset;
      pkById.set(id, pk);
      rows.set(pk, {
        id,
        digest: block.digests[i],
        file_name: block.names[i].startsWith("/") ? id + block.names[i].slice(1) : block.names[i],
        original_name: block.originals[i],
        size_bytes: block.bytes[i],
        mime_type: block.types[block.type[i] ?? 0],
        has_thumbnail: !bare.has(offset),
      });
    });
    return rows;
  }

  /** What a card needs of an image's file, or null if no block has it. @param {number} pk */
  async function file(pk) {
    const edited = overlay.get(pk)?.record;
    if (edited) return { has_thumbnail: true, ...edited };
    return (await fileBlock(Math.floor(pk / FILE_ROWS))).get(pk) ?? null;
  }

  /** Everything known of an image by its row. @param {number} row */
  async function recordAt(row) {
    const core = columns.coreOf(row);
    const known = await file(core.pk);
    const text = columns.textOf(row);
    return { ...known, ...core, ...(text && {
      prompt_text: text.prompt,
      negative_prompt: text.negative,
      notes: text.notes,
      generation: Object.fromEntries([...(text.seed ? [["seed", text.seed]] : []), ...text.settings]),
    }), id: known?.id ?? "" };
  }

  /** Everything known of an image, or null. @param {string} id */
  async function record(id) {
    await ready;
    const pk = await locate(id);
    if (pk === null) return null;
    const row = columns.rowOf(pk);
    return columns.isLive(row) ? recordAt(row) : null;
  }

  return {
    columns,
    ready,
    /** The change that the blocks were built from; -1 before they are known. */
    get seq() { return manifest?.seq ?? -1; },
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
    locate,
    put,
    receive,
    record,
    recordAt,
    reload,
    remove,
  };
})();

/** Called by every data file with its one value. @param {any} value */
function ImagelibData(value) {
  ImagelibIndex.receive(value);
}
