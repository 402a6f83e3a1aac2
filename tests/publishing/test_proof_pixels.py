"""Withheld words that pixels say and nobody sees are found in what is about to be published."""

from __future__ import annotations

import contextlib
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from canaries import PIXELS, picture, saved
from PIL import Image as Pillow
from test_cleaning_avif import repacked
from test_cleaning_pixels import hiding
from test_cleaning_png import SIGNATURE, chunk
from test_proof import attempt

from imagelib.errors import BrokenPictureError
from imagelib.library.library import Library
from imagelib.publishing.cleaning import clean
from imagelib.publishing.cleaning.verifying import looks_of
from imagelib.publishing.proof.pictures import said_by
from imagelib.publishing.publication import LeakError

WORD = "zq7foxprompt"
TEXT = f"so says {WORD}, and more"


def leaks_in(folder: Path, pictures: list[Path]) -> set[str]:
    """The names of those of the pictures in whose published files the word is found.

    They are read again for what is withheld only later.
    """
    with Library.create(folder / "library") as library:
        files = {}
        for path in pictures:
            image = library.add(path).image
            files[f"images/{image.id}{path.suffix}"] = path.name
        attempt(library, folder / "first")
        library.edit(image.id, prompt_text=TEXT)
        found = []
        try:
            attempt(library, folder / "out")
        except LeakError as leak:
            found = leak.hits
        assert {hit.text for hit in found} <= {WORD}
        attempt(library, folder / "out", originals={"size": 2048, "format": "jpeg"})
        return {files[hit.file] for hit in found}


def leak_in(folder: Path, picture: Path) -> bool:
    """Whether the word is found in the published file of one picture."""
    return bool(leaks_in(folder, [picture]))


#: Which samples hide a text: their bands, by columns, from the other end of a byte, how many bits.
ORDERS = {
    "rows": ("RGB", False, False, 1), "columns": ("RGB", True, False, 1),
    "from the other end": ("RGB", False, True, 1), "one colour": ("G", False, False, 1),
    "another colour by columns": ("B", True, True, 1), "transparency": ("A", False, False, 1),
    "all four": ("RGBA", False, False, 1), "from blue": ("BGR", False, False, 1),
    "from blue by columns": ("BGR", True, True, 1), "two bits": ("RGB", False, False, 2),
    "two bits from the other end": ("RGB", False, True, 2), "two bits from blue": (
        "BGR", False, False, 2), "two bits of all four": ("RGBA", False, True, 2),
}


def hide(text: bytes, bands: str, by_columns: bool, backwards: bool, depth: int, seed: int = 3,
         ) -> Pillow.Image:
    """A picture that says *text* in the lowest bits of some *bands*, without any magic."""
    image = Pillow.frombytes("RGBA", (4, 3), random.Random(seed).randbytes(48)).resize((64, 48))
    image.putalpha(200)
    shifts = range(0, 8, depth) if backwards else range(8 - depth, -1, -depth)
    parts = [byte >> shift & (1 << depth) - 1 for byte in text for shift in shifts]
    places = [(x, y) for x in range(64) for y in range(48)] if by_columns else [
        (x, y) for y in range(48) for x in range(64)]
    pixels: Any = image.load()
    for part, ((x, y), band) in zip(parts, ((at, band) for at in places for band in bands),
                                    strict=False):
        pixel = list(pixels[x, y])
        pixel["RGBA".index(band)] = pixel["RGBA".index(band)] >> depth << depth | part
        pixels[x, y] = tuple(pixel)
    return image


@pytest.mark.parametrize("kind", ["png", "webp"])
@pytest.mark.parametrize("packed", [False, True])
def test_withheld_words_in_the_lowest_bits_are_found(tmp_path, kind, packed):
    text = zlib.compress(TEXT.encode()) if packed else TEXT.encode()
    options = {"lossless": True, "exact": True} if kind == "webp" else {}
    for seed, (name, order) in enumerate(ORDERS.items()):
        hide(text, *order, seed=seed).save(tmp_path / f"{name}.{kind}", **options)
    hide(b"", *ORDERS["rows"], seed=99).save(tmp_path / f"nothing.{kind}", **options)
    assert leaks_in(tmp_path, sorted(tmp_path.glob(f"*.{kind}"))) == {
        f"{name}.{kind}" for name in ORDERS}


@pytest.mark.parametrize("kind", ["png", "webp"])
@pytest.mark.parametrize("number", [0, 1, 5])
def test_they_are_found_in_each_frame_of_what_moves(tmp_path, kind, number):
    frames = [hide(TEXT.encode() if number == n else b"", *ORDERS["rows"], seed=n)
              for n in range(6)]
    options = {"lossless": True, "exact": True} if kind == "webp" else {}
    frames[0].save(tmp_path / f"a.{kind}", save_all=True, append_images=frames[1:], duration=40,
                   **options)
    assert leak_in(tmp_path, tmp_path / f"a.{kind}")


