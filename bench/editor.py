"""Time the editor over a real daemon: `python bench/editor.py [IMAGES]` (10,000 by default).

Prints JSON, milliseconds of this machine beside what was wanted: from a key press to the visible
rating, until the save is confirmed, until another tab shows an edit, one edit of 1,000 images, and
from an edit until the site shows it.
"""

from __future__ import annotations

import json
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
FOLLOWED = 20

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


def told(values: list[float], wanted: float) -> dict[str, float]:
    """What is said of some measured milliseconds."""
    return {"median_ms": round(statistics.median(values), 1),
            "p95_ms": round(percentile(values, 0.95), 1), "wanted_ms": wanted}


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


def time_following(page: Any, daemon: Daemon) -> list[float]:
    """From an edit by somebody else until the page shows it."""
    milliseconds = []
    image = page.evaluate("document.querySelector('.card').dataset.id")
    for n in range(FOLLOWED):
        page.wait_for_timeout(137 * n % 1000)  # at another moment between two polls each time
        start = time.perf_counter()
        daemon.ask("PUT", f"/api/images/{image}", json_body={"prompt_text": f"seen {n}"})
        assert wait_for(lambda name=f"seen {n}": page.evaluate(
            "document.querySelector('.card .snippet').textContent") == name, 10)
        milliseconds.append((time.perf_counter() - start) * 1000)
    return milliseconds


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
            daemon.wait_built()
            followed = time_following(page, daemon)
            browser.close()
        daemon.wait_built()
        print(json.dumps({
            "images": count,
            "key_press_to_visible_rating": told(visible, 50),
            "key_press_to_confirmed_save": told(confirmed, 100),
            "edit_until_another_tab_shows_it": told(followed, 2000),
            f"edit_of_{MANY}_images": told(time_many(daemon, ids[:MANY]), 1500),
            "edit_until_the_site_shows_it": told(time_build(daemon, ids), 1000),
        }, indent=2))
    finally:
        if daemon is not None:
            daemon.stop()
        shutil.rmtree(root)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
