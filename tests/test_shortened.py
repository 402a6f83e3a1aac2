"""A prompt that is longer than its field is cut, and everybody who takes it in is told."""

from __future__ import annotations

import json

import pytest
from helpers import a1111, draw
from test_cli_machine import run

from imagelib.ingest.importer import add_paths
from imagelib.library.library import Library
from imagelib.library.values.fields import MAX_TEXT


@pytest.mark.parametrize(("prompt", "negative", "names"), [
    ("x" * (MAX_TEXT + 1), "short", ["prompt"]),
    ("é" * (MAX_TEXT + 9), "y" * (MAX_TEXT + 1), ["prompt", "negative prompt"]),
    ("x" * MAX_TEXT, "short", [])])
def test_what_was_cut_is_said_and_kept_whole(library, tmp_path, prompt, negative, names):
    path = draw(tmp_path / "a.png", texts={"parameters": a1111(prompt, negative)})
    report = add_paths(library, [path])
    [image] = library.find()
    assert len(image.prompt_text) == MAX_TEXT
    assert prompt in json.dumps(image.prompt_meta, ensure_ascii=False)
    assert [warning.split(" is too long")[0].removeprefix("the ")
            for _, warning in report.warnings] == names


def test_the_command_line_and_the_api_say_it(daemon, tmp_path):
    path = draw(tmp_path / "a.png", texts={"parameters": a1111("x" * (MAX_TEXT + 1))})
    answer = daemon.upload(path, "/api/inspect").json
    assert "too long" in answer["warnings"][0]
    assert daemon.upload(draw(tmp_path / "b.png"), "/api/inspect").json["warnings"] == []
    Library.create(tmp_path / "other").close()
    done = run(tmp_path / "other", "add", str(path))
    assert b"a.png: the prompt is too long" in done.stderr
    assert done.returncode == 0
