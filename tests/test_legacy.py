"""The old JSON: three shapes, odd values, and that a second run changes nothing."""

from __future__ import annotations

import json

import pytest
from helpers import draw

from imagelib.errors import InvalidError
from imagelib.exporting import records_as
from imagelib.ingest.legacy import migrate
from imagelib.library.library import Library


@pytest.fixture
def old(tmp_path):
    """A folder with three pictures, and a way to write the JSON beside them."""
    folder = tmp_path / "old"
    for n in range(3):
        draw(folder / "pics" / f"{n}.png")

    def write(document):
        (folder / "meta.json").write_text(json.dumps(document), encoding="utf-8")
        return folder / "meta.json"

    return write


def pics(path):
    return path.parent / "pics"


RECORD = {"filename": "0.png", "prompt": "a fox", "model": "flux", "stars": 4, "tags": "Red, fox",
          "date": "2025/03/04", "description": "mine", "seed": 12345678901234567890, "mood": "calm"}


@pytest.mark.parametrize("document", [
    [RECORD], {"images": [RECORD]},
    {"0.png": {k: v for k, v in RECORD.items() if k != "filename"}}])
def test_each_shape_gives_the_same_image(library, old, document):
    source = old(document)

    report = migrate(library, source, images=pics(source))

    assert (report.added, report.missing) == (["0.png"], [])
    image = library.find()[0]
    assert (image.prompt_text, image.ai_model, image.rating) == ("a fox", "flux", 4)
    assert (image.tags, image.notes) == (("fox", "red"), "mine")
    assert image.captured_at == "2025-03-04T00:00:00"
    assert image.generation["seed"] == "12345678901234567890"
    assert dict(report.unmapped) == {"mood": 1}
    assert ("stars", "rating") in report.mapped


@pytest.mark.parametrize(("prompt", "text"), [
    (["one", "two"], "one\ntwo"),
    ([{"text": "one", "weight": 1}, {"prompt": "two"}, "three"], "one\ntwo\nthree"),
    ({"content": "one"}, "one"),
    ([], ""),
])
def test_a_prompt_of_parts_is_kept_raw_and_joined(library, old, prompt, text):
    source = old([{"file": "0.png", "prompt": prompt}])

    migrate(library, source, images=pics(source))

    image = library.find()[0]
    assert image.prompt_text == text
    assert image.prompt_meta == prompt


def test_a_second_run_changes_nothing_even_after_edits(library, old):
    source = old([RECORD])
    migrate(library, source, images=pics(source))
    image = library.find()[0]
    library.edit(image.id, rating=1, tags=[], notes="")
    seq = library.database.seq()

    report = migrate(library, source, images=pics(source))

    assert (report.added, report.updated, report.unchanged) == ([], [], ["0.png"])
    assert library.database.seq() == seq
    assert library.get(image.id).rating == 1


def test_pictures_that_are_here_already_get_what_they_lack(library, old):
    source = old([RECORD])
    image = library.add(pics(source) / "0.png", prompt_text="my own words").image

    report = migrate(library, source, images=pics(source))

    assert report.updated == ["0.png"]
    now = library.get(image.id)
    assert (now.prompt_text, now.rating, now.notes) == ("my own words", 4, "mine")
    library.undo()
    assert library.get(image.id).rating == 0


def test_one_file_of_json_is_one_batch(library, old):
    source = old([{"file": f"{n}.png", "rating": n} for n in range(3)])
    migrate(library, source, images=pics(source))
    assert library.count() == 3

    library.undo()

    assert library.count() == 0


def test_what_cannot_be_taken_is_named_and_the_rest_is(library, old):
    source = old([
        {"file": "0.png", "date": "13/12/2025", "rating": 9, "prompt": "kept"},
        {"file": "gone.png"}, {"prompt": "no file at all"},
        {"file": "C:\\old\\pics\\1.png", "tags": ["a", "b"]}])
    (pics(source) / "2.png").write_bytes(b"no picture")

    report = migrate(library, source, images=pics(source))

    assert len(report.added) == 2
    assert library.find("kept")[0].rating == 0
    assert {problem.split(" ")[0] for _, problem in report.problems} == {"captured_at", "rating"}
    assert report.missing == ["gone.png", "(no file named)"]
    assert library.count("tag:a") == 1


def test_a_dry_run_says_what_maps_where_and_touches_nothing(library, old):
    source = old([RECORD])

    report = migrate(library, source, images=pics(source), dry_run=True)

    assert report.added == ["0.png"]
    assert library.count() == 0
    assert list(library.originals.folder.iterdir()) == []


def test_other_fields_are_mapped_by_name(library, old):
    source = old([{"file": "0.png", "mood": "calm", "engine": "sdxl"}])

    report = migrate(library, source, images=pics(source),
                     names={"mood": "notes", "engine": "ai_model"})

    image = library.find()[0]
    assert (image.notes, image.ai_model, dict(report.unmapped)) == ("calm", "sdxl", {})
    with pytest.raises(InvalidError, match="no field 'x'"):
        migrate(library, source, names={"mood": "x"})


@pytest.mark.parametrize("content", ["", "nonsense", "3", '["a"]', '{"a": 1}', "[" * 5000])
def test_what_is_no_such_json_is_refused(library, old, content):
    source = old([])
    source.write_text(content)

    with pytest.raises(InvalidError, match=r"meta\.json"):
        migrate(library, source)


def test_an_export_migrates_into_an_empty_library_as_it_was(library, old, tmp_path):
    source = old([RECORD, {"file": "1.png", "prompt": ["ü", "<b>"], "prompt_meta": {"x": [1]}}])
    migrate(library, source, images=pics(source))
    draw(library.originals.folder / "mine" / "kept name.png")
    library.add(library.originals.folder / "mine" / "kept name.png", in_place=True, notes="n")
    exported = tmp_path / "export.json"
    exported.write_bytes(b"".join(records_as("json", library.walk())))

    with Library.create(tmp_path / "second") as second:
        report = migrate(second, exported, images=library.originals.folder)
        assert report.unmapped == {}

        def comparable(images):
            return sorted(
                ({k: v for k, v in image.to_json().items()
                  if k not in ("pk", "updated_at", "version", "file_name")} for image in images),
                key=lambda record: record["id"])

        assert comparable(second.walk()) == comparable(library.walk())
