"""GIF keeps its looks and nothing else."""

from __future__ import annotations

import pytest
from canaries import PIXELS, WORD, found_in, is_silent, picture, saved

from imagelib.publishing.cleaning import RefusedError, clean
from imagelib.publishing.cleaning.verifying import looks_of

STILL = saved(picture("P"), "GIF")
ANIMATED = saved(picture("P"), "GIF", save_all=True, duration=[40, 70, 90], loop=2, disposal=2,
                 append_images=[picture("P", seed=2), picture("P", seed=3)])
KINDS = {"still": STILL, "animated": ANIMATED}


def palette_end(base: bytes) -> int:
    return 13 + (3 << (base[10] & 7) + 1 if base[10] & 0x80 else 0)


def block(data: bytes) -> bytes:
    return bytes((len(data),)) + data


def first(data: bytes):
    """Puts *data* before the first block."""
    return lambda base: base[:palette_end(base)] + data + base[palette_end(base):]


def last(data: bytes):
    return lambda base: base[:-1] + data + b";"


def behind_pixels(data: bytes):
    """Puts *data* into the stream of the last frame, behind its end."""
    return lambda base: base[:-2] + block(data) + b"\0;"


def unused_colours(base: bytes) -> bytes:
    """A palette twice as long, its second half of words."""
    size = palette_end(base) - 13
    more = (WORD * 100)[:size]
    return base[:10] + bytes((base[10] + 1,)) + base[11:13 + size] + more + base[13 + size:]


CARRIERS = {
    "comment": first(b"!\xfe" + block(WORD) + b"\0"), "last comment": last(
        b"!\xfe" + block(WORD) + b"\0"),
    "long comment": first(b"!\xfe" + block(WORD * 20) * 5 + b"\0"),
    "text to be drawn": first(b"!\x01" + block(bytes(12)) + block(WORD) + b"\0"),
    "XMP": first(b"!\xff\x0bXMP DataXMP" + block(WORD) + b"\0"),
    "profile": first(b"!\xff\x0bICCRGBG1012" + block(WORD) + b"\0"),
    "name of an application": first(b"!\xff\x0b" + WORD + b"abc" + block(b"a") + b"\0"),
    "long loop": first(b"!\xff\x0bNETSCAPE2.0" + block(b"\1\0\0" + WORD) + b"\0"),
    "behind the loop": first(b"!\xff\x0bNETSCAPE2.0\3\1\2\0" + block(WORD) + b"\0"),
    "loop of another kind": first(b"!\xff\x0bNETSCAPE2.0" + block(b"\2" + WORD) + b"\0"),
    "unknown extension": first(b"!\x77" + block(WORD) + b"\0"),
    "behind the end": lambda base: base + WORD,
    "file behind the end": lambda base: base + STILL[:-1] + WORD,
    "behind the pixels": behind_pixels(WORD), "far behind the pixels": behind_pixels(WORD * 30),
    "long timing": first(b"!\xf9" + block(bytes(4) + WORD) + b"\0"),
    "colours that no pixel has": unused_colours,
    "between blocks": first(WORD),
}
REFUSED = {"long timing", "between blocks"}
#: It takes the first loop that it meets, also one that is none, or fails.
OWN_LOOP = {"long loop", "behind the loop", "loop of another kind"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CARRIERS)
def test_a_word_in_any_place_is_gone(kind, name):
    content = CARRIERS[name](KINDS[kind])
    if name in OWN_LOOP:
        cleaned = clean(content).content
        assert not found_in(cleaned)
        assert looks_of(cleaned, PIXELS).frames == looks_of(KINDS[kind], PIXELS).frames
    else:
        assert is_silent(content) is (name not in REFUSED)


DRAWN = {
    **KINDS, "grey": saved(picture("L"), "GIF"), "two colours": saved(picture("1"), "GIF"),
    "transparent": saved(picture("P"), "GIF", transparency=2),
    "one pixel": saved(picture("P", (1, 1)), "GIF"),
    "noise": saved(picture("L", (200, 300)), "GIF"),
    "interlaced": saved(picture("P"), "GIF", interlace=True),
    "own palettes": saved(picture(), "GIF", save_all=True, duration=50, include_color_table=True,
                          append_images=[picture(seed=2)]),
    "other disposal": saved(picture("P"), "GIF", save_all=True, disposal=[0, 3, 1], duration=30,
                            append_images=[picture("P", seed=2), picture("P", seed=4)]),
}


@pytest.mark.parametrize("name", DRAWN)
def test_its_looks_stay(name):
    cleaned = clean(DRAWN[name]).content
    assert looks_of(cleaned, PIXELS) == looks_of(DRAWN[name], PIXELS)
    assert clean(cleaned).content == cleaned


def moved(at: int, value: int, frame: int) -> bytes:
    """The animation with another number in the place of a *frame*."""
    start = -1
    for _ in range(frame + 1):
        start = ANIMATED.index(b",\0\0\0\0\x28\0\x1e\0", start + 1)
    return ANIMATED[:start + at] + bytes((value,)) + ANIMATED[start + at + 1:]


BROKEN = {
    **{f"frame {frame} beyond the {side}": moved(at, 1, frame)
       for frame in range(3) for side, at in (("right", 1), ("bottom", 3), ("far right", 2))},
    "screen smaller than its frame": STILL[:6] + b"\x27" + STILL[7:],
    "cut in the pixels": STILL[:-40], "no end": STILL[:-1], "no pixels": STILL[:palette_end(STILL)]
    + b";", "cut in the palette": STILL[:30], "header alone": STILL[:6],
    "frame cut short": STILL[:palette_end(STILL)] + b",\0\0",
    "pixels that stop": STILL[:-60] + b"\0;",
    "no width": STILL.replace(b",\0\0\0\0\x28\0", b",\0\0\0\0\0\0"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_whole_is_refused(name):
    with pytest.raises(RefusedError, match=r"cannot be cleaned: .+\. Publish it"):
        clean(BROKEN[name])
