// What publishing would make public, or why it may not be: the parts of the publish dialog that only say something.
"use strict";

const ImagelibPublishPreview = (() => {
  const { h } = ImagelibDom;
  /** What the daemon is doing, in words. @type {Record<string, string>} */
  const STAGES = {
    cleaning: "Cleaning the pictures", thumbnails: "Making small pictures", pages: "Writing the pages",
    proving: "Searching every file for what is withheld", sending: "Sending",
  };

  /** @param {number} count @param {string} one @param {string} many */
  const counted = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
  /** @param {PublishJob} job */
  const stageOf = ({ stage }) => STAGES[stage] ?? "Getting ready";
  /** Small parts of a sentence, but for those that are zero. @param {[number, string][]} counts */
  const parts = (counts) => counts.filter(([count]) => count).map(([count, word]) => `${count.toLocaleString("en")} ${word}`).join(", ");

  /** What becomes public, and what came of the proof. @param {PublishPreview} preview */
  function elements(preview) {
    const { added, bytes, changed, explained, files, first, images, private: held, proof, removals, removed } = preview;
    const changes = parts([[added, "new"], [changed, "changed"], [removed, "taken out"]]);
    const [is, stays] = held === 1 ? ["is", "stays"] : ["are", "stay"];
    const withheld = held ? `; ${counted(held, "image")} more ${is} tagged private and ${stays} out` : "";
    /** @type {[string, string][]} */
    const facts = [
      ["Where to", preview.place],
      ["Images", `${images.toLocaleString("en")}${changes ? ` (${changes})` : ", all as they are there"}${withheld}`],
      ["Files", files || removals ? [files ? `${counted(files, "file")} to write (${ImagelibPanel.bytes(bytes)})` : "", removals ? `${counted(removals, "file")} to take away` : ""].filter(Boolean).join(", ") : "none"],
      ["Proof", `${counted(proof.files, "file")} searched for ${counted(proof.words, "withheld word")} and ${counted(proof.runs, "phrase")}: none found.${proof.untestable ? ` ${counted(proof.untestable, "value")} cannot be told by their words.` : ""}`],
    ];
    return [
      h("dl", { class: "facts-list" }, ...facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
      ...listed("What the policy says", explained),
      ...listed("Public for the first time", first.map(({ count, examples, noun }) =>
        `${counted(count, noun)}: ${examples.join(" · ")}${count > examples.length ? " …" : ""}`)),
      ...troubles(preview),
    ];
  }

  /** What somebody should know besides, also when it is done. @param {PublishPreview} preview */
  function troubles({ limits, refused, refused_count: count, templates }) {
    return [
      ...listed(`${counted(count, "image")} cannot be published`, [...refused.map(({ detail, file }) => `${file}: ${detail}`),
        ...(count > refused.length ? [`and ${(count - refused.length).toLocaleString("en")} more`] : [])], "failures"),
      ...listed("More than the place takes", limits, "failures"),
      ...listed("Templates of your own, whose words are public", templates, "failures"),
    ];
  }

  /** What the proof has found. @param {PublishJob} job */
  function hits({ hit_count: count, hits: found }) {
    return listed("What was found", [...found.map(({ field, file, reading, source, text }) =>
      `${file}: ${text} (${reading})${field ? `; it stands in ${field} of ${source || "your account"}, which is withheld` : ""}`),
    ...(count > found.length ? [`and ${(count - found.length).toLocaleString("en")} more`] : [])], "failures");
  }

  /** A headed list, if there is anything in it. @param {string} title @param {string[]} lines */
  function listed(title, lines, kind = "said") {
    return lines.length ? [h("section", { "aria-label": title }, h("h3", {}, title),
      // What scrolls is reached by keys.
      h("ul", kind === "failures" ? { class: kind, tabindex: "0", "aria-label": title } : { class: kind }, ...lines.map((line) => h("li", {}, line))))] : [];
  }

  return { counted, elements, hits, stageOf, troubles };
})();
