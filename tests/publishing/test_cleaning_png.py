"""PNG and APNG keep their looks and nothing else."""

from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
from canaries import PIXELS, WORD, exif_with, found_in, is_silent, picture, profile, saved
from PIL import Image

from imagelib.publishing.cleaning import RefusedError, clean
from imagelib.publishing.cleaning.profile import clean_profile
from imagelib.publishing.cleaning.verifying import looks_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PLAIN = saved(picture(), "PNG")
INDEXED = saved(picture("P"), "PNG", transparency=3)
ANIMATED = saved(picture(), "PNG", save_all=True, duration=[40, 70, 90], loop=2,
                 append_images=[picture(seed=2), picture(seed=3)])


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data), kind) + data + struct.pack(">I", zlib.crc32(kind + data))


def chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        found.append((kind, content[at + 8:at + 8 + length]))
        at += 12 + length
    return found


def png(parts: list[tuple[bytes, bytes]]) -> bytes:
    return SIGNATURE + b"".join(chunk(*part) for part in parts)


def with_chunk(kind: bytes, data: bytes, *, base: bytes = PLAIN, before: bytes = b"IDAT") -> bytes:
    parts = chunks(base)
    place = [name for name, _ in parts].index(before)
    return png([*parts[:place], (kind, data), *parts[place:]])


def changed(kind: bytes, change, *, base: bytes = PLAIN) -> bytes:
    """*base* with the content of each chunk of a kind passed through *change*."""
    return png([(name, change(data) if name == kind else data) for name, data in chunks(base)])


def more_rows(data: bytes) -> bytes:
    return zlib.compress(zlib.decompress(data) + bytes(1) + WORD * 20)


def iccp(name: bytes = b"icc", inside: bytes | None = None, behind: bytes = b"") -> bytes:
    return name + b"\0\0" + zlib.compress(profile() if inside is None else inside) + behind


def gap_in_profile() -> bytes:
    """A profile that lies apart from its tags, the word between."""
    whole = profile()
    count = int.from_bytes(whole[128:132], "big")
    start = 132 + 12 * count
    table = b"".join(
        whole[at:at + 4] + struct.pack(">I", int.from_bytes(whole[at + 4:at + 8], "big") + 16)
        + whole[at + 8:at + 12] for at in range(132, start, 12))
    return (struct.pack(">I", len(whole) + 16) + whole[4:132] + table + WORD * 2 + whole[start:])


def many_colours(seed: int = 1) -> bytes:
    """A picture whose palette has 256 colours and whose pixels have 16."""
    image = picture("P", seed=seed)
    image.putpalette(bytes(range(256)) * 3)
    return saved(image, "PNG")


def animated_indices() -> bytes:
    control = struct.pack(">4IHHBB", 40, 30, 0, 0, 1, 10, 0, 0)
    head, palette, pixels, end = chunks(many_colours())
    (second,) = (data for kind, data in chunks(many_colours(2)) if kind == b"IDAT")
    return png([head, (b"acTL", struct.pack(">II", 2, 0)), palette, (b"fcTL", bytes(4) + control),
                pixels, (b"fcTL", b"\0\0\0\1" + control), (b"fdAT", b"\0\0\0\2" + second), end])


