"""Finding with the mouse and the keys: suggestions, views, stacks, likes, albums."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chromium import MARKS, OTHER_WAY, expect
from gallery_page import (
    COUNT,
    NEWEST,
    box,
    eventually,
    expect_result,
    found,
    links,
    shown,
    status,
    viewer,
)
from gallery_site import records, write_site

pytestmark = MARKS


def suggestions(page: Any) -> Any:
    return page.get_by_role("listbox", name="Suggestions").get_by_role("option")


def test_the_search_box_suggests_tags_models_and_tools_with_counts(page):
    box(page).press_sequentially("fox tag:an")
    expect(suggestions(page).first).to_have_text(f"animal/fox{len(found('fox tag:animal/fox'))}")
    box(page).press("ArrowDown")
    expect(suggestions(page).first).to_have_attribute("aria-selected", "true")
    expect(box(page)).to_have_attribute("aria-activedescendant", "suggestions-0")
    box(page).press("Enter")
    expect(box(page)).to_have_value("fox tag:animal/fox ")
    expect_result(page, found("fox tag:animal/fox"))

    box(page).fill("")
    box(page).press_sequentially("-tag:wor")
    suggestions(page).filter(has_text="two words").click()
    expect(box(page)).to_have_value('-tag:"two words" ')
    expect_result(page, found('-tag:"two words"'))

    box(page).press_sequentially('model:"flux')
    expect(suggestions(page)).to_have_count(1)
    box(page).press("ArrowUp")
    box(page).press("Enter")
    expect(box(page)).to_have_value('-tag:"two words" model:"Flux.1 dev" ')

    box(page).fill("")
    box(page).press_sequentially("tool:com")
    expect(suggestions(page)).to_have_text(f"ComfyUI{len(found('tool:comfyui'))}")
    box(page).press("Escape")
    expect(suggestions(page)).to_have_count(0)
    expect(box(page)).to_have_value("tool:com")


def test_a_plain_word_suggests_tags_and_enter_still_searches(page):
    box(page).press_sequentially("ni")
    expect(suggestions(page).first).to_contain_text("night")
    box(page).press("Enter")

    expect(box(page)).to_have_value("ni")
    expect(suggestions(page)).to_have_count(0)
    expect(links(page).first).to_be_focused()


def test_the_middle_of_a_query_can_be_completed(page):
    box(page).fill(" rating:>=1")
    box(page).evaluate("(e) => e.setSelectionRange(0, 0)")
    box(page).press_sequentially("tag:wi")
    suggestions(page).first.click()

    expect(box(page)).to_have_value("tag:wip rating:>=1")
    expect_result(page, found("tag:wip rating:>=1"))


def test_hits_are_marked_where_they_are_read(page):
    box(page).fill("CAFE lyon -number")
    marked = """() => [...(CSS.highlights.get("hit") ?? [])].map((range) => String(range))"""
    assert page.evaluate(marked) == []
    box(page).fill("CAFÉ lyon -dog tag:wip")
    hits = found("cafe lyon -dog tag:wip")
    assert hits
    eventually(lambda: page.evaluate(marked) == ["café", "Lyon"] * len(hits))
    box(page).fill("tag:wip")
    eventually(lambda: page.evaluate(marked) == [])


def test_the_view_is_chosen_and_remembered(page):
    def boxes() -> list[dict[str, float]]:
        return page.evaluate("[...document.querySelectorAll('.card .frame')]"
                             ".map((e) => e.getBoundingClientRect().toJSON())")

    page.get_by_label("Squares").check()
    eventually(lambda: all(abs(b["width"] - b["height"]) < 1 for b in boxes()))
    side = boxes()[0]["width"]
    page.get_by_label("Size", exact=True).fill("200")
    eventually(lambda: boxes()[0]["width"] > 1.5 * side)

    page.reload()
    expect(status(page)).to_have_text(f"{COUNT} of {COUNT} images")
    expect(page.get_by_label("Squares")).to_be_checked()
    eventually(lambda: abs(boxes()[0]["width"] - boxes()[0]["height"]) < 1)

    page.get_by_label("List").check()
    eventually(lambda: len({b["left"] for b in boxes()}) == 1 and len(boxes()) > 2)
    links(page).first.focus()
    page.keyboard.press("ArrowDown")
    expect(links(page).nth(1)).to_be_focused()
    names = [image.prompt_text or image.original_name for image in NEWEST]
    expect(links(page).nth(1)).to_have_accessible_name(names[1])


def test_the_image_at_the_top_stays_there_in_another_view(page):
    page.evaluate("scrollTo(0, 3000)")
    eventually(lambda: page.evaluate("ImagelibGrid.anchor()"))
    before = page.evaluate("ImagelibGrid.anchor().pk")
    page.get_by_label("Squares").evaluate("(e) => e.click()")
    first, item = page.evaluate(
        "(pk) => [ImagelibGrid.anchor().pk, pk].map(ImagelibGrid.itemOf)", before)
    assert 0 <= item - first < 8, "it stands in the row at the top"


def test_images_of_one_prompt_are_stacked(tmp_path, serve, open_page):
    images = [replace(image, prompt_text=f"prompt {n // 5}") for n, image in enumerate(records(40))]
    write_site(tmp_path, images, pictures=False, without_thumbnail={i.pk for i in images})
    page = open_page(serve(tmp_path), allow="ERR_FILE_NOT_FOUND")
    expect(status(page)).to_have_text("40 of 40 images")
    size = page.get_by_role("list", name="Images").get_by_role("listitem").first
    page.get_by_label("Stack prompts").check()
    expect(size).to_have_attribute("aria-setsize", "8")
    expect(status(page)).to_have_text("40 of 40 images")
    expect(page.get_by_text("in 8 stacks", exact=True)).to_be_visible()
    assert len(page.evaluate("ImagelibGallery.ids()")) == 40

    page.get_by_role("list", name="Images").get_by_role("link").nth(1).click()
    expect(viewer(page)).to_contain_text("2 of 8 stacks")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show all 5 images of this prompt").nth(1).click()
    expect(size).to_have_attribute("aria-setsize", "12")
    expect(viewer(page)).to_have_count(0)
    expect(page.get_by_text("in 8 stacks", exact=True)).to_be_visible()
    page.get_by_label("Stack prompts").uncheck()
    expect(size).to_have_attribute("aria-setsize", "40")
    expect(page.get_by_role("button", name="Show all 5 images of this prompt")).to_have_count(0)
    expect(page.get_by_text("in 8 stacks", exact=True)).to_be_hidden()


@pytest.fixture
def alike_site(tmp_path: Path) -> tuple[Path, list[Any]]:
    """Images that look alike, one with the same prompt, one with the same seed, and others."""
    plain = [replace(image, phash=f"{(n * 0x9E3779B97F4A7C15) % 2**64:016x}", tags=(), ai_model="")
             for n, image in enumerate(records(30, seed=3))]
    target = replace(plain[0], phash="0" * 15 + "1", generation={"seed": "77"}, prompt_text="one")
    near = [replace(plain[n], phash=f"{2 ** n + 1:016x}"[-16:]) for n in (1, 2)]
    nearer = replace(plain[3], phash="0" * 15 + "1")
    seeded = replace(plain[4], generation={"seed": "77"})
    prompted = replace(plain[5], prompt_text="one")
    images = [target, *near, nearer, seeded, prompted, *plain[6:]]
    write_site(tmp_path, images)
    return tmp_path, images


def test_what_is_like_an_image_is_shown(alike_site, serve, open_page):
    folder, images = alike_site
    page = open_page(serve(folder))
    expect(status(page)).to_have_text("30 of 30 images")
    page.evaluate("(id) => document.dispatchEvent(new CustomEvent('imagelib:alike', "
                  "{ detail: { id } }))", images[0].id)

    expect(status(page)).to_have_text("6 of 30 images")
    assert shown(page)[:2] == [images[0].pk, images[3].pk]
    assert set(shown(page)) == {image.pk for image in images[:6]}
    expect(page.get_by_text("Like: one")).to_be_visible()
    assert page.url.endswith(f"?q=like%3A{images[0].id}")
    sort = page.get_by_role("combobox", name="Sort")
    expect(sort.locator("option:checked")).to_have_text("Most alike first")
    page.reload()
    expect(status(page)).to_have_text("6 of 30 images")
    assert shown(page)[:2] == [images[0].pk, images[3].pk]
    sort.select_option(label="Newest first")
    newest = sorted(images[:6], key=lambda image: (image.captured_at, image.pk), reverse=True)
    eventually(lambda: shown(page) == [image.pk for image in newest])
    page.get_by_role("button", name=f"Remove like:{images[0].id}").click()
    expect(status(page)).to_have_text("30 of 30 images")
    expect(page.get_by_text("Like: one")).to_be_hidden()
    expect(sort.locator("option:checked")).to_have_text("Newest first")
    box(page).fill(f"like:{'0' * 8}-0000-4000-8000-{'0' * 12}")
    expect(page.get_by_text("to be like")).to_be_visible()
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()


@OTHER_WAY
def test_files_are_found_by_their_names_which_come_with_the_first_word(tmp_path, serve, open_page):
    images = [replace(image, original_name="Quokka 1.png", file_name="trip/Rottnest/quokka 1.png")
              if image.pk == 3 else image for image in records(30, seed=3)]
    write_site(tmp_path, images)
    asked: list[str] = []
    page = open_page("about:blank")
    page.on("request", lambda request: asked.append(request.url))
    page.goto(serve(tmp_path))
    expect(status(page)).to_have_text("30 of 30 images")
    assert not [url for url in asked if "/name-" in url]
    for query in ("quokka", "file:rottnest", "name:\"trip/rottnest/quokka\""):
        box(page).fill(query)
        expect(status(page)).to_have_text("1 of 30 images")
        assert shown(page) == [3]
    assert len([url for url in asked if "/name-" in url]) == 1
    box(page).fill("rottnest")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()


def test_more_like_this_leads_from_the_viewer_to_the_images(alike_site, serve, open_page):
    folder, images = alike_site
    page = open_page(serve(folder))
    box(page).fill(f"id:{images[0].id}")
    expect(status(page)).to_have_text("1 of 30 images")
    links(page).first.click()

    viewer(page).get_by_role("button", name="More like this").click()

    expect(viewer(page)).to_be_hidden()
    expect(status(page)).to_have_text("6 of 30 images")
    expect(page.get_by_text("Like: one")).to_be_visible()
    page.wait_for_timeout(500)  # nothing that comes later takes it back
    expect(status(page)).to_have_text("6 of 30 images")


def test_a_search_without_result_says_which_condition_to_leave_out(page):
    box(page).fill("rating:5 -rating:5 fox")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    box(page).fill('tag:animal/fox "no such words" rating:>=1')

    count = len(found("tag:animal/fox rating:>=1"))
    offers = page.locator(".nothing").get_by_role("button")
    expect(offers).to_have_text([f'Without "no such words": {count}', "Clear the search"])
    offers.first.click()
    expect(box(page)).to_have_value("tag:animal/fox rating:>=1")
    expect_result(page, found("tag:animal/fox rating:>=1"))

    box(page).fill("rating:>=1 dargon")
    page.locator(".nothing").get_by_role("button", name="rating:>=1 dragon").click()
    expect_result(page, found("rating:>=1 dragon"))
    page.go_back()
    expect(box(page)).to_have_value("rating:>=1 dargon")


def test_a_tag_that_is_half_written_does_not_empty_the_page(page):
    box(page).press_sequentially("fox tag:anima")
    expect(status(page)).to_have_text(f"{len(found('fox'))} of {COUNT} images")
    box(page).press_sequentially("l")
    expect(status(page)).to_have_text(f"{len(found('fox tag:animal'))} of {COUNT} images")
    box(page).fill("fox tag:zzz")
    expect(status(page)).to_have_text(f"0 of {COUNT} images")


@OTHER_WAY
def test_saved_searches_are_links_beside_the_filters(tmp_path, serve, open_page):
    write_site(tmp_path, records(COUNT), searches=[
        ["Best foxes", "fox rating:>=4", "-rating"],
        ["<b>Nights</b> & more", 'tag:"two words"', ""],
    ])
    page = open_page(serve(tmp_path))
    saved = page.get_by_role("navigation", name="Saved searches")

    expect(saved.get_by_role("link")).to_have_text(["Best foxes", "<b>Nights</b> & more"])
    saved.get_by_role("link", name="Best foxes").click()
    expect(box(page)).to_have_value("fox rating:>=4")
    expect(page.get_by_label("Sort")).to_have_value("-rating")
    expect(status(page)).to_have_text(f"{len(found('fox rating:>=4'))} of {COUNT} images")
    expect(saved.get_by_role("link", name="Best foxes")).to_have_attribute("aria-current", "true")

    again = open_page(saved.get_by_role("link", name="Nights").evaluate("(link) => link.href"))
    expect_result(again, found('tag:"two words"'))


def test_an_album_is_a_link_to_its_images_in_its_order_with_its_text(tmp_path, serve, open_page):
    [cover, *some] = found("tag:night")[3:8]
    listed = [image.pk for image in [*some, cover]]
    write_site(tmp_path, records(COUNT), albums=[
        ("night", "<b>Nights</b>\nof the year", cover.pk, listed), ("gone", "", 0, [])])
    page = open_page(serve(tmp_path))
    albums = page.get_by_role("navigation", name="Albums").get_by_role("link")
    head = page.get_by_role("region", name="Album")
    sort = page.get_by_label("Sort")
    expect(albums).to_have_text([f"night {len(found('tag:night'))}"])
    expect(albums.locator("img")).to_have_attribute("src", re.compile(cover.digest))
    expect(head).to_be_hidden()
    expect(sort.locator("option[value=album]")).to_be_hidden()

    sort.select_option("-rating")
    albums.click()
    rest = sorted((image for image in found("tag:night") if image.pk not in listed),
                  key=lambda image: image.pk)
    in_order = [*some, cover, *rest]
    expect_result(page, in_order)
    expect(head.get_by_role("heading")).to_have_text("night")
    expect(head.get_by_text("<b>Nights</b> of the year")).to_be_visible()
    expect(albums).to_have_attribute("aria-current", "true")
    expect(sort.locator("option:checked")).to_have_text("Album order")

    sort.select_option("-captured_at")
    expect_result(page, found("tag:night"))
    expect(head).to_be_visible()
    assert "sort=-captured_at" in page.url
    page.reload()
    expect_result(page, found("tag:night"))
    box(page).fill("tag:night rating:>=1")
    expect(head).to_be_hidden()
    sort.select_option("album")
    expect_result(page, [image for image in in_order if image.rating])
    box(page).fill("fox")
    expect(page.get_by_text("shown in the usual order")).to_be_visible()
    expect_result(page, found("fox"))


def test_without_saved_searches_there_is_no_place_for_them(page):
    expect(page.get_by_role("navigation", name="Saved searches")).to_have_count(0)


@OTHER_WAY
def test_folded_groups_offer_loras_samplers_sizes_shapes_and_words(tmp_path, serve, open_page):
    told = [{"sampler": "Euler a", "loras": [{"name": "add_detail", "weight": 0.8}]},
            {"sampler": "DDIM", "loras": [{"name": "film", "weight": 1.0}]}, {}]
    images = [replace(image, generation=told[image.pk % 3]) for image in records(30, seed=3)]
    write_site(tmp_path, images)
    page = open_page(serve(tmp_path))
    expect(status(page)).to_have_text("30 of 30 images")
    group = page.locator("details", has=page.get_by_text("LoRA", exact=True))
    expect(group).not_to_have_attribute("open", "")
    assert not page.get_by_role("list", name="LoRAs").get_by_role("button").count()

    group.locator("summary").click()
    page.get_by_role("button", name="add_detail 10").click()
    expect(status(page)).to_have_text("10 of 30 images")
    page.get_by_role("button", name="film 10").click()
    expect(box(page)).to_have_value("(lora:add_detail or lora:film)")
    expect(status(page)).to_have_text("20 of 30 images")

    page.locator("details summary", has_text="Size").click()
    portraits = sum(image.height > image.width for image in images if image.pk % 3 < 2)
    page.get_by_role("button", name=f"Portrait {portraits}").click()
    expect(box(page)).to_have_value("(lora:add_detail or lora:film) is:portrait")
    expect(status(page)).to_have_text(f"{portraits} of 30 images")

    box(page).fill("")
    box(page).press_sequentially("sampler:eu")
    expect(suggestions(page)).to_have_text(f"Euler a{10}")

    page.locator("details summary", has_text="Words").click()
    box(page).fill("")
    listed = page.get_by_role("list", name="Words of the prompts")
    count = sum("macro" in image.prompt_text for image in images)
    listed.get_by_role("button", name=f"macro {count}").click()
    expect(box(page)).to_have_value("macro")
    expect(status(page)).to_have_text(f"{count} of 30 images")
    listed.get_by_role("button", name="Without macro").click()
    expect(box(page)).to_have_value("-macro")
    expect(status(page)).to_have_text(f"{30 - count} of 30 images")
