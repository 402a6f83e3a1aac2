"""Deleting and undoing, and what of the editor is not in the published site."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from chromium import MARKS, expect
from helpers import wait_for

pytestmark = MARKS
EDITOR = Path(__file__).parents[2] / "templates" / "editor"


# -- deleting and undoing -------------------------------------------------


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
    expect(editor.says("Undone: rating of picture 3 (4 → 0)")).to_be_visible()
    assert editor.record("picture 3")["rating"] == 0
    editor.page.keyboard.press("Control+Shift+z")
    expect(editor.says("Done again")).to_be_visible()
    assert editor.record("picture 3")["rating"] == 4


def test_undo_says_what_it_was_before_also_where_the_page_has_not_heard_of_it_yet(editor):
    editor.card("picture 3").focus()
    editor.page.keyboard.press("4")
    expect(editor.says("Rated 4")).to_be_visible()
    held, is_held = [], True
    editor.page.route("**/api/changes*",
                      lambda route: held.append(route) if is_held else route.continue_())
    editor.page.reload()  # the site may be older than the edit
    editor.wait_ready()
    assert wait_for(lambda: editor.page.evaluate("1") and held)
    editor.page.keyboard.press("Control+z")
    editor.page.wait_for_timeout(300)
    is_held = False
    for route in held:  # the page that was left may have asked, too
        with suppress(Exception):  # its request is gone
            route.continue_()
    expect(editor.says("Undone: rating of picture 3 (4 → 0)")).to_be_visible()
    assert editor.record("picture 3")["rating"] == 0


def test_undo_says_what_it_was_before_also_where_its_answer_is_late(editor):
    """The feed may tell of it earlier."""
    editor.card("picture 3").focus()
    editor.page.keyboard.press("4")
    expect(editor.says("Rated 4")).to_be_visible()

    def late(route):
        answer = route.fetch()
        editor.page.wait_for_timeout(4000)  # the feed is asked every two seconds
        route.fulfill(response=answer)

    editor.page.route("**/api/undo", late)
    editor.page.keyboard.press("Control+z")
    expect(editor.says("Undone: rating of picture 3 (4 → 0)")).to_be_visible()


def test_undo_says_of_what_and_shows_it(editor):
    daemon = editor.daemon
    record = editor.record("picture 4")
    tags = [*record["tags"], "wip2"]
    editor.card("picture 4").focus()
    editor.page.keyboard.press("t")
    editor.page.keyboard.type("wip2")
    editor.page.keyboard.press("Enter")
    expect(editor.says("Tagged wip2")).to_be_visible()
    editor.page.keyboard.press("Escape")
    assert daemon.get(f"/api/images/{record['id']}").json["tags"] == sorted(tags)
    editor.page.keyboard.press("Control+z")
    expect(editor.says("Undone: tags of picture 4 (−wip2)")).to_be_visible()
    editor.button("Show").click()
    expect(editor.dialog("picture 4")).to_be_visible()

    editor.button("Delete").click()
    expect(editor.dialog("picture 3")).to_be_visible()
    editor.page.keyboard.press("Control+z")
    expect(editor.says("Undone: picture 4 is back")).to_be_visible()
    expect(editor.dialog("picture 4")).to_be_visible()


# -- the published site ---------------------------------------------------


def test_nothing_of_the_editor_is_in_the_site(daemon, editor):
    wait_for(lambda: (daemon.root / "site" / "index.html").exists())
    marks = [b"editor/", b"/api/", b"ImagelibApi", b"Add images", *(
        path.name.encode() for path in EDITOR.rglob("*.js") if path.name != "image-page.js")]
    for path in (daemon.root / "site").rglob("*"):
        if path.suffix in (".html", ".js", ".css"):
            content = path.read_bytes()
            assert [mark for mark in marks if mark in content] == [], path


def test_the_page_of_an_image_leads_to_the_editor(editor):
    record = editor.record("picture 3")
    editor.page.goto(f"{editor.daemon.url}/image/{record['id']}.html")
    editor.page.get_by_role("link", name="Edit").click()

    expect(editor.dialog("picture 3")).to_be_visible()
