"""What is acknowledged would be there after a power cut: it was flushed before, names and bytes.

The model is stricter than most file systems: bytes are kept by an fsync of their file, and a name
(made, given away, taken back) by one of its folder. The system calls of each verb (`verbs.py`) are
read from the log of strace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import count
from pathlib import Path

import pytest
from crashing import HAS_STRACE, Stage, Walk
from verbs import VERBS, seeded

pytestmark = pytest.mark.skipif(not HAS_STRACE, reason="strace is not installed, which sees calls")

#: Locks and shared memory mean nothing after the power is back. The log has its folder synced by
#: SQLite when it is flushed for the first time, which was before.
FLEETING = ("*.lock", "*.new", "*-shm", "*-wal", ".imagelib-*", "*.partial",
            "*.derived", "derivatives")  # what is not whole of these is as good as none

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_HANDLE = re.compile(r"^\w+\(\d+<([^>]*)>")


class Disk:
    """The names and bytes below a folder, as they are and as a power cut would leave them."""

    def __init__(self, root: Path, held: Path) -> None:
        """*held* is how the folder was before, which is on the disk."""
        self._root, self._numbers = str(root), count()
        self.names = {str(root / path.relative_to(held)): next(self._numbers)
                      for path in [held, *held.rglob("*")]}
        self._kept = dict(self.names)
        self._dirty: set[int] = set()
        self.faults: list[str] = []

    def read(self, line: str) -> None:
        """Follow one call."""
        call = line.split("(")[0]
        result = line.rsplit(" = ", 1)[-1]
        if result.startswith("-1"):
            return
        paths = [path for path in _STRING.findall(line) if path.startswith(self._root)]
        handle = _HANDLE.match(line)
        held = handle[1] if handle and handle[1].startswith(self._root) else None
        if call in ("write", "pwrite64", "ftruncate", "sendfile", "copy_file_range") and held:
            if held in self.names:
                self._dirty.add(self.names[held])
        elif call in ("fsync", "fdatasync") and held:
            self._dirty.discard(self.names.get(held, -1))
            self._sync(held)
        elif call == "openat" and "O_CREAT" in line and paths:
            self.names.setdefault(paths[0], next(self._numbers))
        elif call == "mkdir" and paths:
            self.names[paths[0]] = next(self._numbers)
        elif call.startswith("unlink") and paths:
            self.names.pop(paths[0], None)
        elif call.startswith(("rename", "link")) and len(paths) == 2:
            moved = (self.names.pop if call.startswith("rename") else self.names.get)(
                paths[0], next(self._numbers))
            if moved in self._dirty and not _is_fleeting(paths[1]):
                self.faults.append(f"{self._short(paths[1])} has its name before its bytes")
            self.names[paths[1]] = moved

    def _sync(self, folder: str) -> None:
        for names, other in ((self.names, self._kept), (self._kept, self.names)):
            for path in [p for p in names if p.rpartition("/")[0] == folder]:
                if names is self.names:
                    self._kept[path] = self.names[path]
                elif path not in other:
                    del self._kept[path]

    def unflushed(self) -> Iterator[str]:
        """What a power cut would take back now."""
        yield from self.faults
        for path in sorted(self.names.keys() | self._kept.keys()):
            if _is_fleeting(path) and not path.endswith("-wal"):
                continue
            if self.names.get(path) in self._dirty:
                yield f"the bytes of {self._short(path)}"
            if not _is_fleeting(path) and self.names.get(path) != self._kept.get(path):
                yield f"the name {self._short(path)}"

    def _short(self, path: str) -> str:
        return path.removeprefix(self._root)


def _is_fleeting(path: str) -> bool:
    return any(fnmatch(path.rpartition("/")[2], pattern) for pattern in FLEETING)


@pytest.fixture(scope="module")
def seed(tmp_path_factory):
    return seeded(tmp_path_factory.mktemp("power") / "seed")


@pytest.fixture(scope="module")
def stage():
    opened = Stage()
    yield opened
    opened.close()


@pytest.mark.parametrize("verb", sorted(VERBS.keys() - {"build"}))
def test_what_is_acknowledged_is_flushed(stage, seed, tmp_path, verb):
    # A site may be made anew; where it was published, nobody would.
    matters = "/out/" if verb.startswith("publish") else ""
    walk = Walk(stage, VERBS[verb], seed, tmp_path)
    seen = {}
    for blind in (False, True):  # one that sees no fsync sees that they are missing
        disk = Disk(walk.dry, walk.seed)
        for line in walk.log.split("getpgid", 2)[1].splitlines():
            if not (blind and line.startswith(("fsync", "fdatasync"))):
                disk.read(line)
        seen[blind] = [one for one in disk.unflushed() if matters in one]
    assert seen[False] == []
    assert seen[True]
