// What is loaded only when it is wanted: the files of the images in view, and where an id is.
"use strict";

const ImagelibFiles = (() => {
  const { loadBlock, pathOf } = ImagelibLoader;
  const FILE_ROWS = 256;
  const { CORE_ROWS } = ImagelibColumns;
  /** How much of each id stands in the id blocks; a file block proves the rest. */
  const ID_LETTERS = 4;
  /** How many file blocks are kept. */
  const KEPT = 48;

  /** @type {Manifest | null} */
  let manifest = null;
  /** @type {Map<number, Promise<Map<number, FileRow>>>} */
  const blocks = new Map();
  /** @type {Map<string, number>} */
  const pkById = new Map();
  /** All blocks of ids. @type {Promise<IdData[]> | null} */
  let ids = null;
  /** Asks for the manifest again. @type {() => Promise<void>} */
  let reload = async () => {};

  /** Take another manifest; what it names replaces what was there. @param {Manifest} value */
  function use(value) {
    manifest = value;
    blocks.clear();
    ids = null;
  }

  /** @param {number} number */
  const entryOf = (number) => manifest?.file.find(([other]) => other === number);

  /** The files of 256 rows by pk; loaded when the first of them is looked at. @param {number} number @returns {Promise<Map<number, FileRow>>} */
  function block(number) {
    let promise = blocks.get(number);
    blocks.delete(number);
    promise ??= readBlock(number);
    blocks.set(number, promise);
    if (blocks.size > KEPT) blocks.delete(/** @type {number} */ (blocks.keys().next().value));
    return promise;
  }

  /** @param {number} number @param {boolean} again @returns {Promise<Map<number, FileRow>>} */
  async function readBlock(number, again = true) {
    /** @type {Map<number, FileRow>} */
    const rows = new Map();
    const entry = entryOf(number);
    if (!entry) return rows;
    const value = await loadBlock("file", entry).catch(() => null);
    const now = entryOf(number);
    // Another manifest has come meanwhile, and who asks wants what it names.
    if (now && pathOf("file", now) !== pathOf("file", entry)) return block(number);
    if (!value) {
      blocks.delete(number);
      if (!again) return rows;
      await reload();
      return readBlock(number, false);
    }
    const bare = new Set(value.bare);
    const blurred = new Set(value.blurred);
    const displayed = new Set(value.displayed);
    /** How long they play. @type {Map<number, number>} */
    const animated = new Map((value.animated ?? []).map((offset, i) => [offset, value.seconds?.[i] ?? 0]));
    /** Originals that the site has under another name. @type {Map<number, string>} */
    const places = new Map((value.placed ?? []).map((offset, i) => [offset, value.places?.[i] ?? ""]));
    ImagelibColumns.eachOffset(value.runs, (offset, i) => {
      const id = value.ids[i];
      const pk = number * FILE_ROWS + offset;
      pkById.set(id, pk);
      rows.set(pk, {
        id,
        digest: value.digests[i],
        file_name: value.names[i].startsWith("/") ? id + value.names[i].slice(1) : value.names[i],
        original_name: value.originals[i],
        size_bytes: value.bytes[i],
        mime_type: value.types[value.type[i] ?? 0],
        has_thumbnail: !bare.has(offset),
        is_blurred: blurred.has(offset),
        is_displayed: displayed.has(offset),
        is_animated: animated.has(offset),
        seconds: animated.get(offset) ?? 0,
        ...(places.has(offset) && { place: places.get(offset) }),
      });
    });
    return rows;
  }

  /** All blocks of ids, once. @param {boolean} again @returns {Promise<IdData[]>} */
  function allIds(again = true) {
    ids ??= Promise.all((manifest?.id ?? []).map((entry) => loadBlock("id", entry)))
      .catch(async () => {
        ids = null;
        if (!again) return [];
        await reload(); // a newer build has replaced one of them
        return allIds(false);
      });
    return ids;
  }

  /** The pk of an image, or null if there is none with this id. @param {string} id @returns {Promise<number | null>} */
  async function locate(id) {
    const known = pkById.get(id);
    if (known !== undefined) return known;
    if (!manifest) return null;
    const start = id.slice(0, ID_LETTERS);
    const candidates = new Set();
    for (const { ids: letters, number, runs } of await allIds()) {
      ImagelibColumns.eachOffset(runs, (offset, i) => {
        if (letters.startsWith(start, ID_LETTERS * i)) candidates.add(Math.floor((number * CORE_ROWS + offset) / FILE_ROWS));
      });
    }
    await Promise.all([...candidates].map(block));
    return pkById.get(id) ?? null;
  }

  return {
    block: (/** @type {number} */ pk) => block(Math.floor(pk / FILE_ROWS)),
    locate,
    /** Ids whose pk is known. */
    pkById,
    /** @param {() => Promise<void>} ask */
    onLost: (ask) => { reload = ask; },
    use,
  };
})();
