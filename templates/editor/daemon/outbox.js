// Edits that the daemon was not there for. They are kept in this tab, also through a reload; delivery.js
// sends them.
"use strict";

const ImagelibOutbox = (() => {
  const { tab } = ImagelibKept;
  const KEY = "imagelib.outbox";
  /** @type {Letter[]} */
  let letters = tab.list(KEY);
  /** Whether the first one is on its way. */
  let isSending = false;

  /** Where nothing can be kept they are still in memory. */
  const write = () => void tab.put(KEY, letters);

  /** Behind a save of the same image it goes along with that: one image is at one version. @param {Letter} letter */
  function put(letter) {
    const last = letters.at(-1);
    if (letter.kind === "save" && last?.kind === "save" && last.base.id === letter.base.id && !(isSending && letters.length === 1)) {
      last.fields = { ...last.fields, ...letter.fields };
    } else {
      letters.push(letter);
    }
    write();
    tell(true);
  }

  /** Nothing of what was written into this image is wanted any more. @param {string} id */
  function withdraw(id) {
    const sent = isSending ? 1 : 0;
    letters = letters.filter((letter, place) => place < sent || letter.kind !== "save" || letter.base.id !== id);
    write();
    if (!letters.length) tell(false);
  }

  /** Say how things stand. @param {boolean} lost whether the daemon does not answer */
  function tell(lost) {
    const waiting = letters.length ? ` ${letters.length} edit${letters.length === 1 ? " is" : "s are"} kept and will be sent when it is back.` : "";
    ImagelibToast.hold("daemon", lost ? `imagelib does not answer.${waiting}` : "");
  }

  /**
   * Hand over what waits, in its order; a letter stays if `deliver` throws.
   * @param {(letter: Letter) => Promise<boolean>} deliver  Whether it is saved.
   * @returns {Promise<number | null>} how many were saved, or null if somebody does it already
   */
  async function empty(deliver) {
    if (isSending) return null;
    isSending = true;
    let saved = 0;
    try {
      while (letters.length) {
        saved += Number(await deliver(letters[0]));
        letters = letters.slice(1);
        write();
      }
      return saved;
    } finally {
      isSending = false;
    }
  }

  return { empty, put, get size() { return letters.length; }, tell, withdraw };
})();
