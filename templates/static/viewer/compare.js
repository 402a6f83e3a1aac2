// Two images at once: a slider between them, side by side, or their difference; and only those
// settings in which they differ. The second one is flipped through the result.
"use strict";

const ImagelibCompare = (() => {
  const { h, setText } = ImagelibDom;
  const { turns } = ImagelibTasks;
  /** @type {[string, string][]} */
  const MODES = [["slider", "Slider"], ["side", "Side by side"], ["difference", "Difference"]];

  const left = h("img", { class: "compare-left", alt: "" });
  const right = h("img", { class: "compare-right", alt: "" });
  const slider = h("input", { type: "range", min: "0", max: "100", step: "1", value: "50", "aria-label": "Divide at" });
  const stage = h("div", { class: "compare-stage", tabindex: "-1" }, left, right, slider);
  const [leftName, rightName] = [h("p", {}), h("p", {})];
  const table = h("tbody", {});
  const same = h("p", { class: "hint" });
  const prompt = h("div", { class: "compare-prompt" });
  const modes = h("select", { "aria-label": "How to compare" }, ...MODES.map(([value, label]) => h("option", { value }, label)));
  const previous = h("button", { type: "button", "aria-label": "Previous other image", click: () => step(-1) }, "←");
  const next = h("button", { type: "button", "aria-label": "Next other image", click: () => step(1) }, "→");
  const swap = h("button", { type: "button", click: exchange }, "Swap");
  const dialog = h("dialog", { class: "compare", "aria-label": "Compare" },
    h("header", { class: "compare-bar" }, modes, previous, next, swap,
      h("button", { type: "button", class: "close", "aria-label": "Close", click: () => dialog.close() }, "×")),
    stage,
    h("section", { class: "compare-facts", "aria-label": "What differs", tabindex: "0" }, // it scrolls
      h("div", { class: "compare-names" }, leftName, rightName), prompt,
      h("table", {}, h("thead", {}, h("tr", {}, ...["Setting", "Left", "Right"].map((text) => h("th", { scope: "col" }, text)))), table), same));

  /** @typedef {(record: KnownRecord, step: number) => Promise<KnownRecord | null>} Neighbour  The record some steps away from one. */
  /** @type {KnownRecord | null} */
  let one = null;
  /** @type {KnownRecord | null} */
  let other = null;
  /** @type {Neighbour} */
  let beside = async () => null;

  const begin = turns();
  /** Whether what was opened is still what is compared. */
  let isOpened = () => false;
  /** Steps are taken one after the other, from where the one before has led. @type {Promise<void>} */
  let walking = Promise.resolve();

  /** @param {KnownRecord} record @param {Neighbour} neighbour */
  async function open(record, neighbour) {
    const isLast = begin();
    const second = await neighbour(record, 1) ?? await neighbour(record, -1);
    if (!second || !isLast()) return;
    isOpened = isLast;
    [one, other, beside] = [record, second, neighbour];
    if (!dialog.isConnected) document.body.append(dialog);
    show();
    dialog.showModal();
    slider.focus();
  }

  /** @param {number} by */
  function step(by) {
    const isWanted = isOpened;
    walking = walking.then(async () => {
      let found = isWanted() && other ? await beside(other, by) : null;
      if (found && found.pk === one?.pk) found = await beside(found, by);
      if (!found || !isWanted()) return;
      other = found;
      show();
    });
  }

  function exchange() {
    [one, other] = [other, one];
    show();
  }

  function show() {
    if (!one || !other) return;
    stage.dataset.mode = modes.value;
    // Keys would go nowhere if what has the focus vanished.
    if (modes.value !== "slider" && document.activeElement === slider) stage.focus();
    slider.hidden = modes.value !== "slider";
    for (const [image, name, record] of /** @type {[HTMLImageElement, HTMLElement, KnownRecord][]} */ ([[left, leftName, one], [right, rightName, other]])) {
      const url = record.file_state === "missing" ? ImagelibCard.thumbnailUrl(record) : ImagelibCard.originalUrl(record);
      if (image.getAttribute("src") !== url) image.src = url;
      image.alt = ImagelibCard.nameOf(record);
      setText(name, image.alt || "Image");
    }
    divide();
    const changed = ImagelibDiff.settings(one, other);
    table.replaceChildren(...changed.map(([name, a, b]) =>
      h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, a || "–"), h("td", {}, b || "–"))));
    /** @type {HTMLElement} */ (table.parentElement).hidden = changed.length === 0;
    setText(same, changed.length ? "" : "Their settings are the same.");
    const parts = ImagelibDiff.words(one.prompt_text ?? "", other.prompt_text ?? "");
    prompt.replaceChildren(...(parts.some(({ kind }) => kind !== "same") ? [ImagelibPanel.diff(parts)] : []));
  }

  const divide = () => stage.style.setProperty("--divide", `${slider.value}%`);

  slider.addEventListener("input", divide);
  modes.addEventListener("change", show);
  stage.addEventListener("pointermove", (event) => {
    if (modes.value !== "slider" || !(event.buttons & 1)) return;
    const box = stage.getBoundingClientRect();
    slider.value = String(Math.round(((event.clientX - box.left) / box.width) * 100));
    divide();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target === modes) return;
    const key = event.key;
    if (key === "m") modes.value = MODES[(MODES.findIndex(([mode]) => mode === modes.value) + 1) % MODES.length][0];
    else if (key === "s") exchange();
    else if ((key === "ArrowLeft" || key === "ArrowRight") && event.target !== slider) void step(key === "ArrowLeft" ? -1 : 1);
    else if (key === "j" || key === "k") void step(key === "k" ? -1 : 1);
    else return;
    event.preventDefault();
    show();
  });

  return {
    open,
    get isOpen() { return dialog.open; },
  };
})();
