// @ts-check
// Keep this tab in step with the library: what changed since the blocks were built is laid over
// them, and then again every two seconds. A hidden tab asks nothing.
"use strict";

const ImagelibChanges = (() => {
  const PAUSE = 2000;
  let seq = -1;
  let timer = 0;
  let asking = false;
  let lost = false;

  /** Ask now; `again` plans the next time. */
  async function poll() {
    clearTimeout(timer);
    if (asking) return;
    asking = true;
    try {
      await ImagelibIndex.ready;
      if (seq < 0) seq = Math.max(0, ImagelibIndex.seq);
      for (let more = true; more;) {
        const answer = await ImagelibApi.get(`/api/changes?since=${seq}`);
        for (const record of answer.items) await ImagelibIndex.put(record, answer.seq);
        for (const id of answer.deleted) await ImagelibIndex.remove(id, answer.seq);
        if (answer.items.length || answer.deleted.length) {
          document.dispatchEvent(new CustomEvent("imagelib:changed", { detail: answer }));
        }
        ({ seq, more } = answer);
      }
      if (lost) ImagelibToast.show("The daemon answers again.");
      lost = false;
    } catch (error) {
      if (!lost) ImagelibToast.fail(error);
      lost = true;
    } finally {
      asking = false;
      if (!document.hidden) timer = setTimeout(poll, PAUSE);
    }
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void poll();
  });

  /** Take the last batch back, and say so. */
  async function undo() {
    try {
      const { action, images } = await ImagelibApi.post("/api/undo");
      await poll();
      ImagelibToast.show(`Undone: ${action} (${images.length} image${images.length === 1 ? "" : "s"})`,
        { action: "Redo", press: () => void redo() });
    } catch (error) {
      ImagelibToast.fail(error);
    }
  }

  async function redo() {
    try {
      await ImagelibApi.post("/api/redo");
      await poll();
    } catch (error) {
      ImagelibToast.fail(error);
    }
  }

  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "z") return;
    if (ImagelibDom.isWriting(event.target)) return;
    event.preventDefault();
    void (event.shiftKey ? redo() : undo());
  });

  if (document.querySelector("[data-mount=gallery]")) void poll();

  return { poll, undo };
})();
