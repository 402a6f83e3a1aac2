"""What is published is what the policy names; an edit of what is withheld changes no byte."""

from __future__ import annotations

import functools
import json
import os
import random
import re
import sqlite3
from pathlib import Path

import pytest
from helpers import draw
from published import CANARY, policy, publish, tree

from imagelib.config import Settings
from imagelib.generator.builder import build
from imagelib.generator.index.numbers import read_deltas
from imagelib.generator.reading import read_site
from imagelib.library.library import Library
from imagelib.library.records.albums import change_album
from imagelib.library.store.backup import put_back, snapshot
from imagelib.publishing import publication as publishing
from imagelib.publishing.derived import derived
from imagelib.publishing.policy import PRESETS, Policy
from imagelib.publishing.publication import publication
from imagelib.publishing.targets import folder


def test_a_state_that_was_put_back_is_what_is_published_from_then_on(tmp_path):
    with Library.create(tmp_path / "small") as library:
        image = library.add(draw(tmp_path / "a.png")).image.id
        snapshot(library.settings, tmp_path / "kept.db")
        library.edit(image, title="Regretted")
        publish(library, tmp_path / "out")
    put_back(library.settings, tmp_path / "kept.db")
    with Library.open(tmp_path / "small") as library:
        library.edit(image, title="Harmless")  # the same version of the same image
        publish(library, tmp_path / "out")
    [record] = read_site(tmp_path / "out")[0]
    assert record.fields["title"] == "Harmless"


def test_nothing_withheld_is_in_any_byte_of_what_is_published(library, tmp_path):
    found = publish(library, tmp_path / "out")
    assert len(found.difference.added) == 6
    for path in (tmp_path / "out").rglob("*"):
        assert CANARY not in path.name
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes()
            assert path.stat().st_mtime == 946_684_800
    scratch = library.settings.private_dir / "published" / "mine"
    for path in (scratch / "library.db", scratch / "library.db-wal"):
        assert not path.exists() or CANARY.encode() not in path.read_bytes()


@pytest.mark.parametrize("written", ["private", "Private", " PRIVATE ", "private/client",
                                     "Private/Client", "\uff50rivate", "priva\u0301te",
                                     " Private/Client", "private /client", "private\u00a0"])
def test_private_is_private_however_another_program_writes_it(library, tmp_path, written):
    image = library.get(library.ids("tag:shown -tag:private")[0])
    connection = sqlite3.connect(library.settings.database)
    with connection:
        connection.execute("INSERT OR IGNORE INTO tags (name) VALUES (?)", (written,))
        connection.execute("INSERT INTO image_tags SELECT ?, id FROM tags WHERE name = ?",
                           (image.pk, written))
    connection.close()
    found = publish(library, tmp_path / "out")
    assert len(found.difference.added) == 5
    assert image.id not in found.difference.added


def test_a_tag_that_is_left_out_takes_those_below_it_along(library, tmp_path):
    tags = ["client", "client/zqanna", "client/zqanna/spring", "clients", "a/client"]
    library.edit(*library.ids(""), tags=tags)
    change_album(library.database, "client/zqanna", text="zqanna as she wants it")
    one = policy(tags={"without": ["client"]})
    publish(library, tmp_path / "out", one)
    records, _ = read_site(tmp_path / "out")
    assert {tuple(record.fields["tags"]) for record in records} == {("a/client", "clients")}
    assert not [path for path in (tmp_path / "out").rglob("*")
                if path.is_file() and b"zqanna" in path.read_bytes()]
    with library.database.write("test") as transaction:  # as another program may
        transaction.run("UPDATE tags SET name = ' Client / zqanna' WHERE name = 'client/zqanna'")
    library.edit(*library.ids(""), title="Again")
    publish(library, tmp_path / "out", policy(tags={"without": ["client"]}))
    assert not [path for path in (tmp_path / "out").rglob("*")
                if path.is_file() and b"zqanna" in path.read_bytes()]
    one = policy(tags={"only": ["client"]})
    publish(library, tmp_path / "other", one)
    records, _ = read_site(tmp_path / "other")
    assert {tuple(record.fields["tags"]) for record in records} == {("client",)}


