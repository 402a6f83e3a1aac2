"""Correcting one image: its fields, wrong values, conflicts with others."""

from __future__ import annotations

import re
from typing import Any

import pytest
from chromium import MARKS, expect
from editor_page import EditorPage, pictures
from helpers import wait_for

pytestmark = MARKS


def test_every_field_of_an_image_can_be_changed(editor):
    editor.edit("picture 3")
    editor.fill({
        "Prompt": "a picture of nothing",
        "Negative prompt": "something",
        "Model": "other-model",
        "Notes": "corrected",
        "Rating": "5",
        "Date": "2024-01-02T03:04:05",
    })
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

    # Each field has a request of its own, the tags the last one.
    assert wait_for(lambda: [record["tags"] for record in editor.records("nothing")]
                    == [["brand new", "night"]])
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
    record = editor.record("picture 3")
    assert (record["notes"], record["tags"]) == ("kept", ["animal/fox"])


def test_a_search_finds_what_was_just_saved(editor):
    editor.edit("picture 3")
    editor.field("Prompt").fill("zebra crossing")
    editor.button("Save").click()
    expect(editor.says("Saved")).to_be_visible()
    editor.button("Close").click()
    editor.page.get_by_role("searchbox", name="Search").fill("zebra")

    expect(editor.cards).to_have_count(1)
    expect(editor.page.get_by_text("1 of 6 images")).to_be_visible()


def test_another_tab_shows_each_change_by_itself(tab, tmp_path):
    first, second = tab(), tab()
    first.edit("picture 3")
    first.field("Prompt").fill("seen by both")
    first.button("Save").click()
    expect(second.card("seen by both")).to_be_visible()
    first.button("Delete").click()
    expect(second.card("seen by both")).to_be_hidden()
    first.button("Undo").click()
    expect(second.card("seen by both")).to_be_visible()
    first.button("Close").click()
    first.drop(*pictures(tmp_path, 1))
    first.button("Save").click()
    expect(second.card("whale 0")).to_be_visible()


def conflicting(editor: EditorPage) -> None:
    """Save over a change that another tab makes meanwhile."""
    editor.edit("picture 3")
    held: list[Any] = []
    editor.page.route("**/api/images/*", lambda route: held.append(route)
                      if route.request.method == "PUT" and not held else route.continue_())
    editor.field("Prompt").fill("mine")
    image = editor.record("picture 3")["id"]
    answer = editor.daemon.ask("PUT", f"/api/images/{image}",
                               json_body={"prompt_text": "theirs", "rating": 2})
    assert answer.status == 200
    editor.field("Notes").fill("my notes")
    # Playwright hands requests over only while it is asked something.
    assert wait_for(lambda: editor.page.evaluate("true") and held)
    held[0].continue_()
    expect(editor.page.get_by_role("region", name="Conflict")).to_be_visible()
    editor.button("Save").click()


@pytest.mark.parametrize(("press", "prompt", "notes"), [
    ("Keep mine", "mine", "my notes"), ("Take theirs", "theirs", ""),
])
def test_a_conflict_is_stable_for_one_side(editor, press, prompt, notes):
    conflicting(editor)
    conflict = editor.page.get_by_role("region", name="Conflict")
    expect(conflict).to_contain_text("theirs")
    expect(conflict).to_contain_text("picture 3")  # how it was before
    editor.button(press).click()

    expect(editor.field("Prompt")).to_be_hidden()
    record = editor.record("rating:2")
    assert (record["prompt_text"], record["notes"]) == (prompt, notes)
    expect(editor.page.locator(".panel-body")).to_contain_text(prompt)


def test_a_conflict_is_stable_field_by_field(editor):
    conflicting(editor)
    editor.page.get_by_role("group", name="Prompt").get_by_label("Theirs").check()
    editor.button("As chosen above").click()

    expect(editor.says("Saved")).to_be_visible()
    record = editor.record("rating:2")
    assert (record["prompt_text"], record["notes"]) == ("theirs", "my notes")


def test_two_tabs_that_change_one_field_settle_it_and_both_show_it(tab):
    first, second = tab(), tab()
    first.edit("picture 3")
    second.edit("picture 3")
    first.field("Prompt").fill("mine")
    second.field("Prompt").fill("theirs")
    second.field("Notes").fill("noted there")
    second.button("Save").click()
    expect(second.field("Prompt")).to_be_hidden()

    first.button("Save").click()
    conflict = first.page.get_by_role("region", name="Conflict")
    expect(conflict).to_contain_text("theirs")
    first.button("Keep mine").click()

    expect(first.field("Prompt")).to_be_hidden()
    record = first.record("mine")
    assert (record["prompt_text"], record["notes"]) == ("mine", "noted there")
    second.button("Close").click()
    expect(second.card("mine")).to_be_visible()


def test_what_is_too_long_for_the_feed_is_not_taken_for_taken_away(editor):
    record = editor.record("picture 3")
    path = f"/api/images/{record['id']}"
    long = {"workflow": "x" * 60_000}
    editor.daemon.ask("PUT", path, json_body={"prompt_meta": long})
    editor.edit("picture 3")
    editor.daemon.ask("PUT", path, json_body={"notes": "by another"})
    expect(editor.field("Notes")).to_have_value("by another")

    editor.page.get_by_text("What the generator wrote").click()
    expect(editor.field("Raw data (JSON)")).to_have_value(re.compile("x{60000}"))
    editor.button("Save").click()
    expect(editor.field("Prompt")).to_be_hidden()
    assert editor.daemon.get(path).json["prompt_meta"] == long
