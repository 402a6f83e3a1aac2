// @ts-check
// Edits that the daemon was not there for. They are kept in this tab, also through a reload, and
// sent in their order when it answers again. Each may be sent twice: it says what shall be, not
// what to add.
"use strict";

const ImagelibOutbox = (() => {
  const KEY = "imagelib.outbox";
  /**
   * @typedef {{kind: "batch", body: BatchBody} | {kind: "save", fields: Partial<ImageFields>, base: ImageRecord}} Letter
   */
  /** @param {unknown} a @param {unknown} b */
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  /** @type {Letter[]} */
  let letters = read();
  let flushing = false;

  /** @returns {Letter[]} */
  function read() {
    try {
      return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    } catch {
      return [];
    }
  }

  function write() {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(letters));
    } catch {
      // They are still in memory.
    }
  }

  /** Behind a save of the same image it goes along with that: one image is at one version. @param {Letter} letter */
  function put(letter) {
    const last = letters.at(-1);
    if (letter.kind === "save" && last?.kind === "save" && last.base.id === letter.base.id && !(flushing && letters.length === 1)) {
      last.fields = { ...last.fields, ...letter.fields };
    } else {
      letters.push(letter);
    }
    write();
    tell(true);
  }

  /** Nothing of what was written into this image is wanted any more. @param {string} id */
  function withdraw(id) {
    const sent = flushing ? 1 : 0;
    letters = letters.filter((letter, place) => place < sent || letter.kind !== "save" || letter.base.id !== id);
    write();
    if (!letters.length) tell(false);
  }

  /** Say how things stand. @param {boolean} lost whether the daemon does not answer */
  function tell(lost) {
    const waiting = letters.length ? ` ${letters.length} edit${letters.length === 1 ? " is" : "s are"} kept and will be sent when it is back.` : "";
    ImagelibToast.hold("daemon", lost ? `The daemon does not answer.${waiting}` : "");
  }

  /** Send what waits. */
  async function flush() {
    if (flushing || !letters.length) return;
    flushing = true;
    let saved = 0;
    try {
      while (letters.length) {
        saved += Number(await ImagelibEdits.inOrder(() => deliver(letters[0])));
        letters = letters.slice(1);
        write();
      }
      // What was refused has said so itself.
      if (saved) ImagelibToast.show(`${saved} edit${saved === 1 ? "" : "s"} saved now`);
      void ImagelibChanges.poll();
    } catch (error) {
      if (!(error instanceof ImagelibApi.Refusal)) throw error;
      tell(true);
    } finally {
      flushing = false;
    }
  }

  /** Whether it is saved; throws only if the daemon is away again. @param {Letter} letter */
  async function deliver(letter) {
    try {
      if (letter.kind === "batch") await ImagelibApi.batch(letter.body);
      else await ImagelibApi.save(letter.base.id, letter.base.version, letter.fields);
      return true;
    } catch (error) {
      if (!(error instanceof ImagelibApi.Refusal) || error.isAbsence) throw error;
      if (letter.kind === "save") return refused(letter, error);
      ImagelibToast.fail(error);
      return false;
    }
  }

  /** Whether it is saved all the same. @returns {Promise<boolean> | boolean} @param {Extract<Letter, {kind: "save"}>} letter @param {InstanceType<typeof ImagelibApi.Refusal>} error */
  function refused({ fields, base }, error) {
    const now = error.current;
    const names = /** @type {FieldName[]} */ (Object.keys(fields));
    // It did arrive, only its answer was lost.
    if (now && names.every((name) => same(fields[name], now[name]))) return true;
    // What changed meanwhile are other fields.
    if (now && names.every((name) => same(base[name], now[name]))) return deliver({ kind: "save", fields, base: now });
    ImagelibDrafts.keep(base.id, { fields, base });
    ImagelibToast.show(`Not saved: ${error.message} Your text is kept.`, {
      bad: true, actions: [["Show", () => void ImagelibGallery.open(base.id)]],
    });
    return false;
  }

  return { flush, put, get size() { return letters.length; }, tell, withdraw };
})();
