// Picks of visitors: a file or a link that one has sent is looked at and merged; who has picked what, and
// forgetting it. Names are claims, and everything that was sent is shown as text.
"use strict";

const ImagelibPicksDialog = (() => {
  const { h, setText } = ImagelibDom;
  const { turns } = ImagelibTasks;
  const LINK = "#picks=";
  /** Of a larger file the daemon need not see all to refuse it, in bytes. */
  const MOST_BYTES = 2 ** 20 + 1;
  /** How often, in ms, and how many times at most it is looked for what an image is called. */
  const [PAUSE, MOST_LOOKS] = [250, 120];
  /** So many images are shown before they are merged. */
  const SHOWN = 50;

  /** @param {string} sent  A file of picks or a link that is to be looked at; "" if there is none yet. */
  async function open(sent = "") {
    const link = h("input", { id: "picks-link", type: "text", autocomplete: "off", spellcheck: "false" });
    const file = h("input", { type: "file", id: "picks-file", class: "visually-hidden", accept: ".json,application/json", change: () => {
      const [chosen] = file.files ?? [];
      if (chosen) void textOf(chosen).then(look);
      file.value = "";
    } });
    const asking = h("form", { class: "saving", submit: (event) => {
      event.preventDefault();
      if (link.value.trim()) void look(link.value);
    } }, h("label", { for: link.id }, "A link that a visitor has sent you"),
    h("span", { class: "beside" }, link, h("button", { type: "submit" }, "Look at it"),
      h("label", { class: "button", for: file.id }, "Choose a file", file)),
    h("p", { class: "hint" }, "Or drop the file anywhere on the page."));
    const arrived = h("div", { class: "arrived", hidden: true, tabindex: "-1" });
    const list = h("ul", { class: "rows", "aria-label": "Who has picked" });
    const dialog = ImagelibDialog.open("Picks", [h("div", { class: "searches" }, asking, arrived, list,
      h("p", { class: "hint" }, "Names are what visitors call themselves; they are not verified."))]);
    const begin = turns();

    /** Say what a text would change. @param {string} text */
    async function look(text) {
      try {
        const arrival = await ImagelibApi.sendPicks(text, false);
        arrived.replaceChildren(...preview(arrival, () => void merge(text)));
      } catch (error) {
        arrived.replaceChildren(h("p", { class: "failures" }, error instanceof Error ? error.message : String(error)));
      }
      arrived.hidden = false;
      arrived.focus();
    }

    /** @param {string} text */
    async function merge(text) {
      try {
        const { who } = await ImagelibApi.sendPicks(text, true);
        ImagelibToast.show(`The picks of ${who} are here.`);
        arrived.hidden = true;
        arrived.replaceChildren();
        link.value = "";
      } catch (error) {
        ImagelibToast.fail(error);
      }
      await load();
      (list.querySelector("a") ?? link).focus();
    }

    /** @param {PickArrival} arrival @param {() => void} agree */
    function preview(arrival, agree) {
      const { added, changed, known, taken_back: back, who, before, publication, unknown } = arrival;
      const news = arrival.images.filter(({ kind }) => kind !== "known");
      const counts = [[added, "new"], [changed, "changed"], [back, "taken back"], [known, "known already"]];
      return [
        h("p", {}, "Somebody who says to be ", h("strong", {}, who), ...(before && before !== who ? [`, here until now as ${before},`] : []),
          ` picked in ${publication}: ${counts.filter(([count]) => count).map((pair) => pair.join(" ")).join(", ") || "nothing"}.`,
          ...(news.length ? [] : [" There is nothing to merge."])),
        ...(unknown.length ? [h("p", { class: "failures" }, `No image here: ${unknown.slice(0, SHOWN).join(", ")}${unknown.length > SHOWN ? " …" : ""}`)] : []),
        h("ul", { class: "rows", "aria-label": "What is new", tabindex: "0" }, ...news.slice(0, SHOWN).map(row)),
        ...(news.length > SHOWN ? [h("p", { class: "hint" }, `And ${ImagelibChanges.howMany(news.length - SHOWN)} more.`)] : []),
        ...(news.length || before !== who ? [h("p", { class: "beside" }, h("button", { type: "button", class: "primary", click: agree }, "Merge"),
          h("span", { class: "hint" }, "No rating and no tag changes by it."))] : []),
      ];
    }

    async function load() {
      const isLast = begin();
      try {
        const visitors = await ImagelibApi.picks();
        // The page need not wait for the next build to find them.
        ImagelibIndex.columns.setPicks(visitors.map(({ who, pks }) => [who, pks]));
        ImagelibGallery.refresh();
        if (!isLast()) return;
        list.replaceChildren(...visitors.map(visitorRow),
          ...(visitors.length ? [] : [h("li", { class: "empty" }, "Nobody has picked anything yet.")]));
      } catch (error) {
        ImagelibToast.fail(error);
      }
    }

    /** @param {PickVisitor} visitor */
    function visitorRow(visitor) {
      const { at, hearts, name, picks, who } = visitor;
      const query = `picked:${ImagelibQuery.quote(who)}`;
      const forget = h("button", { type: "button", class: "small", "aria-label": `Forget ${who}`, click: async () => {
        // There is no way back but the file.
        if (forget.dataset.sure === undefined) {
          forget.dataset.sure = "";
          forget.classList.add("danger");
          forget.setAttribute("aria-label", `Really forget ${who}`);
          setText(forget, "Really?");
          return;
        }
        try {
          await ImagelibApi.forgetPicks(visitor);
          ImagelibToast.show(`${who} is forgotten.`);
        } catch (error) {
          ImagelibToast.fail(error);
        }
        await load();
        link.focus();
      } }, "Forget");
      return h("li", { class: "row" },
        h("a", { class: "row-text", href: ImagelibSearchesDialog.linkOf({ query, sort: "" }), click: (event) => {
          event.preventDefault();
          dialog.close();
          ImagelibGallery.setQuery(query);
        } }, h("strong", {}, who),
        h("span", { class: "soft" }, `${picks} picked, ${hearts} with a heart, in ${name ?? "a publication that is gone"}, ${ImagelibDates.here(at, 10)}`)), forget);
    }

    await load();
    if (sent) await look(sent);
  }

  /** An image with what is said of it. @param {PickArrival["images"][number]} pick */
  function row(pick) {
    const picture = h("img", { class: "row-picture", alt: "", width: "48", height: "48", decoding: "async" });
    const name = h("strong", {}, pick.id ? "An image" : "An image in the trash");
    const { id } = pick;
    if (id) void tell();

    async function tell(again = MOST_LOOKS) {
      const record = await ImagelibIndex.record(id ?? "");
      if (!record) return;
      setText(name, ImagelibCard.nameOf(record));
      if (record.has_thumbnail) picture.src = ImagelibCard.thumbnailUrl(record);
      // A link opens this before the texts are there, which hold what the image is called.
      if (record.prompt_text === undefined && again) setTimeout(() => void tell(again - 1), PAUSE);
    }

    return h("li", { class: "row" }, picture, h("span", { class: "row-text" }, name, ...said(pick)));
  }

  /** What a visitor says of an image: a heart, stars, the comment. @param {PickItem} pick */
  function said({ heart, stars, note }) {
    const marks = [heart && "♥", stars && "★".repeat(stars)].filter(Boolean).join(" ");
    const words = [heart && "a heart", stars && `${stars} ${stars === 1 ? "star" : "stars"}`].filter(Boolean).join(", ");
    return [
      ...(marks ? [h("span", { class: "pick-said", role: "img", "aria-label": words }, marks)] : []),
      ...(note ? [h("span", { class: "pick-note" }, note)] : []),
      ...(marks || note ? [] : [h("span", { class: "soft" }, "taken back")]),
    ];
  }

  /** @param {File} file */
  const textOf = (file) => file.slice(0, MOST_BYTES).text();

  /** A link that was opened here: it is looked at, and the address is what it was before. */
  function readHash() {
    const { hash } = location;
    if (!hash.startsWith(LINK)) return;
    history.replaceState(history.state, "", `${location.pathname}${location.search}`);
    void open(hash);
  }

  function start() {
    document.addEventListener("imagelib:picks", ({ detail }) => void textOf(detail.file).then(open));
    window.addEventListener("hashchange", readHash);
    readHash();
  }

  return { open: () => void open(), said, start };
})();
