"""How long builds take: cold, nothing to do, one added, one changed. Prints JSON.

    python bench/build.py [--count 1000]

Pictures are drawn by the demo's own code; CPU seconds are those of this machine, children included.
Peers are measured in the same run if they are installed (sigal).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
        pictures = Path(folder) / "pictures"
        pictures.mkdir()
        for number in range(arguments.count + 1):
            save(draw(number), pictures, number)
        late = pictures / f"late{next(pictures.glob(f'{arguments.count + 1:04d}*')).suffix}"
        next(pictures.glob(f"{arguments.count + 1:04d}*")).rename(Path(folder) / late.name)
        print(json.dumps({
            "pictures": arguments.count,
            "bytes": sum(p.stat().st_size for p in pictures.iterdir()),
            "cores": os.cpu_count(),
            "python": sys.version.split()[0],
            "imagelib": ours(Path(folder), pictures, Path(folder) / late.name),
            "sigal": sigal(Path(folder), pictures),
        }, indent=2))


def ours(folder: Path, pictures: Path, late: Path) -> dict[str, object]:
    """The command line, as a user runs it."""
    root = folder / "library"
    results: dict[str, object] = {}
    with Library.create(root) as library:
        with Timer() as timer:
            add_paths(library, [pictures])
        results["add"] = timer.result
    results["cold"] = command(root, "build")
    results["no-op"] = command(root, "build")
    with Library.open(root) as library:
        library.edit(library.find("", 1)[0].id, rating=5)
    results["one edit"] = command(root, "build")
    results["add one"] = command(root, "add", str(late))
    results["build it"] = command(root, "build")
    return results


def sigal(folder: Path, pictures: Path) -> dict[str, object] | None:
    """The nearest peer in Python, with thumbnails of our size, if it is installed."""
    if shutil.which("sigal") is None:
        return None
    config = folder / "sigal.conf.py"
    config.write_text("source = 'source'\ndestination = 'out'\nthumb_size = (400, 400)\n"
                      "use_orig = True\n")
    shutil.copytree(pictures, folder / "source")
    run = ["sigal", "build", "-c", str(config)]
    return {"cold": timed(run, folder), "no-op": timed(run, folder)}


def command(root: Path, *arguments: str) -> dict[str, float]:
    """Time `imagelib ...` as a process."""
    return timed([sys.executable, "-m", "imagelib", "-L", str(root), *arguments], root)


def timed(run: list[str], folder: Path) -> dict[str, float]:
    """CPU and wall seconds of a process and its children."""
    with Timer() as timer:
        subprocess.run(run, cwd=folder, check=True, capture_output=True)
    return timer.result


class Timer:
    """Seconds of CPU (children that ended included) and of wall clock."""

    def __enter__(self) -> Timer:
        self._start = self._now()
        return self

    def __exit__(self, *_: object) -> None:
        cpu, wall = self._now()
        self.result = {"cpu_s": round(cpu - self._start[0], 3),
                       "wall_s": round(wall - self._start[1], 3)}

    @staticmethod
    def _now() -> tuple[float, float]:
        usage = [resource.getrusage(who) for who in
                 (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(u.ru_utime + u.ru_stime for u in usage), time.perf_counter()


if __name__ == "__main__":
    main()
