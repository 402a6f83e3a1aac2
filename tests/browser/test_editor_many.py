"""Culling, selecting, and editing many images at once."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest
from chromium import MARKS, expect
from editor_page import EditorPage
from helpers import Daemon, fill

from imagelib.library.library import Library

pytestmark = MARKS


def ratings(editor: EditorPage) -> list[int]:
    """From `picture 0` on."""
    return [record["rating"] for record in sorted(
        editor.records(), key=lambda record: record["prompt_text"])]


# -- culling --------------------------------------------------------------


def test_images_are_rated_in_the_grid_one_after_the_other_without_the_mouse(editor):
    editor.card("picture 5").focus()
    for key in "54321":
        editor.page.keyboard.press(key)
        expect(editor.says("Not rated" if key == "0" else f"Rated {key}")).to_be_visible()

    expect(editor.card("picture 0")).to_be_focused()
    assert ratings(editor) == [0, 1, 2, 3, 4, 5]


def test_images_are_rated_in_the_viewer_one_after_the_other(editor):
    editor.card("picture 5").click()
    for n, key in enumerate("432"):
        expect(editor.dialog(f"picture {5 - n}")).to_be_visible()
        editor.page.keyboard.press(key)
    expect(editor.dialog("picture 2")).to_be_visible()
    expect(editor.says("Rated 2")).to_be_visible()

    assert ratings(editor) == [0, 0, 0, 2, 3, 4]


def test_going_on_by_itself_can_be_switched_off(editor):
    editor.menu("Settings")
    editor.page.get_by_label("After rating an image go on to the next").uncheck()
    editor.button("Close").click()
    editor.card("picture 5").focus()
    editor.page.keyboard.press("2")
    expect(editor.says("Rated 2")).to_be_visible()
    editor.page.keyboard.press("3")
    expect(editor.says("Rated 3")).to_be_visible()

    expect(editor.card("picture 5")).to_be_focused()
    assert ratings(editor) == [0, 0, 0, 0, 0, 3]


def test_rating_what_a_search_for_unrated_shows_goes_on_to_the_next(tab):
    editor = tab("/?q=is:unrated")
    editor.card("picture 5").click()
    for n in range(3):
        expect(editor.dialog(f"picture {5 - n}")).to_be_visible()
        editor.page.keyboard.press("3")
    expect(editor.dialog("picture 2")).to_be_visible()
    editor.page.keyboard.press("Escape")

    expect(editor.page.get_by_text("3 of 6 images")).to_be_visible()
    expect(editor.card("picture 2")).to_be_focused()


def test_delete_needs_no_question_and_goes_on_to_the_next(editor):
    editor.card("picture 4").focus()
    editor.page.keyboard.press("Delete")
    expect(editor.says("Deleted")).to_be_visible()
    expect(editor.card("picture 3")).to_be_focused()
    expect(editor.card("picture 4")).to_be_hidden()
    editor.page.keyboard.press("Control+z")

    expect(editor.card("picture 4")).to_be_visible()
    picture = editor.item("picture 4").locator("img")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 0


def test_keys_are_dead_while_one_writes_and_when_they_are_switched_off(editor):
    search = editor.page.get_by_role("searchbox", name="Search")
    search.press_sequentially("5x")
    search.fill("")
    editor.menu("Keys")
    editor.page.get_by_label("Single keys are on").uncheck()
    editor.button("Close").click()
    editor.card("picture 5").focus()
    editor.page.keyboard.press("5")
    editor.page.keyboard.press("Delete")
    editor.page.keyboard.press("x")

    expect(editor.page.get_by_role("toolbar")).to_be_hidden()
    assert ratings(editor) == [0] * 6


# -- selecting and editing many -------------------------------------------


def test_a_range_follows_the_order_of_a_filtered_and_sorted_result(tab):
    editor = tab("/?q=tag%3Anight&sort=captured_at")
    expect(editor.cards).to_have_count(3)
    editor.box("picture 0").click()
    editor.card("picture 4").click(modifiers=["Shift"])
    expect(editor.page.get_by_role("toolbar")).to_contain_text("3 selected")
    editor.page.keyboard.press("3")
    expect(editor.says("Rated 3: 3 images")).to_be_visible()

    assert ratings(editor) == [3, 0, 3, 0, 3, 0]


def test_a_range_that_went_too_far_is_drawn_in_and_one_that_begins_with_no_lets_go(editor):
    def selected() -> list[int]:
        return [n for n in range(6) if editor.box(f"picture {n}").is_checked()]

    editor.box("picture 0").click()
    editor.box("picture 5").click()  # the newest stands first
    for last, chosen in ((1, [0, 1, 2, 3, 4, 5]), (3, [0, 3, 4, 5]), (2, [0, 2, 3, 4, 5])):
        editor.card(f"picture {last}").click(modifiers=["Shift"])
        assert selected() == chosen
    editor.box("picture 4").click()
    editor.card("picture 2").click(modifiers=["Shift"])
    assert selected() == [0, 5]
    editor.card("picture 3").focus()
    editor.page.keyboard.press("Shift+x")
    assert selected() == [0, 2, 5]


def test_a_range_from_an_image_that_was_let_go_to_one_that_is_not_selected_selects(editor):
    for name in ("picture 4", "picture 3", "picture 3"):
        editor.box(name).click()
    for last, count in ((0, 5), (2, 3)):  # with another end it is still one that selects
        editor.card(f"picture {last}").click(modifiers=["Shift"])
        expect(editor.page.get_by_role("toolbar")).to_contain_text(f"{count} selected")


def test_images_are_selected_by_click_and_by_key(editor):
    editor.card("picture 5").click(modifiers=["Control"])
    editor.page.keyboard.press("ArrowRight")
    editor.page.keyboard.press("x")
    bar = editor.page.get_by_role("toolbar")
    expect(bar).to_contain_text("2 selected")
    expect(editor.box("picture 4")).to_be_checked()
    editor.box("picture 4").click()
    expect(bar).to_contain_text("1 selected")
    editor.page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    editor.page.keyboard.press("Control+a")
    expect(bar).to_contain_text("6 selected")
    editor.page.get_by_role("searchbox", name="Search").fill("picture 3")
    expect(bar).to_contain_text("6 selected, 5 not in this result")


def test_a_stack_is_selected_and_edited_as_a_whole(tab, daemon):
    for n in (1, 2):
        image = next(one for one in daemon.get("/api/images").json["items"]
                     if one["prompt_text"] == f"picture {n}")
        assert daemon.ask("PATCH", f"/api/images/{image['id']}",
                          json_body={"prompt_text": "picture 0"}).status == 200
    editor = tab()
    bar = editor.page.get_by_role("toolbar", name="Selected images")
    editor.page.get_by_label("Stack prompts").check()
    expect(editor.cards).to_have_count(4)
    editor.box("picture 0").click()
    expect(bar).to_contain_text("3 images selected")
    expect(bar.get_by_role("button", name="Select all 6")).to_be_visible()
    editor.page.keyboard.press("4")
    expect(editor.says("Rated 4: 3 images")).to_be_visible()
    assert [len(editor.records(f"rating:{n}")) for n in (0, 4)] == [3, 3]
    editor.box("picture 0").click()
    expect(bar).to_be_hidden()
    editor.page.keyboard.press("Control+a")
    expect(bar).to_contain_text("6 images selected")
    editor.page.keyboard.press("Delete")
    expect(editor.says("Deleted: 6 images")).to_be_visible()


def test_a_rectangle_selects_what_it_lies_over(editor):
    """From an empty place it selects, with Ctrl it adds, Esc gives back what was selected."""
    mouse, keys = editor.page.mouse, editor.page.keyboard
    bar = editor.page.get_by_role("toolbar", name="Selected images")

    def centre(name):
        box = editor.item(name).locator(".frame").bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(start, end, *, drop=True):
        mouse.move(*start)
        mouse.down()
        mouse.move(end[0] - 9, end[1])
        mouse.move(*end)
        if drop:
            mouse.up()

    x, y = centre("picture 5")
    beside = editor.page.locator("main").bounding_box()["x"] - 5, y
    drag(beside, centre("picture 4"))
    expect(bar).to_contain_text("2 selected")
    expect(editor.box("picture 5")).to_be_checked()
    expect(editor.box("picture 4")).to_be_checked()
    assert editor.page.evaluate("getSelection().toString()") == ""

    drag(beside, (x, y), drop=False)
    expect(bar).to_contain_text("1 selected")
    keys.press("Escape")
    mouse.up()
    expect(bar).to_contain_text("2 selected")

    keys.down("Control")
    drag(centre("picture 3"), centre("picture 2"))
    keys.up("Control")
    expect(bar).to_contain_text("4 selected")
    expect(editor.page.get_by_role("dialog")).to_have_count(0)  # no click on a tile came of it


def test_texts_are_replaced_after_they_were_shown(editor):
    editor.box("picture 5").click()
    editor.box("picture 4").click()
    editor.page.get_by_role("toolbar").get_by_role("button", name="Replace").click()
    changes = editor.dialog("Find and replace in 2 images").get_by_role("list")
    editor.field("Find").fill("PICTURE")
    editor.field("Replace with").fill("drawing")
    expect(editor.page.get_by_text("2 places in 2 texts of 2 images.")).to_be_visible()
    expect(changes.get_by_role("listitem").first).to_have_text("Promptpicturedrawing 5")
    expect(changes.get_by_role("deletion").first).to_have_text("picture")
    editor.field("Match case").check()
    expect(editor.page.get_by_text("Nothing is found.")).to_be_visible()
    expect(editor.dialog("Find and replace").get_by_role("button", name="Replace")
           ).to_be_disabled()
    editor.field("Match case").uncheck()
    editor.dialog("Find and replace").get_by_role("button", name="Replace").click()
    expect(editor.says("Replaced in 2 images")).to_be_visible()
    expect(editor.card("drawing 5")).to_be_visible()
    assert len(editor.records("prompt:drawing")) == 2
    editor.button("Undo").click()
    expect(editor.card("picture 5")).to_be_visible()


def test_many_are_edited_in_one_batch_and_one_undo(editor):
    editor.card("picture 4").focus()
    editor.page.keyboard.press("3")
    editor.page.keyboard.press("Control+a")
    editor.page.get_by_role("toolbar").get_by_role("button", name="Edit").click()
    # What they have in common, and what differs.
    present = editor.page.get_by_role("group", name="Tags they have")
    expect(present.get_by_role("button")).to_have_text(
        ["animal/fox 3 of 6 ×", "night 3 of 6 ×", "wip 3 of 6 ×"])
    expect(editor.field("Model")).to_have_value("flux1-dev")
    expect(editor.field("Rating")).to_have_attribute("aria-valuetext", "mixed")
    expect(editor.field("Notes")).to_have_value("")
    expect(editor.field("Add tags")).to_be_focused()
    options = editor.dialog("Edit 6 images").get_by_role("option")
    expect(options).to_have_count(0)
    editor.field("Remove tags").press_sequentially("i")
    expect(options).to_have_text(["animal/fox3", "night3", "wip3"])
    editor.button("Remove night from all").click()
    editor.button("Remove night from all").click()  # no, after all
    editor.fill({
        "Add tags": "best, animal/fox",
        "Remove tags": "wip",
        "Model": "shared-model",
        "Date": "2020-02-03T04:05:06",
        "Rating": "4",
    })
    editor.button("Save").click()

    expect(editor.says("Saved: 6 images")).to_be_visible()
    for record in editor.records():
        assert {"best", "animal/fox"} <= set(record["tags"])
        assert "wip" not in record["tags"]
        assert ("night" in record["tags"]) == (record["prompt_text"][-1] in "024")
        assert record["ai_model"] == "shared-model"
        assert record["rating"] == 4
        assert record["captured_at"] == "2020-02-03T04:05:06"
        assert record["notes"] == ""
    editor.button("Undo").click()
    expect(editor.says("Undone: edit (6 images)")).to_be_visible()
    assert ratings(editor) == [0, 0, 0, 0, 3, 0]
    assert editor.record("picture 0")["tags"] == ["night", "wip"]


def test_what_could_not_be_changed_is_named(editor):
    editor.card("picture 5").click(modifiers=["Control"])
    editor.card("picture 4").click(modifiers=["Control"])
    image = editor.record("picture 4")["id"]
    editor.page.route("**/api/changes*", lambda route: route.abort())
    assert editor.daemon.ask("DELETE", f"/api/images/{image}").status == 204
    editor.page.keyboard.press("5")
    expect(editor.says("Rated 5: 1 image, 1 not")).to_be_visible()
    editor.button("Which?").click()

    expect(editor.dialog("Not changed")).to_contain_text(image)


def test_the_selected_images_are_deleted_and_brought_back(editor):
    editor.box("picture 5").click()
    editor.box("picture 3").click()
    editor.page.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    expect(editor.says("Deleted: 2 images")).to_be_visible()
    expect(editor.page.get_by_role("toolbar")).to_be_hidden()
    expect(editor.cards).to_have_count(4)
    editor.button("Undo").click()

    expect(editor.cards).to_have_count(6)


def test_the_selected_images_are_exported(editor):
    editor.box("picture 5").click()
    editor.box("picture 3").click()
    with editor.page.expect_download() as download:
        editor.page.get_by_role("toolbar").get_by_role("button", name="Export").click()

    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "picture 5" in text
    assert "picture 3" in text
    assert "picture 1" not in text


@pytest.mark.parametrize("count", [199, 330])
def test_all_that_is_selected_is_exported_also_more_than_a_search_can_name(
        template, tmp_path, browser, count):
    root = tmp_path / "large"
    shutil.copytree(template, root)
    with Library.open(root) as library:
        fill(library, count)
    daemon = Daemon(root)
    try:
        daemon.wait_built(120)
        editor = EditorPage(browser.new_page(), daemon).open("/?q=picture")
        editor.box("picture 3").click()
        editor.page.get_by_role("searchbox", name="Search").fill("prompt")
        expect(editor.page.get_by_role("status").first).to_contain_text(f"{count} of {count + 6}")
        editor.button(f"Select all {count}").click()
        with editor.page.expect_download() as download:
            editor.page.get_by_role("toolbar").get_by_role("button", name="Export").click()
        images = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))["images"]
        assert {one["id"] for one in images} == {
            one["id"] for one in editor.records("prompt or \"picture 3\"")}
        assert len(images) == count + 1
        editor.page.close()
    finally:
        daemon.stop(signal.SIGKILL)


def test_more_than_a_thousand_are_tagged_by_one_request_and_one_undo(template, tmp_path, browser):
    root = tmp_path / "large"
    shutil.copytree(template, root)
    with Library.open(root) as library:
        fill(library, 1200)
    daemon = Daemon(root)
    try:
        daemon.wait_built(120)
        editor = EditorPage(browser.new_page(), daemon).open("/?q=prompt")
        requests: list[str] = []
        editor.page.on("request", lambda request: requests.append(request.url)
                       if "/api/batch" in request.url else None)
        editor.page.locator("body").press("Control+a")
        editor.page.get_by_role("toolbar").get_by_role("button", name="Edit").click()
        editor.field("Add tags").fill("everything")
        editor.button("Save").click()
        expect(editor.says("Saving 1,200 images")).to_be_visible()
        expect(editor.says("Saved: 1,200 images")).to_be_visible(timeout=90_000)
        assert len(requests) == 1
        assert daemon.get("/api/images", q="tag:everything").json["total"] == 1200
        editor.button("Undo").click()
        expect(editor.says("Undone: edit (1,200 images)")).to_be_visible(timeout=90_000)
        assert daemon.get("/api/images", q="tag:everything").json["total"] == 0
        assert editor.complaints == []
    finally:
        daemon.stop(signal.SIGKILL)
