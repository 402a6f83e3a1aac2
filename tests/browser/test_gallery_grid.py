"""The grid of the gallery: names, places and keys of the cards, and the way back to them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from chromium import MARKS, OTHER_WAY, expect
from gallery_page import (
    COUNT,
    IMAGES,
    NEWEST,
    WITHOUT_THUMBNAIL,
    box,
    eventually,
    found,
    links,
    shown,
    status,
    viewer,
    wait_taken_over,
)
from gallery_site import records, write_site

pytestmark = MARKS


def test_links_are_named_by_the_prompt_or_the_file(page):
    image = found("fox")[0]
    box(page).fill("fox")
    expect(links(page).first).to_have_accessible_name(image.prompt_text)
    expect(links(page).first).to_have_attribute("href", f"image/{image.id}.html")

    box(page).fill("-has:prompt")
    expect(links(page).first).to_have_accessible_name(found("-has:prompt")[0].original_name)


def test_only_cards_near_the_viewport_are_in_the_page(page):
    assert len(shown(page)) < 60
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")

    expect(page.locator(f"[data-pk='{NEWEST[-1].pk}'] img")).to_be_visible()
    cards = shown(page)
    assert cards == [image.pk for image in NEWEST][-len(cards):]
    assert len(cards) < 60


def test_no_card_covers_another_and_none_leaves_the_page(page):
    for width in (360, 700, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(100)
        boxes = page.evaluate(
            "[...document.querySelectorAll('.card')]"
            ".map((card) => card.getBoundingClientRect().toJSON())")
        assert len(boxes) > 3
        for n, one in enumerate(boxes):
            assert one["left"] >= 0
            assert one["right"] <= width
            for other in boxes[n + 1:]:
                assert (one["right"] <= other["left"] + 0.5 or other["right"] <= one["left"] + 0.5
                        or one["bottom"] <= other["top"] + 0.5
                        or other["bottom"] <= one["top"] + 0.5)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_captions_hold_the_date_and_narrow_cards_no_cut_words(page):
    def captions() -> list[dict[str, Any]]:
        return page.evaluate("""() => [...document.querySelectorAll(".card")].map((card) => {
          const seen = (selector) => {
            const part = card.querySelector(selector), line = card.querySelector(".facts");
            if (!part?.checkVisibility()) return 0;
            const [own, whole] = [part.getBoundingClientRect(), line.getBoundingClientRect()];
            return own.bottom <= whole.bottom + 1 && own.right <= whole.right + 1 ? own.width : 0;
          };
          return { width: parseFloat(card.style.width), title: card.title, day: seen(".day"),
                   model: seen(".model"), snippet: card.querySelector(".snippet").clientWidth };
        })""")

    for card in captions():
        assert card["day"] or card["width"] < 84, "the date is on each tile that has room for it"
        assert not 0 < card["model"] < 30, "a model is not cut to a few letters"
    page.get_by_label("Size", exact=True).fill("60")
    expect(page.locator(".card[data-narrow]").first).to_be_visible()
    narrow = [card for card in captions() if card["width"] < 150]
    assert narrow
    for card in narrow:
        assert not card["model"]
        assert (card["snippet"] > 75) == (card["width"] >= 84), "a name is no few letters"
        assert card["title"], "what is left out is in the tooltip"
    assert all(not card["title"] for card in captions() if card["width"] >= 150)
    expect(links(page).first).to_have_accessible_name(NEWEST[0].prompt_text or
                                                      NEWEST[0].original_name)


def test_small_tiles_are_pictures_alone_and_many_are_seen_at_once(page):
    seen = """() => [...document.querySelectorAll(".card .frame")].filter((frame) => {
      const { top, bottom } = frame.getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    }).length"""
    before = page.evaluate(seen)
    page.get_by_label("Size", exact=True).fill("40")
    expect(page.locator(".card .more").first).to_be_hidden()
    eventually(lambda: page.evaluate(seen) >= 40)
    assert page.evaluate(seen) > 5 * before
    name = NEWEST[0].prompt_text or NEWEST[0].original_name
    expect(links(page).first).to_have_accessible_name(name)
    assert name in page.locator(".card").first.get_attribute("title")
    page.get_by_label("List").check(force=True)
    expect(page.locator(".card .more").first).to_be_visible()


def test_the_lowest_lines_of_the_list_are_low_and_their_texts_are_whole(page):
    page.get_by_label("List").check(force=True)
    page.get_by_label("Size", exact=True).fill("30")
    eventually(lambda: page.locator(".card").first.bounding_box()["height"] < 60)
    for card in page.locator(".card").all()[:6]:
        line = card.bounding_box()
        for part in (".snippet", ".facts"):
            box = card.locator(part).bounding_box()
            assert line["y"] - 1 <= box["y"]
            assert box["y"] + box["height"] <= line["y"] + line["height"] + 1, part
    page.set_viewport_size({"width": 390, "height": 800})
    eventually(lambda: page.locator(".card").first.bounding_box()["height"] >= 92)


def test_images_without_preview_or_file_say_so(page):
    [bare] = [image for image in IMAGES if image.pk in WITHOUT_THUMBNAIL]
    box(page).fill(f"id:{bare.id}")
    expect(links(page)).to_have_count(1)
    expect(page.get_by_text("no preview")).to_be_visible()

    box(page).fill("is:missing")
    expect(page.get_by_text("file missing")).to_be_visible()


def test_the_grid_is_walked_by_keys(page):
    page.keyboard.press("Control+k")
    expect(box(page)).to_be_focused()
    box(page).blur()
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    box(page).press("Enter")
    expect(links(page).first).to_be_focused()
    names = [image.prompt_text or image.original_name for image in NEWEST]

    page.keyboard.press("ArrowRight")
    expect(page.locator(":focus")).to_have_accessible_name(names[1])
    page.keyboard.press("ArrowLeft")
    expect(page.locator(":focus")).to_have_accessible_name(names[0])
    page.keyboard.press("ArrowDown")
    assert page.evaluate("Number(document.activeElement.closest('.card').dataset.pk)") in [
        image.pk for image in NEWEST[1:10]]
    page.keyboard.press("End")
    expect(page.locator(":focus")).to_have_accessible_name(names[-1])
    expect(page.locator(":focus")).to_be_in_viewport()
    page.keyboard.press("Home")
    expect(page.locator(":focus")).to_have_accessible_name(names[0])
    assert page.locator(".card-link[tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    expect(viewer(page)).to_be_visible()


def test_who_reads_with_the_keyboard_and_scrolls_with_the_wheel_keeps_the_place(page):
    links(page).nth(4).focus()
    href = links(page).nth(4).get_attribute("href")
    page.evaluate("() => { window.lost = 0; addEventListener('focusout', () => { lost++; }); }")
    page.mouse.move(400, 400)
    for step in (500, 500, 500, -500, 700):
        page.mouse.wheel(0, step)
        page.wait_for_timeout(150)
        assert page.evaluate("document.activeElement.getAttribute('href')") == href
    assert page.evaluate("window.lost") == 0


def test_a_strip_at_the_edge_says_the_month_and_leads_to_another(page):
    strip, thumb = page.locator(".scrubber"), page.locator(".scrubber .thumb")
    expect(strip).to_be_visible()
    assert strip.get_attribute("aria-hidden") == "true"
    place = strip.bounding_box()
    x, top, height = place["x"] + 10, place["y"], place["height"]

    def is_said() -> bool:
        """Whether the strip says the month of the first image below the bar."""
        day = page.evaluate("""() => {
          const bar = document.querySelector(".bar").getBoundingClientRect().bottom;
          const below = [...document.querySelectorAll(".card")]
            .filter((card) => card.getBoundingClientRect().bottom + 14 > bar);
          return below[0]?.querySelector("time").dateTime;  // none while the page is drawn anew
        }""")
        return day is not None and thumb.text_content() == day[:7]

    page.mouse.click(x, top + height / 2)
    eventually(lambda: page.evaluate("scrollY") > 1000 and is_said())
    expect(strip.locator(".years")).to_contain_text(NEWEST[0].captured_at[:4])
    page.mouse.move(x, top + height / 2)
    page.mouse.down()
    page.mouse.move(x, top + height / 4, steps=3)
    eventually(is_said)
    page.mouse.move(x, top + height + 50, steps=3)
    page.mouse.up()
    expect(page.locator(f"[data-pk='{NEWEST[-1].pk}'] img")).to_be_in_viewport()
    page.get_by_role("combobox", name="Sort").select_option(label="Highest rated")
    expect(strip).to_be_hidden()


def test_an_empty_library_says_what_to_do(tmp_path, serve, open_page):
    write_site(tmp_path, [])
    page = open_page(serve(tmp_path))

    expect(page.get_by_role("heading", name="No images yet")).to_be_visible()
    expect(status(page)).to_have_text("0 of 0 images")


@pytest.mark.parametrize(("count", "parts"), [(999, 0), (1234, 2)])
def test_thousands_are_parted_for_the_eye_and_not_in_the_text(
        tmp_path, serve, open_page, count, parts):
    write_site(tmp_path, records(count), pictures=False)
    page = open_page(serve(tmp_path), allow="ERR_FILE_NOT_FOUND|404")
    wait_taken_over(page)
    expect(status(page)).to_have_text(f"{count} of {count} images")
    signs = page.locator(".thousands").evaluate_all(
        "all => all.map((e) => getComputedStyle(e, '::before').content)")
    assert signs == ['","'] * parts


@OTHER_WAY
def test_the_place_is_found_again(page, home):
    box(page).fill("number")
    page.wait_for_url("**?q=number")
    page.evaluate("scrollTo(0, 2345)")
    page.wait_for_timeout(500)
    before = page.evaluate("scrollY")
    address = links(page).nth(4).get_attribute("href")

    page.goto(home.replace("index.html", address))
    page.go_back()

    expect(status(page)).to_contain_text(f"of {COUNT} images")
    eventually(lambda: abs(page.evaluate("scrollY") - before) < 2)
    page.reload()
    eventually(lambda: abs(page.evaluate("scrollY") - before) < 2)


def test_a_video_without_a_preview_is_drawn_as_one_with_and_without_scripts(
        tmp_path, serve, open_page):
    images = [replace(IMAGES[0], mime_type="video/mp4"), IMAGES[1], IMAGES[2]]
    write_site(tmp_path, images, without_thumbnail={images[0].pk, images[1].pk})
    front = (tmp_path / "index.html").read_text(encoding="utf-8")
    signs = re.findall(r'class="no-picture"[^>]+><path d="([^"]+)"', front)
    page = open_page(serve(tmp_path))
    drawn = page.locator(".card .no-picture path")
    expect(drawn).to_have_count(1)
    wait_taken_over(page)
    box(page).fill("nothing has this")
    expect(drawn).to_have_count(0)
    box(page).fill("")
    expect(drawn).to_have_count(1)
    made = re.findall(r"-?[\d.]+", drawn.get_attribute("d"))
    assert [float(number) for number in made] == pytest.approx(
        [float(number) for number in re.findall(r"-?[\d.]+", signs[0])])
    assert len(signs) == 1


def test_tags_on_a_tile_are_whole_or_not_there(page):
    cut = page.evaluate("""() => [...document.querySelectorAll(".card-tags")].flatMap((line) => {
      const edges = line.getBoundingClientRect();
      return [...line.children].map((tag) => tag.getBoundingClientRect()).filter((tag) =>
        tag.top < edges.bottom
        && (tag.right > edges.right + 0.5 || tag.bottom > edges.bottom + 0.5))
        .map((tag) => [tag.right, edges.right, tag.bottom, edges.bottom]);
    })""")
    assert cut == []
    assert page.evaluate("""[...document.querySelectorAll(".card-tags")]
      .some((line) => [...line.children].some((tag) => tag.getBoundingClientRect().top
        >= line.getBoundingClientRect().bottom))"""), "else all of them had room"
