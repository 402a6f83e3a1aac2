// Two to four images at once: a slider between two of them, side by side, their difference, or one after the
// other in the same place; and only those settings in which they differ. The open image is compared with its
// neighbours, through which one steps; a selection with itself.
"use strict";

const ImagelibCompare = (() => {
  const { h, setText } = ImagelibDom;
  const { turns } = ImagelibTasks;
  const MOST = 4;
  /** @type {[string, string][]} */
  const MODES = [["slider", "Slider"], ["side", "Side by side"], ["difference", "Difference"], ["blink", "Blink"]];
  const FOR_TWO = ["slider", "difference"];

  const slider = h("input", { type: "range", min: "0", max: "100", step: "1", value: "50", "aria-label": "Divide at" });
  const stage = h("div", { class: "compare-stage", tabindex: "-1" });
  const names = h("div", { class: "compare-names", "aria-hidden": "true" });
  const head = h("tr", {});
  const table = h("tbody", {});
  const same = h("p", { class: "hint" });
  const prompt = h("div", { class: "compare-prompt" });
  const facts = h("section", { class: "compare-facts", "aria-label": "What differs", tabindex: "0" }, // it scrolls
    names, prompt, h("table", {}, h("colgroup", {}, h("col", {})), h("thead", { class: "visually-hidden" }, head), table), same);
  const modes = h("select", { "aria-label": "How to compare" });
  const previous = h("button", { type: "button", "aria-label": "Previous other image", click: () => step(-1) }, "←");
  const next = h("button", { type: "button", "aria-label": "Next other image", click: () => step(1) }, "→");
  const swap = h("button", { type: "button", click: exchange }, "Swap");
  const dialog = h("dialog", { class: "compare", "aria-label": "Compare" },
    h("header", { class: "compare-bar" }, modes, previous, next, swap,
      h("button", { type: "button", class: "close", "aria-label": "Close", click: () => dialog.close() }, "×")),
    stage, facts);

  /** @typedef {(record: KnownRecord, step: number) => Promise<KnownRecord | null>} Neighbour  The record some steps away from one. */
  /** What is compared, in the order of the panes. @type {KnownRecord[]} */
  let records = [];
  /** @type {ReturnType<typeof ImagelibComparePane["make"]>[]} */
  let panes = [];
  /** Of the pane that keys are about. */
  let active = 0;
  /** For a selection there is none. @type {Neighbour | null} */
  let beside = null;

  const begin = turns();
  /** Whether what was opened is still what is compared. */
  let isOpened = () => false;
  /** Steps are taken one after the other, from where the one before has led. @type {Promise<void>} */
  let walking = Promise.resolve();

  /** Compare an image with its neighbours. @param {KnownRecord} record @param {Neighbour} neighbour */
  async function open(record, neighbour) {
    const isLast = begin();
    const second = await neighbour(record, 1) ?? await neighbour(record, -1);
    if (second && isLast()) start([record, second], neighbour, isLast);
  }

  /** Compare images with each other. @param {KnownRecord[]} chosen  Two to four. */
  const openAll = (chosen) => start(chosen.slice(0, MOST), null, begin());

  /** @param {KnownRecord[]} compared @param {Neighbour | null} neighbour @param {() => boolean} isLast */
  function start(compared, neighbour, isLast) {
    isOpened = isLast;
    [records, beside, active] = [compared, neighbour, 0];
    modes.value = "";
    if (!dialog.isConnected) document.body.append(dialog);
    show();
    dialog.showModal();
    if (slider.hidden) panes[0].element.focus();
    else slider.focus();
  }

  /** @param {number} by */
  function step(by) {
    const isWanted = isOpened;
    walking = walking.then(async () => {
      let found = isWanted() && beside ? await beside(records[1], by) : null;
      if (found && found.pk === records[0]?.pk) found = beside && await beside(found, by);
      if (!found || !isWanted()) return;
      records[1] = found;
      show();
    });
  }

  function exchange() {
    records = [...records.slice(1), records[0]];
    show();
  }

  /** Take one out of the comparison. @param {number} place */
  function leave(place) {
    records = records.filter((_, i) => i !== place);
    if (records.length < 2) {
      dialog.close();
      return;
    }
    show();
    panes[active].element.focus();
  }

  /** @param {number} place */
  function choose(place) {
    active = place;
    panes.forEach(({ element }, i) => element.toggleAttribute("data-active", i === active));
  }

  function show() {
    active = Math.min(active, records.length - 1);
    showModes();
    showPanes();
    stage.dataset.mode = modes.value;
    stage.style.setProperty("--columns", String(records.length > 2 && innerWidth < 900 ? 2 : records.length));
    // Keys would go nowhere if what has the focus vanished.
    if (modes.value !== "slider" && document.activeElement === slider) panes[active].element.focus();
    slider.hidden = modes.value !== "slider";
    for (const button of [previous, next]) button.hidden = !beside;
    divide();
    showFacts();
  }

  function showModes() {
    const fitting = MODES.filter(([value]) => records.length === 2 || !FOR_TWO.includes(value));
    if (modes.options.length === fitting.length) {
      modes.value ||= fitting[0][0];
      return;
    }
    const chosen = modes.value;
    modes.replaceChildren(...fitting.map(([value, label]) => h("option", { value }, label)));
    modes.value = fitting.some(([value]) => value === chosen) ? chosen : fitting[0][0];
  }

  function showPanes() {
    if (panes.length !== records.length) {
      panes = records.map((_, place) => ImagelibComparePane.make({
        chosen: () => choose(place),
        left: () => leave(place),
        moved: (view) => panes.forEach(({ zoom }, i) => { if (i !== place) zoom.set(view); }),
      }));
      panes[0].picture.className = "compare-left";
      panes[1].picture.className = "compare-right";
      stage.replaceChildren(...panes.map(({ element }) => element), slider);
    }
    panes.forEach((pane, i) => pane.show(records[i], records.length > 2));
    choose(active);
  }

  function showFacts() {
    const called = panes.map(({ picture }) => picture.alt);
    names.replaceChildren(...called.map((name) => h("p", { title: name }, name)));
    head.replaceChildren(...["Setting", ...called].map((text) => h("th", { scope: "col" }, text)));
    facts.style.setProperty("--columns", String(records.length));
    const changed = ImagelibDiff.settings(records, ImagelibPanel.NAMES);
    table.replaceChildren(...changed.map(([name, ...values]) =>
      h("tr", {}, h("th", { scope: "row" }, name), ...values.map((value) => h("td", {}, value || "–")))));
    /** @type {HTMLElement} */ (table.parentElement).hidden = changed.length === 0;
    setText(same, changed.length ? "" : "Their settings are the same.");
    const parts = records.length === 2 ? ImagelibDiff.words(records[0].prompt_text ?? "", records[1].prompt_text ?? "") : [];
    prompt.replaceChildren(...(parts.some(({ kind }) => kind !== "same") ? [ImagelibPanel.diff(parts)] : []));
  }

  /** What was edited meanwhile is shown as it is, what was deleted no longer. */
  async function renew() {
    if (!dialog.open) return;
    const isWanted = isOpened;
    const { columns } = ImagelibIndex;
    const rows = records.map(({ pk }) => columns.rowOf(pk)).filter((row) => columns.isLive(row));
    const found = await Promise.all(rows.map((row) => ImagelibIndex.recordAt(row)));
    if (!isWanted() || !dialog.open) return;
    records = found;
    if (records.length < 2) dialog.close();
    else show();
  }

  const divide = () => stage.style.setProperty("--divide", `${slider.value}%`);

  slider.addEventListener("input", divide);
  modes.addEventListener("change", show);
  stage.addEventListener("pointermove", (event) => {
    if (modes.value !== "slider" || !(event.buttons & 1) || panes[0].zoom.isZoomed) return;
    const box = stage.getBoundingClientRect();
    slider.value = String(Math.round(((event.clientX - box.left) / box.width) * 100));
    divide();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target === modes || event.defaultPrevented) return;
    const { key } = event;
    const arrow = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (key === "m") modes.selectedIndex = (modes.selectedIndex + 1) % modes.options.length;
    else if (key === "s") exchange();
    else if (arrow && event.target !== slider) turn(arrow);
    else if (key === "j" || key === "k") turn(key === "k" ? -1 : 1);
    else if (key === "b") modes.value = "blink";
    else if (key === " " && modes.value === "blink") {
      choose((active + 1) % panes.length);
      panes[active].element.focus(); // the one before is hidden now
    }
    else if (key === "z") panes[active].zoom.toggle();
    else if (key === "+" || key === "=") panes[active].zoom.zoom(1.5);
    else if (key === "-") panes[active].zoom.zoom(1 / 1.5);
    else if (key === "x" && records.length > 2) leave(active);
    else return;
    event.preventDefault();
    if (dialog.open) show();
  });

  /** To another second image, or to another pane. @param {number} by */
  function turn(by) {
    if (beside) step(by);
    else panes[(active + by + panes.length) % panes.length].element.focus();
  }

  ImagelibIndex.onChange(() => void renew());

  return {
    MOST,
    /** The id of the image that keys are about, or "". */
    get id() { return dialog.open ? (records[active]?.id ?? "") : ""; },
    get isOpen() { return dialog.open; },
    open,
    openAll,
  };
})();
