"""What not every browser shows is shown by its display copy; what moves plays: in Chromium."""

from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from chromium import MARKS, expect
from drawn_formats import corners, saved
from gallery_page import eventually
from PIL import Image

from imagelib.generator.builder import build
from imagelib.generator.paths import page_path, thumbnail_path
from imagelib.library.library import Library
from imagelib.recipes import DISPLAY

pytestmark = MARKS

SIZE = (1210, 830)
COPIED = ("TIFF", "HEIF", "JXL")


def moving(form: str) -> bytes:
    first, *others = [Image.new("RGB", (300, 200), colour) for colour in ("red", "lime", "blue")]
    written = io.BytesIO()
    first.save(written, form, save_all=True, append_images=others, duration=60, loop=0)
    return written.getvalue()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A picture of each type by its name, and moving ones."""
    folder = tmp_path_factory.mktemp("formats")
    with Library.create(folder / "library") as opened:
        images = {}
        for form in (*COPIED, "BMP", "PNG"):
            (folder / form).write_bytes(saved(corners(SIZE), form))
            images[form] = opened.add(folder / form, title=f"a {form}").image
        for form in ("GIF", "WEBP"):
            (folder / form).write_bytes(moving(form))
            images[f"moving {form}"] = opened.add(folder / form, title=f"moving {form}").image
        build(opened)
        yield opened.settings.site_dir, images


@pytest.fixture
def page(library: Any, open_page: Any) -> Any:
    return open_page(f"{library[0].as_uri()}/index.html")


def shown(page: Any) -> Any:
    return page.locator("dialog.viewer .picture")


@pytest.mark.parametrize("form", [*COPIED, "BMP"])
def test_the_viewer_shows_it_in_its_own_size_and_downloads_the_original(library, page, form):
    _, images = library
    page.get_by_role("link", name=f"a {form}").click()
    image = images[form]
    name = thumbnail_path(image.digest, DISPLAY) if form in COPIED else image.file_name
    eventually(lambda: page.evaluate(
        "(name) => document.querySelector('.picture').src.endsWith(name)", name))
    assert shown(page).evaluate("(one) => [one.naturalWidth, one.naturalHeight]") == list(SIZE)
    page.keyboard.press("z")
    expect(page.locator("[data-tool=level]")).to_have_text("100 %")
    download = page.get_by_role("link", name="Download original")
    assert download.get_attribute("href").endswith(images[form].file_name)
    page.keyboard.press("Escape")


def test_it_is_compared_by_its_copy(library, page):
    _, images = library
    page.get_by_role("link", name="a TIFF").click()
    page.keyboard.press("c")
    panes = page.locator("dialog.compare .compare-frame img")
    expect(panes).to_have_count(2)
    eventually(lambda: page.evaluate("""[...document.querySelectorAll('.compare-frame img')].every(
        (one) => one.naturalWidth > 0)"""))
    assert panes.first.get_attribute("src") == thumbnail_path(images["TIFF"].digest, DISPLAY)


@pytest.mark.parametrize("form", [*COPIED, "BMP", "moving GIF"])
def test_its_page_shows_it_without_scripts(library, browser, form):
    site, images = library
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.as_uri()}/{page_path(images[form].id)}")
    picture = page.locator(".page-picture img")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("(one) => one.naturalWidth") == images[form].width
    assert page.get_by_role("link", name="Download").get_attribute("href").endswith(
        images[form].file_name)
    expect(page.get_by_text(", animated")).to_have_count(1 if "moving" in form else 0)
    context.close()


@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_what_moves_plays_in_the_viewer_and_its_tile_says_so(page, form):
    said = {"GIF": "Animated GIF", "WEBP": "Animated"}[form]
    card = page.get_by_role("link", name=f"moving {form}")
    expect(card.get_by_role("img", name=said, exact=True)).to_be_visible()
    expect(page.locator(".card .moving")).to_have_count(2)
    card.click()
    expect(page.get_by_text(", animated")).to_be_visible()
    eventually(lambda: page.evaluate(
        "document.querySelector('.picture').src.includes('/images/')"))
    seen = set()
    for _ in range(60):
        seen.add(shown(page).screenshot())
        if len(seen) > 2:
            break
        page.wait_for_timeout(20)
    assert len(seen) > 2, "three frames; of a still one its thumbnail and itself could be seen"


@pytest.mark.parametrize("stored", ["rows", "squares", "list"])
def test_scripts_say_what_moves_as_the_page_does(library, browser, stored):
    site, _ = library
    context = browser.new_context(viewport={"width": 1200, "height": 2000})
    context.add_init_script(f"localStorage.setItem('imagelib.view', '{{\"shape\":\"{stored}\"}}')")
    page = context.new_page()
    page.goto(f"{site.as_uri()}/index.html?q=moving")
    expect(page.locator(".card .moving")).to_have_count(2)
    page.get_by_role("searchbox", name="Search").fill("title:TIFF")
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator(".card .moving")).to_have_count(0)
    page.get_by_role("searchbox", name="Search").fill("")
    expect(page.locator(".card")).to_have_count(7)
    expect(page.locator(".card .moving")).to_have_count(2)
    context.close()


def test_a_picture_that_no_browser_shows_is_added_seen_and_copied_in_the_editor(tab, tmp_path):
    editor = tab(permissions=["clipboard-read", "clipboard-write"])
    asked: list[str] = []
    editor.page.on("request", lambda request: asked.append(request.url))
    path = tmp_path / "holiday.tif"
    path.write_bytes(saved(corners(SIZE), "TIFF"))
    editor.drop(path, kind="image/tiff")
    editor.button("Save").click()
    picture = editor.item("holiday.tif").locator("img")
    expect(picture).to_have_attribute("src", f"/{thumbnail_path(_digest(path))}", timeout=15_000)
    assert not [url for url in asked if "/images/" in url], "no tile loads what is not shown"
    editor.card("holiday.tif").click()
    expect(editor.page.locator("dialog.viewer .picture")).to_have_js_property(
        "naturalWidth", SIZE[0])
    editor.page.keyboard.press("Control+c")
    expect(editor.page.get_by_text("Picture copied")).to_be_visible()


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
