"""What pixels hide is cleared, and pictures are made anew as they are wanted, in a worker."""

from __future__ import annotations

import io
import random

import pytest
from canaries import PIXELS, WORD, exif_with, found_in, picture, profile, saved
from PIL import Image, ImageChops

from imagelib.errors import BrokenPictureError, UnsupportedTypeError
from imagelib.ingest.embedded.containers.walk import read_containers
from imagelib.ingest.embedded.stealth import decode_stealth
from imagelib.publishing.cleaning import RefusedError, Rendering, clean_in, render_in
from imagelib.publishing.cleaning.profile import clean_profile
from imagelib.publishing.cleaning.stealth import hidden_in
from imagelib.sandbox import Sandbox

MAGICS = {"A": [b"stealth_pnginfo", b"stealth_pngcomp"], "RGB": [b"stealth_rgbinfo"]}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(1) as running:
        yield running


def hiding(channels: str, magic: bytes, mode: str = "RGBA", seen: int = 255,
           text: bytes = WORD) -> Image.Image:
    """A picture with a text in its lowest bits, column by column."""
    image = picture(mode, (64, 48))
    if mode == "RGBA":
        image.putalpha(seen)
    data = magic + (len(text) * 8).to_bytes(4, "big") + text
    bits = [byte >> shift & 1 for byte in data for shift in range(7, -1, -1)]
    places = ((x, y, mode.index(channel)) for x in range(64) for y in range(48)
              for channel in channels)
    pixels = image.load()
    for bit, (x, y, channel) in zip(bits, places, strict=False):
        pixel = list(pixels[x, y])
        pixel[channel] = pixel[channel] & 254 | bit
        pixels[x, y] = tuple(pixel)
    return image


def hidden_text(image: Image.Image, channels: str) -> str:
    plane = image.getchannel("A") if channels == "A" else image.convert("RGB")

    def columns(first: int, last: int) -> bytes:
        return plane.crop((first, 0, last, plane.height)).transpose(
            Image.Transpose.TRANSPOSE).tobytes()
    return decode_stealth(*image.size, columns, len(channels))


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@pytest.mark.parametrize("name", ["PNG", "WEBP"])
@pytest.mark.parametrize(("channels", "mode", "seen"), [
    ("A", "RGBA", 255), ("A", "RGBA", 128), ("RGB", "RGBA", 200), ("RGB", "RGB", 255)])
def test_a_hidden_text_is_cleared_and_nothing_that_is_seen(sandbox, tmp_path, name, channels, mode,
                                                           seen):
    image = hiding(channels, MAGICS[channels][0], mode, seen)
    assert hidden_text(image, channels) == WORD.decode()
    path = tmp_path / "a"
    path.write_bytes(saved(image, name, lossless=True, exact=True, icc_profile=profile()))
    cleaned = clean_in(sandbox, path, PIXELS)
    assert cleaned.is_anew
    made = opened(cleaned.content)
    assert not hidden_in(made)
    if channels == "RGB" or "A" in made.getbands():
        assert not hidden_text(made, channels)
    assert (made.format, made.info["icc_profile"]) == (name, clean_profile(profile()))
    difference = ImageChops.difference(image.convert("RGBA"), made.convert("RGBA"))
    assert max(most for _, most in difference.getextrema()) <= 3


@pytest.mark.parametrize("magic", [b"stealth_pnginfo", b"stealth_pngcomp"])
def test_a_text_that_cannot_be_read_is_cleared_too(sandbox, tmp_path, magic):
    path = tmp_path / "a.png"
    hiding("A", magic, text=b"\xff" * 9, seen=77).save(path)
    assert clean_in(sandbox, path, PIXELS).is_anew


def test_transparency_that_nobody_sees_is_cleared(sandbox, tmp_path):
    image = picture("RGBA", (64, 48))
    rng = random.Random(1)
    image.putalpha(Image.frombytes("L", (64, 48), bytes(
        rng.choice((254, 255)) for _ in range(64 * 48))))
    image.save(tmp_path / "a.png")
    cleaned = clean_in(sandbox, tmp_path / "a.png", PIXELS)
    assert cleaned.is_anew
    assert opened(cleaned.content).mode == "RGB"


@pytest.mark.parametrize("alpha", [255, 254, 1, 128])
def test_pixels_that_hide_nothing_stay_as_they_are(sandbox, tmp_path, alpha):
    image = picture("RGBA", (64, 48))
    image.putalpha(alpha)
    image.save(tmp_path / "a.png")
    cleaned = clean_in(sandbox, tmp_path / "a.png", PIXELS)
    assert not cleaned.is_anew
    assert opened(cleaned.content).tobytes() == image.tobytes()


