// On the page of one image the editor is only a link: the gallery has the rest.
"use strict";

(() => {
  const page = /** @type {HTMLElement | null} */ (document.querySelector("main.page[data-id]"));
  const place = document.querySelector("[data-slot=viewer-actions]");
  if (!page || !place) return;
  const link = document.createElement("a");
  link.className = "button";
  link.href = `../index.html#${page.dataset.id}`;
  link.textContent = "Edit";
  place.append(link);
})();
