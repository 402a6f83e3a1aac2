// What this tab has done, and the way back: undo takes back the edit that was the last one when it was
// asked for, also if that is still being saved, and never one that somebody else has made.
"use strict";

const ImagelibUndo = (() => {
  const { h } = ImagelibDom;
  const { tab } = ImagelibKept;
  const { inTurn } = ImagelibQueue;
  const KEY = "imagelib.done";
  const MOST = 200;
  /** A query has room for so many ids. */
  const MOST_SHOWN = 100;
  /** What was done before is not what somebody at this page remembers: an hour before it was loaded. */
  const SINCE = performance.timeOrigin - 3_600_000;

  /**
   * One thing that was done here: the batch it made, and when, in milliseconds.
   * @typedef {{batch: string, at: number}} Step
   * An edit that was asked for: `step` once it is saved, `isAsked` once the daemon was told of it.
   * @typedef {{step: Step | null, isAsked: boolean}} Edit
   */

  /** Those of before a reload. @type {Step[]} */
  const kept = tab.list(KEY);
  /** What may be taken back, the last one last. @type {Edit[]} */
  const edits = kept.filter(({ batch }) => batch).map((step) => ({ step, isAsked: true }));
  /** What was taken back and may be done again. @type {{action: string, images: string[]}[]} */
  let undone = [];
  /** The edit that is being saved. @type {Edit | null} */
  let running = null;

  function write() {
    const steps = edits.flatMap(({ step }) => (step ? [step] : []));
    tab.put(KEY, steps.slice(-MOST));
  }

  /** An edit takes its place as it is asked for, so that what comes later stands behind it. */
  function begin() {
    /** @type {Edit} */
    const edit = { step: null, isAsked: false };
    edits.push(edit);
    return {
      run: () => { running = edit; },
      end: () => {
        running = null;
        if (!edit.step && edits.includes(edit)) edits.splice(edits.indexOf(edit), 1);
      },
    };
  }

  /** The daemon is told of the edit that is being saved. */
  function asked() {
    if (running) running.isAsked = true;
  }

  /** It is saved. @param {string} batch */
  function done(batch) {
    if (!running) {
      doneBeside({ batch });
      return;
    }
    running.step = { batch, at: Date.now() };
    undone = [];
    write();
  }

  /** Something was done that waits for no edit, and no edit for it. @param {{batch: string}} step */
  function doneBeside({ batch }) {
    edits.push({ step: { batch, at: Date.now() }, isAsked: true });
    undone = [];
    write();
  }

  /** It is taken back by other means. @param {string} batch */
  function forget(batch) {
    const place = edits.findIndex(({ step }) => step?.batch === batch);
    if (place >= 0) edits.splice(place, 1);
    write();
  }

  /** Take back this batch, or what was asked for last in this tab; say so. @param {string | null} batch */
  async function undo(batch = null) {
    if (batch) forget(batch);
    let edit = batch ? { step: { batch, at: Date.now() }, isAsked: true } : edits.pop();
    await inTurn(async () => {
      if (ImagelibOutbox.size) {
        if (edit?.step) edits.push(edit);
        ImagelibToast.show("An edit still waits for imagelib. Nothing was undone.", { bad: true });
        return;
      }
      // A field that was left as it was is no edit.
      while (edit && !edit.step && !edit.isAsked) edit = edits.pop();
      write();
      if (!edit) nothing();
      else if (!edit.step) ImagelibToast.show("It was not saved, so there is nothing to undo.", { bad: true });
      else await takeBack(edit);
    });
  }

  /**
   * Take something back, or do it again; `before` is what its image was, if that is one.
   * @param {() => Promise<{action: string, images: string[]}>} asked
   */
  const remembering = (asked) => ImagelibChanges.unheard(async () => {
    const { action, images } = await asked();
    return { action, images, before: images.length === 1 ? await ImagelibIndex.record(images[0]) : null };
  });

  /** Say what happened to which images, and lead there. @param {string} what @param {string} action @param {string[]} images @param {KnownRecord | null} before @param {[string, () => void]} way  Back. */
  async function say(what, action, images, before, way) {
    const [id] = images;
    await ImagelibChanges.poll();
    const now = images.length === 1 ? await ImagelibIndex.record(id) : null;
    const change = ImagelibEditWords.change(before, now);
    ImagelibToast.show(change ? `${what}: ${change}` : `${what}: ${action} (${ImagelibChanges.howMany(images.length)})`, {
      actions: [way, ...(images.length && (images.length > 1 || now) ? [/** @type {[string, () => void]} */ (["Show", () => show(images)])] : [])],
    });
    // What was taken away from the viewer is back in it.
    if (!before && now && ImagelibViewer.id) await ImagelibGallery.open(id);
  }

  /** @param {string[]} images */
  function show(images) {
    if (images.length === 1) void ImagelibGallery.open(images[0]);
    else ImagelibGallery.setQuery(images.slice(0, MOST_SHOWN).map((id) => `id:${id}`).join(" or "));
  }

  function nothing() {
    ImagelibToast.show("Nothing was edited in this tab.", {
      actions: [["Undo the last edit of the library", () => void inTurn(() => takeBack(null))]],
    });
  }

  /** @param {Edit | null} edit without one the last of the library, whoever made it */
  async function takeBack(edit) {
    try {
      let batch = edit?.step?.batch ?? null;
      if (!edit?.step || !(edit.step.at >= SINCE)) {
        const found = await ImagelibApi.undoable(batch);
        if (ImagelibEditWords.isForeign(found, SINCE)) {
          await offer(found, edit);
          return;
        }
        ({ batch } = found);  // and not one that came meanwhile
      }
      const { action, images, before } = await remembering(() => ImagelibApi.undo(batch));
      undone.push({ action, images });
      await say("Undone", action, images, before, ["Redo", () => void redo()]);
    } catch (error) {
      if (edit && error instanceof ImagelibApi.Refusal && error.isAbsence) {
        edits.push(edit);
        write();
      }
      ImagelibToast.fail(error);
    }
  }

  /** Ask before something is taken back that nobody at this page may have meant. @param {Undoable} found @param {Edit | null} edit */
  async function offer({ action, actor, at, batch, images, total }, edit) {
    const record = total === 1 ? await ImagelibIndex.record(images[0]) : null;
    const place = edits.length;
    let isMeant = false;
    const take = h("button", { type: "button", class: "primary", click: () => {
      isMeant = true;
      dialog.close();
      void undo(batch);
    } }, "Undo");
    const dialog = ImagelibDialog.open("Undo this edit?", [
      h("p", {}, h("strong", {}, ImagelibEditWords.deed(action)), `: ${(record && ImagelibCard.nameOf(record)) || ImagelibChanges.howMany(total)}`),
      h("p", { class: "soft" }, [ImagelibEditWords.ACTORS[actor], ImagelibDates.here(at)].filter(Boolean).join(", ")),
      h("footer", { class: "dialog-foot" }, h("button", { type: "button", click: () => dialog.close() }, "Leave it"), take),
    ], { closed: () => {
      if (isMeant || !edit) return;
      edits.splice(place, 0, edit);
      write();
    } });
    take.focus();
  }

  /** Do again what was taken back last in this tab. */
  function redo() {
    return inTurn(async () => {
      if (!undone.length) {
        ImagelibToast.show("There is nothing to do again.");
        return;
      }
      try {
        const left = undone.slice(0, -1);
        // Its batch is the last edit of this tab.
        const { action, images, before } = await remembering(ImagelibApi.redo);
        undone = left;
        const name = action.replace(/^undo /, "");
        await say("Done again", name, images, before, ["Undo", () => void undo()]);
      } catch (error) {
        ImagelibToast.fail(error);
      }
    });
  }

  function start() {
    document.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "z") return;
      if (ImagelibDom.isWriting(event.target)) return;
      event.preventDefault();
      void (event.shiftKey ? redo() : undo());
    });
  }

  ImagelibApi.onWrite({ asked, done });

  return { begin, doneBeside, forget, redo, start, undo };
})();