CARRIERS = {
    "tEXt": with_chunk(b"tEXt", b"parameters\0" + WORD),
    "zTXt": with_chunk(b"zTXt", b"parameters\0\0" + zlib.compress(WORD)),
    "iTXt": with_chunk(b"iTXt", b"parameters\0\0\0\0\0" + WORD),
    "iTXt packed": with_chunk(b"iTXt", b"parameters\0\1\0\0\0" + zlib.compress(WORD)),
    "keyword": with_chunk(b"tEXt", WORD + b"\0fox"),
    "language": with_chunk(b"iTXt", b"a\0\0\0" + WORD + b"\0\0fox"),
    "XMP": with_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x>" + WORD + b"</x>"),
    "raw profile": with_chunk(b"tEXt", b"Raw profile type xmp\0\nxmp\n8\n" + WORD.hex().encode()),
    "eXIf": with_chunk(b"eXIf", exif_with(WORD)),
    "eXIf behind": with_chunk(b"eXIf", exif_with(WORD), before=b"IEND"),
    "text behind": with_chunk(b"tEXt", b"parameters\0" + WORD, before=b"IEND"),
    "caBX": with_chunk(b"caBX", WORD),
    "tIME": with_chunk(b"tIME", WORD),
    "sPLT": with_chunk(b"sPLT", WORD + b"\0\x08" + bytes(6)),
    "hIST": with_chunk(b"hIST", WORD),
    "iDOT": with_chunk(b"iDOT", WORD * 3),
    "oFFs": with_chunk(b"oFFs", WORD + b"\0"),
    "private": with_chunk(b"prIv", WORD),
    "private safe to copy": with_chunk(b"prIp", WORD),
    "hint of a palette": with_chunk(b"PLTE", WORD + b"!"),
    "long pHYs": with_chunk(b"pHYs", bytes(9) + WORD),
    "spelled pHYs": with_chunk(b"pHYs", WORD + b"\1"),
    "spelled cHRM": with_chunk(b"cHRM", WORD * 4),
    "long gAMA": with_chunk(b"gAMA", bytes(4) + WORD),
    "long sRGB": with_chunk(b"sRGB", bytes(1) + WORD),
    "long sBIT": with_chunk(b"sBIT", b"\x08\x08\x08" + WORD),
    "long cICP": with_chunk(b"cICP", b"\x09\x10\0\1" + WORD),
    "spelled mDCV": with_chunk(b"mDCV", WORD * 3),
    "long mDCV": with_chunk(b"mDCV", bytes(24) + WORD),
    "spelled cLLI": with_chunk(b"cLLI", WORD),
    "long bKGD": with_chunk(b"bKGD", bytes(6) + WORD),
    "spelled bKGD": with_chunk(b"bKGD", WORD[:6] + WORD[6:]),
    "long tRNS": with_chunk(b"tRNS", bytes(6) + WORD),
    "tRNS behind the palette": changed(b"tRNS", lambda data: data.ljust(16, b"\xff") + WORD,
                                       base=INDEXED),
    "long PLTE": changed(b"PLTE", lambda data: data.ljust(768, b"\0") + WORD + b"!", base=INDEXED),
    "colours that no pixel has": changed(b"PLTE", lambda data: data[:-240] + WORD * 30,
                                         base=many_colours()),
    "transparency of no pixel": with_chunk(b"tRNS", bytes([255]) * 200 + WORD,
                                           base=many_colours()),
    "colours that no frame has": changed(b"PLTE", lambda data: data[:-240] + WORD * 30,
                                         base=animated_indices()),
    "second iCCP": with_chunk(b"iCCP", iccp(inside=WORD), base=with_chunk(b"iCCP", iccp())),
    "name of iCCP": with_chunk(b"iCCP", iccp(name=WORD)),
    "behind the profile": with_chunk(b"iCCP", iccp(inside=profile() + WORD)),
    "behind the packed profile": with_chunk(b"iCCP", iccp(behind=WORD)),
    "between tags of the profile": with_chunk(b"iCCP", iccp(inside=gap_in_profile())),
    "reserved in the profile": with_chunk(
        b"iCCP", iccp(inside=profile()[:100] + WORD + profile()[108:])),
    "date of the profile": with_chunk(b"iCCP", iccp(inside=profile(WORD + bytes(4)))),
    "no profile": with_chunk(b"iCCP", iccp(inside=WORD * 30)),
    "behind IEND": PLAIN + WORD,
    "chunk behind IEND": PLAIN + chunk(b"tEXt", b"parameters\0" + WORD),
    "inside of IEND": changed(b"IEND", lambda _: WORD),
    "behind the packed pixels": changed(b"IDAT", lambda data: data + WORD),
    "chunk of nothing but slack": with_chunk(b"IDAT", WORD, before=b"IEND"),
    "rows below": changed(b"IDAT", more_rows),
    "IDAT behind other chunks": png([*chunks(PLAIN)[:-1], (b"tEXt", b"a\0b"), (b"IDAT", WORD),
                                     (b"IEND", b"")]),
    "wrong checksum of a text": PLAIN[:33] + chunk(b"tEXt", b"a\0" + WORD)[:-4] + b"abcd"
                                + PLAIN[33:],
    "critical chunk": with_chunk(b"PRIV", WORD),
    "frames of no animation": with_chunk(b"fdAT", bytes(4) + WORD, before=b"IEND"),
    "control of no animation": with_chunk(b"fcTL", bytes(18) + WORD),
    "text between frames": with_chunk(b"tEXt", b"a\0" + WORD, base=ANIMATED, before=b"fdAT"),
    "behind packed frames": changed(b"fdAT", lambda data: data + WORD, base=ANIMATED),
    "rows below frames": changed(b"fdAT", lambda data: data[:4] + more_rows(data[4:]),
                                 base=ANIMATED),
    "long acTL": changed(b"acTL", lambda data: data + WORD, base=ANIMATED),
    "long fcTL": changed(b"fcTL", lambda data: data + WORD, base=ANIMATED),
}
REFUSED = {"long tRNS", "long PLTE", "no profile", "IDAT behind other chunks", "critical chunk",
           "long acTL", "long fcTL"}
