// Save what is written into the fields of one image: each field as it is left, or all of them. At
// once on the page, taken back if the daemon refuses, kept if it is away. Knows nothing of the form.
"use strict";

const ImagelibSaver = (() => {
  /** @param {unknown} a @param {unknown} b */
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const NAMES = /** @type {FieldName[]} */ (Object.keys(ImagelibRegistry.LABELS));

  /** Some of the fields. @param {Partial<ImageFields>} values @param {(name: FieldName, value: unknown) => boolean} test @returns {Partial<ImageFields>} */
  const only = (values, test) => Object.fromEntries(NAMES.filter((name) => name in values && test(name, values[name]))
    .map((name) => [name, values[name]]));

  /**
   * @typedef {object} Listener
   * @property {(names: FieldName[], batch: string | null) => void} saved
   * @property {(text: string, faults: Map<string, string>) => void} refused
   * @property {(before: ImageRecord, mine: Partial<ImageFields>, theirs: ImageRecord, settle: Settle) => void} conflict
   */

  /**
   * @param {ImageRecord} record  As the API gives it.
   * @param {ReturnType<typeof ImagelibFields["make"]>} fields @param {Listener} listener
   */
  function make(record, fields, listener) {
    const { id } = record;
    /** What the library has, as far as we know. */
    let base = record;
    /** What waits for the daemon to come back. @type {Partial<ImageFields>} */
    let posted = {};
    /** The batches that were saved from here, the last one last. @type {string[]} */
    const batches = [];
    /** Whether somebody has to settle a conflict first. */
    let isContested = false;

    /** What is written and neither saved nor on its way. */
    const unsaved = () => only(fields.changes(base), (name, value) => !(name in posted && same(posted[name], value)));

    /** Keep as a draft what is not saved. */
    const note = () => ImagelibDrafts.keep(id, { fields: unsaved(), base });

    /**
     * Save these fields, or all. Resolves to whether nothing of them is left to do.
     * @param {FieldName[] | null} names @returns {Promise<boolean>}
     */
    const save = (names = null) => ImagelibEdits.inOrder(async () => {
      if (isContested) return false;
      const asked = (/** @type {FieldName} */ name) => !names || names.includes(name);
      const changes = only(unsaved(), asked);
      const faults = new Map([...fields.faultsNow()].filter(([name]) => name in changes));
      if (!faults.size) return Object.keys(changes).length === 0 || send(changes);
      listener.refused("", faults);
      return false;
    });

    /** @param {Partial<ImageFields>} changes @returns {Promise<boolean>} */
    async function send(changes) {
      if (ImagelibOutbox.size) return post(changes);  // behind those that wait already
      const release = ImagelibChanges.hold([id]);
      try {
        await ImagelibIndex.put({ ...base, ...changes });
        const { value: now, batch } = await ImagelibApi.save(id, base.version, changes);
        accept(now, changes, batch);
        await ImagelibChanges.show(now);
        return true;
      } catch (error) {
        return await refuse(error, changes);
      } finally {
        await release();
        void ImagelibChanges.poll();
      }
    }

    /** @param {ImageRecord} now @param {Partial<ImageFields>} sent @param {string | null} batch */
    function accept(now, sent, batch) {
      const written = fields.read();
      base = now;
      // The library may write a value another way; what was written on meanwhile stays.
      fields.lay(only(now, (name, value) => name in sent && same(written[name], sent[name]) && !same(value, sent[name])));
      if (batch) batches.push(batch);
      note();
      listener.saved(NAMES.filter((name) => name in sent), batch);
    }

    /** @param {unknown} error @param {Partial<ImageFields>} changes @returns {Promise<boolean>} */
    async function refuse(error, changes) {
      if (!(error instanceof ImagelibApi.Refusal)) throw error;
      if (error.isAbsence) return post(changes);
      const { current } = error;
      if (current && follow(current)) {
        // Somebody changed other fields: nobody has to choose anything.
        return send(only(unsaved(), (name) => name in changes));
      }
      await ImagelibIndex.put(current ?? base);
      if (current) contest(base, fields.changes(base), current);
      else listener.refused(error.fields.size ? "Not saved: see the marked fields." : `Not saved: ${error.message}`, error.fields);
      return false;
    }

    /** The daemon is away: what was to be saved waits in this tab. @param {Partial<ImageFields>} changes */
    function post(changes) {
      ImagelibOutbox.put({ kind: "save", fields: changes, base });
      posted = { ...posted, ...changes };
      void ImagelibIndex.put({ ...base, ...posted });
      note();
      return true;
    }

    /**
     * Take over what others changed, if it touches nothing that is written here; whether it could be.
     * @param {ImageRecord} theirs
     */
    function follow(theirs) {
      const mine = fields.changes(base);
      const touched = NAMES.filter((name) => !same(base[name], theirs[name]));
      if (touched.some((name) => name in mine && !same(mine[name], theirs[name]))) return false;
      base = theirs;
      posted = only(posted, (name, value) => !same(value, theirs[name]));
      fields.lay(only(theirs, (name) => touched.includes(name) && !(name in mine)));
      note();
      return true;
    }

    /** @param {ImageRecord} before @param {Partial<ImageFields>} mine @param {ImageRecord} theirs */
    function contest(before, mine, theirs) {
      isContested = true;
      listener.conflict(before, mine, theirs, (chosen) => {
        const later = only(fields.changes(before), (name, value) => !same(value, mine[name]));
        isContested = false;
        base = theirs;
        posted = {};
        fields.fill({ ...theirs, ...chosen, ...later });
        note();
        return save();
      });
    }

    /** What was written and not saved, over the record that was there then. @param {Draft} draft */
    function resume(draft) {
      fields.lay(draft.fields);
      if (draft.base.version === record.version) return;
      const before = draft.base;
      const touched = NAMES.filter((name) => name in draft.fields && !same(before[name], record[name]) && !same(draft.fields[name], record[name]));
      if (touched.length) contest(before, draft.fields, record);
    }

    return {
      batches,
      /** Whether something is written and not yet in the library. */
      get isWaiting() { return Object.keys({ ...unsaved(), ...posted }).length > 0; },
      /** What differs from the record that the form began with. */
      written: () => fields.changes(record),
      /** Somebody changed the record. @param {ImageRecord} theirs */
      heard(theirs) {
        if (isContested || theirs.version <= base.version || follow(theirs) || !Object.keys(posted).length) return;
        ImagelibOutbox.withdraw(id);  // it would be refused
        contest(base, fields.changes(base), theirs);
      },
      note,
      resume,
      save,
    };
  }

  return { make };
})();
