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

  /** Hears of each request that may change something, and of the batch that came of it. */
  const account = { asked: () => {}, done: (/** @type {string} */ _batch) => {} };

  class Refusal extends Error {
    /** @param {number} status 0 if nobody answered @param {Problem | null} problem */
    constructor(status, problem) {
      super(textOf(problem) || `imagelib answered ${status}.`);
      this.status = status;
      /** Whether others are before us with their pictures: it may be asked for again, in a moment. */
      this.isBusy = status === 503 && problem?.title === "Busy";
      /** The record as it is now, where somebody was faster. */
      this.current = problem?.current ?? null;
      /** What is wrong with each field. @type {Map<string, string>} */
      this.fields = new Map(Array.isArray(problem?.detail)
        ? problem.detail.map(({ loc, msg }) => [String(loc[1] ?? loc[0]), msg])
        : []);
    }

    /** Whether the daemon is away: what was asked for may be asked for again. */
    get isAbsence() { return this.status === 0; }
  }

  /** @param {Problem | null} problem */
  const textOf = (problem) => problem?.message ?? (typeof problem?.detail === "string" ? problem.detail
    : problem?.detail?.map(({ msg }) => msg).join("; ") ?? problem?.title);

  /** A value as JSON; null if it is none. @param {string} text @returns {unknown} */
  function parse(text) {
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  }

  const absence = () => new Refusal(0, { detail: "imagelib does not answer. Is it still running?" });

  /**
   * What came back, and the batch that was made, if any.
   * @template T
   * @typedef {{value: T, batch: string | null}} Answered
   */

  /**
   * Ask for something; what the value is, its address says. `batch` is what undo takes back, where anything changed.
   * @template T
   * @param {string} method @param {string} path @param {unknown} body a value, or a form with files
   * @param {Record<string, string>} headers
   * @returns {Promise<Answered<T>>}
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
    if (!answer.ok) throw new Refusal(answer.status, /** @type {Problem | null} */ (value));
    return { value: /** @type {T} */ (value), batch: answer.headers.get(BATCH) };
  }

  /**
   * The same, and somebody keeps account of it.
   * @template T
   * @param {string} method @param {string} path @param {unknown} body @param {Record<string, string>} headers
   * @returns {Promise<Answered<T>>}
   */
  async function send(method, path, body = undefined, headers = {}) {
    if (method !== "GET") account.asked();
    /** @type {Answered<T>} */
    const answer = await request(method, path, body, headers);
    if (answer.batch) account.done(answer.batch);
    return answer;
  }

  /** @template T @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<T>} */
  async function ask(method, path, body) {
    /** @type {Answered<T>} */
    const { value } = await send(method, path, body);
    return value;
  }

  /** @param {string} id */
  const imagePath = (id) => `/api/images/${encodeURIComponent(id)}`;
  /** @param {string} name */
  const searchPath = (name) => `/api/searches/${encodeURIComponent(name)}`;
  /** @param {string} tag */
  const albumPath = (tag) => `/api/albums/${encodeURIComponent(tag)}`;
  /** @param {string} name */
  const publicationPath = (name) => `/api/publications/${encodeURIComponent(name)}`;

  /** All items of a list that comes in pages. @template T @param {string} path @returns {Promise<T[]>} */
  async function pages(path) {
    /** @type {T[]} */
    const items = [];
    for (let cursor = ""; ;) {
      /** @type {{items: T[], next: string | null}} */
      const page = await ask("GET", `${path}?cursor=${encodeURIComponent(cursor)}`);
      items.push(...page.items);
      if (!page.next) return items;
      cursor = page.next;
    }
  }

  /**
   * Ask about one file, or give it to an image; as often as others are before us.
   * @template T
   * @param {string} path @param {File} file
   * @returns {Promise<T>}
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
   * @param {File} file @param {ImagePatch} fields @param {(share: number) => void} progress
   * @returns {{done: Promise<{record: AddedRecord, batch: string | null}>, cancel: () => void}}
   */
  function upload(file, fields, progress) {
    const sending = new XMLHttpRequest();  // fetch tells nothing of what has left
    const body = new FormData();
    body.append("image_file", file, file.name);
    body.append("metadata", JSON.stringify(fields));
    /** @type {Promise<{record: AddedRecord, batch: string | null}>} */
    const done = new Promise((resolve, reject) => {
      sending.upload.onprogress = (event) => progress(event.total ? event.loaded / event.total : 0);
      sending.onload = () => {
        const value = parse(sending.responseText);
        if (sending.status < 300) resolve({ record: /** @type {AddedRecord} */ (value), batch: sending.getResponseHeader(BATCH) });
        else reject(new Refusal(sending.status, /** @type {Problem | null} */ (value)));
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
    /** @param {typeof account} listener */
    onWrite: (listener) => void Object.assign(account, listener),
    /** @param {string} id @returns {Promise<ImageRecord>} */
    image: (id) => ask("GET", imagePath(id)),
    /** How many images a query finds. @param {string} query */
    count: async (query) => {
      /** @type {ListPage} */
      const { total } = await ask("GET", `/api/images?page_size=1&q=${encodeURIComponent(query)}`);
      return total;
    },
    upload,
    /**
     * Save some fields of an image if it still is at the version that was seen.
     * @param {string} id @param {number} version @param {ImagePatch} fields
     * @returns {Promise<Answered<ImageRecord>>}
     */
    save: (id, version, fields) => send("PUT", imagePath(id), fields, { "If-Match": `"${version}"` }),
    /** One edit of many. @param {BatchBody} body @returns {Promise<BatchAnswer>} */
    batch: (body) => ask("POST", "/api/batch", body),
    /** Find and replace in texts; with `dry_run`, what would be. @param {ReplaceBody} body @returns {Promise<ReplaceAnswer>} */
    replace: async (body) => (body.dry_run ? (await request("POST", "/api/replace", body)).value : ask("POST", "/api/replace", body)),
    /** The newest change first. @param {string} id @returns {Promise<Change[]>} */
    history: (id) => pages(`${imagePath(id)}/history`),
    /** What undo would take back. @param {string | null} batch without one the last @returns {Promise<Undoable>} */
    undoable: (batch) => ask("GET", `/api/undo${batch ? `?batch=${encodeURIComponent(batch)}` : ""}`),
    /** @param {string | null} batch without one the last */
    undo: async (batch = null) => {
      /** @type {Answered<UndoAnswer>} */
      const { value } = await request("POST", "/api/undo", batch ? { batch } : {});
      return value;
    },
    /** @returns {Promise<UndoAnswer>} */
    redo: () => ask("POST", "/api/redo", {}),
    /** @param {number} seq @returns {Promise<ChangesPage>} */
    changes: (seq) => ask("GET", `/api/changes?since=${seq}`),
    /** A page of the trash, behind the cursor of the one before. @param {number} size @param {string} cursor @returns {Promise<TrashPage>} */
    trash: (size, cursor = "") => ask("GET", `/api/trash?page_size=${size}&cursor=${encodeURIComponent(cursor)}`),
    /** Destroy one of the trash. @param {string} id @returns {Promise<unknown>} */
    destroy: (id) => ask("DELETE", `/api/trash/${encodeURIComponent(id)}`),
    /** @returns {Promise<{purged: number}>} */
    emptyTrash: () => ask("DELETE", "/api/trash"),
    /** @returns {Promise<TagCount[]>} */
    tags: () => ask("GET", "/api/tags"),
    /** @param {string} old @param {string} name @returns {Promise<TagsAnswer>} */
    renameTag: (old, name) => ask("POST", "/api/tags/rename", { old, new: name }),
    /** @param {string[]} sources @param {string} target @returns {Promise<TagsAnswer>} */
    mergeTags: (sources, target) => ask("POST", "/api/tags/merge", { sources, target }),
    /** @param {string} name @returns {Promise<TagsAnswer>} */
    deleteTag: (name) => ask("POST", "/api/tags/delete", { name }),
    /** @returns {Promise<SavedSearch[]>} */
    searches: () => ask("GET", "/api/searches"),
    /** Make an album, or change what is given of it. @param {string} tag @param {AlbumChange} what @returns {Promise<{tag: string}>} */
    changeAlbum: (tag, what) => ask("PUT", albumPath(tag), what),
    /** The tag stays. @param {string} tag @returns {Promise<void>} */
    forgetAlbum: (tag) => ask("DELETE", albumPath(tag)),
    /** @param {string} name @param {string} query @param {string} sort @returns {Promise<SavedSearch>} */
    saveSearch: (name, query, sort) => ask("PUT", searchPath(name), { query, sort }),
    /** @param {string} name @returns {Promise<null>} */
    deleteSearch: (name) => ask("DELETE", searchPath(name)),
    /** What can be published, and how far publishing is. @returns {Promise<{items: PublicationItem[], job: PublishJob | IdleJob}>} */
    publications: () => ask("GET", "/api/publications"),
    /** @param {string} name @param {PublishBody} body @returns {Promise<PublishJob>} */
    preparePublication: (name, body) => ask("POST", publicationPath(name), body),
    /** The yes to what was prepared. @param {string} name @param {AgreedBody} body @returns {Promise<PublishJob>} */
    sendPublication: (name, body) => ask("POST", `${publicationPath(name)}/send`, body),
    /** The no; of one that has ended, forget it. @param {string} name @returns {Promise<PublishJob | IdleJob>} */
    cancelPublication: (name) => ask("DELETE", publicationPath(name)),
    /** In which publications an image is. @param {string} id @returns {Promise<{name: string, place: string}[]>} */
    publicationsOf: async (id) => {
      /** @type {{items: {name: string, place: string}[]}} */
      const { items } = await ask("GET", `${imagePath(id)}/publications`);
      return items;
    },
    /** @returns {Promise<PickVisitor[]>} */
    picks: () => ask("GET", "/api/picks"),
    /** Who picked an image, and what each says of it. @param {string} id @returns {Promise<(PickItem & {who: string})[]>} */
    picksOf: (id) => ask("GET", `${imagePath(id)}/picks`),
    /** What a file or link of picks would change, or has changed. @param {string} text @param {boolean} merge @returns {Promise<PickArrival>} */
    sendPicks: (text, merge) => ask("POST", "/api/picks", merge ? { text, merge } : { text }),
    /** @param {PickVisitor} visitor @returns {Promise<null>} */
    forgetPicks: ({ publication, key }) => ask("DELETE", `/api/picks/${publication}/${key}`),
    /** What adding it would read from a file; nothing is kept. @param {File} file @returns {Promise<Inspection>} */
    inspect: (file) => sendFile("/api/inspect", file),
    /** @param {string} id @param {File} file @returns {Promise<ImageRecord>} */
    replaceFile: (id, file) => sendFile(`${imagePath(id)}/file`, file),
    /** @returns {Promise<Drift>} */
    drift: () => ask("GET", "/api/drift"),
    /** @param {RepairBody} body @returns {Promise<BatchAnswer>} */
    repair: (body) => ask("POST", "/api/drift", body),
    /** @returns {Promise<Status>} */
    status: () => ask("GET", "/api/status"),
    /** @returns {Promise<LibrarySettings>} */
    settings: () => ask("GET", "/api/settings"),
    /** @param {Partial<LibrarySettings>} settings @returns {Promise<LibrarySettings>} */
    changeSettings: (settings) => ask("PUT", "/api/settings", settings),
    /** @param {boolean} full @returns {Promise<BuildStatus>} */
    rebuild: (full) => ask("POST", "/api/rebuild", { full }),
    /** Where the records can be downloaded. @param {"json" | "csv"} format @param {string} query */
    exportUrl: (format, query = "") => `/api/export?format=${format}${query && `&q=${encodeURIComponent(query)}`}`,
    /** The records of images as an export has them. A search has at most 200 conditions. @param {string[]} ids */
    exported: async (ids) => {
      /** @type {ImageRecord[]} */
      const found = [];
      for (let first = 0; first < ids.length; first += 100) {
        const query = ids.slice(first, first + 100).map((id) => `id:${id}`).join(" or ");
        /** @type {{images: ImageRecord[]}} */
        const { images } = await ask("GET", `/api/export?format=json&q=${encodeURIComponent(query)}`);
        found.push(...images);
      }
      return found;
    },
    backupUrl: "/api/backup",
  };
})();
