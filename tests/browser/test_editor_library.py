"""What is about the whole library: history, trash, tags, searches, status."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import MARKS, expect
from editor_page import EditorPage
from helpers import Daemon, draw, fill, wait_for

from imagelib.library.library import Library

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
    destroy = rows.first.get_by_role("button", name="Destroy picture 2")
    destroy.click()
    really = rows.first.get_by_role("button", name="Really destroy picture 2 for good")
    expect(really).to_be_focused()
    editor.page.keyboard.press("Shift+Tab")
    expect(destroy).to_be_visible()
    expect(trash).to_contain_text("KB, type")
    expect(rows.first).to_contain_text(re.compile(r"deleted \d{4}-\d\d-\d\d,"))
    empty = trash.get_by_role("button", name="Empty the trash")
    expect(empty).to_be_disabled()
    trash.get_by_label("type").fill("empty")
    empty.click()
    expect(trash).to_contain_text("The trash is empty.")
    editor.button("Close").click()

    expect(editor.card("picture 1")).to_be_visible()
    assert len(editor.records()) == 5


def test_one_image_of_the_trash_is_destroyed_by_two_presses_and_the_others_stay(editor):
    ids = {record["prompt_text"]: record["id"] for record in editor.records()}
    editor.daemon.ask("POST", "/api/batch", json_body={"query": "tag:night", "delete": True})
    editor.menu("Trash")
    trash = editor.dialog("Trash")
    rows = trash.get_by_role("list", name="Deleted images").get_by_role("listitem")
    expect(rows).to_have_count(3)
    for name in ("Destroy picture 2", "Really destroy picture 2 for good"):
        trash.get_by_role("button", name=name).click()
    expect(editor.says("picture 2 is destroyed")).to_be_visible()
    expect(rows).to_have_count(2)
    left = {one["id"] for one in editor.daemon.get("/api/trash").json["items"]}
    assert left == {ids["picture 0"], ids["picture 4"]}


def test_the_trash_shows_how_images_looked_and_gives_all_of_them_back(editor):
    ids = [record["id"] for record in editor.records()]
    editor.daemon.ask("POST", "/api/batch", json_body={"ids": ids, "delete": True})
    editor.menu("Trash")
    trash = editor.dialog("Trash")
    pictures_ = trash.locator("li img")
    expect(pictures_).to_have_count(6)
    for n in range(6):
        pictures_.nth(n).scroll_into_view_if_needed()
        expect(pictures_.nth(n)).not_to_have_js_property("naturalWidth", 0, timeout=30_000)
    trash.get_by_role("button", name="Restore all").click()
    expect(trash).to_contain_text("The trash is empty.")

    assert len(editor.records()) == 6


def test_a_picture_of_the_trash_that_is_refused_comes_later(editor):
    ids = [record["id"] for record in editor.records()]
    editor.daemon.ask("POST", "/api/batch", json_body={"ids": ids, "delete": True})
    refused: list[str] = []

    def refuse_twice(route):
        if refused.count(route.request.url) < 2:
            refused.append(route.request.url)
            route.fulfill(status=503, headers={"Retry-After": "1"})
        else:
            route.continue_()

    editor.page.route("**/thumbnail", refuse_twice)
    editor.menu("Trash")
    pictures_ = editor.dialog("Trash").locator("li img")
    for n in range(6):
        pictures_.nth(n).scroll_into_view_if_needed()
        expect(pictures_.nth(n)).not_to_have_js_property("naturalWidth", 0, timeout=30_000)
    assert len(refused) == 12
    editor.complaints.clear()  # the browser's own, of answers that were no pictures


def test_a_large_trash_is_read_on_as_one_scrolls(template, tmp_path, browser):
    shutil.copytree(template, root := tmp_path / "large")
    with Library.open(root) as library:
        library.delete(*fill(library, 220))
    daemon = Daemon(root)
    try:
        daemon.wait_built(60)
        editor = EditorPage(browser.new_page(), daemon).open()
        editor.menu("Trash")
        rows = editor.dialog("Trash").get_by_role("button", name=re.compile("^Restore prompt"))
        expect(editor.dialog("Trash")).to_contain_text("220 images")
        for _ in range(30):
            rows.last.scroll_into_view_if_needed()
            if rows.count() == 220:
                break
            editor.page.wait_for_timeout(100)
        expect(rows).to_have_count(220)
        editor.page.get_by_role("button", name="Restore all").click()
        expect(editor.says("Restored: 220 images")).to_be_visible(timeout=60_000)
        assert editor.complaints == []
    finally:
        daemon.stop(signal.SIGKILL)


def test_history_says_who_changed_what(editor):
    image = editor.record("picture 3")["id"]
    with Library.open(editor.daemon.root) as library:
        library.edit(image, notes="from a prompt")
    editor.daemon.ask("PUT", f"/api/images/{image}", json_body={"notes": "from a script"})
    editor.card("picture 3").focus()
    editor.page.keyboard.press("4")
    expect(editor.says("Rated 4")).to_be_visible()
    editor.card("picture 3").click()
    editor.button("History").click()
    versions = editor.dialog("History").get_by_role("listitem")

    expect(versions.nth(0)).to_contain_text("in the editor")
    expect(versions.nth(1)).to_contain_text("through the API")
    expect(versions.nth(2)).to_contain_text("by a Python program")
    expect(versions.nth(0)).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"))


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
    expect(editor.button("Library")).to_be_focused()  # else the key that empties the box goes there
    editor.page.get_by_role("searchbox", name="Search").fill("")
    expect(editor.cards).to_have_count(6)
    editor.menu("Saved searches")
    link.click()
    expect(editor.cards).to_have_count(3)
    editor.menu("Saved searches")
    editor.button("Delete Nights").click()
    expect(editor.says("Nights deleted")).to_be_visible()

    assert editor.daemon.get("/api/searches").json == []


# -- albums ------------------------------------------------------------------


def test_an_album_is_made_of_a_selection_and_put_in_order_by_keys_and_mouse(editor):
    def order() -> list[str]:
        return [one["prompt_text"][-1] for one in editor.records("tag:best sort:album")]

    def shows(*numbers: int) -> None:
        expect(editor.cards).to_have_text([re.compile(f"picture {n}") for n in numbers])

    keys = editor.page.keyboard
    for n in (1, 3, 4):
        editor.item(f"picture {n}").hover()
        editor.box(f"picture {n}").click()
    editor.button("Album…").click()
    editor.field("Name of the album, which is a tag").fill("Best")
    editor.button("Make the album").click()
    editor.says("best is an album").get_by_role("button", name="Show").click()
    expect(editor.page.get_by_role("region", name="Album").get_by_role("heading")).to_have_text(
        "best")
    shows(4, 3, 1)
    assert order() == ["4", "3", "1"]

    keys.press("Escape")
    editor.card("picture 4").focus()
    keys.press("Alt+ArrowRight")
    shows(3, 4, 1)
    expect(editor.card("picture 4")).to_be_focused()
    expect(editor.says("Moved")).to_be_visible()
    held = []
    editor.page.route("**/api/albums/*", lambda route: held.append(route), times=1)
    keys.press("Alt+ArrowRight")
    shows(3, 1, 4)
    # Undo of the first move is not offered while the second is on its way.
    assert wait_for(lambda: editor.page.evaluate("1") and held)
    assert editor.says("Moved").count() == 0
    held[0].continue_()
    expect(editor.says("Moved")).to_be_visible()
    keys.press("Alt+ArrowRight")  # it is at the end
    editor.says("Moved").get_by_role("button", name="Undo").click()
    shows(3, 4, 1)
    expect(editor.says("undone")).to_be_visible()
    assert order() == ["3", "4", "1"]

    editor.card("picture 1").drag_to(editor.card("picture 3"), target_position={"x": 5, "y": 20})
    shows(1, 3, 4)
    expect(editor.page.locator(".drop-mark")).to_be_hidden()
    expect(editor.dialog("Add images")).to_have_count(0)
    editor.card("picture 3").click(button="right")
    editor.page.get_by_role("menuitem", name="Use as cover").click()
    expect(editor.says("Cover chosen")).to_be_visible()
    editor.button("Add a text").click()
    editor.field("Text of the album").fill("All of them\nand more")
    editor.button("Save").click()
    expect(editor.says("Text saved")).to_be_visible()
    expect(editor.page.get_by_role("region", name="Album")).to_contain_text("All of them")
    assert order() == ["1", "3", "4"]
    assert editor.daemon.get("/api/albums").json == [{
        "tag": "best", "text": "All of them\nand more", "count": 3,
        "cover": editor.record('prompt:"picture 3"')["id"]}]

    editor.button("Edit text").click()
    editor.button("No album any more").click()
    expect(editor.page.get_by_role("region", name="Album")).to_be_hidden()
    assert editor.daemon.get("/api/albums").json == []
    editor.says("no album any more").get_by_role("button", name="Undo").click()
    expect(editor.says("an album again")).to_be_visible()
    shows(1, 3, 4)
    assert editor.daemon.get("/api/albums").json[0]["text"] == "All of them\nand more"


# -- status ------------------------------------------------------------------


def test_the_status_tells_of_the_library_and_rebuilds(editor):
    editor.menu("Status")
    status = editor.dialog("Status")
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


# -- drift --------------------------------------------------------------------


@pytest.fixture
def unwatched(template: Path, tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that follows no file by itself."""
    shutil.copytree(template, tmp_path / "unwatched")
    daemon = Daemon(tmp_path / "unwatched", "--no-watch")
    daemon.wait_built()
    yield daemon
    daemon.stop(signal.SIGKILL)


