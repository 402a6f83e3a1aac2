"""Where database and backups are lost, the site and the files give nearly all of it back."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from helpers import a1111, draw
from prefork import imagelib

from imagelib.config import Settings
from imagelib.errors import InvalidError, LibraryFaultError
from imagelib.generator.builder import build
from imagelib.generator.index.blocks import FORMAT
from imagelib.generator.index.numbers import read, read_deltas, written, written_deltas
from imagelib.generator.index.pieces import read_texts, text_column
from imagelib.generator.reading import read_site
from imagelib.library.library import Library
from imagelib.library.records.searches import list_searches, save_search
from imagelib.library.store import identity
from imagelib.library.store.backup import set_aside
from imagelib.recovering import recover

FIELDS = ("id", "digest", "title", "prompt_text", "negative_prompt", "notes", "rating", "tags",
          "ai_model", "captured_at", "original_name", "file_name")


@pytest.fixture
def filled(tmp_path):
    """A built library with all kinds of values, and its records."""
    root = tmp_path / "library"
    with Library.create(root) as library:
        for n in range(6):
            library.add(draw(tmp_path / f"{n} ü.png", texts={
                "parameters": a1111(f"a fox, number {n}", seed=n)}), tags=[f"t{n % 2}", "all"])
        draw(library.originals.folder / "own" / "name.png", (500, 300))
        library.add(library.originals.folder / "own" / "name.png", in_place=True, notes="in place")
        images = library.find()
        library.edit(images[0].id, prompt_text="", notes="cleared «prompt»\nsecond line", rating=5)
        library.edit(images[1].id, negative_prompt="½ … 漢字", captured_at="1969-12-31T23:59:58")
        library.edit(images[2].id, title="The fox’s evening")
        save_search(library.database, "best", "rating:5", "-rating")
        build(library)
        records = {image.id: image for image in library.find()}
    return root, records


def _lose(root, *, backups=True, records=True):
    for part in root.glob("library.db*"):
        part.unlink()
    if records:
        shutil.rmtree(root / "records")
    if backups:
        shutil.rmtree(root / ".imagelib" / "backups", ignore_errors=True)


def _assert_all_back(root, records):
    with Library.open(root) as library:
        found = {image.id: image for image in library.find()}
        assert {i: [getattr(image, name) for name in FIELDS] for i, image in found.items()} == {
            i: [getattr(image, name) for name in FIELDS] for i, image in records.items()}
        assert all(found[i].generation == records[i].generation for i in records)
        assert [search["name"] for search in list_searches(library.database)] == ["best"]
        build(library)


def test_a_lost_database_is_made_anew_from_the_site(filled):
    root, records = filled
    _lose(root)

    report = recover(Settings.load(root))

    assert (report.from_site, report.from_file, report.failed) == (7, 0, [])
    _assert_all_back(root, records)


def test_record_files_know_more_than_the_site(filled):
    root, records = filled
    with Library.open(root) as library:
        victim = library.edit(library.find()[0].id, prompt_meta={"of": ["the user"]}).changed[0]
        build(library)
        records = {image.id: image for image in library.find()}
    shutil.rmtree(root / "site")
    _lose(root, records=False)

    report = recover(Settings.load(root))

    assert (report.from_records, report.from_site, report.from_file) == (7, 0, 0)
    with Library.open(root) as library:
        assert library.get(victim).prompt_meta == {"of": ["the user"]}
        assert {image.id: image.created_at for image in library.find()} == {
            image.id: image.created_at for image in records.values()}


def test_record_files_that_cannot_be_read_lose_nothing_else(filled):
    root, _ = filled
    _lose(root, records=False)
    next((root / "records").glob("images-*")).write_bytes(b"damaged")

    report = recover(Settings.load(root))

    assert (report.from_records, report.from_site) == (0, 7)
    assert any("images-0" in problem for problem in report.problems)
    (root / "records" / "manifest.json").write_bytes(b"damaged")
    _lose(root, records=False)
    assert "is broken" in " ".join(recover(Settings.load(root)).problems)


def test_files_that_only_the_site_has_come_back(filled):
    root, records = filled
    _lose(root)
    shutil.rmtree(root / "images")

    report = recover(Settings.load(root))

    assert report.brought_back == 7
    _assert_all_back(root, records)


def test_without_a_site_the_files_say_what_they_can(filled):
    root, records = filled
    _lose(root)
    shutil.rmtree(root / "site")

    report = recover(Settings.load(root))

    assert (report.from_site, report.from_file) == (0, 7)
    assert report.problems
    with Library.open(root) as library:
        assert library.count() == len(records)
        assert library.count("fox") == 6


def test_one_broken_block_loses_no_other(filled):
    root, _ = filled
    _lose(root)
    next((root / "site" / "data").glob("core-*.js")).write_text("ImagelibData({\"kind\"")

    recover(Settings.load(root))

    with Library.open(root) as library:
        assert any(image.notes.startswith("cleared") for image in library.find())
        assert library.count("rating:5") == 0


@pytest.mark.parametrize("damage", ["a page in the middle", "the index", "cut short"])
def test_the_rows_of_a_damaged_database_that_can_be_read_are_used(filled, damage):
    root, records = filled
    with sqlite3.connect(root / "library.db") as other:
        other.execute("UPDATE images SET notes = 'newer than the site'")
        pages = dict(other.execute("SELECT name, rootpage FROM sqlite_schema"))
        size = other.execute("PRAGMA page_size").fetchone()[0]
    other.close()
    shutil.rmtree(root / ".imagelib" / "backups", ignore_errors=True)
    content = bytearray((root / "library.db").read_bytes())
    at = {"a page in the middle": pages["changes"], "the index": pages["images_rating"]}.get(damage)
    if at is None:
        del content[len(content) * 3 // 4:]
    else:
        content[(at - 1) * size:at * size] = b"\xff" * size
    (root / "library.db").write_bytes(content)

    report = recover(Settings.load(root))

    assert report.from_database + report.from_records == len(records)
    assert report.former.exists()
    with Library.open(root) as library:
        assert {i.id: i.tags for i in library.find()} == {
            i.id: i.tags for i in records.values()}
        assert library.count("newer") == report.from_database
        assert library.database.read("PRAGMA integrity_check")[0][0] == "ok"


def test_a_database_alone_gives_all_it_knows(filled):
    root, records = filled
    shutil.rmtree(root / "site")
    with Library.open(root) as library:
        library.edit(library.find()[2].id, notes="later", tags=["later"])
        records = {image.id: image for image in library.find()}

    report = recover(Settings.load(root))

    assert (report.from_database, report.failed) == (7, [])
    with Library.open(root) as library:
        assert {i.id: [getattr(i, name) for name in FIELDS] for i in library.find()} == {
            i.id: [getattr(i, name) for name in FIELDS] for i in records.values()}


def test_a_site_of_before_titles_gives_what_it_has(filled):
    root, records = filled
    _lose(root)
    data = root / "site" / "data"
    manifest = data / "manifest.js"
    manifest.write_text(manifest.read_text().replace(f'"format":{FORMAT}', '"format":3'))
    for path in data.glob("text-*.js"):
        block = json.loads(path.read_bytes()[13:-3])
        del block["titles"], block["title"]
        path.write_text(f"ImagelibData({json.dumps(block)});\n")

    assert recover(Settings.load(root)).from_site == len(records)

    with Library.open(root) as library:
        assert {image.id: image.notes for image in library.find()} == {
            image.id: image.notes for image in records.values()}
        assert library.count("has:title") == 0


def test_tables_of_an_earlier_version_give_what_they_have(filled):
    root, records = filled
    with closing(sqlite3.connect(root / "library.db")) as other:
        for trigger in ("images_update", "images_delete"):
            other.execute(f"DROP TRIGGER {trigger}")
        other.execute("ALTER TABLE images DROP COLUMN notes")
    shutil.rmtree(root / "site")

    assert recover(Settings.load(root)).from_database == len(records)

    with Library.open(root) as library:
        assert {(image.id, image.rating, image.tags, image.notes) for image in library.find()} == {
            (image.id, image.rating, image.tags, "") for image in records.values()}


@pytest.mark.parametrize("times", [1, 2])
def test_a_recovery_that_was_broken_off_keeps_others_away_and_loses_nothing(filled, times):
    root, records = filled
    settings = Settings.load(root)
    shutil.rmtree(root / "site")
    for number in range(times):  # each puts the database aside, and ends before it takes files in
        if number:
            sqlite3.connect(root / "library.db").close()
        set_aside(settings, lambda kept: identity.begin_recovery(settings, kept))
        names = (root / ".imagelib" / "recovering").read_text().splitlines()[1:]
        (root / ".imagelib" / "recovering").write_text("\n".join(["another process", *names, ""]))
    for arguments in (["list"], ["build"], ["check"]):
        done = imagelib("-L", root, *arguments)
        assert (done.returncode, "imagelib recover" in done.stderr) == (1, True), done.stderr

    report = recover(settings)

    assert (report.from_database, report.failed) == (7, [])
    with Library.open(root) as library:
        assert {image.id: image.tags for image in library.find()} == {
            image.id: image.tags for image in records.values()}


def test_the_same_bytes_under_two_names_are_one_image(filled):
    root, records = filled
    for copied in list((root / "images").glob("*.png"))[:2]:
        shutil.copy(copied, root / "images" / f"copy of {copied.name}")
    _lose(root)

    report = recover(Settings.load(root))

    assert len(report.failed) == 2
    assert all("under another name" in reason for _, reason in report.failed)
    with Library.open(root) as library:
        assert {image.id for image in library.find()} == records.keys()


def test_a_value_that_no_field_takes_costs_that_field_alone(filled):
    root, records = filled
    victim = next(iter(records))
    with sqlite3.connect(root / "library.db") as other:
        other.execute("UPDATE images SET captured_at = 'yesterday', notes = 'sound' WHERE id = ?",
                      [victim])
    other.close()

    report = recover(Settings.load(root))

    assert report.failed == []
    with Library.open(root) as library:
        now = library.get(victim)
        assert (now.notes, now.tags, now.rating) == (
            "sound", records[victim].tags, records[victim].rating)
        assert now.captured_at[:2] == "20"


def test_the_command_points_to_a_backup_first_and_doctor_sees_what_is_wrong(filled):
    root, records = filled
    assert imagelib("-L", root, "backup").returncode == 0
    assert imagelib("-L", root, "doctor").returncode == 0
    _lose(root, backups=False)

    done = imagelib("-L", root, "list")
    assert done.returncode == 1
    assert "imagelib restore" in done.stderr
    done = imagelib("-L", root, "doctor")
    assert (done.returncode, "missing" in done.stdout) == (4, True)
    done = imagelib("-L", root, "recover", "--yes")
    assert (done.returncode, "imagelib restore" in done.stderr) == (1, True)

    done = imagelib("-L", root, "recover", "--yes", "--anyway")
    assert done.returncode == 0, done.stderr
    assert "7 as the site has them" in done.stderr
    _assert_all_back(root, records)


@pytest.mark.parametrize("name", [
    "library (conflicted copy 2026-01-01).db", "library.sync-conflict-20260101-120000-ABC.db",
    "library-LAPTOP.db", "library 2.db"])
def test_doctor_sees_the_copies_of_synchronisers(filled, name):
    root, _ = filled
    shutil.copy(root / "library.db", root / name)
    done = imagelib("-L", root, "doctor")
    assert (done.returncode, name in done.stdout) == (4, True)


def test_a_folder_without_a_site_is_said(tmp_path):
    with pytest.raises(InvalidError, match="no site"):
        read_site(tmp_path)


@pytest.mark.parametrize("numbers", [[], [0], [63, 64, 65], list(range(0, 200_000, 97)),
                                     [2**31, 2**40 + 5]])
def test_numbers_are_read_as_they_were_written(numbers):
    assert read(written(numbers)) == numbers
    assert read_deltas(written_deltas(numbers[::-1])) == numbers[::-1]
    assert read_deltas(written_deltas([-n for n in numbers])) == [-n for n in numbers]


def test_texts_are_read_as_they_were_written():
    texts = ["", "a fox", "a fox, a ½ dog … 漢字", "\n\tx", "a fox"]
    assert read_texts(text_column(texts)) == texts


@pytest.mark.parametrize("how", ["setting", "link"])
def test_nothing_is_recovered_into_a_place_where_the_images_folder_is_not(filled, tmp_path, how):
    root, _ = filled
    disk = tmp_path / "disk" / "images"
    if how == "setting":
        (root / "imagelib.toml").write_text(f"images = '{disk}'\n", encoding="utf-8")
    else:
        shutil.rmtree(root / "images")
        (root / "images").symlink_to(disk)
    before = (root / "library.db").read_bytes()
    with pytest.raises(LibraryFaultError, match="not there"):
        recover(Settings.load(root))
    assert not disk.parent.exists()
    assert (root / "library.db").read_bytes() == before
