"""How long publishing takes: first, nothing to do, one edit of each kind. Prints JSON.

    python bench/publish.py [--count 1000]

Beside it, in the same run, the library's own build. Pictures are drawn by the demo's own code; CPU
seconds include children, memory is that of the largest process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from build import Timer

from imagelib.demo.drawing import draw
from imagelib.demo.saving import save
from imagelib.ingest.importer import add_paths
from imagelib.library.library import Library


def main() -> None:
    """Run all and print one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pictures, root = Path(folder) / "pictures", Path(folder) / "library"
        pictures.mkdir()
        for number in range(arguments.count):
            save(draw(number), pictures, number)
        with Library.create(root) as library:
            add_paths(library, [pictures])
        print(json.dumps({"pictures": arguments.count, "cores": os.cpu_count(),
                          "python": sys.version.split()[0], **ours(root)}, indent=2))


def ours(root: Path) -> dict[str, object]:
    """The command line, as a user runs it."""
    publish = ("publish", "portfolio", "--to", str(root.parent / "out"), "--yes", "--json")
    results: dict[str, object] = {"build": command(root, "build")}
    results["first"] = command(root, *publish)
    results["nothing to do"] = command(root, *publish)
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
