"""Which colours the numbers of a picture stand for, as browsers take them.

A profile says so (ICC.1:2022), or code points (ITU-T H.273: `cICP` of PNG, `nclx` of AVIF), or
`gAMA` and `cHRM` of PNG; without any of these they are sRGB. What is made of a picture has 8 bits
of red, green and blue, and a profile that fits these; greys and inks become sRGB by theirs.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import cache

from PIL import Image, ImageCms

#: Of x and y: white, red, green, blue.
Primaries = tuple[float, float, float, float, float, float, float, float]

_RGB = ("RGB", "RGBA", "P", "PA", "YCbCr")
_GREY = ("1", "L", "LA", "I", "F")
#: Tags of a TIFF: the bits of each sample, and what the numbers stand for.
_BITS, _PHOTOMETRIC = 258, 262
_D65 = (0.3127, 0.3290)
#: H.273, table 2.
_PRIMARIES: dict[int, Primaries] = {
    1: (*_D65, 0.640, 0.330, 0.300, 0.600, 0.150, 0.060),
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
#: H.273, table 3: those that browsers take for the curve of sRGB, and powers.
_AS_SRGB = frozenset((1, 2, 6, 13, 14, 15))
_POWERS = {4: 2.2, 5: 2.8, 8: 1.0}
_PQ, _HLG = 16, 18
#: Candela per square metre: white of a page among pictures with highlights (BT.2408), and the
#: brightest that such pictures mostly are.
_WHITE, _PEAK = 203.0, 1000.0
#: The white of profiles, and how it is adapted to (Bradford).
_D50 = (0.9642, 1.0, 0.8249)
_CONES = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
#: Where these boxes and chunks lie, if there are any: before all pixels.
HEAD = 1 << 16

Matrix = tuple[tuple[float, ...], ...]


def code_points(head: bytes) -> tuple[int, int] | None:
    """The numbers of primaries and curve in the first `HEAD` bytes of a PNG or AVIF, if any."""
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        at = 8
        while at + 8 <= len(head) and head[at + 4:at + 8] != b"IDAT":
            length = int.from_bytes(head[at:at + 4], "big")
            if head[at + 4:at + 8] == b"cICP" and length == 4:
                return head[at + 8], head[at + 9]
            at += 12 + length
    elif head[4:8] == b"ftyp" and (at := head.find(b"colrnclx")) > 0 and at + 12 <= len(head):
        return struct.unpack_from(">HH", head, at + 8)
    return None


def profile_of(image: Image.Image) -> bytes | None:
    """The profile of *image* in red, green and blue, after `converter`; None if that is sRGB."""
    info = image.info
    icc: bytes = info.get("icc_profile") or b""
    said: tuple[int, int] | None = info.get("code_points")
    if icc and not (said and image.format == "PNG"):  # PNG-3, 4.3: code points come first
        return icc if image.mode in _RGB and icc[16:20] == b"RGB " else None
    if image.mode == "CMYK":
        return None
    if said:
        return _of_code_points(*said)
    if "srgb" in info or not ("gamma" in info or "chromaticity" in info):
        return None
    white_first = tuple(map(float, info.get("chromaticity") or _PRIMARIES[1]))
    power = 1 / float(info["gamma"]) if info.get("gamma") else 0.0
    return _of_numbers(white_first, power)


def converter(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """What makes 8 bits of RGB, or RGBA, of *image* and of its parts."""
    transform, eight_bits = _into_srgb(image), reducer(image)
    mode = "RGBA" if image.has_transparency_data else "RGB"

    def converted(part: Image.Image) -> Image.Image:
        eight = eight_bits(part)
        if transform is None:
            return eight.convert(mode)
        plain = eight.convert("CMYK" if eight.mode == "CMYK" else "L")
        made = ImageCms.applyTransform(plain, transform)
        assert made is not None
        if mode == "RGBA":
            made.putalpha(part.convert("RGBA").getchannel("A"))
        return made

    return converted


def reducer(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """What makes 8 bits a sample of *image* and of its parts, in a mode that Pillow converts.

    Greys of more bits are scaled: Pillow clips them on the way. White is the highest number of
    their type; of floats 1, and of 32 bits that of 8 or 16, unless there are higher ones: then it
    is the highest that occurs.
    """
    if not (image.mode == "F" or image.mode.startswith("I")):
        return _usual
    tags = getattr(image, "tag_v2", {}) if image.format == "TIFF" else {}
    factor = 1 / (16 if tags.get(_BITS) == (12,) else 256)
    if image.mode in ("F", "I"):
        highest = image.getextrema()[1]
        assert isinstance(highest, int | float)
        natural = (1,) if image.mode == "F" else (255, 65535)
        fitting = [white for white in natural if highest <= white]
        factor = 255 / (fitting[0] if fitting else highest)
    # Pillow turns greys whose zero is white (TIFF 6.0, section 8) only where they have 8 bits.
    is_inverted = tags.get(_PHOTOMETRIC) == 0

    def reduced(part: Image.Image) -> Image.Image:
        if part.mode != image.mode:  # laid on a ground meanwhile
            return part
        scale, offset = (-factor, 255.996) if is_inverted else (factor, 0)
        return part.convert("F").point(lambda value: value * scale + offset).convert("L")

    return reduced


def _usual(image: Image.Image) -> Image.Image:
    if image.mode == "La":
        return image.convert("LA")
    return ImageCms.applyTransform(image, _of_lab()) or image if image.mode == "LAB" else image


@cache
def _of_lab() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"),
                                   "LAB", "RGB")


def _into_srgb(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    """From greys or inks by their profile; None where there is none that fits."""
    icc: bytes = image.info.get("icc_profile") or b""
    if icc[16:20] == b"GRAY" and image.mode.split(";")[0] in _GREY:
        mode = "L"
    elif icc[16:20] == b"CMYK" and image.mode == "CMYK":
        mode = "CMYK"
    else:
        return None
    with suppress(ImageCms.PyCMSError, OSError):  # a damaged one says nothing
        return ImageCms.buildTransform(ImageCms.ImageCmsProfile(io.BytesIO(icc)),
                                       ImageCms.createProfile("sRGB"), mode, "RGB")
    return None


def _of_code_points(primaries: int, curve: int) -> bytes | None:
    if primaries in (1, 2) and curve in _AS_SRGB:
        return None
    known = _PRIMARIES.get(1 if primaries == 2 else primaries)
    if known is None or not (curve in _AS_SRGB or curve in _POWERS or curve in (_PQ, _HLG)):
        return None
    return _profile(known, curve, _POWERS.get(curve, 0.0))


def _of_numbers(chromaticity: tuple[float, ...], power: float) -> bytes | None:
    """By `cHRM` and `gAMA`, unless these are those of sRGB, as nearly all are."""
    if len(chromaticity) != 8:
        return None
    is_usual = max(abs(a - b) for a, b in zip(chromaticity, _PRIMARIES[1], strict=True)) < 0.005
    if (is_usual and (not power or abs(power - 2.2) < 0.1)) or not 0 <= power < 10:
        return None
    x, y = chromaticity[0::2], chromaticity[1::2]
    if min(y) <= 0 or not _volume(x, y):
        return None
    a, b, c, d, e, f, g, h = chromaticity
    return _profile((a, b, c, d, e, f, g, h), 0 if power else 13, power)


def _volume(x: tuple[float, ...], y: tuple[float, ...]) -> float:
    """Twice the area of the triangle of red, green and blue."""
    return (x[2] - x[1]) * (y[3] - y[1]) - (x[3] - x[1]) * (y[2] - y[1])


@cache
def _profile(primaries: Primaries, curve: int, power: float) -> bytes:
    """A profile of three colours and one curve, as ICC.1:2001 (version 2.4) writes it."""
    table = [_light(value / 255, curve, power) for value in range(256)]
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 9) + b"imagelib\0" + bytes(78),
        b"cprt": b"text\0\0\0\0" + b"No copyright\0",
        b"wtpt": _xyz(_D50),
        **{name: _xyz(colour) for name, colour in zip(
            (b"rXYZ", b"gXYZ", b"bXYZ"), _colorants(primaries), strict=True)},
        b"TRC": b"curv\0\0\0\0" + struct.pack(">I256H", 256, *(
            round(65535 * min(1.0, max(0.0, light))) for light in table)),
    }
    names = [*list(tags)[:-1], b"rTRC", b"gTRC", b"bTRC"]
    body, places = b"", {}
    start = 128 + 4 + 12 * len(names)
    for name, content in tags.items():
        places[name] = (start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    index = b"".join(name + struct.pack(">II", *places[b"TRC" if name[1:] == b"TRC" else name])
                     for name in names)
    head = (struct.pack(">I4xI", start + len(body), 0x02400000) + b"mntrRGB XYZ "
            + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _fixed(_D50))
    return head + bytes(128 - len(head)) + struct.pack(">I", len(names)) + index + body


def _light(value: float, curve: int, power: float) -> float:
    """How bright a number from 0 to 1 is, on a screen whose white is 1."""
    if power:
        return math.pow(value, power)
    if curve == _PQ:  # SMPTE ST 2084
        root = value ** (1 / 78.84375)
        return _toned(10_000 / _WHITE * (
            max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125))
    if curve == _HLG:  # BT.2100, with its system gamma for a screen of `_PEAK`
        scene = value * value / 3 if value <= 0.5 else (
            math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12
        return _toned(scene ** 1.2 * _PEAK / _WHITE)
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _toned(light: float) -> float:
    """Highlights up to `_PEAK` on a screen that ends at white (Reinhard, extended)."""
    return light * (1 + light * (_WHITE / _PEAK) ** 2) / (1 + light)


def _colorants(primaries: Primaries) -> list[tuple[float, ...]]:
    """XYZ of full red, green and blue, adapted to the white of profiles."""
    white, *colours = ((x / y, 1.0, (1 - x - y) / y)
                       for x, y in zip(primaries[0::2], primaries[1::2], strict=True))
    mixed = _transposed(tuple(colours))
    shares = _applied(_inverse(mixed), white)
    there = [_applied(_CONES, white), _applied(_CONES, _D50)]
    adapting = tuple(tuple(there[1][i] / there[0][i] * value for value in row)
                     for i, row in enumerate(_CONES))
    back = _inverse(_CONES)
    return [_applied(back, _applied(adapting, tuple(share * value for value in colour)))
            for share, colour in zip(shares, colours, strict=True)]


def _applied(matrix: Matrix, vector: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def _transposed(matrix: Matrix) -> Matrix:
    return tuple(zip(*matrix, strict=True))


def _inverse(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    minors = ((e * i - f * h, c * h - b * i, b * f - c * e),
              (f * g - d * i, a * i - c * g, c * d - a * f),
              (d * h - e * g, b * g - a * h, a * e - b * d))
    whole = a * minors[0][0] + b * minors[1][0] + c * minors[2][0]
    return tuple(tuple(value / whole for value in row) for row in minors)


def _xyz(colour: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(colour)


def _fixed(numbers: tuple[float, ...]) -> bytes:
    """Numbers as s15Fixed16."""
    return struct.pack(">3i", *(round(65536 * number) for number in numbers))
