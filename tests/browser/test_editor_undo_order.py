"""Undo while something is being saved: it waits, and takes back just that."""

from __future__ import annotations

import re
from typing import Any

import pytest
from chromium import MARKS, expect
from editor_page import Slow
from helpers import ALL, draw, wait_for

pytestmark = MARKS


def rate(editor: Any, name: str, rating: int) -> None:
    editor.card(name).focus()
    editor.page.keyboard.press(str(rating))


def by_name(editor: Any) -> list[dict[str, Any]]:
    return sorted(editor.records(), key=lambda found: found["prompt_text"])


def ratings(editor: Any) -> list[int]:
    return [found["rating"] for found in by_name(editor)]


def test_undo_waits_for_the_rating_that_is_being_saved(editor):
    rate(editor, "picture 1", 2)
    expect(editor.says("Rated 2")).to_be_visible()
    slow = Slow(editor.page, "**/api/batch")
    rate(editor, "picture 4", 5)
    editor.page.keyboard.press("Control+z")
    slow.wait()
    slow.let_go()

    expect(editor.says("Undone: ")).to_be_visible()
    assert ratings(editor) == [0, 2, 0, 0, 0, 0]


def test_each_undo_takes_back_one_of_those_that_are_on_their_way(editor):
    slow = Slow(editor.page, "**/api/batch")
    for n, rating in ((0, 1), (1, 2), (2, 3)):
        rate(editor, f"picture {n}", rating)
    editor.page.keyboard.press("Control+z")
    editor.page.keyboard.press("Control+z")
    slow.wait()
    slow.let_go()

    assert wait_for(lambda: ratings(editor) == [1, 0, 0, 0, 0, 0]), ratings(editor)
    expect(editor.says("Undone")).to_be_visible()
    editor.page.wait_for_timeout(300)
    assert ratings(editor) == [1, 0, 0, 0, 0, 0]


def test_another_programs_edit_is_never_taken_back(editor, daemon):
    rate(editor, "picture 1", 2)
    expect(editor.says("Rated 2")).to_be_visible()
    other = by_name(editor)[3]["id"]
    answer = daemon.ask("POST", "/api/batch", json_body={"ids": [other], "edit": {"rating": 4}})
    assert answer.status == 200
    editor.page.keyboard.press("Control+z")
    expect(editor.says("Undone: ")).to_be_visible()
    assert ratings(editor) == [0, 0, 0, 4, 0, 0]

    editor.page.keyboard.press("Control+z")
    expect(editor.says("Nothing was edited in this tab")).to_be_visible()
    assert ratings(editor) == [0, 0, 0, 4, 0, 0]
    asked = editor.dialog("Undo this edit?")
    editor.button("Undo the last edit of the library").click()
    expect(asked).to_contain_text(by_name(editor)[3]["prompt_text"])
    expect(asked).to_contain_text("through the API")
    editor.button("Leave it").click()
    assert ratings(editor) == [0, 0, 0, 4, 0, 0]
    editor.page.keyboard.press("Control+z")
    editor.button("Undo the last edit of the library").click()
    asked.get_by_role("button", name="Undo").click()
    assert wait_for(lambda: ratings(editor) == [0] * 6)


def test_an_edit_that_is_refused_does_not_cost_an_older_one(editor):
    rate(editor, "picture 1", 2)
    expect(editor.says("Rated 2")).to_be_visible()
    slow = Slow(editor.page, "**/api/batch")
    rate(editor, "picture 4", 5)
    editor.page.keyboard.press("Control+z")
    slow.wait()
    slow.refuse()

    expect(editor.says("It was not saved, so there is nothing to undo")).to_be_visible()
    assert ratings(editor) == [0, 2, 0, 0, 0, 0]


@pytest.mark.parametrize("way", ["field", "delete", "tags", "menu"] if ALL else ["field", "menu"])
def test_it_is_so_for_every_kind_of_edit(editor, way):
    rate(editor, "picture 1", 2)
    expect(editor.says("Rated 2")).to_be_visible()
    page = editor.page
    slow = Slow(page, re.compile(r"/api/(batch|images/[^/]+$|tags/)"))
    before = editor.records()
    if way == "field":
        editor.edit("picture 3")
        editor.field("Notes").fill("noted")
        page.locator(".viewer .position").click()
    elif way == "delete":
        editor.card("picture 3").focus()
        page.keyboard.press("Delete")
    elif way == "tags":
        editor.menu("Tags")
        editor.button("Delete wip").click()
    else:
        rate(editor, "picture 4", 5)
    slow.wait()
    if way == "tags":
        page.keyboard.press("Escape")
        page.locator("main").click(position={"x": 2, "y": 2})
    if way == "menu":
        editor.menu("Undo the last edit")
    else:
        page.keyboard.press("Control+z")
    slow.let_go()
    expect(editor.says("Undone")).to_be_visible()

    volatile = ("version", "updated_at")
    strip = [[{k: v for k, v in record.items() if k not in volatile} for record in records]
             for records in (before, editor.records())]
    assert strip[0] == strip[1]


def test_a_redone_edit_can_be_undone_again_while_others_edit(editor, daemon):
    rate(editor, "picture 1", 2)
    expect(editor.says("Rated 2")).to_be_visible()
    editor.page.keyboard.press("Control+z")
    expect(editor.says("Undone")).to_be_visible()
    editor.page.keyboard.press("Control+Shift+z")
    expect(editor.says("Done again")).to_be_visible()
    other = by_name(editor)[3]["id"]
    daemon.ask("POST", "/api/batch", json_body={"ids": [other], "edit": {"rating": 4}})
    editor.page.keyboard.press("Control+z")
    expect(editor.says("Undone")).to_be_visible()

    assert ratings(editor) == [0, 0, 0, 4, 0, 0]


def test_what_was_added_is_taken_back_by_key(editor, tmp_path):
    editor.drop(draw(tmp_path / "new.png"))
    editor.button("Save").click()
    expect(editor.says("1 image added")).to_be_visible()
    editor.page.keyboard.press("Escape")
    editor.page.keyboard.press("Control+z")
    expect(editor.says("Undone: add")).to_be_visible()

    assert len(editor.records()) == 6