@pytest.mark.parametrize("kind", ["gif", "png"])
def test_they_are_found_in_the_numbers_of_colours(tmp_path, kind):
    bits = [byte >> shift & 1 for byte in TEXT.encode() for shift in range(7, -1, -1)]
    rng = random.Random(2)
    image = Pillow.new("P", (64, 48))
    image.putpalette([index // 2 for index in range(256) for _ in "RGB"])  # two by two alike
    image.putdata([2 * rng.randrange(100) + bit for bit in bits] + [0] * (64 * 48 - len(bits)))
    image.save(tmp_path / f"a.{kind}", optimize=False)
    assert leak_in(tmp_path, tmp_path / f"a.{kind}")


#: Colour types of PNG -> samples of a pixel.
DEEP = {"grey": (0, 1), "colours": (2, 3), "transparent grey": (4, 2), "transparent": (6, 4)}
WIDE, HIGH = 41, 30


def deep(kind: str, change: Callable[[int, int], int]) -> bytes:
    """A PNG of 16 bits whose samples are passed through *change*, by their number."""
    colour, count = DEEP[kind]
    rng = random.Random(4)
    samples = [change(number, rng.randrange(1 << 16) if count % 2 or number % count < count - 1
                      else 0xC000 + rng.randrange(256)) for number in range(WIDE * HIGH * count)]
    rows = b"".join(b"\0" + struct.pack(f">{WIDE * count}H", *samples[at:at + WIDE * count])
                    for at in range(0, len(samples), WIDE * count))
    return SIGNATURE + b"".join([
        chunk(b"IHDR", struct.pack(">IIBBBBB", WIDE, HIGH, 16, colour, 0, 0, 0)),
        chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")])


def in_bytes(shift: int, first: int, step: int) -> Callable[[int, int], int]:
    """Puts the text into the lower halves of samples."""
    text = TEXT.encode()

    def change(number: int, sample: int) -> int:
        at, rest = divmod(number - first, step)
        return sample & ~(0xFF << shift) | text[at] << shift if (
            not rest and 0 <= at < len(text)) else sample
    return change


def in_bits(shift: int) -> Callable[[int, int], int]:
    """Puts the text into one bit of each sample."""
    text = TEXT.encode()

    def change(number: int, sample: int) -> int:
        bit = text[number // 8] >> 7 - number % 8 & 1 if number < 8 * len(text) else 0
        return sample & ~(1 << shift) | bit << shift
    return change


def test_they_are_found_in_the_halves_of_16_bits_and_nothing_is_found_where_nothing_is(tmp_path):
    for kind in DEEP:
        for place, change in {
                "each": in_bytes(0, 0, 1), "one band": in_bytes(0, 0, DEEP[kind][1]),
                "lowest bit": in_bits(0), "lowest bit above": in_bits(8),
                "nothing": lambda number, sample: sample}.items():
            # One band is all of a grey; above, Pillow takes a transparent one for colours.
            if (kind, place) not in {("grey", "one band"),
                                     ("transparent grey", "lowest bit above")}:
                (tmp_path / f"{kind}, {place}.png").write_bytes(deep(kind, change))
    pictures = sorted(tmp_path.glob("*.png"))
    assert leaks_in(tmp_path, pictures) == {
        path.name for path in pictures if "nothing" not in path.name}


@pytest.mark.parametrize("number", [0, 1])
def test_a_text_with_a_magic_is_found_in_each_frame(tmp_path, number):
    frames = [hiding("A", b"stealth_pnginfo") if number == n else picture("RGBA", (64, 48), n)
              for n in range(2)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    assert said_by(str(tmp_path / "a.png"), PIXELS, "")[0] == [
        "a text in the lowest bits of its pixels"]


def between_tiles(text: bytes) -> bytes:
    """An AVIF of two tiles, the first of which is longer by *text* than its pixels need."""
    base = saved(picture("RGB", (512, 256)), "AVIF", tile_cols=1, tile_rows=0, quality=90)

    def longer(frame: bytes, at: int) -> bytes:
        end = at + 2 + int.from_bytes(frame[at:at + 2], "little") + 1
        if end > len(frame) - 100:  # the second one, which is the last, is not much shorter
            return b""
        return frame[:at] + (end - at - 3 + len(text)).to_bytes(2, "little") + frame[
            at + 2:end] + text + frame[end:]

    for at in range(2, 60):  # behind a header whose bits nobody counts here the first length stands
        content = repacked(base, 0, lambda units, at=at: [
            (kind, longer(data, at) if kind == 6 else data) for kind, data in units])
        with contextlib.suppress(BrokenPictureError):
            if looks_of(content, PIXELS) == looks_of(base, PIXELS):
                return content
    raise AssertionError("the encoder makes no tiles any more")


def test_withheld_words_between_the_tiles_of_an_avif_are_found(tmp_path):
    content = between_tiles(b" " + TEXT.encode())
    assert WORD.encode() in clean(content).content
    (tmp_path / "a.avif").write_bytes(content)
    assert leak_in(tmp_path, tmp_path / "a.avif")