def test_picks_name_a_publication_by_an_id_that_stays(library, tmp_path):
    picks = {"picks": {"favourite": True, "max": 7}}

    def said(to: str, name: str = "mine", **values) -> tuple[str, ...]:
        publish(library, tmp_path / to, Policy.of(name, values))
        html = (tmp_path / to / "index.html").read_text("utf-8")
        return tuple(re.findall(r'data-(?:publication|picks|picks-max)="([^"]*)"', html))

    assert said("out") == ()
    assert not [path for path in tree(tmp_path / "out") if "pick" in path]
    first = said("out", **picks)
    assert first[1:] == ("favourite", "7")
    assert said("out", title="another title", **picks) == first
    assert said("other", name="other", **picks)[0] not in ("", first[0])


def test_what_is_kept_is_there(library, tmp_path):
    publish(library, tmp_path / "out")
    records, searches = read_site(tmp_path / "out")
    assert sorted(record.fields["title"] for record in records) == [
        f"Picture {n}" for n in range(8) if n not in (3, 4)]
    assert {tuple(record.fields["tags"]) for record in records} == {("shown",)}
    assert all(record.fields["captured_at"].endswith("-01T00:00:00") for record in records)
    assert {record.fields["rating"] for record in records} == {0}
    assert {record.id for record in records} <= set(library.ids(""))
    assert searches == []


def test_an_album_of_a_tag_that_is_kept_is_public_in_its_order(tmp_path):
    def read(name: str) -> dict:
        return json.loads((tmp_path / "out" / "data" / name).read_text()[13:-3])

    def albums() -> list:  # what the site still holds for pages that are open is not named
        named = read("manifest.js").get("albums")
        return read(f"albums-{named}.js")["albums"] if named else []

    with Library.create(tmp_path / "small") as library:
        images = [library.add(draw(tmp_path / f"{n}.png"), tags=["best", "other"],
                              captured_at=f"2026-01-0{9 - n}").image.id for n in range(4)]
        library.edit(images[0], add_tags=["private"])
        for tag in ("best", "other"):
            change_album(library.database, tag, text=f"All of {tag}", cover=images[0],
                         ids=[images[3], images[0]])
        kept = Policy.of("mine", {"fields": ["tags", "title"], "tags": {"only": ["best"]},
                                  "query": "tag:best"})
        for n, image in enumerate(images):
            library.edit(image, title=f"title {n}")
        publish(library, tmp_path / "out", kept)
        [[tag, text, cover, pks]] = albums()
        assert (tag, text, cover) == ("best", "All of best", 0)
        with derived(library, kept) as one:
            found = {row[0]: row[1] for row in one.library.database.read(
                "SELECT pk, title FROM images")}
        assert [found[pk] for pk in read_deltas(pks)] == ["title 3", "title 1", "title 2"]
        assert 'data-album="best"' in (tmp_path / "out" / "index.html").read_text("utf-8")

        publish(library, tmp_path / "out", kept.changed("", query="tag:best title:title"))
        assert "data-album" not in (tmp_path / "out" / "index.html").read_text("utf-8")
        change_album(library.database, "best", text="Another text")
        publish(library, tmp_path / "out", kept)
        assert albums()[0][1] == "Another text"
        publish(library, tmp_path / "out", Policy.of("mine", {"query": ""}))
        assert albums() == []
        assert "data-album" not in (tmp_path / "out" / "index.html").read_text("utf-8")


