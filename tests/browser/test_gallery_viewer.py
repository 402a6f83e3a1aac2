"""The viewer in the gallery: what it shows, flipping, closing, links to an image."""

from __future__ import annotations

import re

from chromium import MARKS, OTHER_WAY, expect
from gallery_page import COUNT, IMAGES, NEWEST, box, found, links, viewer, wait_taken_over
from gallery_site import write_site

from imagelib.generator.pages import SiteInfo

pytestmark = MARKS


@OTHER_WAY
def test_the_viewer_shows_the_original_and_everything_known(page):
    image = found("has:seed has:prompt")[0]
    box(page).fill(f"id:{image.id}")
    links(page).first.click()

    expect(viewer(page)).to_have_accessible_name(image.prompt_text)
    picture = viewer(page).get_by_role("img", name=image.prompt_text)
    expect(picture).to_have_attribute("src", re.compile(r"/images/|^images/"))
    assert picture.evaluate("(e) => e.naturalWidth") == image.width
    for text in (image.prompt_text, image.generation["seed"], "Euler a", image.mime_type,
                 image.captured_at[:16].replace("T", " "), f"{image.width} × {image.height}"):
        expect(viewer(page)).to_contain_text(text)
    download = viewer(page).get_by_role("link", name="Download original")
    expect(download).to_have_attribute("download", image.original_name)
    viewer(page).get_by_role("link", name="Page of this image").click()
    page.wait_for_url(f"**/image/{image.id}.html")


def test_a_missing_original_is_said(page):
    box(page).fill("is:missing")
    links(page).first.click()

    expect(viewer(page)).to_contain_text("The file is missing. This is its preview.")
    expect(viewer(page).get_by_role("link", name="Download original")).to_have_count(0)


@OTHER_WAY
def test_flipping_replaces_and_back_closes(page, home):
    links(page).nth(1).click()
    expect(page).to_have_url(f"{home}#{NEWEST[1].id}")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("j")
    page.wait_for_url(f"{home}#{NEWEST[3].id}")
    expect(viewer(page)).to_contain_text(f"4 of {COUNT}")
    viewer(page).get_by_role("button", name="Previous").click()
    page.keyboard.press("k")
    page.wait_for_url(f"{home}#{NEWEST[1].id}")

    page.go_back()

    expect(viewer(page)).to_be_hidden()
    expect(page).to_have_url(home)
    page.go_forward()
    expect(viewer(page)).to_be_visible()


def test_closing_leads_back_to_the_card(page, home):
    before = page.evaluate("history.length")
    for way in ("Escape", "button"):
        links(page).nth(2).click()
        expect(viewer(page)).to_be_visible()
        if way == "Escape":
            page.keyboard.press("Escape")
        else:
            viewer(page).get_by_role("button", name="Close").click()

        expect(viewer(page)).to_be_hidden()
        expect(page).to_have_url(home)
        expect(links(page).nth(2)).to_be_focused()
        assert page.evaluate("history.length") == before + 1


def test_the_ends_of_the_result_are_the_ends(page):
    box(page).fill("fox")
    links(page).first.click()
    expect(viewer(page).get_by_role("button", name="Previous")).to_be_disabled()
    for _ in range(len(found("fox")) + 3):
        page.keyboard.press("ArrowRight")

    expect(viewer(page).get_by_role("button", name="Next")).to_be_disabled()
    expect(viewer(page)).to_contain_text(f"{len(found('fox'))} of {len(found('fox'))}")


@OTHER_WAY
def test_a_permalink_opens_its_image(open_page, home):
    image = NEWEST[-3]
    page = open_page(f"{home}?q=xyzzy#{image.id}")

    expect(viewer(page)).to_have_accessible_name(image.prompt_text or image.original_name)
    page.keyboard.press("Escape")
    expect(viewer(page)).to_be_hidden()
    page.wait_for_url(f"{home}?q=xyzzy")


@OTHER_WAY
def test_without_pages_of_their_own_links_to_images_open_the_viewer(tmp_path, serve, open_page):
    write_site(tmp_path, IMAGES[:8], site=SiteInfo(pages=False))
    page = open_page(serve(tmp_path))
    wait_taken_over(page)
    link = links(page).nth(1)
    name, address = link.evaluate("(e) => [e.textContent, e.href]")
    link.click()
    expect(viewer(page)).to_be_visible()
    expect(viewer(page).get_by_role("link", name="Download original")).to_be_visible()
    expect(viewer(page).get_by_role("link", name="Page of this image")).to_have_count(0)
    again = open_page(address)
    expect(viewer(again)).to_have_accessible_name(name.strip())


