"""TIFF, BMP, HEIC and JPEG XL are published encoded anew, and say nothing then."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from canaries import PIXELS, WORD, found_in
from drawn_formats import MORE, corners, corners_of, saved
from helpers import a1111
from PIL import Image

from imagelib.generator.reading import read_site
from imagelib.ingest.embedded.containers.walk import read_containers
from imagelib.library.library import Library
from imagelib.publishing.cleaning import RefusedError, clean, clean_in
from imagelib.publishing.policy import Policy
from imagelib.publishing.publication import publication
from imagelib.sandbox import Sandbox

TEXT = a1111(f"a red fox and {WORD.decode()}")


def says(form: str) -> bytes:
    """A picture whose file says the word, as far as its type can say anything."""
    exif = Image.Exif()
    exif[0x010E] = TEXT
    saving = {} if form == "BMP" else {
        "exif": exif if form == "TIFF" else exif.tobytes()}
    if form == "BMP":  # behind the pixels anything may lie
        return saved(corners(), form) + WORD
    return saved(corners(), form, **saving)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """One image of each type; the word stands in file, prompt and name."""
    with Library.create(tmp_path / "library") as opened:
        for form in MORE:
            path = tmp_path / f"{form}.bin"
            path.write_bytes(content := says(form))
            assert found_in(content), "the test hides nothing"
            image = opened.add(path, original_name=f"{WORD.decode()}.bin", tags=[form]).image
            assert (WORD.decode() in image.prompt_text) == (form != "BMP")
        yield opened


@pytest.mark.parametrize("originals", [
    "none", "cleaned", {"size": 64, "format": "webp", "quality": 80},
    {"size": 2048, "format": "jpeg", "quality": 90}])
def test_nothing_that_such_a_file_says_is_published(library, tmp_path, originals):
    policy = Policy.of("mine", {"fields": ["tags"], "tags": {"only": list(MORE)},
                                "originals": originals})
    with publication(library, policy, str(tmp_path / "out")) as found:
        assert found.derivation.refused == []
        found.send()

    records = read_site(tmp_path / "out")[0]
    assert {record.fields["tags"][0].upper() for record in records} == set(MORE)
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert WORD.decode() not in path.name
            assert not found_in(path.read_bytes()), path
    originals_there = [path for path in (tmp_path / "out" / "images").rglob("*") if path.is_file()]
    assert len(originals_there) == len(MORE)
    for path in originals_there:
        assert path.suffix in (".png", ".webp", ".jpg"), "every browser shows it"
        with Image.open(path) as picture:
            assert corners_of(picture) == "rgbw"


def test_what_is_published_as_it_is_has_a_display_copy_that_says_nothing(library, tmp_path):
    policy = Policy.of("mine", {"fields": ["tags", "prompt", "names"],
                                "tags": {"only": list(MORE)}, "originals": "as they are"})
    with publication(library, policy, str(tmp_path / "out")) as found:
        found.send()
    thumbs = list((tmp_path / "out" / "thumbs").rglob("*.webp"))
    assert len(thumbs) == len(MORE) + 3
    for path in thumbs:
        assert not found_in(path.read_bytes())
        assert read_containers(io.BytesIO(path.read_bytes())).texts == {}


@pytest.mark.parametrize("form", MORE)
def test_it_is_cleaned_without_loss_by_encoding_it_anew(tmp_path, form):
    path = tmp_path / "a.bin"
    path.write_bytes(says(form))
    with pytest.raises(RefusedError, match="only encoded anew"):
        clean(path.read_bytes())
    with Sandbox(1) as sandbox:
        made = clean_in(sandbox, path, PIXELS, label="write")
    assert (made.mime_type, made.is_anew, made.labelled) == ("image/png", True, True)
    assert made.size == (90, 60)
    assert not found_in(made.content)
    with Image.open(path) as before, Image.open(io.BytesIO(made.content)) as after:
        assert before.convert("RGB").tobytes() == after.convert("RGB").tobytes()


def test_of_several_pages_the_first_is_published(tmp_path):
    written = io.BytesIO()
    corners().save(written, "TIFF", save_all=True, append_images=[
        Image.new("RGB", (9000, 9), "red"), Image.new("RGB", (90, 60), "red")])
    (tmp_path / "a.tif").write_bytes(written.getvalue())
    with Sandbox(1) as sandbox:
        made = clean_in(sandbox, tmp_path / "a.tif", PIXELS)
    with Image.open(io.BytesIO(made.content)) as picture:
        assert (picture.size, corners_of(picture)) == ((90, 60), "rgbw")
