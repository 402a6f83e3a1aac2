// Making albums, and what only one who may edit does in one: put images in order by dragging a tile or with Alt and
// the arrows, write its text, choose its cover. Undo puts back what was before.
"use strict";

const ImagelibAlbumEditing = (() => {
  const { h, mount, nextFrame, setText } = ImagelibDom;
  const list = mount("grid");
  /** The text of an album has at most so many characters. */
  const MOST = 5000;
  /** How long nothing is typed before it is looked who has a tag, in milliseconds. */
  const TYPING = 250;
  const mark = h("div", { class: "drop-mark", "aria-hidden": "true", hidden: true });
  const writing = h("button", { type: "button", class: "small", click: () => write() });
  /** The pk of the tile that is dragged, or -1. */
  let dragged = -1;

  /** The album whose order is on the screen, so that images can be moved in it; or null. */
  const movable = () => {
    const { inAlbum, isStacked } = ImagelibGallery;
    return inAlbum?.isOrdered && !isStacked ? inAlbum.album : null;
  };

  /** @param {Album} album */
  const show = (album) => ImagelibIndex.setAlbums([...(ImagelibIndex.albums ?? []).filter(({ tag }) => tag !== album.tag), album]
    .sort((a, b) => (a.tag < b.tag ? -1 : 1)));

  /** The id of an image; "" if it is gone. @param {number} pk */
  const idOf = async (pk) => (await ImagelibIndex.file(pk))?.id ?? "";

  /** @param {number[]} pks */
  const idsOf = async (pks) => (await Promise.all(pks.map(idOf))).filter(Boolean);

  /**
   * Change an album, on the page at once, and say so with a way back.
   * @param {Album} before @param {Partial<Album>} now @param {() => Promise<AlbumChange>} asked
   * @param {string} said @param {(() => Promise<AlbumChange>) | null} back
   */
  async function change(before, now, asked, said, back) {
    // "Undo" of an earlier change would put back what was before this one, too.
    ImagelibToast.clear();
    show({ ...before, ...now });
    try {
      await ImagelibQueue.inTurn(async () => ImagelibApi.changeAlbum(before.tag, await asked()));
      ImagelibToast.show(said, { actions: back
        ? [["Undo", () => void change({ ...before, ...now }, before, back, `${said}: undone`, asked)]] : [] });
    } catch (error) {
      show(before);
      ImagelibToast.fail(error);
    }
  }

  /** Put an image in front of another one, or with -1 at the end. @param {Album} album @param {number} pk @param {number} ahead */
  async function move(album, pk, ahead) {
    const order = Array.from(ImagelibGallery.rows, (row) => ImagelibIndex.columns.pk[row]);
    const pks = ImagelibMoving.moved(order, pk, ahead);
    if (pks.join() === order.join()) return;
    const behind = ImagelibMoving.follower(order, pk);
    const to = async (/** @type {number} */ place) => ({ ids: [await idOf(pk)], before: place < 0 ? null : await idOf(place) });
    void change(album, { pks }, () => to(ahead), "Moved", () => to(behind));
    // The tile loses the focus where it comes to stand among others.
    await nextFrame();
    ImagelibGrid.reveal(pk, true);
  }

  // -- by the mouse -------------------------------------------------------------

  /** Between which tiles the pointer is: in front of which one, or -1 for the end. @param {DragEvent} event */
  function placeOf(event) {
    const card = event.target instanceof Element ? event.target.closest(".card") : null;
    if (!(card instanceof HTMLElement)) return null;
    const box = card.getBoundingClientRect();
    const isList = ImagelibView.shape === "list";
    const isAfter = isList ? event.clientY > box.top + box.height / 2 : event.clientX > box.left + box.width / 2;
    const pk = Number(card.dataset.pk);
    const order = Array.from(ImagelibGallery.rows, (row) => ImagelibIndex.columns.pk[row]);
    return { ahead: isAfter ? ImagelibMoving.follower(order, pk) : pk, box, isAfter, isList };
  }

  function startDrag() {
    list.addEventListener("dragstart", (event) => {
      const card = event.target instanceof Element ? event.target.closest(".card") : null;
      dragged = card instanceof HTMLElement && movable() ? Number(card.dataset.pk) : -1;
    });
    list.addEventListener("dragover", (event) => {
      const place = dragged < 0 ? null : placeOf(event);
      if (!place) return;
      event.preventDefault();
      event.stopPropagation();  // it is no picture that is to be added
      const { box, isAfter, isList } = place;
      mark.hidden = false;
      document.body.append(mark);
      mark.style.transform = isList ? `translate(${box.left}px, ${isAfter ? box.bottom : box.top}px)`
        : `translate(${isAfter ? box.right : box.left}px, ${box.top}px)`;
      mark.style.width = isList ? `${box.width}px` : "";
      mark.style.height = isList ? "" : `${box.height}px`;
    });
    list.addEventListener("drop", (event) => {
      const [album, place] = [movable(), placeOf(event)];
      if (dragged < 0 || !album || !place) return;
      event.preventDefault();
      event.stopPropagation();
      void move(album, dragged, place.ahead);
    });
    document.addEventListener("dragend", () => {
      dragged = -1;
      mark.hidden = true;
    });
  }

  // -- by the keys --------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const card = document.activeElement?.closest(".card");
    if (!step || !event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !(card instanceof HTMLElement)) return;
    const album = movable();
    if (!album || ImagelibViewer.id || ImagelibDialog.isOpen) return;
    event.preventDefault();  // the browser would go back
    const pk = Number(card.dataset.pk);
    const order = Array.from(ImagelibGallery.rows, (row) => ImagelibIndex.columns.pk[row]);
    const ahead = ImagelibMoving.stepped(order, pk, step);
    if (ahead === null) return;
    void move(album, pk, ahead);
  }

  // -- text, cover, making --------------------------------------------------------

  /** Write the text of the album that is shown. */
  function write() {
    const album = ImagelibGallery.inAlbum?.album;
    if (!album) return;
    const text = h("textarea", { id: "album-text", rows: "8", maxlength: String(MOST) });
    text.value = album.text;
    const dialog = ImagelibDialog.open(`Album ${album.tag}`, [h("form", { class: "fields", submit: (event) => {
      event.preventDefault();
      dialog.close();
      const now = text.value.trim();
      if (now !== album.text) void change(album, { text: now }, async () => ({ text: now }), "Text saved", async () => ({ text: album.text }));
    } }, h("label", { for: "album-text" }, "Text of the album"), text,
    h("p", {}, h("button", { type: "submit", class: "primary" }, "Save"), " ",
      h("button", { type: "button", click: () => {
        dialog.close();
        void forget(album);
      } }, "No album any more")))]);
    text.focus();
  }

  /** Forget order, text and cover; the tag stays. @param {Album} album */
  async function forget(album) {
    const pks = Array.from(album.pks);
    try {
      const [ids, cover] = await Promise.all([idsOf(pks), idOf(album.cover)]);
      await ImagelibQueue.inTurn(() => ImagelibApi.forgetAlbum(album.tag));
      ImagelibIndex.setAlbums((ImagelibIndex.albums ?? []).filter(({ tag }) => tag !== album.tag));
      ImagelibToast.show(`${album.tag} is no album any more`, { actions: [["Undo", () =>
        void change(album, {}, async () => ({ ids, text: album.text, ...(cover && { cover }) }), `${album.tag} is an album again`, null)]] });
    } catch (error) {
      ImagelibToast.fail(error);
    }
  }

  /** Make an album of a tag that images carry, in the order given. @param {string} tag @param {string[]} ids @param {number[]} pks @param {((tag: string) => void) | null} then  Goes on with it, instead of a message. */
  async function make(tag, ids, pks = [], then = null) {
    try {
      const { tag: name } = await ImagelibQueue.inTurn(() => ImagelibApi.changeAlbum(tag, ids.length ? { ids } : {}));
      const known = (ImagelibIndex.albums ?? []).find((album) => album.tag === name);
      const rest = Array.from(known?.pks ?? []).filter((pk) => !pks.includes(pk));
      const album = { tag: name, text: known?.text ?? "", cover: known?.cover ?? 0, pks: [...pks, ...rest] };
      show(album);
      if (then) then(name);
      else ImagelibToast.show(`${name} is an album`, { actions: [
        ["Show", () => ImagelibGallery.follow(`tag:${ImagelibQuery.quote(name)}`)],
        ...(known ? [] : [/** @type {[string, () => void]} */ (["Undo", () => void forget(album)])]),
      ] });
    } catch (error) {
      ImagelibToast.fail(error);
    }
  }

  /** Ask for a name, tag what is selected with it, and let it be an album in the order that is shown. @param {((tag: string) => void) | null} then  Goes on with its tag. */
  function ask(then = null) {
    const { columns } = ImagelibIndex;
    const chosen = Array.from(ImagelibGallery.rows, (row) => columns.pk[row]).filter(ImagelibSelection.has);
    const pks = [...new Set([...chosen, ...ImagelibSelection.pks()])];
    const name = h("input", { id: "album-name", type: "text", required: true, maxlength: "100", autocomplete: "off", autocapitalize: "none" });
    const names = h("datalist", { id: "album-names" }, ...(ImagelibIndex.albums ?? []).map(({ tag }) => h("option", { value: tag })));
    name.setAttribute("list", "album-names");
    const usual = `${then ? "They become an album first: they" : "The images"} get this tag and stand in the order in which you see them.`;
    const hint = h("p", { class: "hint", role: "status" }, usual);
    let timer = 0;
    name.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const tag = name.value.trim();
        const count = tag ? await ImagelibApi.count(`tag:${ImagelibQuery.quote(tag)}`).catch(() => 0) : 0;
        if (name.value.trim() !== tag) return;
        setText(hint, count ? `${ImagelibChanges.howMany(count)} ${count === 1 ? "has" : "have"} this tag already, and will be in it, too.` : usual);
      }, TYPING);
    });
    const dialog = ImagelibDialog.open(`${then ? "Publish" : "Album of"} ${ImagelibChanges.howMany(pks.length)}`, [h("form", { class: "fields", submit: (event) => {
      event.preventDefault();
      const tag = name.value.trim();
      if (!tag) return;
      dialog.close();
      const target = ImagelibSelection.target();
      void idsOf(pks).then(async (ids) => {
        if (await ImagelibEdits.apply(target, { edit: { add_tags: [tag] } }, `Tagged ${tag}`)) await make(tag, ids, pks, then);
      });
    } }, h("label", { for: "album-name" }, "Name of the album, which is a tag"), name, names, hint,
    h("p", {}, h("button", { type: "submit", class: "primary" }, then ? "Make the album and go on" : "Make the album")))]);
    name.focus();
  }

  /** @param {number} pk */
  function coverEntries(pk) {
    const album = ImagelibGallery.inAlbum?.album;
    if (!album || album.cover === pk) return [];
    const asked = async (/** @type {number} */ cover) => ({ cover: (cover && await idOf(cover)) || null });
    return [{ label: "Use as cover", press: () =>
      void change(album, { cover: pk }, () => asked(pk), "Cover chosen", () => asked(album.cover)) }];
  }

  function start() {
    document.querySelector("[data-slot=album]")?.append(writing);
    document.addEventListener("imagelib:asked", () => {
      setText(writing, ImagelibGallery.inAlbum?.album.text ? "Edit text" : "Add a text");
    });
    document.addEventListener("keydown", pressed);
    startDrag();
    ImagelibImageMenu.add(({ record: { pk } }) => coverEntries(pk));
    ImagelibHelp.add("Album", [["Alt+←  Alt+→", "move the image, in the order of an album"]]);
  }

  return { ask, make, start };
})();
