// A button that gives the address of an image to others: by what the system has for that, or copied.
"use strict";

const ImagelibShare = (() => {
  /** How long the button says what became of it, in ms. */
  const SAID = 1500;

  /** Nobody else could open the address of a file; the button then stays away. @param {HTMLElement} button @param {() => {title: string, url: string}} what */
  function start(button, what) {
    if (!location.protocol.startsWith("http")) return;
    button.hidden = false;
    const label = button.textContent;
    button.addEventListener("click", async () => {
      const { title, url } = what();
      try {
        if (navigator.share) return void await navigator.share({ title, url });
        await navigator.clipboard.writeText(url);
        button.textContent = "Link copied";
      } catch (error) {
        if (error instanceof DOMException && error.name === "AbortError") return;
        button.textContent = "Not allowed";
      }
      setTimeout(() => { button.textContent = label; }, SAID);
    });
  }

  return { start };
})();
