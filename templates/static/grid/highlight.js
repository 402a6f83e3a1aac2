// Marks the words of the query where they are read, without touching the page: the browser paints
// ranges. Where it cannot, nothing is marked.
"use strict";

const ImagelibHighlight = (() => {
  const NAME = "hit";
  const isSupported = "highlights" in CSS && "Highlight" in window;
  /** So many marks in one text are enough, and so much of a text is read. */
  const [MOST, LONGEST] = [40, 400];
  /** @type {string[]} */
  let words = [];

  /** The words that a result's prompts hold. @param {QueryNode} node @returns {string[]} */
  function wordsOf(node) {
    if (node.kind === "word") return node.field === "" || node.field === "prompt" ? [node.word] : [];
    return node.kind === "all" || node.kind === "any" ? node.parts.flatMap(wordsOf) : [];
  }

  /** @param {QueryNode} root */
  const look = (root) => { words = wordsOf(root); };

  /** A folded text, and which character of the original each of its own comes from. @param {string} text */
  function foldedWithPlaces(text) {
    let folded = "";
    /** @type {number[]} */
    const places = [];
    let at = 0;
    for (const character of text) {
      const part = ImagelibText.fold(character);
      for (let i = 0; i < part.length; i++) places.push(at);
      folded += part;
      at += character.length;
    }
    places.push(at);
    return { folded, places };
  }

  /** @param {Node} node  With text. */
  function rangesIn(node) {
    const { folded, places } = foldedWithPlaces((node.textContent ?? "").slice(0, LONGEST));
    /** @type {Range[]} */
    const ranges = [];
    for (const word of words) {
      for (let at = folded.indexOf(word); at >= 0 && ranges.length < MOST; at = folded.indexOf(word, at + word.length)) {
        const range = document.createRange();
        range.setStart(node, places[at]);
        range.setEnd(node, places[at + word.length]);
        ranges.push(range);
      }
    }
    return ranges;
  }

  /** Mark the words in some elements, and nowhere else. @param {Iterable<Element>} elements */
  function mark(elements) {
    if (!isSupported) return;
    /** @type {Range[]} */
    const ranges = [];
    if (words.length) {
      for (const element of elements) {
        const text = element.firstChild;
        if (text?.nodeType === Node.TEXT_NODE) ranges.push(...rangesIn(text));
      }
    }
    if (ranges.length) CSS.highlights.set(NAME, new Highlight(...ranges));
    else CSS.highlights.delete(NAME);
  }

  return { look, mark };
})();
