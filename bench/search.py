"""How fast the gallery finds, beside other search libraries of the browser. Prints JSON.

    python bench/search.py [--counts 1000,10000,100000] [--hosts file,http] [--peers] [--runs 3]

Makes seeded libraries (bench/corpus.py), writes pages and index into a temporary site, opens them
in Chromium as a file and over http, and asks what people ask. With --peers, MiniSearch, FlexSearch,
uFuzzy and Pagefind are fetched from npm into a temporary folder and get the same texts and words in
node, next to our own engine in node. Milliseconds are those of this machine; compare within a run.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import json
import os
import platform
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from corpus import Corpus, queries
from PIL import Image as Picture
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from search_peers import compare

from imagelib.generator.index.blocks import (
    KINDS,
    MANIFEST_PATH,
    Block,
    block_path,
    make_block,
    manifest,
)
from imagelib.generator.marks import Marks
from imagelib.generator.pages import Pages, SiteInfo
from imagelib.generator.paths import thumbnail_path
from imagelib.library.query.query import Query
from imagelib.library.values.image import Image

FIRST_PAGE = 60
#: How many queries are checked against Python's matcher.
CHECKED = 10
#: A page that does nothing but load what the gallery loads: the core blocks, then the text blocks.
BARE_PAGE = """<!doctype html><title>Bare</title><script>
  window.times = {};
  const load = (paths) => Promise.all(paths.map((path) => new Promise((resolve) => {
    const script = document.createElement("script");
    script.onload = () => { script.remove(); resolve(); };
    script.src = path;
    document.head.append(script);
  })));
  const kept = [];
  async function ImagelibData(value) {
    kept.push(value);
    if (value.kind !== "manifest") return;
    for (const kind of ["core", "text"]) {
      await load(value[kind].map(([number, , , hash]) => `data/${kind}-${number}-${hash}.js`));
      times[kind] = performance.now();
    }
  }
</script><script src="data/manifest.js"></script>
"""
MEASURE = Path(__file__).with_name("search_page.js")
WATCH = """
  window.tasks = []; window.paints = {};
  const watch = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take))
    .observe({type, buffered: true});
  watch("longtask", (entry) => tasks.push([entry.startTime, entry.duration]));
  watch("paint", (entry) => { paints[entry.name] = entry.startTime; });
"""


def main() -> None:
    """Run all and print one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", default="1000,10000,100000")
    parser.add_argument("--hosts", default="file,http")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", action="store_true")
    arguments = parser.parse_args()
    counts = [int(count) for count in arguments.counts.split(",")]
    images = list(Corpus().images(max(counts)))
    result: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "processor": platform.machine(),
                    "load": os.getloadavg()[0], "python": platform.python_version()},
        "libraries": [],
    }
    with sync_playwright() as play, tempfile.TemporaryDirectory() as folder:
        found = shutil.which("chromium") or shutil.which("chromium-headless-shell")
        browser = play.chromium.launch(executable_path=found,
                                       chromium_sandbox=os.getuid() != 0,
                                       args=["--js-flags=--expose-gc"])
        result["machine"]["chromium"] = browser.version
        for count in counts:
            site = Path(folder) / str(count)
            result["libraries"].append(
                library(browser, site, images[:count], arguments.hosts.split(","), arguments.runs))
            if arguments.peers:
                result["libraries"][-1]["peers"] = compare(site, images[:count])
            shutil.rmtree(site)
        browser.close()
    print(json.dumps(result, indent=2))


