"""What comes late belongs to the image that it was asked for, however often that was shown anew."""

from __future__ import annotations

import re
from typing import Any

import pytest
from chromium import MARKS, OTHER_WAY, expect
from gallery_page import COUNT, NEWEST, box, eventually, links, status, viewer, wait_taken_over

pytestmark = [*MARKS, OTHER_WAY]

ORIGINAL = re.compile(r"(^|/)images/")
THUMBNAIL = re.compile(r"(^|/)thumbs/")


class Gate:
    """Holds requests back until it is opened. On `file://` it must be there before the page."""

    def __init__(self, page: Any, pattern: str) -> None:
        self.held: list[Any] = []
        self._is_open = False
        page.route(pattern, self._take)

    def _take(self, route: Any) -> None:
        if self._is_open:
            route.continue_()
        else:
            self.held.append(route)

    def wait(self, page: Any) -> None:
        """Until somebody stands before it."""
        for _ in range(1000):
            if self.held:
                return
            page.wait_for_timeout(20)
        raise AssertionError("nothing was asked for")

    def open(self) -> None:
        """Let everybody through."""
        self._is_open = True
        for route in self.held:
            route.continue_()


def picture(page: Any) -> Any:
    """The picture in the viewer."""
    return viewer(page).locator("img.picture")


@pytest.mark.parametrize("way", ["link", "reload", "click"])
def test_a_picture_that_is_open_before_its_texts_becomes_the_whole_picture(open_page, home, way):
    image = NEWEST[4]
    page = open_page(f"{home}#{image.id}" if way == "reload" else "about:blank")
    if way == "reload":
        expect(picture(page)).to_have_attribute("src", ORIGINAL)
    texts, originals = Gate(page, "**/data/text-*.js"), Gate(page, "**/images/**")
    if way == "reload":
        page.reload(wait_until="commit")
    else:
        page.goto(home if way == "click" else f"{home}#{image.id}", wait_until="commit")
    if way == "click":
        expect(status(page)).to_contain_text("searched")
        links(page).nth(4).click()
    originals.wait(page)
    expect(picture(page)).to_have_attribute("src", THUMBNAIL)
    texts.open()
    # The same image, made anew with its texts, and again with another rating.
    expect(viewer(page)).to_contain_text(image.prompt_text)
    originals.open()

    expect(picture(page)).to_have_attribute("src", ORIGINAL)
    assert picture(page).evaluate("(e) => e.decode().then(() => e.naturalWidth)") == image.width


def test_an_edit_while_the_picture_is_on_its_way_does_not_stop_it(open_page, home):
    page = open_page("about:blank")
    originals = Gate(page, "**/images/**")
    page.goto(home)
    expect(status(page)).to_have_text(f"{COUNT} of {COUNT} images")
    links(page).nth(1).click()
    originals.wait(page)
    for rating in (1, 2, 3):
        page.evaluate("async ([id, rating]) => ImagelibIndex.put("
                      "{...await ImagelibIndex.record(id), rating})", [NEWEST[1].id, rating])
        expect(viewer(page).get_by_role("img", name=f"{rating} star")).to_be_visible()
    originals.open()

    expect(picture(page)).to_have_attribute("src", ORIGINAL)


def test_another_file_of_the_open_image_is_shown(page):
    links(page).nth(1).click()
    expect(picture(page)).to_have_attribute("src", ORIGINAL)
    before = picture(page).get_attribute("src")
    page.evaluate("""async ([id, other]) => ImagelibIndex.put({...await ImagelibIndex.record(id),
        digest: other.digest, file_name: other.file_name})""",
        [NEWEST[1].id, NEWEST[2].to_json()])

    eventually(lambda: ORIGINAL.search(picture(page).get_attribute("src") or "")
               and picture(page).get_attribute("src") != before)


def test_the_picture_of_the_image_before_does_not_come_into_the_next_one(open_page, home):
    page = open_page("about:blank")
    first = Gate(page, f"**/images/*{NEWEST[1].file_name.rsplit('/', 1)[-1][:8]}*")
    page.goto(home)
    expect(status(page)).to_have_text(f"{COUNT} of {COUNT} images")
    links(page).nth(1).click()
    first.wait(page)
    page.keyboard.press("ArrowRight")
    expect(picture(page)).to_have_attribute("src", ORIGINAL)
    shown = picture(page).get_attribute("src")
    first.open()
    page.wait_for_timeout(300)

    assert picture(page).get_attribute("src") == shown


def test_an_error_of_an_earlier_thumbnail_leaves_the_new_one(open_page, home):
    page = open_page("about:blank", allow="ERR_FAILED|ERR_FILE_NOT_FOUND|404")
    lost = Gate(page, "**/thumbs/ff/**")
    page.goto(home)
    expect(status(page)).to_have_text(f"{COUNT} of {COUNT} images")
    image, other = NEWEST[2], NEWEST[3]
    put = """async ([id, digest]) => ImagelibIndex.put(
        {...await ImagelibIndex.record(id), digest})"""
    page.evaluate(put, [image.id, "f" * 64])
    lost.wait(page)
    page.evaluate(put, [image.id, other.digest])
    card = page.locator(f".card[data-pk='{image.pk}']")
    expect(card.locator("img")).to_have_attribute("src", re.compile(other.digest))
    for route in lost.held:
        route.abort()
    page.wait_for_timeout(200)

    expect(card.locator("img")).to_have_attribute("src", re.compile(other.digest))


def test_a_click_counts_more_than_a_link_that_is_still_looked_for(open_page, home):
    page = open_page("about:blank")
    ids = Gate(page, "**/data/id-*.js")
    page.goto(f"{home}#{NEWEST[-1].id}", wait_until="commit")
    ids.wait(page)
    wait_taken_over(page)
    links(page).nth(2).click()
    expect(page).to_have_url(f"{home}#{NEWEST[2].id}")
    ids.open()
    page.wait_for_timeout(300)

    expect(page).to_have_url(f"{home}#{NEWEST[2].id}")


def test_a_query_counts_more_than_likes_that_are_still_looked_for(open_page, home):
    page = open_page("about:blank")
    looks = Gate(page, "**/data/phash-*.js")
    page.goto(home)
    expect(status(page)).to_have_text(f"{COUNT} of {COUNT} images")
    page.evaluate("(id) => ImagelibGallery.setQuery(`like:${id}`)", NEWEST[0].id)
    looks.wait(page)
    box(page).fill("rating:5")
    expect(status(page)).not_to_have_text(f"{COUNT} of {COUNT} images")
    said = status(page).text_content()
    looks.open()
    page.wait_for_timeout(300)

    expect(page.get_by_text("Like:")).to_be_hidden()
    expect(status(page)).to_have_text(said)


def test_steps_in_the_comparison_add_up(page):
    links(page).first.click()
    expect(viewer(page)).to_be_visible()
    page.keyboard.press("c")
    compared = page.locator("dialog.compare")
    expect(compared).to_be_visible()
    page.evaluate("""() => {
      const next = document.querySelector("dialog.compare [aria-label='Next other image']");
      for (let n = 0; n < 3; n++) next.click();
    }""")

    name = NEWEST[4].file_name.rsplit("/", 1)[-1]
    eventually(lambda: name[:8] in (compared.locator(".compare-right").get_attribute("src") or ""))
