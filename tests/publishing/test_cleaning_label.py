"""A cleaned picture says that it was made by AI where that is asked for, and nothing else."""

from __future__ import annotations

import io

import pytest
from canaries import PIXELS, exif_with, picture, profile, saved

from imagelib.ingest.embedded.containers.walk import read_containers
from imagelib.publishing.cleaning import clean
from imagelib.publishing.cleaning.label import PACKET, SOURCE_TYPE
from imagelib.publishing.cleaning.verifying import looks_of, verify

EXIF = exif_with(b"a fox", 6)
PLAIN = {
    "png": saved(picture(), "PNG"), "jpeg": saved(picture(), "JPEG"),
    "lossy webp": saved(picture(), "WEBP"), "lossless webp": saved(
        picture("RGBA"), "WEBP", lossless=True),
    "animated png": saved(picture(), "PNG", save_all=True, append_images=[picture(seed=2)]),
    "animated webp": saved(picture(), "WEBP", save_all=True, append_images=[picture(seed=2)]),
    "webp with all": saved(picture("RGBA"), "WEBP", icc_profile=profile(), exif=EXIF,
                           xmp=b"<x>fox</x>"),
    "jpeg with all": saved(picture(), "JPEG", icc_profile=profile(), exif=EXIF, xmp=b"<x>fox</x>"),
    "png with all": saved(picture(), "PNG", icc_profile=profile(), exif=EXIF),
}
GIFS = {"gif": saved(picture("P"), "GIF"), "animated gif": saved(
    picture("P"), "GIF", save_all=True, append_images=[picture("P", seed=2)])}
WITH_ROOM = saved(picture(), "AVIF", xmp=b"<x>" + b"fox " * 200 + b"</x>")
WITHOUT = {"plain": saved(picture(), "AVIF"), "short": saved(picture(), "AVIF", xmp=b"<x>fox</x>")}


@pytest.mark.parametrize("name", PLAIN)
def test_our_reader_finds_the_label_and_nothing_else(name):
    cleaned = clean(PLAIN[name], label=True)
    assert cleaned.labelled
    assert read_containers(io.BytesIO(cleaned.content)).texts == {
        "xmp:DigitalSourceType": SOURCE_TYPE}
    verify(PLAIN[name], cleaned.content, PIXELS)


@pytest.mark.parametrize("name", GIFS)
def test_other_readers_find_the_label_of_a_gif(name):
    cleaned = clean(GIFS[name], label=True)
    verify(GIFS[name], cleaned.content, PIXELS)
    start = cleaned.content.index(b"!\xff\x0bXMP DataXMP") + 14
    assert cleaned.content[start:].startswith(PACKET)
    # Who does not know XMP reads sub-blocks, from any letter on to the end of it.
    for at in range(start, start + len(PACKET)):
        while size := cleaned.content[at]:
            at += 1 + size
        assert cleaned.content[at + 1:at + 2] in (b"!", b",")


def test_an_avif_is_labelled_where_there_is_room():
    cleaned = clean(WITH_ROOM, label=True)
    assert cleaned.labelled
    assert read_containers(io.BytesIO(cleaned.content)).texts == {
        "xmp:DigitalSourceType": SOURCE_TYPE}
    verify(WITH_ROOM, cleaned.content, PIXELS)


@pytest.mark.parametrize("name", WITHOUT)
def test_an_avif_without_room_says_that_it_has_no_label(name):
    assert not clean(WITHOUT[name], label=True).labelled


@pytest.mark.parametrize("name", [*PLAIN, *GIFS])
def test_the_label_comes_once_and_goes_when_it_is_not_wanted(name):
    content = (PLAIN | GIFS)[name]
    labelled = clean(content, label=True).content
    assert clean(labelled, label=True).content == labelled
    assert clean(labelled).content == clean(content).content
    assert not clean(labelled).labelled
    assert labelled.count(PACKET) == 1


def test_the_label_names_no_program_and_no_date():
    assert PACKET.isascii()
    assert b"CreatorTool" not in PACKET
    assert b"Date" not in PACKET
    assert looks_of(clean(PLAIN["png"], label=True).content, PIXELS)
