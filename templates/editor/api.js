// @ts-check
// Requests to the daemon. A refusal is an error that carries what the daemon said of each field.
"use strict";

const ImagelibApi = (() => {
  class Refusal extends Error {
    /** @param {number} status @param {any} problem */
    constructor(status, problem) {
      super(textOf(problem) || `The daemon answered ${status}.`);
      this.status = status;
      /** The record as it is now, where somebody was faster. */
      this.current = problem?.current ?? null;
      /** What is wrong with each field. @type {Map<string, string>} */
      this.fields = new Map(Array.isArray(problem?.detail)
        ? problem.detail.map((/** @type {any} */ { loc, msg }) => [String(loc[1] ?? loc[0]), msg])
        : []);
    }
  }

  /** @param {any} problem */
  const textOf = (problem) => problem?.message ?? (typeof problem?.detail === "string" ? problem.detail
    : problem?.detail?.map((/** @type {any} */ { msg }) => msg).join("; ") ?? problem?.title);

  /**
   * @param {string} method @param {string} path @param {any} body @param {Record<string, string>} headers
   * @returns {Promise<any>}
   */
  async function ask(method, path, body = undefined, headers = {}) {
    const sent = body === undefined ? { method, headers }
      : { method, headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) };
    let answer;
    try {
      answer = await fetch(path, sent);
    } catch {
      throw new Refusal(0, { detail: "The daemon does not answer. Is it still running?" });
    }
    const text = await answer.text();
    const value = text ? JSON.parse(text) : null;
    if (!answer.ok) throw new Refusal(answer.status, value);
    return value;
  }

  /** @param {string} id */
  const imagePath = (id) => `/api/images/${encodeURIComponent(id)}`;

  return {
    Refusal,
    /** @param {string} path */
    get: (path) => ask("GET", path),
    /** @param {string} path @param {any} body */
    post: (path, body = {}) => ask("POST", path, body),
    /** @param {string} id */
    image: (id) => ask("GET", imagePath(id)),
    /** Save some fields of the record that was seen. @param {any} record @param {any} fields */
    save: (record, fields) => ask("PUT", imagePath(record.id), fields, { "If-Match": `"${record.version}"` }),
    /** @param {string} id */
    remove: (id) => ask("DELETE", imagePath(id)),
  };
})();
