"""Killed at any system call that changes something, the library repairs itself at the next start.

strace sends SIGKILL at the n-th call; for each n a fresh copy of the library is
used. Afterwards the library is opened as always, and must be whole: each row
has its file with the recorded bytes, no file lies about that no row knows, and
what was answered is there.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers import current_tree, draw, tree
from site_links import dead_references

from imagelib.generator.builder import build
from imagelib.library.files import digest
from imagelib.library.library import Library

#: Calls that change files; a crash between two others is the same as one at these.
CALLS = ("pwrite64,write,ftruncate,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,"
         "unlinkat,mkdir,openat")
STEP = Path(__file__).with_name("crash_step.py")

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed, so nobody can be killed"
)


def _run(root: Path, operation: str, log: Path, *inject: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["strace", "-o", str(log), "-e", f"trace={CALLS},getpgid", *inject,
         sys.executable, str(STEP), operation, str(root)],
        capture_output=True, text=True, timeout=60)


def _is_change(line: str) -> bool:
    return not line.startswith("openat") or "O_CREAT" in line


def _points(log: Path) -> list[tuple[str, int]]:
    """(call, its ordinal) for every changing call of the operation itself."""
    counts: dict[str, int] = {}
    points, begun = [], False
    for line in log.read_text(errors="replace").splitlines():
        name = line.split("(")[0]
        if name == "getpgid":
            begun = True
        if "(" not in line:
            continue
        counts[name] = counts.get(name, 0) + 1
        if begun and name in CALLS.split(",") and _is_change(line):
            points.append((name, counts[name]))
    return points


def _faults(root: Path, operation: str, acknowledged: bool) -> list[str]:
    """Open as always, then look at everything."""
    faults = []
    fresh, first = digest(root / "fresh.png"), digest(root / "first.png")
    for _ in range(2):  # repairing twice is repairing once
        with Library.open(root / "library") as library:
            images, trash = library.find(), library.trash()
            used = set()
            for image in images:
                path = library.originals.path_of(image)
                used.add(path)
                if image.file_state != "ok" or not path.is_file():
                    faults.append(f"row without file {image.file_name} {image.file_state}")
                elif digest(path) != image.digest:
                    faults.append("row with other bytes")
            faults += ["trash without its file" for trashed in trash
                       if trashed.file is None or digest(trashed.file) != trashed.image.digest]
            faults += [f"stray {path.name}" for path in library.originals.folder.iterdir()
                       if path not in used]
            kept = {digest(p) for p in library.originals.trash_dir.glob("*")}
            live = {image.digest for image in images}
            if first not in live | kept:
                faults.append("the first picture is destroyed")
            if library.database.read("SELECT count(*) FROM intents")[0][0]:
                faults.append("an intent is left")
            if library.database.read("PRAGMA integrity_check")[0][0] != "ok":
                faults.append("database damaged")
            if acknowledged:
                done = {"add": fresh in live, "replace": fresh in live, "delete": not images,
                        "restore": first in live}[operation]
                if not done:
                    faults.append("acknowledged and lost")
    return faults


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with one image, and a fresh picture beside it."""
    root = tmp_path_factory.mktemp("crash") / "seed"
    with Library.create(root / "library") as library:
        library.add(draw(root / "first.png"), tags=["a"])
        library.edit(library.find()[0].id, rating=3)
    draw(root / "fresh.png")
    return root


@pytest.mark.parametrize("operation", ["add", "replace", "delete"])
def test_a_kill_at_any_moment_loses_nothing_and_needs_no_question(seed, tmp_path, operation):
    log = tmp_path / "log"
    shutil.copytree(seed, tmp_path / "dry")
    dry = _run(tmp_path / "dry", operation, log)
    assert "ACK" in dry.stdout, dry.stderr
    points = _points(log)
    assert len(points) > 15

    def kill_at(point: tuple[int, tuple[str, int]]) -> list[str]:
        number, (call, ordinal) = point
        root = tmp_path / f"w{number}"
        shutil.copytree(seed, root)
        done = _run(root, operation, tmp_path / f"log{number}",
                    "-e", f"inject={call}:signal=SIGKILL:when={ordinal}")
        found = _faults(root, operation, "ACK" in done.stdout)
        killed = done.returncode != 0
        shutil.rmtree(root)
        where = f"{operation} {call} #{ordinal}"
        return [f"{where}: {fault}" for fault in found] + ([] if killed else [f"{where}: alive"])

    with ThreadPoolExecutor(2) as pool:
        faults = [fault for found in pool.map(kill_at, enumerate(points)) for fault in found]
    assert faults == []


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_a_write_that_fails_changes_nothing(seed, tmp_path, error):
    log = tmp_path / "log"
    shutil.copytree(seed, tmp_path / "dry")
    _run(tmp_path / "dry", "add", log)
    # A sample of the points: the write, flush and rename of each kind.
    points = [p for p in dict.fromkeys(_points(log)) if p[0] not in ("unlink", "openat")][::3]

    def fail_at(point: tuple[int, tuple[str, int]]) -> list[str]:
        number, (call, ordinal) = point
        root = tmp_path / f"w{number}"
        shutil.copytree(seed, root)
        done = _run(root, "add", tmp_path / f"log{number}",
                    "-e", f"inject={call}:error={error}:when={ordinal}")
        return [f"{call} #{ordinal}: {fault}"
                for fault in _faults(root, "add", "ACK" in done.stdout)]

    with ThreadPoolExecutor(2) as pool:
        faults = [fault for found in pool.map(fail_at, enumerate(points)) for fault in found]
    assert faults == []


def test_a_build_that_is_killed_leaves_whole_files_and_no_dead_link(tmp_path):
    seed = tmp_path / "seed"
    with Library.create(seed / "library") as library:
        for n in range(6):
            library.add(draw(seed / f"{n}.png", (40, 30)), captured_at=f"2026-01-0{n + 1}")
        build(library)
        old = library.find()
        library.delete(old[1].id, old[2].id)
        library.edit(old[4].id, captured_at="2026-05-05", prompt_text="moved to the front")
        for n in range(6, 9):  # three neighbours at once, all new
            library.add(draw(seed / f"{n}.png", (40, 30)), captured_at=f"2026-02-0{n}")
    log = tmp_path / "log"
    shutil.copytree(seed, tmp_path / "dry", symlinks=True)
    assert "ACK" in _run(tmp_path / "dry", "build", log).stdout
    points = _points(log)

    def kill_at(point: tuple[int, tuple[str, int]]) -> list[str]:
        number, (call, ordinal) = point
        root = tmp_path / f"w{number}"
        shutil.copytree(seed, root)
        _run(root, "build", tmp_path / f"log{number}",
             "-e", f"inject={call}:signal=SIGKILL:when={ordinal}")
        site = root / "library" / "site"
        faults = dead_references(site)
        faults += [f"torn {p.name}" for p in site.rglob("*.html")
                   if not p.read_text().rstrip().endswith(("</html>", "</title>"))]
        with Library.open(root / "library") as library:
            build(library)
            build(library, root / "full")
            if current_tree(library) != tree(root / "full"):
                faults.append("the next build does not mend it")
        shutil.rmtree(root)
        return [f"{call} #{ordinal}: {fault}" for fault in faults]

    with ThreadPoolExecutor(2) as pool:
        found = pool.map(kill_at, list(enumerate(points))[:: max(1, len(points) // 20)])
        faults = [fault for some in found for fault in some]
    assert faults == []
