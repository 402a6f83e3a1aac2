// Edit and delete in the viewer: the form takes the place of what is known of the image, and what
// was written before and not saved is offered again.
"use strict";

const ImagelibEditPanel = (() => {
  const { h, mount } = ImagelibDom;
  const actions = /** @type {HTMLElement} */ (document.querySelector(".viewer [data-slot=viewer-actions]"));
  const place = /** @type {HTMLElement} */ (document.querySelector(".viewer [data-slot=viewer]"));

  /** The id that the viewer shows. */
  let id = "";
  /** @type {ReturnType<typeof ImagelibEditForm["make"]> | null} */
  let form = null;

  const editButton = h("button", { type: "button", "aria-keyshortcuts": "e", click: () => void edit() }, "Edit");
  const notice = h("div", { class: "draft-notice", role: "status", hidden: true },
    h("span", {}, "Something was written here and not saved."),
    h("button", { type: "button", click: () => void edit() }, "Go on"),
    h("button", { type: "button", click: () => {
      ImagelibDrafts.drop(id);
      showNotice();
      editButton.focus();
    } }, "Discard"));

  async function edit() {
    if (form) return;
    const asked = id;
    let record;
    try {
      record = await ImagelibApi.image(asked);
    } catch (error) {
      ImagelibToast.fail(error);
      return;
    }
    if (id !== asked || form) return;
    form = ImagelibEditForm.make(record, { done: () => {
      close();
      editButton.focus();
    } });
    notice.hidden = true;
    mount("panel").hidden = true;
    place.append(form.element);
    ImagelibViewer.needPanel(true);
    form.focus();
  }

  function close() {
    form?.stop();
    form?.element.remove();
    form = null;
    mount("panel").hidden = false;
    ImagelibViewer.needPanel(false);
    showNotice();
  }

  function showNotice() {
    notice.hidden = !id || form !== null || !ImagelibDrafts.get(id);
  }

  function start() {
    actions.append(
      h("button", { type: "button", "aria-keyshortcuts": "t", click: () => void ImagelibTagBox.open({ ids: [id] }) }, "Tag"), editButton,
      h("button", { type: "button", "aria-keyshortcuts": "Delete", click: () => void ImagelibCulling.remove() }, "Delete"));
    mount("panel").before(notice);
    ImagelibPanel.offer(() => [
      h("button", { type: "button", "aria-keyshortcuts": "h", click: () => void ImagelibHistoryDialog.open(id) }, "History")]);
    ImagelibDrafts.onChange(showNotice);
    document.addEventListener("imagelib:viewer-open", (event) => {
      ({ id } = event.detail);
      close();
    });
    document.addEventListener("imagelib:viewer-close", () => {
      id = "";
      close();
    });
    document.addEventListener("imagelib:edit", (event) => {
      const { id: wanted } = event.detail;
      if (wanted === id) void edit();
      else void ImagelibGallery.open(wanted);
    });
    document.addEventListener("keydown", (event) => {
      if (!id || ImagelibDialog.isOpen || !ImagelibHelp.isCommand(event)) return;
      if (event.key === "e") void edit();
      else if (event.key === "h") void ImagelibHistoryDialog.open(id);
      else return;
      event.preventDefault();
    });
    if (ImagelibViewer.id) {
      ({ id } = ImagelibViewer);
      showNotice();
    }
  }

  return { start };
})();