def library(browser: Browser, site: Path, images: Sequence[Image], hosts: Sequence[str],
            runs: int) -> dict[str, Any]:
    """Everything about one library."""
    log = queries(images)
    answers = {query: [image.pk for image in images if parsed.matches(image)]
               for query in log[:: len(log) // CHECKED] if (parsed := Query.parse(query))}
    result: dict[str, Any] = {"images": len(images), **written(site, images)}
    for host in hosts:
        with served(site, host) as address:
            every = [visit(browser, address, log, answers, images[0]) for _ in range(runs)]
        result[host] = {name: median([one[name] for one in every]) for name in every[0]}
    return result


def written(site: Path, images: Sequence[Image]) -> dict[str, Any]:
    """Write the site; say what it weighs, and what one edit of an old image rewrites."""
    marks = Marks(bare={image.pk for image in images[:-FIRST_PAGE]})
    started = time.process_time()
    blocks, sizes = [], {kind: [0, 0] for kind in KINDS}
    for block, content in index(images, marks):
        blocks.append(block)
        put(site / block_path(block), content)
        sizes[block.kind][0] += len(content)
        sizes[block.kind][1] += len(gzip.compress(content, 6))
    named = manifest(blocks, seq=1, total=len(images))
    put(site / MANIFEST_PATH, named)
    cpu = time.process_time() - started
    pages = Pages(SiteInfo("Measured"))
    newest = images[: -FIRST_PAGE - 1: -1]
    put(site / "bare.html", BARE_PAGE.encode())
    front = pages.gallery(newest, len(images), marks).encode()
    put(site / "index.html", front)
    script = 0
    for path in pages.static_paths():
        content = pages.static_file(path)
        put(site / path, content)
        script += len(gzip.compress(content, 6)) if Path(path).name in front.decode() else 0
    for image in newest:
        target = site / thumbnail_path(image.digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        scale = 400 / max(image.width, image.height)
        shape = round(image.width * scale), round(image.height * scale)
        Picture.new("RGB", shape, "teal").save(target)
    return {
        "index_cpu_s": round(cpu, 2),
        "files": len(blocks) + 1,
        "raw_bytes": {kind: raw for kind, (raw, _) in sizes.items()},
        "gzip_bytes": {kind: packed for kind, (_, packed) in sizes.items()},
        "search_index_gzip_bytes": sizes["core"][1] + sizes["text"][1] + len(gzip.compress(named)),
        "first_paint_gzip_bytes": script + len(gzip.compress(front)) + len(gzip.compress(named)),
        "one_edit": one_edit(images, marks, blocks, named),
    }


def index(images: Sequence[Image], marks: Marks) -> Iterator[tuple[Block, bytes]]:
    """All blocks of a library."""
    for kind, size in KINDS.items():
        for number in range(images[-1].pk // size + 1):
            low = max(0, number * size - images[0].pk)
            yield make_block(kind, number, images[low: (number + 1) * size - images[0].pk], marks)


def one_edit(images: Sequence[Image], marks: Marks, blocks: Sequence[Block],
             named: bytes) -> dict[str, Any]:
    """Another rating, tag and prompt for one image."""
    changed = replace(images[len(images) // 3], rating=5, tags=("new",), prompt_text="all new")
    started = time.process_time()
    touched = []
    for kind, size in KINDS.items():
        number = changed.pk // size
        rows = [changed if image.pk == changed.pk else image
                for image in images[max(0, number * size - 1): (number + 1) * size - 1]]
        block, content = make_block(kind, number, rows, marks)
        if block not in blocks:
            touched.append(content)
    cpu = time.process_time() - started
    return {"blocks": len(touched), "gzip_bytes": sum(len(gzip.compress(c)) for c in touched),
            "manifest_gzip_bytes": len(gzip.compress(named)), "cpu_ms": round(cpu * 1000, 1)}


def visit(browser: Browser, address: str, log: Sequence[str], answers: dict[str, list[int]],
          oldest: Image) -> dict[str, Any]:
    """Open the gallery once, ask everything, scroll to the end."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        page.add_init_script(WATCH)
        session = context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(address, wait_until="commit")
        times = wait_until_searchable(page)
        cpu = cpu_ms(session)
        tasks = page.evaluate("tasks")
        page.evaluate(MEASURE.read_text())
        before = cpu_ms(session)
        asked = page.evaluate("(log) => measureTyped(log)", list(log))
        asked["typed_mean_cpu_ms"] = (cpu_ms(session) - before) / sum(map(len, log))
        asked |= page.evaluate("(log) => measureCold(log)", list(log))
        for query, wanted in answers.items():
            assert sorted(page.evaluate("(q) => answer(q)", query)) == wanted, query
        found = {
            **times,
            "first_paint_ms": page.evaluate("paints['first-contentful-paint'] ?? 0"),
            "longest_task_ms": max((task[1] for task in tasks), default=0),
            "heap_mb": heap_bytes(session),
            "main_thread_cpu_ms": cpu,
            **asked,
            "keystroke_to_screen_p95_ms": page.evaluate("() => measureKeystrokes()"),
            **page.evaluate("() => measureScrolling()"),
        }
        found["old_permalink_ms"] = permalink(context.new_page(), address, oldest)
        found |= bare(context.new_page(), address)
        return found
    finally:
        context.close()


def wait_until_searchable(page: Page) -> dict[str, float]:
    """When filters and all texts were there, in milliseconds since navigation began."""
    page.wait_for_load_state("domcontentloaded")
    return page.evaluate("""() => new Promise((resolve) => {
        const times = {};
        ImagelibIndex.ready.then(() => { times.filterable_ms ??= performance.now(); });
        const look = () => {
          if (ImagelibIndex.isReady && ImagelibIndex.searched >= 1) {
            times.all_text_ms = performance.now();
            const listed = () => {
              const texts = ImagelibIndex.columns.texts.filter(Boolean);
              if (!texts.every(({ sampler }) => sampler.isListed)) return setTimeout(listed, 20);
              times.listed_ms = performance.now();
              setTimeout(() => resolve(times), 300);
            };
            listed();
          } else setTimeout(look, 5);
        };
        look();
      })""")


def cpu_ms(session: CDPSession) -> float:
    """What the page's main thread has worked so far; waiting for a processor is not in it."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(one["value"] for one in metrics if one["name"] == "TaskDuration") * 1000


def heap_bytes(session: CDPSession) -> float:
    """What the page holds after garbage is gone, typed arrays included, in MB."""
    session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    return round((usage["usedSize"] + usage.get("backingStorageSize", 0)) / 1e6, 1)


def permalink(page: Page, address: str, oldest: Image) -> float:
    """How long the link to the oldest image takes until it is shown."""
    page.goto(f"{address}#{oldest.id}", wait_until="commit")
    page.get_by_role("dialog").wait_for(timeout=60_000)
    return page.evaluate("performance.now()")


def bare(page: Page, address: str) -> dict[str, float]:
    """The same files in a page that does nothing with them: what no gallery can be faster than."""
    page.goto(address.replace("index.html", "bare.html"), wait_until="commit")
    page.wait_for_function("times.text")
    return {f"bare_{kind}_ms": value for kind, value in page.evaluate("times").items()}


@contextmanager
def served(site: Path, host: str) -> Iterator[str]:
    """The address of the site on a kind of host."""
    if host == "file":
        yield f"{site.as_uri()}/index.html"
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/index.html"
    finally:
        server.shutdown()
        server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    """A static host that keeps its connections and says nothing."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: object) -> None:
        """Output is for the result."""


def put(path: Path, content: bytes) -> None:
    """Write a file, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def median(values: Sequence[Any]) -> Any:
    """The middle one, short enough to read."""
    return round(statistics.median(values), 3 if min(values) < 10 else 1)


if __name__ == "__main__":
    main()
