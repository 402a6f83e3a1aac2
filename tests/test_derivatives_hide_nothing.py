"""What a generator hides in the lowest bits of a picture is in none of its derivatives."""

from __future__ import annotations

import base64
import io
import random
from dataclasses import astuple

import pytest
from helpers import a1111
from PIL import Image

from imagelib.ingest.embedded.stealth import read_stealth
from imagelib.pictures import alpha_columns, decoded, render
from imagelib.recipes import DISPLAY, GRID, LINKED, SHARP, Recipe

WANTED = [astuple(one) for one in (GRID, SHARP, LINKED, DISPLAY, Recipe(160, 70))]
SIZES = [(64, 64), (128, 128), (300, 400), (384, 384), (512, 768), (1024, 1024)]
PROMPT = a1111("a fox that nobody else shall see").encode()


def bits_of(payload: bytes, magic: bytes) -> list[int]:
    data = magic + (len(payload) * 8).to_bytes(4, "big") + payload
    return [byte >> shift & 1 for byte in data for shift in range(7, -1, -1)]


def hidden(size, channels: str, bits: list[int], transparency=lambda x, y: 255) -> Image.Image:
    """A picture whose *channels* hold *bits* column by column, as "stealth" writers do."""
    rng = random.Random(7)
    ground = Image.frombytes("RGB", (4, 3), rng.randbytes(36)).resize(size).convert("RGBA")
    ground.putalpha(Image.frombytes("L", size, bytes(
        transparency(x, y) for y in range(size[1]) for x in range(size[0]))))
    pixels = ground.load()
    places = ((x, y, "RGBA".index(channel)) for x in range(size[0]) for y in range(size[1])
              for channel in channels)
    for bit, (x, y, channel) in zip(bits, places, strict=False):
        pixel = list(pixels[x, y])
        pixel[channel] = pixel[channel] & 254 | bit
        pixels[x, y] = tuple(pixel)
    return ground if "A" in channels else ground.convert("RGB")


def derivatives(image: Image.Image, path) -> list[bytes]:
    image.save(path)
    return [base64.b64decode(made) for made in render(str(path), WANTED, 10**8)]


def prompt_in(path, channels: str) -> str:
    """The prompt that a reader of hidden metadata finds there."""
    with Image.open(path) as image:
        if channels == "A":
            with decoded(path, 10**8) as picture:
                plane = alpha_columns(picture)
                return read_stealth(*plane).prompt if plane else ""
        image = image.convert("RGB")

        def columns(first: int, last: int) -> bytes:
            part = image.crop((first, 0, last, image.height))
            return part.transpose(Image.Transpose.TRANSPOSE).tobytes()

        return read_stealth(*image.size, columns, channels=3).prompt


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("channels", "magic"), [("A", b"stealth_pnginfo"),
                                                 ("RGB", b"stealth_rgbinfo")])
def test_no_reader_finds_in_a_derivative_what_is_in_the_picture(tmp_path, size, channels, magic):
    made = derivatives(hidden(size, channels, bits_of(PROMPT, magic)), tmp_path / "a.png")
    assert prompt_in(tmp_path / "a.png", channels).startswith("a fox")
    for number, content in enumerate(made):
        (tmp_path / f"{number}.webp").write_bytes(content)
        assert not prompt_in(tmp_path / f"{number}.webp", channels)


@pytest.mark.parametrize("size", SIZES[:4])
@pytest.mark.parametrize("transparency", [
    lambda x, y: 255, lambda x, y: 254, lambda x, y: (x * 3 + y) % 256, lambda x, y: x % 2 * 255],
    ids=["opaque", "nearly opaque", "slope", "holes"])
def test_the_lowest_bits_of_transparency_change_no_byte_of_a_derivative(tmp_path, size,
                                                                        transparency):
    rng = random.Random(3)
    made = [derivatives(hidden(size, "A", [rng.randrange(2) for _ in range(size[0] * size[1])],
                               transparency), tmp_path / f"{number}.png") for number in range(2)]
    assert (tmp_path / "0.png").read_bytes() != (tmp_path / "1.png").read_bytes()
    assert made[0] == made[1]


def test_a_picture_that_is_opaque_but_for_what_it_hides_has_opaque_derivatives(tmp_path):
    for content in derivatives(hidden((90, 60), "A", [0, 1] * 2700), tmp_path / "a.png"):
        with Image.open(io.BytesIO(content)) as image:
            assert image.mode == "RGB"


def test_transparency_that_is_seen_stays(tmp_path):
    picture = hidden((90, 60), "A", [], lambda x, y: 0 if x < 45 else 128)
    for content in derivatives(picture, tmp_path / "a.png"):
        with Image.open(io.BytesIO(content)) as image:
            if image.format == "JPEG":  # it cannot
                assert min(image.getpixel((10, 30))) > 250
                continue
            assert image.getpixel((10, 30))[3] == 0
            assert image.getpixel((80, 30))[3] == 128