@pytest.mark.parametrize("query", ["tag:series", "tag:series -tag:nsfw", "-title:9 tag:SERIES"])
def test_an_album_whose_tag_is_withheld_lends_its_order_and_nothing_else(tmp_path, query):
    out = tmp_path / "out"
    with Library.create(tmp_path / "small") as library:
        images = [library.add(draw(tmp_path / f"{n}.png"), tags=["series"], title=f"no {n}",
                              captured_at=f"2026-01-0{9 - n}").image.id for n in range(5)]
        library.edit(images[4], remove_tags=["series"])
        order = [2, 0, 3, 1]
        change_album(library.database, "series", text="zqhidden words", cover=images[0],
                     ids=[images[n] for n in order])
        policy = Policy.of("mine", {"fields": ["title"], "query": query})

        def shown() -> list[str]:
            index = (out / "index.html").read_text("utf-8")
            assert 'data-album=""' in index
            manifest = json.loads((out / "data" / "manifest.js").read_text()[13:-3])
            named = json.loads((out / f"data/albums-{manifest['albums']}.js").read_text()[13:-3])
            [[tag, text, cover, pks]] = named["albums"]
            assert (tag, text, cover) == ("", "", 0)
            with derived(library, policy) as one:
                titles = dict(map(tuple, one.library.database.read("SELECT pk, title FROM images")))
            return [titles[pk] for pk in read_deltas(pks)]

        publish(library, out, policy)
        assert shown() == [f"no {n}" for n in order]
        change_album(library.database, "series", ids=[images[3]])
        publish(library, out, policy)
        assert shown() == ["no 3", "no 2", "no 0", "no 1"]
        text = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
        assert b"zqhidden" not in text
        assert b"series" not in b"".join(path.read_bytes() for path in (out / "data").iterdir())
        publish(library, out, policy.changed("", query="tag:series or title:9"))
        assert "data-album" not in (out / "index.html").read_text("utf-8")


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_can_be_published(library, tmp_path, name):
    found = publish(library, tmp_path / "out", Policy.of(name, PRESETS[name]))
    assert found.proof.hits == []
    index = (tmp_path / "out" / "index.html").read_text("utf-8")
    count = found.derivation.images
    assert f">{count} image{'s' if count > 1 else ''}</p>" in index
    text = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert (f"{CANARY}prompt".encode() in text) is (name == "settings")
    assert f"{CANARY}notes".encode() not in text
    assert b"/path" not in text


def test_publishing_again_sends_nothing(library, tmp_path):
    publish(library, tmp_path / "out")
    before = tree(tmp_path / "out")
    again = publish(library, tmp_path / "out")
    assert (again.sent, again.difference.put, again.difference.remove) == ([], [], [])
    assert tree(tmp_path / "out") == before


def test_an_edit_of_what_is_withheld_changes_no_byte(library, tmp_path):
    publish(library, tmp_path / "out")
    before = tree(tmp_path / "out")
    ids = library.ids("")
    library.edit(*ids, notes="zqother", rating=1, prompt_text="zqanother", add_tags=["zqmore"])
    library.edit(library.ids("tag:private")[0], title="still private")
    library.edit(ids[0], captured_at=library.get(ids[0]).captured_at[:8] + "02T01:02:03")
    found = publish(library, tmp_path / "out")
    assert found.sent == []
    assert tree(tmp_path / "out") == before


def test_the_difference_names_exactly_the_files_that_change(library, tmp_path):
    publish(library, tmp_path / "out")
    before = tree(tmp_path / "out")
    [one, *_] = library.ids("tag:shown -tag:private")
    library.edit(one, title="Another title")
    with publication(library, policy(), str(tmp_path / "out")) as found:
        assert tree(tmp_path / "out") == before  # nothing was sent yet
        assert found.difference.changed == [one]
        assert found.difference.first == {"title": ["Another title"]}
        found.send()
    after = tree(tmp_path / "out")
    changed = {path for path in after if before.get(path) != after[path]}
    assert changed == set(found.difference.put)
    assert len(changed) <= 6


