// @ts-check
// What this browser's user prefers, kept in this browser.
"use strict";

const ImagelibPreferences = (() => {
  /** @typedef {"advance"} Name */
  /** @type {Record<Name, boolean>} */
  const DEFAULTS = { advance: true };

  /** @param {Name} name */
  function get(name) {
    try {
      const kept = localStorage.getItem(`imagelib.${name}`);
      return kept === null ? DEFAULTS[name] : kept === "yes";
    } catch {
      return DEFAULTS[name];  // storage is switched off
    }
  }

  /** @param {Name} name @param {boolean} on */
  function set(name, on) {
    try {
      localStorage.setItem(`imagelib.${name}`, on ? "yes" : "no");
    } catch {
      // Without storage the default stays.
    }
  }

  return { get, set };
})();
