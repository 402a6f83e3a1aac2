"""Albums: a tag whose images somebody has put in order, with a text and a cover."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from helpers import draw, fill
from node_runner import ask_node, needs_node
from prefork import imagelib

from imagelib.errors import InvalidError, NotFoundError
from imagelib.generator.builder import build
from imagelib.generator.freshness import is_current
from imagelib.generator.index.blocks import core_block, text_block
from imagelib.generator.index.numbers import read_deltas, written_deltas
from imagelib.library.library import Library
from imagelib.library.query.engines import SqlEngine, list_pks, warnings_of
from imagelib.library.query.listing import Filter
from imagelib.library.query.memory.engine import MemoryEngine
from imagelib.library.query.query import Query
from imagelib.library.records.albums import (
    Album,
    change_album,
    forget_album,
    get_album,
    list_albums,
)
from imagelib.recording.restoring import restore_records
from imagelib.recovering import recover


@pytest.fixture
def shelf(library, tmp_path):
    """A library with images 1 to 5 by their pks; all but the last have the tag `best`."""
    for n in range(1, 6):
        library.add(draw(tmp_path / f"{n}.png"), tags=["best"] if n < 5 else [],
                    captured_at=f"2026-01-0{n}")
    return library


def ids(library: Library, *pks: int) -> list[str]:
    found = dict(library.database.read("SELECT pk, id FROM images"))
    return [found[pk] for pk in pks]


def order(library: Library, query: str = "tag:best sort:album") -> list[int]:
    return [image.pk for image in library.find(query)]


def put(library: Library, *pks: int, **more) -> None:
    change_album(library.database, "best", ids=ids(library, *pks), **more)


# -- the order ----------------------------------------------------------------


def test_images_come_as_they_were_put_and_new_ones_behind_the_first_added_first(shelf):
    put(shelf, 3, 1)
    assert order(shelf) == [3, 1, 2, 4]
    shelf.edit(*ids(shelf, 5), add_tags=["best"], captured_at="2020-01-01")
    assert order(shelf) == [3, 1, 2, 4, 5]
    assert order(shelf, "tag:best sort:-album") == [5, 4, 2, 1, 3]
    assert order(shelf, "tag:best date:2026-01-01..2026-01-03 sort:album") == [3, 1, 2]


def test_images_are_moved_in_front_of_another_one_or_to_the_end(shelf):
    put(shelf, 4, before=ids(shelf, 2)[0])
    assert order(shelf) == [1, 4, 2, 3]
    put(shelf, 1, 4, before=None)
    assert order(shelf) == [2, 3, 1, 4]
    put(shelf, 3, 4, before=ids(shelf, 3)[0])
    assert order(shelf) == [2, 3, 4, 1]


@pytest.mark.parametrize("away", ["trash", "untagged"])
def test_what_leaves_for_a_while_comes_back_to_its_place(shelf, away):
    put(shelf, 4, 3, 2, 1)
    [gone] = ids(shelf, 3)
    if away == "trash":
        shelf.delete(gone)
    else:
        shelf.edit(gone, remove_tags=["best"])
    assert order(shelf) == [4, 2, 1]
    put(shelf, 1, before=ids(shelf, 4)[0])
    shelf.undo()
    assert order(shelf) == [1, 4, 3, 2]


def test_renaming_and_merging_take_the_order_along_and_undo_brings_it_back(shelf):
    put(shelf, 4, 2, text="mine")
    shelf.rename_tag("best", "finest")
    assert [album.tag for album in list_albums(shelf.database)] == ["finest"]
    assert order(shelf, "tag:finest sort:album") == [4, 2, 1, 3]
    shelf.undo()
    assert list_albums(shelf.database) == [Album("best", "mine", None, 4)]
    assert order(shelf) == [4, 2, 1, 3]

    shelf.edit(*ids(shelf, 5, 4), add_tags=["other"])
    change_album(shelf.database, "other", ids=ids(shelf, 5, 4), text="")
    shelf.merge_tags(["best"], "other")
    assert list_albums(shelf.database) == [Album("other", "mine", None, 5)]
    assert order(shelf, "tag:other sort:album") == [5, 4, 2, 1, 3]


def test_a_tag_that_is_new_has_nothing_of_an_album_that_had_its_name(shelf):
    put(shelf, 4, text="mine")
    shelf.delete_tag("best")
    assert list_albums(shelf.database) == []
    shelf.edit(*ids(shelf, 1), add_tags=["plain"])
    shelf.rename_tag("plain", "best")
    assert list_albums(shelf.database) == []


def test_without_an_album_the_usual_order_is_shown_and_that_is_said(shelf):
    put(shelf, 1)
    for text in ("sort:album", "-tag:best sort:album", "tag:best or tag:x sort:album",
                 "tag:other sort:album"):
        wanted = Filter(Query.parse(text))
        assert order(shelf, text) == order(shelf, text.replace("sort:album", "")), text
        assert len(warnings_of(shelf.engine, wanted)) == 1, text
    assert warnings_of(shelf.engine, Filter(Query.parse("tag:BEST sort:album"))) == []


@needs_node
def test_all_engines_agree_on_the_order(library):
    some = fill(library, 60)
    library.edit(*some[::2], add_tags=["a"])
    library.edit(*some[::3], add_tags=["b/c", "ü"])
    placed = {"a": some[20::-2], "ü": some[30:0:-6], "b/c": some[0:1]}
    for tag, wanted in placed.items():
        change_album(library.database, tag, ids=wanted)
    queries = [f"{query} sort:{sort}" for sort in ("album", "-album") for query in (
        "tag:a", "tag:a tag:ü", "tag:ü -tag:a", "tag:Ü rating:>=2", "tag:b", "tag:b/c", "-tag:a",
        "tag:x tag:a", "tag:b tag:a")]
    images = library.find("")
    images.sort(key=lambda image: image.pk)
    albums = [[row[0], "", 0, written_deltas(json.loads(row[1]))] for row in library.database.read(
        "SELECT tag, pks FROM albums ORDER BY tag")]

    blocks = [make(0, images)[1] for make in (core_block, text_block)]

    answers = ask_node({"blocks": [json.loads(block[13:-3]) for block in blocks], "ids": {},
                        "queries": queries, "albums": albums})

    memory, sql = MemoryEngine(library.database), SqlEngine(library.database)
    for text, answer in zip(queries, answers, strict=True):
        wanted = Filter(Query.parse(text))
        pages: dict[str, list[int]] = {}
        for name, engine in (("memory", memory), ("sql", sql)):
            pages[name], cursor = [], None
            while True:  # by cursors: none is left out, none comes twice
                page = list_pks(engine, wanted, page_size=7, cursor=cursor)
                pages[name] += page.items
                cursor = page.next
                if cursor is None:
                    break
        assert pages["memory"] == pages["sql"] == answer["ids"], text
        assert pages["sql"] == order(library, text), text
    assert answers[0]["ids"][:3] == [21, 19, 17]


# -- text, cover, limits ------------------------------------------------------


def test_text_and_cover_change_alone(shelf):
    put(shelf, 2, text="mine", cover=ids(shelf, 3)[0])
    change_album(shelf.database, "best", text="ours")
    assert get_album(shelf.database, "Best") == Album("best", "ours", ids(shelf, 3)[0], 4)
    shelf.edit(*ids(shelf, 3), remove_tags=["best"])
    assert get_album(shelf.database, "best").cover is None
    shelf.undo()
    change_album(shelf.database, "best", cover=None)
    assert get_album(shelf.database, "best").cover is None
    assert order(shelf)[0] == 2
    forget_album(shelf.database, "best")
    assert list_albums(shelf.database) == []
    assert shelf.count("tag:best") == 4


def test_what_cannot_be_in_an_album_is_refused_and_nothing_changes(shelf, monkeypatch):
    with pytest.raises(InvalidError, match="do not carry"):
        put(shelf, 1, 5)
    with pytest.raises(InvalidError, match="cover"):
        put(shelf, 1, cover="no such image")
    with pytest.raises(InvalidError, match="5,000"):
        put(shelf, 1, text="x" * 5001)
    with pytest.raises(NotFoundError, match="No image"):
        change_album(shelf.database, "other")
    for forgotten in (forget_album, get_album):
        with pytest.raises(NotFoundError, match="no album"):
            forgotten(shelf.database, "best")
    assert list_albums(shelf.database) == []
    monkeypatch.setattr("imagelib.library.records.albums.MAX_ALBUMS", 0)
    with pytest.raises(InvalidError, match="already"):
        put(shelf, 1)


def test_nothing_of_a_purged_image_stays(shelf):
    gone = ids(shelf, 1, 2, 3, 4)
    put(shelf, 3, 1, text="mine", cover=gone[2])
    shelf.delete(*gone[1:])
    shelf.purge(gone[2])
    assert tuple(shelf.database.read("SELECT cover, pks FROM albums")[0]) == (None, "[1,2,4]")
    shelf.purge(gone[1], gone[3])
    shelf.delete(gone[0])
    shelf.purge(gone[0])
    assert shelf.database.read("SELECT * FROM albums") == []


# -- where they are kept and shown --------------------------------------------


def test_a_site_has_them_in_a_file_of_their_own_which_follows_them(shelf):
    def albums() -> list:
        [path] = (shelf.settings.site_dir / "data").glob("albums-*.js")
        return json.loads(path.read_text()[13:-3])["albums"]

    build(shelf)
    assert not list((shelf.settings.site_dir / "data").glob("albums-*.js"))
    put(shelf, 3, 1, text="mine", cover=ids(shelf, 4)[0])
    assert not is_current(shelf.settings, shelf.settings.site_dir)
    build(shelf, lingers=False)
    [[tag, text, cover, pks]] = albums()
    assert (tag, text, cover, read_deltas(pks)) == ("best", "mine", 4, [3, 1, 2, 4])
    shelf.delete(*ids(shelf, 4, 1))
    build(shelf)
    [[_, _, cover, pks]] = albums()
    assert (cover, read_deltas(pks)) == (0, [3, 2])
    before = {path.name: path.read_bytes() for path in (shelf.settings.site_dir / "data").iterdir()}
    build(shelf, full=True)
    assert before == {path.name: path.read_bytes()
                      for path in (shelf.settings.site_dir / "data").iterdir()}
    forget_album(shelf.database, "best")
    build(shelf, full=True)
    assert b"albums" not in (shelf.settings.site_dir / "data" / "manifest.js").read_bytes()
    assert not list((shelf.settings.site_dir / "data").glob("albums-*.js"))


def test_record_files_bring_them_back(shelf):
    put(shelf, 3, 1, text="mine\n»漢«", cover=ids(shelf, 3)[0])
    build(shelf)
    before = [tuple(row) for row in shelf.database.read("SELECT * FROM albums")]
    shelf.close()
    restore_records(shelf.settings, shelf.settings.records_dir)
    with Library.open(shelf.root) as restored:
        assert [tuple(row) for row in restored.database.read("SELECT * FROM albums")] == before
        assert order(restored) == [3, 1, 2, 4]


def test_recovering_takes_them_from_the_site(shelf):
    put(shelf, 3, 1, text="mine", cover=ids(shelf, 4)[0])
    build(shelf)
    before, wanted = list_albums(shelf.database), [image.id for image in shelf.find(
        "tag:best sort:album")]
    shelf.close()
    shelf.settings.database.unlink()
    recover(shelf.settings)
    with Library.open(shelf.root) as recovered:
        assert list_albums(recovered.database) == before
        assert [image.id for image in recovered.find("tag:best sort:album")] == wanted


def test_another_program_cannot_write_a_list_that_is_none(shelf):
    put(shelf, 1)
    with closing(sqlite3.connect(shelf.settings.database)) as client, \
            pytest.raises(sqlite3.IntegrityError):
        client.execute("UPDATE albums SET pks = '{}'")


def test_the_command(shelf):
    def run(*words: str, code: int = 0, **more) -> str:
        done = imagelib("-L", str(shelf.root), "album", *words, **more)
        assert done.returncode == code, done.stderr
        return done.stdout

    wanted = ids(shelf, 3, 1)
    run("set", "best", "--text", "mine", "--cover", wanted[0])
    run("order", "best", "-", input="\n".join(wanted))
    assert json.loads(run("--json")) == [
        {"tag": "best", "text": "mine", "cover": wanted[0], "count": 4}]
    shown = json.loads(run("show", "best", "--json"))
    assert shown["ids"] == wanted + ids(shelf, 2, 4)
    assert "mine" in run("show", "best")
    assert "4  best  mine" in run()
    run("set", "best", "--cover", "first")
    run("forget", "best")
    run("show", "best", code=3)
    run("order", "best", *ids(shelf, 5), code=2)
