"""How fast pictures come in: reading metadata, hashing, the whole of `add`. Prints JSON.

    python bench/ingest.py [--counts 1000 10000] [--size 256]

Pictures are small, so that the program's own work is seen and not the decoder's; `--size` draws
larger ones. Rates are files per second of wall clock and per second of CPU, workers included; the
rate of the last tenth against that of the first says whether adding grows slower with the library.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imagelib.ingest.embedded import read
from imagelib.ingest.importer import ImportReport, add_paths
from imagelib.library.library import Library


def main() -> None:
    """Measure each size and print one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--size", type=int, default=64)
    arguments = parser.parse_args()
    results = []
    for count in arguments.counts:
        with tempfile.TemporaryDirectory() as folder:
            results.append(measure(Path(folder), count, arguments.size))
    print(json.dumps({"cores": os.cpu_count(), "python": sys.version.split()[0],
                      "size": arguments.size, "results": results}, indent=2))


def measure(folder: Path, count: int, size: int) -> dict[str, object]:
    """All rates at *count* pictures."""
    pictures = folder / "in"
    pictures.mkdir()
    for number in range(count):
        draw(pictures / f"{number:06d}.png", number, size)
    files = sorted(pictures.iterdir())
    result: dict[str, object] = {"count": count, "bytes": sum(f.stat().st_size for f in files)}
    result["read metadata"] = rate(count, lambda: [read(path) for path in files])
    result["hash"] = rate(count, lambda: [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
    marks: list[tuple[int, float]] = []

    def progress(report: ImportReport) -> None:
        marks.append((report.seen, time.perf_counter()))

    with Library.create(folder / "library") as library, PeakMemory() as peak:
        result["add"] = rate(count, lambda: add_paths(library, [pictures], progress=progress))
    result["add, last tenth against first"] = round(
        pace(marks, 0.9, 1.0) / pace(marks, 0.0, 0.1), 2)
    result["peak MB of the main process"] = peak.megabytes
    return result


def draw(path: Path, seed: int, size: int) -> None:
    """A picture with a prompt of some length."""
    rng = random.Random(seed)
    words = " ".join(f"word{rng.randrange(4000)}" for _ in range(60))
    info = PngInfo()
    info.add_text("parameters", f"{words}\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a,"
                                f" CFG scale: 7, Seed: {seed}, Size: 512x512, Model: flux1-dev")
    Image.frombytes("RGB", (8, 8), rng.randbytes(192)).resize((size, size)).save(
        path, pnginfo=info)


def rate(count: int, work: object) -> dict[str, float]:
    """Files per second of wall clock and of CPU."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    work()  # type: ignore[operator]
    cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
    return {"per_s": round(count / wall), "per_cpu_s": round(count / max(cpu, 1e-6))}


def cpu_seconds() -> float:
    """Of this process and of workers that have ended; living workers are not counted."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def pace(marks: list[tuple[int, float]], start: float, end: float) -> float:
    """Files per second between two shares of the run."""
    low, high = marks[int(start * (len(marks) - 1))], marks[int(end * (len(marks) - 1))]
    return (high[0] - low[0]) / max(high[1] - low[1], 1e-9)


class PeakMemory:
    """The most memory of the main process while the block runs, sampled."""

    def __enter__(self) -> PeakMemory:
        self.megabytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.megabytes = max(self.megabytes,
                                 pages * resource.getpagesize() // 2**20)


if __name__ == "__main__":
    main()
