// What was changed of an image, in a few words: "tags of red fox… (−wip)"; who did it, and when.
"use strict";

const ImagelibEditWords = (() => {
  const NAME = 40;
  const VALUE = 30;

  /** Who made a change, as the API names them. @type {Record<string, string>} */
  const ACTORS = {
    editor: "in the editor", api: "through the API", cli: "by the command line", watcher: "by watching the files",
    python: "by a Python program", external: "by another program",
  };

  /** What was done. @param {string} action */
  const deed = (action) => (action === "external" ? "Changed" : action.slice(0, 1).toUpperCase() + action.slice(1));

  /** Whether an edit is of somebody else than who sits at this page, or of before. @param {Pick<Undoable, "actor" | "at">} edit @param {number} since in milliseconds */
  const isForeign = ({ actor, at }, since) => actor !== "editor" || !(Date.parse(at) >= since);

  /** @param {string} text @param {number} most */
  const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1).trimEnd()}…` : text);

  /** @param {unknown} value */
  const written = (value) => (value === null || value === undefined || value === "" ? "nothing" : cut(String(value), VALUE));

  /** @param {KnownRecord} record @param {string} name @returns {unknown} */
  const valueOf = (record, name) => /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (record))[name];

  /** How one field changed. @param {RegisteredField} field @param {KnownRecord} before @param {KnownRecord} now */
  function difference({ kind, name }, before, now) {
    if (kind === "tags") {
      const [had, has] = [before.tags, now.tags];
      return [...has.filter((tag) => !had.includes(tag)).map((tag) => `+${tag}`),
        ...had.filter((tag) => !has.includes(tag)).map((tag) => `−${tag}`)].join(" ");
    }
    if (kind === "rating") return `${before.rating} → ${now.rating}`;
    if (kind === "date") return [before, now].map((record) => ImagelibDates.written(written(valueOf(record, name)))).join(" → ");
    if (kind === "line") return `${written(valueOf(before, name))} → ${written(valueOf(now, name))}`;
    return "";
  }

  /**
   * What is another now, or "" if that cannot be told.
   * @param {KnownRecord | null} before @param {KnownRecord | null} now
   */
  function change(before, now) {
    if (!now) return "";
    const name = cut(ImagelibCard.nameOf(now) || "an image", NAME);
    if (!before) return `${name} is back`;
    // The blocks of the page have not all that a record has.
    const changed = ImagelibRegistry.FIELDS.filter(({ name: field }) => field in before && field in now
      && JSON.stringify(valueOf(before, field)) !== JSON.stringify(valueOf(now, field)));
    if (!changed.length) return "";
    const labels = changed.map(({ label }) => label.toLowerCase()).join(", ");
    const how = changed.map((field) => difference(field, before, now)).filter(Boolean).join(", ");
    return `${labels} of ${name}${how ? ` (${how})` : ""}`;
  }

  return { ACTORS, change, cut, deed, isForeign };
})();
