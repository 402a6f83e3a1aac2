"""Numbers, flags and reserved bits that no look depends on are the same in all cleaned files."""

from __future__ import annotations

import struct

import pytest
import test_cleaning_avif as avif
import test_cleaning_gif as gif
import test_cleaning_jpeg as jpeg
import test_cleaning_png as png
import test_cleaning_webp as webp
from canaries import exif_with, picture, saved

from imagelib.publishing.cleaning import RefusedError, clean
from imagelib.publishing.cleaning.av1 import clean_units
from imagelib.publishing.cleaning.turning import orientation_of

MASTERED = struct.pack(">8H", *[35400, 14600, 8500, 39850, 6550, 2300, 15635, 16450])
#: Chunks of PNG that are dropped, as their values are none that a look could have.
CHUNKS = {
    "range": (b"cICP", b"\x09\x10\0f"), "matrix": (b"cICP", b"\x09\x10f\1"),
    "intent": (b"sRGB", b"f"), "gamma": (b"gAMA", b"foxs"),
    "colours of a screen": (b"mDCV", b"foxes at night  " + struct.pack(">II", 10**7, 50)),
    "colours of a screen in capitals": (
        b"mDCV", b"FOXES AT NIGHT  " + struct.pack(">II", 10**7, 50)),
    "colours of a screen, wide": (
        b"mDCV", "foxesatn".encode("utf-16-be") + struct.pack(">II", 10**7, 50)),
    "colours": (b"cHRM", "foxesatn".encode("utf-32-be")),
    "light of a screen": (b"mDCV", MASTERED + b"foxs" + bytes(4)),
    "light": (b"cLLI", b"foxs" + bytes(4)), "unit": (b"pHYs", struct.pack(">II", 9, 9) + b"f"),
    "significant bits": (b"sBIT", b"fox"), "background": (b"bKGD", b"foxfox"),
}


@pytest.mark.parametrize("name", CHUNKS)
def test_a_chunk_with_a_value_that_none_has_is_dropped(name):
    assert clean(png.with_chunk(*CHUNKS[name])).content == clean(png.PLAIN).content


def test_transparency_between_colours_that_are_used_says_nothing():
    image = picture("P")
    image.putdata([2 * index for index in image.get_flattened_data()])
    image.putpalette(bytes(range(256)) * 3)
    given = bytes([0, *[102, 255] * 20])
    base = saved(image, "PNG")
    made = dict(png.chunks(clean(png.with_chunk(b"tRNS", given, base=base)).content))
    assert made[b"tRNS"][0] == 0
    assert 102 not in made[b"tRNS"]


def spelled_jpeg(start: bytes, at: int, data: bytes, base: bytes = jpeg.BASELINE) -> bytes:
    place = base.index(start) + at
    return base[:place] + data + base[place + len(data):]


def spelled_gif(start: bytes, at: int, change, base: bytes = gif.ANIMATED) -> bytes:
    place = base.index(start) + at
    return base[:place] + bytes((change(base[place]),)) + base[place + 1:]


def other_flags(data: bytes) -> bytes:
    """The transparency of a WebP with its reserved bits and those of its making set."""
    return bytes((data[0] | 0xF0,)) + data[1:]


ADOBE = b"Adobe\0\x64\0\0\0\0\1"
SCAN = jpeg.BASELINE.index(jpeg.SOS) - jpeg.BASELINE.index(jpeg.SOF)
FRAME, CONTROL = b",\0\0\0\0\x28\0\x1e\0", b"!\xf9\4"
OWN = saved(picture(), "GIF", save_all=True, duration=50, include_color_table=True,
            append_images=[picture(seed=2)])


def spelled_avif(*path: bytes, at: int = 1, data: bytes = b"fox") -> bytes:
    """An AVIF with letters in a box that begins there."""
    start = avif.place(avif.TRANSPARENT, *path)[-1][0] + at
    return avif.TRANSPARENT[:start] + data + avif.TRANSPARENT[start + len(data):]


