// The trash: what was deleted and how it looked, the way back for one or all, and the end of it,
// which has to be typed.
"use strict";

const ImagelibTrashDialog = (() => {
  const { h } = ImagelibDom;
  const { turns } = ImagelibTasks;
  const begin = turns();
  /** So many rows are asked for at once; further ones as one comes near. */
  const PAGE = 100;
  /** What has to be typed to destroy. */
  const WORD = "empty";
  /** A picture that is refused is asked for again so often, the first time after so long. */
  const MOST_TRIES = 6;
  const RETRY_MS = 500;

  async function open() {
    const body = h("div", { class: "trash" });
    ImagelibDialog.open("Trash", [body]);
    await fill(body);
  }

  /** @param {HTMLElement} body */
  async function fill(body) {
    const isLast = begin();
    let trash;
    try {
      trash = await ImagelibApi.trash(PAGE);
      if (!isLast()) return;
    } catch (error) {
      body.replaceChildren(h("p", { class: "trouble" }, /** @type {Error} */ (error).message));
      return;
    }
    if (!trash.total) {
      body.replaceChildren(h("p", { class: "empty" }, "The trash is empty."));
      return;
    }
    const list = h("ul", { class: "rows", "aria-label": "Deleted images" });
    body.replaceChildren(
      h("p", { class: "trash-head" },
        h("span", { class: "hint" }, `${ImagelibChanges.howMany(trash.total)}, ${ImagelibPanel.bytes(trash.size_bytes)}`),
        h("button", { type: "button", click: () => void restoreAll(body) }, "Restore all")),
      list, emptying(trash, body));
    add(list, trash, body);
  }

  /** @param {HTMLElement} list @param {TrashPage} page @param {HTMLElement} body */
  function add(list, page, body) {
    list.append(...page.items.map((item) => row(item, body)));
    const cursor = page.next ?? "";
    if (!cursor) return;
    const more = h("li", { class: "row" }, h("button", { type: "button", click: () => void follow() }, "Show more"));
    list.append(more);
    const watcher = new IntersectionObserver(([{ isIntersecting }]) => { if (isIntersecting) void follow(); }, { rootMargin: "600px" });
    watcher.observe(more);

    async function follow() {
      watcher.disconnect();
      try {
        const next = await ImagelibApi.trash(PAGE, cursor);
        const hadFocus = more.contains(document.activeElement);
        more.remove();
        const count = list.children.length;
        add(list, next, body);
        if (hadFocus) list.children[count]?.querySelector("button")?.focus();
      } catch (error) {
        ImagelibToast.fail(error);
      }
    }
  }

  /** @param {TrashedRecord} item @param {HTMLElement} body */
  function row(item, body) {
    const name = ImagelibCard.nameOf(item);
    const picture = h("img", { class: "row-picture", alt: "", width: "48", height: "48", loading: "lazy", decoding: "async",
      error: () => showLater(picture, item.thumbnail_url) });
    if (item.has_file) picture.src = item.thumbnail_url;
    return h("li", { class: "row" }, picture,
      h("span", { class: "row-text" }, h("strong", {}, name),
        h("span", { class: "soft" }, `deleted ${ImagelibDates.here(item.deleted_at, 10)}, ${ImagelibPanel.bytes(item.size_bytes)}${item.has_file ? "" : ", without its file"}`)),
      h("span", { class: "beside" },
        h("button", { type: "button", "aria-label": `Restore ${name}`, click: () => void restore([item.id], body) }, "Restore"),
        destroying(item, name, body)));
  }

  /** A button that is pressed twice: what it does is for good. @param {TrashedRecord} item @param {string} name @param {HTMLElement} body */
  function destroying(item, name, body) {
    let isAsked = false;
    const ask = (/** @type {boolean} */ now) => {
      isAsked = now;
      button.textContent = now ? "For good?" : "Destroy";
      button.classList.toggle("danger", now);
      button.setAttribute("aria-label", now ? `Really destroy ${name} for good` : `Destroy ${name}`);
    };
    const button = h("button", { type: "button", blur: () => ask(false), click: async () => {
      if (!isAsked) {
        ask(true);
        return;
      }
      try {
        await ImagelibApi.destroy(item.id);
        ImagelibToast.show(`${name} is destroyed`);
      } catch (error) {
        ImagelibToast.fail(error);
      }
      await fill(body);
      focusFirst(body);
    } });
    ask(false);
    return button;
  }

  /** @param {HTMLElement} body */
  const focusFirst = (body) => /** @type {HTMLElement | null} */ (body.querySelector("li")?.querySelector("button") ?? body.closest("dialog"))?.focus();

  /**
   * Asks for a picture again: while many are decoded the daemon refuses further ones.
   * @param {HTMLImageElement} picture @param {string} url
   */
  function showLater(picture, url) {
    const tries = Number(picture.dataset.tries ?? 0);
    picture.removeAttribute("src");
    picture.dataset.tries = String(tries + 1);
    if (tries < MOST_TRIES) setTimeout(() => { if (picture.isConnected) picture.src = url; }, RETRY_MS * 2 ** tries);
  }

  /** @param {string[]} ids @param {HTMLElement} body */
  async function restore(ids, body) {
    await ImagelibEdits.apply({ ids }, { restore: true }, "Restored");
    await fill(body);
    focusFirst(body);
  }

  /** @param {HTMLElement} body */
  async function restoreAll(body) {
    /** @type {string[]} */
    const ids = [];
    try {
      /** @type {string | null} */
      let cursor = "";
      while (cursor !== null) {
        /** @type {TrashPage} */
        const page = await ImagelibApi.trash(500, cursor);
        ids.push(...page.items.map(({ id }) => id));
        cursor = page.next;
      }
    } catch (error) {
      ImagelibToast.fail(error);
      return;
    }
    await restore(ids, body);
  }

  /** @param {TrashPage} trash @param {HTMLElement} body */
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
    h("label", { for: "empty-trash" }, `To destroy all of it for good and free ${ImagelibPanel.bytes(trash.size_bytes)}, type “${WORD}”:`),
    h("span", { class: "beside" }, typed, press));
  }

  return { open };
})();
