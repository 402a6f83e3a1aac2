// @ts-check
// A text box that suggests: the ARIA combobox with a list of names and their counts.
"use strict";

const ImagelibCombobox = (() => {
  const { h } = ImagelibDom;
  const MOST = 12;

  /**
   * @param {HTMLInputElement} input @param {HTMLElement} list
   * @param {(typed: string) => {name: string, count: number}[]} suggest @param {(name: string) => void} choose
   */
  function start(input, list, suggest, choose) {
    let active = -1;

    function open() {
      const names = suggest(input.value).slice(0, MOST);
      active = -1;
      list.replaceChildren(...names.map(({ name, count }, i) => h("li", {
        role: "option", id: `${list.id}-${i}`, "aria-selected": "false", "data-name": name,
      }, h("span", {}, name), h("span", { class: "number" }, String(count)))));
      list.hidden = names.length === 0;
      input.setAttribute("aria-expanded", String(!list.hidden));
      input.removeAttribute("aria-activedescendant");
    }

    function close() {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    /** @param {number} step */
    function move(step) {
      if (list.hidden) open();
      const options = [...list.children];
      if (!options.length) return;
      options[active]?.setAttribute("aria-selected", "false");
      active = (active + step + options.length) % options.length;
      options[active].setAttribute("aria-selected", "true");
      options[active].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", options[active].id);
    }

    /** @param {string} name */
    function take(name) {
      input.value = "";
      close();
      choose(name);
    }

    input.addEventListener("input", open);
    input.addEventListener("focus", open);
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") move(1);
      else if (event.key === "ArrowUp") move(active < 0 ? 0 : -1);
      else if (event.key === "Escape" && !list.hidden) close();
      else if (event.key === "Enter") {
        const option = /** @type {HTMLElement} */ (list.children[Math.max(0, active)]);
        const name = list.hidden ? input.value.trim() : (option?.dataset.name ?? input.value.trim());
        if (name) take(name);
      } else return;
      event.preventDefault();
    });
    // Before the box loses the focus.
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const option = /** @type {HTMLElement} */ (event.target).closest("[role=option]");
      if (option instanceof HTMLElement) take(option.dataset.name ?? "");
    });
  }

  return { start };
})();
