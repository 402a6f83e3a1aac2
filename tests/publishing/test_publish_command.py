"""`imagelib publish`: what it says, what it asks for, and its exit codes."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from drawn_videos import film
from helpers import a1111, draw

from imagelib.cli import run
from imagelib.library.library import Library
from imagelib.publishing import derived as deriving
from imagelib.publishing.policy import PRESETS, Policy, load
from imagelib.publishing.records import public_record


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A library of four images, one of them private."""
    with Library.create(tmp_path / "library") as library:
        for n in range(4):
            image = library.add(draw(tmp_path / f"p{n}.png", texts={
                "parameters": a1111(f"secretive prompt {n}")})).image
            library.edit(image.id, title=f"Picture {n}", tags=["private"] if n == 3 else ["shown"])
    return tmp_path / "library"


def publish(root: Path, *arguments: Any) -> int:
    return run(["-L", str(root), "publish", *map(str, arguments)])


def test_without_a_terminal_nothing_is_sent_unless_that_is_said(root, tmp_path, capsys):
    assert publish(root, "portfolio", "--to", tmp_path / "out") == 2
    assert "--yes" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert publish(root, "portfolio", "--to", tmp_path / "out", "--yes") == 0
    assert (tmp_path / "out" / "index.html").is_file()
    assert publish(root, "portfolio", "--to", tmp_path / "out", "--yes") == 3


def test_a_dry_run_says_everything_and_sends_nothing(root, tmp_path, capsys):
    assert publish(root, "portfolio", "--to", tmp_path / "out", "--dry-run", "--json") == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert len(told["added"]) == 3
    assert told["first"]["title"] == ["Picture 0", "Picture 1", "Picture 2"]
    assert told["proof"]["files"] >= len(told["put"])
    assert told["sent"] == []
    assert "3 titles ('Picture 0', 'Picture 1', 'Picture 2')" in said.err
    assert told["private"] == 1
    assert "1 image more would be in it, but for the tag private" in said.err
    assert publish(root, "settings", "--to", tmp_path / "out", "--dry-run", "--query",
                   "title:0") == 0
    said = capsys.readouterr().err
    assert "1 tag ('shown')" in said
    assert "more would be in it" not in said
    assert re.search(r"[2-9] settings \('", said)
    assert not (tmp_path / "out").exists()


def test_more_than_before_has_to_be_meant(root, tmp_path, capsys):
    out = ("--to", tmp_path / "out", "--yes")
    (root / "publish").mkdir()
    policy = root / "publish" / "mine.toml"
    policy.write_text('fields = ["title"]')
    assert publish(root, "mine", *out) == 0
    policy.write_text('fields = ["title", "tags"]')
    assert publish(root, "mine", *out) == 2
    assert "tags was not public there before" in capsys.readouterr().err
    assert publish(root, "mine", *out, "--widen") == 0
    policy.write_text('fields = ["title"]\noriginals = "as they are"')
    assert publish(root, "mine", *out) == 2
    assert publish(root, "mine", *out, "--widen") == 0
    assert b"secretive" in b"".join(p.read_bytes() for p in (tmp_path / "out/images").iterdir())