def file_of(daemon: Daemon, name: str) -> Path:
    [image] = daemon.get("/api/images", q=f'"{name}"').json["items"]
    return daemon.root / "images" / image["file_name"]


def test_drift_is_listed_and_repaired_in_the_status(unwatched, browser, tmp_path):
    images = unwatched.root / "images"
    moved, lost, altered = (file_of(unwatched, f"picture {n}") for n in (0, 1, 2))
    content, right = lost.read_bytes(), altered.read_bytes()
    moved.rename(images / "renamed.png")
    lost.rename(tmp_path / "kept.png")
    altered.write_bytes(draw(tmp_path / "other.png", (90, 60)).read_bytes())
    draw(images / "stray one.png", seed="stray 1")
    draw(images / "stray two.png", seed="stray 2")
    page = EditorPage(browser.new_page(), unwatched).open()
    page.menu("Status")
    files = page.dialog("Status").get_by_role("region", name="Files")
    expect(files.get_by_role("list", name="Missing")).to_contain_text("picture 1")
    expect(files.get_by_role("list", name="Altered")).to_contain_text("picture 2")
    expect(files.get_by_role("list", name="Moved")).to_contain_text("renamed.png")

    files.get_by_role("button", name="Locate").click()
    expect(files.get_by_role("list", name="Moved")).to_be_hidden()
    files.get_by_label("Look for lost files").fill(str(tmp_path / "kept.png"))
    files.get_by_role("button", name="Locate").click()
    expect(files.get_by_role("list", name="Missing")).to_be_hidden()
    assert lost.read_bytes() == content
    files.get_by_role("button", name="Accept new file: picture 2").click()
    expect(files.get_by_role("list", name="Altered")).to_be_hidden()
    assert unwatched.get("/api/images", q='"picture 2"').json["items"][0]["width"] == 90
    files.get_by_role("button", name="Adopt all").click()
    expect(page.says("2 images adopted")).to_be_visible()
    expect(files).to_contain_text("Every file is where it should be.")
    page.says("2 images adopted").get_by_role("button", name="Undo").click()
    expect(page.says("Undone: add (2 images)")).to_be_visible()

    assert len(page.records()) == 6
    assert right != altered.read_bytes()
    assert page.complaints == []


