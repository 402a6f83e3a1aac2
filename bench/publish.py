"""How long publishing takes: first, nothing to do, one edit of each kind. Prints JSON.

    python bench/publish.py [--count 1000] [--width PIXELS]

Beside it, in the same run, the library's own taking in, which makes thumbnails, and build. Pictures
are drawn by the demo's own code, and made as wide as is said; CPU seconds include children, memory
is that of the largest process. "Only the proof" reads every file again, of which nothing else is
new.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from build import Timer

from imagelib.demo.drawing import draw
from imagelib.demo.saving import save
from imagelib.library.library import Library


def main() -> None:
    """Run all and print one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--width", type=int, help="of the pictures, in pixels")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pictures, root = Path(folder) / "pictures", Path(folder) / "library"
        pictures.mkdir()
        with ProcessPoolExecutor() as pool:
            list(pool.map(partial(make, pictures, arguments.width), range(arguments.count),
                          chunksize=20))
        Library.create(root).close()
        print(json.dumps({"pictures": arguments.count, "width": arguments.width,
                          "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2),
                          "python": sys.version.split()[0], **ours(root, pictures)}, indent=2))


def make(folder: Path, width: int | None, number: int) -> None:
    """Draw the picture of this *number* into *folder*, *width* pixels wide if that is given."""
    picture = draw(number)
    if width:
        picture.image = picture.image.resize(
            (width, round(picture.image.height * width / picture.image.width)))
    save(picture, folder, number)


def ours(root: Path, pictures: Path) -> dict[str, object]:
    """The command line, as a user runs it."""
    publish = ("publish", "portfolio", "--to", str(root.parent / "out"), "--yes", "--json")
    results: dict[str, object] = {"add": command(root, "add", str(pictures)),
                                  "build": command(root, "build")}
    results["first"] = command(root, *publish)
    results["nothing to do"] = command(root, *publish)
    forget_what_was_read(root)
    results["only the proof"] = command(root, *publish)
    for name, fields in (("a note", {"notes": "not public"}), ("a title", {"title": "New title"})):
        with Library.open(root) as library:
            library.edit(library.find("", 1)[0].id, **fields)
        results[name] = command(root, *publish)
    with Library.open(root) as library:
        library.delete(library.find("", 2)[1].id)
    results["a deletion"] = command(root, *publish)
    results["largest_process_mb"] = round(
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    return results


def forget_what_was_read(root: Path) -> None:
    """Let the proof read every file of the publication again."""
    (memory,) = root.glob(".imagelib/published/*/sources.db")
    with contextlib.closing(sqlite3.connect(memory)) as connection, connection:
        connection.execute("DELETE FROM seen")


def command(root: Path, *arguments: str) -> dict[str, object]:
    """Time `imagelib ...` as a process; what it says of files, too."""
    with Timer() as timer:
        done = subprocess.run([sys.executable, "-m", "imagelib", "-L", str(root), *arguments],
                              capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    said = json.loads(done.stdout) if "--json" in arguments else {}
    return timer.result | {name: len(said[name]) for name in ("sent", "remove") if name in said}


if __name__ == "__main__":
    main()
