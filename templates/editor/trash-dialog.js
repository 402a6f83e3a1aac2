// @ts-check
// The trash: what was deleted, the way back, and the end of it, which has to be typed.
"use strict";

const ImagelibTrashDialog = (() => {
  const { h } = ImagelibDom;
  /** More rows than this are not drawn: who has so many empties the trash or restores by the command line. */
  const MOST = 500;
  /** What has to be typed to destroy. */
  const WORD = "empty";

  async function open() {
    const body = h("div", { class: "trash" });
    ImagelibDialog.open("Trash", [body], { wide: true });
    await fill(body);
  }

  /** @param {HTMLElement} body */
  async function fill(body) {
    let trash;
    try {
      trash = await ImagelibApi.trash();
    } catch (error) {
      body.replaceChildren(h("p", { class: "trouble" }, /** @type {Error} */ (error).message));
      return;
    }
    if (!trash.total) {
      body.replaceChildren(h("p", { class: "empty" }, "The trash is empty."));
      return;
    }
    body.replaceChildren(
      h("p", { class: "hint" }, `${ImagelibChanges.howMany(trash.total)}, ${bytes(trash.size_bytes)}`
        + (trash.total > MOST ? `; here are the last ${MOST}` : "")),
      h("ul", { class: "rows", "aria-label": "Deleted images" }, ...trash.items.slice(0, MOST).map((/** @type {any} */ item) => row(item, body))),
      emptying(trash, body));
  }

  /** @param {any} item @param {HTMLElement} body */
  function row(item, body) {
    return h("li", { class: "row" },
      h("span", { class: "row-text" }, h("strong", {}, ImagelibCard.nameOf(item.prompt_text, item)),
        h("span", { class: "soft" }, `deleted ${item.deleted_at.slice(0, 10)}, ${bytes(item.size_bytes)}${item.has_file ? "" : ", without its file"}`)),
      h("button", { type: "button", click: async () => {
        await ImagelibEdits.apply({ ids: [item.id] }, { restore: true }, "Restored");
        await fill(body);
        (body.querySelector("button") ?? body.closest("dialog"))?.focus();
      } }, "Restore"));
  }

  /** @param {any} trash @param {HTMLElement} body */
  function emptying(trash, body) {
    const typed = h("input", { id: "empty-trash", type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
    const press = h("button", { type: "submit", class: "danger", disabled: true }, "Empty the trash");
    typed.addEventListener("input", () => { press.disabled = typed.value.trim().toLowerCase() !== WORD; });
    return h("form", { class: "emptying", submit: async (event) => {
      event.preventDefault();
      if (press.disabled) return;
      press.disabled = true;
      try {
        const { purged } = await ImagelibApi.emptyTrash();
        ImagelibToast.show(`${ImagelibChanges.howMany(purged)} destroyed`);
      } catch (error) {
        ImagelibToast.fail(error);
      }
      await fill(body);
      body.closest("dialog")?.focus();
    } },
    h("label", { for: "empty-trash" }, `To destroy all of it for good and free ${bytes(trash.size_bytes)}, type “${WORD}”:`),
    h("span", { class: "beside" }, typed, press));
  }

  /** @param {number} size */
  function bytes(size) {
    const units = ["bytes", "KB", "MB", "GB", "TB"];
    const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, size)) / 3));
    const value = size / 1000 ** step;
    return `${step && value < 100 ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
  }

  return { bytes, open };
})();
