// Picks on the page of one image.
"use strict";

const ImagelibPicksPage = (() => {
  const { h, isWriting } = ImagelibDom;

  function start() {
    const { id = "" } = /** @type {HTMLElement} */ (document.querySelector("main")).dataset;
    const form = ImagelibPickForm.make(() => id);
    const link = h("a", { class: "button", href: "../index.html" });
    const show = () => {
      const { length } = ImagelibPicks.ids();
      link.textContent = length ? `${length} picked: see and send` : "To the gallery";
    };
    document.querySelector("[data-slot=viewer-actions]")?.append(
      h("section", { class: "picks-of-page", "aria-label": "Your picks" }, form.marks, form.rest, h("p", {}, link)));
    form.turn();
    show();
    ImagelibPicks.onChange(show);
    document.addEventListener("keydown", (event) => {
      if (event.key !== "p" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isWriting(event.target)
          || ImagelibKept.browser.get("imagelib.keys") === "off" || !ImagelibPicks.KINDS.includes("favourite")) return;
      form.set({ heart: !ImagelibPicks.of(id).heart });
    });
  }

  return { start };
})();

ImagelibPicksPage.start();
