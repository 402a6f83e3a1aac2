// @ts-check
// The form that corrects one image. What is written is kept as a draft until it is saved or
// discarded; a refusal is shown at its field, a conflict is settled here.
"use strict";

const ImagelibEditForm = (() => {
  const { h } = ImagelibDom;

  /**
   * @param {any} record  As the API gives it.
   * @param {{done: (saved: boolean) => void}} options  `done` when it was saved or given up.
   */
  function make(record, { done }) {
    const { id } = record;
    /** What was written over; a conflict that is settled moves it. */
    let base = record;
    let saving = false;
    const fields = ImagelibFields.make({ raw: true });
    const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
    const conflict = h("div", { class: "conflict-place" });
    const form = h("form", { class: "edit-form", "aria-label": "Edit", novalidate: true }, trouble, conflict, fields.element,
      h("footer", { class: "dialog-foot" },
        h("button", { type: "button", click: discard }, "Cancel"),
        h("button", { type: "submit", class: "primary", "aria-keyshortcuts": "Control+Enter" }, "Save")));
    fields.fill(record);
    const draft = ImagelibDrafts.get(id);
    if (draft) {
      fields.lay(draft.fields);
      if (draft.base.version !== record.version) settle(draft.base, draft.fields, record);
    }

    form.addEventListener("input", () => ImagelibDrafts.keep(id, { fields: fields.changes(base), base }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      fields.settle();
      void save(fields.changes(base));
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) {
        event.preventDefault();  // one level back: the form, not what it stands in
        event.stopPropagation();
        done(false);
      }
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });

    /** @param {Record<string, any>} changes */
    async function save(changes) {
      const faults = fields.faultsNow();
      if (faults.size) {
        say("");
        fields.blame(faults);
        return;
      }
      if (saving) return;
      if (Object.keys(changes).length === 0) {
        finish();
        return;
      }
      saving = true;
      const release = ImagelibChanges.hold([id]);
      try {
        // At once on the page; taken back if the daemon refuses.
        await ImagelibIndex.put({ ...base, ...changes });
        const { value: now, batch } = await ImagelibApi.save(id, base.version, changes);
        await ImagelibChanges.show(now);
        finish();
        ImagelibToast.show("Saved", { actions: [["Undo", () => void ImagelibChanges.undo(batch)]] });
        void ImagelibChanges.poll();
      } catch (error) {
        await refuse(error, changes);
      } finally {
        saving = false;
        await release();
      }
    }

    /** @param {unknown} error @param {Record<string, any>} changes */
    async function refuse(error, changes) {
      if (!(error instanceof ImagelibApi.Refusal)) throw error;
      if (error.isAbsence) {
        ImagelibOutbox.put({ kind: "save", fields: changes, base });
        finish();
        return;
      }
      await ImagelibIndex.put(error.current ?? base);
      if (error.current) {
        say("");
        settle(base, changes, error.current);
        form.closest(".panel, .sheet")?.scrollTo({ top: 0 });
      } else {
        say(error.fields.size ? "Not saved: see the marked fields." : error.message);
        fields.blame(error.fields);
      }
    }

    /** @param {any} before @param {Record<string, any>} mine @param {any} theirs */
    function settle(before, mine, theirs) {
      conflict.replaceChildren(ImagelibConflict.view(before, mine, theirs, (chosen) => {
        conflict.replaceChildren();
        base = theirs;
        fields.fill({ ...theirs, ...chosen });
        void save(fields.changes(theirs));
      }));
    }

    function finish() {
      ImagelibDrafts.drop(id);
      done(true);
    }

    function discard() {
      const written = { fields: fields.changes(base), base };
      ImagelibDrafts.drop(id);
      done(false);
      if (Object.keys(written.fields).length) {
        ImagelibToast.show("Changes discarded", { actions: [["Bring back", () => {
          ImagelibDrafts.keep(id, written);
          document.dispatchEvent(new CustomEvent("imagelib:edit", { detail: { id } }));
        }]] });
      }
    }

    /** @param {string} text */
    function say(text) {
      trouble.textContent = text;
      trouble.hidden = !text;
    }

    return { element: form, focus: fields.focus };
  }

  return { make };
})();
