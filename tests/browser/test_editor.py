"""The editor in a real browser over a real daemon: adding, correcting, deleting, undoing."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

import pytest
from editor_daemon import MARKS, browser, daemon, editor, expect, tab, template
from editor_page import EditorPage, pictures
from helpers import Daemon, draw, wait_for

from imagelib.library.library import Library

__all__ = ["browser", "daemon", "editor", "tab", "template"]  # the fixtures
pytestmark = MARKS
EDITOR = Path(__file__).parents[2] / "templates" / "editor"


# -- adding -----------------------------------------------------------------


def test_dropped_pictures_are_added_and_shown_at_once(editor, tmp_path):
    editor.drop(*pictures(tmp_path, 3))
    dialog = editor.dialog("Add images")
    expect(dialog.get_by_role("listitem").filter(has_text="waiting")).to_have_count(3)
    dialog.get_by_role("button", name="Save").click()

    expect(dialog).to_be_hidden()
    expect(editor.says("3 images added")).to_be_visible()
    expect(editor.card("whale 2")).to_be_visible()
    expect(editor.page.get_by_text("9 of 9 images")).to_be_visible()


def test_a_new_picture_is_never_a_broken_one(editor, tmp_path):
    editor.drop(*pictures(tmp_path, 1))
    editor.button("Save").click()

    picture = editor.item("whale 0").locator("img")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 0
    expect(picture).to_have_attribute("src", re.compile("thumbs/"), timeout=10_000)
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 0


def test_all_fields_can_be_given_while_adding(editor, tmp_path):
    editor.button("Add images").click()
    editor.page.set_input_files("#add-files", pictures(tmp_path, 2))
    editor.field("Prompt").fill("a whale in the fog")
    editor.field("Negative prompt").fill("blurry")
    editor.field("Model").fill("my-model")
    editor.field("Notes").fill("from the picker")
    editor.field("Rating").fill("4")
    editor.field("Date").fill("2025-06-07T08:09:10")
    editor.field("Tags").fill("sea, big fish")
    editor.button("Save").click()

    expect(editor.says("2 images added")).to_be_visible()
    for record in editor.records("fog"):
        assert record["prompt_text"] == "a whale in the fog"
        assert record["negative_prompt"] == "blurry"
        assert record["ai_model"] == "my-model"
        assert record["notes"] == "from the picker"
        assert record["rating"] == 4
        assert record["captured_at"] == "2025-06-07T08:09:10"
        assert record["tags"] == ["big fish", "sea"]
        assert record["generation"]["sampler"] == "Euler a", "what the file says stays"


def test_each_file_of_many_has_its_own_outcome(editor, tmp_path):
    good = pictures(tmp_path, 197)
    bad = [tmp_path / f"bad{n}.png" for n in range(3)]
    bad[0].write_bytes(b"")
    bad[1].write_bytes(b"<html>no picture</html>")
    bad[2].write_bytes(good[0].read_bytes()[:200])
    editor.drop(*good[:100], *bad, *good[100:])
    editor.button("Save").click()

    dialog = editor.dialog("Add images")
    outcome = dialog.get_by_role("status").filter(has_text="197 added, 3 refused").first
    expect(outcome).to_be_visible(timeout=60_000)
    for path in bad:
        row = dialog.get_by_role("listitem").filter(has_text=path.name)
        expect(row).to_contain_text("refused: ")
        expect(row.get_by_role("button", name="Retry")).to_be_visible()
    assert len(editor.records("whale")) == 197


def test_a_file_that_is_here_already_leads_to_its_image(editor, tmp_path):
    source = draw(tmp_path / "again.png", (160, 120), seed="e0")
    editor.drop(source)
    editor.button("Save").click()
    editor.dialog("Add images").get_by_role("link", name="already here").click()

    expect(editor.dialog("picture 0")).to_be_visible()
    assert len(editor.records()) == 6


def test_what_was_read_can_be_corrected_before_the_dialog_is_left(editor, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"nothing")
    editor.drop(*pictures(tmp_path, 1), broken)
    editor.button("Save").click()
    editor.button("Correct").click()

    correcting = editor.dialog("Correct whale0.png")
    expect(correcting.get_by_label("Prompt", exact=True)).to_have_value("whale 0")
    correcting.get_by_label("Prompt", exact=True).fill("a blue whale")
    correcting.get_by_role("button", name="Save").click()

    row = editor.dialog("Add images").get_by_role("listitem").first
    expect(row).to_contain_text("a blue whale")
    assert editor.record("blue whale")["original_name"] == "whale0.png"


def test_adding_is_taken_back_by_undo(editor, tmp_path):
    editor.drop(*pictures(tmp_path, 2))
    editor.button("Save").click()
    editor.says("2 images added").get_by_role("button", name="Undo").click()
    expect(editor.says("Taken back: 2 images")).to_be_visible()

    expect(editor.page.get_by_text("6 of 6 images")).to_be_visible()
    assert len(editor.records()) == 6


def test_a_picture_is_added_from_the_clipboard(editor, tmp_path):
    [path] = pictures(tmp_path, 1)
    editor.page.evaluate("""async (content) => {
      const bytes = Uint8Array.from(content);
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File([bytes], "image.png", { type: "image/png" }));
      document.dispatchEvent(new ClipboardEvent("paste", {
        clipboardData, bubbles: true, cancelable: true,
      }));
    }""", list(path.read_bytes()))
    editor.button("Save").click()

    expect(editor.card("whale 0")).to_be_visible()


def test_the_pictures_of_a_dropped_folder_and_its_folders_are_added(editor, tmp_path):
    pictures(tmp_path / "box", 2)
    pictures(tmp_path / "box" / "deeper", 1, first=2)
    (tmp_path / "box" / "notes.txt").write_text("no picture")
    session = editor.page.context.new_cdp_session(editor.page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 400, "data": {
            "items": [], "files": [str(tmp_path / "box")], "dragOperationsMask": 1}})
    expect(editor.dialog("Add images").get_by_text("3 waiting")).to_be_visible()
    editor.button("Save").click()

    expect(editor.says("3 images added")).to_be_visible()
    assert len(editor.records("whale")) == 3


def test_closing_the_dialog_stops_no_upload(editor, tmp_path):
    editor.drop(*pictures(tmp_path, 40))
    editor.button("Save").click()
    editor.button("Close").click()
    expect(editor.says("Adding")).to_be_visible()
    expect(editor.says("40 images added")).to_be_visible(timeout=15_000)
    editor.button("Review").click()

    expect(editor.dialog("Add images").get_by_role("button", name="Correct")).to_have_count(40)


def test_a_wrong_value_is_shown_at_its_field_while_adding(editor, tmp_path):
    editor.drop(*pictures(tmp_path, 1))
    editor.field("Tags").fill("x" * 300)
    editor.button("Save").click()

    expect(editor.field("Tags")).to_have_attribute("aria-invalid", "true")
    fault = editor.page.locator(f"#{editor.field('Tags').get_attribute('aria-describedby')}")
    expect(fault).to_contain_text("characters")


# -- correcting one ---------------------------------------------------------


def test_every_field_of_an_image_can_be_changed(editor):
    editor.edit("picture 3")
    editor.field("Prompt").fill("a picture of nothing")
    editor.field("Negative prompt").fill("something")
    editor.field("Model").fill("other-model")
    editor.field("Notes").fill("corrected")
    editor.field("Rating").fill("5")
    editor.field("Date").fill("2024-01-02T03:04:05")
    tags = editor.field("Tags")
    tags.fill("nig")
    expect(editor.page.get_by_role("option", name="night")).to_be_visible()
    tags.press("ArrowDown")
    tags.press("ArrowDown")
    tags.press("Enter")
    tags.fill("brand new")
    tags.press("Enter")
    editor.button("Remove tag animal/fox").click()
    editor.button("Save").click()

    expect(editor.says("Saved")).to_be_visible()
    record = editor.record("nothing")
    assert record["negative_prompt"] == "something"
    assert record["ai_model"] == "other-model"
    assert record["notes"] == "corrected"
    assert record["rating"] == 5
    assert record["captured_at"] == "2024-01-02T03:04:05"
    assert record["tags"] == ["brand new", "night"]
    panel = editor.page.locator(".panel-body")
    expect(panel).to_contain_text("a picture of nothing")
    expect(panel).to_contain_text("brand new")


def test_what_the_generator_wrote_can_be_corrected_as_json(editor):
    editor.edit("picture 3")
    editor.page.get_by_text("What the generator wrote").click()
    editor.field("Generation data (JSON)").fill('{"seed": ')
    editor.button("Save").click()
    expect(editor.page.get_by_text("This is no JSON")).to_be_visible()
    editor.field("Generation data (JSON)").fill('{"seed": 12, "sampler": "Euler"}')
    editor.button("Save").click()

    expect(editor.says("Saved")).to_be_visible()
    assert editor.record("picture 3")["generation"] == {"seed": "12", "sampler": "Euler"}


def test_a_wrong_value_is_shown_at_its_field(editor):
    editor.edit("picture 3")
    editor.field("Notes").fill("kept")
    editor.field("Tags").fill("y" * 300)
    editor.button("Save").click()

    expect(editor.field("Tags")).to_have_attribute("aria-invalid", "true")
    expect(editor.field("Tags")).to_be_focused()
    expect(editor.field("Notes")).to_have_value("kept")
    assert editor.record("picture 3")["notes"] == ""


def test_a_search_finds_what_was_just_saved(editor):
    editor.edit("picture 3")
    editor.field("Prompt").fill("zebra crossing")
    editor.button("Save").click()
    expect(editor.says("Saved")).to_be_visible()
    editor.button("Close").click()
    editor.page.get_by_role("searchbox", name="Search").fill("zebra")

    expect(editor.cards).to_have_count(1)
    expect(editor.page.get_by_text("1 of 6 images")).to_be_visible()


def test_another_tab_shows_each_change_within_three_seconds(tab, tmp_path):
    first, second = tab(), tab()
    first.edit("picture 3")
    first.field("Prompt").fill("seen by both")
    first.button("Save").click()
    expect(second.card("seen by both")).to_be_visible(timeout=3000)
    first.button("Delete").click()
    expect(second.card("seen by both")).to_be_hidden(timeout=3000)
    first.button("Undo").click()
    expect(second.card("seen by both")).to_be_visible(timeout=3000)
    first.button("Close").click()
    first.drop(*pictures(tmp_path, 1))
    first.button("Save").click()
    expect(second.card("whale 0")).to_be_visible(timeout=3000)


def conflicting(editor: EditorPage) -> None:
    """Save over a change that another tab makes meanwhile."""
    editor.edit("picture 3")
    editor.field("Prompt").fill("mine")
    editor.field("Notes").fill("my notes")
    image = editor.record("picture 3")["id"]
    answer = editor.daemon.ask("PUT", f"/api/images/{image}",
                               json_body={"prompt_text": "theirs", "rating": 2})
    assert answer.status == 200
    editor.button("Save").click()
    expect(editor.page.get_by_role("region", name="Conflict")).to_be_visible()


@pytest.mark.parametrize(("press", "prompt", "notes"), [
    ("Keep mine", "mine", "my notes"), ("Take theirs", "theirs", ""),
])
def test_a_conflict_is_settled_for_one_side(editor, press, prompt, notes):
    conflicting(editor)
    conflict = editor.page.get_by_role("region", name="Conflict")
    expect(conflict).to_contain_text("theirs")
    expect(conflict).to_contain_text("picture 3")  # how it was before
    editor.button(press).click()

    expect(editor.field("Prompt")).to_be_hidden()
    record = editor.record("rating:2")
    assert (record["prompt_text"], record["notes"]) == (prompt, notes)
    expect(editor.page.locator(".panel-body")).to_contain_text(prompt)


def test_a_conflict_is_settled_field_by_field(editor):
    conflicting(editor)
    editor.page.get_by_role("group", name="Prompt").get_by_label("Theirs").check()
    editor.button("As chosen above").click()

    expect(editor.says("Saved")).to_be_visible()
    record = editor.record("rating:2")
    assert (record["prompt_text"], record["notes"]) == ("theirs", "my notes")


# -- nothing is lost --------------------------------------------------------


@pytest.mark.parametrize("how", ["Escape", "Back", "reload"])
def test_unsaved_text_is_offered_again(editor, how):
    editor.edit("picture 3")
    editor.field("Prompt").press_sequentially(" and more")
    if how == "Escape":
        editor.field("Prompt").press("Escape")
    elif how == "Back":
        editor.page.go_back()
        editor.card("picture 3").click()
    else:
        editor.page.reload()
    expect(editor.page.get_by_text("Something was written here and not saved.")).to_be_visible()
    editor.button("Go on").click()

    expect(editor.field("Prompt")).to_have_value("picture 3 and more")
    editor.button("Save").click()
    expect(editor.says("Saved")).to_be_visible()
    assert editor.records("more")
    expect(editor.page.get_by_text("Something was written here")).to_be_hidden()


def test_what_is_cancelled_can_be_brought_back(editor):
    editor.edit("picture 3")
    editor.field("Prompt").fill("a mistake?")
    editor.button("Cancel").click()
    editor.button("Bring back").click()

    expect(editor.field("Prompt")).to_have_value("a mistake?")


def test_edits_made_while_the_daemon_is_away_are_sent_when_it_is_back(editor, daemon):
    port = daemon.port
    editor.edit("picture 3")
    editor.field("Prompt").fill("written in the dark")
    daemon.stop(signal.SIGKILL)
    editor.button("Save").click()
    expect(editor.says("1 edit is kept")).to_be_visible()
    editor.page.keyboard.press("4")
    expect(editor.says("2 edits are kept")).to_be_visible()

    again = Daemon(daemon.root, "--port", str(port))
    try:
        expect(editor.says("edits saved now")).to_be_visible(timeout=15_000)
        record = editor.record("dark")
        assert record["rating"] == 4
        assert len(again.get(f"/api/images/{record['id']}/history").json["items"]) == 4
    finally:
        again.stop(signal.SIGKILL)


def test_what_was_kept_too_long_is_offered_beside_what_others_wrote(editor, daemon):
    port = daemon.port
    image = editor.record("picture 3")["id"]
    editor.edit("picture 3")
    editor.field("Prompt").fill("mine from before")
    daemon.stop(signal.SIGKILL)
    editor.button("Save").click()
    expect(editor.says("1 edit is kept")).to_be_visible()
    with Library.open(daemon.root) as library:  # by the command line, say
        library.edit(image, prompt_text="theirs meanwhile")

    again = Daemon(daemon.root, "--port", str(port))
    try:
        expect(editor.says("Your text is kept")).to_be_visible(timeout=15_000)
        editor.button("Edit").click()
        expect(editor.page.get_by_role("region", name="Conflict")).to_contain_text(
            "theirs meanwhile")
        editor.button("Keep mine").click()
        expect(editor.says("Saved")).to_be_visible()
        assert editor.record("mine")["id"] == image
    finally:
        again.stop(signal.SIGKILL)


def test_an_upload_waits_for_a_daemon_that_is_away(editor, daemon, tmp_path):
    port = daemon.port
    editor.drop(*pictures(tmp_path, 3))
    daemon.stop(signal.SIGKILL)
    editor.button("Save").click()
    expect(editor.dialog("Add images").get_by_text("waiting for the daemon").first).to_be_visible()

    again = Daemon(daemon.root, "--port", str(port))
    try:
        expect(editor.card("whale 2")).to_be_visible(timeout=15_000)
        assert len(editor.records("whale")) == 3
    finally:
        again.stop(signal.SIGKILL)


def lose_the_answer(editor: EditorPage, method: str) -> None:
    """Let the next request of a kind arrive, and its answer not."""
    lost: list[str] = []

    def once(route: Any) -> None:
        if route.request.method != method or lost:
            route.continue_()
            return
        lost.append(route.request.url)
        route.fetch()
        route.abort()

    editor.page.route("**/api/images**", once)


def test_a_save_whose_answer_is_lost_is_there_once(editor):
    editor.edit("picture 3")
    editor.field("Prompt").fill("saved once")
    lose_the_answer(editor, "PUT")
    editor.button("Save").click()
    expect(editor.says("1 edit saved now")).to_be_visible()

    record = editor.record("saved once")
    history = editor.daemon.get(f"/api/images/{record['id']}/history").json["items"]
    assert [change["action"] for change in history].count("edit") == 1
    expect(editor.page.get_by_text("Something was written here")).to_be_hidden()


def test_an_upload_whose_answer_is_lost_is_there_once(editor, tmp_path):
    editor.drop(*pictures(tmp_path, 2))
    lose_the_answer(editor, "POST")
    editor.button("Save").click()

    expect(editor.says("2 images added")).to_be_visible(timeout=15_000)
    assert len(editor.records("whale")) == 2


# -- deleting and undoing ---------------------------------------------------


def test_a_deleted_image_comes_back_by_undo(editor):
    editor.card("picture 3").click()
    editor.button("Delete").click()
    expect(editor.says("Deleted")).to_be_visible()
    expect(editor.dialog("picture 2")).to_be_visible()
    assert len(editor.records()) == 5
    editor.button("Undo").click()
    editor.button("Close").click()

    expect(editor.card("picture 3")).to_be_visible()
    assert len(editor.records()) == 6


def test_undo_and_redo_by_keys_also_after_a_reload(editor):
    editor.card("picture 3").focus()
    editor.page.keyboard.press("4")
    expect(editor.says("Rated 4")).to_be_visible()
    editor.page.reload()
    editor.wait_ready()
    editor.page.keyboard.press("Control+z")
    expect(editor.says("Undone: edit (1 image)")).to_be_visible()
    assert editor.record("picture 3")["rating"] == 0
    editor.page.keyboard.press("Control+Shift+z")
    expect(editor.says("Done again")).to_be_visible()
    assert editor.record("picture 3")["rating"] == 4


# -- the published site -----------------------------------------------------


def test_nothing_of_the_editor_is_in_the_site(daemon, editor):
    wait_for(lambda: (daemon.root / "site" / "index.html").exists())
    marks = [b"editor/", b"/api/", b"ImagelibApi", b"Add images", *(
        path.name.encode() for path in EDITOR.glob("*.js") if path.name != "image-page.js")]
    for path in (daemon.root / "site").rglob("*"):
        if path.suffix in (".html", ".js", ".css"):
            content = path.read_bytes()
            assert [mark for mark in marks if mark in content] == [], path


def test_the_page_of_an_image_leads_to_the_editor(editor):
    record = editor.record("picture 3")
    editor.page.goto(f"{editor.daemon.url}/image/{record['id']}.html")
    editor.page.get_by_role("link", name="Edit").click()

    expect(editor.dialog("picture 3")).to_be_visible()
