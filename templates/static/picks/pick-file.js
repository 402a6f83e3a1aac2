// Picks as a link and back: JSON, packed, in URL-safe Base64 behind `#picks=`. The reader is
// imagelib/publishing/pick_files.py.
"use strict";

const ImagelibPickFile = (() => {
  const MARK = "#picks=";
  /** What mail programs and chats leave whole. */
  const LONGEST_LINK = 8192;
  /** What a link may unpack to, in bytes. */
  const MOST_BYTES = 2 ** 20;

  /** The link to this page with a file of picks; "" if it would be too long, or the browser cannot pack. @param {PickFile} file */
  async function linkOf(file) {
    if (typeof CompressionStream === "undefined") return "";
    const stream = new Blob([JSON.stringify(file)]).stream().pipeThrough(new CompressionStream("deflate"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    // Where the page lies on the visitor's own disk is nobody's business, and leads nowhere.
    const page = location.protocol === "file:" ? "" : `${location.origin}${location.pathname}`;
    const link = `${page}${MARK}${asBase64(bytes)}`;
    return link.length > LONGEST_LINK ? "" : link;
  }

  /** @param {Uint8Array} bytes */
  function asBase64(bytes) {
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  }

  /** What a link holds; null if that is nothing whole. @param {string} hash @returns {Promise<unknown>} */
  async function read(hash) {
    try {
      const text = atob(hash.slice(MARK.length).replaceAll("-", "+").replaceAll("_", "/"));
      const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
      const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
      const parts = [];
      let size = 0;
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        size += part.value.length;
        // A small link can be made to unpack without end.
        if (size > MOST_BYTES) {
          void reader.cancel();
          return null;
        }
        parts.push(part.value);
      }
      return JSON.parse(await new Blob(parts).text());
    } catch {
      return null;
    }
  }

  /** Whether a hash holds picks. @param {string} hash */
  const isLink = (hash) => hash.startsWith(MARK);

  return { isLink, linkOf, read };
})();
