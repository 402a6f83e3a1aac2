"""An intent belongs to one library: copies of it, and of its database, never touch a file."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from helpers import draw, tree

from imagelib.library.library import Library
from imagelib.library.originals.drift import Scanner
from imagelib.library.originals.trashing import rearrange
from imagelib.library.store.backup import snapshot

#: Stops behind the moves of an operation, before its commit.
HALF_DONE = """
import os, sys, time
from pathlib import Path
from imagelib.library.originals import intents
from imagelib.library.library import Library

root, operation, source = sys.argv[1:]
whole = intents.Intents._move

def stopping(self, plan, progress):
    whole(self, plan, progress)
    print("MOVED", flush=True)
    time.sleep(60)

intents.Intents._move = stopping
with Library.open(root) as library:
    first = library.find()[-1]
    if operation == "add":
        library.add(Path(source))
    elif operation == "delete":
        library.delete(first.id)
    elif operation == "replace":
        library.replace_file(first.id, Path(source))
    elif operation == "restore":
        library.restore(library.trash()[0].image.id)
"""
OPERATIONS = ("add", "delete", "replace", "restore")


@pytest.fixture
def impatient(monkeypatch):
    """Nobody waits long for one who writes."""
    monkeypatch.setattr("imagelib.library.store.database.BUSY_SECONDS", 0.1)


@pytest.fixture
def half_done(tmp_path):
    """A function that leaves a library with an operation half done, its process still alive."""
    running = []

    def begin(operation: str) -> tuple[Path, subprocess.Popen[str]]:
        root = tmp_path / "library"
        with Library.create(root) as library:
            for n in range(3):
                library.add(draw(tmp_path / f"{n}.png"), captured_at=f"2026-01-0{n + 1}")
            library.delete(library.find()[0].id)
        process = subprocess.Popen(
            [sys.executable, "-c", HALF_DONE, str(root), operation,
             str(draw(tmp_path / "fresh.png"))], stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout.readline() == "MOVED\n"
        return root, process

    yield begin
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def _files(root: Path) -> dict[str, bytes]:
    return {name: content for name, content in tree(root).items()
            if name.startswith(("images/", ".imagelib/trash/"))
            and not Path(name).name.startswith(".")}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_opening_a_copy_leaves_the_original_alone(half_done, tmp_path, operation):
    root, _ = half_done(operation)
    shutil.copytree(root, tmp_path / "copy")
    before = _files(root)

    with Library.open(tmp_path / "copy") as copy:
        assert copy.database.read("SELECT count(*) FROM intents")[0][0] == 0

    assert _files(root) == before
    assert set(_files(tmp_path / "copy").values()) >= set(before.values()), "nor is any byte lost"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_backup_made_meanwhile_destroys_nothing_when_it_is_put_back(
        half_done, tmp_path, operation):
    from imagelib.library.store.backup import put_back

    root, process = half_done(operation)
    with Library.open_to_read(root) as library:
        kept = snapshot(library.settings, tmp_path / "kept.db")
    process.send_signal(signal.SIGKILL)
    process.wait()
    Library.open(root).close()
    before = set(_files(root).values())

    with Library.open_to_read(root) as library:
        put_back(library.settings, kept)
    with Library.open(root) as library:
        assert set(_files(root).values()) >= before
        assert library.database.read("SELECT count(*) FROM intents")[0][0] == 0


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_a_living_process_is_doing_is_not_taken_back_by_others(half_done, impatient,
                                                                     operation):
    root, process = half_done(operation)
    before = _files(root)

    with Library.open(root) as library:
        assert library.database.read("SELECT count(*) FROM intents")[0][0] == 1

    assert _files(root) == before
    process.send_signal(signal.SIGKILL)
    process.wait()
    with Library.open(root) as library:
        assert library.database.read("SELECT count(*) FROM intents")[0][0] == 0
        assert library.count() == 2


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_the_dead_left_waits_for_the_disk_of_the_images(half_done, tmp_path, operation):
    root, process = half_done(operation)
    process.kill()
    process.wait()
    (root / "images").rename(tmp_path / "unplugged")
    for _ in range(2):
        with Library.open(root) as library:
            library.edit(library.find()[0].id, rating=4)
        assert not (root / "images").exists(), "it would be hidden when the disk is back"

    (tmp_path / "unplugged").rename(root / "images")
    with Library.open(root) as library:
        assert library.find()[0].rating == 4
        assert not Scanner(library).scan()
        assert library.count() == 2
        assert library.database.read("SELECT * FROM intents") == []
        assert all(trashed.file.is_file() for trashed in library.trash())


def test_an_intent_of_the_first_version_is_taken_back_in_its_library_only(tmp_path):
    import json

    root = tmp_path / "library"
    with Library.create(root) as library:
        image = library.add(draw(tmp_path / "a.png")).image
        path, away = library.originals.path_of(image), library.originals.trash_dir / "away"
        away.parent.mkdir()
        body = json.dumps({"moves": [[str(path), str(away)]], "new": []})
        with library.database.write("test", undoable=False) as transaction:
            transaction.run("INSERT INTO intents (owner, body) VALUES ('gone', ?)", body)
    path.rename(away)
    shutil.copytree(root, tmp_path / "copy")

    Library.open(tmp_path / "copy").close()
    assert away.exists()

    Library.open(root).close()
    assert path.exists()


def test_a_process_is_alive_from_the_moment_its_lock_has_a_name(tmp_path):
    from imagelib.library.store.locks import hold, is_dead

    names: list[str] = []
    stop = False

    def look() -> None:
        while not stop:
            names.extend(path.name for path in tmp_path.glob("*.lock") if is_dead(path))

    thread = threading.Thread(target=look)
    thread.start()
    held = [hold(tmp_path / f"{n}.lock") for n in range(200)]
    stop = True
    thread.join()
    for lock in held:
        lock.release()

    assert names == [], "nobody who is alive was taken for dead"


def test_a_lock_that_was_made_a_moment_ago_is_not_that_of_a_dead_process(tmp_path):
    root = tmp_path / "library"
    Library.create(root).close()
    begun = root / ".imagelib" / "run" / "0123456789abcdef.new"
    begun.touch()
    Library.open(root).close()
    assert begun.exists(), "it may be locked in the next moment"
    os.utime(begun, (1, 1))
    Library.open(root).close()
    assert not begun.exists()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_scan_judges_nothing_that_somebody_is_moving(half_done, impatient, operation):
    root, _ = half_done(operation)
    with Library.open(root) as library:
        assert not Scanner(library).scan()


def test_purged_bytes_do_not_outlive_a_process_that_is_killed(tmp_path):
    root = tmp_path / "library"
    with Library.create(root) as library:
        image = library.add(draw(tmp_path / "secret.png")).image
        library.delete(image.id)
    code = ("import os, sys\nfrom imagelib.library.originals import intents\n"
            "from imagelib.library.library import Library\n"
            "intents._destroy = lambda plan: os._exit(9)\n"
            "with Library.open(sys.argv[1]) as library: library.empty_trash()")
    assert subprocess.run([sys.executable, "-c", code, str(root)]).returncode == 9

    with Library.open(root) as library:
        assert library.trash() == []
        assert list(library.originals.trash_dir.iterdir()) == []


def test_only_files_of_the_library_can_be_named(library, tmp_path):
    from imagelib.library.originals.intents import Plan

    outside = draw(tmp_path / "outside.png")
    with pytest.raises(ValueError, match="no folder of the library"), \
            library.originals.intents.carried_out(
                Plan(moves=[(outside, library.originals.folder / "x.png")]), "test"):
        pass
    assert outside.exists()


def test_many_files_are_moved_with_one_flush_of_each_folder(library, tmp_path, monkeypatch):
    from imagelib.library.originals import intents

    for n in range(30):
        library.add(draw(tmp_path / f"{n}.png"))
    flushed: list[Path] = []
    whole = intents.sync_folder
    monkeypatch.setattr(intents, "sync_folder",
                        lambda folder: (flushed.append(folder), whole(folder)))

    library.delete(*(image.id for image in library.find()))

    assert len(flushed) == 2
    assert not list(library.originals.folder.glob("*.png"))


def test_a_reader_sees_a_library_in_which_somebody_is_working(half_done):
    root, _ = half_done("delete")
    with Library.open_to_read(root) as library:
        assert library.count() == 2


def test_an_intent_that_the_disk_kept_does_not_take_back_what_was_done_since(tmp_path):
    with Library.create(tmp_path / "library") as library:
        image = library.add(draw(tmp_path / "a.png")).image
        library.delete(image.id)
        other = sqlite3.connect(library.settings.database, isolation_level=None)
        left = []

        def fail(transaction):
            left.extend(other.execute("SELECT owner, body FROM intents"))
            raise OSError("the disk is gone")

        with pytest.raises(OSError, match="the disk is gone"):
            rearrange(library, [], [image.id], "restore", then=fail)
        # As if it had been gone for the intent, too.
        other.executemany("INSERT INTO intents (owner, body) VALUES (?, ?)", left)
        other.close()
        assert len(left) == 1
        library.restore(image.id)

    with Library.open(tmp_path / "library") as library:
        assert library.originals.read_in_place(library.get(image.id)).digest == image.digest
        assert library.database.read("SELECT * FROM intents") == []
