// Picks in the grid and in the viewer: a heart on each card, what else was said, and the keys for both.
"use strict";

const ImagelibPickCards = (() => {
  const { h, mount, setAttribute, setText } = ImagelibDom;
  const { KINDS } = ImagelibPicks;
  const HAS_HEARTS = KINDS.includes("favourite");
  const list = mount("grid");
  /** The image that the viewer shows, or "". */
  let shown = "";
  const form = ImagelibPickForm.make(() => shown);
  /** Say something of an image of the grid. @type {(id: string, change: Partial<PickItem>) => void} */
  let set = () => {};

  /** Show on a card what was said of its image. @param {HTMLElement} card */
  function mark(card) {
    const { heart, stars, note } = ImagelibPicks.of(card.dataset.id ?? "");
    let marks = /** @type {HTMLElement | null} */ (card.querySelector(".card-picks"));
    if (!marks) {
      marks = h("div", { class: "card-picks" }, h("span", { class: "card-said" }),
        ...(HAS_HEARTS ? [ImagelibPickForm.heartButton(() => toggle(card.dataset.id ?? ""))] : []));
      card.append(marks);
    }
    const said = /** @type {HTMLElement} */ (marks.querySelector(".card-said"));
    setText(said, `${"★".repeat(stars)}${note ? " ✎" : ""}`.trim());
    setAttribute(said, "role", said.textContent ? "img" : null);
    setAttribute(said, "aria-label", said.textContent
      ? [stars && `${stars} ${stars === 1 ? "star" : "stars"}`, note && "a comment"].filter(Boolean).join(", ") : null);
    const button = marks.querySelector("button");
    if (!button) return;
    setAttribute(button, "aria-pressed", String(heart));
    // Tab reaches what belongs to one card; the arrows lead to the others.
    setAttribute(button, "tabindex", String(card.querySelector("a")?.tabIndex ?? -1));
  }

  /** @param {string} id */
  function toggle(id) {
    if (id) set(id, { heart: !ImagelibPicks.of(id).heart });
  }

  function markAll() {
    for (const card of list.children) mark(/** @type {HTMLElement} */ (card));
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    // A dialog over the viewer, or over the gallery, has keys of its own.
    if (!ImagelibHelp.isCommand(event) || document.querySelector("dialog[open]:not(.viewer)")) return;
    const card = document.activeElement?.closest(".card");
    const id = shown || (card instanceof HTMLElement && card.dataset.id) || "";
    const change = event.key === "p" && HAS_HEARTS ? { heart: !ImagelibPicks.of(id).heart }
      : /^[0-5]$/.test(event.key) && KINDS.includes("stars") ? { stars: Number(event.key) } : null;
    if (!id || !change) return;
    event.preventDefault();
    if (shown) form.set(change);
    else set(id, change);
  }

  /** @param {(id: string, change: Partial<PickItem>) => void} setting */
  function start(setting) {
    set = setting;
    document.querySelector(".viewer [data-slot=viewer-actions]")?.append(form.marks);
    mount("panel").before(form.rest);
    document.addEventListener("imagelib:viewer-open", ({ detail }) => {
      shown = detail.id;
      form.turn();
    });
    document.addEventListener("imagelib:viewer-close", () => { shown = ""; });
    markAll();
    // Cards get their ids when their files are there, and the grid says which one Tab reaches.
    new MutationObserver((records) => {
      const nodes = records.flatMap(({ addedNodes, target, type }) => (type === "childList" ? [...addedNodes] : [target]));
      const cards = new Set(nodes.map((node) => (node instanceof Element ? node.closest(".card") : null)));
      for (const card of cards) if (card instanceof HTMLElement) mark(card);
    }).observe(list, { attributes: true, attributeFilter: ["data-id", "tabindex"], childList: true, subtree: true });
    ImagelibPicks.onChange(markAll);
    // Before the viewer hears of it: there, P is the slideshow where nobody picks.
    document.addEventListener("keydown", pressed, true);
    if (HAS_HEARTS) ImagelibHelp.give("p");
    ImagelibHelp.add("Your picks", [
      .../** @type {[string, string][]} */ (HAS_HEARTS ? [["p", "favourite, or no longer"]] : []),
      .../** @type {[string, string][]} */ (KINDS.includes("stars") ? [["1 – 5  0", "stars, none"]] : []),
    ]);
  }

  return { start };
})();
