"""The gallery in a real browser, opened as a file and served: every test runs both ways."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from chromium import MARKS, expect
from gallery_page import (
    COUNT,
    IMAGES,
    NEWEST,
    WITHOUT_THUMBNAIL,
    box,
    eventually,
    expect_result,
    found,
    links,
    shown,
    status,
    viewer,
)
from gallery_site import write_index, write_site

pytestmark = MARKS


# Search and filters


def test_search_finds_what_python_finds(page):
    for query in (
        "fox", "cafe", "ZURICH", "東京", '"35mm photo" -fox', "rating:>=4 (fox or dragon)",
        "tag:animal", "has:notes", "seed:1007", "sampler:euler date:2025-03", "is:missing", "xyzzy",
    ):
        box(page).fill(query)
        expect_result(page, found(query))


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
    expect(page.get_by_text("no field foo; did you mean tool?")).to_be_visible()
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


def test_a_range_of_ratings_and_of_dates_is_chosen(page):
    page.get_by_label("Rating from").select_option("2")
    expect(box(page)).to_have_value("rating:>=2")
    page.get_by_label("Rating to").select_option("4")
    expect(box(page)).to_have_value("rating:2..4")
    expect_result(page, found("rating:2..4"))

    box(page).fill("")
    page.get_by_label("Date from").fill("2025-02-01")
    page.get_by_label("Date to").fill("2025-03-15")
    expect(box(page)).to_have_value("date:2025-02-01..2025-03-15")
    expect_result(page, found("date:2025-02-01..2025-03-15"))


def test_filters_mirror_what_is_typed(page):
    box(page).fill("rating:3.. date:2025-02 model:flux")

    expect(page.get_by_label("Rating from")).to_have_value("3")
    expect(page.get_by_label("Date from")).to_have_value("2025-02-01")
    expect(page.get_by_label("Date to")).to_have_value("2025-02-28")
    chosen = page.get_by_role("list", name="Models").get_by_role("button", pressed=True)
    expect(chosen).to_have_accessible_name("flux 0")


def test_chips_mirror_the_query_and_take_parts_away(page):
    box(page).fill('"red fox" (tag:wip or tag:food) -rating:0')
    chips = page.get_by_role("list", name="Conditions").get_by_role("listitem")
    expect(chips).to_have_count(3)
    page.get_by_role("button", name="Remove (tag:wip or tag:food)").click()

    expect(box(page)).to_have_value('"red fox" -rating:0')
    expect_result(page, found('"red fox" -rating:0'))


def test_sorts(page):
    for label, sort in (
        ("Oldest first", "captured_at"), ("Best first", "-rating"), ("Worst first", "rating"),
        ("Added last", "-created_at"), ("Added first", "created_at"),
    ):
        page.get_by_label("Sort", exact=True).select_option(label)
        page.wait_for_url(f"**?sort={sort}")
        expect_result(page, found("", sort))


def test_the_query_may_say_the_order(page):
    box(page).fill("fox sort:-rating")

    expect(page.get_by_label("Sort", exact=True)).to_have_value("-rating")
    expect_result(page, found("fox", "-rating"))
    page.get_by_label("Sort", exact=True).select_option("Oldest first")
    expect(box(page)).to_have_value("fox")
    expect_result(page, found("fox", "captured_at"))


# The grid


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


def test_images_without_preview_or_file_say_so(page):
    [bare] = [image for image in IMAGES if image.pk in WITHOUT_THUMBNAIL]
    box(page).fill(f"id:{bare.id}")
    expect(links(page)).to_have_count(1)
    expect(page.get_by_text("no preview")).to_be_visible()

    box(page).fill("is:missing")
    expect(page.get_by_text("file missing")).to_be_visible()


def test_the_grid_is_walked_by_keys(page):
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


# The viewer


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


def test_a_permalink_opens_its_image(open_page, home):
    image = NEWEST[-3]
    page = open_page(f"{home}?q=xyzzy#{image.id}")

    expect(viewer(page)).to_have_accessible_name(image.prompt_text or image.original_name)
    page.keyboard.press("Escape")
    expect(viewer(page)).to_be_hidden()
    page.wait_for_url(f"{home}?q=xyzzy")


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


# Coming back


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


def test_the_page_of_an_image_leads_on(open_page, home):
    page = open_page(home.replace("index.html", f"image/{NEWEST[1].id}.html"))
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**/{NEWEST[2].id}.html")
    page.get_by_role("link", name="Newer").click()
    page.wait_for_url(f"**/{NEWEST[1].id}.html")
    page.get_by_role("link", name="Show in gallery").click()

    page.wait_for_url(f"**/index.html#{NEWEST[1].id}")
    expect(viewer(page)).to_be_visible()


# Data that changes


def test_a_block_that_a_newer_build_replaced_is_found_by_its_manifest(own_site, serve, open_page):
    edited = [replace(image, rating=5, prompt_text="all new") for image in IMAGES]
    stale = (own_site / "data" / "manifest.js").read_bytes()
    for path in (own_site / "data").iterdir():
        path.unlink()
    write_index(own_site, edited, seq=2)
    fresh = (own_site / "data" / "manifest.js").read_bytes()
    (own_site / "data" / "manifest.js").write_bytes(stale)
    page = open_page("about:blank", allow="ERR_FILE_NOT_FOUND|404")
    # The newer manifest is there when it is asked for past the cache.
    page.route("**/manifest.js?*", lambda route: route.fulfill(
        body=fresh, content_type="text/javascript"))
    page.goto(serve(own_site))

    box(page).fill('rating:5 "all new"')
    expect(status(page)).to_have_text(f"{COUNT} of {COUNT} images")


def test_a_lost_block_is_said(own_site, serve, open_page):
    [text] = (own_site / "data").glob("text-*.js")
    text.unlink()
    page = open_page(serve(own_site), allow="ERR_FILE_NOT_FOUND|404")

    box(page).fill("fox")
    expect(page.get_by_text("some of the index cannot be loaded")).to_be_visible(timeout=15_000)
    box(page).fill("rating:5")
    expect_result(page, found("rating:5"))


def test_text_that_has_not_arrived_is_said(own_site, serve, open_page):
    page = open_page("about:blank")
    held = []
    page.route("**/text-0-*.js", lambda route: held.append(route))
    page.goto(serve(own_site), wait_until="commit")

    expect(status(page)).to_have_text(f"{COUNT} of {COUNT} images, 0% searched")
    box(page).fill("fox")
    expect(status(page)).to_have_text(f"0 of {COUNT} images, 0% searched")
    box(page).fill("rating:5")
    expect(status(page)).to_have_text(f"{len(found('rating:5'))} of {COUNT} images")
    box(page).fill("fox")
    held[0].continue_()
    expect_result(page, found("fox"))


def test_edits_are_laid_over_the_index(page):
    image = found("fox")[0]
    record = {
        "id": image.id, "rating": 5, "tags": ["fresh"], "prompt_text": "a brand new prompt",
        "negative_prompt": "", "notes": "", "ai_model": "Model of tomorrow",
        "captured_at": image.captured_at, "created_at": image.created_at, "width": 64, "height": 64,
        "file_state": "ok", "digest": image.digest, "file_name": image.file_name,
        "original_name": "new.png", "size_bytes": 1, "mime_type": "image/png", "generation": {},
    }
    page.evaluate("(record) => ImagelibIndex.put(record)", record)
    box(page).fill('"brand new" rating:5 tag:fresh model:tomorrow')
    expect(status(page)).to_have_text(f"1 of {COUNT} images")
    assert page.evaluate("(id) => ImagelibIndex.record(id).then((r) => r.tags)", image.id) == [
        "fresh"]

    added = record | {"id": "99999999-0000-4000-8000-000000000000", "prompt_text": "one more"}
    page.evaluate("(record) => ImagelibIndex.put(record)", added)
    box(page).fill("one more")
    expect(status(page)).to_have_text(f"1 of {COUNT + 1} images")
    assert page.evaluate("ImagelibGallery.ids()") == [added["id"]]

    page.evaluate("(id) => ImagelibIndex.remove(id)", image.id)
    page.evaluate("(id) => ImagelibIndex.remove(id)", added["id"])
    box(page).fill("fox")
    expect(status(page)).to_have_text(f"{len(found('fox')) - 1} of {COUNT - 1} images")
    assert page.evaluate("ImagelibGallery.ids()") == [i.id for i in found("fox")[1:]]


def test_a_newer_build_takes_the_place_of_edits(own_site, serve, open_page):
    page = open_page(serve(own_site))
    expect(status(page)).to_have_text(f"{COUNT} of {COUNT} images")
    assert page.evaluate("ImagelibIndex.seq") == 1
    fresh = replace(IMAGES[0], pk=9000, id="99999999-0000-4000-8000-000000000000",
                    prompt_text="one more", captured_at="2027-01-01T00:00:00")
    record = {name: value for name, value in fresh.to_json().items() if name != "pk"}
    page.evaluate("(record) => ImagelibIndex.put(record, 2)", record)
    expect(status(page)).to_have_text(f"{COUNT + 1} of {COUNT + 1} images")
    assert shown(page)[0] != fresh.pk, "its number is not known yet"

    write_site(own_site, [*IMAGES, fresh], seq=2, without_thumbnail=WITHOUT_THUMBNAIL)
    page.evaluate("ImagelibIndex.reload()")

    eventually(lambda: shown(page)[0] == fresh.pk)
    expect(status(page)).to_have_text(f"{COUNT + 1} of {COUNT + 1} images")
    assert page.evaluate("ImagelibIndex.seq") == 2


# Other readers


def test_without_scripts_the_newest_are_links_to_their_pages(open_page, home):
    page = open_page(home, java_script_enabled=False)

    expect(links(page)).to_have_count(60)
    expect(links(page).first).to_have_accessible_name(
        NEWEST[0].prompt_text or NEWEST[0].original_name)
    expect(box(page)).to_be_hidden()
    expect(page.get_by_label("Rating from")).to_be_hidden()
    expect(page.get_by_text("Here are the newest 60")).to_be_visible()
    links(page).first.click()
    page.get_by_role("link", name="Older").click()
    page.wait_for_url(f"**/image/{NEWEST[1].id}.html")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)


def test_an_empty_library_says_what_to_do(tmp_path, serve, open_page):
    write_site(tmp_path, [])
    page = open_page(serve(tmp_path))

    expect(page.get_by_role("heading", name="No images yet")).to_be_visible()
    expect(status(page)).to_have_text("0 of 0 images")


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
      .map((e) => [e.className || e.id, e.getBoundingClientRect().toJSON()])
      .filter(([, { width, height }]) => width < 24 || height < 24)""")

    assert small == []
