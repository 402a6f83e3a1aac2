"""A library that the first version made is opened, and what it shared is separated."""

from __future__ import annotations

import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from checker import violations
from helpers import draw, follow

from imagelib.generator.builder import build
from imagelib.library.checks.verifying import Findings, mend, verify
from imagelib.library.library import Library
from imagelib.library.records import picks
from imagelib.library.records.searches import list_searches
from imagelib.library.store.backup import snapshots
from imagelib.library.store.disk import digest

MADE_BY_VERSION_1 = Path(__file__).with_name("libraries") / "version_1.tar.xz"


@pytest.fixture
def first_version(tmp_path):
    """Five images: three linked with a watched folder, one with a name of its owner's, all linked
    with the site; one in the trash, one saved search."""
    with tarfile.open(MADE_BY_VERSION_1) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "library"


def test_it_opens_with_all_it_had(first_version):
    with Library.open(first_version) as library:
        assert sorted(image.rating for image in library.find()) == [0, 1, 3, 4, 5]
        assert [image.notes for image in library.find("watched 0")] == ["edited"]
        assert len(library.trash()) == 1
        assert list_searches(library.database)[0]["name"] == "best"
        assert len(library.history(library.find("watched 0")[0].id)) > 1
        assert len(snapshots(library.settings)) >= 1, "as it was before the migration"
        library.restore(library.trash()[0].image.id)
        assert library.count() == 6


def test_its_images_are_found_by_the_names_of_their_files(first_version):
    with Library.open(first_version) as library:
        [image] = library.find("watched 0")
        stem = image.original_name.rpartition(".")[0]
        assert stem
        assert image in library.find(f"{stem} {image.id}")
        assert image in library.find(f"file:{stem}")
        assert verify(library, deep=True) == Findings()


def test_it_can_be_picked_from(first_version):
    with Library.open(first_version) as library:
        [pk, *_] = [image.pk for image in library.find()]
        picks.merge(library.database, picks.Visitor("p", "k", "Anna"),
                    {pk: picks.Pick(True, 0, "", "2026-11-27T12:00:00.000Z")})
        assert [image.pk for image in library.find("picked:anna")] == [pk]


def test_it_is_private_from_then_on(first_version):
    for path in (first_version / "library.db", first_version / ".imagelib"):
        path.chmod(0o755)
    with Library.open(first_version):
        for path in first_version.glob("library.db*"):
            assert path.stat().st_mode & 0o077 == 0, path
    assert (first_version / ".imagelib").stat().st_mode & 0o077 == 0


def test_it_can_be_read_before_it_was_migrated(first_version):
    before = (first_version / "library.db").read_bytes()
    with Library.open_to_read(first_version) as library:
        assert library.count("watched fox") == 3
        assert library.count("has:picks or picked:anna") == 0
    assert (first_version / "library.db").read_bytes() == before


def test_it_gets_titles_and_its_texts_are_found_as_before(first_version):
    with Library.open(first_version) as library:
        [image] = library.find("watched 0")
        assert image.title == ""
        assert library.find("notes:edited") == [image]
        assert library.count("title:fox") == library.count("has:title") == 0
        library.edit(image.id, title="Reineke\n the fox")
        assert [found.title for found in library.find("title:reineke")] == ["Reineke the fox"]
        assert library.history(image.id)[0].after == {"title": "Reineke the fox"}
        library.undo()
        assert library.get(image.id).title == ""
        library.redo()
        assert verify(library, deep=True) == Findings()
        library.delete(image.id)
        library.restore(image.id)
        assert library.get(image.id).title == "Reineke the fox"
        follow(library)
        build(library)
    assert violations(first_version) == []


