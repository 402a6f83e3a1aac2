// The viewer: one image in full, with everything that is known of it.
// Which image, and what Back does, is the business of gallery.js.
"use strict";

const ImagelibViewer = (() => {
  const { copy, mount, setText } = ImagelibDom;
  const dialog = /** @type {HTMLDialogElement} */ (mount("viewer"));
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (dialog.querySelector(`.${name}`));
  const picture = /** @type {HTMLImageElement} */ (part("picture"));
  const [newer, older] = [part("newer"), part("older")].map((e) => /** @type {HTMLButtonElement} */ (e));

  const tool = (/** @type {string} */ name) => /** @type {HTMLButtonElement} */ (dialog.querySelector(`[data-tool=${name}]`));
  const zoom = ImagelibZoom.start(part("stage"), picture, {
    flip: (step) => flip(step),
    swipe: (isDown) => swiped(isDown),
    tap: () => toggleBare(),
    scaled: (percent) => {
      // At each flip it would be read out with the name.
      part("zoom-level").ariaLive = zoom.isZoomed ? "polite" : "off";
      setText(part("zoom-level"), percent ? `${percent} %` : "");
    },
  });
  const PANEL = "imagelib.panel";
  const NARROW = matchMedia("(width < 52rem)");
  const TITLE = document.title;
  /** How long the slideshow shows each image, in ms. */
  const SLIDE = 4000;
  /** After how long what lies over a full picture goes, in ms. */
  const IDLE = 3000;
  /** After how long an original that did not come is asked for again at first, and at most, in ms. */
  const [RETRY, MOST_RETRY] = [2000, 60_000];

  /** @type {KnownRecord | null} */
  let shown = null;
  /** What was looked at before, to tell what changed. @type {KnownRecord | null} */
  let before = null;
  let slides = 0;
  let idle = 0;
  let isNeeded = false;
  let shownKey = "";
  /** Which picture is shown or on its way. */
  let pictureKey = "";
  /** Called with -1 or 1 to flip. @type {(step: number) => void} */
  let onFlip = () => {};
  /** @type {() => void} */
  let onClose = () => {};

  function start() {
    newer.addEventListener("click", () => flip(-1));
    older.addEventListener("click", () => flip(1));
    part("close").addEventListener("click", () => onClose());
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      back();
    });
    // Some browsers close at once on a second Escape, whatever "cancel" says.
    dialog.addEventListener("close", () => { if (shown) onClose(); });
    dialog.addEventListener("keydown", pressed);
    tool("zoom").addEventListener("click", zoom.toggle);
    tool("panel").addEventListener("click", togglePanel);
    tool("fullscreen").addEventListener("click", fullScreen);
    tool("fullscreen").hidden = !document.fullscreenEnabled;
    document.addEventListener("fullscreenchange", useRoom);
    for (const name of ["pointermove", "pointerdown", "keydown"]) dialog.addEventListener(name, stirred);
    tool("filmstrip").addEventListener("click", () => ImagelibFilmstrip.toggle(tool("filmstrip")));
    ImagelibFilmstrip.show(tool("filmstrip"));
    usePanel(hasPanel());
    tool("slideshow").addEventListener("click", () => play(!slides));
    tool("compare").addEventListener("click", compare);
    if (tool("share")) {
      ImagelibShare.start(tool("share"), () => ({
        title: ImagelibCard.nameOf(shown ?? {}), url: new URL(ImagelibCard.pageUrl(shown?.id ?? ""), location.href).href,
      }));
    }
    part("stage").addEventListener("click", (event) => {
      if (event.target === part("stage")) onClose();
    });
  }

  /** One step back: out of the zoom, out of the dark, out of the viewer. */
  function back() {
    if (zoom.isZoomed) zoom.reset();
    else if (dialog.hasAttribute("data-bare")) toggleBare();
    else onClose();
  }

  const hasPanel = () => (ImagelibKept.browser.get(PANEL) ?? byDefault()) !== "off";

  /** Where little is told of an image, the room beside it is the picture's; on a phone the panel takes none. */
  const byDefault = () => (dialog.hasAttribute("data-brief") && !NARROW.matches ? "off" : "on");

  /** @param {boolean} on */
  function showPanel(on) {
    const word = on ? "on" : "off";
    ImagelibKept.browser.set(PANEL, word === byDefault() ? null : word);
    usePanel(on);
  }

  function togglePanel() {
    const on = dialog.hasAttribute("data-without-panel");
    // What is called up for a moment over a full picture says nothing of how one looks at others.
    if (dialog.hasAttribute("data-full")) usePanel(on);
    else showPanel(on);
  }

  /** @param {boolean} on */
  function usePanel(on) {
    if (!on && part("panel").contains(document.activeElement)) dialog.focus();
    dialog.toggleAttribute("data-without-panel", !on && !isNeeded);
    tool("panel").setAttribute("aria-pressed", String(on || isNeeded));
  }

  /** While somebody writes in the panel it is there, whatever was put away. @param {boolean} on */
  function needPanel(on) {
    if (on === isNeeded) return;
    isNeeded = on;
    if (on) {
      play(false);
      dialog.removeAttribute("data-bare");
    }
    useRoom();
    usePanel(!dialog.hasAttribute("data-full") && hasPanel());
  }

  /** Lights out, or on again: only the picture. */
  function toggleBare() {
    if (isNeeded) return;
    dialog.toggleAttribute("data-bare");
    dialog.focus(); // keys would go nowhere from what has vanished
  }

  /** Down leads out, up to what is known of the image. @param {boolean} isDown */
  function swiped(isDown) {
    if (isDown && hasPanel() && NARROW.matches) showPanel(false);
    else if (isDown) onClose();
    else showPanel(true);
  }

  function fullScreen() {
    if (document.fullscreenElement) void document.exitFullscreen();
    // Of the whole page, or messages, menus and forms would be behind it. Where it is not allowed, nothing
    // happens that one could mend.
    else document.documentElement.requestFullscreen().catch(() => {});
  }

  /** In full screen and in the slideshow, the picture has all of it. */
  function useRoom() {
    const isFull = !isNeeded && (slides !== 0 || document.fullscreenElement !== null);
    if (isFull === dialog.hasAttribute("data-full")) return;
    dialog.toggleAttribute("data-full", isFull);
    usePanel(!isFull && hasPanel());
    stirred();
  }

  /** What lies over a full picture is there while something stirs. */
  function stirred() {
    clearTimeout(idle);
    dialog.removeAttribute("data-idle");
    if (dialog.hasAttribute("data-full")) idle = setTimeout(() => dialog.toggleAttribute("data-idle", true), IDLE);
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.defaultPrevented || !ImagelibHelp.isCommand(event) && !(arrow && !isField(event))) return;
    if (!shown || (arrow && event.target instanceof HTMLMediaElement)) return; // it seeks
    if (arrow && zoom.isZoomed) zoom.pan(-80 * arrow[0], -80 * arrow[1]);
    else if (arrow?.[0]) flip(arrow[0]);
    else if (event.key === "j" || event.key === "k") flip(event.key === "j" ? 1 : -1);
    else if (event.key === "z") zoom.toggle();
    else if (event.key === "+" || event.key === "=") zoom.zoom(1.5);
    else if (event.key === "-") zoom.zoom(1 / 1.5);
    else if (event.key === "p") play(!slides);
    else if (event.key === "c") compare();
    else if (event.key === "i") togglePanel();
    else if (event.key === "l") toggleBare();
    else if (event.key === "g") ImagelibFilmstrip.toggle(tool("filmstrip"));
    else if (event.key === "F") fullScreen();
    else if (event.key === "y") void copy(shown.prompt_text ?? "", tool("copied"));
    else if (event.key === "Y") void copy(ImagelibInfotext.write(shown), tool("copied"));
    else return;
    event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  const isField = (event) => event.ctrlKey || event.metaKey || event.altKey || ImagelibDom.isWriting(event.target);

  /** By hand: the slideshow is over then. @param {number} step */
  function flip(step) {
    play(false);
    onFlip(step);
  }

  /** @param {boolean} on */
  function play(on) {
    clearInterval(slides);
    slides = on ? setInterval(() => (older.disabled ? play(false) : onFlip(1)), SLIDE) : 0;
    tool("slideshow").setAttribute("aria-pressed", String(on));
    useRoom();
  }

  function compare() {
    play(false);
    if (!shown || ImagelibFilm.isFilm(shown)) return;
    void ImagelibCompare.open(shown, async (record, step) => {
      const { rows } = ImagelibGrid;
      const pk = await ImagelibIndex.locate(record.id);
      const row = pk === null ? undefined : rows[rows.indexOf(ImagelibIndex.columns.rowOf(pk)) + step];
      return row === undefined ? null : ImagelibIndex.recordAt(row);
    });
  }

  /**
   * Show an image. `place` says where it stands among what is shown, and what that is if not images.
   * @param {KnownRecord} record @param {{item: number, of: number, what: string}} place
   */
  function show(record, { item, of, what }) {
    // Records are made anew for each showing: what an image is, its number says.
    const same = shown?.pk === record.pk;
    if (!same) before = shown;
    shown = record;
    const name = ImagelibCard.nameOf(record) || "Image";
    dialog.setAttribute("aria-label", name.slice(0, 200));
    const position = item < 0 ? "" : `${(item + 1).toLocaleString("en")} of ${of.toLocaleString("en")}${what}`;
    setText(part("position"), position);
    setText(part("shown-name"), name);
    document.title = [name.slice(0, 80), position, TITLE].filter(Boolean).join(" – ");
    // Who cannot see it flip hears of it.
    if (!same && dialog.open) setText(tool("copied"), `${name.slice(0, 200)}, ${position}`);
    ImagelibFilmstrip.show(tool("filmstrip"), item);
    newer.disabled = item <= 0;
    older.disabled = item < 0 || item >= of - 1;
    if (!same) zoom.reset();
    showPicture(record, name);
    const key = JSON.stringify(record);
    // What somebody has selected stays selected.
    if (key !== shownKey) mount("panel").replaceChildren(...ImagelibPanel.elements(record, before));
    shownKey = key;
    if (!dialog.open) {
      dialog.showModal();
      // Its name is read, not that of its first button.
      dialog.focus();
    }
    if (!same) {
      part("panel").scrollTop = 0;
      document.dispatchEvent(new CustomEvent("imagelib:viewer-open", { detail: { id: record.id } }));
    }
  }

  /** The thumbnail at once, the original when it is there. @param {KnownRecord} record @param {string} name */
  function showPicture(record, name) {
    const missing = record.file_state === "missing";
    picture.alt = name;
    // Texts, ratings and a thumbnail that comes late are no reason to begin again.
    const key = JSON.stringify([record.pk, record.digest, record.file_name, record.has_thumbnail, missing]);
    if (key === pictureKey) return;
    pictureKey = key;
    const isShown = () => pictureKey === key;
    const note = part("no-original");
    note.hidden = true;
    ImagelibFilm.stop();
    const isFilm = ImagelibFilm.isFilm(record);
    for (const name of ["zoom", "compare"]) tool(name).hidden = isFilm;
    picture.hidden = isFilm || (!record.has_thumbnail && missing);
    zoom.fit(record);
    if (record.has_thumbnail) picture.src = ImagelibCard.thumbnailUrl(record);
    else picture.removeAttribute("src");
    const say = (/** @type {string} */ text) => {
      setText(note, record.has_thumbnail ? `${text} This is its preview.` : text);
      note.hidden = false;
    };
    if (missing) {
      say("The file is missing.");
      return;
    }
    if (!record.file_name) return; // its name is still on its way
    if (isFilm) {
      ImagelibFilm.show(record, name, () => {
        ImagelibFilm.stop();
        picture.hidden = !record.has_thumbnail;
        say("The original cannot be played here.");
      });
      return;
    }
    load(ImagelibCard.pictureUrl(record), isShown, (url) => {
      note.hidden = true;
      if (url) picture.src = url;
      else say("The original cannot be shown here.");
    });
  }

  /**
   * Load a picture, and say "" if it cannot be had: then it is tried again, ever more seldom, as a
   * connection may come back. @param {string} url @param {() => boolean} isWanted @param {(url: string) => void} said
   */
  function load(url, isWanted, said, wait = RETRY) {
    const original = new Image();
    original.onload = () => { if (isWanted()) said(url); };
    original.onerror = () => {
      if (!isWanted()) return;
      said("");
      if (wait <= MOST_RETRY) setTimeout(() => { if (isWanted()) load(url, isWanted, said, 2 * wait); }, wait);
    };
    original.src = url;
  }

  /** Get the pictures beside this one, so that flipping is instant. @param {KnownRecord[]} records */
  function preload(records) {
    for (const record of records) {
      const url = record?.id && record.file_state !== "missing" ? ImagelibCard.pictureUrl(record) : "";
      if (url) new Image().src = url;
    }
  }

  function close() {
    if (!shown) return;
    shown = null;
    before = null;
    pictureKey = "";
    play(false);
    picture.removeAttribute("src");
    ImagelibFilm.stop();
    setText(tool("copied"), "");
    dialog.removeAttribute("data-bare");
    document.title = TITLE;
    if (document.fullscreenElement) void document.exitFullscreen();
    dialog.close();
    document.dispatchEvent(new CustomEvent("imagelib:viewer-close"));
  }

  return {
    close,
    /** The id of the image that is shown, or "". */
    get id() { return shown?.id ?? ""; },
    needPanel,
    /** @param {(step: number) => void} flip */
    onFlip: (flip) => { onFlip = flip; },
    /** @param {() => void} closing */
    onClose: (closing) => { onClose = closing; },
    picture,
    preload,
    show,
    start,
  };
})();
