"""A disk that is full, read-only or broken: nothing is half done, and the reason is said in words.

Errors are given at a sample of the system calls of each verb (`verbs.py`), and by real file systems
where mounting is allowed. A process that met one goes on working.
"""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager, suppress
from itertools import islice

import pytest
from checker import violations
from crashing import ALL, HAS_STRACE, Stage, Walk
from helpers import Daemon, draw, wait_for
from prefork import imagelib
from verbs import VERBS, seeded

from imagelib.library.library import Library


@pytest.fixture(scope="module")
def seed(tmp_path_factory):
    return seeded(tmp_path_factory.mktemp("failing") / "seed")


@pytest.fixture(scope="module")
def stage():
    opened = Stage("--go-on")
    yield opened
    opened.close()


@pytest.mark.skipif(not HAS_STRACE, reason="strace is not installed, which makes calls fail")
@pytest.mark.parametrize("verb", sorted(VERBS.keys() - {"build"}))
def test_a_write_that_fails_changes_nothing_and_is_told_in_words(stage, seed, tmp_path, verb):
    walk = Walk(stage, VERBS[verb], seed, tmp_path)
    step = 1 if ALL else len(walk.points)  # one point for each error
    found = []
    for number, error in enumerate(("ENOSPC", "EIO", *(["EROFS"] if ALL else []))):
        found += walk.fail(walk.points[(2 * number + 1) * step // 6::step], error)
    assert found == []


@pytest.fixture
def mount():
    """Mounts something, and takes it away after the test."""
    mounted = []

    def at(folder, *options):
        if shutil.which("mount") is None:
            pytest.skip("there is no mount here")
        done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
        mounted.append(folder)

    yield at
    for folder in reversed(mounted):
        # A worker that is just ending may still be in it.
        assert wait_for(lambda folder=folder: subprocess.run(
            ["umount", str(folder)], capture_output=True).returncode == 0)


@contextmanager
def serving(root):
    daemon = Daemon(root)
    try:
        daemon.wait_built()
        # The log is written back and empty: what is written now needs room.
        assert wait_for(lambda: (root / "library.db-wal").stat().st_size == 0, 30)
        yield daemon
    finally:
        daemon.stop()


def writes(daemon, folder):
    """Each kind of write by HTTP, made when it is asked for: (what it is, its answer)."""
    live = {item["notes"]: item["id"] for item in daemon.get("/api/images").json["items"]}
    [gone] = daemon.get("/api/trash").json["items"]
    yield "upload", daemon.upload(draw(folder / "new.png"))
    yield "replace", daemon.upload(draw(folder / "newer.png"), f"/api/images/{live['one']}/file")
    yield "restore", daemon.ask("POST", f"/api/trash/{gone['id']}/restore")
    yield "delete", daemon.ask("DELETE", f"/api/images/{live['three']}")
    # These need no file but the database, which is open.
    yield "edit", daemon.ask("PUT", f"/api/images/{live['two']}", json_body={"rating": 1})
    yield "batch", daemon.ask("POST", "/api/batch", json_body={
        "ids": [live["one"], live["two"]], "edit": {"notes": "both"}})
    yield "undo", daemon.ask("POST", "/api/undo", json_body={})
    yield "rename", daemon.ask("POST", "/api/tags/rename", json_body={"old": "a", "new": "d"})
    yield "empty the trash", daemon.ask("DELETE", "/api/trash")


def seen(daemon):
    return [daemon.get(path).json for path in ("/api/images", "/api/trash", "/api/tags")]


def test_a_full_disk_is_507_and_changes_nothing(mount, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount(disk, "-t", "tmpfs", "-o", "size=16m", "tmpfs")
    seeded(disk)
    with serving(disk / "library") as daemon:
        before = seen(daemon)
        with (disk / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(4096))
        answers = {kind: (answer.status, answer.json["title"])
                   for kind, answer in writes(daemon, tmp_path)}
        assert answers == dict.fromkeys(answers, (507, "Disk full"))
        assert seen(daemon) == before
        assert daemon.get("/").status == 200

        (disk / "ballast").unlink()
        assert {answer.status for _, answer in writes(daemon, tmp_path)} <= {200, 201, 204}
    with Library.open(disk / "library"):
        assert violations(disk / "library", built=False) == []


def test_a_disk_that_became_read_only_is_503_and_reading_goes_on(mount, tmp_path):
    root = seeded(tmp_path) / "library"
    with serving(root) as daemon:
        before = seen(daemon)
        mount(root, "--bind", str(root))
        subprocess.run(["mount", "-o", "remount,ro,bind", str(root)], check=True)
        answers = {kind: (answer.status, answer.json["detail"])
                   for kind, answer in islice(writes(daemon, tmp_path), 4)}
        assert {status for status, _ in answers.values()} == {503}, answers
        assert seen(daemon) == before
        assert daemon.get("/").status == 200


@pytest.mark.parametrize("command", [
    ["add", "new.png"], ["edit", "ID", "--rating", "1"], ["rm", "ID"], ["undo"], ["build"],
    ["check", "--fix"], ["serve", "--no-open", "--port", "0"], ["trash", "empty", "--yes"]])
def test_a_command_that_writes_says_that_the_disk_is_read_only(mount, tmp_path, command):
    root = seeded(tmp_path) / "library"
    with Library.open_to_read(root) as library:
        image_id = library.ids("")[0]
    draw(tmp_path / "new.png")
    mount(root, "--bind", str(root))
    subprocess.run(["mount", "-o", "remount,ro,bind", str(root)], check=True)
    done = imagelib("-L", root, *(image_id if word == "ID" else word for word in command),
                    cwd=tmp_path)
    assert done.returncode not in (0, 2)
    assert "Traceback" not in done.stderr
    assert "read-only" in done.stderr.lower()
