"""The editor with many images: culling, selection, bulk edits, history, trash, tags, searches."""

from __future__ import annotations

import re
import shutil
import signal
from pathlib import Path

from editor_daemon import MARKS, browser, daemon, editor, expect, tab, template
from editor_page import EditorPage, pictures
from helpers import Daemon, fill

from imagelib.library.library import Library

__all__ = ["browser", "daemon", "editor", "tab", "template"]  # the fixtures
pytestmark = MARKS


def ratings(editor: EditorPage) -> list[int]:
    """From `picture 0` on."""
    return [record["rating"] for record in sorted(
        editor.records(), key=lambda record: record["prompt_text"])]


# -- culling ----------------------------------------------------------------


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
    editor.menu("Status and settings")
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


# -- selecting and editing many ---------------------------------------------


def test_a_range_follows_the_order_of_a_filtered_and_sorted_result(tab):
    editor = tab("/?q=tag%3Anight&sort=captured_at")
    expect(editor.cards).to_have_count(3)
    editor.box("picture 0").click()
    editor.card("picture 4").click(modifiers=["Shift"])
    expect(editor.page.get_by_role("toolbar")).to_contain_text("3 selected")
    editor.page.keyboard.press("3")
    expect(editor.says("Rated 3: 3 images")).to_be_visible()

    assert ratings(editor) == [3, 0, 3, 0, 3, 0]


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


def test_many_are_edited_in_one_batch_and_one_undo(editor):
    editor.page.keyboard.press("Control+a")
    editor.page.get_by_role("toolbar").get_by_role("button", name="Edit").click()
    editor.field("Add tags").fill("best, animal/fox")
    editor.field("Remove tags").fill("wip")
    editor.field("Model").fill("shared-model")
    editor.field("Date").fill("2020-02-03T04:05:06")
    editor.field("Rating").fill("4")
    editor.button("Save").click()

    expect(editor.says("Saved: 6 images")).to_be_visible()
    for record in editor.records():
        assert {"best", "animal/fox"} <= set(record["tags"])
        assert "wip" not in record["tags"]
        assert record["ai_model"] == "shared-model"
        assert record["rating"] == 4
        assert record["captured_at"] == "2020-02-03T04:05:06"
        assert record["notes"] == ""
    editor.button("Undo").click()
    expect(editor.says("Undone: edit (6 images)")).to_be_visible()
    assert ratings(editor) == [0] * 6
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


def test_five_thousand_are_tagged_by_one_request_and_one_undo(template, tmp_path, browser):
    root = tmp_path / "large"
    shutil.copytree(template, root)
    with Library.open(root) as library:
        fill(library, 5000)
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
        expect(editor.says("Saved: 5,000 images")).to_be_visible(timeout=30_000)
        assert len(requests) == 1
        assert daemon.get("/api/images", q="tag:everything").json["total"] == 5000
        editor.button("Undo").click()
        expect(editor.says("Undone: edit (5,000 images)")).to_be_visible(timeout=30_000)
        assert daemon.get("/api/images", q="tag:everything").json["total"] == 0
        assert editor.complaints == []
    finally:
        daemon.stop(signal.SIGKILL)


# -- history and trash ------------------------------------------------------


def test_history_shows_what_was_changed_and_brings_a_version_back(editor):
    image = editor.record("picture 3")["id"]
    for fields in ({"prompt_text": "picture three in blue"}, {"add_tags": ["blue"], "rating": 4}):
        editor.daemon.ask("PUT", f"/api/images/{image}", json_body=fields)
    editor.card("picture three in blue").click()
    editor.button("History").click()
    history = editor.dialog("History")
    versions = history.get_by_role("listitem")
    expect(versions).to_have_count(3)
    expect(versions.nth(0)).to_contain_text("tag blue")
    expect(versions.nth(1).locator("ins").first).to_have_text("three in blue")
    expect(versions.nth(1).locator("del").first).to_have_text("3")
    versions.nth(2).get_by_role("button", name="Restore this version").click()

    expect(editor.says("That version is back")).to_be_visible()
    record = editor.record("picture 3")
    assert (record["rating"], record["tags"]) == (0, ["animal/fox"])
    editor.button("Undo").click()
    expect(editor.says("Undone")).to_be_visible()
    assert editor.record("blue")["rating"] == 4


def test_the_trash_gives_back_and_is_emptied_only_by_typing(editor):
    for n in (1, 2):
        editor.card(f"picture {n}").focus()
        editor.page.keyboard.press("Delete")
        expect(editor.card(f"picture {n}")).to_be_hidden()
    editor.menu("Trash")
    trash = editor.dialog("Trash")
    rows = trash.get_by_role("list", name="Deleted images").get_by_role("listitem")
    expect(rows).to_have_count(2)
    rows.filter(has_text="picture 1").get_by_role("button", name="Restore").click()
    expect(rows).to_have_count(1)
    expect(trash).to_contain_text("KB, type")
    empty = trash.get_by_role("button", name="Empty the trash")
    expect(empty).to_be_disabled()
    trash.get_by_label("type").fill("empty")
    empty.click()
    expect(trash).to_contain_text("The trash is empty.")
    editor.button("Close").click()

    expect(editor.card("picture 1")).to_be_visible()
    assert len(editor.records()) == 5


# -- tags and searches ------------------------------------------------------


