"""Kills and failed writes at every system call that changes something, for the tests of them.

`Walk` does a verb (`verbs.py`) once to see its calls, then again for each of them on a fresh copy
of the library, with a signal or an error at that call. Afterwards the library is opened as always,
and `faults` looks at everything.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from checker import sha, violations
from verbs import Verb

from imagelib.errors import ImagelibError
from imagelib.library.library import Library

#: Calls that change files; a crash between two others is the same as one at these.
CALLS = ("pwrite64,write,ftruncate,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,"
         "unlinkat,mkdir,openat,copy_file_range,sendfile")
HAS_STRACE = shutil.which("strace") is not None
#: Walk every point instead of a sample.
ALL = bool(os.environ.get("IMAGELIB_CRASH_ALL") or os.environ.get("IMAGELIB_ALL"))
#: After the acknowledgement.
THE_END = ("getpgid", 2)

Point = tuple[str, int]
Look = Callable[[Path, "Outcome"], list[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a verb that was done."""

    said: str
    killed: bool

    @property
    def acknowledged(self) -> bool:
        """Whether it was said to be done."""
        return self.said.startswith("ACK")

    @property
    def in_words(self) -> bool:
        """Whether it was done, or refused as a person should hear of it."""
        return self.acknowledged or (self.said.startswith("SAID ") and "STUCK" not in self.said)


class Stage:
    """Two processes that do verbs under strace when they are asked to."""

    def __init__(self, *options: str) -> None:
        self._steps: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
        step = Path(__file__).with_name("crash_step.py")
        for _ in range(2):
            self._steps.put(subprocess.Popen(
                [sys.executable, str(step), *options], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True))

    def do(self, verb: str, root: Path, log: Path | None = None, *options: str) -> Outcome:
        """Do it below *root*; strace gets *options* and writes *log*."""
        step = self._steps.get()
        try:
            step.stdin.write(json.dumps({"verb": verb, "root": str(root), "options": options,
                                         "log": str(log or "")}) + "\n")
            step.stdin.flush()
            return Outcome(**json.loads(step.stdout.readline()))
        finally:
            self._steps.put(step)

    def close(self) -> None:
        """End both."""
        for _ in range(2):
            step = self._steps.get()
            step.stdin.close()
            step.wait()
            step.stdout.close()


