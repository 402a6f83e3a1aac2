"""What a large library costs: taking in, building, one edit, the daemon. Prints JSON.

    python bench/scale.py [--count 100000] [--library FOLDER]

A library of that many real files of 2 KB is made once; FOLDER keeps it for the next time, which
then leaves out what was measured while it was made. CPU seconds are those of all processes of a
command, or of the daemon and its workers; measure on a machine that does nothing else: `load` is
that before.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from build import Timer
from helpers import Daemon, wait_for

_PROMPT = ("{word} in the style of number {n}, masterpiece\nNegative prompt: blurry\nSteps: 20,"
           " Sampler: Euler a, CFG scale: 7, Seed: {n}, Size: 64x48, Model: model-{model}")
_WORDS = ("fox", "harbour", "lantern", "orchard", "glacier", "violin", "dragon", "meadow")
#: So many pictures of 1 MB are sent at a time.
_UPLOADS = 8


def main() -> None:
    """Make the library unless it is there, measure, print one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--library", type=Path)
    given = parser.parse_args()
    result: dict[str, Any] = {"count": given.count, "cores": os.cpu_count(),
                              "load": round(os.getloadavg()[0], 2)}
    with contextlib.ExitStack() as stack:
        folder = given.library or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        root = folder / "library"
        if not root.exists():
            result["first build, files laid into images/"] = first_build(root, given.count)
        commands(root, result)
        result["daemon"] = with_daemon(root, folder)
    print(json.dumps(result, indent=2))


def draw(path: Path) -> None:
    """A small picture with a prompt; both follow from its name."""
    number = int(path.stem)
    rng = Random(number)
    info = PngInfo()
    info.add_text("parameters", _PROMPT.format(word=rng.choice(_WORDS), n=number,
                                               model=number % 7))
    image = Image.frombytes("RGB", (4, 3), rng.randbytes(36)).resize((64, 48))
    image.save(path, pnginfo=info)
    os.utime(path, (1.7e9 + 60 * number,) * 2)


def first_build(root: Path, count: int) -> dict[str, float]:
    """Lay *count* files into a new library and build."""
    command(root.parent, "init", str(root))
    paths = [root / "images" / f"{number:06d}.png" for number in range(count)]
    with ProcessPoolExecutor() as pool:
        list(pool.map(draw, paths, chunksize=500))
    index = root / "site" / "index.html"
    seen: list[float] = []
    started = time.perf_counter()

    def note() -> bool:
        if not seen and index.exists():
            seen.append(round(time.perf_counter() - started, 2))
        return False

    with Peak(os.getpid, note) as peak:
        done = command(root, "build")
    return done | {"first_gallery_s": seen[0] if seen else done["wall_s"],
                   "peak_mb": peak.megabytes}


def commands(root: Path, result: dict[str, Any]) -> None:
    """What commands cost that change nothing, or one image."""
    command(root, "build")  # whatever was left to do
    result["nothing to build"] = best(lambda: command(root, "build"))
    image = json.loads(output(root, "list", "--limit", "1", "--json"))["items"][0]["id"]
    result["list"] = best(lambda: command(root, "list", "--limit", "20"))
    result["show"] = best(lambda: command(root, "show", image))
    ratings = iter([1, 2, 3, 4, 5, 1, 2])
    edits, builds = [], []
    for _ in range(3):
        edits.append(command(root, "edit", image, "--rating", str(next(ratings))))
        builds.append(command(root, "build"))
    result["edit"] = min(edits, key=lambda one: one["wall_s"])
    result["build after an edit"] = min(builds, key=lambda one: one["wall_s"])


def with_daemon(root: Path, folder: Path) -> dict[str, Any]:
    """First answers, an edit, a dropped file, and questions beside uploads."""
    found: dict[str, Any] = {}
    started = time.perf_counter()
    daemon = Daemon(root)
    try:
        assert daemon.get("/").status == 200
        found["first page_s"] = round(time.perf_counter() - started, 2)
        assert daemon.get("/api/images").status == 200
        found["first list_s"] = round(time.perf_counter() - started, 2)
        image = daemon.get("/api/images", page_size=1).json["items"][0]["id"]
        settle(daemon)
        found["one edit"] = statistics_of([an_edit(daemon, image, n) for n in (1, 2, 3)])
        settle(daemon)
        found["one dropped file"] = statistics_of(
            [dropped(daemon, root, folder, number) for number in range(3)])
        settle(daemon)
        found[f"answers beside {_UPLOADS} uploads, ms"] = beside_uploads(daemon, folder)
        found["memory_mb"] = Peak.now(daemon.process.pid)
    finally:
        daemon.stop()
    return found


def settle(daemon: Daemon) -> None:
    """Wait until the daemon does nothing more."""
    daemon.wait_built(600)
    before = -1.0
    while (now := cpu_of(daemon.process.pid)) - before > 0.02:
        before = now
        time.sleep(1)


