"""The editor takes picks, by a link that is opened or a file, and shows what was said."""

from __future__ import annotations

import json

import pytest
from chromium import MARKS, expect
from pick_helpers import ANNA, BO, as_link, file_of, pick, published

from imagelib.library.library import Library

pytestmark = MARKS


@pytest.fixture
def gallery(daemon):
    """The id of a publication of the served library, and the public id of each picture by name."""
    with Library.open(daemon.root) as library:
        publication, ids = published(library)
        return publication, {library.get(one).prompt_text: ids[one] for one in ids}


def test_a_link_that_is_opened_is_previewed_merged_and_found(tab, gallery):
    publication, public = gallery
    note = "<img src=x onerror=alert(1)> warmer"
    link = as_link(file_of(publication, {
        public["picture 1"]: pick(heart=True, stars=4, note=note), public["picture 3"]: pick(),
        BO: pick()}, who="<b>Anna</b>")).partition("#")[2]
    editor = tab(f"/#{link}")
    dialog = editor.dialog("Picks")
    expect(dialog).to_contain_text(
        "Somebody who says to be <b>Anna</b> picked in proof: 2 new.")
    expect(dialog).to_contain_text(f"No image here: {BO}")
    expect(dialog.get_by_role("list", name="What is new")).to_contain_text(note)
    expect(dialog.get_by_role("list", name="What is new")).to_contain_text("picture 1")
    assert "#" not in editor.page.url
    assert editor.daemon.get("/api/picks").json == []
    dialog.get_by_role("button", name="Merge").click()
    expect(editor.says("The picks of <b>Anna</b> are here.")).to_be_visible()

    dialog.get_by_role("link", name="<b>Anna</b>").click()
    expect(editor.cards).to_have_count(2)
    expect(editor.page.get_by_role("searchbox", name="Search")).to_have_value(
        "picked:<b>Anna</b>")
    editor.card("picture 1").click()
    said = editor.page.get_by_role("region", name="Picks")
    expect(said).to_contain_text("♥ ★★★★")
    expect(said).to_contain_text(note)
    editor.page.keyboard.press("ArrowLeft")
    expect(said).to_contain_text("♥")
    expect(said).not_to_contain_text("warmer")
    assert {record["rating"] for record in editor.records()} == {0}


def test_a_file_is_dropped_chosen_and_forgotten(editor, gallery, tmp_path):
    publication, public = gallery
    dropped, chosen = tmp_path / "picks-anna.json", tmp_path / "picks-bo.json"
    dropped.write_text(json.dumps(file_of(publication, {public["picture 1"]: pick()})))
    chosen.write_text("{" + "[" * 20_000)
    editor.drop(dropped, kind="application/json")
    dialog = editor.dialog("Picks")
    dialog.get_by_role("button", name="Merge").click()
    anna = dialog.get_by_role("list", name="Who has picked").get_by_role("listitem")
    expect(anna).to_contain_text("1 picked, 1 with a heart, in proof")

    dialog.get_by_label("Choose a file").set_input_files(chosen)
    expect(dialog).to_contain_text("Nothing was kept.")
    chosen.write_text(json.dumps(file_of(publication, {public["picture 2"]: pick()}, who="Bo",
                                         key=BO)))
    dialog.get_by_label("Choose a file").set_input_files(chosen)
    dialog.get_by_role("button", name="Merge").click()
    expect(anna).to_have_count(2)
    assert editor.daemon.get("/api/images", q="picked:bo").json["total"] == 1

    dialog.get_by_role("button", name="Forget Anna").click()
    assert len(editor.daemon.get("/api/picks").json) == 2, "only asked"
    dialog.get_by_role("button", name="Really forget Anna").click()
    expect(anna).to_have_count(1)
    [left] = editor.daemon.get("/api/picks").json
    assert left["key"] != ANNA
