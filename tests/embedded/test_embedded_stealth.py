"""Metadata in the lowest bits of pixels, column by column."""

import gzip
import json
import tracemalloc

import pytest
from PIL import Image

from imagelib.ingest.embedded import read
from imagelib.ingest.embedded.stealth import decode_stealth, read_stealth


def columns_of(image):
    """What `imagelib.pictures` hands in: the samples of some columns, top to bottom."""

    def columns(first, last):
        part = image.crop((first, 0, last, image.height))
        return part.transpose(Image.Transpose.TRANSPOSE).tobytes()

    return columns


def hide(payload, magic=b"stealth_pnginfo", size=(61, 67), mode="L", bits=None):
    """A plane of noise whose lowest bits hold *payload*."""
    length = (len(payload) * 8 if bits is None else bits).to_bytes(4, "big")
    data = magic + length + payload
    digits = "".join(f"{byte:08b}" for byte in data)
    image = Image.new(mode, size)
    channels = len(image.getbands())
    samples = bytearray(b"\xfe" * (size[0] * size[1] * channels))
    for index, digit in enumerate(digits):
        samples[index] |= int(digit)
    turned = Image.frombytes(mode, (size[1], size[0]), bytes(samples))
    return turned.transpose(Image.Transpose.TRANSPOSE)


@pytest.mark.parametrize("name", ["a1111_stealth_alpha.png",
                                  "novelai_v3_128px_text_and_stealth.png"])
def test_real_files_have_it_in_alpha(samples, name):
    with Image.open(samples[name]) as image:
        alpha = image.getchannel("A")
        record = read_stealth(alpha.width, alpha.height, columns_of(alpha))

    assert record.seed == {"a": 2015833630, "n": 1148692016}[name[0]]
    assert record.tool == {"a": "AUTOMATIC1111", "n": "NovelAI"}[name[0]]


def test_it_tells_the_same_as_the_text_of_the_file(samples):
    path = samples["novelai_v3_128px_text_and_stealth.png"]
    with Image.open(path) as image:
        alpha = image.getchannel("A")
        hidden = read_stealth(alpha.width, alpha.height, columns_of(alpha))
    plain = read(path)

    told = hidden.generation()
    assert told.pop("sources") == {"record": "pixels"}
    assert told | {"sources": {"record": "PNG Comment"}} == plain.generation()
    assert (hidden.prompt, hidden.negative_prompt) == (plain.prompt, plain.negative_prompt)


def test_it_is_read_plain_and_gzipped(draw):
    for magic, payload in ((b"stealth_pnginfo", draw.infotext.encode()),
                           (b"stealth_pngcomp", gzip.compress(draw.infotext.encode()))):
        image = hide(payload, magic)
        assert read_stealth(*image.size, columns_of(image)).seed == 42


def test_it_is_read_from_the_three_colours(draw):
    image = hide(draw.infotext.encode(), b"stealth_rgbinfo", mode="RGB")

    assert read_stealth(*image.size, columns_of(image), channels=3).prompt == "a fox in the snow"


def test_only_the_columns_that_are_needed_are_asked_for(draw):
    image = hide(draw.infotext.encode(), size=(4000, 67))
    asked = []

    def columns(first, last):
        asked.append((first, last))
        return columns_of(image)(first, last)

    assert read_stealth(*image.size, columns).seed == 42
    assert asked[0] == (0, 3)
    assert max(last for _, last in asked) < 40


@pytest.mark.parametrize("bits", [0, 7, 2**32 - 8, (61 * 67 - 152) // 8 * 8 + 8])
def test_a_length_that_cannot_be_gives_nothing(bits):
    image = hide(b"text", bits=bits)

    assert decode_stealth(*image.size, columns_of(image)) == ""


def test_a_gzip_bomb_gives_nothing():
    packed = gzip.compress(bytes(200 << 20))
    image = hide(packed, b"stealth_pngcomp", size=(1400, 1400))

    tracemalloc.start()
    try:
        assert decode_stealth(*image.size, columns_of(image)) == ""
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("payload", [b"\x1f\x8bnot gzip", b""])
def test_damaged_gzip_gives_nothing(payload):
    image = hide(payload, b"stealth_pngcomp")

    assert decode_stealth(*image.size, columns_of(image)) == ""


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (200, 200), (1, 10_000)])
def test_ordinary_pictures_give_nothing(size):
    image = Image.new("L", size, 255)

    assert not read_stealth(*image.size, columns_of(image))


def test_columns_that_end_early_do_no_harm():
    assert decode_stealth(100, 100, lambda first, last: b"") == ""


def test_novelai_hides_its_five_texts_as_json():
    hidden = {"Comment": json.dumps({"prompt": "a fox", "seed": 3}), "Software": "NovelAI",
              "Source": "NovelAI Diffusion V4"}
    image = hide(gzip.compress(json.dumps(hidden).encode()), b"stealth_pngcomp")

    record = read_stealth(*image.size, columns_of(image))

    assert (record.tool, record.prompt, record.seed) == ("NovelAI", "a fox", 3)
