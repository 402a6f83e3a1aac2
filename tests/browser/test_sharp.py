"""Dense screens get the larger thumbnail, others the small one; in a real Chromium, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chromium import MARKS
from gallery_page import eventually
from helpers import ALL, draw

from imagelib.generator.builder import build
from imagelib.library.library import Library
from imagelib.recipes import GRID, SHARP

pytestmark = MARKS

CARDS = """() => [...document.querySelectorAll(".card img")].map((picture) => ({
  pk: picture.closest(".card").dataset.pk, srcset: picture.getAttribute("srcset"), src: picture.src,
  shown: picture.currentSrc, sizes: picture.sizes,
  // The rest is cut off.
  width: Math.max(picture.offsetWidth, picture.offsetHeight
    * picture.getAttribute("width") / picture.getAttribute("height")),
  box: [picture.offsetWidth, picture.offsetHeight],
  frame: [picture.parentElement.offsetWidth, picture.parentElement.offsetHeight],
  ground: getComputedStyle(picture).backgroundImage,
  loaded: picture.naturalWidth > 0 && "loaded" in picture.dataset }))"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of many shapes, one of them no larger than its thumbnail."""
    folder = tmp_path_factory.mktemp("sharp")
    with Library.create(folder / "library") as library:
        for size in ((1200, 803), (390, 260), (700, 1400), (900, 900), (2000, 500)):
            library.add(draw(folder / f"{size}.jpg", size))
        build(library)
        return library.settings.site_dir


@pytest.fixture
def cards(browser: Any, site: Path) -> Any:
    """The cards as a browser with these options shows them, with or without scripts."""
    def look(stored: str = "", **options: Any) -> dict[str, Any]:
        # High enough for all: what is far below is loaded later.
        context = browser.new_context(viewport={"width": 1200, "height": 4000}, **options)
        if stored:
            context.add_init_script(f"localStorage.setItem('imagelib.view', '{stored}')")
        page = context.new_page()
        page.goto(f"{site.as_uri()}/index.html")
        if options.get("java_script_enabled", True):
            eventually(lambda: page.evaluate("ImagelibIndex.isReady"))
            # Those that the page came with are kept; these shall be made by the scripts.
            page.get_by_role("searchbox", name="Search").fill("nothing has this")
            eventually(lambda: page.evaluate("!document.querySelector('.card')"))
            page.get_by_role("searchbox", name="Search").fill("")
            eventually(lambda: page.evaluate(
                "document.querySelectorAll('.card img[src]').length === 5"))
            eventually(lambda: page.evaluate(f"({CARDS})().every((card) => card.loaded)"))
        found = page.evaluate(CARDS)
        context.close()
        return {card["pk"]: card for card in found}

    return look


def test_a_panorama_is_seen_whole_and_what_lets_light_through_on_a_ground(cards):
    shown = [card for shape in ("rows", "squares", "list")
             for card in cards(f'{{"shape":"{shape}"}}').values()]
    long = [card for card in shown if card["srcset"] and card["box"][0] > 3 * card["box"][1]]
    assert len(long) == 3
    for card in long:
        assert abs(card["box"][0] / card["box"][1] - 4) < 0.1
        assert card["box"][0] <= card["frame"][0]
        assert card["box"][1] < card["frame"][1]
    # All others fill their tiles.
    assert all(card["box"] == card["frame"] for card in shown if card not in long)
    assert all("conic-gradient" in card["ground"] for card in shown)


def test_scripts_offer_the_same_thumbnails_as_the_page_came_with(cards):
    without = cards(java_script_enabled=False)
    with_scripts = cards()

    assert len(without) == 5
    assert sum(card["srcset"] is None for card in without.values()) == 1
    assert {pk: card["srcset"] for pk, card in with_scripts.items()} == {
        pk: card["srcset"] for pk, card in without.items()}


@pytest.mark.parametrize("shape", ["rows", "squares", "list"])
@pytest.mark.parametrize(("density", "size"), [
    (1, 50), (2, 100), *([(3, 100), (1, 250)] if ALL else [])])
def test_the_thumbnail_that_is_shown_has_the_pixels_that_the_screen_can_show(
        cards, shape, density, size):
    found = cards(stored=f'{{"shape": "{shape}", "size": {size}}}', device_scale_factor=density)

    assert len(found) == 5
    for card in found.values():
        recipe = SHARP if SHARP.name in card["shown"] else GRID
        assert recipe.name in card["shown"]
        if card["srcset"] is None:
            continue
        widths = {part.split()[0].rpartition("-")[2]: int(part.split()[1][:-1])
                  for part in card["srcset"].split(", ")}
        assert float(card["sizes"].removesuffix("px")) >= card["width"] - 1
        needed = card["width"] * density
        if needed > widths[f"{GRID.name}.webp"]:
            assert recipe is SHARP, card
    if (density, size) == (1, 50):
        assert any(GRID.name in card["shown"] for card in found.values() if card["srcset"])
