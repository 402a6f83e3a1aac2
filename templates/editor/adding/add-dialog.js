// "Add images": choose or drop files, give all of them the same values, see what became of each and
// correct it. Closing the dialog stops nothing: what is on its way goes on.
"use strict";

const ImagelibAddDialog = (() => {
  const { h, setText } = ImagelibDom;
  /** @type {Record<UploadState, string>} */
  const WORDS = {
    waiting: "waiting", uploading: "uploading", reading: "reading", added: "added", here: "already here",
    refused: "refused", cancelled: "cancelled", paused: "waiting for imagelib",
  };
  const MOST_PREVIEWS = 60;
  /** What the file chooser offers: the types that we keep, and endings, as systems know few of these types. */
  const ACCEPTED = "image/png,image/jpeg,image/webp,image/gif,image/avif,image/bmp,image/tiff,image/heic,image/heif,image/jxl,video/mp4,video/quicktime,video/webm,.tif,.tiff,.heic,.heif,.jxl";
  /** A query has room for so many ids. */
  const MOST_SHOWN = 100;
  const WIDE = matchMedia("(width >= 75rem)");
  const OPEN_STATES = ["waiting", "uploading", "reading", "paused"];

  /** @type {ReturnType<typeof ImagelibUpload["queue"]>} */
  let queue;
  /** @type {ReturnType<typeof ImagelibFields["make"]>} */
  let fields;
  /** @type {Map<UploadItem, HTMLElement>} */
  let shown;
  /** What is known of each before it is added. @type {Map<UploadItem, ReturnType<typeof ImagelibUploadRow["make"]>>} */
  let looks;
  let isLooking = false;
  /** @type {HTMLElement} */
  let form;
  /** @type {HTMLUListElement} */
  let rows;
  /** @type {HTMLElement} */
  let summary;
  /** @type {HTMLButtonElement} */
  let save;
  /** @type {{close: () => void} | null} */
  let dialog = null;
  /** What one does when all is over. */
  const ends = [
    h("button", { type: "button", click: () => showThem() }, "Show them"),
    h("button", { type: "button", click: () => tagThem() }, "Tag them"),
    h("button", { type: "button", class: "primary", click: () => dialog?.close() }, "Done"),
  ];
  const button = h("button", { type: "button", class: "primary add-button", click: () => open() }, "Add images");

  /** A new queue with an empty form. */
  function begin() {
    queue = ImagelibUpload.queue(render);
    fields = ImagelibFields.make();
    shown = new Map();
    looks = new Map();
    rows = h("ul", { class: "upload-list", "aria-label": "Files" });
    summary = h("p", { class: "upload-summary", role: "status" });
    save = h("button", { type: "submit", class: "primary", disabled: true }, "Save");
    const picker = h("input", { id: "add-files", type: "file", multiple: true, class: "visually-hidden",
      accept: ACCEPTED, autofocus: true });
    const folder = h("input", { id: "add-folder", type: "file", webkitdirectory: true, class: "visually-hidden" });
    const kept = h("p", { class: "draft-notice", role: "status", hidden: true },
      h("span", {}, "These values were written before and not used."),
      h("button", { type: "button", click: () => {
        fields.fill({});
        keepValues();
        kept.hidden = true;
      } }, "Clear"));
    form = h("form", { class: "add-form", novalidate: true },
      h("div", { class: "pickers" },
        h("label", { class: "drop", for: "add-files" }, h("strong", {}, "Choose pictures"),
          h("span", { class: "of-keys" }, "or drop them, or whole folders, anywhere; or paste one"), picker),
        h("label", { class: "drop of-keys", for: "add-folder" }, h("strong", {}, "Add folder"),
          h("span", {}, "and the folders in it"), folder)),
      rows,
      h("details", { class: "shared", open: true }, h("summary", {}, "Values for all of them"),
        h("p", { class: "hint" }, "What stays empty is read from each picture; what you correct in one picture's own values counts more."),
        kept, fields.element),
      h("footer", { class: "dialog-foot" }, summary, ...ends, save));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void send();
    });
    picker.addEventListener("change", () => {
      take([...(picker.files ?? [])]);
      picker.value = "";
    });
    folder.addEventListener("change", () => {
      take([...(folder.files ?? [])].filter(ImagelibDropped.isPicture));
      folder.value = "";
    });
    for (const end of ends) end.hidden = true;
    const before = ImagelibKeptValues.get();
    fields.fill(before);
    kept.hidden = Object.keys(before).length === 0;
    fields.element.addEventListener("input", keepValues);
    fields.element.addEventListener("focusout", keepValues);
  }

  /** What is written for all of them survives a reload. */
  const keepValues = () => ImagelibKeptValues.keep(given());

  /** What says nothing must not overwrite what the pictures themselves say. */
  const given = () => Object.fromEntries(Object.entries(fields.read()).filter(([, value]) =>
    Array.isArray(value) ? value.length : value));

  /** @param {File[]} files */
  function take(files) {
    queue.add(files);
    void look();
  }

  /** Look into what waits, one after the other; adding does not wait for it. */
  async function look() {
    if (isLooking) return;
    isLooking = true;
    const next = () => queue.items.find(({ state, isSeen }) => state === "waiting" && !isSeen);
    for (let item; (item = next());) {
      item.isSeen = true;
      await looks.get(item)?.look();
    }
    isLooking = false;
  }

  /** @param {boolean} again  Show what became of the last ones. */
  function open(again = false) {
    if (dialog) return;
    const isOver = queue?.items.length > 0 && !queue.items.some(({ state }) => OPEN_STATES.includes(state));
    if (!queue || (isOver && !again)) begin();
    ImagelibToast.hold("adding", "");
    dialog = ImagelibDialog.open("Add images", [form], { back: button, closed: () => {
      dialog = null;
      tellProgress();
    } });
  }

  /** Ask the system for pictures at once, or for a folder of them. @param {"pictures" | "folder"} what */
  function choose(what) {
    open();
    /** @type {HTMLElement | null} */ (form.querySelector(what === "folder" ? "#add-folder" : "#add-files"))?.click();
  }

  /** While the dialog is closed, the page says how far it is. */
  function tellProgress() {
    const { items } = queue;
    const open_ = items.filter(({ state }) => OPEN_STATES.includes(state)).length;
    if (dialog) return;
    ImagelibToast.hold("adding", queue.isRunning && open_ ? `Adding ${items.length - open_ + 1} of ${items.length}…` : "",
      ["Show", () => open()]);
  }

  /** @param {UploadItem} item */
  function render(item) {
    let row = shown.get(item);
    if (!row) {
      row = h("li", { class: "upload" }, h("span", { class: "upload-name" }, ...preview(item), h("span", {}, item.file.name)),
        h("progress", { max: "1", value: "0", "aria-label": `Progress of ${item.file.name}` }),
        h("span", { class: "upload-state" }), h("span", { class: "upload-actions" }));
      const look = ImagelibUploadRow.make(item, (error) => queue.refuse(item, error));
      looks.set(item, look);
      row.append(look.button, ...look.elements);
      shown.set(item, row);
      rows.append(row);
    }
    if (item.state !== "waiting" && row.dataset.state === "waiting") looks.get(item)?.settle();
    // What did not work is not to be looked for.
    if (item.state === "refused" && row.dataset.state !== "refused") rows.prepend(row);
    row.dataset.state = item.state;
    const [name, progress, state, actions] = /** @type {[HTMLElement, HTMLProgressElement, HTMLElement, HTMLElement]} */ (
      /** @type {unknown} */ ([...row.children]));
    // While nothing of it is on its way, its place stays.
    progress.style.visibility = ["uploading", "reading", "added", "here"].includes(item.state) ? "" : "hidden";
    progress.value = ["added", "here"].includes(item.state) ? 1 : item.share;
    if (item.record) {
      const { display_url: shown, url } = item.record;
      // Of what not every browser shows there is nothing to be seen before it is built.
      name.replaceChildren(...(shown === url ? [h("img", { src: url, alt: "", decoding: "async" })] : []),
        link(item.record, ImagelibCard.nameOf(item.record)));
    }
    if (item.state === "here" && item.record) state.replaceChildren(link(item.record, WORDS.here));
    else setText(state, item.reason ? `${WORDS[item.state]}: ${item.reason}` : WORDS[item.state]);
    const action = actionOf(item);
    if (actions.textContent !== (action?.[0] ?? "")) {
      actions.replaceChildren(...(action ? [h("button", { type: "button", class: "small", click: () => actionOf(item)?.[1]() }, action[0])] : []));
    }
    summarise();
  }

  /** How a picture looks before it is added; of very many only the first. @param {UploadItem} item @returns {HTMLElement[]} */
  function preview(item) {
    if (shown.size >= MOST_PREVIEWS) return [];
    const url = URL.createObjectURL(item.file);
    const over = () => URL.revokeObjectURL(url);
    const picture = h("img", { src: url, alt: "", decoding: "async", load: over, error: () => {
      over();
      picture.remove();
    } });
    return [picture];
  }

  /** Leads to an image in the viewer. @param {ImageRecord} record @param {string} text */
  const link = (record, text) => h("a", { href: `?#${record.id}`, click: (event) => {
    event.preventDefault();
    dialog?.close();
    void ImagelibGallery.open(record.id);
  } }, text);

  /** What can be done about an item. @param {UploadItem} item @returns {[string, () => void] | null} */
  function actionOf(item) {
    const { record } = item;
    if (item.state === "added" && record) return ["Correct", () => void correct(item, record.id)];
    if (["waiting", "uploading", "paused"].includes(item.state)) return ["Cancel", () => item.cancel()];
    if (item.state === "refused" || item.state === "cancelled") {
      return ["Retry", () => {
        queue.retry(item);
        void send();
      }];
    }
    return null;
  }

  /** The fields of one picture, as they were read. @param {UploadItem} item @param {string} id */
  async function correct(item, id) {
    try {
      const record = await ImagelibApi.image(id);
      const edit = ImagelibEditForm.make(record, { done: () => sheet.close() });
      const sheet = ImagelibDialog.open(`Correct ${item.file.name}`, [edit.element], { closed: async () => {
        edit.stop();
        await ImagelibQueue.inTurn(async () => {});  // the last field may be on its way
        item.record = await ImagelibApi.image(record.id).catch(() => item.record);
        render(item);
      } });
      edit.focus();
    } catch (error) {
      ImagelibToast.fail(error);
    }
  }

  function summarise() {
    const number = (/** @type {UploadState} */ state) => queue.items.filter((item) => item.state === state).length;
    const size = queue.items.reduce((sum, { file }) => sum + file.size, 0);
    const parts = /** @type {UploadState[]} */ (Object.keys(WORDS)).filter(number).map((state) => `${number(state)} ${WORDS[state]}`);
    if (queue.items.length && number("waiting") === queue.items.length) parts.push(ImagelibPanel.bytes(size));
    setText(summary, parts.join(", "));
    const isOver = number("waiting") === 0 && !queue.isRunning && ids().length > 0;
    save.hidden = isOver;
    for (const end of ends) end.hidden = !isOver;
    save.disabled = number("waiting") === 0 || queue.isRunning;
    tellProgress();
  }

  async function send() {
    fields.settle();
    const shared = given();
    await queue.run((item) => ({ ...shared, ...item.own }));
    if (queue.items.every(({ state }) => ["added", "here"].includes(state))) ImagelibKeptValues.keep({});
    summarise();
    tellProgress();
    await ImagelibChanges.poll();
    finish();
  }

  /** All went well: the gallery shows it better than a list. */
  function finish() {
    const added = queue.items.filter(({ state }) => state === "added");
    const isAll = added.length === queue.items.length;
    fields.blame(queue.items.find(({ faults }) => faults?.size)?.faults ?? new Map());
    if (!added.length) return;
    const done = ids();
    if (isAll) dialog?.close();
    ImagelibToast.show(isAll ? `${ImagelibChanges.howMany(done.length)} added` : summary.textContent ?? "", { actions: [
      ...(isAll || !dialog ? /** @type {[string, () => void][]} */ ([["Show them", showThem], ["Tag them", tagThem]]) : []),
      ...(dialog ? [] : [/** @type {[string, () => void]} */ (["Review", () => open(true)])]),
      ["Undo", () => void ImagelibEdits.apply({ ids: done }, { delete: true }, "Taken back")],
    ] });
  }

  /** Of the images that were added. */
  const ids = () => queue.items.flatMap(({ record, state }) => (state === "added" && record ? [record.id] : []));

  /** Of many, the newest in the library. */
  function showThem() {
    const added = ids();
    dialog?.close();
    ImagelibGallery.setQuery(added.length > MOST_SHOWN ? "sort:-created" : added.map((id) => `id:${id}`).join(" or "));
  }

  function tagThem() {
    const added = ids();
    dialog?.close();
    void ImagelibTagBox.open({ ids: added });
  }

  /** In the bar where that has room; else it floats in the corner, beside the bar in the page, as the bar would
   * be what its place is counted from. */
  function placeButton() {
    const bar = WIDE.matches && document.querySelector("[data-slot=header]");
    (bar || document.body).append(button);
  }

  function start() {
    WIDE.addEventListener("change", placeButton);
    placeButton();
    window.addEventListener("beforeunload", (event) => {
      if (queue?.isRunning) event.preventDefault();  // the pictures would have to be chosen again
    });
    ImagelibDropped.start((files) => {
      if (files.length === 1 && files[0].name.toLowerCase().endsWith(".json")) {
        document.dispatchEvent(new CustomEvent("imagelib:picks", { detail: { file: files[0] } }));
        return;
      }
      open();
      take(files);
    });
  }

  return { choose, start };
})();
