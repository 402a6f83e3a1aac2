// An image's settings as text for other programs: AUTOMATIC1111's infotext, and JSON.
// Pure functions, no DOM.
"use strict";

const ImagelibInfotext = (() => {
  /** Our name of a setting -> the infotext's, in the order in which it writes them. @type {[string, string][]} */
  const NAMES = [
    ["steps", "Steps"], ["sampler", "Sampler"], ["scheduler", "Schedule type"], ["cfg_scale", "CFG scale"],
    ["seed", "Seed"], ["size", "Size"],
  ];

  /** A value with a comma or a colon would be read as several. @param {string} value */
  const quoted = (value) => (/[,:"\n]/.test(value) ? JSON.stringify(value) : value);

  /** @typedef {Partial<KnownRecord>} Settings  What is known of an image. */

  /** @param {Settings} record */
  function write(record) {
    const settings = record.generation ?? {};
    const pairs = NAMES.filter(([ours]) => settings[ours] !== undefined)
      .map(([ours, theirs]) => `${theirs}: ${quoted(String(settings[ours]))}`);
    if (record.ai_model) pairs.push(`Model: ${quoted(record.ai_model)}`);
    if (settings.version) pairs.push(`Version: ${quoted(String(settings.version))}`);
    return [
      record.prompt_text ?? "",
      ...(record.negative_prompt ? [`Negative prompt: ${record.negative_prompt}`] : []),
      ...(pairs.length ? [pairs.join(", ")] : []),
    ].join("\n");
  }

  /** @param {Settings} record */
  const asJson = (record) => JSON.stringify({
    prompt: record.prompt_text ?? "", negative_prompt: record.negative_prompt ?? "", model: record.ai_model ?? "",
    ...record.generation, tags: record.tags ?? [], rating: record.rating ?? 0, captured_at: record.captured_at ?? "",
    file: record.original_name || record.file_name || "",
  }, null, 2);

  return { asJson, write };
})();
