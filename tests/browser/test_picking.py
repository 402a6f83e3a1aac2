"""Picks in a published gallery: chosen, kept, sent, and merged into the library they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe import AXE, faults
from chromium import MARKS, OTHER_WAY, expect
from gallery_page import box, eventually, links, viewer, wait_taken_over
from helpers import draw
from pick_helpers import as_link, file_of, pick

from imagelib.library.library import Library
from imagelib.library.records.picks import picks_of_image
from imagelib.publishing import pick_files
from imagelib.publishing.policy import Policy
from imagelib.publishing.publication import publication

pytestmark = MARKS


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Library, Path, str]]:
    """A library of four images, their publication with numbers for names, and its id."""
    folder = tmp_path_factory.mktemp("picks")
    with Library.create(folder / "library") as library:
        for n in range(4):
            library.add(draw(folder / f"p{n}.png", (120, 90), seed=n), title=f"secret {n}",
                        captured_at=f"2025-0{n + 1}-17T13:14:15")
        policy = Policy.of("proof", {
            "title": "Fox proofs", "fields": ["names:number"], "ids": "own",
            "picks": {"favourite": True, "stars": True, "comment": True, "max": 3}})
        with publication(library, policy, str(folder / "out")) as found:
            found.send()
        [publication_id] = pick_files.published(library.settings)
        yield library, folder / "out", publication_id


def bar(page: Any) -> Any:
    return page.get_by_role("region", name="Your picks")


def heart(page: Any, n: int) -> Any:
    return page.locator(".card").nth(n).get_by_role("button", name="Favourite")


def in_library(library: Library, title: str) -> str:
    [image] = library.find(f'title:"{title}"')
    return image.id


@OTHER_WAY
def test_a_choice_goes_all_the_way_from_the_gallery_into_the_library(
        open_page: Callable[..., Any], serve: Callable[[Path], str], made, tmp_path):
    library, site, _ = made
    page = open_page(serve(site))
    wait_taken_over(page)
    expect(bar(page)).to_contain_text("0 of 3 picked")
    expect(bar(page).get_by_role("button", name="Send")).to_be_disabled()
    heart(page, 0).click()
    expect(heart(page, 0)).to_have_attribute("aria-pressed", "true")
    links(page).nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("p")  # by key, and not opened
    expect(heart(page, 1)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Tab")
    expect(heart(page, 1)).to_be_focused()

    links(page).nth(1).click()
    expect(viewer(page).get_by_role("button", name="Slideshow")).to_have_attribute(
        "aria-pressed", "false")
    page.keyboard.press("p")
    expect(viewer(page).get_by_role("button", name="Favourite")).to_have_attribute(
        "aria-pressed", "false")
    expect(viewer(page).get_by_role("button", name="Slideshow")).to_have_attribute(
        "aria-pressed", "false")
    viewer(page).get_by_role("button", name="4 stars").click()
    page.keyboard.press("ArrowRight")  # the next image, not another star
    expect(viewer(page)).to_contain_text("3 of 4")
    expect(viewer(page).get_by_role("button", name="4 stars")).to_have_attribute(
        "aria-pressed", "false")
    viewer(page).get_by_label("Your comment").fill("wärmer <b>, please")
    page.keyboard.press("Escape")
    expect(bar(page)).to_contain_text("3 of 3 picked")
    heart(page, 3).click()
    expect(bar(page).get_by_role("alert")).to_have_text(
        "You can pick 3 images. Take one back first.")
    expect(heart(page, 3)).to_have_attribute("aria-pressed", "false")

    page.reload()
    wait_taken_over(page)
    expect(bar(page)).to_contain_text("3 of 3 picked")
    bar(page).get_by_role("button", name="Only these").click()
    expect(links(page)).to_have_count(3)
    expect(box(page)).to_have_value("has:picks")
    bar(page).get_by_role("button", name="Only these").click()
    expect(links(page)).to_have_count(4)

    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    bar(page).get_by_role("button", name="Send").click()
    dialog = page.get_by_role("dialog", name="Send your picks")
    dialog.get_by_label("Your name").fill("  Anna  Müller ")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Save as a file").click()
    assert download.value.suggested_filename == "picks-anna-muller.json"
    download.value.save_as(tmp_path / "picks.json")
    file = pick_files.read((tmp_path / "picks.json").read_bytes())
    dialog.get_by_role("button", name="Copy as text").click()
    eventually(lambda: "004 ♥\n" in (page.evaluate("window.copied") or ""))
    assert "002 – wärmer <b>, please" in page.evaluate("window.copied")
    dialog.get_by_role("button", name="Copy a").click()
    eventually(lambda: "#picks=" in page.evaluate("window.copied"))
    link = page.evaluate("window.copied")
    assert str(site) not in link
    assert pick_files.read(link) == file

    arrived = pick_files.merge(library, file)
    assert (arrived.visitor.who, arrived.unknown) == ("Anna Müller", ())
    said = {title: [(one.heart, one.stars, one.note) for visitor, one in picks_of_image(
        library.database, in_library(library, title)) if visitor.key == file.key]
        for title in ("secret 0", "secret 1", "secret 2", "secret 3")}
    assert said == {"secret 0": [], "secret 1": [(False, 0, "wärmer <b>, please")],
                    "secret 2": [(False, 4, "")], "secret 3": [(True, 0, "")]}


def test_the_page_of_an_image_picks_too(open_page, serve, made):
    _, site, _ = made
    page = open_page(serve(site))
    wait_taken_over(page)
    address = page.url
    page.goto(address.replace("index.html", links(page).first.get_attribute("href") or ""))
    expect(bar(page)).to_contain_text("To the gallery")
    for width in (390, 1280, 1920, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        box = bar(page).bounding_box()
        link = page.get_by_role("link", name="Download").bounding_box()
        assert box["y"] >= link["y"] + link["height"], "a row of its own"
        assert link["height"] < 60
    page.keyboard.press("p")
    bar(page).get_by_role("button", name="2 stars").click()
    page.reload()
    expect(bar(page).get_by_role("button", name="Favourite")).to_have_attribute(
        "aria-pressed", "true")
    bar(page).get_by_role("link", name="1 picked").click()
    expect(bar(page)).to_contain_text("1 of 3 picked")
    expect(page.locator(".card").first.get_by_role("img", name="2 stars")).to_be_visible()


def test_a_link_is_taken_in_only_as_its_visitor_or_beside_ones_own(open_page, serve, made):
    _, site, publication_id = made
    page = open_page(serve(site))
    wait_taken_over(page)
    ids = [card.get_attribute("data-id") for card in page.locator(".card").all()]
    address = page.url
    link = as_link(file_of(publication_id, {
        ids[0]: pick(), ids[1]: pick(note="<img src=x onerror=alert(1)>")},
        who="<i>Anna</i>")).partition("#")[2]
    heart(page, 3).click()
    page.goto(f"{address}#{link}")
    dialog = page.get_by_role("dialog", name="Picks in this link")
    expect(dialog).to_contain_text("<i>Anna</i> picked 2 images. You have picked 1 here.")
    dialog.get_by_role("button", name="Leave them").click()
    expect(bar(page)).to_contain_text("1 of 3 picked")
    assert "#" not in page.url

    page.goto(f"{address}#{link}")
    dialog.get_by_role("button", name="Add them to mine").click()
    expect(bar(page)).to_contain_text("3 of 3 picked")
    own = page.evaluate("ImagelibPicks.file.key")
    page.goto(f"{address}#{link}")
    dialog.get_by_role("button", name="I am <i>Anna</i>: replace what is here").click()
    expect(bar(page)).to_contain_text("2 of 3 picked")
    assert page.evaluate("ImagelibPicks.file.key") != own
    page.goto(f"{address}#{link}")  # the same visitor: nothing to ask
    expect(bar(page).get_by_role("alert")).to_have_text("The picks of the link are here.")
    links(page).nth(1).click()
    expect(viewer(page).get_by_label("Your comment")).to_have_value(
        "<img src=x onerror=alert(1)>")
    page.keyboard.press("Escape")
    page.goto(f"{address}#{link[:-20]}")
    expect(bar(page).get_by_role("alert")).to_contain_text("or is damaged")
    other = as_link(file_of(ids[0], {})).partition("#")[2]
    page.goto(f"{address}#{other}")
    expect(bar(page).get_by_role("alert")).to_contain_text("no picks of this gallery")


def test_where_the_browser_keeps_nothing_that_is_said(browser, made):
    _, site, _ = made
    context = browser.new_context()
    context.add_init_script("Object.defineProperty(window, 'localStorage',"
                            " { get() { throw new Error('no'); } })")
    page = context.new_page()
    page.goto(f"{site.as_uri()}/index.html")
    wait_taken_over(page)
    heart(page, 0).click()
    heart(page, 1).click()
    expect(bar(page)).to_contain_text("2 of 3 picked")
    expect(bar(page).get_by_role("alert")).to_contain_text("This browser keeps nothing")
    context.close()


@pytest.mark.skipif(AXE is None, reason="axe-playwright-python is not installed")
def test_everything_about_picks_can_be_perceived_and_touched(browser, made):
    _, site, publication_id = made
    assert AXE
    context = browser.new_context(viewport={"width": 390, "height": 844}, bypass_csp=True,
                                  reduced_motion="reduce", has_touch=True, is_mobile=True)
    context.add_init_script(path=AXE)
    page = context.new_page()
    page.goto(f"{site.as_uri()}/index.html")
    wait_taken_over(page)
    address = page.url
    seen = 0

    def look() -> None:
        nonlocal seen
        for scheme in ("light", "dark"):
            assert faults(page, scheme) == []
        buttons = page.locator(".heart, .pick-stars button, .picks-bar button, .picks-dialog button"
                               ", .picks-of-page a")
        for button in buttons.all():
            if button.is_visible() and (found := button.bounding_box()):
                seen += 1
                assert min(found["width"], found["height"]) >= 44, button.inner_html()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390

    for n in range(4):
        heart(page, n).tap()  # the last one is refused
    look()
    links(page).first.click()
    viewer(page).get_by_role("button", name="3 stars").tap()
    look()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("favourite, or no longer")
    expect(page.get_by_role("dialog", name="Keys")).not_to_contain_text("slideshow")
    page.keyboard.press("Escape")
    bar(page).get_by_role("button", name="Send").tap()
    look()
    page.goto(address + "#" + as_link(file_of(publication_id, {})).partition("#")[2])
    page.get_by_role("dialog", name="Picks in this link").wait_for()
    look()
    page.goto(address.replace("index.html", links(page).first.get_attribute("href") or ""))
    look()
    assert seen > 20
    context.close()


def test_the_cards_that_arrows_reach_are_not_under_the_bar(open_page, serve, made):
    _, site, _ = made
    page = open_page(serve(site), viewport={"width": 300, "height": 420})
    wait_taken_over(page)
    links(page).first.focus()
    page.keyboard.press("ArrowDown")
    expect(links(page).nth(1)).to_be_focused()
    card, below = (one.bounding_box() for one in (
        page.locator(".card").nth(1), page.locator(".picks-bar")))
    assert card["y"] + card["height"] <= below["y"]


def test_what_another_tab_picks_is_seen(browser, made, serve):
    _, site, _ = made
    context = browser.new_context()
    first, second = context.new_page(), context.new_page()
    for page in (first, second):
        page.goto(serve(site))
        wait_taken_over(page)
    heart(first, 0).click()
    expect(heart(second, 0)).to_have_attribute("aria-pressed", "true")
    context.close()
