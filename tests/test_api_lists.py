"""A list is as of the last commit, whoever made it, and its records are the images' own."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing

import pytest
from helpers import Daemon, draw

from imagelib.library.library import Library


def write(library: Library, sql: str, *values: object) -> None:
    """What another program does."""
    with closing(sqlite3.connect(library.settings.database)) as connection, connection:
        connection.execute(sql, values)


@pytest.fixture
def three(tmp_path):
    """A daemon with three images, and its library opened by another process: this one."""
    with Library.create(tmp_path / "l") as library:
        for number in range(3):
            library.add(draw(tmp_path / f"{number}.png"), tags=["red"], rating=number)
        daemon = Daemon(library.root)
        yield daemon, library
        daemon.stop(signal.SIGKILL)


@pytest.mark.parametrize(("path", "sql"), [
    ("/api/images?q=heron", "UPDATE images SET prompt_text = 'a heron' WHERE pk = 1"),
    ("/api/images?rating_min=2", "UPDATE images SET rating = 5 WHERE pk = 1"),
    ("/api/images?tags=red", "DELETE FROM image_tags WHERE image = 2"),
    ("/api/images", "DELETE FROM images WHERE pk = 2"),
    ("/api/images", "UPDATE images SET created_at = '2001-01-01T00:00:00.000Z' WHERE pk = 3"),
    ("/api/images?page_size=1&page=2", "UPDATE images SET captured_at = '2001' WHERE pk = 3"),
    ("/api/tags", "UPDATE tags SET name = 'blue'"),
])
def test_a_change_by_another_program_is_in_the_next_answer(three, path, sql):
    daemon, library = three
    before = daemon.get(path).json
    assert daemon.get(path).json == before

    write(library, sql)

    after = daemon.get(path).json
    assert after != before
    if path != "/api/tags":
        records = {item["id"]: item for item in after["items"]}
        assert records == {key: daemon.get(f"/api/images/{key}").json for key in records}


def test_an_edit_through_the_daemon_is_in_the_next_answer(three):
    daemon, _ = three
    image_id = daemon.get("/api/images").json["items"][0]["id"]
    for rating in range(6):
        daemon.ask("PUT", f"/api/images/{image_id}", json_body={"rating": rating,
                                                                "tags": [f"t{rating}"]})
        [item] = [i for i in daemon.get("/api/images").json["items"] if i["id"] == image_id]
        assert item["rating"] == rating
        assert {"name": f"t{rating}", "count": 1} in daemon.get("/api/tags").json


STRANGE = "</script> \"q\" \\ \t\n\x7f\x1f \u2028 桜 🦊 e\u0301"


@pytest.mark.parametrize(("column", "value"), [
    ("prompt_text", STRANGE), ("file_name", "my folder/50 % #1?é.png"), ("digest", "no digest"),
    ("prompt_meta", "{broken"), ("prompt_meta", '{"a": [1, 2.5, null, "\\ud83e\\udd8a"]}'),
    ("prompt_meta", '\n[\n 1\n]'), ("prompt_meta", ""), ("prompt_meta", '"text"'),
    ("generation", "[1, 2]"), ("generation", "nonsense"), ("generation", "null"),
    ("generation", '{"seed": 123456789012345678901}'), ("size_bytes", 2**53 + 1),
])
def test_a_record_in_a_list_is_the_record_itself_whatever_is_in_it(three, column, value):
    daemon, library = three
    write(library, f"UPDATE images SET {column} = ? WHERE pk = 2", value)
    write(library, "INSERT INTO tags VALUES (77, ?)", "b " + STRANGE)
    write(library, "INSERT INTO image_tags VALUES (2, 77)")

    items = daemon.get("/api/images").json["items"]

    assert len(items) == 3
    assert items == [daemon.get(f"/api/images/{item['id']}").json for item in items]
    assert any(len(item["tags"]) == 2 for item in items)


def test_what_is_like_an_image_comes_by_likeness_page_by_page(three):
    daemon, library = three
    for pk, phash in [(1, "00000000000000ff"), (2, "00000000000fffff"), (3, "00000000000001ff")]:
        write(library, "UPDATE images SET phash = ?, rating = ? WHERE pk = ?", phash, pk, pk)
    first = library.find("rating:1")[0].id

    page = daemon.get("/api/images", q=f"like:{first}", page_size=2).json

    assert [item["pk"] for item in page["items"]] == [1, 3]
    assert (page["total"], page["warnings"]) == (3, [])
    rest = daemon.get("/api/images", q=f"like:{first}", page_size=2, cursor=page["next"]).json
    assert [item["pk"] for item in rest["items"]] == [2]
    sorted_pks = [item["pk"] for item in daemon.get(
        "/api/images", q=f"like:{first}", sort="-rating").json["items"]]
    assert sorted_pks == [3, 2, 1]
    assert daemon.get("/api/images", q=f"like:{first}", sort="likeness").status == 422
    gone = "00000000-0000-4000-8000-000000000000"
    nothing = daemon.get("/api/images", q=f"like:{gone} red").json
    assert (nothing["total"], nothing["warnings"]) == (0, [f"no image {gone} to be like"])