def _with_a_nul(library):
    """Let a model have a NUL, as others can write it; what the texts should be with titles."""
    with closing(sqlite3.connect(library / "library.db")) as other:
        nul = "'fox' || char(0) || 'x'"
        other.execute(f"UPDATE images SET ai_model = {nul} WHERE notes = 'edited'")
        other.execute(f"UPDATE folded SET model = {nul}, text = replace(text, 'flux1-dev', {nul})"
                      " WHERE pk = (SELECT pk FROM images WHERE notes = 'edited')")
        other.execute("INSERT INTO images_fts (images_fts) VALUES ('rebuild')")
        other.commit()
        texts = [row[0].split("\x1f") for row in other.execute("SELECT text FROM folded")]
    assert sum("fox\0x" in parts for parts in texts) == 1
    return {"\x1f".join([*parts[:3], "", *parts[3:]]) for parts in texts}


def test_before_it_was_migrated_each_text_is_found_in_its_field(first_version):
    texts = _with_a_nul(first_version)
    with Library.open_to_read(first_version) as library:
        [image] = library.find("notes:edited")
        assert (image.title, image.notes) == ("", "edited")
        assert library.count("title:fox") == library.count("has:title") == 0
        assert {row[0] for row in library.database.read("SELECT text FROM folded")} == texts
        assert [trashed.image.title for trashed in library.trash()] == [""]


def test_the_migration_keeps_what_stands_behind_a_nul(first_version):
    texts = _with_a_nul(first_version)
    with Library.open(first_version) as library:
        assert {row[0] for row in library.database.read("SELECT text FROM folded")} == texts
        assert verify(library) == Findings()


@pytest.mark.parametrize("first", ["a scan", "a build"])
def test_its_linked_files_are_separated_and_thumbnails_that_may_hide_prompts_replaced(
        first_version, first):
    def thumbnails():
        return {path.name for path in (first_version / "site" / "thumbs").rglob("*.webp")}

    before = thumbnails()
    with Library.open(first_version) as library:
        if first == "a scan":
            follow(library)
            report = build(library)
        else:
            report = build(library)
            follow(library)
        assert report.thumbnails == len(before) == len(thumbnails())
        assert not thumbnails() & before
        assert build(library, full=True).thumbnails == 0
        for image in library.find():
            path = library.originals.path_of(image)
            site = first_version / "site" / "images" / image.file_name
            assert not path.samefile(site)
            if "watched" in image.tags:
                assert path.stat().st_nlink == 1
            assert digest(path) == digest(site) == image.digest
    assert violations(first_version) == []


def test_writing_over_a_watched_file_harms_nothing_once_it_was_scanned(first_version):
    with Library.open(first_version) as library:
        follow(library)
        for path in (first_version.parent / "watched").iterdir():
            draw(path, seed="the generator saved the same name again")
        drift, _ = follow(library)
        assert not drift
        assert sorted(i.rating for i in library.find("watched fox")) == [3, 4, 5]


def test_what_was_written_over_before_the_upgrade_is_flagged(first_version):
    path = next((first_version.parent / "watched").iterdir())
    with path.open("r+b") as stream:  # in place, through the link, into the site as well
        stream.truncate(100)
    with Library.open(first_version) as library:
        follow(library)
        build(library)
        [image] = library.find("is:altered")
        assert image.rating in (3, 4, 5)
        assert library.count() == 5


def test_two_images_of_the_same_bytes_do_not_keep_it_closed(first_version):
    other = sqlite3.connect(first_version / "library.db")
    other.execute("UPDATE images SET digest = (SELECT digest FROM images WHERE rating = 5)"
                  " WHERE rating = 4")
    other.commit()
    other.close()
    with Library.open(first_version) as library:
        assert library.count() == 5
        assert verify(library).rows
        mend(library)
        assert verify(library).rows == []
        assert library.count() == 4
        assert max(image.rating for image in library.find()) == 5
        names = library.database.read("SELECT name FROM sqlite_schema WHERE type = 'index'")
        assert "images_one_digest" in {row[0] for row in names}


def test_what_was_deleted_before_a_field_came_is_restored_without_it(first_version):
    with Library.open(first_version) as library:
        with library.database.write("as it was", undoable=False) as transaction:
            transaction.run("UPDATE trash SET record = json_remove(record, '$.notes', '$.rating')")
        [trashed] = library.trash()
        assert (trashed.image.notes, trashed.image.rating) == ("", 0)
        library.restore(trashed.image.id)
        assert library.get(trashed.image.id).notes == ""
