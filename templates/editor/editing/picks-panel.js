// In the viewer: what visitors of publications said of the image.
"use strict";

const ImagelibPicksPanel = (() => {
  const { h, mount } = ImagelibDom;
  const { turns } = ImagelibTasks;
  const section = h("section", { class: "picks-panel", "aria-label": "Picks", hidden: true });
  const begin = turns();

  /** @param {string} id */
  async function show(id) {
    const isLast = begin();
    section.hidden = true;
    const pk = ImagelibIndex.pkOf(id);
    // Most images were picked by nobody: those are not asked for.
    if (!ImagelibIndex.columns.picks.some(({ pks }) => Array.from(pks).includes(pk ?? -1))) return;
    const picks = await ImagelibApi.picksOf(id).catch(() => []); // it may be gone by now
    if (!isLast() || !picks.length) return;
    section.replaceChildren(h("h2", {}, "Picks"), ...picks.map((pick) =>
      h("p", {}, h("strong", {}, pick.who), " ", ...ImagelibPicksDialog.said(pick).flatMap((part) => [part, " "]))));
    section.hidden = false;
  }

  function start() {
    mount("panel").before(section);
    document.addEventListener("imagelib:viewer-open", ({ detail }) => void show(detail.id));
    if (ImagelibViewer.id) void show(ImagelibViewer.id);
  }

  return { start };
})();
