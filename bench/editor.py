"""Time the editor over a real daemon: `python bench/editor.py [IMAGES]` (10,000 by default).

Prints, for this machine: from a key press to the visible rating, until the save is
confirmed, one edit of 1,000 images, and from an edit until the site shows it.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from helpers import Daemon, fill, wait_for
from playwright.sync_api import sync_playwright

from imagelib.library.library import Library

PRESSES = 100
MANY = 1000

#: Press a key on the focused card; when do its stars show it, when is it confirmed?
PRESS = """async (key) => {
  const card = document.activeElement.closest(".card");
  const stars = () => card.querySelector(".stars")?.textContent.split("★").length - 1;
  const confirmed = new Promise((resolve) => {
    new PerformanceObserver((list, observer) => {
      const entry = list.getEntries().find(({ name }) => name.endsWith("/api/batch"));
      if (!entry) return;
      observer.disconnect();
      resolve(entry.responseEnd);
    }).observe({ type: "resource" });
  });
  const start = performance.now();
  const visible = new Promise((resolve) => {
    new MutationObserver((_, observer) => {
      if (stars() !== Number(key)) return;
      observer.disconnect();
      requestAnimationFrame(() => resolve(performance.now()));
    }).observe(card, { childList: true, subtree: true, characterData: true });
  });
  document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  return [await visible - start, await confirmed - start];
}"""


def percentile(values: list[float], share: float) -> float:
    """The value that *share* of *values* do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def told(name: str, values: list[float], target: float) -> None:
    """Print one line."""
    print(f"{name:<34} median {statistics.median(values):7.1f} ms   "
          f"p95 {percentile(values, 0.95):7.1f} ms   (wanted: {target:g} ms)")


def time_presses(page: Any) -> tuple[list[float], list[float]]:
    """Rate *PRESSES* images one after the other by keys."""
    page.locator(".card a").first.focus()
    visible, confirmed = [], []
    for _ in range(PRESSES):
        now = page.evaluate("""document.activeElement.closest(".card")
          .querySelector(".stars")?.textContent.split("★").length - 1""")
        key = "3" if now != 3 else "4"
        one, two = page.evaluate(PRESS, key)
        visible.append(one)
        confirmed.append(two)
        wait_for(lambda: page.evaluate("!document.activeElement.matches('body')"))
    return visible, confirmed


def time_many(daemon: Daemon, ids: list[str]) -> list[float]:
    """Edit many images by one request, a few times."""
    seconds = []
    for n in range(3):
        start = time.perf_counter()
        answer = daemon.ask("POST", "/api/batch", json_body={
            "ids": ids, "edit": {"rating": n + 1, "add_tags": [f"bench {n}"]}})
        seconds.append((time.perf_counter() - start) * 1000)
        assert answer.json["changed"] == len(ids), answer.json
        daemon.wait_built(120)
    return seconds


def time_build(daemon: Daemon, ids: list[str]) -> list[float]:
    """From one edit until the site shows it, the quiet time before a build included."""
    seconds = []
    for n in range(5):
        start = time.perf_counter()
        daemon.ask("PUT", f"/api/images/{ids[n]}", json_body={"notes": f"bench {n}"})
        daemon.wait_built()
        seconds.append((time.perf_counter() - start) * 1000)
    return seconds


def main(count: int) -> None:
    """Make a library of *count* images, measure, and throw it away."""
    root = Path(tempfile.mkdtemp(prefix="imagelib-bench-"))
    daemon = None
    try:
        with Library.create(root / "library") as library:
            ids = fill(library, count)
        daemon = Daemon(root / "library")
        daemon.wait_built(900)
        with sync_playwright() as running:
            browser = running.chromium.launch(
                executable_path=shutil.which("chromium"), chromium_sandbox=os.getuid() != 0)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(daemon.url)
            wait_for(lambda: page.evaluate(
                "ImagelibIndex.isReady && ImagelibIndex.searched === 1"), 60)
            visible, confirmed = time_presses(page)
            browser.close()
        print(f"{count:,} images, {PRESSES} key presses")
        told("key press to visible rating", visible, 50)
        told("key press to confirmed save", confirmed, 100)
        daemon.wait_built()
        told(f"one edit of {MANY:,} images", time_many(daemon, ids[:MANY]), 1500)
        told("one edit until the site shows it", time_build(daemon, ids), 1000)
    finally:
        if daemon is not None:
            daemon.stop()
        shutil.rmtree(root)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
