"""Picks that visitors send: what is merged, what of it counts, and what is refused."""

from __future__ import annotations

import json
import random
import tracemalloc
import zlib
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest
from helpers import fill, follow
from pick_helpers import ANNA, BO, as_link, file_of, pick, published

from imagelib.cli import run
from imagelib.errors import InvalidError, LibraryFaultError, NotFoundError
from imagelib.generator.builder import build
from imagelib.generator.freshness import is_current
from imagelib.generator.index.numbers import read_deltas
from imagelib.library.library import Library
from imagelib.library.query.memory.engine import MemoryEngine
from imagelib.library.records import lookalikes
from imagelib.library.records import picks as records
from imagelib.publishing import pick_files
from imagelib.publishing.policy import Policy


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Five images, all of them public under ids of their own."""
    with Library.create(tmp_path / "library") as opened:
        fill(opened, 5)
        yield opened


@pytest.fixture
def gallery(library: Library) -> tuple[str, list[str], list[str]]:
    """The id of the publication, the ids of its images here, and there."""
    publication, ids = published(library)
    return publication, list(ids), list(ids.values())


def merge(library: Library, file: dict) -> pick_files.Arrival:
    return pick_files.merge(library, pick_files.read(json.dumps(file)))


def rows(library: Library) -> list[tuple]:
    return [tuple(row)[:-1] for row in library.database.read("SELECT * FROM picks")]


# Merging


@pytest.mark.parametrize("ids", ["own", "same"])
def test_what_was_picked_is_found_and_changes_no_image(library, ids):
    publication, public = published(library, ids)
    [one, other, *_] = public
    before = library.find()
    arrived = merge(library, file_of(publication, {
        public[one]: pick(), public[other]: pick(stars=4, note="warmer")}))
    assert (arrived.publication, len(arrived.merged.added), arrived.unknown) == ("proof", 2, ())
    assert set(library.ids("picked:anna")) == set(library.ids("has:picks")) == {one, other}
    assert library.find() == before
    [(visitor, said)] = records.picks_of_image(library.database, other)
    assert (visitor.who, said.heart, said.stars, said.note) == ("Anna", False, 4, "warmer")


def test_a_preview_says_what_merging_does_and_does_nothing(library, gallery):
    publication, _, public = gallery
    merge(library, file_of(publication, {public[0]: pick(), public[1]: pick(), public[2]: pick()}))
    later = "2026-11-28T00:00:00.000Z"
    file = pick_files.read(json.dumps(file_of(publication, {
        public[0]: pick(later, note="darker"), public[1]: pick(later, heart=False),
        public[2]: pick(), public[3]: pick(later), ANNA: pick()})))
    before = rows(library)
    told = pick_files.preview(library, file)
    assert rows(library) == before
    assert [len(getattr(told.merged, kind)) for kind in (
        "added", "changed", "taken_back", "known")] == [1, 1, 1, 1]
    assert told.unknown == (ANNA,)
    assert pick_files.merge(library, file) == told


def test_the_same_file_again_changes_nothing(library, gallery):
    publication, _, public = gallery
    file = file_of(publication, {public[0]: pick(), public[1]: pick(heart=False)})
    merge(library, file)
    before = rows(library)
    again = merge(library, file)
    assert rows(library) == before
    assert set(again.merged.known) == {pk for pk, *_ in before}


def test_in_whatever_order_files_come_what_was_said_last_counts(tmp_path):
    """Three files of each of two visitors, in all orders: all libraries end alike."""
    found = set()
    for number, order in enumerate(permutations(range(3))):
        with Library.create(tmp_path / str(number)) as library:
            fill(library, 3)
            publication, ids = published(library, "same")
            [one, two, three] = sorted(ids)
            states = [{one: pick("2026-01-01T00:00:00.000Z")},
                      {one: pick("2026-01-02T00:00:00.000Z", stars=2),
                       two: pick("2026-01-02T00:00:00.000Z")},
                      {one: pick("2026-01-02T00:00:00.000Z", stars=2),
                       two: pick("2026-01-03T00:00:00.000Z", heart=False),
                       three: pick("2026-01-03T00:00:00.000Z", note="this")}]
            for key in (ANNA, BO):
                for turn in order:
                    merge(library, file_of(publication, states[turn], who=f"name {turn}", key=key))
            found.add(str([row[:1] + row[2:] for row in rows(library)]))
            assert set(library.ids("has:picks")) == {one, three}
            assert {visitor.who for visitor in records.list_visitors(library.database)} == {
                "name 2"}
    assert len(found) == 1


def test_two_visitors_of_one_name_never_overwrite_each_other(library, gallery):
    publication, ids, public = gallery
    merge(library, file_of(publication, {public[0]: pick(note="mine")}))
    merge(library, file_of(publication, {
        public[0]: pick("2027-01-01T00:00:00.000Z", note="yours")}, key=BO))
    assert [said.note for _, said in records.picks_of_image(library.database, ids[0])] == [
        "mine", "yours"]


def test_a_pick_goes_through_the_trash_with_its_image_and_is_destroyed_with_it(library, gallery):
    publication, ids, public = gallery
    merge(library, file_of(publication, {public[0]: pick(), public[1]: pick()}))
    library.delete(ids[0])
    assert library.ids("picked:anna") == [ids[1]]
    library.restore(ids[0])
    assert set(library.ids("picked:anna")) == set(ids[:2])
    library.delete(ids[0])
    assert len(merge(library, file_of(publication, {
        public[0]: pick("2027-01-01T00:00:00.000Z", note="late")})).merged.changed) == 1
    library.empty_trash()
    assert len(rows(library)) == 1
    assert merge(library, file_of(publication, {public[0]: pick()})).unknown == (public[0],)


def test_a_file_of_what_is_not_published_any_more_still_means_its_images(library):
    publication, ids = published(library)
    library.edit(*ids, tags=["private"])
    arrived = merge(library, file_of(publication, {one: pick() for one in ids.values()}))
    assert (len(arrived.merged.added), arrived.unknown) == (5, ())


def test_the_memory_of_the_daemon_knows_what_is_merged(library, gallery):
    publication, _, public = gallery
    library.engine = MemoryEngine(library.database)
    assert library.count("picked:anna or has:picks") == 0
    merge(library, file_of(publication, {public[0]: pick()}))
    assert library.count("picked:anna") == library.count("has:picks") == 1
    records.forget(library.database, records.visitors_named(library.database, "ANNA"))
    assert library.count("picked:anna") == 0


def test_the_site_knows_who_picked_what_and_that_is_one_change_of_its_manifest(library, gallery):
    publication, ids, public = gallery
    out = library.settings.site_dir
    follow(library)
    build(library)
    assert is_current(library.settings, out)
    plain = (out / "data/manifest.js").read_bytes()
    merge(library, file_of(publication, {
        public[0]: pick(), public[3]: pick(), public[4]: pick(heart=False)}, who="<b>Anna"))
    assert not is_current(library.settings, out)
    assert build(library).written == ["data/manifest.js"]
    [[who, pks]] = json.loads((out / "data/manifest.js").read_bytes()[13:-3])["picks"]
    assert who == "<b>Anna"
    assert read_deltas(pks) == sorted(library.get(ids[n]).pk for n in (0, 3))
    assert b"<b>" not in (out / "data/manifest.js").read_bytes()
    assert build(library).written == []
    records.forget(library.database, records.list_visitors(library.database))
    build(library)
    assert (out / "data/manifest.js").read_bytes() == plain, "without picks, nothing of them"


# Applying


def test_applying_is_one_batch_that_one_undo_takes_back(library, gallery):
    publication, ids, public = gallery
    library.edit(*ids, rating=1)
    before = library.find()
    merge(library, file_of(publication, {
        public[0]: pick(heart=True, stars=5), public[1]: pick(stars=2), public[2]: pick(note="x")}))
    done = records.apply(library.database, "anna", tag="picked-anna", stars=True)
    assert set(done.changed) == set(ids[:3])
    assert set(library.ids("tag:picked-anna")) == set(ids[:3])
    assert [library.get(one).rating for one in ids] == [5, 2, 1, 1, 1]
    assert records.apply(library.database, "anna", tag="picked-anna", stars=True).batch == ""
    library.undo(done.batch)
    assert [(one.tags, one.rating) for one in library.find()] == [
        (one.tags, one.rating) for one in before]


def test_only_hearts_can_be_applied_and_the_trash_is_named(library, gallery):
    publication, ids, public = gallery
    merge(library, file_of(publication, {public[0]: pick(), public[1]: pick(stars=1),
                                         public[2]: pick()}))
    library.delete(ids[2])
    done = records.apply(library.database, "Anna", tag="Final", hearts=True)
    assert done.changed == (ids[0],)
    assert [failure.subject for failure in done.failures] == [ids[2]]


def test_of_two_browsers_of_one_person_the_later_stars_count(library, gallery):
    publication, ids, public = gallery
    merge(library, file_of(publication, {public[0]: pick("2026-01-02T00:00:00Z", stars=5)}))
    merge(library, file_of(publication, {public[0]: pick("2026-01-03T00:00:00Z", stars=2)},
                           who="ANNA", key=BO))
    records.apply(library.database, "anna", stars=True)
    assert library.get(ids[0]).rating == 2


@pytest.mark.parametrize(("options", "error", "text"), [
    ({}, InvalidError, "tag, the stars"), ({"tag": "a,b"}, InvalidError, "comma")])
def test_what_cannot_be_applied_is_refused(library, gallery, options, error, text):
    publication, _, public = gallery
    merge(library, file_of(publication, {public[0]: pick()}))
    with pytest.raises(error, match=text):
        records.apply(library.database, "anna", **options)
    with pytest.raises(NotFoundError, match="Those who have: Anna"):
        records.apply(library.database, "Ann", tag="x")


def test_an_image_that_would_have_too_many_tags_leaves_all_as_they_are(library, gallery):
    publication, ids, public = gallery
    library.edit(ids[1], tags=[f"t{n}" for n in range(200)])
    merge(library, file_of(publication, {public[0]: pick(), public[1]: pick()}))
    with pytest.raises(InvalidError, match="at most 200 tags"):
        records.apply(library.database, "anna", tag="picked")
    assert library.count("tag:picked") == 0


# What is refused


def _hostile(publication: str, public: str) -> dict[str, str]:
    good = file_of(publication, {public: pick()})

    def with_item(**item: object) -> str:
        return json.dumps(good | {"items": {public: pick() | item}})

    many = {f"{n:08x}-0000-4000-8000-000000000000": pick() for n in range(10_001)}
    return {
        "nothing": "", "prose": "12 picked", "another JSON": '{"a": 1}', "a list": "[]",
        "a bomb in a link": as_link(b'{"who": "' + b"a" * 2_000_000),
        "a link cut off": as_link(good)[:-40], "a link without its checksum": as_link(good)[:-3],
        "a link of nothing": "x#picks=",
        "a link with more behind": as_link(good) + "&x=1",
        "a link that is no deflate": "x#picks=AAAA", "two streams in a link": "x#picks="
        + as_link(b"{}").partition("=")[2] + "eJwDAAAAAAE",
        "more than a megabyte": json.dumps(good) + " " * 2**20 + "x",
        "a long note": with_item(note="x" * 2_001),
        "a note of a megabyte": with_item(note="x" * 2**20),
        "a note that drives a terminal": with_item(note="\x1b]0;gotcha\x07"),
        "a note that runs backwards": with_item(note="abc\u202egnp.exe"),
        "half a letter": json.dumps(good).replace("Anna", "\\ud800"),
        "too many items": json.dumps(good | {"items": many}),
        "20,000 deep": json.dumps(good).replace("true", "[" * 20_000 + "]" * 20_000),
        "an id of a script": json.dumps(good).replace(public, "<script>alert(1)</script>"),
        "an id twice": '{"imagelib": "picks", "items": {"a": 1, "a": 2}}',
        "an id in two cases": json.dumps(good | {"items": {
            public: pick(), public.upper(): pick()}}),
        "six stars": with_item(stars=6), "stars as text": with_item(stars="5"),
        "a heart as a number": with_item(heart=1), "stars as truth": with_item(stars=True),
        "no moment": json.dumps(good | {"items": {public: {"heart": True}}}),
        "a moment that is none": with_item(at="2026-13-45T99:99:99Z"),
        "a local moment": with_item(at="2026-11-27T12:00:00"),
        "a field more": with_item(rating=5), "a name more": json.dumps(good | {"admin": True}),
        "another format": json.dumps(good | {"format": 2}),
        "nobody": json.dumps(good | {"who": "  "}), "a long name": json.dumps(
            good | {"who": "x" * 101}),
        "NaN": with_item(stars=float("nan")), "items as a list": json.dumps(good | {"items": []}),
        "another library's": json.dumps(good | {"publication": BO}),
        "a key that is none": json.dumps(good | {"key": "'; DROP TABLE picks; --"}),
    }


HOSTILE = tuple(_hostile(ANNA, BO))


@pytest.fixture(scope="module")
def target(tmp_path_factory) -> Iterator[tuple[Library, dict[str, str]]]:
    """A library with a publication, and what is sent to it; all of it should be refused."""
    with Library.create(tmp_path_factory.mktemp("hostile") / "library") as opened:
        fill(opened, 1)
        publication, ids = published(opened)
        yield opened, _hostile(publication, *ids.values())


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_leaves_no_row(target, name):
    library, texts = target
    with pytest.raises(InvalidError, match=r"Nothing was kept") as refused:
        pick_files.merge(library, pick_files.read(texts[name]))
    assert len(str(refused.value)) < 1_000
    assert rows(library) == []


def test_a_small_link_cannot_be_made_to_take_much_memory():
    bomb = as_link(b"a" * 60_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(InvalidError, match="more than"):
            pick_files.read(bomb)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_random_damage_to_a_file_or_a_link_is_refused_or_merged_never_half(library, gallery):
    publication, _, public = gallery
    rng = random.Random(7)
    good = json.dumps(file_of(publication, {one: pick(note="a" * 5) for one in public}))
    for whole in (good, as_link(json.loads(good))):
        for _ in range(150):
            at = rng.randrange(len(whole))
            text = whole[:at] + chr(rng.randrange(32, 127)) * rng.randrange(3) + whole[at + 1:]
            try:
                file = pick_files.read(text)
            except InvalidError:
                continue
            assert len(file.items) <= 5


def test_what_looks_like_markup_is_text(library, gallery):
    publication, ids, public = gallery
    note = "<script>alert(1)</script>\n\t<b>"
    merge(library, file_of(publication, {public[0]: pick(note=note)}, who="<i>Anna</i> 👩‍🎨"))
    [(visitor, said)] = records.picks_of_image(library.database, ids[0])
    assert (visitor.who, said.note) == ("<i>Anna</i> 👩‍🎨", note)


def test_the_largest_file_that_is_allowed_is_merged(library, gallery):
    publication, _, public = gallery
    items = {f"{n:08x}-0000-4000-8000-000000000000": {"at": pick()["at"]} for n in range(9_999)}
    arrived = merge(library, file_of(publication, {public[0]: pick(note="x" * 2_000)} | items))
    assert (len(arrived.merged.added), len(arrived.unknown)) == (1, 9_999)


def test_a_link_is_read_as_the_file_is(library, gallery):
    publication, _, public = gallery
    file = file_of(publication, {public[0]: pick(note="wärmer")})
    assert pick_files.read(as_link(file)) == pick_files.read(json.dumps(file))
    padded = as_link(zlib.decompress(zlib.compress(json.dumps(file).encode())))
    assert pick_files.read(f"  {padded}\n") == pick_files.read("\ufeff" + json.dumps(file))


# The policy


def test_a_policy_allows_nothing_by_itself():
    assert Policy.of("mine", {}).picks.kinds == ()
    with pytest.raises(InvalidError, match="max limits nothing"):
        Policy.of("mine", {"picks": {"max": 3}})
    with pytest.raises(InvalidError, match="no such setting"):
        Policy.of("mine", {"picks": {"likes": True}})


# The command


def cli(library: Library, *arguments: str) -> int:
    return run(["-L", str(library.root), "picks", *arguments])


def test_the_command_previews_merges_applies_and_forgets(library, gallery, tmp_path, capsys):
    publication, ids, public = gallery
    path = tmp_path / "picks-anna.json"
    path.write_text(json.dumps(file_of(publication, {
        public[0]: pick(heart=True, stars=3, note="warmer\nplease"), BO: pick()})), "utf-8")
    assert cli(library, str(path)) == 0
    said = capsys.readouterr().err
    assert '♥★★★··  "warmer please"' in said
    assert ids[0] in said
    assert f"no image here: {BO}" in said
    assert "say --yes" in said
    assert rows(library) == []

    assert cli(library, as_link(json.loads(path.read_text("utf-8"))), "--yes", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "merged": True, "publication": "proof", "who": "Anna", "unknown": [BO], "added": 1,
        "changed": 0, "taken_back": 0, "known": 0}
    assert cli(library, "--list") == 0
    listed = capsys.readouterr()
    assert "Anna  1 pick, 1 heart  in proof  2026-11-27" in listed.out
    assert "nobody has proved them" in listed.err

    assert cli(library, "apply", "anna", "--tag", "chosen", "--dry-run") == 0
    assert f"{ids[0]}  + chosen" in capsys.readouterr().err
    assert library.count("tag:chosen") == 0
    assert cli(library, "apply", "anna", "--tag", "chosen", "--stars", "--yes") == 0
    assert library.get(ids[0]).rating == 3
    assert cli(library, "apply", "anna", "--tag", "chosen", "--yes") == 3, "nothing to change"
    assert run(["-L", str(library.root), "undo"]) == 0
    assert library.count("tag:chosen") == 0
    assert cli(library, "apply", "anna") == 2
    assert cli(library, "apply", "nobody", "--tag", "x") == 3

    assert cli(library, "forget", "Anna", "--yes") == 0
    assert rows(library) == []


def test_a_file_that_is_none_is_refused_with_its_reason(library, gallery, tmp_path, capsys):
    path = tmp_path / "picks.json"
    for content, reason in ((b"\xff\xfe{}", "not UTF-8"), (b"{" * 20_000, "picks: "),
                            (b"x" * (2**20 + 5), "more than"), (b"\xff" * 2**21, "more than")):
        path.write_bytes(content)
        assert cli(library, str(path), "--yes") == 2
        assert reason in capsys.readouterr().err
    assert cli(library, str(tmp_path / "absent.json")) == 2
    assert "There is no file" in capsys.readouterr().err
    assert rows(library) == []


def test_what_was_picked_of_a_duplicate_is_said_of_the_image_that_is_kept(library, gallery):
    publication, ids, public = gallery
    merge(library, file_of(publication, {
        public[0]: pick("2026-11-27T12:00:00.000Z", stars=2),
        public[1]: pick("2026-11-27T13:00:00.000Z", stars=5)}))
    merge(library, file_of(publication, {public[1]: pick(note="nicer")}, who="Bo", key=BO))
    kept, double = library.get(ids[0]), library.get(ids[1])
    lookalikes.merge(library, kept, [double])
    assert library.ids("picked:anna picked:bo") == [kept.id]
    library.purge(double.id)
    assert sorted((row[3], row[5], row[6]) for row in rows(library)) == [
        ("Anna", 5, ""), ("Bo", 0, "nicer")], "the last that each has said"


def test_a_damaged_memory_of_a_publication_is_told(library, gallery):
    publication, _, public = gallery
    [path] = (library.settings.private_dir / "published").glob("*/sources.db")
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(LibraryFaultError):
        merge(library, file_of(publication, {public[0]: pick()}))
