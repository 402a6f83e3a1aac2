// The page of one image: copy buttons, and the arrow keys lead to the neighbours.
"use strict";

const ImagelibPage = (() => {
  function start() {
    ImagelibGround.start();
    for (const button of document.querySelectorAll("[data-copy]")) {
      if (button instanceof HTMLElement) {
        button.addEventListener("click", () => void copy(button));
      }
    }
    const share = document.querySelector("[data-share]");
    if (share instanceof HTMLElement) ImagelibShare.start(share, () => ({ title: document.title, url: location.href }));
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented) return;
      if (event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
      const to = { ArrowLeft: "prev", k: "prev", ArrowRight: "next", j: "next" }[event.key];
      const link = to && document.querySelector(`.neighbours [rel="${to}"]`);
      if (link instanceof HTMLAnchorElement) link.click();
    });
  }

  /** @param {HTMLElement} button */
  async function copy(button) {
    const text = document.getElementById(button.dataset.copy ?? "")?.textContent ?? "";
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  return { start };
})();

ImagelibPage.start();
