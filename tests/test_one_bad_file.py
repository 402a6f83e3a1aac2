"""A file or folder that cannot be read stops nothing but itself, whoever comes across it."""

from __future__ import annotations

import shutil
import sqlite3

import pytest
from helpers import closed, draw, follow, wait_for

from imagelib.daemon.service import Service
from imagelib.daemon.watcher import Watcher
from imagelib.generator.builder import build
from imagelib.generator.checking import check_site
from imagelib.generator.paths import original_path
from imagelib.ingest.importer import add_paths
from imagelib.library.originals.drift import Scanner
from imagelib.library.originals.following import follow_disk
from imagelib.library.originals.repairing import locate
from imagelib.recovering import recover


@pytest.fixture
def images(library):
    """Three images of the user's own names, one of them in a folder."""
    for name in ("a.png", "b.png", "below/c.png"):
        draw(library.originals.folder / name)
    follow(library)
    return {image.file_name: image for image in library.walk()}


@pytest.mark.parametrize("bad", ["a.png", "below"])
@pytest.mark.parametrize(("was_built", "full"), [(False, False), (True, False), (True, True)])
def test_a_build_goes_on(library, images, bad, was_built, full):
    if was_built:
        build(library)
    library.edit(*[image.id for image in images.values()], notes="later")
    with closed(library.originals.folder / bad):
        report = build(library, full=full)

    assert report.images == 3
    for image in images.values():
        assert "later" in (report.site / f"image/{image.id}.html").read_text()
    build(library)
    assert build(library).failures == []
    assert check_site(library, deep=True) == []


@pytest.mark.parametrize("bad", ["a.png", "below/c.png", "below"])
def test_a_deep_scan_goes_on_and_names_it(library, images, bad):
    draw(library.originals.folder / "new.png")
    with closed(library.originals.folder / bad):
        drift, done = follow(library, deep=True)
    assert [name.rstrip("/") for name, _ in drift.unreadable] == [bad]
    assert [library.get(image).file_name for image in done.added] == ["new.png"]
    assert {image.file_state for image in library.walk()} == {"ok"}


def test_a_broken_picture_is_named_by_each_scan_and_decoded_by_one(library, images):
    cut = draw(library.originals.folder / "cut.png", (300, 200))
    cut.write_bytes(cut.read_bytes()[:900])
    scanner = Scanner(library)
    assert scanner.scan().stray == ["cut.png"]
    follow_disk(library, scanner, scanner.scan())
    again = scanner.scan()
    assert (again.stray, [name for name, _ in again.unreadable]) == ([], ["cut.png"])

    draw(cut, (300, 200))
    assert len(follow_disk(library, scanner, scanner.scan()).added) == 1


def test_an_import_names_the_folder_that_it_cannot_read(library, tmp_path):
    draw(tmp_path / "in" / "sub" / "closed" / "x.png")
    draw(tmp_path / "in" / "y.png")
    with closed(tmp_path / "in" / "sub" / "closed"):
        report = add_paths(library, [tmp_path / "in"])
    assert [(path.name, reason) for path, reason in report.failed] == [
        ("closed", "Permission denied")]
    assert len(report.added) == 1


@pytest.mark.parametrize("bad", ["a.png", "below/c.png", "below"])
def test_what_another_client_deleted_is_filed_but_for_the_bad_one(library, images, bad):
    with sqlite3.connect(library.settings.database) as other:
        other.execute("DELETE FROM images")
    other.close()
    draw(library.originals.folder / "new.png")
    with closed(library.originals.folder / bad):
        follow(library)
    assert [image.file_name for image in library.walk()] == ["new.png"]
    kept = [trashed.image.file_name for trashed in library.trash() if trashed.file]
    assert sorted(kept) == sorted(name for name in images if not name.startswith(bad))

    follow(library)
    assert sum(trashed.file is not None for trashed in library.trash()) == 3


def test_what_is_looked_for_is_found_beside_one_that_cannot_be_read(library, images, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(library.originals.folder, elsewhere)
    shutil.copy(elsewhere / "b.png", elsewhere / "aa.png")  # the same size, and met first
    for name in ("a.png", "b.png"):
        (library.originals.folder / name).unlink()
    follow(library, accept_missing=True)

    with closed(elsewhere / "aa.png"):
        found = locate(library, elsewhere)

    names = [library.get(image_id).file_name for image_id in found.changed]
    assert sorted(names) == ["a.png", "b.png"]


def test_recorded_bytes_are_looked_for_behind_a_place_that_cannot_be_read(library, tmp_path):
    image = library.add(draw(tmp_path / "a.png")).image
    right = library.originals.path_of(image).read_bytes()
    build(library)
    (library.originals.trash_dir).mkdir(exist_ok=True)
    (library.originals.trash_dir / "kept").write_bytes(right)
    with library.database.write("test", undoable=False) as transaction:
        transaction.run("INSERT INTO replaced VALUES ('x', ?, 'kept', '')", image.digest)
    draw(library.originals.path_of(image), seed="written over")

    with closed(library.settings.site_dir / original_path(image.file_name, image.id)):
        follow(library)

    assert library.originals.path_of(image).read_bytes() == right
    assert library.count() == 2


@pytest.mark.parametrize("bad", ["data/manifest.js", "thumbs", "image"])
def test_a_part_of_the_site_that_cannot_be_read_is_named(library, images, bad):
    build(library)
    with closed(library.settings.site_dir / bad):
        said = check_site(library, deep=True)
    assert said
    assert all(line.startswith(bad) for line in said)


@pytest.mark.parametrize("bad", ["a.png", "below"])
def test_a_recovery_names_what_it_cannot_read(library, images, bad):
    build(library)
    library.close()
    with closed(library.originals.folder / bad):
        report = recover(library.settings)
    assert [name.rstrip("/") for name, _ in report.failed] == [bad]
    assert report.from_database == 2


@pytest.mark.parametrize("bad", ["first", "first/pictures", "first/pictures/below"])
def test_a_watched_folder_that_cannot_be_entered_stops_no_other(library, tmp_path, bad):
    folders = [tmp_path / "first" / "pictures", tmp_path / "second"]
    for folder in folders:
        (folder / "below").mkdir(parents=True)
    object.__setattr__(library.settings, "watch_folders", tuple(map(str, folders)))
    with closed(tmp_path / bad):
        state = Service(library)
        watching = Watcher(state)
        watching.start()
        try:
            draw(folders[1] / "new.png")
            draw(library.originals.folder / "dropped.png")
            assert wait_for(lambda: library.count() == 2)
            assert state.watch["state"] != "failing"
            [named] = wait_for(lambda: state.watch.get("unreadable"))
            assert (named["file"], named["error"]) == (
                "below" if bad.endswith("below") else "pictures", "Permission denied")
        finally:
            watching.stop()
