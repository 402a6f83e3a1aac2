"""What decoding a picture will take, told by its first bytes: memory, and scans to go through.

Nothing is decoded here; where a header lies, the limits of the worker still hold.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from imagelib.errors import BrokenPictureError
from imagelib.formats import HEAD, sniff

#: A progressive JPEG has about ten scans; 5,000 of them kept Pillow busy for 93 s (measured).
MAX_SCANS = 200
#: Each scan goes through the whole picture: about 6 ns a pixel (measured). Twenty scans of 100
#: million pixels are more than any program writes.
MAX_SCANNED = 2_000_000_000
#: Bytes a pixel at the peak, besides the pixels themselves: frames and copies (measured).
_WEBP, _AVIF, _HEIC, _JXL, _TIFF = 13.4, 5.2, 14.0, 20.0, 4.1
#: Bytes of one pixel in Pillow's memory, where it is not four.
_PIXEL = {"1": 1, "L": 1, "P": 1, "LA": 4, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
#: Of a JPEG XL's codestream so many bytes are joined, of so many boxes at most: the size stands in
#: the first eleven.
_START, _MOST_BOXES = 16, 1000
#: By two bits, how many a side has; and by three, what the width is of the height.
_SIDE_BITS = (9, 13, 18, 30)
_RATIOS = ((0, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_HELD = {"image/heic": _HEIC, "image/jxl": _JXL, "image/tiff": _TIFF}
#: What follows the decoding: a grey copy, and one tile in several forms.
_AFTER, _TILES = 1.0, 32 * 2**20
#: From here on a JPEG is decoded at half its size, if only its looks are wanted; in bytes.
_TIGHT = 720 * 2**20


@dataclass(frozen=True, slots=True)
class Cost:
    """Memory in bytes, which the decoder holds while it works."""

    #: Beside the pixels, whatever the size is that they are decoded to.
    held: int
    #: Of each pixel that comes out.
    pixel: float
    #: Whether all pixels of it together with what is held come close to the limit.
    is_tight: bool

    def peak(self, pixels: int) -> int:
        """The most that is held at any moment, when so many *pixels* come out."""
        return int(pixels * self.pixel) + max(self.held, int(pixels * _AFTER) + _TILES)


def cost_of(stream: BinaryIO, size: tuple[int, int], mode: str) -> Cost:
    """What decoding the picture in *stream* of *size* in pixels to Pillow's *mode* takes.

    Raises:
        BrokenPictureError: a JPEG of so many scans that it would take minutes.
    """
    pixels = size[0] * size[1]
    pixel = float(_PIXEL.get(mode, 4))
    stream.seek(0)
    head = stream.read(HEAD)
    held = 0
    if head.startswith(b"\xff\xd8"):
        held = _jpeg(stream, pixels)
    elif is_webp(stream):
        held = int(pixels * _WEBP)
    elif (mime_type := sniff(head)) == "image/avif":
        held = int(pixels * _AVIF * (1.8 if mode == "RGBA" else 1))
    elif mime_type in _HELD:
        held = int(pixels * _HELD[mime_type])
    return Cost(held, pixel, bool(held) and held + pixels * pixel > _TIGHT)


def is_webp(stream: BinaryIO) -> bool:
    """Whether the bytes in *stream* are a WebP."""
    stream.seek(0)
    head = stream.read(12)
    return head[:4] == b"RIFF" and head[8:] == b"WEBP"


def is_decoded_early(stream: BinaryIO) -> bool:
    """Whether Pillow takes memory for all pixels when it opens the picture in *stream*."""
    stream.seek(0)
    return sniff(stream.read(HEAD)) in ("image/webp", "image/jxl")


def stated_size(stream: BinaryIO) -> tuple[int, int] | None:
    """Width and height in pixels that a PNG, a WebP or a JPEG XL states, not turned; None where
    others are asked.

    Raises:
        BrokenPictureError: the header is cut short.
    """
    stream.seek(0)
    head = stream.read(30)
    if sniff(head) == "image/jxl":
        return _size_of_codestream(_codestream(stream))
    if head.startswith(b"\x89PNG"):
        if len(head) < 24:
            raise BrokenPictureError("a PNG without pixels")
        width, height = struct.unpack(">II", head[16:24])
        return width, height
    if not is_webp(stream):
        return None
    kind, body = head[12:16], head[20:]
    if kind == b"VP8X" and len(body) >= 10:
        return (int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1)
    if kind == b"VP8L" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(body) >= 10:
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    raise BrokenPictureError("a WebP whose header is damaged")


def _codestream(stream: BinaryIO) -> bytes:
    """How the codestream of a JPEG XL begins, in boxes or without (ISO 18181-2, section 9)."""
    stream.seek(0)
    found = stream.read(_START)
    if found.startswith(b"\xff\x0a"):
        return found
    found, at = b"", 0
    for _ in range(_MOST_BOXES):
        stream.seek(at)
        header = stream.read(16)
        if len(header) < 8 or len(found) >= _START:
            break
        length, kind = struct.unpack(">I4s", header[:8])
        start = at + 8
        if length == 1 and len(header) == 16:
            start, length = at + 16, int.from_bytes(header[8:], "big")
        stream.seek(start + (4 if kind == b"jxlp" else 0))  # the number of the part
        if kind in (b"jxlc", b"jxlp"):
            most = at + length - stream.tell() if length else _START
            found += stream.read(max(0, min(_START, most)))
        if length < 8:  # the last one
            break
        at += length
    return found


def _size_of_codestream(start: bytes) -> tuple[int, int]:
    """Width and height that a codestream of JPEG XL states (ISO 18181-1, `SizeHeader`)."""
    if len(start) < 12 or not start.startswith(b"\xff\x0a"):
        raise BrokenPictureError("a JPEG XL whose header is damaged")
    bits, at = int.from_bytes(start[2:], "little"), 0

    def number(count: int) -> int:
        nonlocal at
        at += count
        return bits >> at - count & (1 << count) - 1

    is_small = number(1)

    def side() -> int:
        return 8 * (number(5) + 1) if is_small else number(_SIDE_BITS[number(2)]) + 1

    height = side()
    ratio = number(3)
    return (height * _RATIOS[ratio][0] // _RATIOS[ratio][1] if ratio else side()), height


def _jpeg(stream: BinaryIO, pixels: int) -> int:
    """The bytes of coefficients that a JPEG in several scans needs at once: two for each sample."""
    stream.seek(0)
    content = stream.read()
    # Inside a scan FF is always followed by 00 or a restart mark, so FFDA begins one.
    scans = content.count(b"\xff\xda")
    most = min(MAX_SCANS, MAX_SCANNED // max(1, pixels))
    if scans > most:
        raise BrokenPictureError(
            f"a JPEG of {scans:,} scans over {pixels:,} pixels would take minutes; at most {most}"
            " scans are taken of one so large. Save it again as an ordinary JPEG")
    return 0 if scans < 2 else int(2 * pixels * _samples(content))


def _samples(content: bytes) -> float:
    """Samples of all components for one pixel: 3, or 1.5 where colours are halved both ways."""
    at = 2
    while at + 10 <= len(content) and content[at] == 0xFF and content[at + 1] != 0xDA:
        mark = content[at + 1]
        # SOF0 to SOF15 without the tables DHT, JPG and DAC, whose numbers lie between.
        if 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):
            factors = content[at + 11:at + 10 + 3 * content[at + 9]:3]
            areas = [(factor >> 4) * (factor & 15) or 1 for factor in factors]
            return sum(areas) / max(areas, default=1)
        # A filler is one byte, every other segment says its length.
        at += 1 if mark == 0xFF else 2 + int.from_bytes(content[at + 2:at + 4], "big")
    return 4.0
