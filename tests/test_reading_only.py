"""A read writes nothing: not into another program's database, not on a read-only disk."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys

import pytest
from helpers import draw, tree
from prefork import imagelib

from imagelib.config import find_library, is_library
from imagelib.errors import LibraryFaultError
from imagelib.library.library import Library

READING = [["list"], ["list", "fox"], ["show", "ID"], ["history", "ID"], ["tags"], ["trash"],
           ["export"], ["duplicates"], ["doctor"]]


@pytest.fixture
def filled(tmp_path):
    """A library of one image, and its id."""
    root = tmp_path / "library"
    with Library.create(root) as library:
        image = library.add(draw(tmp_path / "a.png"), prompt_text="a fox", tags=["a"]).image
    return root, image.id


def _state(root):
    return {name: content for name, content in tree(root).items()
            if not name.endswith(("-shm", "-wal"))}


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_command_that_reads_changes_no_file(filled, command):
    root, image = filled
    before = _state(root)
    done = imagelib("-L", root, *[image if part == "ID" else part for part in command])
    assert done.returncode in (0, 3), done.stderr
    assert _state(root) == before


@pytest.mark.parametrize("command", [["list"], ["build"], ["add", "x.png"], ["check"], ["init"],
                                     ["edit", "x", "--rating", "1"], ["serve", "--port", "0"]],
                         ids=" ".join)
def test_another_programs_database_is_left_alone(tmp_path, command):
    other = sqlite3.connect(tmp_path / "library.db")
    other.execute("CREATE TABLE films (id)")
    other.execute("CREATE TABLE images (id)")
    other.commit()
    other.close()
    before = (tmp_path / "library.db").read_bytes()

    done = imagelib("-L", tmp_path, *command)

    assert done.returncode == 1, done.stderr
    assert "no database of imagelib" in done.stderr
    assert (tmp_path / "library.db").read_bytes() == before


def test_the_search_upwards_passes_another_programs_database(tmp_path):
    with sqlite3.connect(tmp_path / "library.db") as other:
        other.execute("CREATE TABLE films (id)")
    other.close()
    (tmp_path / "below").mkdir()
    assert not is_library(tmp_path)
    assert find_library(tmp_path / "below", {}) == tmp_path / "below"


def test_a_library_of_the_first_version_is_known_by_its_tables(filled):
    root, _ = filled
    with sqlite3.connect(root / "library.db") as other:
        other.execute("PRAGMA application_id = 0")
    other.close()
    shutil.rmtree(root / ".imagelib")
    (root / "imagelib.toml").unlink()
    assert is_library(root)


@pytest.mark.skipif(os.name == "nt" or (shutil.which("setpriv") is None and os.geteuid() == 0),
                    reason="Windows has other permissions; root needs setpriv to give its own up")
@pytest.mark.parametrize("log", [False, True])
def test_a_read_only_disk_can_be_read(filled, tmp_path, log):
    root, image = filled
    writer = sqlite3.connect(root / "library.db")
    if log:
        writer.execute("UPDATE images SET notes = 'in the log'")
        writer.commit()
    copy = tmp_path / "copy"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns("*-shm"))
    writer.close()
    subprocess.run(["chmod", "-R", "a+rX,a-w", str(copy)], check=True)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | 0o055)
    as_nobody = (["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
                 if os.geteuid() == 0 else [])
    try:
        for command in (["list", "--json"], ["show", image], ["export"]):
            done = subprocess.run(
                [*as_nobody, sys.executable, "-m", "imagelib", "-L", str(copy), *command],
                capture_output=True, text=True, cwd="/", env=os.environ | {"HOME": str(tmp_path)})
            assert done.returncode == 0, done.stderr
            assert ("in the log" in done.stdout) is log or command[0] == "show"
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(copy)], check=True)


def test_a_library_that_was_opened_to_read_refuses_to_write(filled):
    from imagelib.errors import LockedError

    root, image = filled
    with Library.open_to_read(root) as library, pytest.raises(LockedError, match="for reading"):
        library.edit(image, rating=1)


def test_a_library_from_the_future_is_not_read(filled):
    root, _ = filled
    with sqlite3.connect(root / "library.db") as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(LibraryFaultError, match="newer"):
        Library.open_to_read(root)


def _whole_state(root):
    """Every file with its bytes and date, and every folder."""
    return {path.relative_to(root): (path.stat().st_mtime_ns, path.is_file() and path.read_bytes())
            for path in root.rglob("*")}


@pytest.mark.parametrize("command", [
    *READING, ["check"], ["build"], ["add", "x.png"], ["undo"], ["recover", "--yes"],
    ["restore", "--yes", "BACKUP"], ["backup"], ["init"], ["migrate", "BACKUP"]], ids=" ".join)
def test_nothing_is_made_or_touched_where_another_program_is_at_work(filled, tmp_path, command):
    theirs = tmp_path / "theirs"
    (theirs / "images").mkdir(parents=True)
    other = sqlite3.connect(theirs / "library.db")
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("CREATE TABLE books (id)")
    other.commit()  # it stays open, so that its log and shared memory stay there
    before = _whole_state(theirs)
    assert theirs / "library.db-shm" in theirs.iterdir()

    imagelib("-L", theirs, *[filled[0] / "library.db" if part == "BACKUP" else part
                             for part in command])

    after = _whole_state(theirs)
    other.close()
    assert after == before


@pytest.mark.parametrize("command", [["list"], ["check"], ["build"], ["add", "x.png"], ["undo"]],
                         ids=" ".join)
def test_an_empty_file_that_only_has_the_name_is_no_library(tmp_path, command):
    (tmp_path / "library.db").touch()
    done = imagelib("-L", tmp_path, *command)
    assert done.returncode == 1
    assert "imagelib init" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["library.db"]


def test_a_database_whose_tables_are_all_in_its_log_is_known(filled):
    root, _ = filled
    young = root.parent / "young"
    young.mkdir()
    writer = sqlite3.connect(young / "library.db")
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("CREATE TABLE meta (key, value)")
    writer.execute("INSERT INTO meta VALUES ('library_id', 'x')")
    writer.commit()
    assert is_library(young)
    writer.close()
