// @ts-check
// Send pictures one after the other, with the state of each. Knows nothing of the page.
"use strict";

const ImagelibUpload = (() => {
  /**
   * @typedef {"waiting" | "uploading" | "reading" | "added" | "here" | "refused" | "cancelled"} State
   * @typedef {{file: File, state: State, share: number, reason: string, record: any, cancel: () => void}} Item
   */

  /**
   * Send one file. `progress` is told the share that has left, 0 to 1.
   * @param {File} file @param {Record<string, any>} fields @param {(share: number) => void} progress
   * @returns {{done: Promise<any>, cancel: () => void}}
   */
  function send(file, fields, progress) {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("image_file", file, file.name);
    body.append("metadata", JSON.stringify(fields));
    const done = new Promise((resolve, reject) => {
      request.upload.onprogress = (event) => progress(event.total ? event.loaded / event.total : 0);
      request.onload = () => {
        const value = parse(request.responseText);
        if (request.status < 300) resolve(value);
        else reject(new ImagelibApi.Refusal(request.status, value));
      };
      request.onerror = () => reject(new ImagelibApi.Refusal(0, { detail: "The daemon does not answer." }));
      request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
      request.open("POST", "/api/images");
      request.send(body);
    });
    return { done, cancel: () => request.abort() };
  }

  /** @param {string} text */
  function parse(text) {
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  }

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
      const { done, cancel } = send(item.file, fields, (share) =>
        set(item, { share, state: share < 1 ? "uploading" : "reading" }));
      set(item, { state: "uploading", cancel });
      try {
        const record = await done;
        set(item, { state: record.duplicate ? "here" : "added", record, share: 1 });
      } catch (error) {
        const cancelled = error instanceof DOMException;
        set(item, { state: cancelled ? "cancelled" : "refused", share: 0,
          reason: cancelled ? "" : /** @type {Error} */ (error).message });
      }
    }

    return {
      items,
      /** @param {Iterable<File>} files */
      add(files) {
        for (const file of files) {
          /** @type {Item} */
          const item = { file, state: "waiting", share: 0, reason: "", record: null, cancel: () => {} };
          item.cancel = () => set(item, { state: "cancelled" });
          items.push(item);
          onChange(item);
        }
      },
      /** Send all that waits. @param {() => Record<string, any>} fields what all of them get */
      async run(fields) {
        if (running) return;
        running = true;
        for (let item; (item = items.find(({ state }) => state === "waiting"));) await one(item, fields());
        running = false;
      },
      /** @param {Item} item */
      retry: (item) => set(item, { state: "waiting", reason: "", share: 0 }),
    };
  }

  return { queue };
})();
