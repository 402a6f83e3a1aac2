"""JPEG keeps its looks and nothing else."""

from __future__ import annotations

import struct

import pytest
from canaries import PIXELS, WORD, exif_with, is_silent, picture, profile, saved
from test_cleaning_profile import changed

from imagelib.publishing.cleaning import RefusedError, clean
from imagelib.publishing.cleaning.profile import clean_profile
from imagelib.publishing.cleaning.verifying import looks_of

BASELINE = saved(picture(), "JPEG", quality=90)
PROGRESSIVE = saved(picture(), "JPEG", quality=90, progressive=True)
RESTARTS = saved(picture(), "JPEG", quality=90, restart_marker_blocks=2)
KINDS = {"baseline": BASELINE, "progressive": PROGRESSIVE}


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def with_segment(marker: int, data: bytes, base: bytes = BASELINE) -> bytes:
    return base[:2] + segment(marker, data) + base[2:]


def before(mark: bytes, data: bytes, base: bytes = BASELINE, *, last: bool = False) -> bytes:
    """*base* with *data* before the first, or the *last*, place of *mark*."""
    at = base.rindex(mark) if last else base.index(mark)
    return base[:at] + data + base[at:]


def icc(inside: bytes, number: int = 1, count: int = 1) -> bytes:
    return b"ICC_PROFILE\0" + bytes((number, count)) + inside


SOF, SOS, EOI, DHT = b"\xff\xc0", b"\xff\xda", b"\xff\xd9", b"\xff\xc4"
THUMBNAIL = segment(0xE0, b"JFIF\0\1\2\1\0\x48\0\x48\4\1" + (WORD * 2)[:12])
CARRIERS = {
    "comment": lambda base: with_segment(0xFE, WORD, base),
    "Exif": lambda base: with_segment(0xE1, b"Exif\0\0" + exif_with(WORD), base),
    "XMP": lambda base: with_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x>" + WORD, base),
    "more XMP": lambda base: with_segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + WORD,
                                          base),
    **{f"APP{number}": lambda base, number=number: with_segment(0xE0 + number, WORD, base)
       for number in range(16)},
    **{f"JPG{number}": lambda base, number=number: with_segment(0xF0 + number, WORD, base)
       for number in (0, 13)},
    "Photoshop": lambda base: with_segment(0xED, b"Photoshop 3.0\x008BIM" + WORD, base),
    "C2PA": lambda base: with_segment(0xEB, b"JP\0\1\0\0\0\1" + WORD, base),
    "thumbnail": lambda base: base[:2] + THUMBNAIL + base[20:],
    "JFXX": lambda base: with_segment(0xE0, b"JFXX\0\x10" + WORD, base),
    "long JFIF": lambda base: base[:2] + segment(0xE0, base[6:20] + WORD) + base[20:],
    "MPF and a second picture": lambda base: with_segment(
        0xE2, b"MPF\0" + WORD, base) + with_segment(0xFE, WORD),
    "long Adobe": lambda base: with_segment(0xEE, b"Adobe\0\x64\0\0\0\0\1" + WORD, base),
    "spelled Adobe": lambda base: with_segment(0xEE, b"Adobe" + WORD[:6] + b"\1" + WORD, base),
    "behind the end": lambda base: base + WORD,
    "archive behind the end": lambda base: base + b"PK\3\4" + WORD * 9,
    "gap behind the start": lambda base: base[:2] + WORD + base[2:],
    "gap": lambda base: base[:20] + WORD + base[20:],
    "gap with stuffing": lambda base: base[:20] + b"\xff\0" + WORD + b"\xff\0" + base[20:],
    "gap before a table": lambda base: before(DHT, WORD + b"\xff\xff\xff", base),
    "gap behind a marker without length": lambda base: base[:2] + b"\xff\x01" + WORD + base[2:],
    "comment before a scan": lambda base: before(SOS, segment(0xFE, WORD), base, last=True),
    "comment behind the scans": lambda base: before(EOI, segment(0xFE, WORD), base, last=True),
    "behind the pixels": lambda base: before(EOI, WORD, base, last=True),
    "far behind the pixels": lambda base: before(EOI, WORD * 500, base, last=True),
    "behind an unforeseen restart": lambda base: before(EOI, b"\xff\xd0" + WORD, base, last=True),
    "table that no pixel uses": lambda base: with_segment(0xDB, b"\3" + WORD * 8, base),
    "table that is replaced": lambda base: with_segment(0xDB, b"\0" + WORD * 8, base),
    "behind a table": lambda base: with_segment(0xDB, b"\3" + bytes([1]) * 64 + WORD, base),
    "symbols of letters": lambda base: with_segment(
        0xC4, b"\x13" + bytes([0] * 7 + [8] + [0] * 8) + WORD, base),
    "conditions": lambda base: with_segment(0xCC, WORD, base),
    "behind the profile": lambda base: with_segment(0xE2, icc(profile() + WORD), base),
    "no profile": lambda base: with_segment(0xE2, icc(WORD * 30), base),
    "part of a profile": lambda base: with_segment(0xE2, icc(profile() + WORD, 1, 2), base),
    "long restart interval": lambda base: before(SOS, segment(0xDD, b"\0\0" + WORD), base),
    "number of lines": lambda base: before(EOI, segment(0xDC, WORD), base, last=True),
}
#: Other programs show them all the same.
NOT_BY_PILLOW = {"behind an unforeseen restart", "MPF and a second picture", "JPG0", "JPG13",
                 "gap behind a marker without length"}
