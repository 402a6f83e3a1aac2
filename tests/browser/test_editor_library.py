"""What is about the whole library: history, trash, tags, searches, status."""

from __future__ import annotations

import re
from pathlib import Path

from editor_daemon import MARKS, browser, daemon, daemons, editor, expect, tab, template

__all__ = ["browser", "daemon", "daemons", "editor", "tab", "template"]  # the fixtures
pytestmark = MARKS


# -- history and trash ----------------------------------------------------


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


# -- tags and searches ----------------------------------------------------


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


# -- status ------------------------------------------------------------------


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
