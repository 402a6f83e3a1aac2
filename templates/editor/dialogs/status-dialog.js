// What the library is and what the daemon is doing: counts, the last build and what failed in it,
// where files and library disagree; rebuild, export, backup, and this browser's preferences.
"use strict";

const ImagelibStatusDialog = (() => {
  const { h, setText } = ImagelibDom;
  const { turns } = ImagelibTasks;
  const PAUSE = 500;

  async function open() {
    const counts = h("dl", { class: "facts-list" });
    const build = h("p", { role: "status" });
    const progress = h("progress", { max: "1", "aria-label": "Progress of the build", hidden: true });
    const failures = h("ul", { class: "failures", "aria-label": "Failures" });
    const watch = h("div", {});
    const drift = ImagelibDriftSection.make();
    const rebuild = (/** @type {string} */ label, /** @type {boolean} */ full) => h("button", { type: "button", click: async () => {
      await ImagelibApi.rebuild(full).catch(ImagelibToast.fail);
      void show();
    } }, label);
    const dialog = ImagelibDialog.open("Library", [h("div", { class: "status" },
      counts,
      h("h3", {}, "Site"), build, progress, failures,
      h("p", { class: "beside" }, rebuild("Rebuild", false), rebuild("Render everything anew", true)),
      h("h3", {}, "Folder of the images"), watch, drift.element,
      h("h3", {}, "Take it with you"),
      h("p", { class: "beside" },
        h("a", { class: "button", href: ImagelibApi.exportUrl("json"), download: "" }, "Records as JSON"),
        h("a", { class: "button", href: ImagelibApi.exportUrl("csv"), download: "" }, "Records as CSV"),
        h("a", { class: "button", href: ImagelibApi.backupUrl, download: "" }, "Backup of the database")),
      h("h3", {}, "This browser"),
      preference("advance", "After rating an image go on to the next"),
      h("h4", {}, "Tags by key"), ImagelibTagKeys.fields())], { closed: () => clearTimeout(timer) });
    let timer = 0;

    const begin = turns();

    async function show() {
      const isLast = begin();
      clearTimeout(timer);
      try {
        const status = await ImagelibApi.status();
        if (isLast()) fill(status);
      } catch (error) {
        if (isLast()) setText(build, /** @type {Error} */ (error).message);
      }
      if (isLast() && dialog.element.open) timer = setTimeout(show, PAUSE);
    }

    /** @param {Status} status */
    function fill(status) {
      /** @type {[string, string | number][]} */
      const pairs = [["Title", status.title], ["Images", status.images], ["In the trash", status.trash],
        ["Files missing", status.missing], ["Files altered", status.altered], ["imagelib", status.version]];
      const text = JSON.stringify(pairs);
      if (counts.dataset.shows !== text) {
        counts.dataset.shows = text;
        counts.replaceChildren(...pairs.map(([name, value]) =>
          h("div", {}, h("dt", {}, name), h("dd", {}, typeof value === "number" ? value.toLocaleString("en") : value))));
      }
      showBuild(status);
      showWatch(status.watch);
    }

    /** @param {Status} status */
    function showBuild({ build: { state, seq, error, failures: failed = [], progress: at }, seq: newest }) {
      setText(build, state === "failed" ? `The last build failed: ${error}`
        : state === "building" ? (at ? `Building: ${at.stage}, ${at.done} of ${at.total}` : "Building…")
          : seq === newest ? "Up to date." : "A build begins soon.");
      progress.hidden = state !== "building";
      if (at?.total) progress.value = at.done / at.total;
      else progress.removeAttribute("value");
      showLines(failures, failed.map(({ file, error: reason }) => `${file}: ${reason}`));
    }

    /** @param {WatchStatus} found */
    function showWatch(found) {
      const { state, reason = "" } = found;
      showLines(watch, [state === "off" ? "It is not watched."
        : `It is watched${state === "watching" ? "" : `, by ${state}`}${reason ? `: ${reason}` : ""}.`]);
      const text = JSON.stringify(found);
      // What the watcher finds is a reason to compare again.
      if (watch.dataset.found !== text) void drift.look();
      watch.dataset.found = text;
    }

    await show();
  }

  /** @param {HTMLElement} place @param {string[]} lines */
  function showLines(place, lines) {
    const text = lines.join("\n");
    if (place.dataset.shows === text) return;
    place.dataset.shows = text;
    place.replaceChildren(...lines.map((line) => h(place.tagName === "UL" ? "li" : "p", {}, line)));
  }

  /** @param {"advance"} name @param {string} label */
  function preference(name, label) {
    const input = h("input", { type: "checkbox", change: () => ImagelibPreferences.set(name, input.checked) });
    input.checked = ImagelibPreferences.get(name);
    return h("label", { class: "preference" }, input, label);
  }

  return { open };
})();
