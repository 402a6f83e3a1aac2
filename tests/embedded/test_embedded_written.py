"""What people wrote into a file: title, caption, keywords, rating and label; and its date."""

import struct
import time

import pytest

from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.joining import name_sources
from imagelib.ingest.embedded.written import read_written

LR = 'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="d" xmlns:lr="l" xmlns:digiKam="k"'
MS = 'xmlns:{0}="http://ns.microsoft.com/photo/1.0/"'


def bag(name, *items):
    listed = "".join(f"<rdf:li>{item}</rdf:li>" for item in items)
    return f"<{name}><rdf:Bag>{listed}</rdf:Bag></{name}>"


def iptc(*sets):
    data = b"".join(b"\x1c\x02" + struct.pack(">BH", number, len(text.encode())) + text.encode()
                    for number, text in sets)
    return 0xED, b"Photoshop 3.0\08BIM\x04\x04\0\0" + struct.pack(">I", len(data)) + data


def wide(text):
    return text.encode("utf-16-le") + b"\0\0"


def _packet(elements):
    findings = Findings()
    findings.add_xmp(f"<x>{elements}</x>".encode())
    return findings


@pytest.fixture
def with_xmp(draw, found):
    return lambda attributes="", elements="": found(draw.jpeg(
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + draw.xmp(f"{LR} {attributes}", elements))))


def test_xmp_gives_title_caption_keywords_rating_and_label(with_xmp):
    record = with_xmp('xmp:Rating="4" xmp:Label="Green"', bag("dc:subject", "Rope", "Two, words")
                      + "<dc:title><rdf:Alt><rdf:li>Low  tide</rdf:li></rdf:Alt></dc:title>"
                      "<dc:description>seen from the pier</dc:description>")

    assert (record.title, record.caption) == ("Low tide", "seen from the pier")
    assert (record.rating, record.tags) == (4, ("Rope", "Two words"))
    assert record.extra == {"colour_label": "Green"}
    assert not record  # no generator
    assert record.given() == {"title": "Low tide", "notes": "seen from the pier", "rating": 4,
                              "tags": ["Rope", "Two words"]}


def test_iptc_and_windows_give_the_same(draw, found):
    by_iptc = found(draw.jpeg(iptc((5, "Low tide"), (25, "rope"), (25, "küste"), (120, "a pier"))))
    by_windows = found(draw.jpeg((0xE1, b"Exif\0\0" + draw.exif({
        0x9C9B: wide("Low tide"), 0x9C9C: wide("a pier"), 0x9C9E: wide("rope;küste")}))))

    for record in (by_iptc, by_windows):
        assert (record.title, record.caption, record.tags) == ("Low tide", "a pier",
                                                               ("rope", "küste"))


@pytest.mark.parametrize(("elements", "tags"), [
    (bag("lr:hierarchicalSubject", "Sea|Coast|Pier", "Rope") + bag("dc:subject", "Pier", "Rope",
                                                                   "Fog", "coast"),
     ("Sea/Coast/Pier", "Rope", "Fog")),
    (bag("digiKam:TagsList", "Sea", "Sea/Coast"), ("Sea/Coast",)),
    (bag("dc:subject", "Fog", "fog", " ", "x" * 101), ("Fog",)),
    ('<acdsee:categories>&lt;Categories&gt;&lt;Category Assigned="0"&gt;Sea&lt;Category'
     ' Assigned="1"&gt;Coast&lt;/Category&gt;&lt;/Category&gt;&lt;Category Assigned="1"&gt;Fog'
     "&lt;/Category&gt;&lt;/Categories&gt;</acdsee:categories>", ("Sea/Coast", "Fog")),
])
def test_paths_of_keywords_are_tags_and_their_steps_are_not_said_twice(with_xmp, elements, tags):
    assert with_xmp("", elements).tags == tags


@pytest.mark.parametrize("word", ["{}", "{}" + "/x" * 45, "{} " + "y" * 60])
@pytest.mark.parametrize("name", ["dc:subject", "lr:hierarchicalSubject"])
def test_keywords_without_end_take_little_time(name, word):
    elements = bag(name, *(word.format(number) for number in range(30_000)))
    start = time.process_time()

    written = read_written(_packet(elements))

    assert time.process_time() - start < 5
    assert 0 < len(written.tags) < 200


@pytest.mark.parametrize(("attributes", "rating"), [
    ('xmp:Rating="5"', 5), ('xmp:Rating="0"', 0), ('xmp:Rating="6"', 0), ('xmp:Rating="x"', 0),
    (MS.format("MicrosoftPhoto") + ' MicrosoftPhoto:Rating="75"', 4),
    (MS.format("p") + ' p:Rating="1"', 1),
    (MS.format("p") + ' p:Rating="99" xmp:Rating="2"', 2),
])
def test_ratings_are_stars_or_percent_by_their_schema_and_not_by_their_prefix(
    with_xmp, attributes, rating
):
    assert with_xmp(attributes).rating == rating


def test_a_rejected_picture_has_the_tag_that_the_editor_gives(with_xmp):
    record = with_xmp('xmp:Rating="-1"', bag("dc:subject", "fog"))

    assert (record.rating, record.tags) == (0, ("fog", "rejected"))


