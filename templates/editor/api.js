// @ts-check
// Requests to the daemon; no other file knows its addresses. A refusal is an error that carries
// what the daemon said of each field.
"use strict";

const ImagelibApi = (() => {
  /** Names us in the history of what we change. */
  const CLIENT = "Imagelib-Client";
  /** Names the batch that a request has made. */
  const BATCH = "Imagelib-Batch";
  /** Before a picture is sent again that was too many at once, in milliseconds. */
  const BUSY = 1500;

  class Refusal extends Error {
    /** @param {number} status 0 if nobody answered @param {any} problem */
    constructor(status, problem) {
      super(textOf(problem) || `The daemon answered ${status}.`);
      this.status = status;
      /** Whether others are before us with their pictures: it may be asked for again, in a moment. */
      this.isBusy = status === 503 && problem?.title === "Busy";
      /** The record as it is now, where somebody was faster. */
      this.current = problem?.current ?? null;
      /** What is wrong with each field. @type {Map<string, string>} */
      this.fields = new Map(Array.isArray(problem?.detail)
        ? problem.detail.map((/** @type {any} */ { loc, msg }) => [String(loc[1] ?? loc[0]), msg])
        : []);
    }

    /** Whether the daemon is away: what was asked for may be asked for again. */
    get isAbsence() { return this.status === 0; }
  }

  /** @param {any} problem */
  const textOf = (problem) => problem?.message ?? (typeof problem?.detail === "string" ? problem.detail
    : problem?.detail?.map((/** @type {any} */ { msg }) => msg).join("; ") ?? problem?.title);

  /** @param {string} text */
  function parse(text) {
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  }

  const absence = () => new Refusal(0, { detail: "The daemon does not answer. Is it still running?" });

  /**
   * Ask for something; `batch` is what undo takes back, where anything changed.
   * @param {string} method @param {string} path @param {any} body a value, or a form with files
   * @param {Record<string, string>} headers
   * @returns {Promise<{value: any, batch: string | null}>}
   */
  async function request(method, path, body = undefined, headers = {}) {
    const named = { ...headers, [CLIENT]: "editor" };
    const sent = body === undefined ? { method, headers: named }
      : body instanceof FormData ? { method, headers: named, body }
        : { method, headers: { ...named, "Content-Type": "application/json" }, body: JSON.stringify(body) };
    let answer;
    let text;
    try {
      answer = await fetch(path, sent);
      text = await answer.text();
    } catch {
      throw absence();
    }
    const value = parse(text);
    if (!answer.ok) throw new Refusal(answer.status, value);
    return { value, batch: answer.headers.get(BATCH) };
  }

  /** @type {typeof request} */
  async function send(method, path, body = undefined, headers = {}) {
    if (method !== "GET") ImagelibUndo.asked();
    const answer = await request(method, path, body, headers);
    if (answer.batch) ImagelibUndo.done({ batch: answer.batch });
    return answer;
  }

  /** @param {string} method @param {string} path @param {any} [body] */
  const ask = async (method, path, body) => (await send(method, path, body)).value;

  /** @param {string} id */
  const imagePath = (id) => `/api/images/${encodeURIComponent(id)}`;
  /** @param {string} name */
  const searchPath = (name) => `/api/searches/${encodeURIComponent(name)}`;

  /** All items of a list that comes in pages. @param {string} path @returns {Promise<any[]>} */
  async function pages(path) {
    const items = [];
    for (let cursor = ""; ;) {
      const page = await ask("GET", `${path}?cursor=${encodeURIComponent(cursor)}`);
      items.push(...page.items);
      if (!page.next) return items;
      cursor = page.next;
    }
  }

  /**
   * Ask about one file, or give it to an image; as often as others are before us.
   * @param {string} path @param {File} file
   * @returns {Promise<any>}
   */
  async function sendFile(path, file) {
    for (;;) {
      const body = new FormData();
      body.append("image_file", file, file.name);
      try {
        return await ask("POST", path, body);
      } catch (error) {
        if (!(error instanceof Refusal && error.isBusy)) throw error;
        await new Promise((resolve) => setTimeout(resolve, BUSY));
      }
    }
  }

  /**
   * Send one file. `progress` is told the share that has left, 0 to 1.
   * @param {File} file @param {Record<string, any>} fields @param {(share: number) => void} progress
   * @returns {{done: Promise<{record: any, batch: string | null}>, cancel: () => void}}
   */
  function upload(file, fields, progress) {
    const sending = new XMLHttpRequest();  // fetch tells nothing of what has left
    const body = new FormData();
    body.append("image_file", file, file.name);
    body.append("metadata", JSON.stringify(fields));
    const done = new Promise((resolve, reject) => {
      sending.upload.onprogress = (event) => progress(event.total ? event.loaded / event.total : 0);
      sending.onload = () => {
        const value = parse(sending.responseText);
        if (sending.status < 300) resolve({ record: value, batch: sending.getResponseHeader(BATCH) });
        else reject(new Refusal(sending.status, value));
      };
      sending.onerror = () => reject(absence());
      sending.onabort = () => reject(new DOMException("cancelled", "AbortError"));
      sending.open("POST", "/api/images");
      sending.setRequestHeader(CLIENT, "editor");
      sending.send(body);
    });
    return { done, cancel: () => sending.abort() };
  }

  return {
    Refusal,
    /** @param {string} id */
    image: (id) => ask("GET", imagePath(id)),
    /** How many images a query finds. @param {string} query @returns {Promise<number>} */
    count: async (query) => (await ask("GET", `/api/images?page_size=1&q=${encodeURIComponent(query)}`)).total,
    upload,
    /**
     * Save some fields of an image if it still is at the version that was seen.
     * @param {string} id @param {number} version @param {any} fields
     * @returns {Promise<{value: any, batch: string | null}>}
     */
    save: (id, version, fields) => send("PUT", imagePath(id), fields, { "If-Match": `"${version}"` }),
    /** One edit of many: `{ids or query, edit or delete or restore}`. @param {any} body */
    batch: (body) => ask("POST", "/api/batch", body),
    /** @param {string} id */
    history: (id) => pages(`${imagePath(id)}/history`),
    /** @param {string | null} batch without one the last */
    undo: async (batch = null) => (await request("POST", "/api/undo", batch ? { batch } : {})).value,
    redo: () => ask("POST", "/api/redo", {}),
    /** @param {number} seq */
    changes: (seq) => ask("GET", `/api/changes?since=${seq}`),
    /** A page of the trash, behind the cursor of the one before. @param {number} size @param {string} cursor */
    trash: (size, cursor = "") => ask("GET", `/api/trash?page_size=${size}&cursor=${encodeURIComponent(cursor)}`),
    emptyTrash: () => ask("DELETE", "/api/trash"),
    tags: () => ask("GET", "/api/tags"),
    /** @param {string} old @param {string} name */
    renameTag: (old, name) => ask("POST", "/api/tags/rename", { old, new: name }),
    /** @param {string[]} sources @param {string} target */
    mergeTags: (sources, target) => ask("POST", "/api/tags/merge", { sources, target }),
    /** @param {string} name */
    deleteTag: (name) => ask("POST", "/api/tags/delete", { name }),
    searches: () => ask("GET", "/api/searches"),
    /** @param {string} name @param {string} query @param {string} sort */
    saveSearch: (name, query, sort) => ask("PUT", searchPath(name), { query, sort }),
    /** @param {string} name */
    deleteSearch: (name) => ask("DELETE", searchPath(name)),
    /** What adding it would read from a file; nothing is kept. @param {File} file */
    inspect: (file) => sendFile("/api/inspect", file),
    /** @param {string} id @param {File} file */
    replaceFile: (id, file) => sendFile(`${imagePath(id)}/file`, file),
    drift: () => ask("GET", "/api/drift"),
    /** One of `{locate}`, `{accept}`, `{adopt}`, `{flag_missing}`. @param {any} body */
    repair: (body) => ask("POST", "/api/drift", body),
    status: () => ask("GET", "/api/status"),
    /** @param {boolean} full */
    rebuild: (full) => ask("POST", "/api/rebuild", { full }),
    /** Where the records can be downloaded. @param {"json" | "csv"} format @param {string} query */
    exportUrl: (format, query = "") => `/api/export?format=${format}${query && `&q=${encodeURIComponent(query)}`}`,
    backupUrl: "/api/backup",
  };
})();
