// Keep this tab in step with the library: what changed since the blocks were built is laid over
// them, and then again every two seconds. A hidden tab asks nothing.
"use strict";

const ImagelibChanges = (() => {
  const PAUSE = 1500;
  /** While a picture waits for its thumbnail. */
  const SHORT_PAUSE = 500;
  let seq = -1;
  let timer = 0;
  /** The poll that is under way. @type {Promise<void> | null} */
  let polling = null;
  let lost = false;
  /** Whether nothing new is to be heard of right now. */
  let isDeaf = false;
  /** Told after each poll whether the daemon answers. @type {(isThere: boolean) => void} */
  let onAnswer = () => {};
  /** Images with a change of our own under way: what the feed says of them may be older. @type {Map<string, number>} */
  const held = new Map();
  /** @type {Set<string>} */
  const passedOver = new Set();
  /** Records whose thumbnail is not built yet, with the change from which on it is. @type {Map<string, {record: ListedRecord, seq: number}>} */
  const bare = new Map();
  /** Images that were away: their thumbnails may be gone. @type {Set<string>} */
  const gone = new Set();

  /** Ask now; the next time is planned. */
  function poll() {
    if (isDeaf) return Promise.resolve();
    polling ??= ask().finally(() => {
      polling = null;
      clearTimeout(timer);
      if (!document.hidden) timer = setTimeout(poll, bare.size ? SHORT_PAUSE : PAUSE);
    });
    return polling;
  }

  /**
   * Do something while this tab hears of nothing new: what was before it is known, and can be said yet.
   * @template T @param {() => Promise<T>} work @returns {Promise<T>}
   */
  async function unheard(work) {
    await poll();
    isDeaf = true;
    clearTimeout(timer);
    try {
      return await work();
    } finally {
      isDeaf = false;
      if (!document.hidden) timer = setTimeout(poll, PAUSE);
    }
  }

  async function ask() {
    try {
      await ImagelibIndex.ready;
      if (seq < 0) seq = Math.max(0, ImagelibIndex.seq);
      for (let more = true; more;) {
        const answer = await ImagelibApi.changes(seq);
        for (const record of answer.items) {
          if (held.has(record.id)) passedOver.add(record.id);
          else await show(record, answer.seq);
        }
        for (const id of answer.deleted) await hide(id, answer.seq);
        if (answer.items.length || answer.deleted.length) {
          document.dispatchEvent(new CustomEvent("imagelib:changed", { detail: answer }));
        }
        ({ seq, more } = answer);
      }
      if (bare.size) await fillBare();
      found();
    } catch (error) {
      if (!(error instanceof ImagelibApi.Refusal && error.isAbsence)) throw error;
      lost = true;
      onAnswer(false);
    }
  }

  function found() {
    if (lost) ImagelibToast.show("imagelib answers again.");
    lost = false;
    onAnswer(true);
  }

  /** Show a record as it is now. @param {ListedRecord} record @param {number} from the change it comes from */
  async function show(record, from = Infinity) {
    const { columns } = ImagelibIndex;
    const isNew = gone.has(record.id) || !columns.isLive(columns.rowOf(record.pk));
    const known = isNew ? null : await ImagelibIndex.file(record.pk);
    gone.delete(record.id);
    const waits = record.digest && (known?.digest !== record.digest || bare.has(record.id));
    if (waits) bare.set(record.id, { record, seq: from });
    await ImagelibIndex.put(waits ? { ...record, ...standIn(record) } : record, from);
  }

  /** A new picture's original stands in until its thumbnail is built, if every browser shows it. @param {ListedRecord} record */
  const standIn = ({ display_url: shown, url }) => (shown === url ? { thumbnail_url: url } : { has_thumbnail: false });

  /** @param {string} id @param {number} from */
  async function hide(id, from = Infinity) {
    gone.add(id);
    bare.delete(id);
    await ImagelibIndex.remove(id, from);
  }

  async function fillBare() {
    const { build } = await ImagelibApi.status();
    for (const [id, { record, seq: from }] of bare) {
      if (build.state === "building" || (build.seq ?? -1) < Math.min(from, seq)) continue;
      bare.delete(id);
      const now = await ImagelibIndex.record(id);
      // Laid over what is shown: an edit may have come in between, or another file.
      if (now && !bare.has(id)) await ImagelibIndex.put({ ...record, ...now, has_thumbnail: true, thumbnail_url: record.thumbnail_url });
    }
  }

  /**
   * Let the feed pass over these images until the function that is returned is called.
   * @param {string[]} ids
   */
  function hold(ids) {
    for (const id of ids) held.set(id, (held.get(id) ?? 0) + 1);
    return async () => {
      for (const id of ids) {
        const left = (held.get(id) ?? 1) - 1;
        if (left) held.set(id, left);
        else held.delete(id);
      }
      for (const id of ids) {
        if (held.has(id) || !passedOver.delete(id)) continue;
        await ImagelibApi.image(id).then((record) => show(record)).catch(() => {});  // the next poll knows
      }
    };
  }

  /** @param {number} count */
  const howMany = (count) => `${count.toLocaleString("en")} image${count === 1 ? "" : "s"}`;

  function start() {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void poll();
    });
    void poll();
  }

  return {
    hide,
    hold,
    howMany,
    /** @param {(isThere: boolean) => void} listener */
    onAnswer: (listener) => { onAnswer = listener; },
    poll,
    show,
    start,
    unheard,
  };
})();
