"""A restore is one step, and nobody else is at work meanwhile (its crash walk: `test_crash.py`)."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import Daemon, current_tree, draw, tree, wait_for
from prefork import imagelib

from imagelib.cli import run
from imagelib.daemon.logs import log_event, logging_to
from imagelib.daemon.service import Service
from imagelib.errors import LibraryFaultError, LockedError
from imagelib.generator.builder import build
from imagelib.generator.reading import read_site
from imagelib.library.library import Library
from imagelib.library.store import backup


@pytest.fixture
def two_states(tmp_path):
    """A library of two images, and a backup of it from when there was one."""
    root, kept = tmp_path / "library", tmp_path / "kept.db"
    with Library.create(root) as library:
        library.add(draw(tmp_path / "0.png"), notes="old")
        backup.snapshot(library.settings, kept)
        library.add(draw(tmp_path / "1.png"), notes="new")
    return root, kept


def _count(root: Path) -> int:
    with Library.open_to_read(root) as library:
        return library.count()


@pytest.mark.parametrize("who", ["python", "daemon", "import"])
def test_nothing_is_restored_while_somebody_has_the_library_open(two_states, tmp_path, who):
    root, kept = two_states
    settings = Library.open_to_read(root).settings
    if who == "python":
        with Library.open(root), pytest.raises(LockedError):
            backup.put_back(settings, kept)
    elif who == "daemon":
        daemon = Daemon(root)
        try:
            with pytest.raises(LockedError):
                backup.put_back(settings, kept)
        finally:
            daemon.stop()
    else:
        code = ("import sys, time\nfrom imagelib.library.library import Library\n"
                "with Library.open(sys.argv[1]): print('OPEN', flush=True); time.sleep(60)")
        other = subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE)
        try:
            assert other.stdout.readline() == b"OPEN\n"
            with pytest.raises(LockedError):
                backup.put_back(settings, kept)
        finally:
            other.kill()
            other.wait()
            other.stdout.close()
    assert _count(root) == 2


def test_what_a_killed_process_was_making_is_swept_up_behind_a_restore_too(two_states):
    root, kept = two_states
    dead = "0123456789abcdef"
    half = root / "images" / f".imagelib-{dead}-00.partial"
    half.write_bytes(b"half")
    (root / ".imagelib" / "run" / f"{dead}.lock").touch()
    backup.put_back(Library.open_to_read(root).settings, kept)
    Library.open(root).close()
    assert not half.exists()


def test_a_restore_keeps_what_it_replaces_and_says_where(two_states):
    root, kept = two_states
    settings = Library.open_to_read(root).settings

    former = backup.put_back(settings, kept)

    assert _count(root) == 1
    backup.put_back(settings, former)
    assert _count(root) == 2


@pytest.mark.parametrize("later", [0, 5])
def test_the_site_shows_what_was_restored_also_where_edits_follow_before_a_build(two_states, later):
    root, kept = two_states
    with Library.open(root) as library:
        build(library)
    backup.put_back(Library.open_to_read(root).settings, kept)
    with Library.open(root) as library:
        for rating in range(later):
            library.edit(library.find()[0].id, rating=rating)
        build(library)
        build(library, root / "full")
        assert current_tree(library) == tree(root / "full")
        assert [record.fields["notes"] for record in read_site(root / "site")[0]] == ["old"]


def test_a_backup_that_is_copied_over_by_hand_is_not_undone_by_the_log_beside_it(
        two_states, tmp_path):
    root, kept = two_states
    writer = sqlite3.connect(root / "library.db")
    writer.execute("UPDATE images SET notes = 'in the log'")
    writer.commit()
    shutil.copytree(root, tmp_path / "crashed")
    writer.close()
    assert (tmp_path / "crashed" / "library.db-wal").stat().st_size
    shutil.copyfile(kept, tmp_path / "crashed" / "library.db")

    assert [i.notes for i in Library.open_to_read(tmp_path / "crashed").find()] == ["old"]
    with Library.open(tmp_path / "crashed") as library:
        assert [image.notes for image in library.find()] == ["old"]
        assert library.database.read("PRAGMA integrity_check")[0][0] == "ok"
        assert list((library.settings.private_dir / "backups").glob("log-*"))


@pytest.mark.parametrize("content", [b"", b"no database at all", b"SQLite format 3\0" + bytes(200)])
def test_what_is_no_backup_is_refused_and_nothing_is_changed(two_states, tmp_path, content):
    root, _ = two_states
    bad = tmp_path / "bad.db"
    bad.write_bytes(content)
    with pytest.raises(LibraryFaultError):
        backup.put_back(Library.open_to_read(root).settings, bad)
    assert _count(root) == 2
    assert not list(root.glob(".library.db*"))


def test_another_programs_database_is_no_backup(two_states, tmp_path):
    root, _ = two_states
    with sqlite3.connect(tmp_path / "films.db") as films:
        films.execute("CREATE TABLE images (id)")
    films.close()
    with pytest.raises(LibraryFaultError):
        backup.put_back(Library.open_to_read(root).settings, tmp_path / "films.db")
    assert _count(root) == 2


def test_a_backup_of_another_library_is_told_as_such(two_states, tmp_path):
    root, kept = two_states
    settings = Library.open_to_read(root).settings
    assert not backup.is_of_another_library(settings, kept)
    with Library.create(tmp_path / "other") as other:
        theirs = backup.snapshot(other.settings, tmp_path / "theirs.db")
    assert backup.is_of_another_library(settings, theirs)
    assert "another library" in imagelib("-L", root, "restore", theirs, "--yes").stderr


def test_an_idle_daemon_leaves_nothing_in_the_log(tmp_path):
    root = tmp_path / "library"
    with Library.create(root) as library:
        image = library.add(draw(tmp_path / "a.png")).image
    daemon = Daemon(root)
    try:
        daemon.ask("PUT", f"/api/images/{image.id}", json_body={"notes": "the last edit"})

        def in_the_file() -> bool:
            shutil.copyfile(root / "library.db", tmp_path / "copy.db")
            with sqlite3.connect(tmp_path / "copy.db") as copy:
                return copy.execute("SELECT count(*) FROM images WHERE notes <> ''"
                                    ).fetchone()[0] == 1

        assert wait_for(in_the_file, 15)
    finally:
        daemon.stop()


def test_a_snapshot_is_made_once_a_day_if_there_is_something_new(tmp_path):
    root = tmp_path / "library"
    Library.create(root).close()
    with Library.open(root) as library:
        settings = library.settings
        assert backup.snapshots(settings) == [], "there is nothing to keep"
        library.add(draw(tmp_path / "a.png"))
    Library.open(root).close()
    [first] = backup.snapshots(settings)
    with Library.open(root) as library:
        library.edit(library.find()[0].id, rating=1)
    Library.open(root).close()
    assert backup.snapshots(settings) == [first], "the next one is made tomorrow"

    yesterday = time.time() - 2 * backup.DAY
    os.utime(first, (yesterday, yesterday))
    Library.open(root).close()
    assert len(backup.snapshots(settings)) == 2
    os.utime(backup.snapshots(settings)[1], (yesterday, yesterday))
    Library.open(root).close()
    assert len(backup.snapshots(settings)) == 2, "nothing has changed since"


def test_a_daemon_that_runs_for_days_makes_them_too(library, picture):
    image = library.add(picture).image
    first = backup.snapshot(library.settings)
    yesterday = time.time() - 2 * backup.DAY
    os.utime(first, (yesterday, yesterday))
    library.edit(image.id, rating=5)
    state = Service(library)
    state.builds.start()
    try:
        assert wait_for(lambda: len(backup.snapshots(library.settings)) == 2)
    finally:
        state.builds.stop()


def test_a_damaged_database_makes_no_backup(library, tmp_path):
    for number in range(3):
        library.add(draw(tmp_path / f"{number}.png"), notes="n" * 5000)
    path = library.settings.database
    root, = library.database.read("SELECT rootpage FROM sqlite_schema WHERE name = 'images_rating'")
    size, = library.database.read("PRAGMA page_size")
    library.close()
    with path.open("r+b") as stream:
        stream.seek((root[0] - 1) * size[0])
        page = bytearray(stream.read(size[0]))
        page[-40:] = bytes(40)  # what the index says of some rows
        stream.seek((root[0] - 1) * size[0])
        stream.write(page)

    with pytest.raises(LibraryFaultError, match="damaged"):
        backup.snapshot(library.settings)
    assert not list((library.settings.private_dir / "backups").glob("*"))


def test_ten_snapshots_are_kept_and_the_last_of_each_month(library, tmp_path):
    library.add(draw(tmp_path / "a.png"))
    folder = library.settings.private_dir / "backups"
    folder.mkdir(exist_ok=True)
    for month in range(1, 7):
        for day in range(1, 29, 3):
            (folder / f"library-2025{month:02d}{day:02d}-120000-000000.db").touch()

    backup.snapshot(library.settings)

    names = [path.name[8:16] for path in backup.snapshots(library.settings)]
    assert names[:5] == [f"2025{month:02d}28" for month in range(1, 6)]
    assert len(names) == 5 + 10


def test_private_files_are_only_for_their_owner(library, tmp_path):
    library.add(draw(tmp_path / "a.png"))
    library.delete(library.find()[0].id)
    kept = backup.snapshot(library.settings, tmp_path / "kept.db")
    for path in (library.settings.database, kept, library.root / "imagelib.toml",
                 library.settings.private_dir):
        assert path.stat().st_mode & 0o077 == 0, path


def test_what_an_earlier_version_left_readable_is_private_once_it_is_open(library):
    root, private = library.root, library.settings.private_dir
    log = private / "log" / "daemon.log"
    log.parent.mkdir()
    log.touch()
    for path, mode in ((private, 0o755), (log, 0o644)):
        path.chmod(mode)
    Library.open(root).close()
    with logging_to(log.parent):
        log_event("test")
    assert "test" in log.read_text()
    for path in (private, log):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("gone", [False, True])
def test_nothing_is_answered_as_done_that_goes_to_a_file_without_a_name(tmp_path, gone):
    root = tmp_path / "library"
    with Library.create(root) as library:
        image = library.add(draw(tmp_path / "a.png")).image
        file = library.originals.path_of(image)
        backup.snapshot(library.settings, tmp_path / "kept.db")
    daemon = Daemon(root)
    try:
        assert daemon.ask("PUT", f"/api/images/{image.id}", json_body={"rating": 1}).status == 200
        if gone:
            (root / "library.db").unlink()
        else:
            (tmp_path / "kept.db").replace(root / "library.db")
        edit = daemon.ask("PUT", f"/api/images/{image.id}", json_body={"rating": 2})
        deletion = daemon.ask("DELETE", f"/api/images/{image.id}")
        upload = daemon.upload(draw(tmp_path / "b.png"))
    finally:
        daemon.stop()
    assert [answer.status for answer in (edit, deletion, upload)] == [503, 503, 503]
    assert "was replaced or removed" in edit.json["detail"]
    assert [path for path in file.parent.iterdir() if path.name[0] != "."] == [file]
    if not gone:
        with Library.open(root) as library:
            assert library.get(image.id).rating == 0


@pytest.mark.parametrize("part", ["images", "tags", "images_captured_at"])
def test_a_damaged_part_is_said_by_the_commands_that_need_it(tmp_path, part, capsys):
    root = tmp_path / "library"
    with Library.create(root) as library:
        library.add(draw(tmp_path / "a.png"), tags=["a"])
    with sqlite3.connect(root / "library.db") as other:
        page, = other.execute("SELECT rootpage FROM sqlite_master WHERE name = ?",
                              (part,)).fetchone()
        size, = other.execute("PRAGMA page_size").fetchone()
    other.close()
    with (root / "library.db").open("r+b") as stream:
        stream.seek((page - 1) * size)
        stream.write(b"\xa5" * size)
    assert run(["-L", str(root), "list"]) == 1
    assert "cannot be read as a database" in capsys.readouterr().err
