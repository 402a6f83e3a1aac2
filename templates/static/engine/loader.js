// Loads data files. A file:// page may not fetch, so every one is a script that hands one value to
// ImagelibData; which element ran tells who has asked for it. It runs before everything else: what the
// manifest names is on its way while the page is still being laid out.
"use strict";

const ImagelibLoader = (() => {
  /** How many text blocks are on their way at a time. */
  const AHEAD = 16;
  /** Who waits for the value of a script. @type {WeakMap<object, (value: DataFile) => void>} */
  const waiting = new WeakMap();
  /** What was asked for before anybody wanted it, by path. @type {Map<string, Promise<DataFile>>} */
  const early = new Map();
  /** The value of a script that the page itself holds, until somebody takes it. @type {Manifest | null} */
  let own = null;
  /** @type {((value: Manifest) => void) | null} */
  let onOwn = null;

  /** The one call in every data file. @param {DataFile} value */
  function receive(value) {
    const take = document.currentScript && waiting.get(document.currentScript);
    if (take) take(value);
    else if (value.kind !== "manifest") return; // nothing else is in a page itself
    else if (onOwn) onOwn(value);
    else {
      own = value;
      void askEarly("core", value.core).then(() => setTimeout(() => askEarly("text", newestFirst(value.text).slice(0, AHEAD))));
    }
  }

  /** Ask for blocks before anybody wants them. @param {BlockKind} kind @param {BlockEntry[]} entries */
  function askEarly(kind, entries) {
    return Promise.allSettled(newestFirst(entries).map((entry) => {
      const path = pathOf(kind, entry);
      const promise = ask(path);
      promise.catch(() => {}); // whoever wants it will be told
      early.set(path, promise);
      return promise;
    }));
  }

  /** Load a data file by a script element. @param {string} path @returns {Promise<DataFile>} */
  function load(path) {
    const promise = early.get(path) ?? ask(path);
    early.delete(path);
    return promise;
  }

  /** The block that an entry of a manifest names. @template {BlockKind} K @param {K} kind @param {BlockEntry} entry @returns {Promise<Blocks[K]>} */
  const loadBlock = (kind, entry) => /** @type {Promise<Blocks[K]>} */ (load(pathOf(kind, entry)));

  /** @param {string} path @returns {Promise<DataFile>} */
  function ask(path) {
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

  /** @param {BlockKind} kind @param {BlockEntry} entry  Of the manifest. */
  const pathOf = (kind, [number, , , hash]) => `data/${kind}-${number}-${hash}.js`;

  /** Entries of a manifest, those with the latest images first. @param {BlockEntry[]} entries */
  const newestFirst = (entries) =>
    entries.slice().sort((a, b) => (a[2] < b[2] ? 1 : a[2] > b[2] ? -1 : b[0] - a[0]));

  return {
    AHEAD,
    load,
    loadBlock,
    newestFirst,
    /** Take the value of the script that the page itself holds. @param {(value: Manifest) => void} take */
    onOwn: (take) => {
      onOwn = take;
      if (own) take(own);
      own = null;
    },
    pathOf,
    receive,
  };
})();

/** Called by every data file with its one value. @param {DataFile} value */
const ImagelibData = (value) => ImagelibLoader.receive(value);