def test_what_is_taken_out_of_the_library_is_taken_down(library, tmp_path):
    publish(library, tmp_path / "out")
    [gone, private, *_] = library.ids("tag:shown -tag:private")
    library.delete(gone)
    library.edit(private, add_tags=["private"])
    found = publish(library, tmp_path / "out")
    assert found.difference.removed == sorted([gone, private])
    for image in (gone, private):
        assert not [path for path in (tmp_path / "out").rglob("*") if image in path.name]
        assert image.encode() not in b"".join(
            path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert tree(tmp_path / "out").keys() == tree(
        library.settings.private_dir / "published" / "mine" / "site").keys()


@pytest.mark.parametrize("seed", range(1, 1 + int(os.environ.get("IMAGELIB_SEEDS", "2"))))
def test_after_random_edits_the_site_is_that_of_a_full_build(library, tmp_path, monkeypatch, seed):
    rng = random.Random(seed)
    one = policy(query="rating:>=2")
    for step in range(int(os.environ.get("IMAGELIB_STEPS", "25"))):
        ids = library.ids("")
        image = rng.choice(ids)
        rng.choice([
            lambda image=image: library.edit(image, rating=rng.randrange(6)),
            lambda image=image, step=step: library.edit(image, title=f"Title {step}"),
            lambda image=image: library.edit(image, add_tags=["private"]),
            lambda image=image: library.edit(image, remove_tags=["private"]),
            lambda image=image: library.edit(image, notes=f"zq{rng.random()}"),
            lambda image=image: library.undo(),
            lambda image=image, ids=ids: library.delete(image) if len(ids) > 5 else None,
        ])()
        if step % 5 == 4:
            if rng.random() < 0.5:
                one = policy(query="rating:>=2", fields=rng.sample(
                    ["title", "tags", "date:month", "rating"], 3))
            publish(library, tmp_path / "out", one)
    monkeypatch.setattr(publishing, "build", functools.partial(build, full=True))
    again = publish(library, tmp_path / "out", one)
    assert (again.sent, again.difference.remove) == ([], [])  # byte for byte
    records, _ = read_site(tmp_path / "out")
    assert len(records) == len(again.derivation.sources)


def test_two_publications_with_ids_of_their_own_have_nothing_in_common(library, tmp_path):
    pictures = {"size": 64, "format": "jpeg"}
    trees = [tree_of(library, tmp_path / name, Policy.of(name, {
        "ids": "own", "title": "Same", "originals": pictures | {"watermark": name}}))
        for name in ("one", "two")]
    own = [{path: value for path, value in one.items()
            if path.startswith(("image/", "images/", "thumbs/", "data/file", "data/id"))}
           for one in trees]
    assert not own[0].keys() & own[1].keys()
    assert not set(own[0].values()) & set(own[1].values())
    # What says nothing of the images is the same in all publications.
    common = {path for path, value in trees[0].items() if value in set(trees[1].values())}
    assert {path for path in common if not path.startswith("static/")} <= {
        ".nojekyll", "404.html", "_headers"}


def tree_of(library: Library, to: Path, one: Policy) -> dict[str, str]:
    publish(library, to, one)
    return tree(to)


def test_a_picture_that_is_not_whole_is_named_and_left_out(library, tmp_path):
    victim = library.get(library.ids("tag:shown -tag:private")[0])
    path = library.originals.path_of(victim)
    path.write_bytes(path.read_bytes()[:-20])
    found = publish(library, tmp_path / "out")
    assert [name for name, _ in found.derivation.refused] == [victim.file_name]
    assert len(found.difference.added) == 5


@pytest.mark.parametrize("fails_at", range(0, 44, 11))
def test_a_send_that_is_broken_off_goes_on_where_it_ended(
        library, tmp_path, monkeypatch, fails_at):
    class StopError(Exception):
        pass

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "sending" and done > fails_at:
            raise StopError

    monkeypatch.setattr(folder, "_SOME", 4)
    with pytest.raises(StopError):
        publish(library, tmp_path / "out", progress=progress)
    sent = set(tree(tmp_path / "out"))
    found = publish(library, tmp_path / "out")
    assert not sent & set(found.sent)  # nothing goes twice
    assert tree(tmp_path / "out") == tree(
        library.settings.private_dir / "published" / "mine" / "site")


def test_what_nothing_refers_to_yet_goes_first_and_the_front_last(library, tmp_path):
    found = publish(library, tmp_path / "out")
    order = [path.split("/")[0] if path != "data/manifest.js" else path
             for path in found.difference.put]
    assert order[-2:] == ["data/manifest.js", "index.html"]
    assert order.index("image") > order.index("images") > order.index("thumbs")


def test_policies_in_the_settings_do_not_hinder_the_library(tmp_path):
    (tmp_path / "imagelib.toml").write_text('title = "Mine"\n[publish.one]\ntitle = "x"\n')
    assert Settings.load(tmp_path).title == "Mine"


def test_the_ledger_holds_no_text_that_was_published(library, tmp_path):
    publish(library, tmp_path / "out")
    ledger = library.settings.private_dir / "published" / "mine" / "ledger.db"
    assert b"Picture 1" not in ledger.read_bytes()


@pytest.mark.parametrize(("values", "lines"), [
    ({"captions": False}, "none"), (PRESETS["proof"], "one"), (PRESETS["portfolio"], "two"),
    (PRESETS["settings"], None)])
def test_below_pictures_there_is_room_for_what_is_said_and_no_more(tmp_path, values, lines):
    with Library.create(tmp_path / "library") as library:
        library.add(draw(tmp_path / "a.png"))
        publish(library, tmp_path / "out", Policy.of("mine", values))
    page = (tmp_path / "out" / "index.html").read_text()
    assert (f'data-captions="{lines}"' in page) == (lines is not None)
    assert ("data-captions" in page) == (lines is not None)


@pytest.mark.parametrize("narrower", [
    {"tags": {"without": ["shown"]}}, {"fields": ["tags", "date:month"]},
    {"fields": ["title", "date:month"]},
])
def test_what_a_narrower_policy_withholds_is_in_no_replaced_file(library, tmp_path, narrower):
    wide = {"fields": ["title", "tags", "date:month"], "tags": {"without": [f"{CANARY}tag"]}}
    publish(library, tmp_path / "out", policy(**wide))
    library.edit(library.ids("")[0], rating=5, title="Picture of an edit")
    found = publish(library, tmp_path / "out", policy(**wide))
    assert found.difference.gone  # an open page may still ask for these

    narrow = publish(library, tmp_path / "out", policy(**wide | narrower))

    assert not narrow.difference.gone
    manifest = (tmp_path / "out/data/manifest.js").read_text()
    for path in (tmp_path / "out/data").glob("*-*.js"):
        assert path.stem.rpartition("-")[2] in manifest, path.name


@pytest.mark.parametrize("hiding", [
    {"title": "Walk", "notes": "zqanna is her name"}, {"title": "Walk", "prompt_text": "a zqanna"},
])
@pytest.mark.parametrize("waits", [0, 1])
def test_what_is_withheld_by_now_is_in_no_replaced_file(library, tmp_path, hiding, waits):
    """Also where it became so only after the file was replaced, and in each place."""
    image, other, *_ = library.ids("tag:shown -tag:private")
    library.edit(image, title="Walk with zqanna")
    for to in ("out", "other"):
        publish(library, tmp_path / to)

    def said(to: str) -> bool:
        return any(b"zqanna" in path.read_bytes() for path in (tmp_path / to).rglob("*")
                   if path.is_file())

    assert said("out")
    if waits:
        library.edit(image, title="Walk")
        assert publish(library, tmp_path / "out").difference.gone
        assert said("out")  # nobody withholds it yet, and an open page may still ask for it
    library.edit(image, **hiding)
    for to in ("out", "other"):
        publish(library, tmp_path / to)
        assert not said(to)
    library.edit(other, title="Another")
    assert publish(library, tmp_path / "out").difference.gone
