// @ts-check
// Correct, rate, tag and delete the image that the viewer shows.
"use strict";

(() => {
  const actions = document.querySelector("[data-slot=viewer-actions]");
  const place = document.querySelector("[data-slot=viewer]");
  if (!actions || !place) return;
  const { h, isWriting, mount } = ImagelibDom;

  /** The id that the viewer shows. */
  let id = "";
  /** The record that the form was filled with. @type {any} */
  let record = null;

  const fields = ImagelibFields.make();
  const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
  const settle = h("p", { class: "settle", hidden: true });
  const form = h("form", { class: "edit-form", "aria-label": "Edit" }, trouble, settle, fields.element,
    h("footer", { class: "dialog-foot" },
      h("button", { type: "button", click: () => stop() }, "Cancel"),
      h("button", { type: "submit", class: "primary" }, "Save")));
  form.hidden = true;
  place.append(form);
  const editButton = h("button", { type: "button", click: () => void start() }, "Edit");
  actions.append(editButton, h("button", { type: "button", click: () => void remove() }, "Delete"));

  async function start() {
    try {
      record = await ImagelibApi.image(id);
    } catch (error) {
      ImagelibToast.fail(error);
      return;
    }
    fields.fill(record);
    say("");
    form.hidden = false;
    mount("panel").hidden = true;
    fields.focus();
  }

  function stop() {
    if (form.hidden) return;
    form.hidden = true;
    record = null;
    mount("panel").hidden = false;
    editButton.focus();
  }

  /** @param {string} text */
  function say(text) {
    trouble.textContent = text;
    trouble.hidden = !text;
    settle.hidden = true;
  }

  async function save() {
    const changes = fields.changes(record);
    if (Object.keys(changes).length === 0) {
      stop();
      return;
    }
    const seen = record;
    try {
      // At once on the page; taken back if the daemon refuses.
      await ImagelibIndex.put({ ...seen, ...changes });
      const now = await ImagelibApi.save(seen, changes);
      await ImagelibIndex.put(now);
      stop();
      ImagelibToast.show("Saved", { action: "Undo", press: () => void ImagelibChanges.undo() });
      await ImagelibChanges.poll();
    } catch (error) {
      await ImagelibIndex.put(/** @type {any} */ (error).current ?? seen);
      refuse(error);
    }
  }

  /** @param {unknown} error */
  function refuse(error) {
    say(error instanceof Error ? error.message : String(error));
    if (!(error instanceof ImagelibApi.Refusal)) return;
    fields.blame(error.fields);
    if (!error.current) return;
    const theirs = error.current;
    settle.replaceChildren(
      h("button", { type: "button", click: () => { record = theirs; void save(); } }, "Keep mine"),
      h("button", { type: "button", click: () => { record = theirs; fields.fill(theirs); say(""); } }, "Take theirs"));
    settle.hidden = false;
  }

  async function remove() {
    const gone = id;
    try {
      await ImagelibApi.remove(gone);
    } catch (error) {
      ImagelibToast.fail(error);
      return;
    }
    await ImagelibIndex.remove(gone);
    await ImagelibChanges.poll();
    ImagelibToast.show("Deleted", { action: "Undo", press: () => void ImagelibChanges.undo() });
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void save();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      event.stopPropagation();
      stop();
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void save();
  });
  document.addEventListener("keydown", (event) => {
    if (!id || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
    if (event.key === "e") void start();
    else if (event.key === "Delete") void remove();
    else if (/^[0-5]$/.test(event.key)) void rate(Number(event.key));
    else return;
    event.preventDefault();
  });

  /** @param {number} rating */
  async function rate(rating) {
    try {
      const seen = await ImagelibApi.image(id);
      await ImagelibIndex.put({ ...seen, rating });
      await ImagelibIndex.put(await ImagelibApi.save(seen, { rating }));
      ImagelibToast.show(rating ? `Rated ${rating}` : "Not rated any more",
        { action: "Undo", press: () => void ImagelibChanges.undo() });
    } catch (error) {
      ImagelibToast.fail(error);
      await ImagelibChanges.poll();
    }
  }

  document.addEventListener("imagelib:viewer-open", (event) => {
    stop();
    ({ id } = /** @type {CustomEvent} */ (event).detail);
  });
  document.addEventListener("imagelib:viewer-close", () => {
    stop();
    id = "";
  });
})();
