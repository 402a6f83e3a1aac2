"""Values as links to the images that have them, and the way back."""

from __future__ import annotations

import re

from chromium import MARKS, OTHER_WAY, expect
from gallery_page import NEWEST, box, expect_result, found, links, viewer

from imagelib.library.query.terms import quoted

pytestmark = MARKS


@OTHER_WAY
def test_values_lead_to_the_images_that_have_them_and_back_again(open_page, home):
    page = open_page(home)
    expect_result(page, NEWEST)
    image = next(one for one in NEWEST if one.rating and one.ai_model and one.tags
                 and one.generation)
    fields = {
        image.tags[0]: f"tag:{quoted(image.tags[0])}",
        image.ai_model: f"model:{quoted(image.ai_model)}",
        image.generation["seed"]: f"seed:{image.generation['seed']}",
        "Euler a": 'sampler:"Euler a"',
        image.captured_at[:16].replace("T", " "): f"date:{image.captured_at[:10]}",
        re.compile("^[1-5] stars?$"): f"rating:{image.rating}", "ComfyUI": "tool:ComfyUI",
    }
    for name, query in fields.items():
        page.goto("about:blank")
        page.goto(f"{home}#{image.id}")
        link = viewer(page).get_by_role("link", name=name, exact=True)
        href = link.get_attribute("href")
        link.click()
        expect(viewer(page)).to_be_hidden()
        expect(box(page)).to_have_value(query)
        expect_result(page, found(query))
        assert page.url == f"{home.partition('?')[0]}{href}", "the link is the address"
        page.go_back()
        expect(viewer(page)).to_be_visible()
        expect(box(page)).to_have_value("")

    page.goto(f"{home.rpartition('/')[0]}/image/{image.id}.html")
    page.get_by_role("link", name=image.ai_model, exact=True).click()
    expect_result(page, found(f"model:{quoted(image.ai_model)}"))


def test_values_of_a_tile_can_be_clicked_and_are_no_more_stops_of_the_tab_key(page):
    card = page.locator(".card").first
    values = card.locator(".more a")
    assert values.count() == values.and_(page.locator("[tabindex='-1']")).count() > 0
    expect(links(page).first).to_have_class("card-link")
    tag = page.locator(".card-tags a").first
    name = tag.inner_text()
    tag.click()
    expect_result(page, found(f"tag:{quoted(name)}"))


def test_back_takes_back_one_condition_after_the_other(page):
    box(page).press_sequentially("fox")
    expect_result(page, found("fox"))
    box(page).press("Enter")
    facet = page.get_by_role("list", name="Models").get_by_role("button").first
    facet.click()
    expect(facet).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Sort", exact=True).select_option("Oldest first")
    both = box(page).input_value()
    expect_result(page, found(both, "captured_at"))

    page.go_back()
    expect(page.get_by_label("Sort", exact=True)).to_have_value("")
    expect_result(page, found(both))
    page.go_back()
    expect(box(page)).to_have_value("fox")
    expect_result(page, found("fox"))
    page.go_back()
    expect(box(page)).to_have_value("")
    expect_result(page, NEWEST)
    page.go_forward()
    expect_result(page, found("fox"))
