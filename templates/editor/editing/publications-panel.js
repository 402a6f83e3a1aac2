// In the viewer: in which publications the image is, and where.
"use strict";

const ImagelibPublicationsPanel = (() => {
  const { h, mount } = ImagelibDom;
  const { turns } = ImagelibTasks;
  const section = h("section", { class: "publications-panel", "aria-label": "Published in", hidden: true });
  const begin = turns();

  /** @param {string} id */
  async function show(id) {
    const isLast = begin();
    section.hidden = true;
    const items = await ImagelibApi.publicationsOf(id).catch(() => []); // it may be gone by now
    if (!isLast() || !items.length) return;
    section.replaceChildren(h("h2", {}, "Published in"),
      h("ul", {}, ...items.map(({ name, place }) => h("li", {}, h("strong", {}, name), ` → ${place}`))));
    section.hidden = false;
  }

  function start() {
    mount("panel").after(section);
    document.addEventListener("imagelib:viewer-open", ({ detail }) => void show(detail.id));
    if (ImagelibViewer.id) void show(ImagelibViewer.id);
  }

  return { start };
})();
