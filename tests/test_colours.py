"""A thumbnail, and a picture that is published anew, look as the original does in a browser."""

from __future__ import annotations

import base64
import io
import struct
import zlib

import pytest
from PIL import Image, ImageCms

from imagelib.pictures import render
from imagelib.publishing.cleaning.working import render_picture

SWAPPED = (0.3127, 0.3290, 0.300, 0.600, 0.640, 0.330, 0.150, 0.060)  # green and red
P3 = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
SRGB = (0.3127, 0.3290, 0.640, 0.330, 0.300, 0.600, 0.150, 0.060)


def chunk(name: bytes, content: bytes) -> bytes:
    return (struct.pack(">I", len(content)) + name + content
            + struct.pack(">I", zlib.crc32(name + content)))


def png(image: Image.Image, *chunks: bytes, **options) -> bytes:
    """A PNG of *image* with *chunks* before its pixels."""
    written = io.BytesIO()
    image.save(written, "PNG", **options)
    content = written.getvalue()
    return content[:33] + b"".join(chunks) + content[33:]


def profile(space: bytes, **tags: bytes) -> bytes:
    body, index, start = b"", b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        index += name.encode() + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = (struct.pack(">I4xI", start + len(body), 0x02400000) + b"mntr" + space + b"XYZ "
            + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
            + struct.pack(">3i", 63190, 65536, 54061))
    return head + bytes(128 - len(head)) + struct.pack(">I", len(tags)) + index + body


def numbers(name: bytes, *values: float) -> bytes:
    return name + bytes(4) + struct.pack(f">{len(values)}i", *(round(65536 * v) for v in values))


