// A heart, stars and a comment for one image, as far as the owner of the publication wants to know.
"use strict";

const ImagelibPickForm = (() => {
  const { h, setText } = ImagelibDom;
  const { KINDS, MAX_NOTE } = ImagelibPicks;
  const SVG = "http://www.w3.org/2000/svg";
  let count = 0;

  /** @param {() => void} click */
  function heartButton(click) {
    const shape = document.createElementNS(SVG, "svg");
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", "M12 20s-7-4.600-7-9.800A4.100 4.100 0 0 1 12 7.300a4.100 4.100 0 0 1 7 2.900c0 5.200-7 9.800-7 9.800z");
    shape.setAttribute("viewBox", "0 0 24 24");
    shape.setAttribute("aria-hidden", "true");
    shape.append(path);
    return h("button", {
      type: "button", class: "heart", "aria-label": "Favourite", "aria-pressed": "false", "aria-keyshortcuts": "P", click,
    }, shape);
  }

  /** @param {() => string} idOf  The image that the form is about. */
  function make(idOf) {
    const id = `pick-${++count}`;
    const said = h("p", { class: "picks-said", role: "alert" });
    const heart = heartButton(() => set({ heart: !ImagelibPicks.of(idOf()).heart }));
    // No radio buttons: the arrows, which lead to the next image, would change the stars.
    const stars = [1, 2, 3, 4, 5].map((number) => h("button", {
      type: "button", "aria-label": `${number} ${number === 1 ? "star" : "stars"}`, "aria-keyshortcuts": String(number),
      click: () => set({ stars: ImagelibPicks.of(idOf()).stars === number ? 0 : number }),
    }, "★"));
    // Kept while one writes: whoever closes the page loses no word.
    const note = h("textarea", { id, rows: "2", maxlength: String(MAX_NOTE), input: () => set({ note: note.value.trim() }) });

    /** Say something of the image, or why that cannot be. @param {Partial<PickItem>} change */
    function set(change) {
      const refused = ImagelibPicks.set(idOf(), change);
      setText(said, refused || ImagelibPicks.warning);
      if (refused) show();
    }

    /** Show what is said of the image by now. */
    function show() {
      const item = ImagelibPicks.of(idOf());
      heart.setAttribute("aria-pressed", String(item.heart));
      stars.forEach((star, number) => {
        star.setAttribute("aria-pressed", String(item.stars === number + 1));
        star.toggleAttribute("data-lit", number < item.stars);
      });
      // While one writes, a blank at the end is no difference.
      if (note.value.trim() !== item.note) note.value = item.note;
    }

    ImagelibPicks.onChange(show);
    return {
      /** What is small enough to be always in view. */
      marks: h("div", { class: "pick-marks" },
        ...(KINDS.includes("stars") ? [h("div", { class: "pick-stars", role: "group", "aria-label": "Your stars" }, ...stars)] : []),
        ...(KINDS.includes("favourite") ? [heart] : [])),
      rest: h("div", { class: "pick-rest" }, said,
        ...(KINDS.includes("comment") ? [h("label", { for: id }, "Your comment"), note] : [])),
      set,
      /** Show another image. */
      turn: () => {
        setText(said, "");
        show();
      },
    };
  }

  return { heartButton, make };
})();
