"""Each field of an image is saved as it is left; a refusal takes back what the page showed."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from chromium import MARKS, expect
from editor_page import EditorPage
from helpers import Daemon, wait_for

pytestmark = MARKS


def saves(editor: EditorPage) -> list[Any]:
    """The bodies of all saves from now on."""
    bodies: list[Any] = []
    editor.page.on("request", lambda request: bodies.append(request.post_data_json)
                   if request.method == "PUT" else None)
    return bodies


def test_a_field_is_saved_as_it_is_left_and_alone(editor):
    bodies = saves(editor)
    editor.edit("picture 3")
    editor.field("Prompt").fill("left behind")
    editor.field("Notes").focus()
    expect(editor.says("Prompt saved")).to_be_visible()
    editor.field("Model").focus()  # nothing was written into the notes
    editor.field("Tags").fill("quick")
    editor.field("Model").focus()
    expect(editor.says("Tags saved")).to_be_visible()

    assert bodies == [{"prompt_text": "left behind"}, {"tags": ["animal/fox", "quick"]}]
    assert editor.record("left behind")["tags"] == ["animal/fox", "quick"]
    expect(editor.page.locator(".panel-body")).to_contain_text("left behind")


def test_beside_save_stands_only_what_is_true_by_now(editor):
    editor.edit("picture 3")
    state = editor.page.locator(".edit-form footer p")
    expect(state).to_have_text("")
    editor.field("Prompt").press_sequentially("!")
    expect(state).to_have_text("Not saved yet")
    editor.field("Notes").focus()
    expect(state).to_have_text("Changes saved")
    editor.button("Undo").click()
    expect(state).to_have_text("")


def test_a_title_is_the_name_of_its_image_and_the_prompt_is_again_without_it(editor):
    editor.edit("picture 3")
    editor.field("Title").fill("Reineke  at dusk ")
    editor.field("Notes").focus()
    expect(editor.says("Title saved")).to_be_visible()
    expect(editor.field("Title")).to_have_value("Reineke at dusk")  # as the library writes it

    expect(editor.page.locator(".panel-body")).to_contain_text("Reineke at dusk")
    expect(editor.page.get_by_role("dialog", name="Reineke at dusk")).to_be_visible()
    assert editor.record("title:reineke")["title"] == "Reineke at dusk"
    editor.field("Title").fill("")
    editor.field("Notes").focus()
    expect(editor.page.get_by_role("dialog", name="picture 3")).to_be_visible()
    editor.page.keyboard.press("Escape")
    editor.page.keyboard.press("Escape")
    expect(editor.card("picture 3")).to_be_visible()


def test_what_is_typed_goes_on_while_the_field_before_is_saved(editor):
    editor.edit("picture 3")
    editor.page.route("**/api/images/*", lambda route: (
        editor.page.wait_for_timeout(300), route.continue_()))
    editor.field("Prompt").fill("first")
    notes = editor.field("Notes")
    notes.press_sequentially("one two", delay=60)
    notes.press("ArrowLeft")
    notes.press("ArrowLeft")
    notes.press("ArrowLeft")
    expect(editor.says("Prompt saved")).to_be_visible()

    expect(notes).to_be_focused()
    assert notes.evaluate("field => [field.selectionStart, field.selectionEnd]") == [4, 4]
    notes.press_sequentially("and ")
    expect(notes).to_have_value("one and two")


def test_a_slider_that_rests_is_saved_without_being_left(editor):
    bodies = saves(editor)
    editor.edit("picture 3")
    rating = editor.field("Rating")
    for _ in range(3):
        rating.press("ArrowRight")
    expect(editor.says("Rating saved")).to_be_visible()

    expect(rating).to_be_focused()
    assert bodies == [{"rating": 3}]


def test_the_stars_beside_the_slider_choose_and_take_back(editor):
    bodies = saves(editor)
    editor.edit("picture 3")
    stars = editor.page.locator(".edit-form .rating .stars")
    box = stars.bounding_box()

    def press(star: int) -> None:
        stars.click(position={"x": (star - 0.5) * box["width"] / 5, "y": box["height"] / 2})

    press(4)
    expect(editor.field("Rating")).to_have_value("4")
    expect(editor.says("Rating saved")).to_be_visible()
    press(1)
    expect(editor.field("Rating")).to_have_value("1")
    press(1)
    expect(editor.field("Rating")).to_have_value("0")
    editor.field("Notes").focus()
    assert wait_for(lambda: editor.record("picture 3")["rating"] == 0)
    assert bodies[0] == {"rating": 4}


@pytest.mark.parametrize("keys", [["i"], ["l"], ["Shift+F"], ["p"], ["Shift+F", "i"]],
                         ids="+".join)
def test_the_form_is_there_whatever_was_put_away_before(editor, keys):
    page = editor.page
    editor.card("picture 3").click()
    expect(page.locator(".panel")).to_be_visible()
    for key in keys:
        page.keyboard.press(key)
    page.keyboard.press("e")
    expect(editor.field("Prompt")).to_be_focused()
    width, height = page.viewport_size["width"], page.viewport_size["height"]
    for name in ("Prompt", "Title"):
        box = editor.field(name).bounding_box()
        assert page.locator(".panel-bar").bounding_box()["y"] + 40 < box["y"] < height
        assert 0 < box["x"] < width
    assert page.locator(".tools").bounding_box()["y"] < 30
    page.keyboard.press("l")  # a letter of the prompt
    expect(editor.field("Prompt")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".edit-form")).to_have_count(0)
    if keys == ["i"]:
        expect(page.locator(".panel")).to_be_hidden()  # as it was before


@pytest.mark.parametrize("fields", [("Prompt", "Notes", "Model"), ("Model", "Rating", "Title"),
                                    ("Rating", "Tags", "Prompt")])
def test_fields_left_at_once_are_each_saved(editor, fields):
    """A form filled by a program, or a slider that still rests while another field is left."""
    names = {"Prompt": "prompt_text", "Model": "ai_model"}
    values = {"Rating": 4, "Tags": ["animal/fox", "written"]}
    wanted = {names.get(label, label.lower()): values.get(label, "written") for label in fields}
    image = editor.record("picture 3")["id"]
    bodies = saves(editor)
    editor.edit("picture 3")
    editor.page.evaluate("""(inputs) => {
      for (const input of inputs) {
        input.focus();
        input.value = input.type === "range" ? "4" : "written";
        for (const kind of ["input", "change"]) {
          input.dispatchEvent(new Event(kind, { bubbles: true }));
        }
      }
      document.activeElement.blur();
    }""", [editor.field(label).element_handle() for label in fields])

    assert wait_for(lambda: wanted.items() <= editor.daemon.get(
        f"/api/images/{image}").json.items())
    # Playwright tells of requests while it is asked for something, and late where much is going on.
    wait_for(lambda: editor.page.wait_for_timeout(20) or len(bodies) >= len(wanted))
    assert sorted(bodies, key=str) == sorted(({name: value} for name, value in wanted.items()),
                                             key=str)


def test_undo_takes_back_one_field_at_a_time(editor):
    editor.edit("picture 3")
    editor.field("Prompt").fill("better")
    editor.field("Notes").fill("noted")
    editor.field("Model").focus()
    expect(editor.says("Notes saved")).to_be_visible()
    editor.says("Notes saved").get_by_role("button", name="Undo").click()
    expect(editor.field("Notes")).to_have_value("")
    record = editor.record("better")
    assert (record["prompt_text"], record["notes"]) == ("better", "")
    editor.page.locator(".viewer .position").click()
    editor.page.keyboard.press("Control+z")
    expect(editor.field("Prompt")).to_have_value("picture 3")

    assert editor.record("picture 3")["notes"] == ""


def test_a_refused_field_is_marked_and_the_page_shows_what_the_library_has(editor):
    bodies = saves(editor)
    editor.edit("picture 3")
    editor.field("Tags").fill("z" * 300)
    editor.field("Notes").press_sequentially("on and on")
    expect(editor.field("Tags")).to_have_attribute("aria-invalid", "true")

    expect(editor.page.get_by_role("alert").filter(has_text="Not saved")).to_be_visible()
    expect(editor.field("Notes")).to_be_focused()
    expect(editor.field("Notes")).to_have_value("on and on")
    expect(editor.page.locator(".panel-body")).not_to_contain_text("zzz")
    editor.field("Model").focus()
    expect(editor.says("Notes saved")).to_be_visible()
    assert [list(body) for body in bodies] == [["tags"], ["notes"]], "what is wrong stops no other"
    editor.button("Remove tag " + "z" * 300).click()
    editor.field("Notes").focus()
    editor.button("Save").click()
    expect(editor.field("Notes")).to_be_hidden()
    record = editor.record("picture 3")
    assert (record["notes"], record["tags"]) == ("on and on", ["animal/fox"])


def test_what_others_change_in_other_fields_is_no_conflict(editor):
    editor.edit("picture 3")
    image = editor.record("picture 3")["id"]
    editor.page.route("**/api/changes*", lambda route: route.abort())  # it hears of nothing
    assert editor.daemon.ask("PUT", f"/api/images/{image}", json_body={
        "rating": 4, "add_tags": ["theirs"]}).status == 200
    editor.field("Prompt").fill("mine")
    editor.field("Notes").focus()
    expect(editor.says("Prompt saved")).to_be_visible()

    expect(editor.page.get_by_role("region", name="Conflict")).to_be_hidden()
    expect(editor.field("Rating")).to_have_value("4")
    record = editor.record("mine")
    assert (record["rating"], record["tags"]) == (4, ["animal/fox", "theirs"])


def test_an_open_form_shows_what_others_save_and_keeps_what_is_written(editor):
    editor.edit("picture 3")
    editor.field("Prompt").press_sequentially(" and mine")
    image = editor.record("picture 3")["id"]
    assert editor.daemon.ask("PUT", f"/api/images/{image}",
                             json_body={"notes": "theirs"}).status == 200

    expect(editor.field("Notes")).to_have_value("theirs")
    expect(editor.field("Prompt")).to_be_focused()
    expect(editor.field("Prompt")).to_have_value("picture 3 and mine")


def test_cancel_takes_back_the_fields_that_were_saved_and_offers_them_again(editor):
    editor.edit("picture 3")
    editor.field("Prompt").fill("a mistake")
    editor.field("Notes").fill("another one")
    expect(editor.says("Prompt saved")).to_be_visible()
    editor.button("Cancel").click()
    expect(editor.says("Changes discarded")).to_be_visible()
    record = editor.record("picture 3")
    assert record["notes"] == ""
    editor.button("Bring back").click()

    expect(editor.field("Prompt")).to_have_value("a mistake")
    expect(editor.field("Notes")).to_have_value("another one")
    editor.button("Save").click()
    expect(editor.field("Notes")).to_be_hidden()
    assert editor.record("mistake")["notes"] == "another one"


def test_fields_left_while_the_daemon_is_away_are_one_edit_and_the_form_stays(editor, daemon):
    port = daemon.port
    editor.edit("picture 3")
    daemon.stop(signal.SIGKILL)
    editor.field("Prompt").fill("written in the dark")
    editor.field("Notes").fill("noted in the dark")
    editor.field("Model").focus()
    expect(editor.says("1 edit is kept")).to_be_visible()

    again = Daemon(daemon.root, "--port", str(port))
    try:
        expect(editor.says("1 edit saved now")).to_be_visible(timeout=15_000)
        record = editor.record("dark")
        assert (record["prompt_text"], record["notes"]) == (
            "written in the dark", "noted in the dark")
        editor.field("Model").fill("in the light")
        editor.button("Save").click()
        expect(editor.field("Model")).to_be_hidden()
        assert editor.record("dark")["ai_model"] == "in the light"
    finally:
        again.stop(signal.SIGKILL)


def test_text_refused_after_its_form_was_left_is_kept(editor):
    editor.edit("picture 3")
    held: list[Any] = []
    editor.page.route("**/api/images/*", lambda route: held.append(route)
                      if route.request.method == "PUT" else route.continue_())
    editor.field("Notes").fill("precious")
    editor.button("Close").click(delay=50)
    expect(editor.dialog("picture 3")).to_be_hidden()
    # Playwright hands requests over only while it is asked something.
    assert wait_for(lambda: editor.page.evaluate("true") and held)
    [saving] = held
    saving.fulfill(status=422, json={"title": "Bad", "status": 422, "detail": [
        {"loc": ["body", "notes"], "msg": "no", "type": "value_error"}]})
    expect(editor.says("Your text is kept.")).to_be_visible()
    editor.page.unroute("**/api/images/*")
    editor.button("Show").click()
    editor.button("Go on").click()

    expect(editor.field("Notes")).to_have_value("precious")
