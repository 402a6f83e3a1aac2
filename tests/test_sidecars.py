"""Files beside a picture, read and written: what generators leave, and what outlives us."""

from __future__ import annotations

import json

import pytest
from helpers import a1111, draw

from imagelib.exporting import write_sidecars
from imagelib.ingest.importer import add_paths
from imagelib.library.library import Library


@pytest.mark.parametrize("name", ["fox.txt", "fox.png.txt"])
def test_an_infotext_beside_a_silent_picture_is_its_prompt(library, tmp_path, name):
    picture = draw(tmp_path / "in" / "fox.png")
    picture.with_name(name).write_text(a1111("a red fox", seed=99), encoding="utf-8")

    image = library.add(picture).image

    assert (image.prompt_text, image.generation["seed"]) == ("a red fox", "99")


def test_a_swarm_file_beside_a_picture_is_read(library, tmp_path):
    picture = draw(tmp_path / "in" / "fox.png")
    picture.with_name("fox.swarm.json").write_text(json.dumps(
        {"sui_image_params": {"prompt": "a swan", "seed": 5, "steps": 20, "model": "flux"}}))

    image = library.add(picture).image

    assert (image.prompt_text, image.ai_model) == ("a swan", "flux")


def test_what_the_picture_itself_says_wins(library, tmp_path):
    picture = draw(tmp_path / "in" / "fox.png", texts={"parameters": a1111("inside")})
    picture.with_suffix(".txt").write_text(a1111("beside"))

    assert library.add(picture).image.prompt_text == "inside"


@pytest.mark.parametrize("content", [b"just my notes", b"\xff\xfe\x00", b"{", b"[" * 100_000, b"",
                                     b'{"imagelib": 3}', b'{"imagelib": {"rating": 99}}'])
@pytest.mark.parametrize("kind", [".txt", ".json", ".xmp"])
def test_a_file_that_is_no_sidecar_is_let_be(library, tmp_path, content, kind):
    picture = draw(tmp_path / "in" / "fox.png")
    picture.with_suffix(kind).write_bytes(content)

    added = library.add(picture)

    image = added.image
    assert added.status == "new"
    assert (image.prompt_text, image.rating) == ("", 0)


def test_ratings_and_tags_outlive_the_library(library, tmp_path):
    picture = draw(tmp_path / "in" / "fox.png")
    image = library.add(picture, rating=4, tags=["a & b", "ü"], notes="<mine>",
                           prompt_text="a \x0b fox\nin \"snow\"", captured_at="2020-02-02").image
    folder = tmp_path / "sidecars"
    assert write_sidecars(folder, library.walk()) == 1
    (folder / image.file_name).write_bytes(picture.read_bytes())

    with Library.create(tmp_path / "second") as second:
        report = add_paths(second, [folder])
        [copy] = second.find()
        for name in ("rating", "tags", "notes", "prompt_text", "captured_at"):
            assert getattr(copy, name) == getattr(image, name), name
        assert [path.suffix for path in report.ignored] == [".json", ".xmp"]


def test_xmp_alone_gives_tags_rating_and_description(library, tmp_path):
    picture = draw(tmp_path / "in" / "fox.png")
    image = library.add(picture, rating=4, tags=["a & b", "c"], prompt_text="<fox>").image
    write_sidecars(tmp_path / "out", library.walk())
    (tmp_path / "out" / image.file_name).write_bytes(picture.read_bytes())
    (tmp_path / "out" / (image.file_name + ".json")).unlink()

    with Library.create(tmp_path / "second") as second:
        copy = second.add(tmp_path / "out" / image.file_name).image
        assert (copy.rating, copy.tags, copy.prompt_text) == (4, ("a & b", "c"), "<fox>")


def test_an_export_that_is_repeated_writes_only_what_changed(library, tmp_path):
    one = library.add(draw(tmp_path / "1.png")).image
    library.add(draw(tmp_path / "2.png"))
    folder = tmp_path / "out"
    write_sidecars(folder, library.walk())
    before = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    library.edit(one.id, rating=2)

    write_sidecars(folder, library.walk())

    changed = [p.name for p in folder.iterdir() if p.stat().st_mtime_ns != before[p]]
    assert sorted(changed) == [f"{one.file_name}.json", f"{one.file_name}.xmp"]
