// Light or dark, as this browser's user chose; without a choice, as the system is. It runs before anything
// is painted, or a dark page would first be seen as a light one.
"use strict";

const ImagelibTheme = (() => {
  const KEY = "imagelib.theme";
  const NAMES = ["light", "dark"];

  /** What was chosen; "" leaves it to the system. */
  function get() {
    try {
      const kept = localStorage.getItem(KEY) ?? "";
      return NAMES.includes(kept) ? kept : "";
    } catch {  // it may be switched off
      return "";
    }
  }

  /** @param {string} theme */
  function show(theme) {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  }

  /** @param {string} theme */
  function set(theme) {
    show(theme);
    try {
      localStorage.setItem(KEY, theme);
    } catch { /* then it is for this page alone */ }
  }

  show(get());
  // Tabs of one browser look alike.
  window.addEventListener("storage", ({ key }) => key === KEY && show(get()));

  return { get, set };
})();