def an_edit(daemon: Daemon, image: str, rating: int) -> dict[str, float]:
    """From a PUT until the manifest shows it, and what that costs in the end."""
    manifest = daemon.root / "site" / "data" / "manifest.js"
    before, cpu = manifest.read_bytes(), cpu_of(daemon.process.pid)
    started = time.perf_counter()
    assert daemon.ask("PUT", f"/api/images/{image}",
                      json_body={"notes": f"{rating} {started}"}).status == 200
    wait_for(lambda: manifest.read_bytes() != before, 60)
    wall = time.perf_counter() - started
    settle(daemon)
    return {"manifest_s": wall, "cpu_s": cpu_of(daemon.process.pid) - cpu}


def dropped(daemon: Daemon, root: Path, folder: Path, number: int) -> dict[str, float]:
    """From a file in images/ until the API lists it, and what that costs in the end."""
    path = folder / f"{int(time.time() * 1000) % 10**9}{number}.png"
    draw(path)
    total, cpu = daemon.get("/api/status").json["images"], cpu_of(daemon.process.pid)
    started = time.perf_counter()
    path.rename(root / "images" / path.name)
    wait_for(lambda: daemon.get("/api/status").json["images"] > total, 120)
    wall = time.perf_counter() - started
    settle(daemon)
    return {"listed_s": wall, "cpu_s": cpu_of(daemon.process.pid) - cpu}


def beside_uploads(daemon: Daemon, folder: Path) -> dict[str, float]:
    """How long lists and filters take while pictures of 1 MB are sent."""
    pictures = []
    for number in range(_UPLOADS * 3):
        rng = Random(time.time_ns() + number)
        path = folder / f"upload-{number}.png"
        noise = Image.frombytes("RGB", (600, 560), rng.randbytes(600 * 560 * 3))
        noise.save(path, compress_level=1)
        pictures.append(path)
    over = threading.Event()
    times: list[float] = []

    def ask() -> None:
        rng = Random(1)
        while not over.wait(0.01):
            started = time.perf_counter()
            answer = daemon.get("/api/images", rating_min=rng.randint(0, 3), q=rng.choice(_WORDS))
            assert answer.status == 200
            times.append((time.perf_counter() - started) * 1000)

    asking = threading.Thread(target=ask)
    asking.start()
    with ThreadPoolExecutor(_UPLOADS) as senders:
        assert {answer.status for answer in senders.map(
            lambda path: daemon.upload(path, name=path.name), pictures)} <= {200, 201, 503}
    over.set()
    asking.join()
    times.sort()
    return {"p50": round(statistics.median(times), 1),
            "p99": round(times[int(len(times) * 0.99)], 1), "max": round(times[-1], 1),
            "n": len(times)}


# -- times and memory -----------------------------------------------------------


def command(root: Path, *arguments: str) -> dict[str, float]:
    """Run imagelib; CPU seconds with all processes, and seconds of wall clock."""
    with Timer() as timer:
        output(root, *arguments)
    return timer.result


def output(root: Path, *arguments: str) -> str:
    """What a command prints."""
    return subprocess.run([sys.executable, "-m", "imagelib", "-L", str(root), *arguments],
                          check=True, capture_output=True, text=True).stdout


def best(run: Callable[[], dict[str, float]]) -> dict[str, float]:
    """The quickest of five."""
    return min((run() for _ in range(5)), key=lambda one: one["wall_s"])


def statistics_of(runs: list[dict[str, float]]) -> dict[str, float]:
    """The median of each number."""
    return {key: round(statistics.median(run[key] for run in runs), 3) for key in runs[0]}


def below(pid: int) -> Iterator[int]:
    """A process and all that it has started."""
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from below(int(child))


def cpu_of(pid: int) -> float:
    """CPU seconds of a process, of its children, and of those of them that have ended."""
    ticks = 0
    for one in below(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15] if one == pid else fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


class Peak:
    """The most memory of a process and all below it, of what is shared each its part."""

    def __init__(self, pid: Callable[[], int], each: Callable[[], object]) -> None:
        self._pid, self._each = pid, each

    def __enter__(self) -> Peak:
        self.megabytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.25):
            self._each()
            self.megabytes = max(self.megabytes, self.now(self._pid(), with_itself=False))

    @staticmethod
    def now(pid: int, *, with_itself: bool = True) -> int:
        """Megabytes now."""
        kilobytes = 0
        for one in below(pid):
            with contextlib.suppress(OSError):
                if with_itself or one != pid:
                    text = Path(f"/proc/{one}/smaps_rollup").read_text()
                    found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
                    kilobytes += int(found[1]) if found else 0
        return kilobytes // 1024


if __name__ == "__main__":
    main()