class Walk:
    """One verb, and all the calls at which it can be broken off."""

    def __init__(self, stage: Stage, verb: Verb, seed: Path, folder: Path) -> None:
        self._stage, self._verb, self._folder = stage, verb, folder
        self.seed = folder / "seed"
        shutil.copytree(seed, self.seed)
        verb.prepare(self.seed)
        self._before = state(self.seed)
        self._bytes = pictures(self.seed)
        # One step mends nothing that was wrong before it.
        self._known = set(violations(self.seed / "library")) if verb.atomic else set()
        self.dry = self._copy("dry")
        done = stage.do(verb.name, self.dry, folder / "log", "-y", "-s", "4096",
                        "-e", f"trace={CALLS},getpgid")
        assert done.acknowledged, done.said
        self.log = (folder / "log").read_text(errors="replace")
        self.points = list(_points(self.log))

    def _copy(self, name: str) -> Path:
        root = self._folder / name
        shutil.copytree(self.seed, root, symlinks=True)
        self._verb.each(root)
        return root

    def sample(self, count: int, path: str = "") -> list[Point]:
        """About *count* of the points, others for each verb, and the end; with ALL every point.

        With a *path* only the points at files that have it in their own.
        """
        points = list(_points(self.log, path)) if path else self.points
        step = 1 if ALL else max(1, len(points) // count)
        return [*points[zlib.crc32(self._verb.name.encode()) % step::step], THE_END]

    def kill(self, points: list[Point], look: Look | None = None) -> list[str]:
        """What is wrong after a kill at each of *points*, as *look* (by default `faults`) says."""
        return self._at_each([(call, f"inject={call}:signal=SIGKILL:when={n}", n)
                              for call, n in points], look or self._look, dies=True)

    def fail(self, points: list[Point], error: str) -> list[str]:
        """What is wrong after *error* at each of *points*."""
        return self._at_each([(call, f"inject={call}:error={error}:when={n}", n)
                              for call, n in points], self._look, dies=False)

    def _look(self, root: Path, outcome: Outcome) -> list[str]:
        return [fault for fault in faults(self._verb, root, self._before, self._bytes, outcome)
                if fault not in self._known]

    def _at_each(self, injections: list[tuple[str, str, int]], look: Look, *,
                 dies: bool) -> list[str]:
        def at(numbered: tuple[int, tuple[str, str, int]]) -> list[str]:
            number, (call, inject, ordinal) = numbered
            root = self._copy(f"w{number}")
            log = self._folder / f"log{number}"
            done = self._stage.do(self._verb.name, root, log, "-e", f"trace={CALLS},getpgid",
                                  "-e", inject)
            found = look(root, done)
            if dies and not done.killed:
                found.append("is alive")
            if not dies and not done.in_words:
                found.append(done.said)
            shutil.rmtree(root)
            log.unlink()
            return [f"{self._verb.name} {call} #{ordinal}: {fault}" for fault in found]

        with ThreadPoolExecutor(2) as pool:
            return [fault for found in pool.map(at, enumerate(injections)) for fault in found]


def _points(log: str, path: str = "") -> Iterator[Point]:
    """(call, its ordinal) for every call of the verb itself that changes something at *path*."""
    counts: dict[str, int] = {}
    begun = False
    for line in log.splitlines():
        name = line.split("(")[0]
        if "(" not in line:
            continue
        counts[name] = counts.get(name, 0) + 1
        if name == "getpgid":
            begun = not begun
        elif (begun and name in CALLS.split(",") and path in line
              and (name != "openat" or "O_CREAT" in line)):
            yield name, counts[name]


def faults(verb: Verb, root: Path, before: Any, bytes_before: set[str],
           outcome: Outcome) -> list[str]:
    """Open the library as always and look at everything."""
    found = []
    where = root / "library"
    try:
        verb.first(root)
        Library.open(where).close()
        once = state(root), files(root)
        with Library.open(where) as library:
            if (state(root), files(root)) != once:
                found.append("opening twice is not opening once")
            done = verb.done(library, root)
            if outcome.acknowledged and not done:
                found.append("acknowledged and lost")
            if verb.atomic and not done and once[0] != before and (
                    outcome.killed or not verb.reports):
                found.append(f"half done: {before} became {once[0]}")
            verb.settle(library)
    except (ImagelibError, OSError) as error:
        return [*found, f"it does not open: {error!r}"]
    found += violations(where, built=False, purged=verb.destroys(root) if done else ())
    lost = bytes_before - pictures(root) - verb.destroys(root)
    return found + [f"the bytes {digest[:12]} are destroyed" for digest in lost]


def state(root: Path) -> dict[str, list[Any]]:
    """What the rows say, without times."""
    if not (root / "library" / "library.db").exists():
        return {}
    with closing(sqlite3.connect(f"{(root / 'library' / 'library.db').as_uri()}?mode=ro",
                                 uri=True)) as database:
        return {query: sorted(database.execute(query).fetchall()) for query in (
            "SELECT id, file_name, digest, rating, notes, file_state FROM images",
            "SELECT i.id, t.name FROM images i, image_tags it, tags t"
            " WHERE it.image = i.pk AND it.tag = t.id AND t.name <> 'afterwards'",
            "SELECT id, digest, file IS NULL FROM trash", "SELECT image, digest FROM replaced")}


def files(root: Path) -> dict[str, str]:
    """Every file below the folders that hold pictures, with its digest."""
    library = root / "library"
    return {str(path): sha(path) for folder in (
        library / "images", library / ".imagelib" / "trash", library / ".imagelib" / "aside",
        library / "site" / "images", root / "incoming")
        for path in sorted(folder.rglob("*")) if path.is_file()}


def pictures(root: Path) -> set[str]:
    """The digests of all pictures that the library has, or is about to have."""
    return set(files(root).values())
