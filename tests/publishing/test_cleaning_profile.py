"""A colour profile keeps its colours and no word."""

from __future__ import annotations

import io
import random
import struct

import pytest
from canaries import PIXELS, WORD, found_in, is_silent, picture, profile, saved
from PIL import ImageCms

from imagelib.publishing.cleaning import RefusedError
from imagelib.publishing.cleaning.profile import clean_profile
from imagelib.publishing.cleaning.verifying import looks_of

WIDE = WORD.decode().encode("utf-16-be")


def tags_of(whole: bytes) -> dict[bytes, bytes]:
    found = {}
    for at in range(132, 132 + 12 * int.from_bytes(whole[128:132], "big"), 12):
        name, offset, length = struct.unpack_from(">4sII", whole, at)
        found[name] = whole[offset:offset + length]
    return found


def written(tags: dict[bytes, bytes], head: bytes) -> bytes:
    """A profile of *tags*, with the *head* of another."""
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    return (struct.pack(">I", start + len(body)) + head[4:128] + struct.pack(">I", len(tags))
            + table + body)


def changed(whole: bytes, **more: bytes) -> bytes:
    """*whole* with further tags, or others in their places."""
    return written(tags_of(whole) | {name.encode(): data for name, data in more.items()}, whole)


def numbers(count: int, width: int = 2, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(count * width)


def ramp(count: int) -> bytes:
    return struct.pack(f">{count}H", *(65535 * n // (count - 1) for n in range(count)))


CURVE = struct.pack(">4s4xI", b"curv", 5) + ramp(5) + bytes(2)
POWER = struct.pack(">4s4xH2xi", b"para", 0, 0x20000)
UNIT = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)


def looked_up(kind: bytes, inputs: int) -> bytes:
    """A table of random colours of one of the three kinds (ICC.1:2022, 10.10 to 10.12)."""
    if kind == b"mft1":
        steps = bytes(range(256))
        return (struct.pack(">4s4xBBBx", kind, inputs, 3, 2) + UNIT + steps * inputs
                + numbers(2**inputs * 3, 1) + steps * 3)
    if kind == b"mft2":
        return (struct.pack(">4s4xBBBx", kind, inputs, 3, 2) + UNIT + struct.pack(">HH", 4, 2)
                + ramp(4) * inputs + numbers(2**inputs * 3) + ramp(2) * 3)
    grid = bytes([2] * inputs).ljust(16, b"\0") + bytes((2, 0, 0, 0)) + numbers(2**inputs * 3)
    grid += bytes(-len(grid) % 4)
    at = 32
    offsets, body = [], b""
    for part in (CURVE * 3, UNIT + bytes(12), POWER * 3, grid, CURVE * inputs):
        offsets.append(at + len(body))
        body += part
    return struct.pack(">4s4xBB2x5I", kind, inputs, 3, *offsets) + body


def with_table(kind: bytes, space: bytes) -> bytes:
    """A profile whose colours stand in a table."""
    head = profile()
    head = head[:12] + b"prtr" + space + b"Lab " + head[24:]
    kept = {name: data for name, data in tags_of(profile()).items()
            if name in (b"desc", b"cprt", b"wtpt")}
    inputs = 4 if space == b"CMYK" else len(space.strip())
    return written(kept | {b"A2B0": looked_up(kind, inputs)}, head)


def grey() -> bytes:
    kept = {name: data for name, data in tags_of(profile()).items()
            if name in (b"desc", b"cprt", b"wtpt")}
    head = profile()
    return written(kept | {b"kTRC": CURVE}, head[:16] + b"GRAY" + head[20:])


WHOLE = {
    "three colours": profile(), "grey": grey(),
    "powers": changed(profile(), rTRC=POWER, gTRC=POWER, bTRC=POWER),
    "code points": changed(profile(), cicp=b"cicp" + bytes(4) + b"\x0c\x0d\0\1"),
    **{f"{kind.decode()} of {space.decode().strip()}": with_table(kind, space)
       for kind in (b"mft1", b"mft2", b"mAB ") for space in (b"RGB ", b"CMYK")},
}


def colours(whole: bytes) -> list[bytes]:
    """What a picture is in sRGB by the profile *whole*, for two intents."""
    mode = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK"}[whole[16:20]]
    drawn = picture(mode, (60, 50))
    made = []
    for intent in (0, 1):
        source = ImageCms.ImageCmsProfile(io.BytesIO(whole))
        done = ImageCms.applyTransform(drawn, ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), mode, "RGB", intent))
        assert done is not None
        made.append(done.tobytes())
    return made


@pytest.mark.parametrize("name", WHOLE)
def test_its_colours_stay(name):
    cleaned = clean_profile(WHOLE[name])
    assert colours(cleaned) == colours(WHOLE[name])
    assert clean_profile(cleaned) == cleaned


