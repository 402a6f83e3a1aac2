"""The gallery for every reader: without scripts, legible, large enough to be hit."""

from __future__ import annotations

from typing import Any

import pytest
from chromium import MARKS, OTHER_WAY, expect
from gallery_page import NEWEST, box, links

pytestmark = MARKS


@OTHER_WAY
def test_without_scripts_the_newest_are_links_to_their_pages(open_page, home):
    page = open_page(home, java_script_enabled=False)

    expect(links(page)).to_have_count(60)
    expect(links(page).first).to_have_accessible_name(
        NEWEST[0].prompt_text or NEWEST[0].original_name)
    expect(box(page)).to_be_hidden()
    expect(page.get_by_label("Date from")).to_be_hidden()
    expect(page.get_by_text("Here are the newest 60")).to_be_visible()
    links(page).first.click()
    page.get_by_role("link", name="Older").click()
    page.wait_for_url(f"**/image/{NEWEST[1].id}.html")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)


def test_text_is_legible(page):
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        legible(page)


def legible(page: Any) -> None:
    """Every kind of text stands out from what is under it."""
    ratios = page.evaluate("""() => {
      const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      const rgb = (color, under) => {
        canvas.fillStyle = under; canvas.fillRect(0, 0, 1, 1);
        canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
        return canvas.getImageData(0, 0, 1, 1).data;
      };
      const light = (data) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
        const value = data[i] / 255;
        return sum + weight * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
      }, 0);
      const base = getComputedStyle(document.documentElement).backgroundColor;
      return [".snippet", ".facts", ".tag", ".count", ".facet .number", ".brand a",
              ".filter label", ".stars"].map((selector) => {
        const element = document.querySelector(selector);
        let under = base;
        for (let e = element; e; e = e.parentElement) {
          const color = getComputedStyle(e).backgroundColor;
          if (!/, 0\\)$/.test(color)) { under = color; break; }
        }
        const color = getComputedStyle(element).color;
        const [a, b] = [light(rgb(color, under)), light(rgb(under, base))];
        return [selector, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
      });
    }""")
    assert [(name, round(ratio, 2)) for name, ratio in ratios
            if ratio < (3 if name == ".stars" else 4.5)] == []


def test_buttons_are_large_enough(page):
    box(page).fill("fox tag:wip")
    page.get_by_label("Stack prompts").check()
    small = page.evaluate("""() => [...document.querySelectorAll("button, input, select, a.button")]
      .filter((e) => e.checkVisibility())
      .map((e) => [e.className || e.id,  // the label of a box is pressed as well
        (e.closest("label:has([type=checkbox])") ?? e).getBoundingClientRect().toJSON()])
      .filter(([, { width, height }]) => width < 24 || height < 24)""")

    assert small == []


def test_the_first_picture_is_one_tab_away(page):
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the images")).to_be_focused()
    page.keyboard.press("Enter")
    expect(links(page).first).to_be_focused()


def test_at_400_percent_nothing_covers_what_one_reads(page):
    page.set_viewport_size({"width": 320, "height": 256})
    page.evaluate("scrollTo(0, 600)")
    covered = """() => [60, 128, 200].filter((y) => {
      const there = document.elementFromPoint(160, y);
      return !there?.closest("main");
    })"""
    assert page.evaluate(covered) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    # Until the grid has followed, the first tile is one that goes.
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    card = links(page).first
    card.scroll_into_view_if_needed()
    card.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator(".picture")).to_be_in_viewport()


@pytest.mark.parametrize(("width", "height"), [(320, 256), (640, 400), (800, 340)])
def test_where_little_is_seen_at_a_time_one_scrolls_from_the_picture_to_what_is_known(
        page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    links(page).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    last = dialog.get_by_role("link", name="Page of this image")
    if width < 800:
        page.mouse.move(width / 2, height / 2)
        page.mouse.wheel(0, 5000)
    last.scroll_into_view_if_needed()
    last.click(trial=True)
    prompt = dialog.locator(".panel-body").bounding_box()
    assert prompt["height"] > 150
    assert prompt["width"] > 200


@pytest.mark.parametrize(("width", "height"), [(320, 256), (640, 400), (844, 390), (1280, 800)])
def test_pictures_that_are_compared_can_be_seen(page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    links(page).first.click()
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="Compare")
    expect(dialog).to_be_visible()
    shown = dialog.locator(".compare-stage").bounding_box()
    assert shown["height"] >= height * 0.5
    facts = dialog.get_by_role("region", name="What differs")
    facts.scroll_into_view_if_needed()
    assert facts.bounding_box()["height"] > 30


def test_the_menu_of_an_image_stays_where_the_page_moved_before_it_came(page):
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.evaluate("""() => {
      scrollBy(0, 120);  // as a focus does that comes to a tile; it is told of in the next frame
      document.querySelector(".card .card-link").dispatchEvent(
        new PointerEvent("contextmenu", { bubbles: true, cancelable: true }));
    }""")
    menu = page.get_by_role("menu")
    expect(menu).to_be_visible()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(menu).to_be_visible()
    page.mouse.wheel(0, 200)
    expect(menu).to_have_count(0)
