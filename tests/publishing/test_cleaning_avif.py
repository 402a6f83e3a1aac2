"""AVIF keeps its looks, its length, and nothing else."""

from __future__ import annotations

import struct

import pytest
from canaries import PIXELS, WORD, exif_with, is_silent, picture, profile, saved

from imagelib.ingest.embedded.containers.boxes import boxes
from imagelib.publishing.cleaning import RefusedError, clean
from imagelib.publishing.cleaning.av1 import clean_units
from imagelib.publishing.cleaning.verifying import looks_of

EXIF, XMP = exif_with(b"a fox in the snow", 6), b"<x:xmpmeta>" + b" " * 600 + b"</x:xmpmeta>"
PLAIN = saved(picture(), "AVIF")
TRANSPARENT = saved(picture("RGBA"), "AVIF", exif=EXIF, xmp=XMP)
KINDS = {"plain": PLAIN, "transparent": TRANSPARENT}
INSIDE = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"iinf": 6, b"iref": 4}


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data) + 8, kind) + data


def place(content: bytes, *path: bytes) -> list[tuple[int, int]]:
    """Where the content of each box on the *path* begins and ends, from the outermost on."""
    start, end, found = 0, len(content), []
    for name in path:
        start, end = next((first, last) for kind, first, last in boxes(content, start, end)
                          if kind == name)
        found.append((start, end))
        start += INSIDE.get(name, 0)
    return found


def grown(content: bytes, data: bytes, *path: bytes, back: int = 0) -> bytes:
    """*content* with *data* at the end of the box at *path*, *back* bytes before that; offsets
    follow."""
    found = place(content, *path)
    at = found[-1][1] - back
    made = bytearray(content)
    for start, end in found:
        made[start - 8:start - 4] = struct.pack(">I", end - start + 8 + len(data))
    (_, (start, end)) = place(content, b"meta", b"iloc")
    assert content[start:start + 6] == b"\0\0\0\0\x44\0"
    for entry in range(start + 8, end, 14):
        (offset,) = struct.unpack_from(">I", made, entry + 6)
        struct.pack_into(">I", made, entry + 6, offset + len(data) * (offset >= at))
    return bytes(made[:at]) + data + bytes(made[at:])


def with_payload(text: bytes) -> bytes:
    return saved(picture("RGBA"), "AVIF", xmp=b"<x>" + text + b"</x>")


