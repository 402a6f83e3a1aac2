"""Colours of a frame of an animation where it is wholly transparent: what somebody has erased."""

from __future__ import annotations

import io
import sys
from typing import Any


def without_unseen(still: bytes, name: str, **saving: Any) -> bytes | None:
    """The picture *still* with black where nobody sees it, of indices with one of them, as Pillow
    writes the format *name*; None where all that nobody sees is alike already.

    Raises:
        BrokenPictureError: it cannot be decoded.
    """
    # Pillow is not loaded where a picture is only asked for.
    from imagelib.pictures import decode, opened
    from imagelib.publishing.cleaning.stealth import is_erased, unseen_in

    with opened(still, sys.maxsize) as image:
        decode(image, still)
        if not is_erased(image):
            return None
        if image.mode == "P":
            opacities = image.info["transparency"]
            made = image.point([index if index >= len(opacities) or opacities[index]
                                else opacities.index(0) for index in range(256)])
        else:
            made = image.copy()
            made.paste((0,) * len(image.getbands()), mask=unseen_in(image))
        made.info = {}
        written = io.BytesIO()
        made.save(written, name, **saving)
        return written.getvalue()
