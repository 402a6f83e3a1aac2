"""Adding pictures in a real browser over a real daemon."""

from __future__ import annotations

import re
from itertools import pairwise

from chromium import MARKS, expect
from editor_page import pictures
from helpers import draw

pytestmark = MARKS


def test_dropped_pictures_are_added_and_shown_at_once(editor, tmp_path):
    editor.drop(*pictures(tmp_path, 3))
    dialog = editor.dialog("Add images")
    waiting = dialog.get_by_role("listitem").filter(has_text="waiting")
    expect(waiting).to_have_count(3)
    for row in waiting.all():  # as it looks before it is anywhere
        expect(row.locator("img")).to_have_js_property("naturalWidth", 120)
    dialog.get_by_role("button", name="Save").click()

    expect(dialog).to_be_hidden()
    expect(editor.says("3 images added")).to_be_visible()
    expect(editor.card("whale 2")).to_be_visible()
    expect(editor.page.get_by_text("9 of 9 images")).to_be_visible()
    editor.button("Show them").click()
    expect(editor.page.get_by_text("3 of 9 images")).to_be_visible()


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
    editor.fill({
        "Prompt": "a whale in the fog",
        "Negative prompt": "blurry",
        "Model": "my-model",
        "Notes": "from the picker",
        "Rating": "4",
        "Date": "2025-06-07T08:09:10",
        "Tags": "sea, big fish",
    })
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
    good = pictures(tmp_path, 37)
    bad = [tmp_path / f"bad{n}.png" for n in range(3)]
    bad[0].write_bytes(b"")
    bad[1].write_bytes(b"<html>no picture</html>")
    bad[2].write_bytes(good[0].read_bytes()[:200])
    editor.drop(*good[:20], *bad, *good[20:])
    editor.button("Save").click()

    dialog = editor.dialog("Add images")
    outcome = dialog.get_by_role("status").filter(has_text="37 added, 3 refused").first
    expect(outcome).to_be_visible(timeout=60_000)
    for path in bad:
        row = dialog.get_by_role("listitem").filter(has_text=path.name)
        expect(row).to_contain_text("refused: ")
        expect(row.get_by_role("button", name="Retry")).to_be_visible()
    states = [row.get_attribute("data-state")
              for row in dialog.get_by_role("list", name="Files").locator("> li").all()]
    assert states == ["refused"] * 3 + ["added"] * 37, "what did not work is on top"
    assert len(editor.records("whale")) == 37
    expect(dialog.get_by_role("button", name="Save")).to_be_hidden()
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_be_hidden()


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

    row = editor.dialog("Add images").get_by_role("listitem").last
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
    editor.drop(*pictures(tmp_path, 25))
    editor.button("Save").click()
    editor.button("Close").click()
    expect(editor.says("Adding")).to_be_visible()
    expect(editor.says("25 images added")).to_be_visible(timeout=15_000)
    editor.button("Review").click()

    expect(editor.dialog("Add images").get_by_role("button", name="Correct")).to_have_count(25)


def test_a_wrong_value_is_shown_at_its_field_while_adding(editor, tmp_path):
    editor.drop(*pictures(tmp_path, 1))
    editor.field("Tags").fill("x" * 300)
    editor.button("Save").click()

    expect(editor.field("Tags")).to_have_attribute("aria-invalid", "true")
    fault = editor.page.locator(f"#{editor.field('Tags').get_attribute('aria-describedby')}")
    expect(fault).to_contain_text("characters")


# -- before saving ------------------------------------------------------------