def swapping() -> bytes:
    """The profile of a screen whose red shines green, and whose green shines red."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return made.replace(b"rXYZ", b"temp").replace(b"gXYZ", b"rXYZ").replace(b"temp", b"gXYZ")


#: Greys that are as dark as their square: half is a quarter.
DARK_GREYS = profile(b"GRAY", wtpt=numbers(b"XYZ ", 0.9642, 1, 0.8249),
                     desc=b"desc" + bytes(4) + struct.pack(">I", 2) + b"g\0" + bytes(78),
                     cprt=b"text\0\0\0\0no\0",
                     kTRC=b"curv" + bytes(4) + struct.pack(">IH", 1, 4 * 256))


def seen(content: bytes) -> tuple[int, ...]:
    """The colour of the middle on a usual screen."""
    with Image.open(io.BytesIO(content)) as image:
        icc = image.info.get("icc_profile")
        flat = image.convert("RGBA").convert("RGB")
        if icc:
            flat = ImageCms.profileToProfile(flat, ImageCms.ImageCmsProfile(io.BytesIO(icc)),
                                             ImageCms.createProfile("sRGB"))
        return flat.getpixel((flat.width // 2, flat.height // 2))


def derivatives(tmp_path, content: bytes) -> list[bytes]:
    """A thumbnail, a JPEG for links, and what is published anew."""
    path = tmp_path / "picture.bin"
    path.write_bytes(content)
    made = [base64.b64decode(one) for one in
            render(str(path), [(400, 80, "WEBP", False), (800, 85, "JPEG", False)], 10**8)]
    told = render_picture(str(path), 10**8, {
        "longest": 64, "watermark": "", "format": "png", "quality": 0}, "never")
    return [*made, base64.b64decode(told["content"])]


def linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def shown(light: float) -> int:
    light = min(1.0, max(0.0, light))
    if light <= 0.0031308:
        return round(255 * 12.92 * light)
    return round(255 * (1.055 * light ** (1 / 2.4) - 0.055))


def flat(mode: str, colour) -> Image.Image:
    return Image.new(mode, (90, 70), colour)


def clear(image: Image.Image) -> Image.Image:
    """*image* with a transparent corner."""
    image.putalpha(Image.new("L", image.size, 255))
    image.putpixel((0, 0), (*image.getpixel((0, 0))[:-1], 0))
    return image


@pytest.mark.parametrize("picture", [
    flat("RGB", (200, 40, 60)), flat("RGB", (200, 40, 60)).quantize(8),
    clear(flat("RGBA", (200, 40, 60))), clear(flat("RGBA", (200, 40, 60))).quantize(8),
], ids=["colours", "palette", "transparency", "palette with transparency"])
def test_colours_of_a_profile_are_those_of_the_profile(tmp_path, picture):
    content = png(picture, icc_profile=swapping())

    for made in derivatives(tmp_path, content):
        assert seen(made) == pytest.approx((40, 200, 60), abs=12)


@pytest.mark.parametrize("picture", [
    flat("L", 128), clear(flat("LA", (128, 255))), flat("I;16", 128 * 257),
], ids=["grey", "grey with transparency", "deep grey"])
def test_greys_are_as_dark_as_their_profile_says(tmp_path, picture):
    content = png(picture, icc_profile=DARK_GREYS)

    for made in derivatives(tmp_path, content):
        assert seen(made) == pytest.approx((shown((128 / 255) ** 4),) * 3, abs=4)


def test_a_profile_of_another_kind_of_picture_is_none(tmp_path):
    for picture, icc in ((flat("RGB", (200, 40, 60)), DARK_GREYS), (flat("L", 90), swapping()),
                         (flat("RGB", (200, 40, 60)), b"no profile at all")):
        colour = picture.convert("RGB").getpixel((0, 0))
        for made in derivatives(tmp_path, png(picture, icc_profile=icc)):
            assert seen(made) == pytest.approx(colour, abs=6)


def avif(image: Image.Image, primaries: int, curve: int) -> bytes:
    written = io.BytesIO()
    image.save(written, "AVIF", quality=100)
    content = written.getvalue()
    at = content.index(b"colrnclx") + 8
    return content[:at] + struct.pack(">HH", primaries, curve) + content[at + 4:]


@pytest.mark.parametrize("content", [
    png(flat("RGB", (180, 110, 100)), chunk(b"cICP", bytes((12, 13, 0, 1)))),
    png(flat("RGB", (180, 110, 100)).quantize(4), chunk(b"cICP", bytes((12, 13, 0, 1)))),
    avif(flat("RGB", (180, 110, 100)), 12, 13),
    png(flat("RGB", (180, 110, 100)), chunk(b"cHRM", struct.pack(
        ">8I", *(round(100000 * v) for v in P3)))),
], ids=["cICP", "cICP of a palette", "nclx", "cHRM"])
def test_wide_colours_do_not_shift(tmp_path, content):
    # P3 to sRGB, both of the white D65 (CSS Color 4, 10.7).
    red, green, blue = (linear(v / 255) for v in (180, 110, 100))
    expected = (shown(1.2249 * red - 0.2249 * green), shown(-0.0421 * red + 1.0421 * green),
                shown(-0.0196 * red - 0.0786 * green + 1.0983 * blue))

    for made in derivatives(tmp_path, content):
        assert seen(made) == pytest.approx(expected, abs=6)


def test_code_points_come_before_a_profile_and_a_profile_before_gamma(tmp_path):
    swapped = swapping()
    both = png(flat("RGB", (200, 40, 60)), chunk(b"cICP", bytes((1, 13, 0, 1))),
               icc_profile=swapped)
    gamma = png(flat("RGB", (200, 40, 60)), chunk(b"gAMA", struct.pack(">I", 100000)),
                icc_profile=swapped)

    assert seen(derivatives(tmp_path, both)[0]) == pytest.approx((200, 40, 60), abs=6)
    assert seen(derivatives(tmp_path, gamma)[0]) == pytest.approx((40, 200, 60), abs=12)


def test_a_gamma_of_its_own_counts(tmp_path):
    content = png(flat("RGB", (128, 128, 128)), chunk(b"gAMA", struct.pack(">I", 100000)))
    for made in derivatives(tmp_path, content):
        assert seen(made) == pytest.approx((188, 188, 188), abs=3)
    usual = png(flat("RGB", (128, 128, 128)), chunk(b"gAMA", struct.pack(">I", 45455)))
    for made in derivatives(tmp_path, usual):
        assert "icc_profile" not in Image.open(io.BytesIO(made)).info


def test_highlights_beyond_white_are_drawn_in_and_not_cut_off(tmp_path):
    def middle(curve: int, value: int) -> int:
        content = png(flat("RGB", (value,) * 3), chunk(b"cICP", bytes((9, curve, 0, 1))))
        [grey] = {*seen(derivatives(tmp_path, content)[0])}
        return grey

    for curve, white in ((16, 148), (18, 191)):  # the codes of 203 candela (BT.2408, table 1)
        dark, page, peak = (middle(curve, v) for v in (white // 2, white, min(255, white + 43)))
        assert 10 < dark < 110
        assert 175 < page < 215
        assert page + 15 < peak <= 255


@pytest.mark.parametrize("said", [
    chunk(b"cICP", bytes((99, 13, 0, 1))), chunk(b"cICP", bytes((12, 99, 0, 1))),
    chunk(b"cICP", b""), chunk(b"gAMA", bytes(4)), chunk(b"gAMA", b"\0\0\0\1"),
    chunk(b"cHRM", bytes(32)), chunk(b"cHRM", struct.pack(">8I", *[31270] * 8)),
])
def test_nonsense_about_colours_says_nothing(tmp_path, said):
    for made in derivatives(tmp_path, png(flat("RGB", (200, 40, 60)), said)):
        assert seen(made) == pytest.approx((200, 40, 60), abs=6)
