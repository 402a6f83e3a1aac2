// @ts-check
// Loads data files. A file:// page may not fetch, so every one is a script that hands one value to
// ImagelibData; which element ran tells who has asked for it.
"use strict";

const ImagelibLoader = (() => {
  /** Who waits for the value of a script. @type {WeakMap<object, (value: any) => void>} */
  const waiting = new WeakMap();
  /** Gets the value of a script that the page itself holds. @type {(value: any) => void} */
  let onOwn = () => {};

  /** The one call in every data file. @param {any} value */
  function receive(value) {
    const take = document.currentScript && waiting.get(document.currentScript);
    if (take) take(value);
    else onOwn(value);
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

  /** @param {string} kind @param {any[]} entry  Of the manifest. */
  const pathOf = (kind, [number, , , hash]) => `data/${kind}-${number}-${hash}.js`;

  return {
    load,
    /** @param {(value: any) => void} take */
    onOwn: (take) => { onOwn = take; },
    pathOf,
    receive,
  };
})();

/** Called by every data file with its one value. @param {any} value */
function ImagelibData(value) {
  ImagelibLoader.receive(value);
}