def test_a_lost_file_is_given_back_from_the_browser(editor, tmp_path):
    path = file_of(editor.daemon, "picture 3")
    (tmp_path / "found.png").write_bytes(path.read_bytes())
    path.unlink()
    editor.menu("Status")
    files = editor.dialog("Status").get_by_role("region", name="Files")
    button = files.get_by_role("button", name="Restore from…: picture 3")
    with editor.page.expect_file_chooser() as chooser:
        button.click()
    chooser.value.set_files(tmp_path / "found.png")
    expect(editor.says("picture 3 has its file again")).to_be_visible()
    expect(files).to_contain_text("Every file is where it should be.")

    assert path.read_bytes() == (tmp_path / "found.png").read_bytes()


# -- settings -----------------------------------------------------------------


def test_settings_are_kept_by_the_library_and_by_this_browser(editor, tmp_path):
    editor.menu("Settings")
    settings = editor.dialog("Settings")
    settings.get_by_label("Dark").check()
    settings.get_by_label("Title").fill("Foxes")
    settings.get_by_label("Watched folders").fill(str(tmp_path / "not there"))
    editor.button("Save settings").click()
    expect(settings.get_by_role("alert")).to_contain_text("there is no folder")
    settings.get_by_label("Watched folders").fill(f"{tmp_path}\n\n")
    editor.button("Save settings").click()
    expect(editor.says("Settings saved")).to_be_visible()
    expect(editor.page.get_by_role("heading", name="Foxes", include_hidden=True)).to_be_attached()

    assert editor.daemon.get("/api/settings").json == {
        "title": "Foxes", "language": "en", "watch_folders": [str(tmp_path)]}
    scheme = "getComputedStyle(document.documentElement).colorScheme"
    editor.page.reload()
    editor.wait_ready()
    assert editor.page.evaluate(scheme) == "dark"
    editor.menu("Settings")
    expect(settings.get_by_label("Watched folders")).to_have_value(str(tmp_path))
    settings.get_by_label("As the system").check()
    assert editor.page.evaluate(scheme) == "light dark"

    settings.get_by_label("Order").select_option("Oldest first")
    editor.page.keyboard.press("Escape")
    expect(editor.cards.first).to_have_accessible_name("picture 0")
    editor.open()
    expect(editor.cards.first).to_have_accessible_name("picture 0")
    sort = editor.page.get_by_label("Sort")
    assert sort.evaluate("box => box.selectedOptions[0].text") == "Oldest first"
    # A link means what it says.
    editor.open("/?sort=-captured_at")
    expect(editor.cards.first).to_have_accessible_name("picture 5")
    expect(sort).to_have_value("-captured_at")


def test_dialogs_stand_in_one_place_and_nothing_is_beside_them(editor):
    boxes = []
    behind = """() => [...document.querySelectorAll(".bar select, .card")].map(
        (e) => e.getBoundingClientRect().right)"""
    before = editor.page.evaluate(behind)
    for name in ("Tags", "Status", "Saved searches", "Publish"):
        editor.menu(name)
        dialog = editor.dialog(name)
        assert editor.page.evaluate(behind) == before, "the page behind it stays where it is"
        if name == "Publish":
            expect(editor.field("What")).to_be_focused()
        box = dialog.bounding_box()
        boxes.append((box["x"], box["y"], box["width"]))
        page = editor.page.evaluate("[innerWidth, document.documentElement.clientWidth]")
        assert page[0] == page[1], "no room is left for a scroll bar"
        if name == "Publish":
            explained = dialog.locator("#publish-explained").bounding_box()
            assert box["y"] < explained["y"] < box["y"] + box["height"] - explained["height"]
        editor.page.keyboard.press("Escape")
    assert len(set(boxes)) == 1, boxes
