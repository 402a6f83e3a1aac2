"""Texts in the lowest bits of pixels: a file that was cleaned would still hold them.

What is known is looked for (`imagelib.ingest.embedded.stealth`), and what nobody does
for the looks of a picture: transparency that is nowhere to be seen, and not constant.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from imagelib.ingest.embedded.stealth import Columns, holds_stealth

#: From here on transparency is not seen.
_OPAQUE = 254


@dataclass(frozen=True, slots=True)
class Hidden:
    """Where a picture holds a hidden text; false if nowhere."""

    in_alpha: bool
    in_colours: bool

    def __bool__(self) -> bool:
        """Whether its pixels have to be encoded anew."""
        return self.in_alpha or self.in_colours


def hidden_in(image: Image.Image) -> Hidden:
    """What the pixels of *image* hide."""
    bands = image.getbands()
    in_alpha = False
    if bands[-1] == "A":
        alpha = image.getchannel("A")
        in_alpha = alpha.getextrema() == (_OPAQUE, _OPAQUE + 1) or holds_stealth(
            *image.size, _columns(alpha))
    in_colours = bands[:3] == ("R", "G", "B") and holds_stealth(
        *image.size, _columns(image, "RGB"), 3)
    return Hidden(in_alpha, in_colours)


def _columns(image: Image.Image, mode: str = "") -> Columns:
    def columns(first: int, last: int) -> bytes:
        part = image.crop((first, 0, last, image.height))
        return (part.convert(mode) if mode else part).transpose(
            Image.Transpose.TRANSPOSE).tobytes()

    return columns
