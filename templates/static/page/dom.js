// Small helpers to build elements. Text is only ever set as text.
"use strict";

const ImagelibDom = (() => {
  /**
   * Make an element.
   * @template {keyof HTMLElementTagNameMap} K
   * @param {K} tag @param {Record<string, string | boolean | EventListener>} attributes @param {(Node | string)[]} children
   */
  function h(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name, value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  /** The element that a component is put on. @param {string} name */
  const mount = (name) => /** @type {HTMLElement} */ (document.querySelector(`[data-mount="${name}"]`));

  /** Show a text, touching the page only if it differs. @param {Element} element @param {string} text */
  function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  /** Set an attribute, or take it away if the value is null. @param {Element} element @param {string} name @param {string | null} value */
  function setAttribute(element, name, value) {
    if (value === null) element.removeAttribute(name);
    else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }

  /** Whether keys belong to what the user is writing. @param {EventTarget | null} target */
  const isWriting = (target) =>
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

  /** Percent-encode a path of the site, as imagelib.generator.paths.as_url does. @param {string} path */
  const asUrl = (path) => path.split("/").map((part) =>
    encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)).join("/");

  /** Copy a text, and say so on the button for a moment. @param {string} text @param {HTMLElement} button */
  async function copy(text, button) {
    const before = button.dataset.label ?? button.textContent ?? "";
    button.dataset.label = before;
    try {
      await navigator.clipboard.writeText(text);
      setText(button, "Copied");
    } catch {
      setText(button, "Not allowed");
    }
    setTimeout(() => setText(button, before), 1500);
  }

  /** Go on when what is there by now has been drawn. @returns {Promise<void>} */
  const nextFrame = () => new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve)); });

  return { asUrl, copy, h, isWriting, mount, nextFrame, setAttribute, setText };
})();
