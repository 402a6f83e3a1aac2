"""What the editor asks of the daemon: batches, a look into a file, progress, its own files."""

from __future__ import annotations

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers import draw, fill, wait_for

from imagelib.daemon.editor import editor_files, with_editor
from imagelib.library.library import Library


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


def test_the_gallery_gets_the_whole_editor_and_other_pages_only_a_link(daemon):
    gallery = with_editor(b'<head></head><main data-mount="gallery">', 0).decode()
    page = with_editor(b"<head></head><main>", 1).decode()

    [theme, styles, script] = re.findall(r'(?:href|src)="editor/([\w.-]+)"', gallery)
    assert re.findall(r'href="([^"]+)"', page) == [f"../editor/{styles}"]
    [again, link] = re.findall(r'src="\.\./editor/([^"]+)"', page)
    assert again == theme
    assert f'<script src="editor/{theme}"></script>' in gallery  # before anything is painted
    assert [re.sub(r"\.[0-9a-f]{8}\.", ".", name) for name in (styles, script, link)] == [
        "editor.css", "editor.js", "image-page.js"]
    assert set(editor_files()) == {theme, styles, script, link}
    for name, content in editor_files().items():
        sent = daemon.get(f"/editor/{name}")
        assert (sent.status, sent.body) == (200, content)
        assert "immutable" in sent.headers["Cache-Control"]
    assert daemon.get("/editor/editor.js").status == 404
    assert daemon.get("/editor/page/editor.js").status == 404


def test_a_batch_tells_which_images_it_did_not_find(daemon, record, tmp_path):
    gone = daemon.upload(draw(tmp_path / "gone.png")).json["id"]
    daemon.ask("DELETE", f"/api/images/{gone}")
    answer = daemon.ask("POST", "/api/batch", json_body={
        "ids": [record["id"], gone], "edit": {"rating": 3}}).json

    assert answer["changed"] == 1
    assert [failure["id"] for failure in answer["failures"]] == [gone]
    assert answer["batch"]


def test_looking_into_a_picture_tells_what_an_upload_would_read_and_keeps_nothing(
        daemon, picture):
    answer = daemon.upload(picture, "/api/inspect")

    assert answer.status == 200
    assert answer.json["fields"]["prompt_text"] == "a red fox"
    assert answer.json["fields"]["negative_prompt"] == "blurry"
    assert answer.json["fields"]["ai_model"] == "flux1-dev"
    assert (answer.json["width"], answer.json["duplicate"]) == (64, None)
    assert daemon.get("/api/status").json["images"] == 0
    assert list((daemon.root / "images").iterdir()) == []
    kept = daemon.upload(picture).json
    for name, value in answer.json["fields"].items():
        if name != "captured_at":  # the file has none: it is when it came
            assert kept[name] == value, name
    assert daemon.upload(picture, "/api/inspect").json["duplicate"]["id"] == kept["id"]


@pytest.mark.parametrize(("content", "status"), [
    (b"", 415), (b"<svg/>", 415), (b"\x89PNG\r\n\x1a\n" + b"x" * 100, 422)])
def test_looking_into_what_is_no_picture_is_refused_as_its_upload_would_be(
        daemon, content, status):
    assert daemon.upload(content, "/api/inspect").status == status
    assert daemon.upload(content).status == status
    assert list((daemon.root / "images").iterdir()) == []


def test_history_says_who_changed_what(daemon, record):
    path = f"/api/images/{record['id']}"
    daemon.ask("PUT", path, json_body={"rating": 1}, headers={"Imagelib-Client": "editor"})
    daemon.ask("PUT", path, json_body={"rating": 2}, headers={"Imagelib-Client": "somebody"})
    with Library.open(daemon.root) as library:
        library.edit(record["id"], rating=3)
    from click.testing import CliRunner

    from imagelib.cli import cli
    assert CliRunner().invoke(cli, ["-L", str(daemon.root), "edit", record["id"],
                                    "--rating", "4"]).exit_code == 0
    with sqlite3.connect(daemon.root / "library.db") as connection:
        connection.execute("UPDATE images SET rating = 5")
    connection.close()
    (daemon.root / "images" / record["file_name"]).unlink()
    assert wait_for(lambda: daemon.get(path).json["file_state"] == "missing")

    history = daemon.get(f"{path}/history").json["items"]

    assert [change["actor"] for change in history] == [
        "watcher", "external", "cli", "python", "api", "editor", "api"]


def test_a_batch_from_before_the_names_is_nobodys(daemon, record):
    with sqlite3.connect(daemon.root / "library.db") as connection:
        connection.execute("UPDATE changes SET batch = '0f5b4e9a-1111-4222-8333-444455556666'")
    connection.close()
    assert [change["actor"] for change in daemon.get(
        f"/api/images/{record['id']}/history").json["items"]] == [""]


def test_the_status_tells_how_far_an_edit_of_many_is(daemon):
    with Library.open(daemon.root) as library:
        ids = fill(library, 600)
    daemon.wait_built()
    assert daemon.get("/api/status").json["work"] is None
    told = []
    with ThreadPoolExecutor(1) as pool:
        for rating in range(1, 6):  # a busy machine may let no question in while one is carried out
            edit = pool.submit(daemon.ask, "POST", "/api/batch", json_body={
                "ids": ids, "edit": {"rating": rating}})
            seen = []
            while not edit.done():
                seen.append(daemon.get("/api/status").json["work"])
            assert edit.result().json["changed"] == 600
            told = [work["done"] for work in seen if work]
            assert told == sorted(told)
            if any(0 < done < 600 for done in told):
                break

    assert any(0 < done < 600 for done in told)
    assert daemon.get("/api/status").json["work"] is None
