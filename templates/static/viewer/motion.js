// The picture of a tile grows into the viewer, where the browser can show that and the user wants motion.
"use strict";

const ImagelibMotion = (() => {
  const STILL = matchMedia("(prefers-reduced-motion: reduce)");
  const NAME = "opened";

  /** Do something that shows *to* in place of *from*. @param {HTMLElement | null | undefined} from @param {HTMLElement} to @param {() => Promise<void>} change  Quick: nothing is drawn meanwhile. */
  async function grow(from, to, change) {
    if (!from || STILL.matches || !document.startViewTransition) {
      await change();
      return;
    }
    from.style.viewTransitionName = NAME;
    const transition = document.startViewTransition(async () => {
      from.style.viewTransitionName = "";
      await change();
      to.style.viewTransitionName = NAME;
    });
    await transition.updateCallbackDone;
    void transition.finished.finally(() => { to.style.viewTransitionName = ""; });
  }

  return { grow };
})();
