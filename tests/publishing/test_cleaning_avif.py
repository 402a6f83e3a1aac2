"""AVIF keeps its looks, its length, and nothing else."""

from __future__ import annotations

import struct

import pytest
from canaries import PIXELS, WORD, exif_with, is_silent, picture, profile, saved

from imagelib.ingest.embedded.containers.boxes import boxes
from imagelib.publishing.cleaning import RefusedError, clean
from imagelib.publishing.cleaning.av1 import clean_units
from imagelib.publishing.cleaning.item_tables import clean_gain, clean_grid
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


def counted(content: bytes, data: bytes, *path: bytes, at: int) -> bytes:
    """*content* with *data* at the end of a box that says *at* which byte how many there are."""
    made = bytearray(grown(content, data, *path))
    start = place(bytes(made), *path)[-1][0] + at
    made[start:start + 2] = struct.pack(">H", int.from_bytes(made[start:start + 2], "big") + 1)
    return bytes(made)


def entry(number: int, kind: bytes, text: bytes = b"", protection: bytes = b"\0\0") -> bytes:
    """The box of an item."""
    return box(b"infe", b"\2\0\0\0" + struct.pack(">H", number) + protection + kind + text + b"\0")


def with_item(content: bytes, kind: bytes, payload: bytes, reference: bytes, *properties: int
              ) -> bytes:
    """*content* with an item 9 whose *payload* lies behind all others; it refers to the first one,
    or with `dimg` the first one to it. *properties* are those of it."""
    made = counted(content, entry(9, kind), b"meta", b"iinf", at=4)
    ends = (1, 9) if reference == b"dimg" else (9, 1)
    made = grown(made, box(reference, struct.pack(">HHH", ends[0], 1, ends[1])), b"meta", b"iref")
    made = counted(made, struct.pack(">HB", 9, len(properties)) + bytes(properties), b"meta",
                   b"iprp", b"ipma", at=6)
    made = counted(made, struct.pack(">HHHII", 9, 0, 1, 0, len(payload)), b"meta", b"iloc", at=6)
    (_, (_, end)), ((media, _),) = place(made, b"meta", b"iloc"), place(made, b"mdat")
    head = bytearray(made)
    struct.pack_into(">I", head, end - 8, len(made))
    struct.pack_into(">I", head, media - 8, len(made) - media + 8 + len(payload))
    return bytes(head) + payload


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
    "numbers of references": lambda base: grown(
        base, box(b"iref", bytes(4) + box(b"cdsc", struct.pack(">HH", 1, 4) + WORD)), b"meta"),
    "numbers that no picture is made of": lambda base: grown(
        base, box(b"iref", bytes(4) + box(b"dimg", struct.pack(">HH", 9, 4) + WORD)), b"meta"),
    "kind and numbers of a reference": lambda base: grown(
        base, box(b"iref", bytes(4) + box(WORD[:4], struct.pack(">HH", 1, 4) + WORD)), b"meta"),
    "numbers of a group": lambda base: grown(base, box(b"grpl", box(
        b"altr", bytes(4) + struct.pack(">II", 7, 2) + WORD)), b"meta"),
    "flags and number of a group": lambda base: grown(base, box(b"grpl", box(
        b"altr", WORD + struct.pack(">II", 1, 1))), b"meta"),
    "behind a group": lambda base: grown(base, box(b"grpl", box(
        b"altr", struct.pack(">IIII", 0, 7, 1, 1) + WORD)), b"meta"),
    "behind the associations": lambda base: grown(base, WORD, b"meta", b"iprp", b"ipma"),
    "associations of no item": lambda base: counted(
        base, b"\0\x20\x08" + WORD, b"meta", b"iprp", b"ipma", at=6),
    "associations of no property": lambda base: counted(
        base, b"\0\1\x08" + WORD, b"meta", b"iprp", b"ipma", at=6),
    "number and kind of an item": lambda base: counted(
        base, entry(int.from_bytes(WORD[:2], "big"), WORD[4:], protection=WORD[2:4]), b"meta",
        b"iinf", at=4),
    "kind and name of an item": lambda base: counted(
        base, entry(9, WORD[2:6], WORD[6:], protection=WORD[:2]), b"meta", b"iinf", at=4),
    "primary": lambda base: grown(base, WORD, b"meta", b"pitm"),
    "behind the last box": lambda base: base + WORD,
}
REFUSED = {"unknown box of properties", "places", "primary", "behind the last box", "references",
           "behind the associations", "associations of no item", "associations of no property",
           "number and kind of an item"}
