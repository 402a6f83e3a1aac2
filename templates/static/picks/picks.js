// What the visitor of a publication says of its images, kept in this browser under the publication's id.
// What was taken back stays as an item that says nothing: whoever merges it must hear of that, too.
"use strict";

const ImagelibPicks = (() => {
  const { browser } = ImagelibKept;
  const { publication = "", picks = "", picksMax = "" } = document.documentElement.dataset;
  const STORED = `imagelib.picks.${publication}`;
  /** What a visitor may say: favourite, stars, comment. */
  const KINDS = picks.split(" ");
  const MAX = Number(picksMax) || Infinity;
  const MAX_NOTE = 2000;
  const MAX_ITEMS = 10_000;
  /** Of so many images, whatever is allowed. */
  const MOST = Math.min(MAX, MAX_ITEMS);
  const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/;
  const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  /** The last moment of the years that a moment can say. */
  const LAST = Date.parse("9999-12-31T23:59:59.999Z");
  /** @type {(() => void)[]} */
  const listeners = [];
  let isKept = true;

  /** What this browser keeps; a beginning, if that is nothing of ours. @returns {PickFile} */
  function readKept() {
    return checked(browser.members(STORED)) ?? { imagelib: "picks", format: 1, publication, key: newKey(), who: "", items: {} };
  }

  /**
   * A file of picks of this publication, or null: links and storages are written by anybody.
   * @param {Record<string, unknown> | null} value @returns {PickFile | null}
   */
  function checked(value) {
    const { imagelib, format, publication: of, key, who, items } = value ?? {};
    if (imagelib !== "picks" || format !== 1 || of !== publication || !isId(key) || typeof who !== "string" || who.length > 100
        || typeof items !== "object" || items === null || Object.keys(items).length > MAX_ITEMS) return null;
    /** @type {Record<string, PickItem>} */
    const found = {};
    for (const [id, item] of Object.entries(items)) {
      const { heart = false, stars = 0, note = "", at } = item ?? {};
      if (!isId(id) || typeof heart !== "boolean" || !Number.isInteger(stars) || stars < 0 || stars > 5
          || typeof note !== "string" || note.length > MAX_NOTE || typeof at !== "string" || !MOMENT.test(at)) return null;
      found[id] = { heart, stars, note, at };
    }
    return { imagelib, format, publication, key, who, items: found };
  }

  /** @param {unknown} value @returns {value is string} */
  const isId = (value) => typeof value === "string" && UUID.test(value);

  /** A random UUID; `crypto.randomUUID` is not there on plain http. */
  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  /** @param {PickItem} item */
  const says = ({ heart, stars, note }) => heart || stars > 0 || note !== "";

  /** What is said of an image. @param {string} id @returns {PickItem} */
  const of = (id) => state.items[id] ?? { heart: false, stars: 0, note: "", at: "" };

  /** The ids of the images that are picked. */
  const ids = () => Object.keys(state.items).filter((id) => says(state.items[id]));

  /** Now, but never before what was said last: a clock may go back. @param {string} before */
  const now = (before) => new Date(Math.min(LAST, Math.max(Date.now(), (Date.parse(before) || 0) + 1))).toISOString();

  /**
   * Say something of an image; returns why that cannot be, or "".
   * @param {string} id @param {Partial<PickItem>} change
   */
  function set(id, change) {
    takeOver();
    const before = of(id);
    const item = { ...before, ...change };
    if (item.heart === before.heart && item.stars === before.stars && item.note === before.note) return "";
    if (says(item) && !says(before) && ids().length >= MOST) {
      return `You can pick ${MOST.toLocaleString("en")} images. Take one back first.`;
    }
    state.items[id] = { ...item, at: now(before.at) };
    save();
    return "";
  }

  /** Another tab may have said something since. */
  function takeOver() {
    const kept = isKept ? checked(browser.members(STORED)) : null;
    if (kept) state = kept;
  }

  function save() {
    isKept = browser.put(STORED, state);
    for (const listener of listeners) listener();
  }

  /**
   * Join what somebody sends to one's own: it is said by the visitor of this browser, now. Returns how many
   * are more than there may be.
   * @param {PickFile} file
   */
  function join(file) {
    takeOver();
    const more = Object.entries(file.items).filter(([id, item]) => says(item) && !says(of(id)));
    const room = MOST - ids().length;
    for (const [id, item] of more.slice(0, room)) state.items[id] = { ...item, at: now(of(id).at) };
    save();
    return Math.max(0, more.length - room);
  }

  /** Go on with what the same visitor said elsewhere; of one's own, only what is of the same key stays. @param {PickFile} file */
  function goOn(file) {
    takeOver();
    const own = file.key === state.key ? state.items : {};
    const items = { ...file.items };
    for (const [id, item] of Object.entries(own)) if (!items[id] || items[id].at <= item.at) items[id] = item;
    state = { ...file, items };
    save();
  }

  let state = readKept();
  window.addEventListener("storage", ({ key }) => {
    if (key !== null && key !== STORED) return;
    state = readKept();
    for (const listener of listeners) listener();
  });

  return {
    KINDS,
    MAX,
    MAX_NOTE,
    checked,
    /** All that is sent. @returns {PickFile} */
    get file() { return state; },
    goOn,
    ids,
    join,
    of,
    /** @param {() => void} listener */
    onChange: (listener) => void listeners.push(listener),
    says,
    set,
    /** What has to be said where this browser keeps nothing, or is full; else "". */
    get warning() {
      return isKept ? "" : "This browser keeps nothing of this page. Send your picks before you leave it.";
    },
    get who() { return state.who; },
    set who(who) {
      if (who === state.who) return;
      takeOver();
      state.who = who;
      save();
    },
  };
})();
