"""Disk and database: what a scan finds, and that following the disk loses nothing."""

from __future__ import annotations

import os
import shutil

import pytest
from helpers import draw, fill

from imagelib.library.drift import Scanner, settle
from imagelib.library.library import Library


@pytest.fixture
def three(library: Library, tmp_path):
    """A library of three images in which everything is as it should be."""
    images = [library.add(draw(tmp_path / f"{n}.png"), tags=[f"t{n}"])[0] for n in range(3)]
    return library, images


def follow(library: Library, **options):
    scanner = Scanner(library)
    drift = scanner.scan(deep=options.pop("deep", False))
    return drift, settle(library, scanner, drift, **options)


def test_in_order_there_is_no_drift(three):
    drift, done = follow(three[0])
    assert not drift
    assert (done.added, done.changed) == ([], 0)


def test_a_dropped_picture_is_taken_in_where_it_lies(three, tmp_path):
    library, _ = three
    draw(library.originals.folder / "My Folder" / "drop ü.png")

    _, done = follow(library)

    assert [image.file_name for image in done.added] == ["My Folder/drop ü.png"]
    assert library.count() == 4


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


def test_a_file_that_was_written_over_keeps_its_metadata(three):
    library, images = three
    draw(library.originals.path_of(images[2]), (33, 22), seed="new pixels")

    follow(library)

    now = library.get(images[2].id)
    assert (now.width, now.height, now.tags, now.file_state) == (33, 22, ("t2",), "ok")
    assert now.digest != images[2].digest
    assert library.history(now.id)[0].action == "altered"


def test_a_file_that_was_destroyed_is_flagged_as_altered(three):
    library, images = three
    library.originals.path_of(images[2]).write_bytes(b"\x89PNG\r\n\x1a\nrubbish")

    _, done = follow(library)

    now = library.get(images[2].id)
    assert (now.file_state, now.digest) == ("altered", images[2].digest)
    assert done.failed


def test_a_file_with_other_dates_and_the_same_bytes_is_no_change(three):
    library, images = three
    os.utime(library.originals.path_of(images[0]), (1, 1))
    version = library.get(images[0].id).version

    drift, done = follow(library)

    assert (drift.altered, done.changed) == ([], 0)
    assert library.get(images[0].id).version == version
    assert not Scanner(library).scan().touched, "noted, so that it is not read again"


def test_a_bit_that_flipped_under_an_unchanged_date_is_found_by_a_deep_scan(three):
    library, images = three
    path = library.originals.path_of(images[0])
    stat = path.stat()
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    with path.open("r+b") as stream:
        stream.write(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    assert not Scanner(library).scan().altered
    assert [i.id for i in Scanner(library).scan(deep=True).altered] == [images[0].id]


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
    done = settle(library, scanner, drift)

    assert [name for name, _ in done.failed] == ["broken.png"]
    assert library.count() == 3
    assert [name for name, _ in scanner.scan().unreadable] == ["broken.png"], "said, not retried"


def test_if_the_folder_is_gone_nothing_is_changed(three, tmp_path):
    library, _ = three
    library.originals.folder.rename(tmp_path / "unplugged")

    drift, done = follow(library)

    assert "not there" in drift.refused
    assert done.changed == 0
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
    scanner = Scanner(library, settle_seconds=0.2)
    path = draw(library.originals.folder / "slow.png", (200, 200))
    content = path.read_bytes()
    path.write_bytes(content[:500])

    first = scanner.scan()
    assert (first.unsettled, first.stray) == (["slow.png"], [])
    path.write_bytes(content)
    assert scanner.scan().unsettled == ["slow.png"]
    import time

    time.sleep(0.25)
    assert scanner.scan().stray == ["slow.png"]
