"""WebP keeps its looks and nothing else."""

from __future__ import annotations

import struct

import pytest
from canaries import PIXELS, WORD, exif_with, is_silent, picture, profile, saved

from imagelib.publishing.cleaning import RefusedError, clean
from imagelib.publishing.cleaning.verifying import looks_of


def chunk(kind: bytes, data: bytes, filler: bytes = b"\0") -> bytes:
    return struct.pack("<4sI", kind, len(data)) + data + filler * (len(data) & 1)


def riff(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WEBP") + body


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at + 4:at + 8], "little")
        found.append((data[at:at + 4], data[at + 8:at + 8 + length]))
        at += 8 + length + (length & 1)
    return found


def parts_of(content: bytes) -> list[tuple[bytes, bytes]]:
    return chunks(content[12:])


LOSSY = saved(picture(), "WEBP", quality=80)
LOSSLESS = saved(picture("RGBA"), "WEBP", lossless=True)
TRANSPARENT = saved(picture("RGBA"), "WEBP", quality=80)
ANIMATED = saved(picture(), "WEBP", save_all=True, duration=[40, 70, 90], loop=2, quality=80,
                 append_images=[picture("RGBA", seed=2), picture(seed=3)])
KINDS = {"lossy": LOSSY, "lossless": LOSSLESS, "transparent": TRANSPARENT, "animated": ANIMATED}
EXIF, XMP, ICC = 0x08, 0x04, 0x20


def extended(base: bytes, flags: int, *more: bytes, first: bytes = b"", behind: bytes = b"",
             reserved: bytes = bytes(3)) -> bytes:
    """*base* of the extended kind, with further chunks in front of its pixels and behind them."""
    found = parts_of(base)
    if found[0][0] == b"VP8X":
        head = found.pop(0)[1]
    else:
        width, height = looks_of(base, PIXELS).size
        alpha = 0x10 if base is LOSSLESS else 0
        head = (bytes((alpha, 0, 0, 0)) + (width - 1).to_bytes(3, "little")
                + (height - 1).to_bytes(3, "little"))
    head = bytes((head[0] | flags,)) + reserved + head[4:]
    return riff(chunk(b"VP8X", head), first, *(chunk(*part) for part in found), *more) + behind


def inside(base: bytes, change, kinds: tuple[bytes, ...]) -> bytes:
    """*base* with the streams of some *kinds* passed through *change*, also those of frames."""
    def walked(parts: list[tuple[bytes, bytes]]) -> bytes:
        return b"".join(
            chunk(kind, data[:16] + walked(chunks(data[16:]))) if kind == b"ANMF"
            else chunk(kind, change(data) if kind in kinds else data) for kind, data in parts)
    return riff(walked(parts_of(base)))


def first_partition(data: bytes) -> bytes:
    """A VP8 frame with the word behind its first partition, which states its length."""
    tag = int.from_bytes(data[:3], "little")
    size = tag >> 5
    return ((tag & 31 | (size + 16) << 5).to_bytes(3, "little") + data[3:10 + size] + WORD * 2
            + data[10 + size:])


CARRIERS = {
    "Exif": lambda base: extended(base, EXIF, chunk(b"EXIF", exif_with(WORD))),
    "Exif with a prefix": lambda base: extended(
        base, EXIF, chunk(b"EXIF", b"Exif\0\0" + exif_with(WORD, 6))),
    "Exif that is not announced": lambda base: extended(base, 0, chunk(b"EXIF", exif_with(WORD))),
    "XMP": lambda base: extended(base, XMP, chunk(b"XMP ", b"<x>" + WORD)),
    "C2PA": lambda base: extended(base, 0, chunk(b"C2PA", WORD)),
    "unknown": lambda base: extended(base, 0, chunk(b"zzzz", WORD)),
    "unknown before the pixels": lambda base: extended(base, 0, first=chunk(b"zzzz", WORD)),
    "name of a chunk": lambda base: extended(base, 0, chunk(WORD[:4], WORD)),
    "second profile": lambda base: extended(
        base, ICC, first=chunk(b"ICCP", profile()) + chunk(b"ICCP", WORD)),
    "profile that is not announced": lambda base: extended(
        base, 0, first=chunk(b"ICCP", profile() + WORD)),
    "behind the profile": lambda base: extended(
        base, ICC, first=chunk(b"ICCP", profile() + WORD)),
    "no profile": lambda base: extended(base, ICC, first=chunk(b"ICCP", WORD * 40)),
    "long header": lambda base: riff(
        chunk(b"VP8X", parts_of(extended(base, 0))[0][1] + WORD), *(
            chunk(*part) for part in parts_of(extended(base, 0))[1:])),
    "behind the file": lambda base: base + WORD,
    "chunk behind the file": lambda base: base + chunk(b"EXIF", WORD),
    "behind the pixels": lambda base: inside(base, lambda data: data + WORD * 2,
                                             (b"VP8 ", b"VP8L")),
    "far behind the pixels": lambda base: inside(base, lambda data: data + WORD * 300,
                                                 (b"VP8 ", b"VP8L")),
}
REFUSED = {"no profile", "long header"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CARRIERS)
def test_a_word_in_any_place_is_gone(kind, name):
    assert is_silent(CARRIERS[name](KINDS[kind])) is (name not in REFUSED)


