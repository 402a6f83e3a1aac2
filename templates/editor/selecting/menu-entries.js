// What the menu of an image has besides, where one may edit. On a tile that is selected it is about all that is, as in
// file managers.
"use strict";

const ImagelibMenuEntries = (() => {
  function start() {
    ImagelibImageMenu.add(({ isOpen, record: { id, pk, rating } }) => {
      const { size } = ImagelibSelection;
      const isAboutAll = !isOpen && ImagelibSelection.has(pk) && size > 1;
      const target = () => (isAboutAll ? ImagelibSelection.target() : { ids: [id] });
      const all = isAboutAll ? ` ${size.toLocaleString("en")} images` : "";
      return [
        { label: ImagelibSelection.has(pk) ? "Take out of the selection" : "Select", key: "x", press: () => ImagelibSelection.toggle(pk, isOpen ? [pk] : undefined) },
        isAboutAll ? { label: `Edit${all}…`, press: () => void ImagelibBulkDialog.open() }
          : { label: "Edit", key: isOpen ? "e" : "", press: () => void edit(id) },
        { label: all ? `Tags of${all}…` : "Tags…", key: "t", press: () => void ImagelibTagBox.open(target()) },
        [0, 1, 2, 3, 4, 5].map((stars) => ({ label: stars ? `${stars} ★` : "0", isOn: !isAboutAll && stars === rating,
          press: () => void ImagelibEdits.rate(target(), stars) })),
        { label: `Delete${all}`, key: "Delete", press: () => void (isAboutAll || isOpen ? ImagelibCulling.remove() : ImagelibEdits.remove({ ids: [id] })) },
      ];
    });
  }

  /** In the viewer, whatever shows it now. @param {string} id */
  async function edit(id) {
    if (ImagelibViewer.id !== id) await ImagelibGallery.open(id);
    document.dispatchEvent(new CustomEvent("imagelib:edit", { detail: { id } }));
  }

  return { start };
})();
