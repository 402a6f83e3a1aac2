"""Answers that are remembered are those that would be made anew, whoever changed something."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from helpers import Daemon, draw, fill

from imagelib.daemon.answers import Answers
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
        daemon.stop()


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
    library.keep_in_memory()
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


def test_the_same_question_is_answered_from_memory_until_somebody_commits(library):
    fill(library, 3)
    answers, made = Answers(library.database), []

    def ask(question: str = "q") -> bytes:
        def make(read):
            made.append(question)
            return "".join(read([1, 2, 3])).encode()

        return answers.get(question, make)

    first = ask()
    assert (ask(), ask("other")) == (first, first)
    assert made == ["q", "other"]

    write(library, "UPDATE images SET notes = 'new' WHERE pk = 2")
    assert b"new" in ask()
    assert made == ["q", "other", "q"]

    library.edit(library.find("new")[0].id, notes="newer")
    assert b"newer" in ask()
    write(library, "CREATE TABLE IF NOT EXISTS of_somebody_else (x)")
    ask()
    assert len(made) == 5, "what an answer depends on is not guessed"


def test_an_answer_that_was_made_while_somebody_wrote_is_not_remembered(library):
    fill(library, 3)
    answers = Answers(library.database)

    def make(read):
        texts = read([1])
        write(library, "UPDATE images SET notes = 'during' WHERE pk = 1")
        return texts[0].encode()

    assert b"during" not in answers.get("q", make)
    assert b"during" in answers.get("q", lambda read: read([1])[0].encode())


@pytest.mark.parametrize("written", [False, True])
def test_an_answer_is_remembered_once_it_is_seen_that_nobody_wrote_meanwhile(library, written):
    fill(library, 3)
    answers, made = Answers(library.database), []

    def make(read):
        # Others ask meanwhile, before and after another program writes: neither tells of this one.
        answers.get("another", lambda read: b"")
        text = read([1])[0].encode()
        if written:
            write(library, "UPDATE images SET notes = 'during' WHERE pk = 1")
        answers.get("a third", lambda read: b"")
        made.append(text)
        return text

    answers.get("q", make)
    after = answers.get("q", lambda read: read([1])[0].encode())
    assert (b"during" in after) is written
    assert (after == made[0]) is not written
    if written:
        assert answers.get("q", lambda read: b"made anew") == after


def test_errors_and_long_questions_are_not_remembered_and_old_answers_give_way(library):
    answers, made = Answers(library.database, answers=3000), []

    def ask(question: str, size: int = 700) -> None:
        def make(_):
            made.append(question)
            if question == "bad":
                raise ValueError("not this one")
            return b"x" * size

        answers.get(question, make)

    for question in ("a", "b", "c", "a", "d", "a", "d"):
        ask(question)
    assert made == ["a", "b", "c", "d", "a"], "the oldest gives way to the fourth"
    made.clear()
    for question in ("x" * 5000, "huge"):
        ask(question, 50_000)
        ask(question, 50_000)
    assert len(made) == 4
    for _ in range(2):
        with pytest.raises(ValueError, match="not this one"):
            ask("bad")
    assert made[-2:] == ["bad", "bad"]


def test_an_image_that_is_gone_is_left_out(library):
    fill(library, 3)
    answers = Answers(library.database)
    assert answers.get("q", lambda read: str(len(read([3, 99, 1]))).encode()) == b"2"
