"""Where each artifact of one image lies in the site, and how a page links to it.

Paths are relative to the site's folder with '/' between their parts. A
derivative is named after the bytes of its file and the recipe that made it, so
a file that exists is current and nothing has to compare times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

#: Paths that are URLs as they are; nearly all, and `quote` takes long to see it.
_PLAIN = re.compile(r"[A-Za-z0-9/._~-]*")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a derivative is made: its longest edge in pixels and its WebP quality."""

    edge: int
    quality: int

    @property
    def name(self) -> str:
        """The part of a file name that stands for this recipe."""
        return f"{self.edge}q{self.quality}"


#: What the grid shows.
GRID = Recipe(edge=400, quality=80)
#: The same for dense screens and large cards. Pixels that small hide what a lower quality costs.
SHARP = Recipe(edge=800, quality=60)


def has_sharp(width: int, height: int) -> bool:
    """Whether such a picture has more to show than `GRID` shows; static/card.js asks alike."""
    return max(width, height) > GRID.edge


def width_in(recipe: Recipe, width: int, height: int) -> int:
    """How many pixels wide *recipe* makes a picture of this size; static/card.js computes alike."""
    longest = max(width, height)
    if longest <= recipe.edge:
        return width
    return max(1, (2 * width * recipe.edge + longest) // (2 * longest))


def thumbnail_path(digest: str, recipe: Recipe = GRID) -> str:
    """The derivative of the file with this *digest*."""
    return f"thumbs/{digest[:2]}/{digest}-{recipe.name}.webp"


def original_path(file_name: str) -> str:
    """The original, under the name that it has in the library."""
    return f"images/{file_name}"


def page_path(image_id: str) -> str:
    """The permalink of one image."""
    return f"image/{image_id}.html"


def as_url(path: str) -> str:
    """Percent-encode a site path for an attribute; works over http and on `file://`."""
    return path if _PLAIN.fullmatch(path) else quote(path, safe="/-._~")
