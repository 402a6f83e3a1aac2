// Images that a query names by their ids, as `like:` does: who is not known yet is looked for once.
"use strict";

const ImagelibNamedImages = (() => {
  /** Ids whose row is being looked for, or was. @type {Set<string>} */
  const asked = new Set();
  /** Those of which there is no image. @type {Set<string>} */
  const absent = new Set();

  return {
    /** The pk of an id; undefined while it is looked for. @param {string} id @param {() => void} found  Called once it is known whether there is one. */
    pkOf(id, found) {
      const known = ImagelibIndex.pkOf(id);
      if (known === undefined && !asked.has(id)) {
        asked.add(id);
        void ImagelibIndex.locate(id).then((pk) => {
          if (pk === null) absent.add(id);
          found();
        });
      }
      return known;
    },
    /** Whether there is no image with an id that was looked for. @param {string} id */
    isAbsent(id) {
      const pk = ImagelibIndex.pkOf(id);
      return pk === undefined ? absent.has(id) : !ImagelibIndex.columns.isLive(ImagelibIndex.columns.rowOf(pk));
    },
  };
})();
