// What is kept from one visit to the next: by this browser, or by this tab. Where storage is switched off or
// full, nothing is, and the page goes on without.
"use strict";

const ImagelibKept = (() => {
  /** A storage may not even be named where it is switched off. @param {() => Storage} storage */
  function keeper(storage) {
    /** What is kept under a key, or null. @param {string} key */
    function get(key) {
      try {
        return storage().getItem(key);
      } catch {
        return null;
      }
    }

    /** Keep a text, or nothing any more; whether it is so. @param {string} key @param {string | null} text */
    function set(key, text) {
      try {
        if (text === null) storage().removeItem(key);
        else storage().setItem(key, text);
        return true;
      } catch {
        return false;
      }
    }

    /** The value that is kept under a key; null if there is none, or somebody else's. @param {string} key @returns {unknown} */
    function value(key) {
      try {
        return JSON.parse(get(key) ?? "null");
      } catch {
        return null;
      }
    }

    return {
      get,
      set,
      /** The members of an object that was kept. @param {string} key @returns {Record<string, unknown>} */
      members: (key) => ({ .../** @type {object | null} */ (value(key)) }),
      /** The items of a list that was kept. @template T @param {string} key @returns {T[]} */
      list: (key) => {
        const kept = value(key);
        return Array.isArray(kept) ? kept : [];
      },
      /** Keep a list, or an object. @param {string} key @param {object} kept */
      put: (key, kept) => set(key, JSON.stringify(kept)),
    };
  }

  return { browser: keeper(() => localStorage), tab: keeper(() => sessionStorage) };
})();