def test_tags_that_share_a_curve_still_share_it():
    assert clean_profile(profile()).count(b"para") == 1


def test_code_points_of_highlights_stay():
    assert tags_of(clean_profile(WHOLE["code points"]))[b"cicp"][8:] == b"\x0c\x0d\0\1"


def spelled(at: int, length: int) -> bytes:
    whole = profile()
    return whole[:at] + WORD[:length] + whole[at + length:]


TEXTS = struct.pack(">4s4xII4sII", b"mluc", 1, 12, b"enUS", len(WIDE), 28) + WIDE
OLD = b"desc" + struct.pack(">4xI", len(WORD) + 1) + WORD + bytes(90)
CARRIERS = {
    "description": changed(profile(), desc=TEXTS), "copyright": changed(profile(), cprt=TEXTS),
    "old description": changed(profile(), desc=OLD),
    **{name: changed(profile(), **{name: data}) for name, data in {
        "dmnd": TEXTS, "dmdd": OLD, "targ": b"text" + bytes(4) + WORD, "tech": b"sig " + WORD,
        "mmod": b"mmod" + WORD, "vcgt": b"vcgt" + WORD * 3, "meta": b"dict" + WORD,
        "prIv": b"text" + bytes(4) + WORD, "chrm": b"chrm" + bytes(4) + WORD * 3,
        "calt": b"dtim" + WORD * 2, "ncl2": b"ncl2" + WORD * 9, "B2A0": b"mft2" + WORD * 9,
        "kTRC": b"curv\0\0\0\0\0\0\0\4" + WORD, "zq7f": b"text" + bytes(4) + WORD}.items()},
    "spelled code points": changed(profile(), cicp=b"cicp" + bytes(4) + WORD),
    **{f"behind {name}": changed(profile(), **{name: tags_of(profile())[name.encode()] + WORD})
       for name in ("wtpt", "chad", "rXYZ", "gTRC", "desc")},
    "reserved in a point": changed(profile(), wtpt=b"XYZ " + WORD[:4] + bytes(12) + WORD),
    "behind a curve of numbers": changed(profile(), rTRC=CURVE + WORD),
    **{f"behind a table, {name}": changed(whole, A2B0=tags_of(whole)[b"A2B0"] + WORD)
       for name, whole in WHOLE.items() if name[:3] in ("mft", "mAB")},
    "between the parts of a table": changed(
        with_table(b"mAB ", b"RGB "), A2B0=tags_of(with_table(b"mAB ", b"RGB "))[b"A2B0"].replace(
            UNIT + bytes(12), UNIT + bytes(12) + WORD, 1)),
}


@pytest.mark.parametrize("name", CARRIERS)
def test_a_word_in_any_place_is_gone(name):
    whole = CARRIERS[name]
    assert WORD in whole or WIDE in whole
    try:
        cleaned = clean_profile(whole)
    except RefusedError:
        assert name == "between the parts of a table"  # whose offsets are wrong then
        return
    assert not found_in(cleaned)
    assert set(tags_of(cleaned)) <= set(tags_of(profile())) | {b"A2B0"} - {b"chrm"}


@pytest.mark.parametrize("at", [4, 40, 44, 48, 52, 56, 80, 84, 88, 100, 120])
def test_what_a_header_says_besides_colours_is_gone(at):
    assert clean_profile(spelled(at, 4)) == clean_profile(profile())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_each_format_has_it_cleaned(kind):
    content = saved(picture(), kind, icc_profile=changed(profile(), desc=TEXTS))
    if kind == "PNG":
        assert not found_in(saved(picture(), kind))
    assert is_silent(content)
    assert looks_of(content, PIXELS).has_profile


BROKEN = {
    "cut": profile()[:-40], "no colours of a picture": spelled(16, 4), "no class": spelled(12, 4),
    "no space between": spelled(20, 4), "curve cut short": changed(profile(), rTRC=CURVE[:-4]),
    "curve of another kind": changed(profile(), rTRC=b"zzzz" + CURVE[4:]),
    "point cut short": changed(profile(), wtpt=b"XYZ " + bytes(8)),
    "tag beyond the end": profile()[:140] + b"\x7f" + profile()[141:],
    **{f"{kind.decode()} cut short": changed(
        with_table(kind, b"RGB "), A2B0=looked_up(kind, 3)[:length])
       for kind, length in ((b"mft1", 700), (b"mft2", 70), (b"mAB ", 30), (b"mAB ", 150))},
    "table of another kind": changed(profile(), A2B0=b"zzzz" + looked_up(b"mft1", 3)[4:]),
    "table of many colours": changed(profile(), A2B0=struct.pack(">4s4xBBBx", b"mft1", 9, 3, 2)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_whole_is_refused(name):
    with pytest.raises(RefusedError, match="colour profile"):
        clean_profile(BROKEN[name])
