// Publishing a part of the library: what and where to, how far it is, what becomes public, the yes, and what
// came of it. The daemon does the work: closing the dialog ends nothing, and opening it shows how far it is.
"use strict";

const ImagelibPublishDialog = (() => {
  const { h, setText } = ImagelibDom;
  const { turns } = ImagelibTasks;
  const { counted } = ImagelibPublishPreview;
  /** How long until the daemon is asked again, in milliseconds. */
  const PAUSE = 400;
  const RUNNING = ["preparing", "ready", "sending"];

  /** How long nothing is typed before what is searched is counted, in milliseconds. */
  const TYPING = 250;

  /** What was chosen last in this tab, and what was searched then. @type {(PublishBody & {name: string, searched: string}) | null} */
  let chosen = null;

  /** @param {string | null} asked  Which images, if that is what somebody came with. */
  async function open(asked = null) {
    const status = h("p", { class: "publish-status", role: "status" });
    const fault = h("p", { class: "trouble", role: "alert", hidden: true });
    const body = h("div", { class: "publish-body", tabindex: "-1" });
    let timer = 0;
    let typing = 0;
    let shown = "";
    /** Whoever has said no need not hear that it was broken off. */
    let isBack = false;
    let isAsking = false;
    const begin = turns();
    const dialog = ImagelibDialog.open("Publish", [h("div", { class: "publish" }, status, fault, body)], { closed: () => {
      begin();
      clearTimeout(timer);
      clearTimeout(typing);
    } });

    async function load() {
      if (!dialog.element.open) return;
      const isLast = begin();
      clearTimeout(timer);
      try {
        const { items, job } = await ImagelibApi.publications();
        if (!isLast()) return;
        // Who comes with images of their own need not read first how the last publication ended.
        const isOld = asked !== null && shown === "" && job.state !== "idle" && !RUNNING.includes(job.state);
        if (isOld) await ImagelibApi.cancelPublication(job.name);
        show(items, isOld ? { state: "idle" } : job);
        if (!RUNNING.includes(job.state)) return;
      } catch (error) {
        if (!isLast()) return;
        setText(status, /** @type {Error} */ (error).message);
      }
      timer = setTimeout(load, PAUSE);
    }

    /** @param {PublicationItem[]} items @param {PublishJob | IdleJob} job */
    function show(items, job) {
      const key = job.state === "idle" ? "idle" : `${job.id} ${job.state}`;
      if (key !== shown) {
        const isFirst = shown === "";
        const hadFocus = !isFirst && (body.contains(document.activeElement) || !dialog.element.contains(document.activeElement));
        shown = key;
        // What was cancelled before the dialog was opened is no news.
        setText(status, job.state === "idle" || (job.state === "cancelled" && (isBack || isFirst) && !job.sent) ? "" : said(job));
        fault.hidden = true;
        body.replaceChildren(...view(items, job));
        if (hadFocus) body.focus();
        if (job.state !== "cancelled") isBack = false;
      }
      if (job.state === "preparing" || job.state === "sending") showProgress(job);
    }

    /** @param {PublicationItem[]} items @param {PublishJob | IdleJob} job @returns {Node[]} */
    function view(items, job) {
      switch (job.state) {
        case "preparing":
        case "sending": return progress(job);
        case "ready": return job.preview ? [agreeing(job, job.preview)] : [];
        case "done": return [...seen(job), ...(job.preview ? ImagelibPublishPreview.troubles(job.preview) : []), again(job, "Publish something else")];
        case "failed": return [...ImagelibPublishPreview.hits(job), again(job, "Go back")];
        default: return [form(items)];
      }
    }

    /** What and where to. @param {PublicationItem[]} items */
    function form(items) {
      /** @param {boolean} isOwn @param {string} label */
      const group = (isOwn, label) => {
        const some = items.filter(({ is_own: own }) => own === isOwn);
        return some.length ? [h("optgroup", { label }, ...some.map(({ name, title }) =>
          h("option", { value: name }, title && title.toLowerCase() !== name ? `${name} (${title})` : name)))] : [];
      };
      const which = h("select", { id: "publish-what", change: () => choose(null) }, ...group(true, "Your own"), ...group(false, "Presets"));
      const explained = h("ul", { class: "said", id: "publish-explained" });
      const known = h("datalist", { id: "publish-places" });
      const text = (/** @type {string} */ id, /** @type {Record<string, string | boolean | EventListener>} */ more = {}) =>
        h("input", { id, type: "text", autocomplete: "off", ...more });
      const place = text("publish-place", { list: known.id, required: true, autocapitalize: "none", spellcheck: "false", "aria-describedby": "publish-place-hint", input: () => showPlace() });
      const hint = h("p", { class: "hint", id: "publish-place-hint" });
      const query = text("publish-query", { spellcheck: "false", "aria-describedby": "publish-query-hint", input: () => countSoon() });
      const found = h("p", { class: "hint", id: "publish-query-hint" });
      const title = text("publish-title", { maxlength: "200" });
      const prepare = h("button", { type: "submit", class: "primary" }, "Prepare");
      const item = () => /** @type {PublicationItem} */ (items.find(({ name }) => name === which.value));

      /** Fill in what the policy says, or what was chosen before. @param {typeof chosen} before */
      function choose(before) {
        const { explained: lines = [], fault: broken, is_own: own, is_over: over, places = [], query: usual = "", title: called = "", to = "" } = item();
        // Of a preset, what is searched now counts, if that is something else than it was.
        const isOther = asked !== null || (before !== null && !own && before.searched !== ImagelibGallery.query);
        const last = [...places].sort((a, b) => b.at - a.at)[0]?.place;
        // Which images, its first line, is asked for below.
        explained.replaceChildren(...(broken ? [broken] : lines.slice(1)).map((line) => h("li", {}, line)),
          ...(over ? [h("li", { class: "fault" }, "Its last day has passed: it cannot be published.")] : []));
        prepare.disabled = Boolean(broken || over);
        known.replaceChildren(...new Set([...places.map((one) => one.place), ...(to ? [to] : [])].map((one) => h("option", { value: one }))));
        // Where other images were published the last time is no place for these.
        place.value = isOther ? "" : before?.place ?? last ?? to;
        query.value = asked ?? (isOther ? null : before?.query) ?? (own ? usual : [ImagelibGallery.query, usual].filter(Boolean).join(" "));
        title.value = before?.title ?? called;
        showPlace();
        countSoon(0);
      }

      /** Say how many images are meant, once nobody types any more. @param {number} pause in milliseconds */
      function countSoon(pause = TYPING) {
        clearTimeout(typing);
        typing = setTimeout(async () => {
          const count = await ImagelibApi.count(query.value).catch(() => null);
          setText(found, `${count === null ? "" : `${counted(count, "image")}. `}A search; empty: all images. Images tagged private are never in it.`);
        }, pause);
      }

      function showPlace() {
        const at = item().places?.find((one) => one.place === place.value.trim())?.at;
        setText(hint, at ? `Last published there on ${ImagelibDates.here(at * 1000, 10)}; only what changed is written.`
          : "A new folder, or a file that ends with .zip, as a whole path like ~/Desktop/fox or ~/fox.zip.");
      }

      /** @param {string} label @param {HTMLElement} input @param {Node[]} more */
      const field = (label, input, ...more) => h("div", { class: "field" }, h("label", { for: input.id }, label), input, ...more);
      const element = h("form", { class: "publish-form", submit: (event) => {
        event.preventDefault();
        const wanted = { place: place.value.trim(), query: query.value, ...(title.value.trim() ? { title: title.value } : {}) };
        chosen = { name: which.value, searched: ImagelibGallery.query, ...wanted };
        asked = null;  // from now on what was chosen here counts
        void act(() => ImagelibApi.preparePublication(which.value, wanted), place);
      } },
      h("p", { class: "hint" }, "A gallery for others, of a part of the library. Nothing is sent before you have seen what becomes public."),
      h("div", { class: "fields" },
        field("What", which, explained), field("Where to", place, known, hint),
        field("Which images", query, found, ...selected()),
        field("Title of the gallery", title)),
      h("footer", { class: "dialog-foot" }, prepare));
      if (chosen && items.some(({ name }) => name === chosen?.name)) which.value = chosen.name;
      choose(which.value === chosen?.name ? chosen : null);
      return element;
    }

    /** The way from what is selected to a publication of it alone. @returns {HTMLElement[]} */
    function selected() {
      const { size } = ImagelibSelection;
      if (!size || asked !== null) return [];
      return [h("p", {}, h("button", { type: "button", class: "small", click: () => {
        dialog.close();
        ImagelibAlbumEditing.ask(ofTag);
      } }, `Only the ${counted(size, "selected image")}…`))];
    }

    const bar = h("progress", { max: "1", "aria-label": "Progress" });
    const count = h("p", { class: "hint" });

    /** @param {PublishJob} job */
    function progress(job) {
      return [bar, count, h("p", { class: "hint" }, "You may close this, and go on working: it goes on, and Publish in the menu shows how far it is."),
        h("footer", { class: "dialog-foot" }, h("button", { type: "button", click: () => void act(() => ImagelibApi.cancelPublication(job.name)) },
          job.state === "sending" ? "Break off" : "Cancel"))];
    }

    /** @param {PublishJob} job */
    function showProgress({ done, total, ...job }) {
      setText(status, said({ done, total, ...job }));
      setText(count, total ? `${done.toLocaleString("en")} of ${total.toLocaleString("en")}` : "");
      if (total) bar.value = done / total;
      else bar.removeAttribute("value");
    }

    /** What becomes public, and the yes to it. @param {PublishJob} job @param {PublishPreview} preview */
    function agreeing(job, preview) {
      const boxes = preview.consents.map(({ reason, to }) => {
        const box = h("input", { type: "checkbox", name: to, required: true });
        return h("label", { class: "consent" }, box, h("span", {}, `${reason[0].toUpperCase()}${reason.slice(1)}. That is meant.`));
      });
      return h("form", { class: "publish-form", submit: (event) => {
        event.preventDefault();
        const asked = new Set(preview.consents.map(({ to }) => to));
        void act(() => ImagelibApi.sendPublication(job.name, { id: job.id, ...(asked.has("widen") ? { widen: true } : {}),
          ...(asked.has("removals") ? { removals: preview.removals } : {}) }));
      } }, ...ImagelibPublishPreview.elements(preview),
      ...(boxes.length ? [h("fieldset", { class: "consents" }, h("legend", {}, "More than you would expect"), ...boxes)] : []),
      h("footer", { class: "dialog-foot" },
        h("button", { type: "button", click: () => {
          isBack = true;
          void act(() => ImagelibApi.cancelPublication(job.name));
        } }, "Back"),
        h("button", { type: "submit", class: "primary" }, "Publish")));
    }

    /** How to look at it, where that is a folder: no page of a server may lead there. @param {PublishJob} job */
    const seen = ({ place }) => (/^(rclone|rsync|git):|\.zip$/i.test(place) ? []
      : [h("p", { class: "hint" }, "To see it as others will, open index.html in that folder.")]);

    /** The way to the form. @param {PublishJob} job @param {string} label */
    const again = (job, label) => h("footer", { class: "dialog-foot" },
      h("button", { type: "button", click: () => void act(() => ImagelibApi.cancelPublication(job.name)) }, label));

    /** Ask for something, and show what comes of it; what is refused is said. @param {() => Promise<unknown>} doIt @param {HTMLElement | null} field to which a refusal leads */
    async function act(doIt, field = null) {
      if (isAsking) return; // a double click is one
      isAsking = true;
      // Nothing new is offered until the answer is there: what is pressed on it would be lost.
      begin();
      clearTimeout(timer);
      try {
        await doIt();
        await load();
      } catch (error) {
        // A field goes by the name that it has here.
        setText(fault, /** @type {Error} */ (error).message.replace(/^place:/, "Where to:"));
        fault.hidden = false;
        field?.focus();
        if (dialog.element.open) timer = setTimeout(load, PAUSE);
      } finally {
        isAsking = false;
      }
    }

    await load();
    /** @type {HTMLElement | null} */ (body.querySelector("select"))?.focus();
  }

  /** How it stands, in one sentence. @param {PublishJob} job */
  function said(job) {
    const { message, name, place, preview, sent, state } = job;
    switch (state) {
      case "preparing": return `${ImagelibPublishPreview.stageOf(job)}…`;
      case "ready": return `${name} is ready. This becomes public:`;
      case "sending": return `Sending to ${place}…`;
      case "done": return sent || preview?.removals ? `Done: ${counted(preview?.images ?? 0, "image")}, ${counted(sent, "file")} written${preview?.removals ? `, ${counted(preview.removals, "file")} taken away` : ""} in ${place}.`
        : `Everything is in ${place} already.`;
      case "failed": return message;
      default: return message || "It was cancelled. Nothing was sent.";
    }
  }

  /** Publish the images that carry a tag. @param {string} tag */
  const ofTag = (tag) => void open(`tag:${ImagelibQuery.quote(tag)}`);

  /** The way there from an album that is shown. */
  function start() {
    document.querySelector("[data-slot=album]")?.append(h("button", { type: "button", class: "small", click: () => {
      const { inAlbum } = ImagelibGallery;
      if (inAlbum) ofTag(inAlbum.album.tag);
    } }, "Publish…"));
  }

  return { ofTag, open: () => void open(), start };
})();
