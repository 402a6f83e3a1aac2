"""A library beside the arena's: copied hot, restored and killed while pictures are added to it.

Each step stands still for a moment where its files are moved and nothing is committed yet, so
that copies and restores meet it there.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from checker import sha, violations

#: Adds two files and says which; the second one stands still between its moves and the commit.
#: Then it keeps the library open until its input ends.
ADDING = """
import json, sys, time
from pathlib import Path
from imagelib.library.originals import intents
from imagelib.library.library import Library

whole = intents.Intents._move

def slowly(self, plan, progress):
    whole(self, plan, progress)
    print("MOVED", flush=True)
    time.sleep(0.7)

with Library.open(sys.argv[1]) as library:
    for number, path in enumerate(sys.argv[2:]):
        if number:
            intents.Intents._move = slowly
        image = library.add(Path(path)).image
        print(json.dumps([image.id, image.digest]), flush=True)
    sys.stdin.read()
"""
#: Deletes an image or replaces its file, and stands still for some seconds where files are moved
#: and nothing is committed.
CHANGING = """
import sys, time
from pathlib import Path
from imagelib.library.originals import intents
from imagelib.library.library import Library

whole = intents.Intents._move

def slowly(self, plan, progress):
    whole(self, plan, progress)
    print("MOVED", flush=True)
    time.sleep(float(sys.argv[3]))

intents.Intents._move = slowly
with Library.open(sys.argv[1]) as library:
    if len(sys.argv) > 4:
        library.replace_file(sys.argv[2], Path(sys.argv[4]))
    else:
        library.delete(sys.argv[2])
"""
KINDS = ("copy", "restore", "backup", "kill", "by hand")


class Copies:
    """One round after the other: somebody adds, somebody else copies, restores or kills."""

    def __init__(self, folder: Path, picture: Callable[[random.Random], Path],
                 note: Callable[[str], None], fault: Callable[[str], None]) -> None:
        self.root, self._folder = folder / "beside", folder
        self._picture, self._note, self._fault = picture, note, fault
        self._acknowledged: dict[str, str] = {}
        self._backup = folder / "beside.db"
        self._rounds = 0

    def round(self, rng: random.Random) -> None:
        """Add a few pictures, and do something else meanwhile."""
        if not self.root.exists():
            self._run("init")
            self._run("add", str(self._picture(rng)))
            self._run("backup", str(self._backup))
        paths = [self._picture(rng) for _ in range(2)]
        adding = subprocess.Popen([sys.executable, "-c", ADDING, str(self.root), *map(str, paths)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert adding.stdout is not None
        lines = [adding.stdout.readline()]
        while lines[-1] and lines[-1] != "MOVED\n":
            lines.append(adding.stdout.readline())
        kind = KINDS[self._rounds % len(KINDS)]
        self._rounds += 1
        copy, kept = self._folder / "beside-copy", self._folder / "beside-2.db"
        if kind == "copy":
            shutil.copytree(self.root, copy, dirs_exist_ok=True)
        elif kind == "restore" and self._run("restore", str(self._backup), "--yes") == 0:
            self._fault("a restore went on while somebody had the library open")
        elif kind == "backup":
            self._run("backup", str(kept))
        elif kind == "by hand":
            for end in ("", "-wal"):
                shutil.copyfile(self.root / f"library.db{end}", f"{kept}{end}")
        elif kind == "kill":
            time.sleep(rng.uniform(0, 1))
            adding.kill()
        lines += adding.communicate("")[0].splitlines()
        self._acknowledged |= dict(json.loads(line) for line in lines if line.startswith("["))
        if kind == "copy":
            self._run("check", root=copy)  # opens it to write
            shutil.rmtree(copy)
        elif kind == "backup":
            # What was added since has no row then; its file must still be there.
            self._run("restore", str(kept), "--yes")
            kept.unlink(missing_ok=True)
        elif kind == "by hand":
            for path in self.root.glob("library.db*"):
                path.unlink()
            for end in ("", "-wal"):
                Path(f"{kept}{end}").rename(self.root / f"library.db{end}")
        self._run("check")
        self._verify(kind)
        self._change_twice(rng)
        self._note(f"beside {kind}")

    def _change_twice(self, rng: random.Random) -> None:
        """Somebody else changes what is being changed: the later one is done behind the first, or
        is refused in words, and never on what was before it."""
        with closing(sqlite3.connect(self.root / "library.db")) as database:
            ids = [row[0] for row in database.execute("SELECT id FROM images ORDER BY id")]
        image, replaces = rng.choice(ids), rng.random() < 0.5
        # The later one would be done first, if nothing held it.
        commands = [[sys.executable, "-c", CHANGING, str(self.root), image, seconds,
                     *([str(self._picture(rng))] if replaces else [])] for seconds in ("3", "0")]
        before = violations(self.root)  # a restored backup has no rows of what was added since
        first = subprocess.Popen(commands[0], stdout=subprocess.PIPE, text=True)
        assert first.stdout is not None
        assert first.stdout.readline() == "MOVED\n"
        subprocess.run(commands[1], capture_output=True, timeout=90)
        first.communicate()
        if not replaces:
            self._run("trash", "restore", image)
        for said in set(violations(self.root)) - set(before):
            self._fault(f"{'replaced' if replaces else 'deleted'} twice: {said}")

    def _verify(self, kind: str) -> None:
        there = {sha(path) for path in self.root.rglob("*") if path.is_file()}
        for image_id, digest in list(self._acknowledged.items()):
            if digest not in there:
                self._fault(f"{kind}: the bytes of {image_id}, which were acknowledged, are lost")
                del self._acknowledged[image_id]

    def _run(self, *arguments: str, root: Path | None = None) -> int:
        done = subprocess.run(
            [sys.executable, "-m", "imagelib", "-L", str(root or self.root), *arguments],
            capture_output=True, text=True, timeout=90)
        if "Traceback" in done.stderr:
            self._fault(f"{arguments[0]}: {done.stderr[-400:]}")
        return done.returncode
