// Pictures that come by drop or from the clipboard, folders among them. Knows nothing of what
// becomes of them.
"use strict";

const ImagelibDropped = (() => {
  const PICTURE = /\.(png|jpe?g|jfif|webp|gif|avif)$/i;

  /**
   * All files of a drop, those in its folders too. Of a folder only pictures count; what was dropped
   * by itself was meant.
   * @param {DataTransfer} transfer @returns {Promise<File[]>}
   */
  async function filesOf(transfer) {
    // The list is emptied as soon as the event is over: look at all of it first.
    const entries = [...transfer.items].filter(({ kind }) => kind === "file")
      .map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
    const found = [];
    for (const { entry, file } of entries) {
      if (entry?.isDirectory) found.push(...await walk(/** @type {FileSystemDirectoryEntry} */ (entry)));
      else if (file) found.push(file);
    }
    return found;
  }

  /** @param {FileSystemDirectoryEntry} folder @returns {Promise<File[]>} */
  async function walk(folder) {
    const reader = folder.createReader();
    const found = [];
    for (;;) {
      /** @type {FileSystemEntry[]} */
      const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!entries.length) return found;  // it gives a hundred at a time
      for (const entry of entries) {
        if (entry.isDirectory) found.push(...await walk(/** @type {FileSystemDirectoryEntry} */ (entry)));
        else if (isPicture(entry)) found.push(await fileOf(/** @type {FileSystemFileEntry} */ (entry)));
      }
    }
  }

  /** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
  const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

  /** Whether the name says that it is a picture; of a folder nothing else is taken. @param {{name: string}} file */
  const isPicture = ({ name }) => PICTURE.test(name) && !name.startsWith(".");

  /** Listen on the whole page. @param {(files: File[]) => void} take */
  function start(take) {
    const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      document.documentElement.dataset.drop = "over";
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) delete document.documentElement.dataset.drop;
    });
    document.addEventListener("drop", (event) => {
      delete document.documentElement.dataset.drop;
      if (!hasFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      filesOf(event.dataTransfer).then(take, ImagelibToast.fail);
    });
    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])].filter(({ type }) => type.startsWith("image/"));
      if (!files.length) return;
      event.preventDefault();
      take(files);
    });
  }

  return { isPicture, start };
})();