#: Browsers show them all the same.
NOT_BY_PILLOW = {"wrong checksum of a text", "frames of no animation", "control of no animation"}


@pytest.mark.parametrize("name", CARRIERS)
def test_a_word_in_any_place_is_gone(name):
    like = PLAIN if name in NOT_BY_PILLOW else None
    assert is_silent(CARRIERS[name], like=like) is (name not in REFUSED)


DRAWN = {
    **{mode: saved(picture(mode), "PNG") for mode in ("RGB", "RGBA", "L", "LA", "P", "1")},
    "16 bits": saved(picture("L").convert("I;16"), "PNG"), "indexed": INDEXED,
    "one transparent colour": saved(picture(), "PNG", transparency=(1, 2, 3)),
    "four colours": saved(picture("P").quantize(4), "PNG", bits=2),
    "one pixel": saved(picture(size=(1, 1)), "PNG"), "animated": ANIMATED,
    "default picture": saved(picture(), "PNG", save_all=True, default_image=True,
                             append_images=[picture(seed=2), picture(seed=3)]),
}


@pytest.mark.parametrize("name", DRAWN)
def test_its_looks_stay(name):
    cleaned = clean(DRAWN[name]).content
    assert looks_of(cleaned, PIXELS) == looks_of(DRAWN[name], PIXELS)
    assert {kind for kind, _ in chunks(cleaned)} <= {
        b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"}


PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
          (0, 1, 1, 2))


def interlaced(width: int, height: int, behind: bytes = b"") -> bytes:
    """Grey, in the seven passes of Adam7."""
    rows = b"".join(
        b"\0" + bytes((x * 7 + y * 13) % 256 for x in range(left, width, across))
        for left, top, across, down in PASSES for y in range(top, height, down) if left < width)
    return png([(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 1)),
                (b"IDAT", zlib.compress(rows + behind)), (b"IEND", b"")])


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 5), (8, 8), (9, 17), (33, 2)])
def test_interlaced_pictures_are_measured_by_their_passes(size):
    assert clean(interlaced(*size)).content == interlaced(*size)
    assert is_silent(interlaced(*size, WORD), like=interlaced(*size))


def test_a_large_picture_with_rows_below_is_packed_anew():
    plain = saved(picture(size=(900, 1200)), "PNG")
    rows = zlib.decompress(b"".join(data for kind, data in chunks(plain) if kind == b"IDAT"))
    parts = [part for part in chunks(plain) if part[0] != b"IDAT"]
    content = png([parts[0], (b"IDAT", zlib.compress(rows + WORD * 9)), *parts[1:]])
    cleaned = clean(content).content
    inside = b"".join(data for kind, data in chunks(cleaned) if kind == b"IDAT")
    assert zlib.decompress(inside) == rows


def test_what_colours_depend_on_stays():
    kept = {b"gAMA": struct.pack(">I", 45455), b"cICP": b"\x09\x10\0\1",
            b"cHRM": struct.pack(">8I", *[31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000]),
            b"sRGB": b"\0", b"pHYs": struct.pack(">IIB", 2835, 2835, 1), b"sBIT": b"\x08\x08\x08",
            b"bKGD": struct.pack(">3H", 255, 255, 255), b"cLLI": struct.pack(">II", 10**7, 10**6),
            b"mDCV": struct.pack(">8HII", *[35400, 14600, 8500, 39850, 6550, 2300, 15635, 16450],
                                 10**7, 50)}
    content = PLAIN
    for kind, data in kept.items():
        content = with_chunk(kind, data, base=content)
    assert dict(chunks(clean(content).content)).items() >= kept.items()