#: There the transparent picture has one already, and a box that stands there twice is refused.
TWICE = {"numbers of references", "numbers that no picture is made of",
         "kind and numbers of a reference"}


#: It refuses what it would not need.
NOT_BY_LIBAVIF = {"groups", "long property", "numbers of a group",
                  "flags and number of a group", "behind a group", *TWICE}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CARRIERS)
def test_a_word_in_any_place_is_gone(kind, name):
    content = CARRIERS[name](KINDS[kind])
    like = KINDS[kind] if name in NOT_BY_LIBAVIF else None
    is_refused = name in REFUSED or (name in TWICE and kind == "transparent")
    assert is_silent(content, like=like) is not is_refused
    if not is_refused:
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


#: Size, depth and header, without which nobody takes a picture for one.
SEEN = (1, 2, 0x83)


@pytest.mark.parametrize("reference", [b"dimg", b"auxl", b"foxs"])
@pytest.mark.parametrize("kind", [b"iovl", b"iden", b"tmap", b"grid", b"foxs", b"av01"])
def test_what_no_picture_is_made_of_is_blanked(kind, reference):
    """Also where a picture says that it is, which cannot be."""
    content = with_item(TRANSPARENT, kind, unit(6, WORD), reference, *SEEN)
    assert is_silent(content)
    cleaned = clean(content).content
    assert len(cleaned) == len(content)
    assert b"foxs" not in cleaned


