// Picks as the browser of a visitor keeps, sends and takes them in.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { load } from "./load.mjs";

const PUBLICATION = "11111111-1111-4111-8111-111111111111";
const [ONE, TWO, THREE] = ["a", "b", "c"].map((letter) => `${letter.repeat(8)}-1111-4111-8111-111111111111`);
const OTHER_KEY = "99999999-1111-4111-8111-111111111111";
const kept = new Map();
let isFull = false;
let onStorage;

Object.assign(globalThis, {
  document: { documentElement: { dataset: { publication: PUBLICATION, picks: "favourite stars comment", picksMax: "2" } } },
  location: { protocol: "https:", origin: "https://example.org", pathname: "/fox/" },
  window: { addEventListener: (_name, listener) => { onStorage = listener; } },
});
Object.defineProperty(globalThis, "localStorage", { value: {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, text) => {
    if (isFull) throw new Error("full");
    kept.set(key, text);
  },
  removeItem: (key) => void kept.delete(key),
} });
const Picks = load("ImagelibPicks", "kept.js", "picks.js");
const Files = load("ImagelibPickFile", "pick-file.js");
const file = (items, more = {}) => ({ imagelib: "picks", format: 1, publication: PUBLICATION, key: OTHER_KEY, who: "Bo", items, ...more });
const item = (more = {}) => ({ heart: true, stars: 0, note: "", at: "2026-01-01T00:00:00.000Z", ...more });

beforeEach(() => {
  isFull = false;
  kept.clear();
  onStorage({ key: null });
});

test("what is said is kept under the publication's id, also what was taken back", () => {
  Picks.set(ONE, { heart: true });
  Picks.set(TWO, { note: "warmer" });
  Picks.set(ONE, { heart: false });
  assert.deepEqual(Picks.ids(), [TWO]);
  const { items } = JSON.parse(kept.get(`imagelib.picks.${PUBLICATION}`));
  assert.deepEqual([items[ONE].heart, items[TWO].note], [false, "warmer"]);
});

test("what is said later is later, even if the clock goes back", () => {
  const { now } = Date;
  try {
    Picks.set(ONE, { heart: true });
    const { at } = Picks.of(ONE);
    Date.now = () => 0;
    Picks.set(ONE, { heart: false });
    assert.ok(Picks.of(ONE).at > at);
  } finally {
    Date.now = now;
  }
});

test("beyond the limit nothing is picked, but said of what is", () => {
  Picks.set(ONE, { heart: true });
  Picks.set(TWO, { stars: 3 });
  assert.match(Picks.set(THREE, { heart: true }), /can pick 2/);
  assert.deepEqual(Picks.ids(), [ONE, TWO]);
  assert.equal(Picks.set(TWO, { note: "this one" }), "");
  assert.equal(Picks.join(file({ [THREE]: item() })), 1);
  assert.deepEqual(Picks.ids(), [ONE, TWO]);
});

test("a storage that is full is said, and what was said stays in the page", () => {
  isFull = true;
  Picks.set(ONE, { heart: true });
  Picks.set(TWO, { heart: true });
  assert.match(Picks.warning, /keeps nothing/);
  assert.deepEqual(Picks.ids(), [ONE, TWO]);
});

test("another tab's picks stay when this one says something", () => {
  Picks.set(ONE, { heart: true });
  const state = JSON.parse(kept.get(`imagelib.picks.${PUBLICATION}`));
  kept.set(`imagelib.picks.${PUBLICATION}`, JSON.stringify({ ...state, items: { ...state.items, [TWO]: item() } }));
  Picks.set(ONE, { stars: 2 });
  assert.deepEqual(Picks.ids(), [ONE, TWO]);
});

test("whoever joins what another sends stays who they are, and says it now", () => {
  Picks.set(ONE, { note: "mine" });
  const { key } = Picks.file;
  Picks.join(file({ [ONE]: item({ note: "theirs", at: "2999-01-01T00:00:00.000Z" }), [TWO]: item() }));
  assert.deepEqual([Picks.file.key, Picks.of(ONE).note], [key, "mine"]);
  assert.ok(Picks.of(TWO).at > "2026-01-01T00:00:00.000Z");
});

test("whoever goes on elsewhere is the same visitor, and what was said last counts", () => {
  Picks.set(ONE, { heart: true });
  Picks.goOn(file({ [ONE]: item(), [TWO]: item({ at: "2026-06-01T00:00:00.000Z" }) }));
  assert.deepEqual([Picks.file.key, Picks.who], [OTHER_KEY, "Bo"]);
  Picks.goOn(file({ [ONE]: item({ heart: false, at: "2026-02-01T00:00:00.000Z" }), [TWO]: item({ heart: false }) }));
  assert.deepEqual(Picks.ids(), [TWO]);
});

test("a link brings back what it was made of, and tells nothing of the visitor's disk", async () => {
  const sent = file({ [ONE]: item({ note: "wärmer <b>" }) });
  const link = await Files.linkOf(sent);
  assert.match(link, /^https:\/\/example\.org\/fox\/#picks=[\w-]+$/);
  assert.deepEqual(Picks.checked(await Files.read(new URL(link).hash)), sent);
  globalThis.location.protocol = "file:";
  assert.match(await Files.linkOf(sent), /^#picks=/);
  globalThis.location.protocol = "https:";
});

test("what does not fit into a link gets none", async () => {
  const items = Object.fromEntries(Array.from({ length: 600 }, () => [crypto.randomUUID(), item()]));
  assert.equal(await Files.linkOf(file(items)), "");
});

test("a link that unpacks without end, or is damaged, holds nothing", async () => {
  const bomb = new Blob([new Uint8Array(30_000_000)]).stream().pipeThrough(new CompressionStream("deflate"));
  const packed = Buffer.from(await new Response(bomb).arrayBuffer()).toString("base64url");
  assert.equal(await Files.read(`#picks=${packed}`), null);
  assert.equal(await Files.read("#picks=AAAA"), null);
  assert.equal(await Files.read("#picks=%%%"), null);
});

test("what is no file of picks of this publication is refused whole", () => {
  const good = file({ [ONE]: item() });
  assert.ok(Picks.checked(good));
  for (const bad of [null, {}, [], { ...good, format: 2 }, { ...good, publication: OTHER_KEY }, { ...good, key: "x" },
    { ...good, who: 1 }, { ...good, items: null }, file({ "<b>": item() }), file({ [ONE]: null }), file({ [ONE]: item({ heart: 1 }) }),
    file({ [ONE]: item({ stars: 6 }) }), file({ [ONE]: item({ stars: 1.5 }) }), file({ [ONE]: item({ note: "x".repeat(2001) }) }),
    file({ [ONE]: item({ at: "yesterday" }) })]) assert.equal(Picks.checked(bad), null, JSON.stringify(bad)?.slice(0, 80));
});
