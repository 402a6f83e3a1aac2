"""Two to four of the selection beside each other, judged where they are compared."""

from __future__ import annotations

from typing import Any

from chromium import MARKS, expect
from editor_page import EditorPage

pytestmark = MARKS


def select(editor: EditorPage, *names: str) -> None:
    for name in names:
        editor.card(name).focus()
        editor.page.keyboard.press("x")


def pane(editor: EditorPage, name: str) -> Any:
    return editor.dialog("Compare").get_by_role("group", name=name)


def views(editor: EditorPage) -> list[str]:
    """How each picture is zoomed and moved."""
    return editor.page.evaluate(
        "[...document.querySelectorAll('.compare-frame img')].map((e) => e.style.transform)")


def test_a_selection_is_compared_and_judged_pane_by_pane(editor):
    select(editor, "picture 1", "picture 4", "picture 2")
    editor.button("Compare").click()
    dialog = editor.dialog("Compare")
    expect(dialog.locator(".compare-name")).to_have_text(["picture 4", "picture 2", "picture 1"])
    expect(pane(editor, "picture 4")).to_be_focused()
    keys = editor.page.keyboard
    keys.press("ArrowRight")
    keys.press("4")
    expect(pane(editor, "picture 2").get_by_role("img", name="4 stars")).to_be_visible()
    assert editor.record('"picture 2"')["rating"] == 4
    assert sum(record["rating"] for record in editor.records()) == 4

    keys.press("z")
    [view] = set(views(editor))
    assert "scale" in view
    pane(editor, "picture 1").get_by_role("img").hover()
    editor.page.mouse.wheel(0, -200)
    [closer] = set(views(editor))
    assert closer not in ("", view)

    keys.press("b")
    expect(dialog.get_by_label("How to compare")).to_have_value("blink")
    expect(pane(editor, "picture 2")).to_be_visible()
    keys.press("Space")
    expect(pane(editor, "picture 1")).to_be_visible()
    expect(pane(editor, "picture 2")).to_be_hidden()
    keys.press("x")
    dialog.get_by_label("How to compare").select_option("side")
    expect(dialog.locator(".compare-name")).to_have_text(["picture 4", "picture 2"])

    pane(editor, "picture 4").focus()
    keys.press("Delete")
    expect(dialog).to_be_hidden()
    expect(editor.says("Deleted")).to_be_visible()
    assert not editor.records('"picture 4"')


def test_the_key_compares_two_and_says_how_many_it_takes(editor):
    select(editor, "picture 3")
    editor.page.keyboard.press("c")
    expect(editor.says("Select two to 4 images")).to_be_visible()
    select(editor, "picture 5")
    editor.page.keyboard.press("c")
    expect(editor.dialog("Compare").get_by_role("slider", name="Divide at")).to_be_focused()
    expect(editor.button("Next other image")).to_be_hidden()
    headings = editor.dialog("Compare").get_by_role("columnheader")
    expect(headings).to_have_text(["Setting", "picture 5", "picture 3"])
