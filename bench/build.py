"""How long taking in and building take: cold, nothing to do, one edit, one added. Prints JSON.

    python bench/build.py [--count 100] [--rounds 3]
    python bench/build.py --peers       # and other programs, fetched into a temporary folder

Pictures are drawn from a seed, as large as generators make them, and weigh about 1 MB each: 70 %
PNG, 20 % JPEG, 10 % WebP. Each program makes one thumbnail of 400 pixels, in WebP where it can;
eleventy-img also two of 400 and 800, as we do by default. CPU seconds are those of all processes of
a command, and rounds are interleaved; compare only ratios within one run, and only where
nothing else is running. Peers: sigal (pip), eleventy-img (npm; its pictures alone, no pages), Hugo
(apt). One that cannot be fetched is null.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter

_SIZES = [(512, 512), (512, 768), (768, 512), (832, 1216), (1216, 832), (1024, 1024),
          (1024, 1024), (1024, 1024), (896, 1152), (1344, 768), (1536, 1024)]
_ELEVENTY = """
import Image from "@11ty/eleventy-img";
import fs from "node:fs";
import path from "node:path";
const [from, outputDir, widths] = process.argv.slice(2);
await Promise.all(fs.readdirSync(from).map((name) => Image(path.join(from, name), {
  widths: widths.split(",").map(Number), formats: ["webp"], outputDir,
  sharpWebpOptions: { quality: 80 } })));
"""
_HUGO = ('{{ range .Resources.ByType "image" }}{{ $small := .Fit "400x400 webp q80" }}'
         '<a href="{{ .RelPermalink }}"><img src="{{ $small.RelPermalink }}"></a>{{ end }}')
Times = dict[str, dict[str, float]]
#: Where modules are never kept compiled, each command would be timed compiling them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def main() -> None:
    """Run all and print one document."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        pictures, late = here / "pictures", here / "late.png"
        pictures.mkdir()
        for number in range(arguments.count):
            draw(number, pictures)
        draw(arguments.count, here).rename(late)
        programs: dict[str, Callable[[Path], Times] | None] = {
            "imagelib, one thumbnail": lambda at: ours(at, pictures, late, sharp=False),
            "imagelib, as it comes": lambda at: ours(at, pictures, late, sharp=True),
            "imagelib, laid into images/": lambda at: laid(at, pictures),
        }
        if arguments.peers:
            programs |= peers(here, pictures)
        rounds: dict[str, list[Times]] = {name: [] for name, run in programs.items() if run}
        for number in range(arguments.rounds):
            for name, found in rounds.items():
                at = here / f"round{number}"
                at.mkdir()
                run = programs[name]
                assert run is not None
                found.append(run(at))
                shutil.rmtree(at)
        print(json.dumps({
            "pictures": arguments.count, "rounds": arguments.rounds,
            "bytes": sum(path.stat().st_size for path in pictures.iterdir()),
            "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1),
            "python": sys.version.split()[0],
            "results": {name: medians(rounds[name]) if rounds.get(name) else None
                        for name in programs},
        }, indent=2))


def draw(number: int, folder: Path) -> Path:
    """A picture that compresses as those of generators do: clouds, edges, a little grain."""
    rng = random.Random(number)
    size = rng.choice(_SIZES)

    def noise(cells: int) -> Image.Image:
        return Image.frombytes("RGB", (cells, cells), rng.randbytes(3 * cells * cells)).resize(
            size, Image.Resampling.BICUBIC)

    picture = noise(3)
    for cells in (6, 13, 27, 60, 140):
        picture = Image.blend(picture, noise(cells), 0.35)
    for _ in range(8):
        left, top = rng.randrange(size[0]), rng.randrange(size[1])
        box = (left, top, left + rng.randrange(40, 400), top + rng.randrange(40, 400))
        part = ImageChops.invert(picture.crop(box)) if rng.random() < 0.5 else picture.crop(
            box).filter(ImageFilter.GaussianBlur(6))
        picture.paste(part, box[:2])
    grain = Image.effect_noise(size, 7).convert("RGB")
    picture = ImageChops.add(picture, grain, 1.0, -128)
    suffix = rng.choices(["png", "jpg", "webp"], [70, 20, 10])[0]
    path = folder / f"{number:05d}.{suffix}"
    picture.save(path, **({"quality": 92} if suffix != "png" else {}))
    return path


# -- ours ---------------------------------------------------------------------


def ours(folder: Path, pictures: Path, late: Path, *, sharp: bool) -> Times:
    """The command line, as a user runs it."""
    root = folder / "library"
    command(root, "init")
    if not sharp:
        (root / "imagelib.toml").write_text("[build]\nsharp = false\n")
    found = {"add": command(root, "add", str(pictures)), "build": command(root, "build")}
    found["cold"] = {key: round(found["add"][key] + found["build"][key], 3)
                     for key in found["add"]}
    found["no-op"] = command(root, "build")
    command(root, "edit", "--rating", "5", newest(root))
    found["one edit"] = command(root, "build")
    found["add one"] = command(root, "add", str(late))
    found["build it"] = command(root, "build")
    return found


