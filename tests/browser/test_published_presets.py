"""Each preset, published where a gallery often lies: below a folder of a host, or as files."""

from __future__ import annotations

import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe import AXE, faults
from chromium import MARKS, expect
from file_server import served
from firefox import Firefox
from gallery_page import eventually, links, viewer, wait_taken_over
from helpers import ALL, a1111, draw

from imagelib.library.library import Library
from imagelib.publishing.policy import PRESETS, Policy
from imagelib.publishing.publication import publication

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
pytestmark = MARKS


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a host: each preset lies in a folder below `~anna` of it."""
    folder = tmp_path_factory.mktemp("presets")
    with Library.create(folder / "library") as library:
        for n in range(4):
            library.add(draw(folder / f"p{n}.png", (160, 90 + 30 * n), texts={
                "parameters": a1111(f"a red fox in the snow {n}")}), title=f"Picture {n}",
                rating=n, tags=["fox"], captured_at=f"2025-0{n + 1}-17T13:14:15")
        for name, values in PRESETS.items():
            policy = Policy.of(name, {"title": "Fox works", "intro": "Foxes at night.",
                                      "author": "A. Painter", "licence": "CC BY 4.0"} | values)
            with publication(library, policy, str(folder / "host" / "~anna" / name)) as found:
                found.send()
    return folder / "host"


@pytest.fixture(scope="module", params=["file", "http"])
def home(request: pytest.FixtureRequest, host: Path) -> Iterator[str]:
    if request.param == "file":
        yield f"{host.as_uri()}/~anna"
        return
    with served(host) as address:
        yield f"{address}/~anna"


@pytest.mark.parametrize("preset", PRESETS)
def test_nothing_is_asked_for_in_vain(open_page: Any, home: str, preset: str) -> None:
    page = open_page("about:blank")
    failed: list[str] = []
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    # What a page still waits for when it is left is broken off, and not missing.
    page.on("requestfailed", lambda request: (
        request.failure == "net::ERR_ABORTED" or failed.append(request.url)))
    page.on("response", lambda answer: answer.status < 400 or failed.append(answer.url))
    page.goto(f"{home}/{preset}/index.html")
    wait_taken_over(page)
    expect(links(page)).to_have_count(4)
    links(page).first.click()
    expect(viewer(page)).to_be_visible()
    picture = page.locator("dialog.viewer .picture")
    # `decode` fails while the original takes the place of its thumbnail.
    eventually(lambda: picture.evaluate("(e) => e.complete && e.naturalWidth > 0"))
    page.keyboard.press("Escape")
    page.goto(f"{home}/{preset}/" + (links(page).first.get_attribute("href") or ""))
    page.locator("main.page img").evaluate("(picture) => picture.decode()")
    assert failed == []
    assert not [url for url in asked if "/api" in url or not url.startswith((home, "data:"))]


@pytest.mark.skipif(AXE is None, reason="axe-playwright-python is not installed")
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_wrong(browser: Any, host: Path, width: int) -> None:
    assert AXE
    schemes = ("light", "dark") if ALL else ("light",) if width > 500 else ("dark",)
    context = browser.new_context(viewport={"width": width, "height": 844}, bypass_csp=True,
                                  reduced_motion="reduce")
    context.add_init_script(path=AXE)
    page = context.new_page()
    found = []
    for preset in PRESETS:
        page.goto(f"{host.as_uri()}/~anna/{preset}/index.html")
        wait_taken_over(page)
        found += [(preset, "grid", fault) for scheme in schemes
                  for fault in faults(page, scheme)]
        links(page).first.click()
        viewer(page).wait_for()
        found += [(preset, "viewer", fault) for scheme in schemes
                  for fault in faults(page, scheme)]
        page.keyboard.press("Escape")
        page.goto(page.url.split("index.html")[0] + (links(page).first.get_attribute("href") or ""))
        page.locator("main.page").wait_for()
        found += [(preset, "page", fault) for fault in faults(page, "dark")]
        page.goto(f"{host.as_uri()}/~anna/{preset}/404.html")
        style = page.locator("main").evaluate("e => getComputedStyle(e).textAlign")
        assert style == "center"  # without a base_url, too, it is dressed
        found += [(preset, "404", fault) for fault in faults(page, "dark")]
    context.close()
    assert found == []


@pytest.mark.skipif(PROGRAM is None, reason="firefox-esr is not installed")
def test_firefox_shows_each_preset(home: str, tmp_path: Path) -> None:
    firefox = Firefox(str(PROGRAM), tmp_path / "profile")
    try:
        # On file:// they differ in nothing but what is in their index.
        for preset in PRESETS if home.startswith("http") else ["portfolio"]:
            firefox.open("about:blank")
            firefox.events.clear()
            firefox.open(f"{home}/{preset}/index.html")
            firefox.wait("document.querySelectorAll('.grid[data-enhanced] .card[data-id]').length"
                         " === 4")
            firefox.click(".card a")
            firefox.wait("document.querySelector('dialog.viewer').open")
            firefox.wait("document.querySelector('.viewer .picture').naturalWidth > 0")
            assert firefox.errors() == []
            assert not [url for url in firefox.requests() if "/api" in url]
    finally:
        firefox.close()


def test_an_address_is_shared_where_others_can_open_it(browser: Any, host: Path) -> None:
    with served(host) as address:
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.goto(f"{address}/~anna/portfolio/index.html")
        wait_taken_over(page)
        links(page).first.click()
        viewer(page).get_by_role("button", name="Share").click()
        expect(viewer(page).get_by_role("button", name="Link copied")).to_be_visible()
        shared = page.evaluate("navigator.clipboard.readText()")
        with urllib.request.urlopen(shared) as answer:
            assert b"Picture 3" in answer.read()
        page.goto(shared)
        page.get_by_role("button", name="Share").click()
        expect(page.get_by_role("button", name="Link copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == shared
        page.goto(f"{host.as_uri()}/~anna/portfolio/index.html")
        wait_taken_over(page)
        links(page).first.click()
        expect(viewer(page).get_by_role("button", name="Share")).to_be_hidden()
        context.close()


@pytest.mark.parametrize(("preset", "said"), [("proof", "001"), ("portfolio", "A heron")])
@pytest.mark.parametrize("size", [(90, 900), (200, 1200)])
def test_what_a_publication_calls_a_picture_is_seen_however_narrow_it_is(
        browser, tmp_path, size, preset, said):
    with Library.create(tmp_path / "library") as library:
        for n, shape in enumerate([size, (400, 300)]):
            library.add(draw(tmp_path / f"{n}.png", shape), title="A heron")
        with publication(library, Policy.of(preset, PRESETS[preset]),
                         str(tmp_path / "out")) as found:
            found.send()
    for width in (390, 1280):
        page = browser.new_page(viewport={"width": width, "height": 844})
        page.goto((tmp_path / "out" / "index.html").as_uri())
        wait_taken_over(page)
        number = page.locator(".card[data-narrow] .snippet")
        expect(number).to_have_text(said)
        box, card = number.bounding_box(), page.locator(".card[data-narrow]").bounding_box()
        assert number.evaluate("(e) => getComputedStyle(e).clipPath") == "none"
        assert box["height"] > 15
        assert box["x"] + box["width"] <= card["x"] + card["width"] + 1
        page.close()


@pytest.mark.parametrize(("preset", "width", "is_there"), [
    ("portfolio", 1280, False), ("portfolio", 390, True), ("settings", 1280, True),
    ("proof", 1280, True)])
def test_where_little_is_told_of_an_image_the_picture_has_the_room(
        open_page: Any, home: str, preset: str, width: int, is_there: bool) -> None:
    page = open_page(f"{home}/{preset}/index.html", viewport={"width": width, "height": 800})
    wait_taken_over(page)
    links(page).first.click()
    panel = viewer(page).get_by_role("region", name="Metadata")
    expect(panel).to_be_visible() if is_there else expect(panel).to_be_hidden()
    if is_there:
        return
    expect(viewer(page).locator(".shown-name")).to_have_text("Picture 3")
    page.keyboard.press("i")
    expect(panel).to_be_visible()
    page.reload()
    expect(panel).to_be_visible()  # as it was chosen
