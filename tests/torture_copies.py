"""A library beside the arena's: copied hot, restored and killed while pictures are added to it.

Each step stands still for a moment where its files are moved and nothing is committed yet, so
that copies and restores meet it there.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from checker import sha

#: Adds files one by one and says which; slowly, between the moves and the commit.
ADDING = """
import json, sys, time
from pathlib import Path
from imagelib.library import intents
from imagelib.library.library import Library

whole = intents.Intents._move

def slowly(self, plan, progress):
    whole(self, plan, progress)
    time.sleep(0.15)

intents.Intents._move = slowly
with Library.open(sys.argv[1]) as library:
    for path in sys.argv[2:]:
        image, _ = library.add(Path(path))
        print(json.dumps([image.id, image.digest]), flush=True)
"""


class Copies:
    """One round after the other: somebody adds, somebody else copies, restores or kills."""

    def __init__(self, folder: Path, picture: Callable[[random.Random], Path],
                 note: Callable[[str], None], fault: Callable[[str], None]) -> None:
        self.root, self._folder = folder / "beside", folder
        self._picture, self._note, self._fault = picture, note, fault
        self._acknowledged: dict[str, str] = {}
        self._backup = folder / "beside.db"

    def round(self, rng: random.Random) -> None:
        """Add a few pictures, and do something else meanwhile."""
        if not self.root.exists():
            self._run("init")
            self._run("add", str(self._picture(rng)))
            self._run("backup", str(self._backup))
        paths = [self._picture(rng) for _ in range(4)]
        adding = subprocess.Popen([sys.executable, "-c", ADDING, str(self.root), *map(str, paths)],
                                  stdout=subprocess.PIPE, text=True)
        assert adding.stdout is not None
        lines = [adding.stdout.readline()]
        time.sleep(rng.uniform(0.0, 0.3))
        kind = rng.choice(["copy", "copy", "restore", "kill", "backup"])
        copy = self._folder / "beside-copy"
        if kind == "copy":
            shutil.copytree(self.root, copy, dirs_exist_ok=True)
            self._run("check", "--fix", root=copy)
            self._run("list", root=copy)
        elif kind == "restore":
            code = self._run("restore", str(self._backup), "--yes")
            if code == 0 and adding.poll() is None:
                self._fault("a restore went on beside an import")
        elif kind == "backup":
            self._run("backup", str(self._folder / "beside-2.db"))
        else:
            adding.kill()
        lines += adding.communicate()[0].splitlines()
        self._acknowledged |= dict(json.loads(line) for line in lines if line.strip())
        if kind == "backup":
            # What was added since has no rows then; its files must still be there.
            self._run("restore", str(self._folder / "beside-2.db"), "--yes")
        self._run("build")  # takes in what has no row
        self._verify(kind)
        shutil.rmtree(copy, ignore_errors=True)
        self._note(f"beside {kind}")

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
