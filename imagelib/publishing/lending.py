"""Thumbnails of the library's own site that a publication takes over instead of making them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from imagelib.generator.derivatives import Lender, nobody
from imagelib.generator.paths import thumbnail_path, width_in
from imagelib.library.library import Library
from imagelib.library.values.image import Image
from imagelib.publishing.policy import Pictures, Policy
from imagelib.recipes import Recipe


def lender(library: Library, policy: Policy, digests: Mapping[int, str]) -> Lender:
    """The thumbnails of *library*, as far as they show what *policy* publishes.

    *digests* are those of the originals, which name the same pixels there, by the pks of the
    publication. Larger ones than the published picture would be made into show more, and those
    without a watermark too. With a colour profile they have it as it was in the file: whole, with
    its texts.
    """
    if isinstance(policy.originals, Pictures) and policy.originals.watermark:
        return nobody
    originals = {row[0]: row[1:] for row in library.database.read(
        "SELECT digest, width, height FROM images")}

    def lent(image: Image, recipe: Recipe) -> Path | None:
        digest = digests.get(image.pk, "")
        size = originals.get(digest)
        if size is None or (width_in(recipe, *size), width_in(recipe, *reversed(size))) != (
                width_in(recipe, image.width, image.height),
                width_in(recipe, image.height, image.width)):
            return None
        there = library.settings.site_dir / thumbnail_path(digest, recipe)
        return None if _has_profile(there) else there

    return lent


def _has_profile(thumbnail: Path) -> bool:
    try:
        with thumbnail.open("rb") as stream:  # it stands first, in WebP and in JPEG
            return b"ICC" in stream.read(64)
    except OSError:  # nobody has made it
        return False
