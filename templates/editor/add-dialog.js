// @ts-check
// "Add images": choose or drop files, give all of them the same values, see what became of each.
"use strict";

(() => {
  const slot = document.querySelector("[data-slot=header]");
  if (!slot || !document.querySelector("[data-mount=gallery]")) return;
  const { h, setText } = ImagelibDom;
  /** @type {Record<string, string>} */
  const WORDS = {
    waiting: "waiting", uploading: "uploading", reading: "reading", added: "added", here: "already here",
    refused: "refused", cancelled: "cancelled",
  };

  const fields = ImagelibFields.make();
  const rows = h("ul", { class: "upload-list", "aria-label": "Files" });
  const summary = h("p", { class: "upload-summary", role: "status" });
  const picker = h("input", { id: "add-files", type: "file", multiple: true, class: "visually-hidden",
    accept: "image/png,image/jpeg,image/webp,image/gif,image/avif" });
  const save = h("button", { type: "submit", class: "primary", disabled: true }, "Save");
  const form = h("form", { method: "dialog", class: "add-form" },
    h("header", { class: "dialog-bar" }, h("h2", { id: "add-title" }, "Add images"),
      h("button", { type: "button", "aria-label": "Close", class: "close", click: close }, "×")),
    h("label", { class: "drop", for: "add-files" }, h("strong", {}, "Choose pictures"), " or drop them here", picker),
    rows, summary,
    h("details", { class: "shared" }, h("summary", {}, "Values for all of them"),
      h("p", { class: "hint" }, "What stays empty is read from each picture."), fields.element),
    h("footer", { class: "dialog-foot" }, save));
  const dialog = h("dialog", { class: "sheet", "aria-labelledby": "add-title" }, form);
  document.body.append(dialog);
  slot.append(h("button", { type: "button", class: "primary", click: () => open() }, "Add images"));

  /** @type {Map<any, HTMLElement>} */
  const shown = new Map();
  let queue = ImagelibUpload.queue(render);

  function open() {
    if (dialog.open) return;
    queue = ImagelibUpload.queue(render);
    shown.clear();
    rows.replaceChildren();
    fields.fill({});
    summarise();
    dialog.showModal();
  }

  function close() {
    const busy = queue.items.filter(({ state }) => ["waiting", "uploading"].includes(state));
    if (busy.length && save.disabled && !confirm(`${busy.length} files are not sent yet. Stop?`)) return;
    for (const item of busy) item.cancel();
    dialog.close();
  }

  /** @param {any} item */
  function render(item) {
    let row = shown.get(item);
    if (!row) {
      row = h("li", { class: "upload" }, h("span", { class: "upload-name" }, item.file.name),
        h("progress", { max: "1", value: "0", "aria-label": `Progress of ${item.file.name}` }),
        h("span", { class: "upload-state" }), h("button", { type: "button", class: "small" }));
      shown.set(item, row);
      rows.append(row);
    }
    row.dataset.state = item.state;
    const [, progress, state, button] = /** @type {[any, HTMLProgressElement, HTMLElement, HTMLButtonElement]} */ (
      /** @type {unknown} */ ([...row.children]));
    progress.value = ["added", "here"].includes(item.state) ? 1 : item.share;
    if (item.state === "here" && item.record) {
      state.replaceChildren(h("a", { href: `?#${item.record.id}`, click: (event) => {
        event.preventDefault();
        dialog.close();
        void ImagelibGallery.open(item.record.id);
      } }, WORDS.here));
    } else {
      setText(state, item.reason ? `${WORDS[item.state]}: ${item.reason}` : WORDS[item.state]);
    }
    const retries = item.state === "refused" || item.state === "cancelled";
    button.hidden = !retries && !["waiting", "uploading"].includes(item.state);
    setText(button, retries ? "Retry" : "Cancel");
    button.onclick = () => {
      if (!retries) item.cancel();
      else {
        queue.retry(item);
        void send();
      }
    };
    summarise();
  }

  function summarise() {
    const number = (/** @type {string} */ state) => queue.items.filter((item) => item.state === state).length;
    const parts = ["added", "here", "refused", "waiting"].filter(number).map((state) => `${number(state)} ${WORDS[state]}`);
    setText(summary, parts.join(", "));
    save.disabled = number("waiting") === 0;
  }

  async function send() {
    const values = fields.read();
    // What says nothing must not overwrite what the pictures themselves say.
    const given = Object.fromEntries(Object.entries(values).filter(([, value]) =>
      Array.isArray(value) ? value.length : value));
    await queue.run(() => given);
    await ImagelibChanges.poll();
    const added = queue.items.filter(({ state }) => state === "added").length;
    if (added && queue.items.every(({ state }) => state === "added" || state === "here")) {
      dialog.close();
      ImagelibToast.show(`${added} image${added === 1 ? "" : "s"} added`);
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send();
  });
  picker.addEventListener("change", () => {
    queue.add([...(picker.files ?? [])]);
    picker.value = "";
  });
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });

  // Files may be dropped anywhere on the page.
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
    if (!hasFiles(event)) return;
    event.preventDefault();
    const files = [...(event.dataTransfer?.files ?? [])];
    open();
    queue.add(files);
  });
})();
