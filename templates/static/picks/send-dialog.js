// Sending picks to the owner of the publication, and taking in those that a link brings.
"use strict";

const ImagelibSendDialog = (() => {
  const { copy, h } = ImagelibDom;
  const { nameOf } = ImagelibCard;
  const IS_FILE = location.protocol === "file:";

  /** @param {string} title @param {(Node | string)[]} content */
  function open(title, ...content) {
    const dialog = h("dialog", { class: "sheet picks-dialog", "aria-label": title },
      h("div", { class: "dialog-bar" }, h("h2", {}, title),
        h("button", { type: "button", class: "close", "aria-label": "Close", click: () => dialog.close() }, "×")), ...content);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
  }

  function send() {
    const name = h("input", { id: "picks-who", type: "text", maxlength: "100", autocomplete: "name", required: true });
    name.value = ImagelibPicks.who;
    const link = h("button", { type: "submit", "data-way": "link" }, IS_FILE ? "Copy as a code" : "Copy a link");
    const hint = h("p", { class: "hint", role: "status" });
    const form = h("form", { submit: (event) => void go(/** @type {SubmitEvent} */ (event)) },
      h("p", {}, "Send them, in any way you like, to whoever showed you these images. Nothing leaves this browser by itself."),
      h("p", { class: "who" }, h("label", { for: name.id }, "Your name"), name),
      h("p", { class: "ways" }, link,
        h("button", { type: "submit", "data-way": "file" }, "Save as a file"),
        h("button", { type: "submit", "data-way": "text" }, "Copy as text")),
      hint);
    open("Send your picks", form);

    /** @param {SubmitEvent} event */
    async function go(event) {
      event.preventDefault();
      const button = /** @type {HTMLButtonElement} */ (event.submitter);
      const who = ImagelibText.squeeze(name.value);
      if (!who) {
        name.value = "";
        name.reportValidity();
        return;
      }
      ImagelibPicks.who = who;
      hint.textContent = "";
      if (button.dataset.way === "file") save();
      else if (button.dataset.way === "text") await copy(await asText(), button);
      else {
        const made = await ImagelibPickFile.linkOf(ImagelibPicks.file);
        if (made) await copy(made, button);
        else hint.textContent = "So many picks do not fit into a link. Save them as a file instead.";
      }
    }
  }

  function save() {
    const { file } = ImagelibPicks;
    const name = ImagelibText.fold(file.who).replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 60);
    const url = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1)], { type: "application/json" }));
    h("a", { href: url, download: `picks-${name || "visitor"}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  /** What was picked, a line for each image, for people to read. */
  async function asText() {
    const ids = ImagelibPicks.ids();
    const lines = await Promise.all(ids.map(async (id) => {
      const record = await ImagelibIndex.record(id);
      const { heart, stars, note } = ImagelibPicks.of(id);
      const said = [heart && "♥", stars && "★".repeat(stars), note && `– ${ImagelibText.squeeze(note)}`].filter(Boolean);
      return `${(record && nameOf(record)) || id} ${said.join(" ")}`;
    }));
    return `${ImagelibPicks.who} picked ${ids.length} of ${document.title}:\n${lines.sort().join("\n")}\n`;
  }

  /** Take in what a link brings, if the visitor wants it. @param {string} hash @param {(said: string) => void} say */
  async function receive(hash, say) {
    const file = ImagelibPicks.checked(/** @type {Record<string, unknown> | null} */ (await ImagelibPickFile.read(hash)));
    if (!file) {
      say("This link holds no picks of this gallery, or is damaged.");
      return;
    }
    const count = Object.values(file.items).filter(ImagelibPicks.says).length;
    const own = ImagelibPicks.ids().length;
    if (file.key === ImagelibPicks.file.key) {
      ImagelibPicks.goOn(file);
      say("The picks of the link are here.");
      return;
    }
    const who = file.who || "Somebody";
    const dialog = open("Picks in this link",
      h("p", {}, h("strong", {}, who), ` picked ${count} ${count === 1 ? "image" : "images"}. You have picked ${own || "none"} here.`),
      h("p", { class: "ways" },
        h("button", { type: "button", click: () => {
          ImagelibPicks.goOn(file);
          dialog.close();
          say(`You go on as ${who}.`);
        } }, own ? `I am ${who}: replace what is here` : `I am ${who}: go on with them`),
        h("button", { type: "button", click: () => {
          const left = ImagelibPicks.join(file);
          dialog.close();
          say(left ? `${left} of them are more than you can pick.` : "They are among your picks now.");
        } }, "Add them to mine"),
        h("button", { type: "button", click: () => dialog.close() }, "Leave them")));
  }

  return { receive, send };
})();
