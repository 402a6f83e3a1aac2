"""Ratings, keywords and dates inside of files become those of images, and edits of them stay."""

from __future__ import annotations

import os

import pytest
from helpers import a1111, draw

from imagelib.ingest.rereading import reread
from imagelib.library.values.dates import date_in_name


def xmp(rating: int = 4, *tags: str, caption: str = "") -> str:
    listed = "".join(f"<rdf:li>{tag}</rdf:li>" for tag in tags)
    return ('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
            ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
            ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
            f' xmp:Rating="{rating}"><dc:subject><rdf:Bag>{listed}</rdf:Bag></dc:subject>'
            f"<dc:description>{caption}</dc:description></rdf:Description></rdf:RDF></x:xmpmeta>")


def inside(*written: object, prompt: str = "a pier", **more: str) -> dict[str, str]:
    return {"parameters": a1111(prompt), "XML:com.adobe.xmp": xmp(*written, **more)}


def test_a_new_image_has_what_its_file_says(library, tmp_path):
    image = library.add(draw(tmp_path / "a.png", texts=inside(4, "Fog", caption="mine"))).image

    assert (image.rating, image.tags, image.notes) == (4, ("fog",), "mine")
    assert image.prompt_text == "a pier"


def test_what_is_given_while_adding_goes_before_the_file(library, tmp_path):
    image = library.add(draw(tmp_path / "a.png", texts=inside(4, "fog")), rating=2).image

    assert (image.rating, image.tags) == (2, ("fog",))


def test_a_sidecar_goes_before_the_file_and_never_makes_its_caption_a_prompt(library, tmp_path):
    picture = draw(tmp_path / "a.png", texts=inside(4, "fog"))
    picture.with_suffix(".xmp").write_text(xmp(2, caption="for the wall"))

    image = library.add(picture).image

    assert (image.rating, image.tags) == (2, ())
    assert (image.prompt_text, image.notes) == ("a pier", "for the wall")


def test_reading_again_takes_what_came_later_where_the_image_has_nothing(library):
    picture = draw(library.settings.images_dir / "a.png", texts=inside(4, "fog"))
    image = library.add(picture, in_place=True).image
    library.edit(image.id, rating=0, notes="mine")
    picture.with_suffix(".xmp").write_text(xmp(2, "night", caption="theirs"))

    reread(library, library.find())

    now = library.get(image.id)
    assert (now.rating, now.tags, now.notes) == (0, ("fog",), "mine")


def test_reading_again_fills_what_nobody_has_touched(library):
    picture = draw(library.settings.images_dir / "a.png", texts={"parameters": a1111("a pier")})
    image = library.add(picture, in_place=True).image
    picture.with_suffix(".xmp").write_text(xmp(2, "night"))

    assert reread(library, library.find()).changed == (image.id,)
    assert not reread(library, library.find()).changed
    now = library.get(image.id)
    assert (now.rating, now.tags) == (2, ("night",))


@pytest.mark.parametrize(("name", "date"), [
    ("2024-05-01.png", "2024-05-01T00:00:00"),
    ("fox 2024_05_01.png", "2024-05-01T00:00:00"),
    ("20240501-123456.png", "2024-05-01T12:34:56"),
    ("IMG_20240501_123456~2.jpg", "2024-05-01T12:34:56"),
    ("Screenshot 2024-05-01 at 12.34.56.png", "2024-05-01T12:34:56"),
    ("20240501 fox.png", "2024-05-01T00:00:00"),
    ("ComfyUI_2024-05-01_00012_.png", "2024-05-01T00:00:00"),
    ("00012-20240501.png", ""),  # a seed
    ("00012-2024050112.png", ""),
    ("2024-13-01.png", ""),
    ("2023-02-29 2024-02-29.png", "2024-02-29T00:00:00"),
    ("v2024.05.01.png", ""),
    ("1024-10-10.png", ""),
    ("12024-05-01.png", ""),
    ("fox_2024-05-017.png", ""),
    ("9f86d081-2024-4bcd-8123-2024050100ff.png", ""),
])
def test_a_date_in_a_name_is_told_from_other_numbers(name, date):
    assert date_in_name(name) == date


def test_the_date_of_the_name_goes_before_that_of_the_file(library, tmp_path, monkeypatch):
    image = library.add(draw(tmp_path / "fox 2019-08-07.png")).image

    assert image.captured_at == "2019-08-07T00:00:00"
    assert image.generation["sources"]["captured_at"] == "file name"
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert not reread(library, library.find()).changed


def test_a_day_in_the_name_leaves_the_moment_of_the_file_on_that_day(library, tmp_path):
    picture = draw(tmp_path / "fox 2019-08-07.png")
    moment = 1565186400  # 2019-08-07, 14:00 UTC
    os.utime(picture, (moment, moment))

    image = library.add(picture).image

    assert image.captured_at[:10] == "2019-08-07"
    assert not image.captured_at.endswith("T00:00:00")
    assert "sources" not in image.generation
