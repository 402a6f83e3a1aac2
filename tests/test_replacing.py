"""Find and replace in the texts of images: in the library, by the command and through the API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from helpers import draw

from imagelib.cli import cli
from imagelib.errors import InvalidError
from imagelib.library.library import Library
from imagelib.library.records.replacing import Replacement, find_in, replace_in
from imagelib.library.values.fields import MAX_TITLE

FOX = "A Fox, foxes (fox:1.2), fox_tail"


def replaced(text: str, **wanted: Any) -> str:
    """What becomes of one text."""
    wish = Replacement.of({"find": "fox", "replace": "cat", **wanted})
    return wish.replace.join(wish.pattern().split(text)[::2])


@pytest.mark.parametrize(("wanted", "text"), [
    ({}, "A cat, cates (cat:1.2), cat_tail"),
    ({"match_case": True}, "A Fox, cates (cat:1.2), cat_tail"),
    ({"whole_words": True}, "A cat, foxes (cat:1.2), fox_tail"),
    ({"whole_words": True, "match_case": True}, "A Fox, foxes (cat:1.2), fox_tail"),
    ({"find": "(fox:1.2)"}, "A Fox, foxes cat, fox_tail"),
    ({"find": "f.x"}, FOX),
    ({"replace": r"\1\g<0>"}, r"A \1\g<0>, \1\g<0>es (\1\g<0>:1.2), \1\g<0>_tail"),
    ({"find": "fox, ", "replace": ""}, "A foxes (fox:1.2), fox_tail"),
])
def test_what_is_looked_for_is_taken_as_it_stands_there(wanted, text):
    assert replaced(FOX, **wanted) == text


@pytest.fixture
def ids(library: Library, tmp_path: Path) -> list[str]:
    """Three images, two of them with a fox."""
    texts = [{"prompt_text": "a fox and a FOX", "title": "fox"}, {"prompt_text": "an owl"},
             {"prompt_text": "one fox", "negative_prompt": "two fox", "notes": "fox\nfox"}]
    added = [library.add(draw(tmp_path / f"{n}.png", seed=str(n)), **one).image
             for n, one in enumerate(texts)]
    return [image.id for image in added if image]


def test_only_the_texts_that_are_named_are_changed_as_one_batch(library, ids):
    wanted = Replacement(find="fox", replace="cat", fields=["prompt_text", "notes"])
    assert [(one.image_id, one.field, one.parts) for one in find_in(library.database, ids, wanted)
            ] == [(ids[0], "prompt_text", ("a ", "fox", " and a ", "FOX", "")),
                  (ids[2], "prompt_text", ("one ", "fox", "")),
                  (ids[2], "notes", ("", "fox", "\n", "fox", ""))]

    done = replace_in(library.database, ids, wanted)

    assert (done.changed, done.places, done.failures) == ((ids[0], ids[2]), 5, ())
    first, last = library.get(ids[0]), library.get(ids[2])
    assert (first.prompt_text, first.title) == ("a cat and a cat", "fox")
    assert (last.prompt_text, last.negative_prompt) == ("one cat", "two fox")
    assert last.notes == "cat\ncat"
    assert library.count("prompt:cat") == 2
    library.undo(done.batch)
    assert [library.get(one).prompt_text for one in ids] == ["a fox and a FOX", "an owl", "one fox"]


def test_a_text_that_would_be_too_long_stays_and_is_named(library, ids):
    wanted = Replacement(find="fox", replace="x" * (MAX_TITLE + 1), fields=["title", "notes"])
    done = replace_in(library.database, ids, wanted)

    assert done.changed == (ids[2],)
    [failure] = done.failures
    assert failure.subject == ids[0]
    assert "title" in failure.reason
    assert library.get(ids[0]).title == "fox"


@pytest.mark.parametrize("wrong", [
    {"find": ""}, {"find": "a", "fields": []}, {"find": "a", "fields": ["tags"]}, {}])
def test_what_cannot_be_looked_for_is_refused(wrong):
    with pytest.raises(InvalidError):
        Replacement.of(wrong)


def test_the_command_shows_what_would_change_and_does_it(library, ids):
    def run(*arguments: str) -> Any:
        return CliRunner().invoke(cli, ["-L", str(library.root), "replace", *arguments])

    shown = run("fox", "fox", "cat", "--dry-run", "--whole-words")
    assert f"{ids[0]}  prompt_text: a [-fox-]{{+cat+}} and a [-FOX-]{{+cat+}}" in shown.output
    assert "2 images would be changed." in shown.output
    assert library.count("cat") == 0
    done = run("fox", "fox", "cat", "--in", "title", "--in", "notes", "--json")
    assert json.loads(done.stdout)["changed"] == 2
    assert (library.count("title:cat"), library.count("notes:cat"), library.count("prompt:cat")
            ) == (1, 1, 0)
    assert "Nothing found." in run("fox", "nowhere", "cat").output


def test_the_route_says_what_it_would_do_and_does_it(daemon, tmp_path):
    for n in range(3):
        daemon.upload(draw(tmp_path / f"{n}.png", seed=str(n)), prompt_text=f"fox {n} fox")

    def ask(**body: Any) -> Any:
        return daemon.ask("POST", "/api/replace", json_body={
            "find": "Fox", "replace": "cat", **body})

    shown = ask(query="fox", dry_run=True)
    assert {name: shown.json[name] for name in ("changed", "places", "texts", "batch")} == {
        "changed": 3, "places": 6, "texts": 3, "batch": None}
    assert shown.json["items"][0]["parts"] == ["", "fox", " 2 ", "fox", ""]
    assert daemon.get("/api/images", q="cat").json["total"] == 0
    done = ask(ids=[shown.json["items"][0]["id"]])
    assert (done.json["changed"], done.json["places"]) == (1, 2)
    assert daemon.get("/api/images", q="cat").json["items"][0]["prompt_text"] == "cat 2 cat"
    assert ask().status == 422
    assert ask(query="", find="").status == 422
