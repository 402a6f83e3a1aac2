"""A look at some names takes in what is new, and wants a scan for everything else."""

from __future__ import annotations

import os
import shutil
import time

import pytest
import watchdog.events
from helpers import draw, follow, wait_for

from imagelib.daemon import events, watcher
from imagelib.daemon.events import Wanted
from imagelib.daemon.service import Service
from imagelib.library.originals import drift
from imagelib.library.originals.drift import Scanner
from imagelib.library.originals.following import follow_disk


@pytest.fixture
def folder(library):
    """The images folder of a library with four images; one of these lies in the trash."""
    folder = library.originals.folder
    for name in ("one.png", "two.png", "deep/three.png", "deleted.png"):
        draw(folder / name)
    follow(library)
    shutil.copy(folder / "deleted.png", library.root / "deleted.png")
    library.delete(next(image.id for image in library.find("", limit=9)
                        if image.file_name == "deleted.png"))
    assert not Scanner(library).scan()
    return folder


def a_picture(folder):
    return [draw(folder / "new.png")]


def some_in_a_new_folder(folder):
    return [draw(folder / "a" / "b" / f"{number}.png", seed=number) for number in range(3)]


def the_same_twice(folder):
    return [draw(folder / "b.png", seed=5), draw(folder / "a.png", seed=5)]


def a_copy_of_an_image(folder):
    return [shutil.copy(folder / "two.png", folder / "again.png")]


def one_that_was_deleted(folder):
    return [shutil.copy(folder.parent / "deleted.png", folder / "back.png")]


def one_that_shows_another(folder):
    return [draw(folder / "one.swarmpreview.jpg")]


def notes_and_hidden_files(folder):
    (folder / "notes.txt").write_text("mine")
    draw(folder / "deep" / ".cache" / "x.png")
    return [folder / "notes.txt", draw(folder / ".new.png"), folder / "deep" / ".cache" / "x.png"]


def a_link(folder):
    outside = draw(folder.parent / "outside.png")
    (folder / "link.png").symlink_to(outside)
    return [folder / "link.png"]


def one_that_is_gone_again(folder):
    return [folder / "gone.png", folder / "one.png" / "below.png"]


def images_that_nobody_touched(folder):
    return [folder / "one.png", folder / "deep" / "three.png"]


def nothing(folder):
    return []


@pytest.mark.parametrize("happens", [
    a_picture, some_in_a_new_folder, the_same_twice, a_copy_of_an_image, one_that_was_deleted,
    one_that_shows_another, notes_and_hidden_files, a_link, one_that_is_gone_again,
    images_that_nobody_touched, nothing])
def test_a_look_says_of_its_names_what_a_scan_says(library, folder, happens):
    names = [os.path.relpath(path, folder) for path in happens(folder)]
    look, scan = Scanner(library).look(names), Scanner(library).scan()
    for kind in ("stray", "duplicate", "deleted", "unreadable", "unstable", "stats"):
        assert getattr(look, kind) == getattr(scan, kind), kind
    assert [scan.missing, scan.altered, scan.moved, scan.touched] == [[], [], [], []]
    assert look.folders == {}, "a build must scan: who looks at names sees no other"


def test_a_broken_picture_is_named_once_it_could_not_be_taken(library, folder):
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    scanner = Scanner(library)
    assert [f.subject for f in follow_disk(library, scanner, scanner.look(["broken.png"])).failures
            ] == ["broken.png"]
    again = scanner.look(["broken.png"])
    assert (again.stray, [name for name, _ in again.unreadable]) == ([], ["broken.png"])
    draw(folder / "broken.png")
    assert scanner.look(["broken.png"]).stray == ["broken.png"]


def a_renamed_image(folder):
    return [folder / "one.png", (folder / "one.png").rename(folder / "uno.png")]


def a_renamed_image_of_which_only_the_new_name_is_known(folder):
    return [(folder / "one.png").rename(folder / "deep" / "uno.png")]


def a_lost_image(folder):
    (folder / "deep" / "three.png").unlink()
    return [folder / "deep" / "three.png"]


def an_image_that_was_written_over(folder):
    return [draw(folder / "two.png", seed="something else")]


def an_image_that_was_touched(folder):
    os.utime(folder / "two.png", (1, 1))
    return [folder / "two.png"]


def another_name_of_an_image(folder):
    os.link(folder / "one.png", folder / "same.png")
    return [folder / "same.png"]


def a_folder(folder):
    return [draw(folder / "more" / "x.png").parent]


def a_name_of_other_bytes(folder):
    return [draw(folder / "x.png").rename(folder / os.fsdecode(b"\xff.png"))]


def the_whole_folder_away(folder):
    folder.rename(folder.parent / "elsewhere")
    return [folder / "new.png"]


@pytest.mark.parametrize("happens", [
    a_renamed_image, a_renamed_image_of_which_only_the_new_name_is_known, a_lost_image,
    an_image_that_was_written_over, an_image_that_was_touched, another_name_of_an_image, a_folder,
    a_name_of_other_bytes, the_whole_folder_away])
def test_whatever_may_be_an_image_of_ours_wants_a_scan(library, folder, happens):
    try:
        names = [os.path.relpath(path, folder) for path in happens(folder)]
    except OSError:
        pytest.skip("this disk refuses such a name")
    assert Scanner(library).look(["deep/three.png", *names, "none.png"]) is None