def test_a_permalink_to_nothing_is_said(open_page, home):
    page = open_page(f"{home}#00000000-0000-4000-8000-000000000000")

    expect(page.get_by_text("No image 00000000")).to_be_visible()


def test_the_viewer_tells_the_editor(page):
    page.evaluate("""
        window.told = [];
        for (const name of ["open", "close"]) document.addEventListener(
          `imagelib:viewer-${name}`, (e) => told.push([name, e.detail?.id]))
    """)
    links(page).first.click()
    expect(viewer(page)).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(viewer(page)).to_contain_text(f"2 of {COUNT}")
    page.keyboard.press("Escape")
    expect(viewer(page)).to_be_hidden()

    assert page.evaluate("told") == [
        ["open", NEWEST[0].id], ["open", NEWEST[1].id], ["close", None]]


@OTHER_WAY
def test_the_page_of_an_image_leads_on(open_page, home):
    page = open_page(home.replace("index.html", f"image/{NEWEST[1].id}.html"))
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**/{NEWEST[2].id}.html")
    page.get_by_role("link", name="Newer").click()
    page.wait_for_url(f"**/{NEWEST[1].id}.html")
    page.get_by_role("link", name="Show in gallery").click()

    page.wait_for_url(f"**/index.html#{NEWEST[1].id}")
    expect(viewer(page)).to_be_visible()


def test_the_page_of_an_image_says_on_a_phone_whose_gallery_it_is(open_page, home):
    page = open_page(home.replace("index.html", f"image/{NEWEST[1].id}.html"))
    for width in (390, 360):
        page.set_viewport_size({"width": width, "height": 844})
        brand = page.locator(".brand a")
        brand.evaluate("(link) => { link.textContent = 'My pictures' }")
        assert brand.evaluate("(link) => link.scrollWidth <= link.clientWidth"), width
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        for name in ("Newer", "Older"):
            box = page.get_by_role("link", name=name).bounding_box()
            assert min(box["width"], box["height"]) >= 24


def test_an_image_has_a_menu_by_right_click_and_by_key(page):
    """As a file: what only reads is there, and what the browser refuses is said."""
    image = found("has:seed has:prompt")[0]
    box(page).fill(f"id:{image.id}")
    menu, link = page.get_by_role("menu"), links(page).first
    link.click(button="right")
    expect(menu).to_have_accessible_name(image.prompt_text)
    expect(menu.get_by_role("menuitem")).to_have_text([
        re.compile(f"^{name}") for name in (
            "Open", "Open in a new tab", "Copy prompt", "Copy picture", "Download", "Same seed",
            "Same prompt", "More like this")])
    expect(menu.get_by_role("menuitem", name="Open", exact=True)).to_be_focused()
    assert menu.get_by_role("menuitem", name="Download").get_attribute("download")
    link.click(button="right")  # now it is the browser's own
    expect(menu).to_have_count(0)
    link.click(button="right", modifiers=["Shift"])
    expect(menu).to_have_count(0)

    link.focus()
    page.keyboard.press("ContextMenu")
    page.keyboard.press("ArrowUp")
    expect(menu.get_by_role("menuitem", name="More like this")).to_be_focused()
    page.keyboard.press("c")
    page.keyboard.press("c")
    page.keyboard.press("Enter")
    expect(page.get_by_text("A page opened as a file may not copy pictures")).to_be_visible()
    expect(link).to_be_focused()

    link.click()
    viewer(page).get_by_role("img").click(button="right")
    expect(menu.get_by_role("menuitem", name="Open", exact=True)).to_have_count(0)
    page.keyboard.press("Escape")
    expect(viewer(page)).to_be_visible()
    viewer(page).get_by_role("img").click(button="right")
    menu.get_by_role("menuitem", name="Same seed").click()
    expect(viewer(page)).to_be_hidden()
    expect(box(page)).to_have_value(f"seed:{image.generation['seed']}")
    expect(links(page).first).to_have_accessible_name(image.prompt_text)
