"""What pixels hold that nobody sees: a file that was cleaned would still hold it.

Texts in the lowest bits: what is known is looked for (`imagelib.ingest.embedded.stealth`), and
what nobody does for the looks of a picture: transparency that is nowhere to be seen, and not
constant. Colours where a picture is wholly transparent: what somebody has erased is there still.
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
    is_erased: bool = False

    @property
    def is_text(self) -> bool:
        """Whether it is a text."""
        return self.in_alpha or self.in_colours

    def __bool__(self) -> bool:
        """Whether its pixels have to be encoded anew."""
        return self.is_text or self.is_erased


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
    # The frames of an animation lie over one another, and none is seen alone.
    is_still = getattr(image, "n_frames", 1) == 1
    return Hidden(in_alpha, in_colours, is_still and is_erased(image))


def is_erased(image: Image.Image) -> bool:
    """Whether the pixels that are wholly transparent differ from one another."""
    if image.mode == "P":
        opacities = image.info.get("transparency")
        return isinstance(opacities, bytes) and sum(
            bool(count) and opacity == 0
            for count, opacity in zip(image.histogram(), opacities, strict=False)) > 1
    if image.getbands()[-1] != "A":
        return False
    unseen = unseen_in(image)
    return any(sum(map(bool, band.histogram(unseen))) > 1 for band in image.split()[:-1])


def unseen_in(image: Image.Image) -> Image.Image:
    """A mask of the pixels of *image* that are wholly transparent, by its last band."""
    return image.getchannel("A").point([255, *[0] * 255])


def _columns(image: Image.Image, mode: str = "") -> Columns:
    def columns(first: int, last: int) -> bytes:
        part = image.crop((first, 0, last, image.height))
        return (part.convert(mode) if mode else part).transpose(
            Image.Transpose.TRANSPOSE).tobytes()

    return columns
