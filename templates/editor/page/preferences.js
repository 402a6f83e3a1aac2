// What this browser's user prefers, kept in this browser.
"use strict";

const ImagelibPreferences = (() => {
  const { browser } = ImagelibKept;
  /** @typedef {"advance"} Name */
  /** @type {Record<Name, boolean>} */
  const DEFAULTS = { advance: true };

  /** @param {Name} name */
  function get(name) {
    const kept = browser.get(`imagelib.${name}`);
    return kept === null ? DEFAULTS[name] : kept === "yes";
  }

  /** @param {Name} name @param {boolean} on */
  const set = (name, on) => void browser.set(`imagelib.${name}`, on ? "yes" : "no");

  return { get, set };
})();