CARRIERS = {
    "uuid": lambda base: base + box(b"uuid", bytes(16) + WORD),
    "free": lambda base: base + box(b"free", WORD), "skip": lambda base: base + box(b"skip", WORD),
    "unknown box": lambda base: base + box(b"zzzz", WORD),
    "name of a box": lambda base: base + box(WORD[:4], WORD),
    "second mdat": lambda base: base + box(b"mdat", WORD),
    "long mdat": lambda base: grown(base, WORD * 3, b"mdat"),
    "second meta": lambda base: base + box(b"meta", bytes(4) + WORD),
    "uuid inside": lambda base: grown(base, box(b"uuid", bytes(16) + WORD), b"meta"),
    "brands": lambda base: grown(base, WORD, b"ftyp"),
    "Exif": lambda base: saved(picture("RGBA"), "AVIF", exif=exif_with(WORD, 6)),
    "XMP": lambda base: with_payload(WORD),
    "name of the handler": lambda base: grown(base, WORD, b"meta", b"hdlr", back=1),
    "name of an item": lambda base: grown(base, WORD, b"meta", b"iinf", b"infe", back=1),
    "behind the name of an item": lambda base: grown(base, WORD, b"meta", b"iinf", b"infe"),
    "unknown property": lambda base: grown(base, box(b"udes", bytes(4) + WORD), b"meta", b"iprp",
                                           b"ipco"),
    "long property": lambda base: grown(base, box(b"pixi", bytes(20) + WORD), b"meta", b"iprp",
                                        b"ipco"),
    "auxiliary kind": lambda base: grown(base, box(b"auxC", bytes(4) + WORD + b"\0"), b"meta",
                                         b"iprp", b"ipco"),
    "behind the auxiliary kind": lambda base: grown(
        base, box(b"auxC", bytes(4) + b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0" + WORD),
        b"meta", b"iprp", b"ipco"),
    "behind the profile": lambda base: grown(
        base, box(b"colr", b"prof" + profile() + WORD), b"meta", b"iprp", b"ipco"),
    "unknown box of properties": lambda base: grown(base, box(b"zzzz", WORD), b"meta", b"iprp"),
    "unknown box inside": lambda base: grown(base, box(b"zzzz", WORD), b"meta"),
    "data inside": lambda base: grown(base, box(b"idat", WORD), b"meta"),
    "groups": lambda base: grown(base, box(b"grpl", box(b"zzzz", bytes(12) + WORD)), b"meta"),
    "places": lambda base: grown(base, WORD, b"meta", b"iloc"),
    "references": lambda base: grown(base, box(b"iref", bytes(4) + box(b"cdsc", WORD)), b"meta"),
    "primary": lambda base: grown(base, WORD, b"meta", b"pitm"),
    "behind the last box": lambda base: base + WORD,
}
REFUSED = {"unknown box of properties", "places", "primary", "behind the last box", "references"}


#: It refuses what it would not need.
NOT_BY_LIBAVIF = {"groups", "long property"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CARRIERS)
def test_a_word_in_any_place_is_gone(kind, name):
    content = CARRIERS[name](KINDS[kind])
    like = KINDS[kind] if name in NOT_BY_LIBAVIF else None
    assert is_silent(content, like=like) is (name not in REFUSED)
    if name not in REFUSED:
        assert len(clean(content).content) == len(content)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_its_looks_stay(mode, orientation):
    content = saved(picture(mode), "AVIF", exif=exif_with(WORD, orientation), xmp=XMP,
                    icc_profile=profile())
    assert is_silent(content)
    assert looks_of(clean(content).content, PIXELS).orientation == orientation


def unit(kind: int, data: bytes) -> bytes:
    return bytes((kind << 3 | 2, len(data))) + data


@pytest.mark.parametrize("kind", [0, 5, 8, 9, 14, 15])
def test_units_that_hold_no_pixels_become_padding(kind):
    units = unit(1, b"abc") + unit(kind, b"\4" + WORD) + unit(6, b"pixels")
    assert clean_units(units) == unit(1, b"abc") + unit(15, bytes(8) + b"\x80") + unit(6, b"pixels")


def test_units_of_light_levels_stay():
    level = unit(5, b"\1" + struct.pack(">HH", 1000, 400) + b"\x80")
    assert clean_units(level) == level


@pytest.mark.parametrize("units", [unit(5, WORD)[:-1], b"\x80", b"\x0a", b"\x0a\xff\xff"])
def test_units_that_lie_are_refused(units):
    with pytest.raises(RefusedError):
        clean_units(units)


def test_a_thumbnail_is_blanked():
    base = saved(picture("RGBA"), "AVIF")
    ((_, _), (start, end)) = place(base, b"meta", b"iref")
    content = base[:start] + base[start:end].replace(b"auxl", b"thmb") + base[end:]
    cleaned = clean(content).content
    assert looks_of(cleaned, PIXELS).frames == looks_of(content, PIXELS).frames
    sizes = [len(part) - part.count(0) for part in (content, cleaned)]
    assert sizes[1] < sizes[0] - 100


def units_of(payload: bytes) -> list[tuple[int, bytes]]:
    """Kind and content of each unit, all of which state their sizes."""
    found, at = [], 0
    while at < len(payload):
        size = shift = 0
        start = at + 1
        while True:
            size |= (payload[start] & 127) << shift
            shift, start = shift + 7, start + 1
            if payload[start - 1] < 128:
                break
        found.append((payload[at] >> 3 & 15, payload[start:start + size]))
        at = start + size
    return found


def repacked(content: bytes, number: int, change) -> bytes:
    """*content* with the units of its *number*th item passed through *change*, behind all others.
    """
    (_, (start, end)) = place(content, b"meta", b"iloc")
    entry = range(start + 8, end, 14)[number] + 6
    offset, length = struct.unpack_from(">II", content, entry)
    made = b"".join(bytes((kind << 3 | 2, len(data) & 127 | 128, len(data) >> 7)) + data
                    for kind, data in change(units_of(content[offset:offset + length])))
    (media, stop), = place(content, b"mdat")
    assert stop == len(content)
    head = bytearray(content)
    struct.pack_into(">II", head, entry, len(content), len(made))
    struct.pack_into(">I", head, media - 8, stop - media + 8 + len(made))
    return bytes(head) + made


@pytest.mark.parametrize("behind", [WORD, WORD * 2, WORD * 40])
@pytest.mark.parametrize(("base", "number"), [(PLAIN, 0), (TRANSPARENT, 0), (TRANSPARENT, 1)])
def test_a_word_behind_the_pixels_is_gone(base, number, behind):
    content = repacked(base, number, lambda units: [
        (kind, data + behind if kind == 6 else data) for kind, data in units])
    assert is_silent(content, like=base)
    assert len(clean(content).content) == len(content)


def test_a_large_picture_keeps_its_looks():
    whole = saved(picture("RGBA", (900, 700)), "AVIF", quality=60)
    assert looks_of(clean(whole).content, PIXELS) == looks_of(whole, PIXELS)


@pytest.mark.parametrize("kind", [1, 2])
@pytest.mark.parametrize(("base", "number"), [(PLAIN, 0), (TRANSPARENT, 0), (TRANSPARENT, 1)])
def test_a_word_behind_any_other_unit_is_gone(base, number, kind):
    content = repacked(base, number, lambda units: [
        (one, data + WORD * 2 if one == kind else data) for one, data in units])
    assert is_silent(content, like=base)


NUMBERS = {b"ispe": 12, b"pixi": 8, b"pasp": 8, b"clli": 4, b"mdcv": 24, b"amve": 8, b"reve": 5,
           b"ndwt": 8, b"a1op": 1, b"lsel": 2, b"a1lx": 13, b"irot": 1, b"imir": 1}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_that_are_letters_are_gone(kind):
    """Also those that no item has."""
    text = b"foxes of the snow at night"[:NUMBERS[kind]]
    content = grown(PLAIN, box(kind, text), b"meta", b"iprp", b"ipco")
    cleaned = clean(content).content
    assert box(kind, text) not in cleaned
    assert text not in cleaned or len(text) < 4
    assert len(cleaned) == len(content)


def test_code_points_and_units_of_a_header_that_are_letters_are_gone():
    for data in (box(b"colr", b"nclxfoxes!\0"),
                 box(b"av1C", b"\x81\0\0\0" + unit(1, WORD * 2))):
        cleaned = clean(grown(PLAIN, data, b"meta", b"iprp", b"ipco")).content
        assert b"foxes" not in cleaned


def test_light_levels_of_a_picture_stay():
    level = box(b"clli", struct.pack(">HH", 1000, 400))
    assert level in clean(grown(PLAIN, level, b"meta", b"iprp", b"ipco")).content


@pytest.mark.parametrize("number", [0, 1])
def test_a_second_picture_in_the_units_of_the_first_is_refused(number):
    content = repacked(TRANSPARENT, number, lambda units: units + units)
    with pytest.raises(RefusedError, match="several pictures"):
        clean(content)


def test_a_picture_that_is_only_cut_off_from_view_is_refused():
    shown = struct.pack(">8I", 20, 1, 15, 1, 0, 1, 0, 1)
    content = grown(PLAIN, box(b"clap", shown), b"meta", b"iprp", b"ipco")
    with pytest.raises(RefusedError, match="cut off"):
        clean(content)


BROKEN = {
    "cut in half": PLAIN[:len(PLAIN) // 2], "header alone": PLAIN[:32],
    "sequence": saved(picture(), "AVIF", save_all=True, append_images=[picture(seed=2)]),
    "no places": PLAIN.replace(b"iloc", b"free"), "no items": PLAIN.replace(b"iinf", b"free"),
    "pixels beyond the end": PLAIN[:place(PLAIN, b"meta", b"iloc")[1][0] + 14] + b"\x7f" + PLAIN[
        place(PLAIN, b"meta", b"iloc")[1][0] + 15:],
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_whole_is_refused(name):
    with pytest.raises(RefusedError, match=r"cannot be cleaned: .+\. Publish it"):
        clean(BROKEN[name])
