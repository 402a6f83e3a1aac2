"""Nothing that was written or chosen is lost, and nothing is there twice."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
from chromium import MARKS, expect
from editor_page import EditorPage, pictures
from helpers import Daemon

from imagelib.library.library import Library

pytestmark = MARKS


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
    expect(editor.dialog("Add images").get_by_text("waiting for imagelib").first).to_be_visible()

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


def test_a_save_whose_daemon_is_killed_in_the_middle_is_there_once(editor, daemon):
    port = daemon.port
    editor.edit("picture 3")
    os.kill(daemon.process.pid, signal.SIGSTOP)  # it has the request, and no answer comes
    editor.field("Prompt").fill("killed in the middle")
    with editor.page.expect_request(lambda request: request.method == "PUT"):
        editor.button("Save").click()
    daemon.stop(signal.SIGKILL)
    expect(editor.says("1 edit is kept")).to_be_visible()

    again = Daemon(daemon.root, "--port", str(port))
    try:
        expect(editor.says("1 edit saved now")).to_be_visible(timeout=15_000)
        record = editor.record('"killed in the middle"')
        history = again.get(f"/api/images/{record['id']}/history").json["items"]
        assert [change["action"] for change in history].count("edit") == 1
        expect(editor.card("killed in the middle")).to_have_count(1)
    finally:
        again.stop(signal.SIGKILL)


def test_uploads_whose_daemon_is_killed_in_the_middle_are_each_there_once(
        editor, daemon, tmp_path):
    port = daemon.port
    editor.drop(*pictures(tmp_path, 12))
    editor.button("Save").click()
    dialog = editor.dialog("Add images")
    expect(dialog.get_by_role("listitem").filter(has_text="added").first).to_be_visible()
    daemon.stop(signal.SIGKILL)
    expect(dialog.get_by_text("waiting for imagelib").first).to_be_visible()

    again = Daemon(daemon.root, "--port", str(port))
    try:
        expect(editor.says("12 images added")).to_be_visible(timeout=20_000)
        assert sorted(record["prompt_text"] for record in editor.records("whale")) == sorted(
            f"whale {n}" for n in range(12))
        partial = [p for p in (daemon.root / "images").iterdir() if p.name.startswith(".")]
        assert partial == []
    finally:
        again.stop(signal.SIGKILL)
