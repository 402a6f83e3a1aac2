"""Videos play in the viewer and on their pages, from a file and from the daemon; in Chromium."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from chromium import MARKS, expect
from drawn_formats import corners
from drawn_videos import film
from firefox import Firefox
from gallery_page import eventually

from imagelib.generator.builder import build
from imagelib.generator.paths import page_path, thumbnail_path
from imagelib.library.library import Library
from imagelib.recipes import DISPLAY

pytestmark = MARKS

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
READY = "() => { const film = document.querySelector('.film'); return film.readyState > 1; }"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Two videos between two pictures; one has no preview."""
    folder = tmp_path_factory.mktemp("videos")
    corners((640, 360)).save(folder / "first.png")
    corners((600, 400)).save(folder / "last.png")
    with Library.create(folder / "library") as opened:
        images = {name: opened.add(path, title=name, captured_at=f"2026-01-0{n}").image
                  for n, (name, path) in enumerate({
                      "first": folder / "first.png",
                      "short film": film(folder / "short.webm", "video/webm", frames=25,
                                         picture=corners((320, 180))),
                      "long film": film(folder / "long.mp4", frames=730, size=(180, 320)),
                      "last": folder / "last.png"}.items(), 1)}
        build(opened)
        yield opened.settings.site_dir, images


@pytest.fixture
def page(library: Any, open_page: Any) -> Any:
    return open_page(f"{library[0].as_uri()}/index.html")


def test_the_viewer_plays_it_with_controls_and_lets_go_of_it(library, page):
    _, images = library
    page.get_by_role("link", name="short film").click()
    player = page.locator("dialog.viewer .film")
    expect(player).to_be_visible()
    eventually(lambda: page.evaluate(READY))
    assert player.evaluate("""(one) => [one.controls, one.loop, one.muted, one.playsInline,
        one.preload, one.videoWidth]""") == [True, True, True, True, "metadata", 320]
    assert player.get_attribute("poster").endswith(
        thumbnail_path(images["short film"].digest, DISPLAY))
    expect(page.locator("dialog.viewer .picture")).to_be_hidden()
    for name in ("Zoom", "Compare"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_hidden()
    page.keyboard.press("z")
    page.keyboard.press("c")
    player.hover()
    page.mouse.wheel(0, -400)
    expect(page.locator("[data-tool=level]")).to_have_text("")
    expect(page.locator("dialog.compare")).to_have_count(0)
    assert player.evaluate("async (one) => { await one.play(); return one.paused; }") is False
    eventually(lambda: page.evaluate("document.querySelector('.film').currentTime > 0.1"))
    expect(page.get_by_role("dialog", name="short film")).to_contain_text("video/webm, 0:02")

    page.keyboard.press("ArrowRight")  # the older one is a picture
    expect(page.get_by_role("dialog", name="first")).to_be_visible()
    expect(player).to_be_hidden()
    assert player.evaluate("(one) => [one.paused, one.getAttribute('src')]") == [True, None]
    expect(page.locator("dialog.viewer .picture")).to_be_visible()
    expect(page.get_by_role("button", name="Compare", exact=True)).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(player).to_be_visible()
    page.keyboard.press("Escape")
    assert player.evaluate("(one) => one.getAttribute('src')") is None


def test_arrows_on_the_player_seek_and_do_not_flip(page):
    page.get_by_role("link", name="long film").click()
    eventually(lambda: page.evaluate(READY))
    page.locator("dialog.viewer .film").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="long film")).to_be_visible()


def test_tiles_say_how_long_it_is(page):
    for name, length in (("short film", "0:02"), ("long film", "1:13")):
        card = page.get_by_role("link", name=name)
        expect(card.get_by_role("img", name=f"Video {length}")).to_have_text(f"▶ {length}")
    expect(page.locator(".card .moving")).to_have_count(2)
    page.get_by_role("searchbox", name="Search").fill("first")
    expect(page.locator(".card .moving")).to_have_count(0)
    page.get_by_role("searchbox", name="Search").fill("")
    expect(page.locator(".card .moving")).to_have_count(2)


@pytest.mark.parametrize("name", ["short film", "long film"])
def test_its_page_plays_it_without_scripts(library, browser, name):
    site, images = library
    image = images[name]
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.as_uri()}/{page_path(image.id)}")
    player = page.locator(".page-picture video")
    expect(player).to_have_js_property("videoWidth", image.width)
    expect(player).to_have_attribute("controls", "")
    assert page.get_by_role("link", name="Download").get_attribute("href").endswith(
        image.file_name)
    context.close()


def test_a_video_is_added_and_played_and_sought_in_the_editor(tab, tmp_path):
    editor = tab()
    # Longer than what a browser loads at once, so that it has to ask for parts.
    path: Path = film(tmp_path / "holiday.webm", "video/webm", frames=300, size=(640, 360))
    editor.drop(path, kind="video/webm")
    editor.button("Save").click()
    card = editor.card("holiday.webm")
    expect(editor.item("holiday.webm").locator("img")).to_be_visible(timeout=15_000)
    card.click()
    eventually(lambda: editor.page.evaluate(READY))
    player = editor.page.locator("dialog.viewer .film")
    assert player.evaluate("""(one) => new Promise((done) => {
        one.addEventListener("seeked", () => done(one.currentTime));
        one.currentTime = 25;
    })""") == 25
    assert editor.complaints == []


@pytest.mark.skipif(FIREFOX is None, reason="firefox-esr is not installed")
def test_firefox_plays_it_from_a_file_and_shows_copies(library, tmp_path):
    site, images = library
    firefox = Firefox(str(FIREFOX), tmp_path / "profile")
    try:
        firefox.open("about:blank")
        firefox.events.clear()
        firefox.open(f"{site.as_uri()}/{page_path(images['short film'].id)}")
        firefox.wait("document.querySelector('.page-picture video').readyState > 1")
        firefox.open(f"{site.as_uri()}/index.html#{images['short film'].id}")
        firefox.wait("document.querySelector('.film').readyState > 1")
        assert firefox.evaluate("document.querySelector('.film').videoWidth") == 320
        firefox.wait("document.querySelectorAll('.card .moving').length === 2")
        assert firefox.errors() == []
    finally:
        firefox.close()


def test_what_the_browser_cannot_play_is_said(library, browser):
    site, images = library
    film_file = site / "images" / images["short film"].file_name
    whole = film_file.read_bytes()
    film_file.write_bytes(whole[:300])
    try:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{site.as_uri()}/index.html#{images['short film'].id}")
        expect(page.get_by_text("The original cannot be played here. This is its preview.")
               ).to_be_visible()
        expect(page.locator("dialog.viewer .picture")).to_be_visible()
        expect(page.locator("dialog.viewer .film")).to_be_hidden()
        context.close()
    finally:
        film_file.write_bytes(whole)
