// A group of buttons that is one stop of the Tab key; the arrows lead from one to the next.
"use strict";

const ImagelibRoving = (() => {
  const buttons = (/** @type {HTMLElement} */ list) =>
    /** @type {HTMLElement[]} */ ([...list.querySelectorAll("button")]).filter((button) => !button.hidden);

  /** @param {HTMLElement} list */
  function start(list) {
    list.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      const next = beside(list, event.key);
      if (!next) return;
      event.preventDefault();
      reach(list, next);
      next.focus();
    });
    list.addEventListener("focusin", (event) => {
      if (event.target instanceof HTMLElement) reach(list, event.target);
    });
  }

  /** Where a key leads: up and down from row to row, left and right within one. @param {HTMLElement} list @param {string} key */
  function beside(list, key) {
    const focused = document.activeElement;
    const row = focused?.closest("li");
    const rows = [...list.children].filter((other) => other.querySelector("button"));
    if (!(focused instanceof HTMLElement) || !row) return undefined;
    const inRow = (/** @type {Element} */ other) => /** @type {HTMLElement[]} */ ([...other.querySelectorAll("button")]);
    const place = inRow(row).indexOf(focused);
    const at = rows.indexOf(row);
    /** @type {Record<string, Element | undefined>} */
    const targets = { ArrowUp: rows[at - 1], ArrowDown: rows[at + 1], Home: rows[0], End: rows[rows.length - 1] };
    if (Object.hasOwn(targets, key)) {
      const there = targets[key] ? inRow(targets[key]) : [];
      return there[Math.min(place, there.length - 1)];
    }
    return { ArrowLeft: inRow(row)[place - 1], ArrowRight: inRow(row)[place + 1] }[key];
  }

  /** Let Tab reach one button of the group. @param {HTMLElement} list @param {HTMLElement | undefined} reached */
  function reach(list, reached) {
    for (const button of buttons(list)) button.tabIndex = button === reached ? 0 : -1;
  }

  /** Make the buttons anew; the one that had the keyboard, by its `data-key`, has it again. @param {HTMLElement} list @param {() => void} renew */
  function keeping(list, renew) {
    const key = buttons(list).find((button) => button.tabIndex === 0)?.dataset.key;
    const isFocused = list.contains(document.activeElement);
    renew();
    const again = buttons(list).find((button) => button.dataset.key === key) ?? buttons(list)[0];
    reach(list, again);
    if (isFocused) again?.focus({ preventScroll: true });
  }

  return { keeping, start };
})();
