// Sends what waits in the outbox, in its order, as soon as the daemon answers again. Each edit may be sent
// twice: it says what shall be, not what to add.
"use strict";

const ImagelibDelivery = (() => {
  /** @param {unknown} a @param {unknown} b */
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  /** Send what waits. */
  async function flush() {
    if (!ImagelibOutbox.size) return;
    try {
      const saved = await ImagelibOutbox.empty((letter) => ImagelibEdits.inOrder(() => deliver(letter)));
      if (saved === null) return;
      // What was refused has said so itself.
      if (saved) ImagelibToast.show(`${saved} edit${saved === 1 ? "" : "s"} saved now`);
      void ImagelibChanges.poll();
    } catch (error) {
      if (!(error instanceof ImagelibApi.Refusal)) throw error;
      ImagelibOutbox.tell(true);
    }
  }

  /** Whether it is saved; throws only if the daemon is away again. @param {Letter} letter @returns {Promise<boolean>} */
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

  /** Whether it is saved all the same. @param {Extract<Letter, {kind: "save"}>} letter @param {InstanceType<typeof ImagelibApi.Refusal>} error */
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

  ImagelibChanges.onAnswer((isThere) => {
    ImagelibOutbox.tell(!isThere);
    if (isThere) void flush();
  });

  return { flush };
})();