def erased(box: tuple[int, int, int, int] = (10, 20, 60, 40)) -> Image.Image:
    """A picture of which a part is wholly transparent, its colours still there."""
    image = picture(size=(64, 48)).convert("RGBA")
    image.putalpha(255)
    part = image.crop(box)
    part.putalpha(0)
    image.paste(part, box[:2])
    return image


def unseen_colours(content: bytes) -> set[tuple[int, ...]]:
    image = opened(content).convert("RGBA")
    pixels = image.load()
    return {pixels[x, y][:3] for x in range(image.width) for y in range(image.height)
            if pixels[x, y][3] == 0}


def seen(content: bytes) -> bytes:
    image = opened(content).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).tobytes()


def indexed(transparent: int) -> bytes:
    """A picture of 16 colours, the first *transparent* of which are not seen and all the same."""
    image = picture("P", (64, 48))
    colours = image.getpalette()
    image.putpalette(bytes(3 * transparent) + bytes(colours[3 * transparent:]))
    return saved(image, "PNG", transparency=bytes(transparent))


ERASED = {
    "PNG": saved(erased(), "PNG"), "grey PNG": saved(erased().convert("LA"), "PNG"),
    "lossless WebP": saved(erased(), "WEBP", lossless=True, exact=True),
    "WebP": saved(erased(), "WEBP", quality=80, exact=True),
    "AVIF": saved(erased(), "AVIF"), "all of it": saved(erased((0, 0, 64, 48)), "PNG"),
    "indexed": indexed(5),
}


@pytest.mark.parametrize("name", ERASED)
def test_what_was_erased_is_not_there_any_more(sandbox, tmp_path, name):
    path = tmp_path / "a"
    path.write_bytes(ERASED[name])
    cleaned = clean_in(sandbox, path, PIXELS)
    assert cleaned.is_anew
    made = opened(cleaned.content)
    assert unseen_colours(cleaned.content) == {(0, 0, 0)}
    assert made.mode in ("RGBA", "LA")
    assert seen(cleaned.content) == seen(ERASED[name])
    assert not hidden_in(made)
    path.write_bytes(cleaned.content)
    assert clean_in(sandbox, path, PIXELS).content == cleaned.content


@pytest.mark.parametrize("wanted", [("png", 0), ("webp", 0), ("webp", 88), ("jpeg", 80)])
@pytest.mark.parametrize("longest", [2048, 40])
def test_a_picture_that_is_made_anew_does_not_depend_on_what_was_erased(sandbox, tmp_path, wanted,
                                                                        longest):
    made = set()
    for seed in range(3):
        image = erased()
        part = picture(size=(50, 20), seed=seed + 7).convert("RGBA")
        part.putalpha(0)
        image.paste(part, (10, 20))
        image.save(tmp_path / "a.png")
        rendering = Rendering(*wanted, longest)
        made.add(render_in(sandbox, tmp_path / "a.png", PIXELS, rendering).content)
    assert len(made) == 1


@pytest.mark.parametrize("name", ["one transparent colour", "black below"])
def test_where_nothing_was_erased_a_transparent_picture_stays(sandbox, tmp_path, name):
    path = tmp_path / "a.png"
    if name == "one transparent colour":
        path.write_bytes(indexed(1))
    else:
        image = erased()
        image.paste((0, 0, 0, 0), (10, 20, 60, 40))
        image.save(path)
    assert not clean_in(sandbox, path, PIXELS).is_anew


def test_an_animation_that_hides_a_text_is_refused(sandbox, tmp_path):
    picture("RGBA", (64, 48)).save(tmp_path / "a.png", save_all=True, append_images=[
        hiding("A", b"stealth_pnginfo")])
    with pytest.raises(RefusedError, match="animation"):
        clean_in(sandbox, tmp_path / "a.png", PIXELS)


