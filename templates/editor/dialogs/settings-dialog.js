// Settings: of the library, which imagelib.toml keeps, and of this browser.
"use strict";

const ImagelibSettingsDialog = (() => {
  const { h, mount, setText } = ImagelibDom;
  /** @type {[string, string][]} */
  const THEMES = [["", "As the system"], ["light", "Light"], ["dark", "Dark"]];

  async function open() {
    const title = h("input", { id: "setting-title", type: "text", maxlength: "1000", autocomplete: "off" });
    const language = h("input", { id: "setting-language", type: "text", maxlength: "35", autocomplete: "off", spellcheck: "false" });
    const folders = h("textarea", { id: "setting-folders", rows: "3", spellcheck: "false", "aria-describedby": "setting-folders-hint" });
    const fault = h("p", { class: "fault", role: "alert" });
    const save = h("button", { type: "submit", class: "primary", disabled: true }, "Save settings");
    const form = h("form", { submit: (event) => {
      event.preventDefault();
      void keep();
    } }, h("div", { class: "fields" },
      field("Title", title), field("Language of the texts", language), field("Watched folders", folders),
      h("p", { class: "hint", id: "setting-folders-hint" }, "New pictures in them are added by themselves. One folder a line."),
      fault), save);
    ImagelibDialog.open("Settings", [h("div", { class: "settings" },
      h("h3", {}, "This library"), form,
      h("h3", {}, "This browser"), h("div", { class: "fields" }, themes(), field("Order", orders())),
      preference("advance", "After rating an image go on to the next"),
      h("div", { class: "of-keys" }, h("h4", {}, "Tags by key"), ImagelibTagKeys.fields()))]);

    /** @param {LibrarySettings} settings */
    function fill(settings) {
      title.value = settings.title;
      language.value = settings.language;
      folders.value = settings.watch_folders.join("\n");
      save.disabled = false;
    }

    async function keep() {
      save.disabled = true;
      setText(fault, "");
      try {
        const kept = await ImagelibApi.changeSettings({
          title: title.value, language: language.value,
          watch_folders: folders.value.split("\n").map((line) => line.trim()).filter(Boolean),
        });
        fill(kept);
        setText(/** @type {HTMLElement} */ (document.querySelector(".brand a")), kept.title);
        ImagelibToast.show("Settings saved");
      } catch (error) {
        setText(fault, /** @type {Error} */ (error).message);
        save.disabled = false;
      }
    }

    try {
      fill(await ImagelibApi.settings());
    } catch (error) {
      setText(fault, /** @type {Error} */ (error).message);
    }
  }

  /** @param {string} label @param {HTMLElement} input */
  const field = (label, input) => h("div", { class: "field" }, h("label", { for: input.id }, label), input);

  function themes() {
    const now = ImagelibTheme.get();
    return h("fieldset", { class: "segmented" }, h("legend", { class: "visually-hidden" }, "Theme"),
      ...THEMES.map(([value, label]) => {
        const input = h("input", { type: "radio", name: "theme", value, change: () => ImagelibTheme.set(value) });
        input.checked = value === now;
        return h("label", {}, input, h("span", {}, label));
      }));
  }

  /** All that the sort box has but a random one, which no reload would find again, and that of an album. */
  function orders() {
    const { options } = /** @type {HTMLSelectElement} */ (mount("sort"));
    const select = h("select", { id: "setting-order", change: () => { ImagelibGallery.usual = select.value; } },
      ...[...options].filter(({ value }) => value && value !== "random" && value !== "album").map(({ text, value }) => h("option", { value }, text)));
    select.value = ImagelibGallery.usual;
    return select;
  }

  /** @param {"advance"} name @param {string} label */
  function preference(name, label) {
    const input = h("input", { type: "checkbox", change: () => ImagelibPreferences.set(name, input.checked) });
    input.checked = ImagelibPreferences.get(name);
    return h("label", { class: "preference" }, input, label);
  }

  return { open };
})();
