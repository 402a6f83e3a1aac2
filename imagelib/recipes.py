"""How derivatives are made of a picture: which sizes, of which quality, in which format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from imagelib.formats import needs_display

#: Another letter when derivatives are made in another way, so that old ones are replaced. Those
#: without any kept what a generator had hidden in the transparency; those with a "b" turned a WebP
#: by its Exif, which no browser does.
_METHOD = "c"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a derivative is made: its longest edge in pixels, its quality, its Pillow format."""

    edge: int
    quality: int
    form: str = "WEBP"
    #: Whether time counts for more than a tenth of the bytes and 0.1 of 33 dB.
    is_quick: bool = False

    @property
    def name(self) -> str:
        """The part of a file name that stands for this recipe."""
        return f"{self.edge}q{self.quality}{_METHOD}"

    @property
    def extension(self) -> str:
        """What its file ends with."""
        return {"WEBP": ".webp", "JPEG": ".jpg"}[self.form]


#: What the grid shows.
GRID = Recipe(edge=400, quality=80)
#: The same for dense screens and large cards. Pixels that small hide what a lower quality costs.
SHARP = Recipe(edge=800, quality=60, is_quick=True)

#: What chat programs show of a link: few take WebP, and none of them large files.
LINKED = Recipe(edge=800, quality=80, form="JPEG")
#: What pages show in place of an original that not every browser shows: in its size, or the largest
#: that WebP allows (RFC 6386, 9.1) and a worker has the memory for.
DISPLAY = Recipe(edge=16383, quality=90)
RECIPES = (GRID, SHARP, LINKED, DISPLAY)


def has_sharp(width: int, height: int) -> bool:
    """Whether such a picture has more to show than `GRID` shows; card.js asks alike."""
    return max(width, height) > GRID.edge


def fitting(recipes: Iterable[Recipe], width: int, height: int, mime_type: str) -> list[Recipe]:
    """Those of *recipes* that such a picture has: a small one has no `SHARP`, and one of a type
    that every browser shows no `DISPLAY`."""
    return [recipe for recipe in recipes
            if (recipe != SHARP or has_sharp(width, height))
            and (recipe != DISPLAY or needs_display(mime_type))]