def test_what_cannot_be_decoded_is_said(sandbox, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(saved(picture(), "PNG")[:-300])
    with pytest.raises(BrokenPictureError):
        clean_in(sandbox, path, PIXELS)
    path.write_bytes(b"no picture")
    with pytest.raises(UnsupportedTypeError):
        render_in(sandbox, path, PIXELS, Rendering())
    path.write_bytes(saved(picture(), "PNG"))
    with pytest.raises(BrokenPictureError, match="more than"):
        clean_in(sandbox, path, 100)


SOURCES = {
    "RGB": ("PNG", {}), "RGBA": ("PNG", {}), "P": ("GIF", {}), "L": ("PNG", {}), "LA": ("PNG", {}),
    "CMYK": ("JPEG", {}), "I;16": ("PNG", {}), "1": ("PNG", {}),
}


@pytest.mark.parametrize("wanted", ["webp", "jpeg", "png"])
@pytest.mark.parametrize("mode", SOURCES)
@pytest.mark.parametrize("quality", [0, 80])
def test_any_picture_is_made_anew(sandbox, tmp_path, mode, wanted, quality):
    name, options = SOURCES[mode]
    drawn = picture("L" if mode == "I;16" else mode, (64, 48)).convert(mode)
    path = tmp_path / "a"
    path.write_bytes(saved(drawn, name, comment=WORD, **options) if name == "GIF"
                     else saved(drawn, name, exif=exif_with(WORD), **options))
    assert found_in(path.read_bytes())
    rendered = render_in(sandbox, path, PIXELS, Rendering(wanted, quality, 32), label="write")
    made = opened(rendered.content)
    assert made.format.lower() == wanted
    assert made.size == (32, 24)
    assert rendered.labelled
    assert not found_in(rendered.content)
    assert list(read_containers(io.BytesIO(rendered.content)).texts) == ["xmp:DigitalSourceType"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_made_upright(sandbox, tmp_path, orientation):
    path = tmp_path / "a.jpg"
    path.write_bytes(saved(picture(size=(64, 48)), "JPEG", exif=exif_with(WORD, orientation)))
    made = opened(render_in(sandbox, path, PIXELS, Rendering("png", 0)).content)
    from PIL import ImageOps

    assert made.tobytes() == ImageOps.exif_transpose(Image.open(path)).tobytes()
    assert 0x0112 not in made.getexif()


def test_it_is_never_enlarged(sandbox, tmp_path):
    picture(size=(64, 48)).save(tmp_path / "a.png")
    made = render_in(sandbox, tmp_path / "a.png", PIXELS, Rendering("png", 0, 2048))
    assert opened(made.content).tobytes() == picture(size=(64, 48)).tobytes()


@pytest.mark.parametrize("wanted", ["webp", "jpeg", "png"])
def test_its_colours_keep_their_profile(sandbox, tmp_path, wanted):
    picture().save(tmp_path / "a.png", icc_profile=profile())
    made = render_in(sandbox, tmp_path / "a.png", PIXELS, Rendering(wanted))
    assert opened(made.content).info["icc_profile"] == clean_profile(profile())


def test_a_profile_of_greys_is_not_put_on_colours(sandbox, tmp_path):
    picture("L").save(tmp_path / "a.png", icc_profile=profile())
    made = render_in(sandbox, tmp_path / "a.png", PIXELS, Rendering("jpeg"))
    assert "icc_profile" not in opened(made.content).info


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("words", ["PROOF", "© Anna, \n not for sale", "i", "W" * 200])
@pytest.mark.parametrize("size", [(300, 200), (200, 300), (4, 3), (400, 5)])
def test_a_watermark_stands_across_the_middle(sandbox, tmp_path, mode, words, size):
    image = picture(mode, size)
    image.save(tmp_path / "a.png")
    made = opened(render_in(sandbox, tmp_path / "a.png", PIXELS, Rendering(
        "png", 0, watermark=words)).content)
    assert made.size == size
    plain = opened(render_in(sandbox, tmp_path / "a.png", PIXELS, Rendering("png", 0)).content)
    box = ImageChops.difference(made.convert("RGB"), plain.convert("RGB")).getbbox()
    if size == (300, 200):
        left, top, right, bottom = box
        assert abs((left + right) / 2 - 150) < 30
        assert abs((top + bottom) / 2 - 100) < 30


def test_a_hidden_text_does_not_come_along(sandbox, tmp_path):
    for channels, mode in (("A", "RGBA"), ("RGB", "RGB")):
        hiding(channels, MAGICS[channels][0], mode).save(tmp_path / "a.png")
        for wanted in (Rendering("png", 0), Rendering("webp", 0), Rendering("webp", 100)):
            made = opened(render_in(sandbox, tmp_path / "a.png", PIXELS, wanted).content)
            assert not hidden_in(made)


def test_a_label_is_kept_where_there_was_one(sandbox, tmp_path):
    draw_to = tmp_path / "plain.png"
    picture("RGB", (64, 48)).save(draw_to)
    labelled = tmp_path / "labelled.png"
    labelled.write_bytes(clean_in(sandbox, draw_to, PIXELS, label="write").content)
    for source, says in ((draw_to, False), (labelled, True)):
        assert clean_in(sandbox, source, PIXELS, label="keep").labelled == says
        assert render_in(sandbox, source, PIXELS, Rendering(), label="keep").labelled == says
        assert not clean_in(sandbox, source, PIXELS, label="none").labelled
