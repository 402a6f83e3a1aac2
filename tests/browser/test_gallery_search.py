"""Searching and filtering in the gallery: query, filters, chips, order."""

from __future__ import annotations

import re

from chromium import MARKS, OTHER_WAY, expect
from gallery_page import (
    COUNT,
    IMAGES,
    NEWEST,
    box,
    eventually,
    expect_result,
    found,
    shown,
    status,
)

from imagelib.library.store.functions import shuffled
from imagelib.library.values.text import name_key

pytestmark = MARKS


def test_search_finds_what_python_finds(page):
    for query in (
        "fox", "cafe", "ZURICH", "東京", '"35mm photo" -fox', "rating:>=4 (fox or dragon)",
        "tag:animal", "has:notes", "seed:1007", "sampler:euler date:2025-03", "is:missing", "xyzzy",
    ):
        box(page).fill(query)
        expect_result(page, found(query))


@OTHER_WAY
def test_the_query_is_in_the_url_and_comes_back(page, open_page, home):
    box(page).fill("fox rating:>=1")
    page.wait_for_url("**/index.html?q=fox+rating%3A%3E%3D1")

    again = open_page(page.url)
    expect(box(again)).to_have_value("fox rating:>=1")
    expect_result(again, found("fox rating:>=1"))
    box(again).fill("")
    again.wait_for_url(lambda url: url == home)


def test_what_is_not_understood_or_not_found_is_said(page):
    box(page).fill("fox foo:bar")
    expect(page.locator("[data-mount=warnings]")).to_have_text(
        "There is no field foo, so it is searched as text; did you mean tool?")
    expect(status(page)).to_have_text(f"0 of {COUNT} images")

    page.get_by_role("button", name="Clear the search").click()
    expect(box(page)).to_have_value("")
    expect_result(page, NEWEST)

    box(page).press_sequentially("fox tag:")
    expect_result(page, found("fox"))


def test_a_tag_is_chosen_while_typing(page):
    tag = page.get_by_role("combobox", name="Tag")
    tag.fill("cat")
    option = page.get_by_role("listbox", name="Matching tags").get_by_role("option").first
    expect(option).to_contain_text("animal/cat")
    expect(option).to_contain_text(str(len(found("tag:animal/cat"))))
    tag.press("ArrowDown")
    tag.press("Enter")

    expect(box(page)).to_have_value("tag:animal/cat")
    expect_result(page, found("tag:animal/cat"))


def test_ratings_are_chosen_by_a_slider_and_dates_by_fields(page):
    rating = page.get_by_role("slider", name="Rating filter")
    for key, how, query, says in (
        ("ArrowRight", "At least", "rating:>=1", "1 star or more"),
        ("ArrowRight", "Exactly", "rating:2", "2 stars"),
        ("ArrowRight", "At most", "rating:<=3", "3 stars or less"),
        ("End", "At least", "rating:5", "5 stars or more"),
    ):
        page.get_by_role("radio", name=how).check(force=True)
        rating.press(key)
        expect(box(page)).to_have_value(query)
        expect(rating).to_have_attribute("aria-valuetext", says)
        expect_result(page, found(query))
    rating.press("Home")
    expect(box(page)).to_have_value("")
    expect(rating).to_have_attribute("aria-valuetext", "any")
    rating.click(position={"x": 4.5 * rating.bounding_box()["width"] / 6, "y": 10})
    expect(box(page)).to_have_value("rating:>=4")

    box(page).fill("")
    page.get_by_label("Date from").fill("2025-02-01")
    page.get_by_label("Date to").fill("2025-03-15")
    expect(box(page)).to_have_value("date:2025-02-01..2025-03-15")
    expect_result(page, found("date:2025-02-01..2025-03-15"))


def test_filters_mirror_what_is_typed(page):
    box(page).fill("rating:3.. date:2025-02 model:flux")

    expect(page.get_by_role("slider", name="Rating filter")).to_have_value("3")
    expect(page.get_by_label("Date from")).to_have_value("2025-02-01")
    expect(page.get_by_label("Date to")).to_have_value("2025-02-28")
    chosen = page.get_by_role("list", name="Models").get_by_role("button", pressed=True)
    expect(chosen).to_have_accessible_name("flux 0")

    box(page).fill("(rating:5 or rating:1)")
    ratings = page.get_by_role("list", name="Ratings")
    expect(ratings.get_by_role("button", pressed=True)).to_have_count(2)
    slider = page.get_by_role("slider", name="Rating filter")
    expect(slider).to_have_attribute("aria-valuetext", "several")


def test_chips_mirror_the_query_and_take_parts_away(page):
    box(page).fill('"red fox" (tag:wip or tag:food) -rating:0')
    chips = page.get_by_role("list", name="Conditions").get_by_role("listitem")
    expect(chips).to_have_count(3)
    page.get_by_role("button", name="Remove (tag:wip or tag:food)").click()

    expect(box(page)).to_have_value('"red fox" -rating:0')
    expect_result(page, found('"red fox" -rating:0'))


def test_sorts(page):
    for label, sort in (
        ("Oldest first", "captured_at"), ("Highest rated", "-rating"), ("Lowest rated", "rating"),
        ("Recently added", "-created_at"), ("First added", "created_at"),
    ):
        page.get_by_label("Sort", exact=True).select_option(label)
        page.wait_for_url(f"**?sort={sort}")
        expect_result(page, found("", sort))


def test_images_are_ordered_by_name_size_and_by_a_chance_that_a_link_keeps(page):
    def show_first(places):
        """The page shows the images in the order of *places*, by pk."""
        ordered = sorted(places, key=lambda pk: (places[pk], pk))
        eventually(lambda: shown(page) and shown(page) == ordered[:len(shown(page))])

    sort = page.get_by_label("Sort", exact=True)
    sort.select_option("Name")
    show_first({image.pk: name_key(image.original_name, image.file_name, image.id)
                for image in IMAGES})
    sort.select_option("Largest first")
    show_first({image.pk: (-image.width * image.height, -image.pk) for image in IMAGES})

    sort.select_option("Random")
    page.wait_for_url(re.compile(r"\?sort=random-\d+$"))
    seed = int(page.url.rpartition("-")[2])
    drawn = {image.pk: shuffled(image.pk, seed) for image in IMAGES}
    show_first(drawn)
    page.reload()
    expect(sort).to_have_value("random")
    show_first(drawn)


def test_the_query_may_say_the_order(page):
    box(page).fill("fox sort:-rating")

    expect(page.get_by_label("Sort", exact=True)).to_have_value("-rating")
    expect_result(page, found("fox", "-rating"))
    page.get_by_label("Sort", exact=True).select_option("Oldest first")
    expect(box(page)).to_have_value("fox")
    expect_result(page, found("fox", "captured_at"))