@pytest.mark.parametrize("name", [b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth", b"urn:x:foxes"])
def test_a_picture_beside_the_picture_that_nobody_sees_is_blanked(name):
    base = grown(TRANSPARENT, box(b"auxC", bytes(4) + name + b"\0"), b"meta", b"iprp", b"ipco")
    number = len(list(boxes(base, *place(base, b"meta", b"iprp", b"ipco")[-1])))
    assert is_silent(with_item(base, b"av01", unit(6, WORD * 9), b"auxl", *SEEN, number))


@pytest.mark.parametrize("index", [1, 15])
def test_what_places_reserve_is_refused(index):
    """The lower half of its byte means something in later versions of the box alone."""
    ((_, _), (start, _)) = place(PLAIN, b"meta", b"iloc")
    with pytest.raises(RefusedError, match="damaged"):
        clean(PLAIN[:start + 5] + bytes((index,)) + PLAIN[start + 6:])


def test_what_places_say_besides_places_is_cleared():
    ((_, _), (start, end)) = place(PLAIN, b"meta", b"iloc")
    spelled = PLAIN[:start + 10] + b"fo" + PLAIN[start + 12:]  # another file
    assert clean(spelled).content == clean(PLAIN).content
    later = grown(PLAIN, bytes(2), b"meta", b"iloc")  # of version 1, whose method is of 4 bits
    assert end == start + 22
    later = bytearray(later)
    later[start] = 1
    later[start + 12:start + 24] = later[start + 10:start + 22]
    later[start + 10:start + 12] = b"\0\0"
    plain = clean(bytes(later)).content
    later[start + 10:start + 12] = b"\x66\x60"
    assert clean(bytes(later)).content == plain
    assert looks_of(plain, PIXELS) == looks_of(PLAIN, PIXELS)


@pytest.mark.parametrize("group", [
    b"\0fox" + struct.pack(">3I", 7, 1, 1), struct.pack(">4I", 0, 0x2000, 1, 1)])
def test_a_group_that_says_something_goes(group):
    plain = struct.pack(">4I", 0, 7, 1, 1)
    for data, stays in ((group, False), (plain, True)):
        content = grown(PLAIN, box(b"grpl", box(b"altr", data)), b"meta")
        assert (box(b"altr", data) in clean(content).content) is stays


def associated(data: bytes, flags: int = 0) -> bytes:
    """A picture with this behind the properties of its first item."""
    ((_, _), _, (start, end)) = place(PLAIN, b"meta", b"iprp", b"ipma")
    count = PLAIN[start + 10]
    rest = PLAIN[start + 11:end]
    if flags & 1:
        rest = b"".join(struct.pack(">H", one >> 7 << 15 | one & 127) for one in rest)
    said = struct.pack(">IIHB", flags, 1 + bool(data), 1, count) + rest + data
    made = grown(PLAIN, said[end - start:], b"meta", b"iprp", b"ipma")
    made = made[:start] + said + made[start + len(said):]
    assert looks_of(made, PIXELS) == looks_of(PLAIN, PIXELS)
    return made


def test_properties_are_of_items_that_are_there_and_nothing_else():
    assert clean(associated(b""))
    assert clean(associated(b"", 1))
    for spelled in (associated(b"fo\0"), associated(b"", 0x666F01)):
        with pytest.raises(RefusedError, match=r"of properties|the lengths"):
            clean(spelled)
    with pytest.raises(RefusedError, match="properties"):
        clean(counted(PLAIN, b"\0\1\3fox", b"meta", b"iprp", b"ipma", at=6))


def test_places_of_no_item_are_refused():
    with pytest.raises(RefusedError, match="boxes of it are damaged"):
        clean(counted(PLAIN, b"fo" + struct.pack(">HHII", 0, 1, 400, 9), b"meta", b"iloc", at=6))


def test_more_properties_than_a_picture_has_are_refused():
    """The numbers of so many could be letters."""
    many = b"".join(box(b"free", b"") for _ in range(58))
    assert clean(grown(PLAIN, many, b"meta", b"iprp", b"ipco"))
    with pytest.raises(RefusedError, match="more properties"):
        clean(grown(PLAIN, many * 2, b"meta", b"iprp", b"ipco"))


GAIN = bytes(6) + struct.pack(">4I", 0, 1, 7, 2) + struct.pack(
    ">iIiIIIiIiI", -1, 3, 5, 2, 1, 1, 1, 64, -1, 64)


@pytest.mark.parametrize("payload", [GAIN, b"\0\0\0\0\0\x80" + GAIN[6:] + GAIN[22:] * 2])
def test_a_gain_map_keeps_its_values_and_nothing_else(payload):
    def values(data: bytes) -> list[float]:
        found = struct.unpack(f">4I{'iIiIIIiIiI' * ((len(data) - 22) // 40)}", data[6:])
        return [above / below for above, below in zip(found[::2], found[1::2], strict=True)]

    made = clean_gain(payload)
    assert values(made) == pytest.approx(values(payload), abs=1e-5)
    assert clean_gain(made) == made
    spelled = bytearray(payload)
    spelled[6:14] = struct.pack(">II", 0, 0x666F7865)  # nothing, however it is written
    spelled[5] |= 0x3F
    assert clean_gain(bytes(spelled)) == made
    assert WORD not in clean_gain(payload[:6] + WORD + payload[14:])  # a value that may be


@pytest.mark.parametrize("payload", [
    GAIN + WORD, GAIN[:-1], b"\1" + GAIN[1:], b"",
    GAIN[:6] + bytes(8) + GAIN[14:], GAIN[:22] + struct.pack(">iI", -65, 1) + GAIN[30:]])
def test_a_gain_map_that_says_something_else_is_refused(payload):
    with pytest.raises(RefusedError):
        clean_gain(payload)


@pytest.mark.parametrize("payload", [b"\0\0\1\1" + bytes(4), b"\0\1\0\0" + bytes(8)])
def test_a_grid_says_how_tiles_lie_and_nothing_else(payload):
    assert clean_grid(payload) == payload
    for other in (payload + WORD, b"f" + payload[1:], payload[:1] + b"o" + payload[2:], b""):
        with pytest.raises(RefusedError):
            clean_grid(other)


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


def test_depths_that_are_letters_are_gone():
    depths = box(b"pixi", bytes(4) + b"\3fox")
    assert b"fox" not in clean(grown(PLAIN, depths, b"meta", b"iprp", b"ipco")).content
    deep = box(b"pixi", bytes(4) + b"\3\x10\x10\x10")
    assert deep in clean(grown(PLAIN, deep, b"meta", b"iprp", b"ipco")).content


def test_code_points_and_units_of_a_header_that_are_letters_are_gone():
    for data in (box(b"auxC", b"\0foxurn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0foxes"),
                 box(b"colr", b"nclxfoxes!\0"),
                 box(b"av1C", b"\x81\0\0\0" + unit(1, WORD * 2))):
        cleaned = clean(grown(PLAIN, data, b"meta", b"iprp", b"ipco")).content
        assert b"fox" not in cleaned


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
