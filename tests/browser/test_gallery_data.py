"""Data of the gallery that changes under an open page, comes late, or is lost."""

from __future__ import annotations

from dataclasses import replace

from chromium import BOTH_WAYS, MARKS, expect
from gallery_page import (
    COUNT,
    IMAGES,
    WITHOUT_THUMBNAIL,
    box,
    eventually,
    expect_result,
    found,
    shown,
    status,
)
from gallery_site import write_index, write_site

pytestmark = [*MARKS, BOTH_WAYS]


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


def test_a_gallery_that_is_being_made_grows_in_the_open_page(own_site, serve, open_page):
    by_pk = sorted(IMAGES, key=lambda image: image.pk)
    first = by_pk[-50:]
    write_index(own_site, first, coming=COUNT - 50, without_thumbnail=WITHOUT_THUMBNAIL)
    page = open_page(serve(own_site))
    expect(status(page)).to_have_text("50 of 50 images")
    note = page.get_by_text(f"{COUNT - 50} more images are being added to this gallery")
    expect(note).to_be_visible()
    box(page).fill("rating:5")
    here = [image for image in first if image.rating == 5]
    expect(status(page)).to_have_text(f"{len(here)} of 50 images")

    write_index(own_site, by_pk, seq=2, without_thumbnail=WITHOUT_THUMBNAIL)
    expect_result(page, found("rating:5"))
    expect(note).to_be_hidden()


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
        "title": "", "negative_prompt": "", "notes": "", "ai_model": "Model of tomorrow",
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
