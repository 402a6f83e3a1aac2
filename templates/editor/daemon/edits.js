// One edit of one or many images: at once on the page, then in the library, with a way back.
"use strict";

const ImagelibEdits = (() => {
  /** Of more images than this the page does not run ahead; the feed brings them. */
  const AHEAD = 200;
  /** How often the progress of a large one is asked for, in milliseconds. */
  const PAUSE = 300;
  /** Letters of a name in a message. */
  const LONGEST = 40;

  /**
   * @typedef {{ids: string[]} | {query: string, count: number}} Target
   * @typedef {BatchEdit} What
   */

  /**
   * Do it. Says what was done, and what could not be.
   * @param {Target | Promise<Target | null>} target  Null if it turns out that there is nothing to do.
   * @param {What} what @param {string} said  As the message says it: "Rated 4".
   * @returns {Promise<boolean>}
   */
  function apply(target, what, said) {
    const begun = begin(target, what);
    // Its place is taken now, whatever has to be found out before it can be sent.
    return inOrder(async () => {
      const found = await begun;
      if (!found) return false;
      try {
        return await send(found.target, what, said, found.before);
      } finally {
        void found.release();
      }
    });
  }

  /** On the page at once. @param {Target | Promise<Target | null>} target @param {What} what */
  async function begin(target, what) {
    const known = await target;
    if (!known) return null;
    const ids = "ids" in known ? known.ids : [];
    const release = ImagelibChanges.hold(ids);
    return { target: known, release, before: ids.length <= AHEAD ? await runAhead(ids, what) : [] };
  }

  /** Edit the library behind all that was asked for before; undo takes it back from the moment it is asked for. @template T @param {() => Promise<T>} job @returns {Promise<T>} */
  function inOrder(job) {
    const edit = ImagelibUndo.begin();
    return ImagelibQueue.inTurn(async () => {
      edit.run();
      try {
        return await job();
      } finally {
        edit.end();
      }
    });
  }

  /** @param {Target} target @param {What} what @param {string} said @param {WholeRecord[]} before */
  async function send(target, what, said, before) {
    const body = { ...("ids" in target ? { ids: target.ids } : { query: target.query }), ...what };
    if ("ids" in target && ImagelibOutbox.size) {
      ImagelibOutbox.put({ kind: "batch", body });  // behind those that wait already
      return true;
    }
    const stop = count(target) > AHEAD ? tellProgress(count(target)) : () => {};
    try {
      const { changed, failures, batch } = await ImagelibApi.batch(body);
      stop();
      const is = changed === 1 && !failures.length;
      // The page may show the next image by now.
      const name = is && before.length === 1 ? ImagelibEditWords.cut(ImagelibCard.nameOf(before[0]), LONGEST) : "";
      const many = is ? [said, name].filter(Boolean).join(": ") : `${said}: ${ImagelibChanges.howMany(changed)}`;
      ImagelibToast.show(failures.length ? `${many}, ${failures.length} not` : many, {
        bad: failures.length > 0,
        actions: [
          ...(failures.length ? [/** @type {[string, () => void]} */ (["Which?", () => showFailures(failures)])] : []),
          ...(batch ? [/** @type {[string, () => void]} */ (["Undo", () => void ImagelibUndo.undo(batch)])] : []),
        ],
      });
      void ImagelibChanges.poll();
      return true;
    } catch (error) {
      stop();
      if (error instanceof ImagelibApi.Refusal && error.isAbsence && "ids" in target) {
        ImagelibOutbox.put({ kind: "batch", body });
        return true;
      }
      for (const record of before) await ImagelibIndex.put(record);
      ImagelibToast.fail(error);
      return false;
    }
  }

  /** @param {Target} target */
  const count = (target) => ("ids" in target ? target.ids.length : target.count);

  /** While one request is under way the page says how far it is; returns how to stop. @param {number} total */
  function tellProgress(total) {
    let isOver = false;
    const say = (/** @type {number} */ done) => ImagelibToast.hold("saving",
      `Saving ${ImagelibChanges.howMany(total)}…${done ? ` ${done.toLocaleString("en")} done` : ""}`);
    const ask = async () => {
      const { work } = await ImagelibApi.status().catch(() => ({ work: null }));
      if (isOver) return;
      if (work?.total === total) say(work.done);
      setTimeout(ask, PAUSE);
    };
    say(0);
    setTimeout(ask, PAUSE);
    return () => {
      isOver = true;
      ImagelibToast.hold("saving", "");
    };
  }

  /** Show the outcome before anybody has confirmed it; returns how it was. @param {string[]} ids @param {What} what */
  async function runAhead(ids, what) {
    /** @type {WholeRecord[]} */
    const before = [];
    for (const id of ids) {
      const record = await ImagelibIndex.record(id);
      if (!isWhole(record)) continue;
      before.push(record);
      if ("delete" in what) await ImagelibChanges.hide(id);
      else if ("edit" in what) await ImagelibIndex.put(edited(record, what.edit));
    }
    return before;
  }

  /** While its text or its file is still on its way, a record cannot be laid over the page whole. @param {KnownRecord | null} record @returns {record is WholeRecord} */
  const isWhole = (record) => record?.prompt_text !== undefined && record.digest !== undefined;

  /** @param {WholeRecord} record @param {ImagePatch} edit @returns {WholeRecord} */
  function edited(record, { add_tags: added = [], remove_tags: removed = [], ...fields }) {
    const kept = (fields.tags ?? record.tags).filter((tag) => !removed.includes(tag));
    return { ...record, ...fields, tags: [...new Set([...kept, ...added])].sort() };
  }

  /** @param {Failure[]} failures */
  function showFailures(failures) {
    const { h } = ImagelibDom;
    ImagelibDialog.open("Not changed", [h("ul", { class: "failures" },
      ...failures.map(({ id, detail }) => h("li", {}, h("code", {}, id), " ", detail)))]);
  }

  return {
    apply,
    inOrder,
    /** @param {Target | Promise<Target | null>} target @param {number} rating */
    rate: (target, rating) => apply(target, { edit: { rating } }, rating ? `Rated ${rating}` : "Not rated any more"),
    /** @param {Target | Promise<Target | null>} target */
    remove: (target) => apply(target, { delete: true }, "Deleted"),
  };
})();