def laid(folder: Path, pictures: Path) -> Times:
    """Pictures that were copied into images/ by hand; the copying is not counted."""
    root = folder / "library"
    command(root, "init")
    shutil.copytree(pictures, root / "images", dirs_exist_ok=True)
    for path in (root / "images").iterdir():
        os.utime(path, (time.time() - 60,) * 2)  # long enough ago to be whole
    return {"cold": command(root, "build")}


def newest(root: Path) -> str:
    """A query for the newest image."""
    run = [sys.executable, "-m", "imagelib", "-L", str(root), "list", "--json", "--limit", "1"]
    listed = json.loads(subprocess.run(run, check=True, capture_output=True).stdout)
    return f"id:{(listed['items'] if isinstance(listed, dict) else listed)[0]['id']}"


def command(root: Path, *arguments: str) -> dict[str, float]:
    """Time `imagelib ...` as a process."""
    root.mkdir(exist_ok=True)
    return timed([sys.executable, "-m", "imagelib", "-L", str(root), *arguments], root)


# -- peers --------------------------------------------------------------------


def peers(here: Path, pictures: Path) -> dict[str, Callable[[Path], Times] | None]:
    """Fetch each peer, and say how it is run."""
    runs: dict[str, Callable[[Path], Times] | None] = {}
    for name, fetch in (("sigal", fetch_sigal), ("eleventy-img", fetch_eleventy),
                        ("hugo", fetch_hugo)):
        try:
            fetched = fetch(here / name, pictures)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{name} could not be fetched: {error}", file=sys.stderr)
            fetched = {name: None}
        runs |= fetched
    return runs


def fetch_sigal(here: Path, pictures: Path) -> dict[str, Callable[[Path], Times] | None]:
    subprocess.run([sys.executable, "-m", "venv", str(here)], check=True)
    subprocess.run([str(here / "bin" / "pip"), "install", "-q", "sigal"], check=True,
                   capture_output=True)

    def run(at: Path) -> Times:
        config = at / "sigal.conf.py"
        config.write_text(f"source = {str(pictures)!r}\ndestination = 'out'\n"
                          "thumb_size = (400, 400)\nuse_orig = True\n")
        line = [str(here / "bin" / "sigal"), "build", "-c", str(config)]
        return {"cold": timed(line, at), "no-op": timed(line, at)}

    return {"sigal": run}


def fetch_eleventy(here: Path, pictures: Path) -> dict[str, Callable[[Path], Times] | None]:
    here.mkdir()
    (here / "package.json").write_text('{"private": true}')
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund",
                    "@11ty/eleventy-img"], cwd=here, check=True, capture_output=True)
    (here / "run.mjs").write_text(_ELEVENTY)

    def run_with(widths: str) -> Callable[[Path], Times]:
        def run(at: Path) -> Times:
            shutil.rmtree(here / ".cache", ignore_errors=True)
            line = ["node", "run.mjs", str(pictures), str(at / "out"), widths]
            return {"cold": timed(line, here), "no-op": timed(line, here)}
        return run

    return {"eleventy-img": run_with("400"), "eleventy-img, 400 and 800": run_with("400,800")}


def fetch_hugo(here: Path, pictures: Path) -> dict[str, Callable[[Path], Times] | None]:
    here.mkdir()
    needed = subprocess.run(
        ["apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
         "--no-breaks", "--no-replaces", "--no-enhances", "hugo"],
        check=True, capture_output=True, text=True).stdout.splitlines()
    # The C library is the machine's own: another one does not go with its loader.
    packages = [name for name in needed if name[:1].isalnum() and name != "libc6"]
    subprocess.run(["apt-get", "download", "-q", *packages], cwd=here, check=True,
                   capture_output=True)
    for package in here.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", str(package), str(here)], check=True)
    libraries = {str(path.parent) for path in here.rglob("*.so*")}
    hugo = ["env", f"LD_LIBRARY_PATH={':'.join(sorted(libraries))}",
            str(here / "usr" / "bin" / "hugo")]
    subprocess.run([*hugo, "version"], check=True, capture_output=True)

    def run(at: Path) -> Times:
        album = at / "content" / "album"
        shutil.copytree(pictures, album)
        (album / "index.md").write_text("---\ntitle: album\n---\n")
        (at / "layouts" / "_default").mkdir(parents=True)
        (at / "layouts" / "_default" / "single.html").write_text(_HUGO)
        (at / "config.toml").write_text('baseURL = "https://example.org/"\n')
        return {"cold": timed([*hugo, "--quiet"], at), "no-op": timed([*hugo, "--quiet"], at)}

    return {"hugo": run}


# -- times --------------------------------------------------------------------


def timed(run: list[str], folder: Path) -> dict[str, float]:
    """CPU seconds of a process and its children, and seconds of wall clock."""
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


def medians(rounds: list[Times]) -> Times:
    """The median of each number over *rounds*."""
    return {step: {key: round(statistics.median(one[step][key] for one in rounds), 3)
                   for key in rounds[0][step]} for step in rounds[0]}


if __name__ == "__main__":
    main()