NCLX = avif.box(b"colr", b"nclx" + struct.pack(">HHHB", 1, 13, 6, 0x80))
#: Files that differ in what no look depends on.
SAME = {
    "version of JFIF": (spelled_jpeg(b"JFIF\0", 6, b"f"), jpeg.BASELINE),
    "density of JFIF": (spelled_jpeg(b"JFIF\0", 8, b"foxs"), jpeg.BASELINE),
    "unit of JFIF": (spelled_jpeg(b"JFIF\0", 7, b"f"), jpeg.BASELINE),
    "versions of Adobe": (jpeg.with_segment(0xEE, b"Adobefoxes\0\1"),
                          jpeg.with_segment(0xEE, ADOBE)),
    "selection of a scan": (spelled_jpeg(jpeg.SOS, 11, b"fox"), jpeg.BASELINE),
    "fillers before a restart": (jpeg.RESTARTS.replace(b"\xff\xd1", b"\xff\xff\xff\xd1", 1),
                                 jpeg.RESTARTS),
    "orientation of none": (jpeg.with_segment(0xE1, b"Exif\0\0" + exif_with(b"", 0x666F)),
                            jpeg.BASELINE),
    "making of transparency": (webp.inside(webp.TRANSPARENT, other_flags, (b"ALPH",)),
                               webp.TRANSPARENT),
    "scale of VP8": (webp.inside(webp.LOSSY, lambda data: data[:7] + bytes((data[7] | 0xC0,))
                                 + data[8:], (b"VP8 ",)), webp.LOSSY),
    "background of an animation": (
        webp.inside(webp.ANIMATED, lambda data: b"foxs" + data[4:], (b"ANIM",)), webp.ANIMATED),
    "transparency that VP8L has itself": (
        webp.extended(webp.LOSSLESS, 0, first=webp.chunk(b"ALPH", b"\0" + bytes(1200))),
        webp.LOSSLESS),
    "reserved flags of a frame": (spelled_gif(FRAME, 9, lambda flags: flags | 0x18), gif.ANIMATED),
    "sorted flag and size of no palette": (
        spelled_gif(FRAME, 9, lambda flags: flags | 0x27), gif.ANIMATED),
    "reserved flags of timing": (spelled_gif(CONTROL, 3, lambda flags: flags | 0xE0), gif.ANIMATED),
    "index that is not transparent": (spelled_gif(CONTROL, 6, lambda _: 102), gif.ANIMATED),
    "shape of pixels": (gif.ANIMATED[:12] + b"f" + gif.ANIMATED[13:], gif.ANIMATED),
    **{f"flags of {path[-1].decode()}": (spelled_avif(*path), avif.TRANSPARENT) for path in (
        (b"meta",), *((b"meta", name) for name in (b"hdlr", b"pitm", b"iloc", b"iinf", b"iref")))},
    "flags of an item": (spelled_avif(b"meta", b"iinf", b"infe", data=b"fof"), avif.TRANSPARENT),
    "protection of an item": (spelled_avif(b"meta", b"iinf", b"infe", at=6, data=b"fo"),
                              avif.TRANSPARENT),
    "minor version": (avif.PLAIN[:12] + b"foxs" + avif.PLAIN[16:], avif.PLAIN),
    "reserved of code points": (avif.grown(avif.PLAIN, NCLX[:-1] + b"\xe6", b"meta", b"iprp",
                                           b"ipco"),
                                avif.grown(avif.PLAIN, NCLX, b"meta", b"iprp", b"ipco")),
}


@pytest.mark.parametrize("name", SAME)
def test_what_no_look_depends_on_is_the_same_in_all(name):
    spelled, plain = SAME[name]
    assert spelled != plain
    assert clean(spelled).content == clean(plain).content


def test_a_gif_without_a_common_palette_has_no_flags_and_no_background_of_it():
    head = OWN[6:13]
    size = gif.palette_end(OWN)
    bare = b"GIF89a" + head[:4] + bytes((head[4] & 0x70, 0, 0)) + OWN[size:]
    said = b"GIF89a" + head[:4] + bytes((head[4] & 0x70 | 0x0F, 102, 0)) + OWN[size:]
    assert clean(said).content == clean(bare).content


def test_colours_of_a_frames_own_palette_that_no_pixel_has_become_black():
    start = OWN.index(b",", gif.palette_end(OWN))
    while not OWN[start + 9] & 0x80:
        start = OWN.index(b",", start + 1)
    count = 2 << (OWN[start + 9] & 7)
    before = clean(OWN).content
    place = before.index(b",\0\0\0\0\x28\0\x1e\0" + OWN[start + 9:start + 10]) + 10
    black = [index for index in range(count)
             if before[place + 3 * index:place + 3 * index + 3] == bytes(3)]
    assert black
    spelled = bytearray(OWN)
    for index in black:
        spelled[start + 10 + 3 * index:start + 13 + 3 * index] = b"fox"
    assert clean(bytes(spelled)).content == before


def test_the_name_of_a_handler_and_groups_of_no_alternatives_say_nothing():
    ((_, _), (start, _)) = avif.place(avif.PLAIN, b"meta", b"hdlr")
    spelled = avif.PLAIN[:start + 4] + b"foxs" + avif.PLAIN[start + 8:]
    assert clean(spelled).content == clean(avif.PLAIN).content
    group = avif.box(b"grpl", avif.box(b"foxs", struct.pack(">4xIII", 7, 1, 1)))
    assert b"foxs" not in clean(avif.grown(avif.PLAIN, group, b"meta")).content


def test_an_extended_webp_has_no_reserved_bytes():
    content = clean(webp.extended(webp.LOSSY, webp.XMP, webp.chunk(b"XMP ", b"<x>"),
                                  reserved=b"fox"), label=True).content
    assert content[12:20] == b"VP8X\x0a\0\0\0"
    assert content[20:24] == b"\4\0\0\0"


def test_reserved_bits_of_units_and_light_of_another_length_say_nothing():
    assert clean_units(b"\x0b\3abc") == b"\x0a\3abc"
    assert b"fox" not in clean_units(avif.unit(5, b"\1foxes at night"))


@pytest.mark.parametrize("spelled", [
    png.with_chunk(b"tRNS", b"foxfox"),
    png.changed(b"acTL", lambda data: data[:4] + b"\xf0oxs", base=png.ANIMATED)])
def test_what_a_look_would_depend_on_is_refused(spelled):
    with pytest.raises(RefusedError):
        clean(spelled)


@pytest.mark.parametrize("value", [0, 9, 0x666F, 0xFFFF])
def test_an_orientation_that_is_none_turns_nothing(value):
    assert orientation_of(exif_with(b"", value)) == 1
