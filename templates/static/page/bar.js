// On a phone the bar at the top makes way for the images: it goes while one scrolls down, and comes back as soon as
// one scrolls up. The style sheet says where it matters.
"use strict";

const ImagelibBar = (() => {
  /** A thumb that rests still moves the page by a little, in pixels. */
  const LEAST = 8;
  let last = 0;

  function follow() {
    const by = scrollY - last;
    if (Math.abs(by) < LEAST) return;
    last = scrollY;
    document.querySelector(".bar")?.toggleAttribute("data-away", by > 0);
  }

  return { start: () => addEventListener("scroll", follow, { passive: true }) };
})();
