// Tags by one key: picked and rejected, of which an image has one at most, and nine of one's own on Shift and the digits.
// The browsers take digits with Ctrl and Alt, and most of the F-keys, for themselves.
"use strict";

const ImagelibTagKeys = (() => {
  const { h } = ImagelibDom;
  const STORED = "imagelib.tag-keys";
  const OWN = 9;
  /** A tag, and the one that goes when it comes. @type {Record<string, [string, string]>} */
  const FIXED = { p: ["picked", "rejected"], r: ["rejected", "picked"] };
  /** What the help says; filled anew when the tags change. @type {[string, string][]} */
  const said = [];

  /** The tags of the digits from 1 on, "" where there is none. @returns {string[]} */
  function own() {
    const kept = ImagelibKept.browser.list(STORED);
    return Array.from({ length: OWN }, (_, i) => (typeof kept[i] === "string" ? kept[i] : ""));
  }

  /** The edit that puts a tag on images, or takes it from them if all have it. @param {string} tag @param {string} rival  Goes when it comes. @param {boolean} haveAll @returns {ImagePatch} */
  const editOf = (tag, rival, haveAll) => (haveAll ? { remove_tags: [tag] }
    : { add_tags: [tag], ...(rival && { remove_tags: [rival] }) });

  /** @param {string} tag @param {string} rival @param {boolean} goesOn  To the next image, as a rating does. */
  async function toggle(tag, rival, goesOn) {
    const { next, pks, target } = ImagelibCulling.subject();
    const { columns } = ImagelibIndex;
    const rows = pks.map((pk) => columns.rowOf(pk));
    const haveAll = ImagelibCommon.tags(columns, rows).find(({ name }) => name === tag)?.count === rows.length;
    const done = ImagelibEdits.apply(target, { edit: editOf(tag, rival, haveAll) }, haveAll ? `Not tagged ${tag} any more` : `Tagged ${tag}`);
    if (goesOn && !haveAll && await target && next >= 0) await ImagelibCulling.goTo(next);
    await done;
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (ImagelibDialog.isOpen || !ImagelibHelp.isCommand(event) || !ImagelibCulling.isAboutSomething()) return;
    const fixed = !event.shiftKey && Object.hasOwn(FIXED, event.key) ? FIXED[event.key] : null;
    const digit = ImagelibDigits.shifted(event);
    if (!fixed && !digit) return;
    const tag = fixed ? "" : own()[digit - 1];
    if (fixed) void toggle(...fixed, true);
    else if (tag) void toggle(tag, "", false);
    else ImagelibToast.show(`There is no tag on Shift+${digit} yet. It is chosen under Settings.`);
    event.preventDefault();
    event.stopPropagation();
  }

  function explain() {
    said.splice(0, said.length, ["p", "picked, or no longer; then the next one"], ["r", "rejected, or no longer; then the next one"],
      ...own().flatMap((tag, i) => (tag ? [/** @type {[string, string]} */ ([`Shift+${i + 1}`, tag])] : [])),
      ...(own().every((tag) => !tag) ? [/** @type {[string, string]} */ (["Shift+1 – Shift+9", "your own, chosen under Settings"])] : []));
  }

  /** Where the tags are chosen. */
  function fields() {
    const list = h("datalist", { id: "tag-key-names" }, ...[...ImagelibIndex.columns.tags.values].sort().map((value) => h("option", { value })));
    return h("div", { class: "tag-keys" }, list, ...own().map((tag, i) => {
      const input = h("input", { type: "text", id: `tag-key-${i + 1}`, list: list.id, value: tag, maxlength: "100", pattern: "[^,]*",
        title: "One tag, without a comma", autocomplete: "off", autocapitalize: "none", change: () => {
          if (!input.reportValidity()) return;
          input.value = ImagelibTagsField.clean(input.value);
          ImagelibKept.browser.put(STORED, own().map((other, place) => (place === i ? input.value : other)));
          explain();
        } });
      return h("div", { class: "field" }, h("label", { for: input.id }, `Shift+${i + 1}`), input);
    }));
  }

  function start() {
    explain();
    ImagelibHelp.add("Tags by key", said);
    // In the editor p is no longer the slideshow, which has its button.
    ImagelibHelp.give("p");
    const slideshow = document.querySelector("[data-tool=slideshow]");
    slideshow?.setAttribute("title", "Slideshow");
    slideshow?.removeAttribute("aria-keyshortcuts");
    // Before the viewer hears of it.
    document.addEventListener("keydown", pressed, true);
  }

  return { editOf, fields, start };
})();
