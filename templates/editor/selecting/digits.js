// Digits with Shift as keys: a place on the keyboard, as what Shift makes of it differs from one to the next.
"use strict";

const ImagelibDigits = (() => {
  /** On some keyboards Shift and a digit are a sign that means something else here. */
  const SIGNS = "/+-=?";

  /** Which digit from 1 to 9 is meant; 0 if none, or if the key writes a digit or a command. @param {{key: string, code: string}} event */
  function shifted({ key, code }) {
    const found = /^Digit([1-9])$/.exec(code);
    return found && !/^\d$/.test(key) && !SIGNS.includes(key) ? Number(found[1]) : 0;
  }

  return { shifted };
})();
