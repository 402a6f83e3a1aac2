"""Encode pictures anew for publication: without what pixels hide, smaller, with words on them."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from imagelib.colours import converter
from imagelib.decoders import orientation
from imagelib.pictures import SILENT, UPRIGHT, fitted
from imagelib.publishing.cleaning.profile import clean_profile
from imagelib.publishing.cleaning.stealth import Hidden

#: What our formats can be written as, by the word for it -> Pillow's name.
FORMATS = {"webp": "WEBP", "jpeg": "JPEG", "png": "PNG"}
#: The words of a watermark take so much of the width, and are so high at most.
_WIDE, _HIGH = 0.6, 0.25
#: Of 255: words that are read without hiding the picture.
_INK, _EDGE = (255, 255, 255, 110), (0, 0, 0, 110)


def without_hidden(image: Image.Image, hidden: Hidden) -> Image.Image:
    """*image* upright and in 8 bits, the lowest bits cleared where *hidden* says so."""
    made = converter(image)(image)
    if hidden.in_colours:
        lut = [value & 254 for value in range(256)] * 3
        lut += list(range(256)) if made.mode == "RGBA" else []
        made = made.point(lut)
    return _upright(_silent(made), image)


def resized(image: Image.Image, longest: int, watermark: str = "") -> Image.Image:
    """*image* upright in 8 bits with sides of at most *longest* pixels, *watermark* across it.

    Never enlarged. Its colours are those of `colours.profile_of`.
    """
    made = _silent(converter(image)(image))
    if longest and max(made.size) > longest:
        size = fitted(made.size, longest)
        if made.mode == "RGBA":  # or colours of what is not seen would bleed
            made = made.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")
            made = _silent(made)
        else:
            made = made.resize(size, Image.Resampling.LANCZOS)
    made = _upright(made, image)
    return _marked(made, watermark) if watermark.strip() else made


def encoded(made: Image.Image, name: str, profile: bytes | None, quality: int = 0) -> bytes:
    """*made* as a file of the format *name*, lossless where *quality* is 0 and the format can.

    Besides the pixels it has the colour *profile*, cleaned.
    """
    saving: dict[str, Any] = {"icc_profile": clean_profile(profile) if profile else None}
    if name == "jpeg":
        saving |= {"quality": quality or 92, "optimize": True}
        if made.mode == "RGBA":
            ground = Image.new("RGBA", made.size, "white")
            ground.alpha_composite(made)
            made = ground.convert("RGB")
    elif name == "webp":
        # Half of the time for 4 % more bytes.
        saving |= ({"quality": quality, "method": 2} if quality
                   else {"lossless": True, "exact": True})
    # What the picture came with would be written along.
    made.info = {}
    written = io.BytesIO()
    made.save(written, FORMATS[name], **saving)
    return written.getvalue()


def _silent(made: Image.Image) -> Image.Image:
    """*made* without the lowest bits of its transparency, and black where nothing of it is seen;
    RGB if all of it is seen."""
    if made.mode != "RGBA":
        return made
    alpha = made.getchannel("A").point(SILENT)
    if alpha.getextrema() == (255, 255):
        return made.convert("RGB")
    made.putalpha(alpha)
    made.paste((0, 0, 0, 0), mask=alpha.point([255, *[0] * 255]))
    return made


def _upright(made: Image.Image, image: Image.Image) -> Image.Image:
    turn = UPRIGHT.get(orientation(image))
    return made.transpose(turn) if turn is not None else made


def _marked(made: Image.Image, words: str) -> Image.Image:
    """*made* with *words* across its middle, as one line."""
    words = " ".join(words.split())
    unit = 64
    left, top, right, bottom = ImageFont.load_default(unit).getbbox(words)
    scale = min(_WIDE * made.width / (right - left), _HIGH * made.height / (bottom - top))
    size = max(6, unit * scale)
    layer = Image.new("RGBA", made.size, (0, 0, 0, 0))
    ImageDraw.Draw(layer).text((made.width / 2, made.height / 2), words, fill=_INK, anchor="mm",
                               font=ImageFont.load_default(size), stroke_fill=_EDGE,
                               stroke_width=max(1, size / 24))
    return Image.alpha_composite(made.convert("RGBA"), layer).convert(made.mode)