def test_a_file_with_the_bytes_of_a_missing_image_wants_a_scan(library, folder):
    (folder / "one.png").rename(library.root / "one.png")
    follow(library)
    (library.root / "one.png").rename(folder / "later.png")
    scanner = Scanner(library)
    assert scanner.look(["later.png"]) is None
    follow_disk(library, scanner, scanner.scan())
    assert {image.file_name for image in library.find("", limit=9)} == {
        "later.png", "two.png", "deep/three.png"}


def test_what_is_wanted_is_all_that_was_added_or_everything(tmp_path, monkeypatch):
    wanted = Wanted()
    assert (wanted.is_set(), wanted.take()) == (False, set())
    wanted.add([tmp_path / "a"])
    wanted.add([tmp_path / "b"])
    assert wanted.is_set()
    assert wanted.take() == {tmp_path / "a", tmp_path / "b"}
    assert wanted.take() == set()
    wanted.add([tmp_path / "a"])
    wanted.set()
    assert wanted.take() is None
    wanted.add(tmp_path / str(number) for number in range(5001))
    assert wanted.take() is None
    assert wanted.take() == set()


def test_new_files_cost_no_scan_and_all_else_does(library, folder, tmp_path, monkeypatch):
    scans, further = [], tmp_path / "out"
    further.mkdir()
    object.__setattr__(library.settings, "watch_folders", (str(further),))
    scan = Scanner.scan
    monkeypatch.setattr(Scanner, "scan",
                        lambda self, **options: scans.append(1) or scan(self, **options))
    state = Service(library)
    watching = watcher.Watcher(state)
    watching.start()

    def said(kind):
        return state.watch[kind]

    try:
        assert wait_for(lambda: scans and state.watch["state"] == "watching")
        time.sleep(1)  # what went before has settled
        before = len(scans)
        draw(folder / "new.png")
        assert wait_for(lambda: library.count() == 4, 15)
        shutil.copy(folder / "two.png", folder / "again.png")
        (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
        assert wait_for(lambda: said("unreadable") and said("duplicates"), 15)
        draw(further / "from-outside.png")
        (further / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        assert wait_for(lambda: library.count() == 5, 15)
        assert wait_for(lambda: {one["file"] for one in said("unreadable")} == {
            "broken.png", "cut.png"}, 15), said("unreadable")
        assert said("duplicates") == ["again.png"], "said until it is another"
        draw(further / "odd.png").rename(odd := further / os.fsdecode(b"\xff.png"))
        assert wait_for(lambda: {one["error"] for one in said("unreadable")} >= {
            "its name is not valid Unicode; rename it"}, 15)
        time.sleep(1.5)
        odd.unlink()
        assert library.count() == 5
        draw(folder / "again.png", seed="no copy any more")
        (further / "cut.png").unlink()
        assert wait_for(lambda: library.count() == 6, 15)
        assert wait_for(lambda: [one["file"] for one in said("unreadable")] == ["broken.png"], 15)
        assert said("duplicates") == []
        assert len(scans) == before

        (folder / "one.png").rename(folder / "uno.png")
        assert wait_for(lambda: "uno.png" in {i.file_name for i in library.find("", limit=9)}, 15)
        assert len(scans) > before
        assert [one["file"] for one in said("unreadable")] == ["broken.png"]
        (folder / "broken.png").unlink()
        assert wait_for(lambda: said("unreadable") == [], 15)
    finally:
        watching.stop()


def test_what_a_scan_refused_is_refused_to_a_look_too(library, folder, monkeypatch):
    """An empty folder in place of a disk that is gone takes nothing in."""
    state = Service(library)
    watching = watcher.Watcher(state)
    watching.start()
    try:
        assert wait_for(lambda: state.watch.get("refused") == "")
        monkeypatch.setattr(drift, "ALWAYS_TAKEN", 0)
        folder.rename(library.root / "elsewhere")
        folder.mkdir()
        assert wait_for(lambda: state.watch["refused"], 15)
        draw(folder / "new.png")
        time.sleep(2.5)
        assert state.watch["refused"]
        assert library.count() == 3
    finally:
        watching.stop()


def test_trying_whether_events_come_is_no_reason_to_look_at_everything(
        library, folder, monkeypatch):
    monkeypatch.setattr(events, "TRIAL_SECONDS", 0)
    wanted = Wanted()
    watching = events.Events(wanted)
    watching.begin([folder], library.root)
    try:
        for _ in range(2):
            assert watching.still_come()
        time.sleep(0.3)
        assert not wanted.is_set()
        (folder / "made").mkdir()
        assert wanted.wait(5)
        assert wait_for(lambda: wanted.take() is None)
    finally:
        watching.end()


@pytest.mark.parametrize("kind", [
    kind for kind in vars(watchdog.events).values()
    if isinstance(kind, type) and issubclass(kind, watchdog.events.FileSystemEvent)
    and kind.__name__.startswith("Dir")])
def test_only_a_folder_that_comes_goes_or_moves_is_a_reason_to_look(library, folder, kind):
    """Whatever else watchdog may tell of folders."""
    wanted = Wanted()
    for folders in ((), (folder,)):
        events._Handler(wanted, folders).on_any_event(kind(str(folder)))
    assert wanted.is_set() is (kind.event_type in ("created", "deleted", "moved"))
