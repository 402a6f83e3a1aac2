// The form that corrects one image. Each field is saved as it is left; what is written and not yet
// saved is kept as a draft; a refusal is shown at its field, a conflict is settled here.
"use strict";

const ImagelibEditForm = (() => {
  const { h } = ImagelibDom;
  /** A slider is never left on a phone: it is saved when it has rested so long, in milliseconds. */
  const REST = 600;

  /**
   * @param {ImageRecord} record  As the API gives it.
   * @param {{done: (saved: boolean) => void}} options  `done` when it was saved or given up.
   */
  function make(record, { done }) {
    const { id } = record;
    let isClosed = false;
    /** Whether the form is to close as soon as everything is saved. */
    let isFinishing = false;
    let timer = 0;
    /** The fields that were left and are not yet being saved. @type {Set<FieldName>} */
    const left = new Set();
    // There a field with the focus brings up a keyboard, over what is changed most: that comes first.
    const isTouched = matchMedia("(pointer: coarse)").matches;
    const fields = ImagelibFields.make({ raw: true, judged: isTouched });
    const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
    const conflict = h("div", { class: "conflict-place" });
    const cancel = h("button", { type: "button", click: () => void discard() }, "Cancel");
    const state = h("p", { class: "foot-note" });
    const form = h("form", { class: "edit-form", "aria-label": "Edit", novalidate: true, tabindex: "-1" }, trouble, conflict, fields.element,
      h("footer", { class: "dialog-foot" }, state, cancel,
        h("button", { type: "submit", class: "primary", "aria-keyshortcuts": "Control+Enter" }, "Save")));
    const saver = ImagelibSaver.make(record, fields, { saved, refused, conflict: contested });
    fields.fill(record);
    const draft = ImagelibDrafts.get(id);
    if (draft) saver.resume(draft);
    showState();

    form.addEventListener("input", () => {
      saver.note();
      showState();
    });
    form.addEventListener("focusout", ({ target, relatedTarget }) => {
      const name = fields.nameOf(target);
      if (name && relatedTarget !== cancel && fields.nameOf(relatedTarget) !== name) leave(name, 0);
    });
    form.addEventListener("change", ({ target }) => {
      if (target instanceof HTMLInputElement && target.type === "range") leave(fields.nameOf(target), REST);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      fields.settle();
      void finish();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) {
        event.preventDefault();  // one level back: the form, not what it stands in
        event.stopPropagation();
        close(false);
      }
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    document.addEventListener("imagelib:changed", heard);

    /** @param {FieldName | ""} name @param {number} wait */
    function leave(name, wait) {
      if (!name) return;
      left.add(name);  // those left before it are still owed
      clearTimeout(timer);
      timer = setTimeout(() => {
        // What goes away with the form is not left: it stays a draft.
        for (const each of isClosed ? [] : left) void saver.save([each]).then(showState);
        left.clear();
      }, wait);
    }

    async function finish() {
      clearTimeout(timer);
      left.clear();
      isFinishing = true;
      if (await saver.save() && isFinishing) close(true);
    }

    /** @param {boolean} isSaved */
    function close(isSaved) {
      if (isClosed) return;
      stop();
      done(isSaved);
    }

    function stop() {
      isClosed = true;
      clearTimeout(timer);
      document.removeEventListener("imagelib:changed", heard);
    }

    /** @param {CustomEvent<ChangesPage>} event */
    async function heard({ detail }) {
      const told = detail.items.find((item) => item.id === id);
      if (!told) return;
      // The feed leaves out what is too long; here that would look as if somebody had taken it away.
      const theirs = told.shortened ? await ImagelibApi.image(id).catch(() => null) : told;
      if (!theirs || isClosed) return;
      saver.heard(theirs);
      showState();
    }

    /** Beside a button that saves, only what is true by now. */
    function showState() {
      ImagelibDom.setText(state, saver.isWaiting ? "Not saved yet" : Object.keys(saver.written()).length ? "Changes saved" : "");
    }

    /** @param {FieldName[]} names @param {string | null} batch */
    function saved(names, batch) {
      say("");
      showState();
      fields.mark(new Map(names.map((name) => [name, ""])));
      ImagelibToast.show(names.length === 1 ? `${ImagelibRegistry.LABELS[names[0]]} saved` : "Saved",
        { actions: [["Undo", () => void ImagelibUndo.undo(batch)]] });
    }

    /** @param {string} text @param {Map<string, string>} faults */
    function refused(text, faults) {
      if (isClosed) {
        ImagelibToast.show(`${text || "Not saved."} Your text is kept.`, {
          bad: true, actions: [["Show", () => document.dispatchEvent(new CustomEvent("imagelib:edit", { detail: { id } }))]],
        });
        return;
      }
      say(text);
      // Who goes on writing in the next field must not be torn away from it.
      if (isFinishing) fields.blame(faults);
      else fields.mark(faults);
      isFinishing = false;
    }

    /** @param {ImageRecord} before @param {Partial<ImageFields>} mine @param {ImageRecord} theirs @param {Settle} settle */
    function contested(before, mine, theirs, settle) {
      say("");
      conflict.replaceChildren(ImagelibConflict.view(before, mine, theirs, (chosen) => {
        conflict.replaceChildren();
        void settle(chosen).then((isDone) => { if (isDone && isFinishing) close(true); });
      }));
      form.closest(".panel, .sheet")?.scrollTo({ top: 0 });
    }

    /** Take back what was saved from here too, and offer all of it again. */
    async function discard() {
      const written = saver.written();
      ImagelibOutbox.withdraw(id);
      close(false);
      await ImagelibQueue.inTurn(async () => {
        ImagelibDrafts.drop(id);
        for (const batch of saver.batches.reverse()) {
          ImagelibUndo.forget(batch);
          await ImagelibApi.undo(batch);
        }
      }).catch(ImagelibToast.fail);
      if (!Object.keys(written).length) return;
      const base = await ImagelibApi.image(id).catch(() => record);
      await ImagelibChanges.show(base);
      ImagelibToast.show("Changes discarded", { actions: [["Bring back", () => {
        ImagelibDrafts.keep(id, { fields: written, base });
        document.dispatchEvent(new CustomEvent("imagelib:edit", { detail: { id } }));
      }]] });
    }

    /** @param {string} text */
    function say(text) {
      trouble.textContent = text;
      trouble.hidden = !text;
    }

    return {
      element: form,
      focus: () => (isTouched ? form.focus({ preventScroll: true }) : fields.focus()),
      /** The form goes away with what it stands in. */
      stop,
    };
  }

  return { make };
})();
