// Where files and library disagree, and what can be done about it: a part of the status dialog.
"use strict";

const ImagelibDriftSection = (() => {
  const { h, setText } = ImagelibDom;
  const { released, turns } = ImagelibTasks;

  /** A section; `look` compares anew. */
  function make() {
    const summary = h("p", { role: "status" });
    const list = h("div", { class: "drift" });
    const place = h("input", { id: "locate-place", type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
    const locating = h("form", { class: "saving", hidden: true, submit: (event) => {
      event.preventDefault();
      void repair({ locate: place.value.trim() }, "located");
    } }, h("label", { class: "soft", for: place.id }, "Look for lost files in this folder or file (empty: only in images/)"),
    h("span", { class: "beside" }, place, h("button", { type: "submit" }, "Locate")));
    const element = h("section", { "aria-label": "Files" }, summary, locating, list);

    const begin = turns();
    /** What the list was made of. */
    let shown = "";

    async function look() {
      const isLast = begin();
      try {
        const found = await ImagelibApi.drift();
        await released();
        if (isLast()) fill(found);
      } catch (error) {
        if (!isLast()) return;
        shown = "";
        setText(summary, /** @type {Error} */ (error).message);
      }
    }

    /** @param {Drift} found */
    function fill(found) {
      const key = JSON.stringify(found);
      if (key === shown) return;
      shown = key;
      show(found);
    }

    /** @param {Drift} found */
    function show({ refused, counts, missing, altered, moved, stray, duplicate, unreadable }) {
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
      setText(summary, refused || (total ? "Files and library disagree:" : "Every file is where it should be."));
      locating.hidden = !(missing.length || altered.length || moved.length);
      list.replaceChildren(
        ...(refused && missing.length ? [button("They are really gone", "", () => repair({ flag_missing: true }, "flagged as missing"))] : []),
        ...part("Missing", counts.missing, missing, (one) => [restore(one),
          button("Delete", nameOf(one), () => ImagelibEdits.apply({ ids: [one.id] }, { delete: true }, "Deleted").then(look))]),
        ...part("Altered", counts.altered, altered, (one) => [
          button("Accept new file", nameOf(one), () => repair({ accept: [one.id] }, "accepted")), restore(one)]),
        ...part("Moved", counts.moved, moved, () => []),
        ...part("Stray", counts.stray, stray, (one) => [button("Adopt", one.file, () => repair({ adopt: [one.file] }, "adopted"))]),
        ...(stray.length > 1 ? [button("Adopt all", "", () => repair({ adopt: stray.map((one) => one.file) }, "adopted"))] : []),
        ...part("A second copy", counts.duplicate, duplicate, () => []),
        ...part("Cannot be read", counts.unreadable, unreadable, () => []));
    }

    /** @template {DriftEntry} T @param {string} title @param {number} count @param {T[]} entries @param {(one: T) => Node[]} actions */
    function part(title, count, entries, actions) {
      if (!count) return [];
      return [h("h4", {}, `${title} (${count.toLocaleString("en")})`), h("ul", { class: "rows", "aria-label": title },
        ...entries.map((one) => h("li", { class: "row" },
          h("span", { class: "row-text" }, h("strong", {}, one.id ? nameOf(one) : one.file ?? ""),
            h("span", { class: "soft" }, detail(one))), h("span", { class: "beside" }, ...actions(one)))))];
    }

    const { nameOf } = ImagelibCard;

    /** @param {DriftEntry} one */
    const detail = (one) => (one.now ? `now ${one.now}` : one.detail ?? (one.file && one.id ? one.file : one.file_name ?? ""));

    /** @param {string} label @param {string} about @param {() => unknown} press */
    const button = (label, about, press) => h("button", { type: "button", class: "small", "aria-label": about ? `${label}: ${about}` : label,
      click: () => void press() }, label);

    /** @param {DriftingImage} one */
    function restore(one) {
      const picker = h("input", { type: "file", class: "visually-hidden", tabindex: "-1", "aria-label": `File of ${nameOf(one)}`,
        accept: "image/*,video/*,.tif,.tiff,.heic,.heif,.jxl", change: () => {
          if (picker.files?.[0]) void upload(one, picker.files[0]);
          picker.value = ""; // the same file may be chosen again
        } });
      return h("span", {}, picker, button("Restore from…", nameOf(one), () => picker.click()));
    }

    /** @param {DriftingImage} one @param {File} file */
    async function upload(one, file) {
      try {
        const record = await ImagelibEdits.inOrder(() => ImagelibApi.replaceFile(one.id, file));
        await ImagelibChanges.show(record);
        ImagelibToast.show(`${nameOf(one)} has its file again`);
      } catch (error) {
        ImagelibToast.fail(error);
      }
      await look();
    }

    /** @param {RepairBody} body @param {string} said */
    async function repair(body, said) {
      try {
        const { changed, failures, batch } = await ImagelibEdits.inOrder(() => ImagelibApi.repair(body));
        const why = failures.length ? `; ${failures.length} not: ${failures[0].detail}` : "";
        ImagelibToast.show(`${ImagelibChanges.howMany(changed)} ${said}${why}`, {
          bad: failures.length > 0,
          actions: batch ? [["Undo", () => void ImagelibUndo.undo(batch).then(look)]] : [],
        });
        void ImagelibChanges.poll();
      } catch (error) {
        ImagelibToast.fail(error);
      }
      await look();
      if (!element.contains(document.activeElement)) element.closest("dialog")?.focus();
    }

    return { element, look };
  }

  return { make };
})();
