// The history of one image: what was changed when, shown as differences, and the way back to how it
// was at any of these moments.
"use strict";

const ImagelibHistoryDialog = (() => {
  const { h } = ImagelibDom;
  const { ACTORS, deed } = ImagelibEditWords;
  const LABELS = /** @type {Record<string, string>} */ ({ ...ImagelibRegistry.LABELS, file_state: "File", file_name: "File name", digest: "File contents" });
  /** Follow from another change, or say nothing to a person. */
  const SILENT = ["version", "updated_at", "mtime_ns", "size_bytes", "mime_type", "width", "height"];

  /** How a record was: its fields by name. @typedef {Record<string, unknown> & {tags: string[]}} State */

  /** @param {string} id */
  async function open(id) {
    let record;
    let changes;
    try {
      [record, changes] = await Promise.all([ImagelibApi.image(id), ImagelibApi.history(id)]);
    } catch (error) {
      ImagelibToast.fail(error);
      return;
    }
    // It may have been left meanwhile, or asked for twice.
    if (ImagelibDialog.isOpen || ImagelibViewer.id !== id) return;
    const list = h("ol", { class: "history" });
    const dialog = ImagelibDialog.open("History", [list]);
    for (const { action, actor, at, changes: own, state } of versions(record, changes)) {
      const fields = differing(record, state);
      list.append(h("li", { class: "version" },
        h("div", { class: "version-head" }, h("strong", {}, deed(action)),
          ...(ACTORS[actor] ? [h("span", { class: "soft" }, ACTORS[actor])] : []), h("time", { datetime: at }, ImagelibDates.here(at)),
          ...(Object.keys(fields).length
            ? [h("button", { type: "button", click: () => void restore(dialog, record, fields) }, "Restore this version")]
            : [h("span", { class: "soft" }, "as it is now")])),
        ...own.flatMap((change) => parts(change))));
    }
  }

  /**
   * The versions of a record, the newest first: the changes of one batch are one, and `state` is how
   * the record was after it.
   * @param {ImageFields} record @param {Change[]} changes  The newest first.
   */
  function versions(record, changes) {
    /** @type {{batch: string, action: string, actor: string, at: string, changes: Change[], state: State}[]} */
    const found = [];
    const names = /** @type {FieldName[]} */ (Object.keys(ImagelibRegistry.LABELS));
    /** @type {State} */
    let state = { ...Object.fromEntries(names.map((name) => [name, record[name]])), tags: record.tags };
    for (const change of changes) {
      const last = found.at(-1);
      if (last && last.batch === change.batch) last.changes.push(change);
      else found.push({ batch: change.batch, action: change.action, actor: change.actor, at: change.at, changes: [change], state });
      state = before(state, change);
    }
    return found;
  }

  /** How the record was before a change. @param {State} state @param {Change} change @returns {State} */
  function before(state, { kind, before: was, after, shortened = [] }) {
    if (kind === "tags") {
      const kept = state.tags.filter((tag) => !(after.tags ?? []).includes(tag));
      return { ...state, tags: [...kept, ...(was.tags ?? [])].sort() };
    }
    // What was too long to be sent is not known, and stays as it is.
    const known = Object.entries(was).filter(([name]) => name in state && name !== "tags" && !shortened.includes(name));
    return { ...state, ...Object.fromEntries(known) };
  }

  /** What has to be saved to make the record so again. @param {ImageFields} record @param {State} state */
  const differing = (record, state) => Object.fromEntries(Object.entries(state).filter(([name, value]) =>
    JSON.stringify(value) !== JSON.stringify(record[/** @type {FieldName} */ (name)])));

  /** @param {{close: () => void}} dialog @param {ImageRecord} record @param {Partial<ImageFields>} fields */
  async function restore(dialog, record, fields) {
    try {
      const { value: now, batch } = await ImagelibEdits.inOrder(() => ImagelibApi.save(record.id, record.version, fields));
      await ImagelibChanges.show(now);
      dialog.close();
      ImagelibToast.show("That version is back", { actions: [["Undo", () => void ImagelibUndo.undo(batch)]] });
    } catch (error) {
      ImagelibToast.fail(error);
    }
  }

  /** What a change did, field by field. @param {Change} change */
  function parts({ kind, before: was, after, shortened = [] }) {
    if (kind === "tags") {
      return [...(was.tags ?? []).map((tag) => h("p", { class: "difference" }, h("del", {}, `tag ${tag}`))),
        ...(after.tags ?? []).map((tag) => h("p", { class: "difference" }, h("ins", {}, `tag ${tag}`)))];
    }
    if (kind !== "update") return [];
    return Object.keys({ ...was, ...after }).filter((name) => !SILENT.includes(name)).map((name) =>
      h("div", { class: "difference" }, h("span", { class: "soft" }, LABELS[name] ?? name), " ",
        ...(shortened.includes(name) ? [h("span", { class: "soft" }, "changed; too long to show")] : ImagelibDiff.words(written(name, was[name]), written(name, after[name])).flatMap(({ kind: how, text }) =>
          [how === "gone" ? h("del", {}, text) : how === "new" ? h("ins", {}, text) : text, " "]))));
  }

  /** @param {string} name @param {unknown} value */
  const written = (name, value) => (value === "" || value === undefined ? "" : ImagelibConflict.text(name, value));

  return { open, versions };
})();