def test_what_a_picture_says_of_itself_is_shown_and_corrected_before_it_is_saved(
        editor, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    again = draw(tmp_path / "again.png", (160, 120), seed="e0")
    editor.drop(*pictures(tmp_path, 2), bad, again)
    rows = editor.dialog("Add images").get_by_role("list", name="Files").get_by_role("listitem")
    expect(rows.nth(0)).to_contain_text("refused: ")
    expect(rows.nth(1)).to_contain_text("whale 0 · flux1-dev")
    expect(rows.nth(3)).to_contain_text("in the library already")
    assert len(editor.records()) == 6, "looking adds nothing"
    rows.nth(2).get_by_role("button", name="Values of whale1.png").click()
    own = rows.nth(2)
    edges = [(row.bounding_box()["y"], row.bounding_box()["height"]) for row in rows.all()]
    assert all(y + height <= below for (y, height), (below, _) in pairwise(edges))
    assert own.locator(".upload-own").bounding_box()["height"] < edges[2][1], "it lies in its row"
    expect(own.get_by_label("Prompt", exact=True)).to_have_value("whale 1")
    expect(own.get_by_label("Negative prompt", exact=True)).to_have_value("blurry")
    own.get_by_label("Prompt", exact=True).fill("a small whale")
    own.get_by_label("Tags", exact=True).fill("corrected")
    editor.dialog("Add images").locator(".shared").get_by_label("Tags", exact=True).fill("all")
    editor.button("Save").click()
    expect(editor.dialog("Add images").get_by_text("2 added, 1 already here, 1 refused").first
           ).to_be_visible()

    assert editor.record('"whale 0"')["tags"] == ["all"]
    small = editor.record("small")
    assert (small["prompt_text"], small["tags"]) == ("a small whale", ["corrected"])
    assert small["negative_prompt"] == "blurry"


def test_the_values_for_all_survive_a_reload_and_can_be_cleared(editor, tmp_path):
    editor.button("Add images").click()
    editor.field("Notes").fill("of one evening")
    editor.field("Tags").fill("evening")
    editor.field("Notes").focus()
    editor.page.reload()
    editor.wait_ready()
    editor.button("Add images").click()
    expect(editor.field("Notes")).to_have_value("of one evening")
    editor.page.set_input_files("#add-files", pictures(tmp_path, 1))
    editor.button("Save").click()
    expect(editor.says("1 image added")).to_be_visible()
    record = editor.record("whale")
    assert (record["notes"], record["tags"]) == ("of one evening", ["evening"])
    editor.button("Add images").click()
    expect(editor.field("Notes")).to_have_value("")
    editor.field("Notes").fill("never mind")
    editor.page.reload()
    editor.wait_ready()
    editor.button("Add images").click()
    editor.button("Clear").click()
    expect(editor.field("Notes")).to_have_value("")


def test_the_pictures_of_a_chosen_folder_are_added(editor, tmp_path):
    pictures(tmp_path / "box", 2)
    pictures(tmp_path / "box" / "deeper", 1, first=2)
    (tmp_path / "box" / "notes.txt").write_text("no picture")
    editor.button("Add images").click()
    expect(editor.page.get_by_text("Add folder")).to_be_visible()
    editor.page.set_input_files("#add-folder", tmp_path / "box")
    expect(editor.dialog("Add images").get_by_text("3 waiting")).to_be_visible()
    editor.button("Save").click()

    expect(editor.says("3 images added")).to_be_visible()


def test_a_library_without_images_is_one_place_to_drop_them_on(editor, tmp_path):
    filters = editor.page.get_by_role("complementary", name="Filters")
    expect(filters).to_be_visible()
    editor.page.keyboard.press("Control+a")
    editor.button("Delete").click()
    expect(editor.page.get_by_role("heading", name="No images yet")).to_be_visible()
    expect(filters).to_be_hidden()
    with editor.page.expect_file_chooser() as folder:
        editor.button("Add a folder").click()
    folder.value.set_files(tmp_path)
    editor.button("Close").click()
    with editor.page.expect_file_chooser() as chooser:
        editor.button("Choose pictures").click()
    assert chooser.value.is_multiple()
    expect(editor.dialog("Add images")).to_be_visible()
    expect(editor.page.locator("#add-files")).to_be_focused()
    editor.button("Close").click()
    editor.drop(*pictures(tmp_path, 1))
    editor.button("Save").click()
    expect(editor.card("whale 0")).to_be_visible()
    expect(editor.page.get_by_role("heading", name="No images yet")).to_be_hidden()
    expect(filters).to_be_visible()


def test_the_way_to_add_lies_on_no_picture_where_the_bar_has_room(tab):
    editor = tab("/")
    button = editor.button("Add images")
    for width, is_in_bar in ((1280, True), (1000, False), (390, False), (1920, True)):
        editor.page.set_viewport_size({"width": width, "height": 800})
        expect(button).to_be_visible()
        box = button.bounding_box()
        bar = editor.page.locator("header.bar").bounding_box()
        assert (box["y"] + box["height"] <= bar["y"] + bar["height"]) == is_in_bar
        assert box["x"] + box["width"] <= width
        button.click()
        expect(editor.dialog("Add images")).to_be_visible()
        editor.page.keyboard.press("Escape")
        expect(button).to_be_focused()


def test_what_waits_is_seen_whole_and_says_how_large_it_is(editor, tmp_path):
    paths = pictures(tmp_path, 2)
    editor.drop(*paths)
    dialog = editor.dialog("Add images")
    expect(dialog.get_by_role("listitem")).to_have_count(2)
    size = sum(path.stat().st_size for path in paths)
    expect(dialog.get_by_text(re.compile(r"^2 waiting, [0-9.]+ (bytes|KB)$"))).to_be_visible()
    said = dialog.locator(".upload-summary").inner_text().split(", ")[1]
    number, unit = said.split()
    assert abs(float(number) * (1000 if unit == "KB" else 1) - size) <= size / 20
    for row in dialog.get_by_role("listitem").all():
        expect(row).to_contain_text(re.compile("KB|bytes"))
        picture = row.locator("img").bounding_box()
        assert min(picture["width"], picture["height"]) >= 56
        text = row.locator(".upload-read").bounding_box()
        assert picture["x"] + picture["width"] <= text["x"]
        assert row.bounding_box()["height"] < 90
