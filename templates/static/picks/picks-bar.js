// The bar below the gallery: how many images are picked, only these, send; and the start of all that is about picks.
"use strict";

const ImagelibPicksBar = (() => {
  const { h, setText } = ImagelibDom;
  const { MAX } = ImagelibPicks;
  const count = h("p", { class: "picks-count", role: "status" });
  const said = h("p", { class: "picks-said", role: "alert" });
  const only = h("button", { type: "button", "aria-pressed": "false", click: toggleOnly }, "Only these");
  const send = h("button", { type: "button", class: "picks-send", click: () => ImagelibSendDialog.send() }, "Send");
  const begin = ImagelibTasks.turns();
  /** The rows that the index finds as picked. */
  let laid = "";

  /** Where the query asks for what is picked: the own picks, as a publication holds nobody's. */
  const part = () => ImagelibQuery.parse(ImagelibGallery.query).parts.find(({ field, value, negated }) =>
    !negated && field === "has" && value === "picks");

  function toggleOnly() {
    say("");
    const there = part();
    const { query } = ImagelibGallery;
    ImagelibGallery.setQuery(there ? ImagelibConditions.without(query, there) : ImagelibConditions.adding(query, "has:picks"));
  }

  function show() {
    const { length } = ImagelibPicks.ids();
    setText(count, MAX < Infinity ? `${length} of ${MAX} picked` : length ? `${length} picked` : "Nothing picked yet");
    send.disabled = Object.keys(ImagelibPicks.file.items).length === 0;
    showOnly();
    void layOver();
  }

  function showOnly() {
    only.setAttribute("aria-pressed", String(part() !== undefined));
    only.hidden = !part() && ImagelibPicks.ids().length === 0;
  }

  /** Let the index find what is picked. */
  async function layOver() {
    const isLast = begin();
    const pks = await Promise.all(ImagelibPicks.ids().map((id) => ImagelibIndex.locate(id)));
    const found = pks.filter((pk) => pk !== null);
    if (!isLast() || laid === found.join()) return;
    laid = found.join();
    ImagelibIndex.columns.setPicks([["", found]]);
    ImagelibGallery.refresh();
  }

  /** @param {string} text */
  const say = (text) => setText(said, text || ImagelibPicks.warning);

  function readHash() {
    const { hash } = location;
    if (!ImagelibPickFile.isLink(hash)) return;
    history.replaceState(history.state, "", `${location.pathname}${location.search}`);
    void ImagelibSendDialog.receive(hash, say);
  }

  function start() {
    document.body.append(h("section", { class: "picks-bar", "aria-label": "Your picks" }, said, count, only, send));
    ImagelibPickCards.start((id, change) => say(ImagelibPicks.set(id, change)));
    ImagelibPicks.onChange(show);
    document.addEventListener("imagelib:asked", showOnly);
    window.addEventListener("hashchange", readHash);
    show();
    readHash();
  }

  return { start };
})();

ImagelibPicksBar.start();