def test_the_profile_stays_under_a_name_of_ours():
    found = dict(chunks(clean(with_chunk(b"iCCP", iccp(b"My scanner"))).content))
    name, _, packed = found[b"iCCP"].partition(b"\0")
    assert (name, zlib.decompress(packed[1:])) == (b"icc", clean_profile(profile()))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("before", [b"IDAT", b"IEND"])
def test_the_orientation_stays_where_browsers_go_by_it(orientation, before):
    content = with_chunk(b"eXIf", exif_with(WORD, orientation), before=before)
    assert is_silent(content)
    if before == b"IEND":  # behind the pixels, where they know already how it lies
        orientation = 1
    assert looks_of(content, PIXELS).orientation == orientation
    assert looks_of(clean(content).content, PIXELS).orientation == orientation


BROKEN = {
    "cut in the pixels": PLAIN[:len(PLAIN) // 2], "no end": PLAIN[:-12],
    "pixels cut short": changed(b"IDAT", lambda data: data[:len(data) // 2]),
    "rows missing": changed(b"IDAT", lambda data: zlib.compress(zlib.decompress(data)[:-9])),
    "no pixels": png([part for part in chunks(PLAIN) if part[0] != b"IDAT"]),
    "length that lies": PLAIN[:8] + struct.pack(">I", 2**31) + PLAIN[12:],
    "wrong checksum of pixels": PLAIN[:-20] + bytes([PLAIN[-20] ^ 1]) + PLAIN[-19:],
    "no header": png(chunks(PLAIN)[1:]), "two headers": png([chunks(PLAIN)[0], *chunks(PLAIN)]),
    "no palette": png([part for part in chunks(INDEXED) if part[0] != b"PLTE"]),
    "depth that is none": changed(b"IHDR", lambda data: data[:8] + b"\3" + data[9:]),
    "fewer frames than stated": changed(b"acTL", lambda data: b"\0\0\0\x09" + data[4:],
                                        base=ANIMATED),
    "frame outside": changed(b"fcTL", lambda data: data[:4] + b"\0\0\1\0" + data[8:],
                             base=ANIMATED),
    "signature alone": SIGNATURE,
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_whole_is_refused(name):
    with pytest.raises(RefusedError, match=r"cannot be cleaned: .+\. Publish it"):
        clean(BROKEN[name])


#: Colour type and depth of pixels that are less than a byte.
SMALL = [(colour, depth) for colour in (0, 3) for depth in (1, 2, 4)]


def filtered(rows: list[bytes], kinds: list[int]) -> bytes:
    """*rows* with filters of these kinds in turn."""
    made, above = b"", bytes(len(rows[0]))
    for number, row in enumerate(rows):
        kind, packed = kinds[number % len(kinds)], bytearray()
        for at, one in enumerate(row):
            left, up, corner = (row[at - 1], above[at], above[at - 1]) if at else (0, above[at], 0)
            nearest = min((left, up, corner), key=lambda n: abs(left + up - corner - n))
            packed.append(one - (0, left, up, (left + up) // 2, nearest)[kind] & 255)
        made, above = made + bytes((kind,)) + bytes(packed), row
    return made


def small(colour: int, depth: int, width: int, spare: int, *, kinds: list[int],
          interlaced: bool = False, high: int = 9) -> bytes:
    """A picture of few bits a pixel, whose rows end with bits that are ones where *spare* has."""
    rng, parts = random.Random(5), b""
    values = [[rng.randrange(1 << depth) for _ in range(width)] for _ in range(high)]
    for left, top, across, down in PASSES if interlaced else ((0, 0, 1, 1),):
        rows = [row[left::across] for row in values[top::down] if row[left::across]]
        said = []
        for row in rows:
            bits = "".join(f"{value:0{depth}b}" for value in row)
            bits += f"{spare:08b}"[: -len(bits) % 8]
            said.append(int(bits, 2).to_bytes(len(bits) // 8, "big"))
        parts += filtered(said, kinds) if said else b""
    palette = [(b"PLTE", rng.randbytes(3 << depth))] if colour == 3 else []
    return png([(b"IHDR", struct.pack(">IIBBBBB", width, high, depth, colour, 0, 0, interlaced)),
                *palette, (b"IDAT", zlib.compress(parts)), (b"IEND", b"")])


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("width", [1, 5, 8, 13, 31])
@pytest.mark.parametrize(("colour", "depth"), SMALL)
def test_bits_behind_the_last_pixel_of_a_row_say_nothing(colour, depth, width, interlaced):
    made = {}
    for spare in (0, 0xAA, 0xFF):
        content = small(colour, depth, width, spare, kinds=[0, 1, 2, 3, 4], interlaced=interlaced)
        cleaned = clean(content).content
        assert looks_of(cleaned, PIXELS) == looks_of(content, PIXELS)
        assert clean(cleaned).content == cleaned
        made[spare] = dict(chunks(cleaned))
        if not spare:
            assert made[0][b"IDAT"] == dict(chunks(content))[b"IDAT"]  # as it was encoded
    inside = {spare: zlib.decompress(one[b"IDAT"]) for spare, one in made.items()}
    assert inside[0xAA] == inside[0xFF]
    assert looks_of(png(list(made[0].items())), PIXELS) == looks_of(
        png(list(made[0xFF].items())), PIXELS)


@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4])
def test_a_word_in_the_bits_behind_the_pixels_is_gone(kind):
    """Each row has seven of them."""
    bits = "".join(f"{byte:08b}" for byte in WORD).ljust(70, "0")
    rows = [bytes((number * 37 % 256, 128 | int(bits[at:at + 7], 2)))
            for number, at in enumerate(range(0, 70, 7))]

    def said(content: bytes) -> str:
        inside = zlib.decompress(dict(chunks(content))[b"IDAT"])
        with Image.open(io.BytesIO(changed(b"IHDR", lambda data: struct.pack(">I", 16) + data[4:],
                                           base=content))) as image:
            assert len(inside) == 30
            return "".join(str(image.getpixel((x, y)) & 1) for y in range(10) for x in range(9, 16))

    content = png([(b"IHDR", struct.pack(">IIBBBBB", 9, 10, 1, 0, 0, 0, 0)),
                   (b"IDAT", zlib.compress(filtered(rows, [kind]))), (b"IEND", b"")])
    assert said(content) == bits
    assert said(clean(content).content) == "0" * 70


def test_they_are_gone_from_each_frame():
    frames = [small(0, 4, 7, spare, kinds=[2]) for spare in (0, 0xFF, 0xFF)]
    control = struct.pack(">4IHHBB", 7, 9, 0, 0, 1, 10, 0, 0)
    head, first, end = chunks(frames[0])
    content = png([head, (b"acTL", struct.pack(">II", 3, 0)), (b"fcTL", bytes(4) + control), first,
                   *(part for number, frame in ((1, frames[1]), (3, frames[2])) for part in (
                       (b"fcTL", struct.pack(">I", number) + control),
                       (b"fdAT", struct.pack(">I", number + 1) + dict(chunks(frame))[b"IDAT"]))),
                   end])
    cleaned = clean(content).content
    assert looks_of(cleaned, PIXELS) == looks_of(content, PIXELS)
    for kind, data in chunks(cleaned):
        if kind == b"fdAT":
            rows = zlib.decompress(data[4:])
            assert {rows[at] for at in range(0, len(rows), 5)} == {0}
            assert not any(rows[at] & 15 for at in range(4, len(rows), 5))


def test_a_filter_that_there_is_not_is_refused():
    rows = b"".join(bytes((7, 9)) for _ in range(3))
    with pytest.raises(RefusedError, match="damaged"):
        clean(png([(b"IHDR", struct.pack(">IIBBBBB", 7, 3, 1, 0, 0, 0, 0)),
                   (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]))


def test_a_packed_bomb_behind_the_pixels_is_not_inflated():
    bomb = zlib.compress(zlib.decompress(dict(chunks(PLAIN))[b"IDAT"]) + bytes(10**8))
    assert len(clean(changed(b"IDAT", lambda _: bomb)).content) < 10**5
    assert not found_in(clean(PLAIN).content)
