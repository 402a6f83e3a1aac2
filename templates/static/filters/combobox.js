// A text box that suggests: a list of names and their counts, walked by the arrow keys.
"use strict";

const ImagelibCombobox = (() => {
  const { h } = ImagelibDom;
  const MOST = 12;

  /**
   * A box for one name is emptied by a choice; `isFree` leaves the text to the caller, takes nothing
   * that was not pointed at, and opens only while one types, as does one that `isQuiet`.
   * @param {HTMLInputElement} input @param {HTMLElement} list
   * @param {(typed: string) => {name: string, count: number | string}[]} suggest @param {(name: string) => void} choose
   * @param {{isFree?: boolean, isQuiet?: boolean}} options
   * @returns {{renew: () => void}} `renew` shows what is suggested by now, if the list is wanted: it never opens one
   *   that was closed.
   */
  function start(input, list, suggest, choose, { isFree = false, isQuiet = false } = {}) {
    let active = -1;
    /** Whether the list is to be seen if there is anything in it. */
    let isWanted = false;
    /** A plain search box may not say that it is expanded. */
    const isCombobox = input.getAttribute("role") === "combobox";

    function open() {
      const names = suggest(input.value).slice(0, MOST);
      active = -1;
      isWanted = true;
      list.replaceChildren(...names.map(({ name, count }, i) => h("li", {
        role: "option", id: `${list.id}-${i}`, "aria-selected": "false", "data-name": name,
      }, h("span", {}, name), h("span", { class: "number" }, String(count)))));
      show(names.length > 0);
    }

    function close() {
      isWanted = false;
      show(false);
    }

    function renew() {
      if (!isWanted) return;
      const name = /** @type {HTMLElement | undefined} */ (list.children[active])?.dataset.name;
      open();
      // What was pointed at still is.
      const at = name === undefined ? -1 : [...list.children].findIndex((option) => option instanceof HTMLElement && option.dataset.name === name);
      if (at >= 0) move(at + 1);
    }

    /** @param {boolean} shown */
    function show(shown) {
      list.hidden = !shown;
      if (isCombobox) input.setAttribute("aria-expanded", String(shown));
      input.removeAttribute("aria-activedescendant");
    }

    /** @param {number} step */
    function move(step) {
      if (list.hidden) open();
      const options = [...list.children];
      if (!options.length) return;
      options[active]?.setAttribute("aria-selected", "false");
      active = active < 0 && step < 0 ? options.length - 1 : (active + step + options.length) % options.length;
      options[active].setAttribute("aria-selected", "true");
      options[active].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", options[active].id);
    }

    /** @param {string} name */
    function take(name) {
      if (!isFree) input.value = "";
      close();
      choose(name);
    }

    /** The name that Enter takes. */
    function chosen() {
      const options = /** @type {HTMLElement[]} */ ([...list.children]);
      if (isFree) return list.hidden ? "" : (options[active]?.dataset.name ?? "");
      const option = options[Math.max(0, active)];
      return list.hidden ? input.value.trim() : (option?.dataset.name ?? input.value.trim());
    }

    input.addEventListener("input", () => (isQuiet && !input.value ? close() : open()));
    if (!isFree && !isQuiet) input.addEventListener("focus", open);
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") move(1);
      else if (event.key === "ArrowUp") move(-1);
      else if (event.key === "Escape") {
        const isSeen = !list.hidden;
        close();
        if (!isSeen) return;
      }
      else if (event.key === "Enter") {
        const name = chosen();
        if (name) take(name);
        else if (isFree) {
          close();
          return;
        }
      } else return;
      event.preventDefault();
    });
    // Before the box loses the focus.
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const option = /** @type {HTMLElement} */ (event.target).closest("[role=option]");
      if (option instanceof HTMLElement) take(option.dataset.name ?? "");
    });
    return { renew };
  }

  return { start };
})();