@pytest.mark.parametrize("kind", ["lossy", "transparent", "animated"])
def test_a_word_behind_the_first_partition_is_gone(kind):
    assert is_silent(inside(KINDS[kind], first_partition, (b"VP8 ",)))


@pytest.mark.parametrize("kind", ["transparent", "animated"])
def test_a_word_behind_the_transparency_is_gone(kind):
    assert is_silent(inside(KINDS[kind], lambda data: data + WORD * 2, (b"ALPH",)))


def test_a_word_behind_plain_transparency_is_gone():
    width, height = looks_of(TRANSPARENT, PIXELS).size
    plain = bytes(range(200)) * 6
    assert is_silent(inside(TRANSPARENT, lambda _: b"\0" + plain[:width * height] + WORD,
                            (b"ALPH",)))


@pytest.mark.parametrize("kind", [b"EXIF", b"XMP ", b"zzzz"])
def test_a_word_between_the_pixels_of_a_frame_is_gone(kind):
    parts = [chunk(name, data + chunk(kind, WORD) if name == b"ANMF" else data)
             for name, data in parts_of(ANIMATED)]
    assert is_silent(riff(*parts))


def test_reserved_bits_and_fillers_are_zero():
    dirty = extended(LOSSY, 0xC1, chunk(b"zzz1", b"a"), reserved=b"abc")
    frames = [chunk(kind, data[:15] + bytes((data[15] | 0xFC,)) + data[16:] if kind == b"ANMF"
                    else data) for kind, data in parts_of(ANIMATED)]
    odd = riff(chunk(b"VP8 ", parts_of(LOSSY)[0][1] + bytes(len(parts_of(LOSSY)[0][1]) % 2 + 1),
                     b"z"))
    assert clean(dirty).content == clean(LOSSY).content
    assert clean(riff(*frames)).content == clean(ANIMATED).content
    assert b"z" not in clean(odd).content[-1:]


@pytest.mark.parametrize("partitions", [1, 2, 3])
def test_pictures_in_several_partitions_keep_their_looks(partitions):
    whole = saved(picture(size=(90, 120)), "WEBP", quality=70)
    ((_, data),) = parts_of(whole)
    assert clean(riff(chunk(b"VP8 ", data + bytes(partitions)))).content
    assert looks_of(clean(whole).content, PIXELS) == looks_of(whole, PIXELS)


DRAWN = {
    **KINDS, "profile": saved(picture(), "WEBP", icc_profile=profile()),
    "flat": saved(picture(size=(1, 1)).resize((64, 64)), "WEBP", lossless=True),
    "lossy flat": saved(picture(size=(1, 1)).resize((64, 64)), "WEBP"),
    "one pixel": saved(picture(size=(1, 1)), "WEBP", lossless=True),
    "one lossy pixel": saved(picture(size=(1, 1)), "WEBP"),
    "lossless animation": saved(picture(), "WEBP", save_all=True, lossless=True,
                                append_images=[picture(seed=2)]),
    "large": saved(picture("RGBA", (300, 200)), "WEBP", quality=50),
}


@pytest.mark.parametrize("name", DRAWN)
def test_its_looks_stay(name):
    cleaned = clean(DRAWN[name]).content
    assert looks_of(cleaned, PIXELS) == looks_of(DRAWN[name], PIXELS)
    assert clean(cleaned).content == cleaned


@pytest.mark.parametrize("kind", KINDS)
def test_an_orientation_that_no_browser_goes_by_turns_nothing(kind):
    content = extended(KINDS[kind], EXIF, chunk(b"EXIF", exif_with(WORD, 6)))
    assert is_silent(content)
    assert looks_of(content, PIXELS).orientation == 1
    assert clean(content).content == clean(KINDS[kind]).content


BROKEN = {
    "cut in half": LOSSY[:len(LOSSY) // 2], "cut inside": riff(LOSSY[12:-30]),
    "pixels cut short": inside(LOSSY, lambda data: data[:-60], (b"VP8 ",)),
    "lossless pixels cut short": inside(LOSSLESS, lambda data: data[:-60], (b"VP8L",)),
    "transparency cut short": inside(TRANSPARENT, lambda data: data[:-60], (b"ALPH",)),
    "no pixels": riff(), "no frames": extended(LOSSY, 2),
    "two pictures": riff(LOSSY[12:], LOSSY[12:]), "chunk cut short": riff(LOSSY[12:], b"EXIF"),
    "canvas of another size": extended(LOSSY, 0).replace(b"\x27\0\0\x1d\0\0", b"\x28\0\0\x1d\0\0"),
    "frame outside": riff(*(chunk(kind, b"\x09" + data[1:] if kind == b"ANMF" else data)
                            for kind, data in parts_of(ANIMATED))),
    "no start code": inside(LOSSY, lambda data: data[:3] + b"abc" + data[6:], (b"VP8 ",)),
    "frame cut short": riff(*(chunk(kind, data[:9] if kind == b"ANMF" else data)
                              for kind, data in parts_of(ANIMATED))),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_whole_is_refused(name):
    with pytest.raises(RefusedError, match=r"cannot be cleaned: .+\. Publish it"):
        clean(BROKEN[name])
