// What is known of a picture before it is added: what its generator wrote into it, to be corrected
// there. It is asked of the daemon, which keeps nothing, one picture after the other.
"use strict";

const ImagelibUploadRow = (() => {
  const { h, setText } = ImagelibDom;

  /**
   * @param {UploadItem} item  Of the queue; `own` becomes what the user corrected.
   * @param {(error: InstanceType<typeof ImagelibApi.Refusal>) => void} refuse  The picture cannot be added.
   */
  function make(item, refuse) {
    const text = h("p", { class: "upload-read" });
    const place = h("div", { class: "upload-own", hidden: true });
    const button = h("button", { type: "button", class: "small", hidden: true, "aria-expanded": "false",
      "aria-label": `Values of ${item.file.name}`, click: () => toggle() }, "Values");
    /** @type {ReturnType<typeof ImagelibFields["make"]> | null} */
    let fields = null;
    /** What was read from it. @type {Partial<Inspection["fields"]>} */
    let read = {};

    async function look() {
      try {
        const { fields: found, duplicate } = await ImagelibApi.inspect(item.file);
        read = found;
        tell(duplicate);
      } catch (error) {
        if (error instanceof ImagelibApi.Refusal && !error.isAbsence && item.state === "waiting") refuse(error);
        // Otherwise nothing is shown, and the picture is read when it is added.
      }
    }

    /** @param {ImageRecord | null} duplicate */
    function tell(duplicate) {
      const { prompt_text: prompt, ai_model: model } = { ...read, ...item.own };
      setText(text, duplicate ? "This picture is in the library already."
        : [ImagelibPanel.bytes(item.file.size), prompt || "No prompt in it", model].filter(Boolean).join(" · "));
      button.hidden = Boolean(duplicate) || item.state !== "waiting";
    }

    function toggle() {
      if (!fields) {
        fields = ImagelibFields.make();
        fields.fill(read);
        place.append(fields.element);
        place.addEventListener("input", note);
        place.addEventListener("focusout", note);
      }
      place.hidden = !place.hidden;
      button.setAttribute("aria-expanded", String(!place.hidden));
      if (!place.hidden) fields.focus();
    }

    function note() {
      item.own = fields?.changes(read) ?? {};
      tell(null);
    }

    return {
      button,
      elements: [text, place],
      look,
      /** It is on its way: nothing can be corrected here any more. */
      settle() {
        fields?.settle();
        if (fields) note();
        button.hidden = true;
        place.hidden = true;
        text.hidden = true;
      },
    };
  }

  return { make };
})();
