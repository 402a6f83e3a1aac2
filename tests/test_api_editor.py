"""What the editor asks of the daemon: the batch of an edit, a backup, its own files."""

from __future__ import annotations

import re
import sqlite3

import pytest
from helpers import draw

from imagelib.daemon.editor import editor_files, with_editor


@pytest.fixture
def record(daemon, picture):
    return daemon.upload(picture).json


def test_an_edit_names_the_batch_that_takes_it_back(daemon, record):
    path = f"/api/images/{record['id']}"
    first = daemon.ask("PUT", path, json_body={"rating": 4})
    daemon.ask("PUT", path, json_body={"notes": "later"})
    undone = daemon.ask("POST", "/api/undo", json_body={"batch": first.headers["Imagelib-Batch"]})

    assert undone.status == 200
    now = daemon.get(path).json
    assert (now["rating"], now["notes"]) == (0, "later")


def test_a_backup_is_a_whole_database(daemon, record, tmp_path):
    answer = daemon.get("/api/backup")

    assert answer.status == 200
    assert re.fullmatch(r'attachment; filename="library-[\d-]+\.db"',
                        answer.headers["Content-Disposition"])
    (copy := tmp_path / "copy.db").write_bytes(answer.body)
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT id FROM images").fetchall() == [(record["id"],)]
    connection.close()


def test_the_gallery_gets_every_script_in_order_and_other_pages_only_a_link():
    gallery = with_editor(b'<head></head><main data-mount="gallery">', 0).decode()
    page = with_editor(b"<head></head><main>", 1).decode()

    listed = editor_files()["load-order.txt"].read_text(encoding="utf-8").split()
    assert re.findall(r'src="editor/([\w-]+\.js)"', gallery) == listed
    assert {name for name in editor_files() if name.endswith(".js")} == {*listed, "image-page.js"}
    assert re.findall(r'src="([^"]+)"', page) == ["../editor/image-page.js"]


def test_a_batch_tells_which_images_it_did_not_find(daemon, record, tmp_path):
    gone = daemon.upload(draw(tmp_path / "gone.png")).json["id"]
    daemon.ask("DELETE", f"/api/images/{gone}")
    answer = daemon.ask("POST", "/api/batch", json_body={
        "ids": [record["id"], gone], "edit": {"rating": 3}}).json

    assert answer["changed"] == 1
    assert [failure["id"] for failure in answer["failures"]] == [gone]
    assert answer["batch"]
