// Send pictures one after the other, with the state of each. Knows nothing of the page.
"use strict";

const ImagelibUpload = (() => {
  /** Between two attempts while the daemon is away, in milliseconds. */
  const PATIENCE = 2000;

  /**
   * A queue; `onChange` is told of every item that changed.
   * @param {(item: UploadItem) => void} onChange
   */
  function queue(onChange) {
    /** @type {UploadItem[]} */
    const items = [];
    let running = false;

    /** @param {UploadItem} item @param {Partial<UploadItem>} values */
    function set(item, values) {
      Object.assign(item, values);
      onChange(item);
    }

    /** @param {UploadItem} item @param {Partial<ImageFields>} fields */
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

    /** @param {UploadItem} item @param {unknown} error */
    function refuse(item, error) {
      set(item, { state: "refused", share: 0, reason: /** @type {Error} */ (error).message,
        faults: error instanceof ImagelibApi.Refusal ? error.fields : null });
    }

    /** The daemon is away, or has its hands full: the picture waits for it. @param {UploadItem} item @param {boolean} isLost */
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
          /** @type {UploadItem} */
          const item = { file, state: "waiting", share: 0, reason: "", faults: null, wasLost: false, record: null, own: {}, isSeen: false, cancel: () => {} };
          item.cancel = () => set(item, { state: "cancelled" });
          items.push(item);
          onChange(item);
        }
      },
      /** Send all that waits. @param {(item: UploadItem) => Partial<ImageFields>} fields what each of them gets */
      async run(fields) {
        if (running) return;
        running = true;
        try {
          for (let item; (item = next());) {
            if (item.state === "paused") await new Promise((resolve) => setTimeout(resolve, PATIENCE));
            // It may have been cancelled meanwhile.
            if (/** @type {UploadState} */ (item.state) !== "cancelled") await one(item, fields(item));
          }
        } finally {
          running = false;
        }
      },
      refuse,
      /** @param {UploadItem} item */
      retry: (item) => set(item, { state: "waiting", reason: "", faults: null, share: 0, cancel: () => set(item, { state: "cancelled" }) }),
    };
  }

  return { queue };
})();
