// A video in the viewer, in the place of the picture, with the browser's own controls.
"use strict";

const ImagelibFilm = (() => {
  const film = /** @type {HTMLVideoElement} */ (ImagelibDom.mount("viewer").querySelector(".film"));

  /** Whether an image is played. @param {Pick<KnownRecord, "mime_type" | "file_state">} record */
  const isFilm = ({ file_state: state, mime_type: type = "" }) => type.startsWith("video/") && state !== "missing";

  /** @param {KnownRecord} record @param {string} name @param {() => void} failed  The browser cannot play it. */
  function show(record, name, failed) {
    film.hidden = false;
    film.setAttribute("aria-label", name.slice(0, 200));
    ImagelibZoom.frame(film, record);
    film.onerror = () => { if (!film.hidden) failed(); };
    film.poster = record.has_thumbnail ? ImagelibCard.pictureUrl(record) : "";
    film.src = ImagelibCard.originalUrl({ ...record, file_name: record.file_name ?? "" });
  }

  /** Nothing is loaded any more. */
  function stop() {
    if (film.hidden) return;
    film.hidden = true;
    film.pause();
    film.removeAttribute("src");
    film.removeAttribute("poster");
    film.load();
  }

  return { isFilm, show, stop };
})();