def test_what_is_withheld_and_found_stops_everything_with_exit_code_4(
        root, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(deriving, "public_record", lambda image, policy, given: public_record(
        image, policy, given) | {"notes": image.prompt_text})
    assert publish(root, "portfolio", "--to", tmp_path / "out", "--yes") == 4
    said = capsys.readouterr().err
    assert "'secretive'" in said
    assert "prompt_text" in said
    assert not (tmp_path / "out").exists()


def test_too_many_removals_have_to_be_meant(root, tmp_path, capsys):
    out = ("--to", tmp_path / "out", "--yes")
    assert publish(root, "portfolio", *out) == 0
    assert publish(root, "portfolio", *out, "--query", "title:0", "--max-removals", 2) == 2
    assert "Nothing was sent" in capsys.readouterr().err
    assert publish(root, "portfolio", *out, "--query", "title:0") == 0
    assert len(list((tmp_path / "out/images").iterdir())) == 1


def test_a_query_that_finds_nothing_is_told_and_empties_no_gallery_unless_that_is_meant(
        root, tmp_path, capsys):
    out = ("--to", tmp_path / "out", "--yes")
    assert publish(root, "portfolio", *out, "--query", "tag:shown") == 0
    assert "finds no image" not in capsys.readouterr().err
    pages = sorted((tmp_path / "out/image").iterdir())
    assert publish(root, "portfolio", *out, "--query", "tag:showm") == 2
    said = capsys.readouterr().err
    assert "'tag:showm' finds no image" in said
    assert "No image is left of 3. If that is meant, say --max-removals" in said
    assert sorted((tmp_path / "out/image").iterdir()) == pages
    assert publish(root, "portfolio", *out, "--query", "tag:showm", "--max-removals", 99) == 0
    assert not (tmp_path / "out/image").exists()
    assert publish(root, "portfolio", *out, "--query", "tag:showm") == 3


def test_a_policy_is_said_in_words_and_places_are_listed(root, tmp_path, capsys):
    assert publish(root, "proof", "--explain") == 0
    said = capsys.readouterr().out
    assert "'PROOF' over them" in said
    assert "link it to other copies" in said
    (root / "publish").mkdir()
    for name, ids in (("mine", "own"), ("other", "same")):
        (root / "publish" / f"{name}.toml").write_text(f'ids = "{ids}"\noriginals = "cleaned"')
        assert publish(root, name, "--explain") == 0
        assert ("link it to other copies" in capsys.readouterr().out) is (name == "mine")
    assert publish(root, "proof", "--to", tmp_path / "out.zip", "--yes") == 0
    capsys.readouterr()
    assert publish(root, "--list") == 0
    assert f"proof -> {tmp_path / 'out.zip'}  last complete 20" in capsys.readouterr().out
    assert publish(root, "--list", "--json") == 0
    assert json.loads(capsys.readouterr().out)["places"][0]["name"] == "proof"


@pytest.mark.parametrize(("arguments", "code", "told"), [
    ([], 2, "portfolio"),
    (["nothing", "--to", "x"], 3, "publish/nothing.toml"),
    (["portfolio"], 2, "--to FOLDER"),
    (["portfolio", "--to", "x", "--query", "rating>4"], 2, "otherwise than it is meant"),
    (["../portfolio", "--to", "x"], 3, "There is no publication"),
])
def test_what_is_missing_is_said(root, capsys, arguments, code, told):
    assert publish(root, *arguments) == code
    assert told in capsys.readouterr().err


def test_what_is_refused_is_told_without_the_usage_and_what_is_mistyped_with_it(
        root, tmp_path, capsys):
    assert publish(root, "portfolio", "--to", tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert "Error: Nothing was sent" in said
    assert "Usage:" not in said
    assert publish(root, "portfolio") == 2
    assert "Usage:" in capsys.readouterr().err


@pytest.mark.parametrize("preset", PRESETS)
def test_a_policy_is_written_from_a_preset_and_never_over_another(root, tmp_path, capsys, preset):
    said = ["--title", 'A "fox"\x7f \\', "--intro", "Two\nlines of 狐", "--author", "A. Painter",
            "--query", "tag:shown", "--to", str(tmp_path / "out.zip")]
    assert publish(root, preset, *said, "--write-policy", "fox") == 0
    assert str(root / "publish" / "fox.toml") in capsys.readouterr().err
    with Library.open(root) as library:
        made, meant = load(library.settings, "fox"), load(library.settings, preset)
    assert made == Policy.of("fox", meant.model_dump(exclude={"name"}) | {
        "title": said[1], "intro": said[3], "author": said[5], "query": said[7], "to": said[9]})
    before = (root / "publish" / "fox.toml").read_bytes()
    assert publish(root, "portfolio", "--write-policy", "fox") == 1
    assert "Choose another name" in capsys.readouterr().err
    assert publish(root, "portfolio", "--write-policy", "../fox") == 2
    assert [path.name for path in (root / "publish").iterdir()] == ["fox.toml"]
    assert (root / "publish" / "fox.toml").read_bytes() == before


def test_what_visitors_read_first_is_said_on_the_command_line(root, tmp_path):
    assert publish(root, "portfolio", "--to", tmp_path / "out", "--yes", "--title", "Foxes",
                   "--intro", "Most of them at night.", "--author", "A. Painter") == 0
    page = (tmp_path / "out" / "index.html").read_text()
    assert all(text in page for text in ("Foxes", "Most of them at night.", "A. Painter"))


def test_a_library_without_images_makes_an_empty_gallery(tmp_path):
    Library.create(tmp_path / "library").close()
    assert publish(tmp_path / "library", "portfolio", "--to", tmp_path / "out", "--yes") == 0
    assert "No images yet" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.parametrize(("query", "why"), [
    ("tag:showm", "'tag:showm' finds no image that may be public"),
    ("tag:private", "'tag:private' finds no image"),
    ("title:film", "None of 1 images can be published; film.webm: it is a video")])
def test_a_first_publication_without_an_image_is_refused(root, tmp_path, capsys, query, why):
    with Library.open(root) as library:
        added = library.add(film(tmp_path / "film.webm", "video/webm"), title="film").image
    why = why.replace("film.webm", added.file_name)
    for more in ("--yes", "--dry-run"):
        assert publish(root, "portfolio", "--to", tmp_path / "out", "--query", query, more) == 2
        assert why in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert publish(root, "portfolio", "--to", tmp_path / "out", "--query", "tag:shown", "-y") == 0


@pytest.mark.parametrize("place", ["out", "it's out.zip"])
def test_a_place_of_another_publication_is_refused_by_its_name(root, tmp_path, capsys, place):
    out = tmp_path / place
    assert publish(root, "portfolio", "--to", out, "--yes") == 0
    assert publish(root, "settings", "--to", out, "--yes") == 1
    said = capsys.readouterr().err
    assert "holds the publication 'portfolio'" in said
    words = re.search(r"imagelib publish (portfolio --to .* --unpublish)", said)
    assert words
    assert publish(root, *shlex.split(words[1]), "--yes") == 0
    assert publish(root, "settings", "--to", out, "--yes") == 0
