// Which pictures are there: behind one that lets through what is behind it stands a ground that shows black lines
// and white ones. Not before it is there, or all would be seen as that ground for a moment.
"use strict";

const ImagelibGround = (() => {
  /** @param {HTMLImageElement} image */
  const mark = (image) => { image.dataset.loaded = ""; };

  function start() {
    document.addEventListener("load", ({ target }) => target instanceof HTMLImageElement && mark(target), true);
    for (const image of document.images) if (image.complete && image.naturalWidth) mark(image);
  }

  return { start };
})();
