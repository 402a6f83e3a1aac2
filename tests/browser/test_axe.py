"""Every view of the gallery through axe-core, light and dark, on a desk, a phone, and at 400 %."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe import AXE, faults
from chromium import MARKS
from gallery_page import NEWEST
from helpers import ALL

from imagelib.daemon.notices import building, notice

pytestmark = [
    *MARKS,
    pytest.mark.skipif(AXE is None, reason="axe-playwright-python is not installed"),
]


@pytest.fixture(params=[(1280, 800), (390, 844), (640, 400), (320, 256)],
                ids=["desk", "phone", "200", "400"])
def page(request: pytest.FixtureRequest, browser: Any, shared_site: Path) -> Iterator[Any]:
    """The gallery with axe in it; what the policy of the page refuses is let through for that."""
    assert AXE
    width, height = request.param
    context = browser.new_context(
        viewport={"width": width, "height": height}, bypass_csp=True,
        # Colours are measured where they end, not on their way.
        reduced_motion="reduce")
    context.add_init_script(path=AXE)
    opened = context.new_page()
    opened.goto(f"{shared_site.as_uri()}/index.html")
    opened.wait_for_function("() => ImagelibIndex.isReady")
    opened.locator(".card .snippet", has_text="number").first.wait_for()
    yield opened
    context.close()


def search(page: Any, text: str) -> None:
    page.get_by_role("searchbox", name="Search").fill(text)


def show_filters(page: Any) -> None:
    facet = page.locator("[data-mount=rating-facets] button").first
    if not facet.is_visible():  # on a phone they are put away
        page.locator("[data-mount=filters-button]").click()
    facet.wait_for()


def show_nothing(page: Any) -> None:
    search(page, "nothing has this")
    page.locator("[data-mount=nothing]").wait_for()


def show_conditions(page: Any) -> None:
    search(page, "fox -tag:wip rating:>=1")
    page.locator("[data-mount=chips] button").first.wait_for()


def show_list(page: Any) -> None:
    page.get_by_role("radio", name="List").check(force=True)
    page.locator(".grid[data-shape=list]").wait_for()


def show_help(page: Any) -> None:
    page.locator(".card a").first.focus()
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()


def show_image(page: Any) -> None:
    page.locator(".card .frame").first.click()
    page.locator("dialog.viewer[open]").wait_for()


def show_image_alone(page: Any) -> None:
    show_image(page)
    page.keyboard.press("i")


def show_slides(page: Any) -> None:
    show_image(page)
    page.keyboard.press("p")
    page.locator(".viewer[data-full]").wait_for()


def show_comparison(page: Any) -> None:
    show_image(page)
    page.keyboard.press("c")
    page.locator("dialog.compare[open]").wait_for()


def show_filmstrip(page: Any) -> None:
    show_image(page)
    page.keyboard.press("g")
    page.locator(".filmstrip button").first.wait_for()


def show_menu(page: Any) -> None:
    page.locator(".card a").first.focus()
    page.keyboard.press("Shift+F10")
    page.locator(".image-menu").wait_for()


def show_page(page: Any) -> None:
    page.goto(page.url.replace("index.html", f"image/{NEWEST[1].id}.html").split("?")[0])
    page.locator("main.page").wait_for()


@pytest.mark.parametrize("show", [
    lambda page: None, show_filters, show_nothing, show_conditions, show_list, show_help,
    show_image, show_image_alone, show_slides, show_comparison, show_filmstrip, show_menu,
    show_page,
], ids=["gallery", "filters", "nothing", "conditions", "list", "help", "viewer", "alone", "slides",
        "compare", "filmstrip", "menu", "page"])
def test_axe_finds_nothing_wrong(page: Any, show: Callable[[Any], None]) -> None:
    show(page)
    is_phone = page.viewport_size["width"] < 500
    schemes = ("light", "dark") if ALL or not is_phone else ("dark",)
    assert [fault for scheme in schemes for fault in faults(page, scheme)] == []


@pytest.mark.parametrize("made", [
    building(None), building({"stage": "pages", "done": 1, "total": 9, "seconds_left": 4}),
    notice("Not found", "There is no such page."),
], ids=["building", "how far", "not found"])
def test_axe_finds_nothing_wrong_in_what_the_daemon_itself_shows(
        page: Any, tmp_path: Path, made: tuple[bytes, dict[str, str]]) -> None:
    (tmp_path / "made.html").write_bytes(made[0])
    page.goto((tmp_path / "made.html").as_uri())
    assert faults(page, "light") + faults(page, "dark") == []


def test_axe_would_find_what_is_wrong(page: Any) -> None:
    page.evaluate("document.body.append(document.createElement('button'))")
    page.add_style_tag(content="""@media (prefers-color-scheme: dark) {
      .snippet { color: #333 !important } }""")
    light, dark = ({fault.split(":")[0] for fault in faults(page, scheme)}
                   for scheme in ("light", "dark"))
    assert light == {"button-name"}
    assert dark == {"button-name", "color-contrast"}