REFUSED = {"gap behind the start", "behind a table", "symbols of letters", "conditions",
           "no profile", "part of a profile", "long restart interval", "number of lines"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CARRIERS)
def test_a_word_in_any_place_is_gone(kind, name):
    like = KINDS[kind] if name in NOT_BY_PILLOW else None
    assert is_silent(CARRIERS[name](KINDS[kind]), like=like) is (name not in REFUSED)


def test_a_word_behind_any_scan_is_gone():
    marks = [at for at in range(len(PROGRESSIVE)) if PROGRESSIVE[at:at + 2] == SOS][1:]
    assert len(marks) > 5
    for at in marks:
        start = PROGRESSIVE.rindex(DHT, 0, at)  # its table stands before it
        assert is_silent(PROGRESSIVE[:start] + WORD * 2 + PROGRESSIVE[start:])


def test_a_word_before_any_restart_is_gone():
    marks = [at for at in range(len(RESTARTS)) if RESTARTS[at:at + 1] == b"\xff"
             and RESTARTS[at + 1] in range(0xD0, 0xD8)]
    assert len(marks) > 1
    for at in marks:
        assert is_silent(RESTARTS[:at] + WORD * 2 + RESTARTS[at:])


def test_more_restarts_than_can_be_looked_behind_are_refused():
    content = saved(picture(size=(400, 400)), "JPEG", restart_marker_blocks=1)
    with pytest.raises(RefusedError, match="restarts"):
        clean(content)


DRAWN = {
    **KINDS, "restarts": RESTARTS, "grey": saved(picture("L"), "JPEG"),
    "inks": saved(picture("CMYK"), "JPEG"), "halved colours": saved(picture(), "JPEG", quality=60),
    "own tables": saved(picture(), "JPEG", optimize=True),
    "no halved colours": saved(picture(), "JPEG", subsampling=0),
    "kept as RGB": saved(picture(), "JPEG", keep_rgb=True),
    "progressive grey": saved(picture("L"), "JPEG", progressive=True),
    "dense": saved(picture(), "JPEG", dpi=(300, 300)), "one pixel": saved(picture(size=(1, 1)),
                                                                          "JPEG"),
    "flat": saved(picture(size=(1, 1)).resize((64, 64)), "JPEG", optimize=True),
    "profile": saved(picture(), "JPEG", icc_profile=profile()),
    "white below": saved(picture().crop((0, 0, 40, 90)), "JPEG"),
}


@pytest.mark.parametrize("name", DRAWN)
def test_its_looks_stay(name):
    cleaned = clean(DRAWN[name]).content
    assert looks_of(cleaned, PIXELS) == looks_of(DRAWN[name], PIXELS)
    assert clean(cleaned).content == cleaned


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_stays(orientation):
    content = with_segment(0xE1, b"Exif\0\0" + exif_with(WORD, orientation))
    assert is_silent(content)
    cleaned = clean(content).content
    assert looks_of(cleaned, PIXELS).orientation == orientation
    assert (b"Exif" in cleaned) is (orientation != 1)


def test_the_orientation_that_only_xmp_has_turns_nothing():
    content = with_segment(0xE1, b'http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="6">' + WORD)
    assert is_silent(content)
    assert looks_of(content, PIXELS).orientation == 1
    assert looks_of(clean(content).content, PIXELS).orientation == 1


def test_a_profile_of_several_segments_stays_whole():
    curve = struct.pack(">4s4xI", b"curv", 70_000) + bytes(140_000)
    large = clean_profile(changed(profile(), rTRC=curve))
    content = saved(picture(), "JPEG", icc_profile=large)
    from imagelib.pictures import opened

    with opened(clean(content).content, PIXELS) as image:
        assert image.info["icc_profile"] == large


BROKEN = {
    "cut in a scan": BASELINE[:-40], "no end": BASELINE[:-2],
    "cut in a table": BASELINE[:60], "no pixels": BASELINE[:20] + EOI,
    "length that lies": before(SOF, segment(0xFE, b"")[:2] + b"\xff\xf0"),
    "length of nothing": before(SOF, b"\xff\xfe\0\0"),
    "two pictures in one": before(SOS, BASELINE[BASELINE.index(SOF):BASELINE.index(SOF) + 19]),
    "lossless": BASELINE.replace(SOF, b"\xff\xc3"),
    "hierarchical": BASELINE.replace(SOF, b"\xff\xde"),
    "picture in the picture": before(SOS, b"\xff\xd8"), "reserved marker": before(SOS, b"\xff\x02"),
    "scan of another component": BASELINE.replace(SOS + b"\0\x0c\3\1", SOS + b"\0\x0c\3\7"),
    "no tables": b"\xff\xd8" + BASELINE[BASELINE.index(SOF):BASELINE.index(DHT)]
                 + BASELINE[BASELINE.index(SOS):],
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_whole_is_refused(name):
    with pytest.raises(RefusedError, match=r"cannot be cleaned: .+\. Publish it"):
        clean(BROKEN[name])
