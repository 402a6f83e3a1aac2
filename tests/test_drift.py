"""Disk and database: what a scan finds, and that following the disk loses nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path

import pytest
from helpers import draw, fill, follow

from imagelib.ingest.importer import add_paths
from imagelib.library.library import Library
from imagelib.library.originals.drift import Scanner
from imagelib.library.originals.following import follow_disk


@pytest.fixture
def three(library: Library, tmp_path):
    """A library of three images in which everything is as it should be."""
    images = [library.add(draw(tmp_path / f"{n}.png"), tags=[f"t{n}"]).image for n in range(3)]
    return library, images


def test_in_order_there_is_no_drift(three):
    drift, done = follow(three[0])
    assert not drift
    assert (done.added, done.changed) == ((), ())


def test_a_dropped_picture_is_taken_in_where_it_lies(three, tmp_path):
    library, _ = three
    draw(library.originals.folder / "My Folder" / "drop ü.png")

    _, done = follow(library)

    assert [library.get(image).file_name for image in done.added] == ["My Folder/drop ü.png"]
    assert library.count() == 4


def test_a_preview_that_a_generator_made_is_no_image_of_its_own(three, tmp_path):
    library, images = three
    folder = library.originals.folder
    draw(folder / "fox.png", seed="fox")
    for name in ("fox.swarmpreview.jpg", "thumbnails/fox.webp", "thumbnails/alone.webp"):
        draw(folder / name, seed=name)
    report = add_paths(library, [folder], dry_run=True)
    assert sorted(path.name for path in report.ignored) == ["fox.swarmpreview.jpg", "fox.webp"]

    _, done = follow(library)

    assert {library.get(image).file_name for image in done.added} == {
        "fox.png", "thumbnails/alone.webp"}
    (folder / images[0].file_name).rename(folder / "cat.swarmpreview.png")
    follow(library)
    image = library.get(images[0].id)
    assert (image.file_name, image.file_state) == ("cat.swarmpreview.png", "ok"), "it is one"
    assert not follow(library)[0].stray


def test_a_moved_file_keeps_all_its_metadata(three):
    library, images = three
    folder = library.originals.folder
    (folder / "sorted").mkdir()
    (folder / images[0].file_name).rename(folder / "sorted" / "best.png")

    drift, _ = follow(library)

    assert len(drift.moved) == 1
    now = library.get(images[0].id)
    assert (now.file_name, now.tags, now.file_state) == ("sorted/best.png", ("t0",), "ok")
    assert library.count() == 3


def test_a_missing_file_is_flagged_and_never_deleted_and_comes_back(three, tmp_path):
    library, images = three
    path = library.originals.path_of(images[1])
    path.rename(tmp_path / "away.png")

    follow(library)
    assert library.get(images[1].id).file_state == "missing"
    assert library.get(images[1].id).tags == ("t1",)
    assert library.ids("is:missing") == [images[1].id]

    (tmp_path / "away.png").rename(path)
    follow(library)
    assert library.get(images[1].id).file_state == "ok"


def test_a_missing_file_that_returns_under_another_name_is_recognised(three, tmp_path):
    library, images = three
    library.originals.path_of(images[1]).rename(tmp_path / "away.png")
    follow(library)
    shutil.move(tmp_path / "away.png", library.originals.folder / "back.png")

    follow(library)

    now = library.get(images[1].id)
    assert (now.file_name, now.file_state, now.tags) == ("back.png", "ok", ("t1",))


def test_a_file_that_was_destroyed_is_flagged_as_altered(three):
    library, images = three
    library.originals.path_of(images[2]).write_bytes(b"\x89PNG\r\n\x1a\nrubbish")

    _, done = follow(library)

    now = library.get(images[2].id)
    assert (now.file_state, now.digest) == ("altered", images[2].digest)
    assert done.failures


def test_a_file_with_other_dates_and_the_same_bytes_is_no_change(three):
    library, images = three
    os.utime(library.originals.path_of(images[0]), (1, 1))
    version = library.get(images[0].id).version

    drift, done = follow(library)

    assert (drift.altered, done.changed) == ([], ())
    assert library.get(images[0].id).version == version
    assert not Scanner(library).scan().touched, "noted, so that it is not read again"


def test_an_unreadable_file_of_the_library_stops_nothing(three, monkeypatch):
    from imagelib.library.originals import drift

    library, images = three
    whole = drift.digest
    os.utime(library.originals.path_of(images[0]), (1, 1))
    draw(library.originals.folder / "dropped.png")

    def refusing(path):
        if path == library.originals.path_of(images[0]):
            raise PermissionError(13, "Permission denied")
        return whole(path)

    monkeypatch.setattr(drift, "digest", refusing)
    found, done = follow(library)

    assert found.unreadable == [(images[0].file_name, "Permission denied")]
    assert len(done.added) == 1
    assert library.get(images[0].id).file_state == "ok", "nothing is known against it"


@pytest.mark.parametrize("closed", ["sub", "sub/deeper"])
def test_a_folder_that_cannot_be_read_makes_nothing_missing(library, monkeypatch, closed):
    inside = draw(library.originals.folder / "sub" / "deeper" / "in.png")
    draw(library.originals.folder / "out.png")
    follow(library)
    scandir = os.scandir

    def refusing(folder):
        if Path(folder) == library.originals.folder / closed:
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refusing)
        draw(library.originals.folder / "new.png")
        found, done = follow(library)

    assert found.unreadable == [(f"{closed}/", "Permission denied")]
    assert not found.missing
    assert len(done.added) == 1
    assert {image.file_state for image in library.find()} == {"ok"}
    inside.unlink()
    assert [image.file_name for image in follow(library)[0].missing] == ["sub/deeper/in.png"]


def test_an_images_folder_that_cannot_be_read_is_refused(three, monkeypatch):
    library, _ = three

    def refusing(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refusing)
    found, _ = follow(library)
    assert "Permission denied" in found.refused
    assert {image.file_state for image in library.find()} == {"ok"}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such name")
def test_a_name_that_is_no_unicode_is_said(library):
    path = os.fsencode(library.originals.folder) + b"/caf\xe9.png"
    draw(library.originals.folder / "plain.png").rename(os.fsdecode(path))
    found, done = follow(library)
    assert [reason for _, reason in found.unreadable] == [
        "its name is not valid Unicode; rename it"]
    assert not done.added


@pytest.mark.parametrize("year", [1600, 2262, 2300, 9999])
def test_a_date_beyond_all_counting_stops_nothing(library, year):
    from datetime import UTC, datetime

    path = draw(library.originals.folder / "clock.png")
    seconds = int(datetime(year, 6, 1, tzinfo=UTC).timestamp())
    with contextlib.suppress(OverflowError, OSError):  # a file system has the dates that it has
        os.utime(path, (seconds, seconds))

    _, done = follow(library)

    assert [library.get(image).file_name for image in done.added] == ["clock.png"]
    assert not Scanner(library).scan()


def test_a_bit_that_flipped_under_an_unchanged_date_is_found_by_a_deep_scan(three):
    library, images = three
    path = library.originals.path_of(images[0])
    stat = path.stat()
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    with path.open("r+b") as stream:
        stream.write(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    assert not Scanner(library).scan()
    assert [i.id for i in Scanner(library).scan(deep=True).damaged] == [images[0].id]
    follow(library, deep=True)
    now = library.get(images[0].id)
    assert (now.file_state, now.digest) == ("altered", images[0].digest), "flagged, never taken"


def test_a_deep_scan_that_is_broken_off_goes_on_where_it_was(three, monkeypatch):
    from imagelib.library.originals import drift

    library, _ = three
    read = []
    whole = drift.digest

    def counting(path):
        if len(read) == 2:
            raise KeyboardInterrupt
        read.append(path.name)
        return whole(path)

    monkeypatch.setattr(drift, "_VERIFIED_AT_ONCE", 1)
    monkeypatch.setattr(drift, "digest", counting)
    with pytest.raises(KeyboardInterrupt):
        Scanner(library).scan(deep=True)
    first = list(read)
    read.clear()
    Scanner(library).scan(deep=True)
    assert len(first) == 2
    assert len(read) == 1
    assert read[0] not in first
    read.clear()
    monkeypatch.setattr(drift, "digest", whole)
    assert not Scanner(library).scan(deep=True), "a new one begins anew"


def test_a_copy_in_the_folder_is_no_second_image(three):
    library, images = three
    shutil.copy(library.originals.path_of(images[0]), library.originals.folder / "copy.png")

    drift, _ = follow(library)

    assert [(name, image.id) for name, image in drift.duplicate] == [("copy.png", images[0].id)]
    assert library.count() == 3
    assert (library.originals.folder / "copy.png").exists()


def test_notes_links_and_hidden_files_are_passed_over(three, tmp_path):
    library, _ = three
    folder = library.originals.folder
    (folder / "readme.txt").write_text("mine")
    (folder / ".hidden.png").write_bytes(b"x")
    (folder / "link.png").symlink_to(draw(tmp_path / "elsewhere.png"))
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nhalf")

    scanner = Scanner(library)
    drift = scanner.scan()
    done = follow_disk(library, scanner, drift)

    assert [name for name, _ in done.failures] == ["broken.png"]
    assert library.count() == 3
    assert [name for name, _ in scanner.scan().unreadable] == ["broken.png"], "said, not retried"


def test_if_the_folder_is_gone_nothing_is_changed(three, tmp_path):
    library, _ = three
    library.originals.folder.rename(tmp_path / "unplugged")

    drift, done = follow(library)

    assert "not there" in drift.refused
    assert done.changed == ()
    assert library.ids("is:missing") == []


@pytest.mark.parametrize(("count", "gone", "refused"), [
    (100, 6, True), (100, 5, False), (10, 2, False), (10, 3, True), (3, 3, True)])
def test_a_mass_loss_is_refused_with_the_reason(library, count, gone, refused):
    fill(library, count)
    follow(library)
    for path in sorted(library.originals.folder.iterdir())[:gone]:
        path.unlink()

    drift, _ = follow(library)

    assert bool(drift.refused) is refused
    assert library.count("is:missing") == (0 if refused else gone)
    if refused:
        follow(library, accept_missing=True)
        assert library.count("is:missing") == gone
        assert library.count() == count


def test_a_file_in_motion_is_left_until_it_rests(library):
    scanner = Scanner(library, stable_seconds=0.2)
    path = draw(library.originals.folder / "slow.png", (200, 200))
    content = path.read_bytes()
    path.write_bytes(content[:500])

    first = scanner.scan()
    assert (first.unstable, first.stray) == (["slow.png"], [])
    path.write_bytes(content)
    assert scanner.scan().unstable == ["slow.png"]
    import time

    time.sleep(0.25)
    assert scanner.scan().stray == ["slow.png"]


def test_adding_the_bytes_of_a_missing_image_brings_its_file_back(three, tmp_path):
    library, images = three
    path = library.originals.path_of(images[0])
    path.rename(tmp_path / "kept.png")
    follow(library)

    added = library.add(tmp_path / "kept.png")
    image = added.image

    assert (image.id, added.status, image.file_state, image.tags) == (
        images[0].id, "here", "ok", ("t0",))
    assert path.is_file()
    assert not Scanner(library).scan()


def test_missing_files_are_brought_back_from_wherever_they_went(three, tmp_path):
    from imagelib.library.originals.repairing import locate

    library, images = three
    attic = tmp_path / "attic" / "deep"
    attic.mkdir(parents=True)
    for number, image in enumerate(images[:2]):
        library.originals.path_of(image).rename(attic / f"renamed {number}.bin")
    follow(library)
    assert library.count("is:missing") == 2

    assert len(locate(library, tmp_path / "attic").changed) == 2

    assert not Scanner(library).scan()
    assert library.count("is:missing") == 0
    assert len(list(attic.iterdir())) == 2, "what was found stays where it is"


def test_a_broken_site_is_found_and_mended(three):
    from imagelib.generator.builder import build
    from imagelib.generator.checking import check_site
    from imagelib.generator.paths import page_path, thumbnail_path

    library, images = three
    assert check_site(library) == []
    build(library)
    site = library.settings.site_dir
    (site / page_path(images[0].id)).unlink()
    (site / thumbnail_path(images[1].digest)).write_bytes(b"")
    (site / thumbnail_path(images[2].digest)).write_bytes(b"RIFF....WEBPVP8 broken")

    assert len(check_site(library)) == 2
    assert len(check_site(library, deep=True)) == 3
    assert check_site(library, deep=True, fix=True) == []
    assert (site / page_path(images[0].id)).exists()
