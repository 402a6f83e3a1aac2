// A library without images is one large place to drop the first ones on.
"use strict";

const ImagelibEmptyLibrary = (() => {
  const { h, mount } = ImagelibDom;

  function show() {
    if (!ImagelibIndex.isReady) return;
    const isEmpty = ImagelibIndex.total === 0;
    const root = document.documentElement;
    if (root.hasAttribute("data-empty") === isEmpty) return;
    root.toggleAttribute("data-empty", isEmpty);
    if (!isEmpty) return;
    mount("nothing").replaceChildren(
      h("h2", {}, "No images yet"), h("p", {}, "Drop pictures or whole folders anywhere on this page."),
      h("p", { class: "choices" },
        h("button", { type: "button", class: "primary", click: () => ImagelibAddDialog.choose("pictures") }, "Choose pictures"),
        h("button", { type: "button", class: "of-keys", click: () => ImagelibAddDialog.choose("folder") }, "Add a folder")));
  }

  function start() {
    ImagelibIndex.onChange(show);
    show();
  }

  return { start };
})();
