// Judge images one after the other: 0 to 5 rates, Delete puts into the trash, and the next one comes
// by itself. In the viewer it is about the open image, in the grid about the selection, else about
// the image that has the focus.
"use strict";

const ImagelibCulling = (() => {
  /** The pk that a key is about, or -1. */
  function current() {
    if (ImagelibCompare.isOpen) return ImagelibIndex.pkOf(ImagelibCompare.id) ?? -1;
    if (ImagelibViewer.id) return ImagelibIndex.pkOf(ImagelibViewer.id) ?? -1;
    const card = document.activeElement?.closest(".card");
    return card instanceof HTMLElement ? Number(card.dataset.pk) : -1;
  }

  /** The image behind this one, asked before an edit moves or removes it. @param {number} pk @param {boolean} orBefore */
  function neighbour(pk, orBefore) {
    const { rows } = ImagelibGrid;
    const item = ImagelibGrid.itemOf(pk);
    const row = item < 0 ? undefined : (rows[item + 1] ?? (orBefore ? rows[item - 1] : undefined));
    return row === undefined ? -1 : ImagelibIndex.columns.pk[row];
  }

  /** @param {number} pk */
  async function goTo(pk) {
    const file = await ImagelibIndex.file(pk);
    if (ImagelibViewer.id) {
      if (file) await ImagelibGallery.open(file.id);
    } else {
      ImagelibGrid.reveal(pk, true);
    }
  }

  /** One image, as soon as its file is known. @param {number} pk */
  async function targetOf(pk) {
    const file = pk < 0 ? null : await ImagelibIndex.file(pk);
    return file && { ids: [file.id] };
  }

  /** What a key is about, and the image to go on to, -1 if there is none or it is not wished. */
  function subject() {
    if (actsOnSelection()) return { pks: ImagelibSelection.pks(), target: ImagelibSelection.target(), next: -1 };
    const pk = current();
    const next = ImagelibPreferences.get("advance") && !ImagelibCompare.isOpen ? neighbour(pk, false) : -1;
    return { pks: pk < 0 ? [] : [pk], target: targetOf(pk), next };
  }

  /** @param {number} rating */
  async function rate(rating) {
    const { next, target } = subject();
    const done = ImagelibEdits.rate(target, rating);
    if (await target && next >= 0) await goTo(next);
    await done;
  }

  async function remove() {
    if (actsOnSelection()) {
      await ImagelibEdits.remove(ImagelibSelection.target());
      return;
    }
    const pk = current();
    const next = ImagelibCompare.isOpen ? -1 : neighbour(pk, true);
    await ImagelibEdits.remove(targetOf(pk).then(async (target) => {
      // First away from it: an open image that is gone would close the viewer.
      if (target && next >= 0) await goTo(next);
      return target;
    }));
  }

  const isAboutSomething = () => actsOnSelection() || current() >= 0;

  const actsOnSelection = () => !ImagelibViewer.id && !ImagelibCompare.isOpen && ImagelibSelection.size > 0;

  function start() {
    document.addEventListener("keydown", (event) => {
      // On some keyboards it takes Shift to write a digit.
      const isDigit = /^[0-5]$/.test(event.key);
      if (ImagelibDialog.isOpen || !ImagelibHelp.isCommand(event) || (event.shiftKey && !isDigit) || !isAboutSomething()) return;
      if (event.key === "c" && actsOnSelection()) {
        void ImagelibSelection.compare();
        event.preventDefault();
        return;
      }
      if (isDigit) void rate(Number(event.key));
      else if (event.key === "Delete") void remove();
      else if (event.key === "f") void rate(5);
      else if (event.key === "t") void ImagelibTagBox.open(subject().target);
      else return;
      event.preventDefault();
    });
  }

  return { goTo, isAboutSomething, rate, remove, start, subject };
})();
