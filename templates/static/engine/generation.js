// What generators were told, over the rows: LoRAs and samplers. Many images share the same settings, so that
// these are counted by settings, and names are read once for each.
"use strict";

const ImagelibGeneration = (() => {
  const { fold, foldWords, loraNames } = ImagelibText;

  /** @typedef {InstanceType<typeof ImagelibColumns.Columns>} Columns */

  /** Of each settings of a block, the names of its LoRAs. @type {WeakMap<string[][], {names: string[][], folded: string[]}>} */
  const known = new WeakMap();

  /** The names of the LoRAs of each settings, as they are written, and as `lora:` is looked for in them. @param {TextBlock} text */
  function lorasOf({ settings }) {
    let found = known.get(settings);
    if (!found) {
      const names = settings.map((pairs) => loraNames(valueOf(pairs, "loras") || "[]"));
      found = { names, folded: names.map((some) => some.map(foldWords).join("\x1f")) };
      known.set(settings, found);
    }
    return found;
  }

  /** @param {string[]} pairs  Names and values in turn. @param {string} name */
  function valueOf(pairs, name) {
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return pairs[i + 1];
    return "";
  }

  /** Whether any image has a setting. @param {Columns} columns @param {string} name */
  const hasAny = ({ texts }, name) => texts.some((text) => text?.settings.some((pairs) => valueOf(pairs, name)));

  /**
   * How many rows of a bitmap have each value, the most frequent first; what differs by case alone is one.
   * @param {Columns} columns @param {Uint32Array} bits @param {(text: TextBlock) => string[][]} valuesOf  Of each settings of a block.
   * @returns {Facet[]}
   */
  function counted({ texts }, bits, valuesOf) {
    /** @type {Map<string, Facet>} */
    const found = new Map();
    texts.forEach((text, slot) => {
      if (!text) return;
      const bySetting = new Uint32Array(text.settings.length);
      const words = ImagelibColumns.TEXT_WORDS;
      ImagelibBits.each(bits.subarray(slot * words, (slot + 1) * words), (offset) => {
        if (text.setting[offset] >= 0) bySetting[text.setting[offset]]++;
      });
      const values = valuesOf(text);
      bySetting.forEach((count, setting) => {
        if (!count) return;
        for (const name of new Set(values[setting])) {
          const key = fold(name);
          const facet = found.get(key) ?? { name, count: 0 };
          facet.count += count;
          if (name) found.set(key, facet);
        }
      });
    });
    return [...found.values()].sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  }

  return {
    hasAny,
    /** @param {Columns} columns @param {Uint32Array} bits */
    loras: (columns, bits) => counted(columns, bits, (text) => lorasOf(text).names),
    lorasOf,
    /** @param {Columns} columns @param {Uint32Array} bits */
    samplers: (columns, bits) => counted(columns, bits, ({ settings }) => settings.map((pairs) => [valueOf(pairs, "sampler")])),
  };
})();
