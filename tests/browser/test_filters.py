"""The filters: values that are wanted or not, their counts, the timeline."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from chromium import MARKS, expect
from gallery_page import (
    COUNT,
    IMAGES,
    NEWEST,
    box,
    expect_result,
    found,
    links,
    status,
)
from gallery_site import write_site

pytestmark = MARKS


def facet(page: Any, group: str, label: str) -> Any:
    """What one clicks to want a value, whatever its count."""
    name = re.compile(f"^{re.escape(label)} [0-9]+$".replace("/", r"\/"))
    return page.get_by_role("list", name=group).get_by_role("button", name=name)


def test_a_value_is_wanted_or_not_by_a_click(page):
    for group, query, label in (
        ("Frequent tags", 'tag:"two words"', "two words"),
        ("Models", 'model:"Flux.1 dev"', "Flux.1 dev"),
        ("Tools", "tool:ComfyUI", "ComfyUI"),
    ):
        wanted = facet(page, group, label)
        without = page.get_by_role("list", name=group).get_by_role(
            "button", name=f"Without {label}", exact=True)
        wanted.click()
        expect(box(page)).to_have_value(query)
        expect_result(page, found(query))
        expect(wanted).to_have_attribute("aria-pressed", "true")
        expect(wanted).to_have_accessible_name(f"{label} {len(found(query))}")
        expect(wanted).to_be_focused()

        without.click()
        expect(box(page)).to_have_value(f"-{query}")
        expect(without).to_have_attribute("aria-pressed", "true")
        expect_result(page, found(f"-{query}"))
        without.click()
        expect(box(page)).to_have_value("")


def test_values_of_one_field_are_alternatives(page):
    first, second = 'model:"Flux.1 dev"', 'model:"SDXL 1.0"'
    box(page).fill("fox")
    facet(page, "Models", "Flux.1 dev").click()
    expect(box(page)).to_have_value(f"fox {first}")
    # As if nothing of the field was asked for: what a click would add.
    other = facet(page, "Models", "SDXL 1.0")
    expect(other).to_have_accessible_name(f"SDXL 1.0 {len(found(f'fox {second}'))}")
    other.click()
    expect(box(page)).to_have_value(f"fox ({first} or {second})")
    expect_result(page, found(f"fox ({first} or {second})"))
    facet(page, "Models", "Flux.1 dev").click()
    expect(box(page)).to_have_value(f"fox {second}")
    other.click()
    expect(box(page)).to_have_value("fox")


def test_several_ratings_are_wanted_by_clicks(page):
    def click(rating: int) -> None:
        name = f"{rating} ★" if rating else "unrated"
        facet(page, "Ratings", name).click()

    for rating, query in (
        (5, "rating:5"), (4, "rating:>=4"), (1, "(rating:>=4 or rating:1)"),
        (0, "(rating:>=4 or rating:<=1)"), (5, "(rating:4 or rating:<=1)"),
    ):
        click(rating)
        expect(box(page)).to_have_value(query)
        expect_result(page, found(query))
    expect(page.get_by_role("button", name=f"5 ★ {len(found('rating:5'))}")).to_be_visible()
    for rating in (5, 3, 2):
        click(rating)
    expect(box(page)).to_have_value("")


def test_tags_are_all_wanted_or_any_of_them(page):
    tags = ["animal/fox", "wip"]
    for name in tags:
        facet(page, "Frequent tags", name).click()
    expect(box(page)).to_have_value("tag:animal/fox tag:wip")
    page.get_by_role("radio", name="any of them").check(force=True)
    expect(box(page)).to_have_value("(tag:animal/fox or tag:wip)")
    expect_result(page, found("tag:animal/fox or tag:wip"))
    facet(page, "Frequent tags", "food").click()
    expect(box(page)).to_have_value("(tag:animal/fox or tag:wip or tag:food)")
    page.get_by_role("radio", name="all of them").check(force=True)
    expect(box(page)).to_have_value("tag:animal/fox tag:wip tag:food")


def test_a_group_of_values_is_one_stop_of_the_tab_key(page):
    models = page.get_by_role("list", name="Models").get_by_role("button")
    models.first.focus()
    page.keyboard.press("ArrowDown")
    expect(models.nth(2)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(models.nth(3)).to_be_focused()
    page.keyboard.press("Tab")
    inside = page.evaluate("Boolean(document.activeElement.closest('[aria-label=Models]'))")
    assert not inside


def test_where_nothing_is_found_the_filters_stay(page):
    box(page).fill("xyzzy")
    expect_result(page, [])
    expect(facet(page, "Models", "Flux.1 dev")).to_have_accessible_name("Flux.1 dev 0")
    expect(facet(page, "Frequent tags", "wip")).to_be_visible()

    box(page).fill("")
    box(page).press_sequentially("tag:an")  # what is being written is no value yet
    expect(facet(page, "Frequent tags", "an")).to_have_count(0)


def test_counts_are_those_of_the_result(page):
    box(page).fill("fox rating:>=1")
    for name in ("animal/cat", "wip"):
        count = len(found(f"fox rating:>=1 tag:{name}"))
        expect(page.get_by_role("button", name=f"{name} {count}", exact=True)).to_be_visible()
    # Of ratings, as if none was asked for.
    for rating, name in ((1, "1 ★"), (5, "5 ★"), (0, "unrated")):
        count = len(found(f"fox rating:{rating}"))
        expect(page.get_by_role("button", name=f"{name} {count}", exact=True)).to_be_visible()


def test_many_tags_are_shown_when_asked_for(tmp_path, serve, open_page):
    images = [replace(image, tags=(f"tag {n % 30:02}",)) for n, image in enumerate(IMAGES)]
    write_site(tmp_path, images, pictures=False, without_thumbnail={i.pk for i in images})
    page = open_page(serve(tmp_path))
    facets = page.get_by_role("list", name="Frequent tags").get_by_role("listitem")
    expect(facets).to_have_count(13)
    page.get_by_role("button", name="All 30").click()
    expect(facets).to_have_count(31)
    expect(page.get_by_role("button", name="Fewer")).to_be_focused()


def test_the_timeline_chooses_a_span(page):
    months = sorted({image.captured_at[:7] for image in IMAGES})
    first, last = page.get_by_label("First month"), page.get_by_label("Last month")
    expect(last).to_have_attribute("max", str(len(months) - 1))
    first.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    last.focus()
    page.keyboard.press("ArrowLeft")
    span = f"date:{months[2]}..{months[-2]}"
    expect(box(page)).to_have_value(span)
    expect_result(page, found(span))
    expect(page.get_by_label("Date from")).to_have_value(f"{months[2]}-01")

    bars = page.locator(".bars")
    bars.scroll_into_view_if_needed()
    place = bars.bounding_box()
    width = place["width"] / len(months)

    def over(n: int) -> tuple[float, float]:
        return place["x"] + (n + 0.5) * width, place["y"] + 20

    page.mouse.move(*over(1))
    page.mouse.down()
    page.mouse.move(*over(3))
    page.mouse.up()
    expect(box(page)).to_have_value(f"date:{months[1]}..{months[3]}")
    expect(first).to_have_value("1")
    expect(last).to_have_attribute("aria-valuetext", "2025-04")
    page.mouse.click(*over(0))
    expect(box(page)).to_have_value(f"date:{months[0]}")
    page.mouse.click(*over(0))
    expect(box(page)).to_have_value("")
    expect_result(page, NEWEST)


def test_years_of_images_are_bars_of_years(tmp_path, serve, open_page):
    images = [replace(image, captured_at=f"{2005 + n % 20}{image.captured_at[4:]}")
              for n, image in enumerate(IMAGES)]
    write_site(tmp_path, images, pictures=False, without_thumbnail={i.pk for i in images})
    page = open_page(serve(tmp_path))
    expect(page.get_by_label("Last month")).to_have_attribute("aria-valuetext", "2024")
    page.get_by_label("First month").fill("19")
    expect(box(page)).to_have_value("date:2024")
    count = sum(image.captured_at[:4] == "2024" for image in images)
    expect(status(page)).to_have_text(f"{count} of {COUNT} images")


def test_on_a_phone_the_bar_goes_while_one_scrolls_down_and_comes_back(page):
    page.set_viewport_size({"width": 390, "height": 844})
    search = page.get_by_role("searchbox", name="Search")

    def scroll(by: int) -> None:
        page.mouse.move(190, 600)
        page.mouse.wheel(0, by)

    expect(search).to_be_in_viewport()
    scroll(900)
    expect(search).not_to_be_in_viewport()
    scroll(-200)
    expect(search).to_be_in_viewport()
    scroll(900)
    expect(search).not_to_be_in_viewport()
    page.keyboard.press("/")
    expect(search).to_be_focused()
    scroll(300)  # who writes sees what
    expect(search).to_be_in_viewport()


def test_on_a_phone_the_filters_say_what_they_find_and_lead_there(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("list", name="Ratings").get_by_role("button", name="4 ★").first.click()

    count = len(found("rating:4"))
    show = page.get_by_role("button", name=f"Show {count} images")
    expect(show).to_be_in_viewport()
    show.click()
    expect(page.get_by_role("list", name="Ratings")).to_be_hidden()
    expect(links(page).first).to_be_in_viewport()
