// @ts-check
// Send pictures one after the other, with the state of each. Knows nothing of the page.
"use strict";

const ImagelibUpload = (() => {
  /**
   * @typedef {"waiting" | "uploading" | "reading" | "added" | "here" | "refused" | "cancelled" | "paused"} State
   * @typedef {{file: File, state: State, share: number, reason: string, faults: Map<string, string> | null, wasLost: boolean, record: any, own: Record<string, any>, isSeen: boolean, cancel: () => void}} Item
   */

  /** Between two attempts while the daemon is away, in milliseconds. */
  const PATIENCE = 2000;

  /**
   * A queue; `onChange` is told of every item that changed.
   * @param {(item: Item) => void} onChange
   */
  function queue(onChange) {
    /** @type {Item[]} */
    const items = [];
    let running = false;

    /** @param {Item} item @param {Partial<Item>} values */
    function set(item, values) {
      Object.assign(item, values);
      onChange(item);
    }

    /** @param {Item} item @param {Record<string, any>} fields */
    async function one(item, fields) {
      const { done, cancel } = ImagelibApi.upload(item.file, fields, (share) =>
        set(item, { share, state: share < 1 ? "uploading" : "reading" }));
      set(item, { state: "uploading", cancel });
      try {
        const { record, batch } = await done;
        if (batch) ImagelibUndo.doneBeside({ batch });
        // One that is here since its answer was lost is here by us.
        set(item, { state: record.duplicate && !item.wasLost ? "here" : "added", record, share: 1 });
      } catch (error) {
        if (error instanceof DOMException) set(item, { state: "cancelled", share: 0 });
        else if (error instanceof ImagelibApi.Refusal && (error.isAbsence || error.isBusy)) pause(item, error.isAbsence);
        else refuse(item, error);
      }
    }

    /** @param {Item} item @param {unknown} error */
    function refuse(item, error) {
      set(item, { state: "refused", share: 0, reason: /** @type {Error} */ (error).message,
        faults: error instanceof ImagelibApi.Refusal ? error.fields : null });
    }

    /** The daemon is away, or has its hands full: the picture waits for it. @param {Item} item @param {boolean} isLost */
    function pause(item, isLost) {
      set(item, { state: "paused", share: 0, wasLost: item.wasLost || isLost, cancel: () => set(item, { state: "cancelled" }) });
    }

    const next = () => items.find(({ state }) => state === "paused") ?? items.find(({ state }) => state === "waiting");

    return {
      items,
      get isRunning() { return running; },
      /** @param {Iterable<File>} files */
      add(files) {
        for (const file of files) {
          /** @type {Item} */
          const item = { file, state: "waiting", share: 0, reason: "", faults: null, wasLost: false, record: null, own: {}, isSeen: false, cancel: () => {} };
          item.cancel = () => set(item, { state: "cancelled" });
          items.push(item);
          onChange(item);
        }
      },
      /** Send all that waits. @param {(item: Item) => Record<string, any>} fields what each of them gets */
      async run(fields) {
        if (running) return;
        running = true;
        try {
          for (let item; (item = next());) {
            if (item.state === "paused") await new Promise((resolve) => setTimeout(resolve, PATIENCE));
            // It may have been cancelled meanwhile.
            if (/** @type {State} */ (item.state) !== "cancelled") await one(item, fields(item));
          }
        } finally {
          running = false;
        }
      },
      refuse,
      /** @param {Item} item */
      retry: (item) => set(item, { state: "waiting", reason: "", faults: null, share: 0, cancel: () => set(item, { state: "cancelled" }) }),
    };
  }

  return { queue };
})();
