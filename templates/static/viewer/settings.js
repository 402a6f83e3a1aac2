// What a generator was told, in words: the twin of imagelib/generator/settings.py, equal by test, which hands
// the names of settings to the page. Pure functions, no DOM.
"use strict";

/**
 * @typedef {{text: string, field: string, value: string}} SettingPart  Leads to the images with the value if it has a field.
 * @typedef {[name: string, parts: SettingPart[]]} SettingRow
 */

const ImagelibSettings = (() => {
  /** The settings that the search grammar has fields for. */
  const LINKED = ["tool", "sampler", "seed"];
  /** A whole number as Python writes it where it could be another one, as of a CFG scale. */
  const WHOLE = /^-?[0-9]{1,15}\.0$/;

  /**
   * The settings of an image, and those besides that its generator alone knows.
   * @param {Pick<KnownRecord, "generation" | "width" | "height">} record @param {Record<string, string>} names
   * @returns {{rows: SettingRow[], more: SettingRow[]}}
   */
  function rowsOf({ generation = {}, height, width }, names) {
    const made = Object.entries(generation).map(([name, value]) => /** @type {[string, unknown]} */ ([name, read(name, value)]))
      .filter(([name, value]) => !isEmpty(value) && (name !== "size" || value !== `${width}x${height}`));
    const further = made.find(([name]) => name === "extra")?.[1];
    const sources = made.find(([name]) => name === "sources")?.[1];
    const folded = [...(isObject(further) ? ["extra"] : []), ...(isObject(sources) ? ["sources"] : [])];
    /** @type {SettingRow[]} */
    const more = isObject(further) ? Object.entries(further).filter(([, value]) => value !== null && value !== "")
      .map(([name, value]) => [nameOf(name, names), [part(textOf(value))]]) : [];
    return {
      rows: made.filter(([name]) => !folded.includes(name)).map(([name, value]) => [nameOf(name, names), partsOf(name, value)]),
      more: isObject(sources) ? [...more, ["Read from", [part(readFrom(sources, names))]]] : more,
    };
  }

  /** Where the values stood in the file: first that of most of them, then those of others. @param {Record<string, unknown>} sources
   * @param {Record<string, string>} names */
  const readFrom = (sources, names) => Object.entries(sources)
    .map(([name, source]) => (name === "record" ? textOf(source) : `${nameOf(name, names)}: ${textOf(source)}`)).join("; ");

  /** @param {unknown} value */
  const isEmpty = (value) => value === null || value === undefined || value === ""
    || (typeof value === "object" && Object.keys(value).length === 0);

  /** @param {unknown} value @returns {value is Record<string, unknown>} */
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

  /** A value that the index has as text. @param {string} name @param {unknown} value */
  function read(name, value) {
    if (typeof value === "string" && name !== "version" && WHOLE.test(value)) return value.slice(0, -2);
    if (typeof value !== "string" || !/^[[{]/.test(value)) return value;
    try {
      return JSON.parse(value);
    } catch {
      return value;
    }
  }

  /** @param {string} name @param {Record<string, string>} names */
  function nameOf(name, names) {
    if (Object.hasOwn(names, name)) return names[name];
    const words = ImagelibText.squeeze(name.replaceAll("_", " "));
    return words.slice(0, 1).toUpperCase() + words.slice(1);
  }

  /** @param {string} text @returns {SettingPart} */
  const part = (text, field = "", value = "") => ({ text, field, value });

  /** @param {string} name @param {unknown} value */
  function partsOf(name, value) {
    if (name === "loras" && Array.isArray(value)) return value.flatMap((lora, i) => [...(i ? [part(", ")] : []), ...loraOf(lora)]);
    return [LINKED.includes(name) ? part(textOf(value), name, textOf(value)) : part(textOf(value))];
  }

  /** @param {unknown} lora */
  function loraOf(lora) {
    if (!isObject(lora) || typeof lora.name !== "string") return [part(textOf(lora))];
    return [part(lora.name, "lora", lora.name), ...(typeof lora.weight === "number" ? [part(` (${textOf(lora.weight)})`)] : [])];
  }

  /** @param {unknown} value */
  function textOf(value) {
    if (typeof value === "string") return value;
    return Array.isArray(value) && value.every((one) => typeof one === "string") ? value.join(", ") : JSON.stringify(value);
  }

  return { rowsOf };
})();