def test_tags_are_renamed_merged_and_deleted_with_a_way_back(editor):
    editor.menu("Tags")
    tags = editor.dialog("Tags")
    row = tags.get_by_role("listitem")
    expect(row.filter(has_text="animal/")).to_have_count(2)  # the branch and its leaf
    editor.button("Rename night").click()
    tags.get_by_label("New name").fill("late night")
    tags.get_by_role("button", name="Save").click()
    expect(editor.says("night is late night now (3 images)")).to_be_visible()
    editor.button("Delete wip").click()
    expect(editor.says("Tag wip deleted (3 images)")).to_be_visible()
    editor.button("Undo").click()
    expect(editor.button("Delete wip")).to_be_visible()
    tags.get_by_label("Choose wip to merge").check()
    tags.get_by_label("Choose late night to merge").check()
    tags.get_by_label("Make these 2 one:").fill("dark")
    tags.get_by_role("button", name="Merge").click()
    expect(editor.says("2 tags merged")).to_be_visible()

    expect(row.filter(has_text="dark")).to_contain_text("3")
    assert editor.record("picture 0")["tags"] == ["dark"]
    tags.get_by_label("Find a tag").fill("fox")
    expect(row).to_have_count(1)


def test_searches_are_saved_renamed_followed_and_deleted(editor):
    editor.page.get_by_role("searchbox", name="Search").fill("tag:night")
    expect(editor.cards).to_have_count(3)
    editor.menu("Saved searches")
    searches = editor.dialog("Saved searches")
    searches.get_by_label("Save this search as").fill("Nights & more")
    searches.get_by_role("button", name="Save").click()
    editor.button("Rename Nights & more").click()
    searches.get_by_label("New name").fill("Nights")
    searches.get_by_role("listitem").get_by_role("button", name="Save").click()
    link = searches.get_by_role("link", name="Nights")
    expect(link).to_have_attribute("href", re.compile("q=tag%3Anight"))
    editor.button("Close").click()
    editor.page.get_by_role("searchbox", name="Search").fill("")
    expect(editor.cards).to_have_count(6)
    editor.menu("Saved searches")
    link.click()
    expect(editor.cards).to_have_count(3)
    editor.menu("Saved searches")
    editor.button("Delete Nights").click()
    expect(editor.says("Nights deleted")).to_be_visible()

    assert editor.daemon.get("/api/searches").json == []


# -- status, keys, focus ----------------------------------------------------


def test_the_status_tells_of_the_library_and_rebuilds(editor):
    editor.menu("Status and settings")
    status = editor.dialog("Library")
    expect(status).to_contain_text("Up to date.")
    expect(status).to_contain_text("It is watched")
    status.get_by_role("button", name="Render everything anew").click()
    expect(status).to_contain_text(re.compile("Building|Up to date"))
    with editor.page.expect_download() as download:
        status.get_by_role("link", name="Backup of the database").click()
    assert Path(download.value.path()).read_bytes().startswith(b"SQLite format 3")
    with editor.page.expect_download() as download:
        status.get_by_role("link", name="Records as CSV").click()
    assert "picture 3" in Path(download.value.path()).read_text(encoding="utf-8")


def test_the_focus_returns_to_where_it_was(editor):
    editor.button("Add images").click()
    editor.page.keyboard.press("Escape")
    expect(editor.button("Add images")).to_be_focused()
    editor.menu("Keys")
    editor.page.keyboard.press("Escape")
    expect(editor.button("Library")).to_be_focused()
    editor.card("picture 3").click()
    editor.page.keyboard.press("e")
    expect(editor.field("Prompt")).to_be_focused()
    editor.page.keyboard.press("Escape")
    expect(editor.button("Edit")).to_be_focused()
    editor.page.keyboard.press("h")
    expect(editor.dialog("History")).to_be_visible()
    editor.page.keyboard.press("Escape")
    expect(editor.button("Edit")).to_be_focused()
    editor.page.keyboard.press("Escape")
    expect(editor.card("picture 3")).to_be_focused()


def test_an_image_is_corrected_by_the_keyboard_alone(editor):
    editor.card("picture 3").focus()
    press = editor.page.keyboard.press
    press("Enter")
    expect(editor.dialog("picture 3")).to_be_visible()
    press("e")
    expect(editor.field("Prompt")).to_be_focused()
    press("Control+End")
    editor.page.keyboard.type(" by keys")
    press("Control+Enter")

    expect(editor.says("Saved")).to_be_visible()
    assert editor.records("keys")


def test_targets_of_the_editor_are_large_enough_on_a_phone(tab, tmp_path):
    editor = tab(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)

    def small() -> list[str]:
        found: list[str] = editor.page.evaluate("""() =>
          [...document.querySelectorAll("button, input, textarea, select, summary, .drop")]
          .filter((element) => element.checkVisibility({ checkVisibilityCSS: true })
            && !element.matches(".visually-hidden"))
          .filter((element) => {
            const { width, height } = element.getBoundingClientRect();
            return width < 24 || height < 24;
          })
          .map((element) => element.outerHTML.slice(0, 100))""")
        return found

    wide = "document.documentElement.scrollWidth > innerWidth"
    assert small() == []
    editor.box("picture 5").tap()
    expect(editor.page.get_by_role("toolbar")).to_be_visible()
    editor.card("picture 4").tap()
    expect(editor.page.get_by_role("toolbar")).to_contain_text("2 selected")
    assert small() == []
    assert not editor.page.evaluate(wide)
    editor.button("Clear the selection").tap()
    editor.button("Add images").tap()
    editor.page.set_input_files("#add-files", pictures(tmp_path, 2))
    assert small() == []
    assert not editor.page.evaluate(wide)
    editor.button("Save").tap()
    expect(editor.card("whale 1")).to_be_visible()
    editor.card("whale 1").tap()
    editor.button("Edit").tap()
    editor.field("Tags").fill("one")
    editor.field("Tags").press("Enter")
    assert small() == []
    assert not editor.page.evaluate(wide)
