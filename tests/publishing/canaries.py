"""A word that must not get through, pictures to hide it in, and a search that reads as many do."""

from __future__ import annotations

import base64
import io
import random
import re
import struct
import zlib

from PIL import Image, ImageCms

from imagelib.publishing.cleaning import RefusedError, clean
from imagelib.publishing.cleaning.verifying import looks_of, verify

WORD = b"zq7foxes"
PIXELS = 10**7
_TEXT = WORD.decode()
_BASE64 = [base64.b64encode(bytes(shift) + WORD)[2 if shift else 0:10] for shift in range(3)]
_WRITTEN = [WORD, _TEXT.encode("utf-16-le"), _TEXT.encode("utf-16-be"), WORD.hex().encode(),
            WORD.hex().upper().encode(), *_BASE64]


def found_in(content: bytes) -> bool:
    """Whether the word stands in *content*: plain, in UTF-16, hexadecimal, base64, or packed."""
    if any(way in content for way in _WRITTEN):
        return True
    for begin in re.finditer(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08", content):
        engine = zlib.decompressobj(wbits=47)
        try:
            inside = engine.decompress(content[begin.start():], 10**6)
        except zlib.error:
            continue
        if any(way in inside for way in _WRITTEN):
            return True
    return False


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 30), seed: int = 1) -> Image.Image:
    """A drawn picture, of which no two pixels side by side are alike."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    small = Image.frombytes(mode, (5, 4), random.Random(seed).randbytes(20 * bands))
    if mode == "P":
        small = picture(size=(5, 4), seed=seed).quantize(16)
    return small.resize(size, Image.Resampling.NEAREST if mode == "P" else
                        Image.Resampling.BICUBIC)


def saved(image: Image.Image, name: str, **options) -> bytes:
    written = io.BytesIO()
    image.save(written, name, **options)
    return written.getvalue()


def profile(date: bytes = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)) -> bytes:
    """A whole colour profile."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return made[:24] + date + made[36:]


def exif_with(text: bytes, orientation: int = 1) -> bytes:
    """A TIFF with a description."""
    entries = struct.pack(">HHHIHHHHII", 2, 0x0112, 3, 1, orientation, 0, 0x010E, 2, len(text), 38)
    return b"MM\0*\0\0\0\x08" + entries + bytes(4) + text


def is_silent(content: bytes, *, like: bytes | None = None) -> bool:
    """Clean *content*: true if the word is gone and its looks stay; false if it is refused.

    *like* has its looks, where Pillow does not take *content* itself.
    """
    assert found_in(content), "the test hides nothing"
    try:
        cleaned = clean(content)
    except RefusedError:
        return False
    assert not found_in(cleaned.content)
    if like is None:
        verify(content, cleaned.content, PIXELS)
    else:
        assert looks_of(cleaned.content, PIXELS) == looks_of(like, PIXELS)
    assert clean(cleaned.content).content == cleaned.content
    return True