@pytest.mark.parametrize(("tag", "value", "rating"), [
    (0x4746, 3, 3), (0x4746, 9, 0), (0x4749, 99, 5), (0x4749, 50, 3), (0x4749, 25, 2),
])
def test_ratings_of_exif_are_numbers(draw, found, tag, value, rating):
    block = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, tag, 3, 1, value, 0, 0)

    assert found(draw.jpeg((0xE1, b"Exif\0\0" + block))).rating == rating


@pytest.mark.parametrize("caption", [
    "a fox in the snow", "a fox", "Prompt: a fox in the snow (approved)",
])
def test_a_prompt_that_stands_in_the_place_of_a_caption_is_none(draw, found, caption):
    record = found(draw.png(draw.text("parameters", draw.infotext), draw.itxt(
        "XML:com.adobe.xmp", draw.xmp("", f"<dc:description>{caption}</dc:description>"))))

    assert (record.prompt, record.caption) == ("a fox in the snow", "")


def test_a_title_that_is_the_prompt_is_none(draw, found):
    segment = iptc((5, "a fox in the snow"), (120, draw.infotext))

    assert found(draw.jpeg(segment)).title == ""
    assert found(draw.jpeg(iptc((5, "a fox"), (120, draw.infotext)))).title == "a fox"


def test_json_of_a_generator_in_the_place_of_a_caption_is_none(draw, found):
    asked = '{"prompt": "a \\"red\\" fox", "seed": 1, "steps": 8}'

    record = found(draw.jpeg((0xE1, b"Exif\0\0" + draw.comment(asked.encode())),
                             iptc((120, asked))))

    assert (record.prompt, record.caption) == ('a "red" fox', "")


def test_an_infotext_in_the_caption_is_read_and_kept_once(draw, found):
    record = found(draw.jpeg(iptc((120, draw.infotext), (25, "fog"))))

    assert (record.prompt, record.caption, record.tags) == ("a fox in the snow", "", ("fog",))


def test_a_caption_beside_a_prompt_is_a_caption(draw, found):
    record = found(draw.png(draw.text("parameters", draw.infotext), draw.itxt(
        "XML:com.adobe.xmp", draw.xmp("", "<dc:description>for the wall</dc:description>"))))

    assert record.caption == "for the wall"


def test_what_a_generator_credits_to_itself_nobody_wrote(draw, found):
    segment = iptc((5, "AI: a lake"), (25, "AI"), (110, "Generated by MFLUX"), (120, "a lake"))

    record = found(draw.jpeg(segment))

    assert (record.title, record.tags, record.caption) == ("", (), "")


EXIF_DATES = {0x9003: "2021:02:03 04:05:06", 0x9004: "2020:01:01 00:00:01",
              0x0132: "2022:01:01 00:00:02"}


@pytest.mark.parametrize(("missing", "date", "source"), [
    ((), "2021-02-03T04:05:06", "EXIF DateTimeOriginal"),
    ((0x9003,), "2020-01-01T00:00:01", "EXIF DateTimeDigitized"),
    ((0x9003, 0x9004), "2022-01-01T00:00:02", "EXIF DateTime"),
])
def test_the_date_is_the_first_that_is_one(draw, found, missing, date, source):
    tags = {tag: "0000:00:00 00:00:00" if tag in missing else text
            for tag, text in EXIF_DATES.items()}

    record = found(draw.jpeg((0xE1, b"Exif\0\0" + draw.exif({}, tags))))

    assert (record.captured_at, record.sources) == (date, {"captured_at": source})


@pytest.mark.parametrize(("attribute", "source"), [
    ("photoshop:DateCreated", "XMP DateCreated"), ("xmp:CreateDate", "XMP CreateDate"),
    ("exif:DateTimeOriginal", "XMP DateTimeOriginal"),
])
@pytest.mark.parametrize("offset", ["", "Z", "+09:00"])
def test_dates_of_xmp_are_wall_clock_whatever_their_offset(with_xmp, attribute, source, offset):
    record = with_xmp(f'{attribute}="2021-02-03T04:05:06{offset}"')

    assert record.captured_at == "2021-02-03T04:05:06"
    assert record.sources == {"captured_at": source}


def test_dates_of_iptc_and_of_png_are_read(draw, found):
    by_iptc = found(draw.jpeg(iptc((55, "20210203"), (60, "040506+0900"))))
    by_png = found(draw.png(draw.chunk(b"tIME", struct.pack(">H5B", 2021, 2, 3, 4, 5, 6))))

    assert by_iptc.captured_at == by_png.captured_at == "2021-02-03T04:05:06"
    assert by_png.sources == name_sources({"captured_at": "png:tIME"})


def test_the_date_of_a_generator_goes_before_that_of_a_program(draw, found):
    record = found(draw.png(
        draw.text("parameters", draw.infotext + ", Created Date: 2020-01-01T00:00:00Z"),
        draw.chunk(b"tIME", struct.pack(">H5B", 2021, 2, 3, 4, 5, 6))))

    assert record.captured_at == "2020-01-01T00:00:00"
