"""What is pressed stays where it is until it is let go of, whatever arrives meanwhile."""

from __future__ import annotations

import pytest
from chromium import MARKS, expect
from gallery_page import eventually

pytestmark = MARKS

ARRIVES = {
    "values of it": "ImagelibIndex.put({...record, rating: 5, tags: ['red'], title: ''})",
    "its thumbnail": "ImagelibIndex.put({...record, thumbnail_url: record.url})",
    "no thumbnail": "ImagelibIndex.put({...record, has_thumbnail: false})",
    "another image before it": (
        "ImagelibIndex.put({...record, pk: undefined, id: 'new', prompt_text: 'new',"
        " captured_at: '2027-01-01T00:00:00'})"),
    "one before it is gone": "ImagelibIndex.remove(before.id)",
    "another order": "ImagelibIndex.put({...before, captured_at: '2020-01-01T00:00:00'})",
}


@pytest.mark.parametrize("what", ARRIVES)
def test_a_press_on_a_tile_opens_it(editor, what):
    page = editor.page
    record, before = editor.record("picture 3"), editor.record("picture 4")
    box = editor.card("picture 3").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
    page.mouse.down()
    page.evaluate(f"({{record, before}}) => {ARRIVES[what]}", {"record": record, "before": before})
    page.wait_for_timeout(300)
    page.mouse.up()
    expect(editor.dialog("picture 3")).to_be_visible()


def test_what_arrived_is_shown_when_the_press_is_over_or_goes_on_and_on(editor):
    page = editor.page
    record = editor.record("picture 3")
    tile = editor.item("picture 3")
    for rating in (4, 2):
        page.mouse.move(2, 300)
        page.mouse.down()
        page.evaluate("([record, rating]) => ImagelibIndex.put({...record, rating})",
                      [record, rating])
        if rating == 4:
            page.mouse.up()
        expect(tile).to_contain_text(f"{rating} stars")
    page.mouse.up()


def test_an_edit_does_not_exchange_the_picture_of_a_tile(editor):
    picture = editor.item("picture 3").locator("img")
    expect(picture).to_be_visible()
    picture.evaluate("(img) => { img.dataset.marked = 'yes'; }")
    image = editor.record("picture 3")["id"]
    editor.daemon.ask("PUT", f"/api/images/{image}", json_body={"rating": 4})
    expect(editor.item("picture 3")).to_contain_text("4 stars")
    eventually(lambda: editor.daemon.get("/api/status").json["build"]["state"] == "idle")
    assert picture.get_attribute("data-marked") == "yes"
