"""Clean picture files for publication without encoding their pixels anew.

What a file may keep is listed for each format; everything else goes, known or not. A
file that is not whole is refused, never half cleaned. Pixels that hide a text in their
lowest bits are another matter: `stealth` finds them, `pixels` encodes anew; so are BMP, TIFF, HEIC
and JPEG XL, for which there is no such list.
A worker does all of it (`clean_in`, `render_in`). Watermarks of unknown kinds stay in the pixels.
"""

from __future__ import annotations

from collections.abc import Callable

from imagelib.errors import RefusedError
from imagelib.formats import HEAD, sniff
from imagelib.publishing.cleaning.asking import Rendering, clean_in, render_in
from imagelib.publishing.cleaning.avif import clean_avif
from imagelib.publishing.cleaning.cleaned import Cleaned
from imagelib.publishing.cleaning.gif import clean_gif
from imagelib.publishing.cleaning.jpeg import clean_jpeg
from imagelib.publishing.cleaning.label import PACKET
from imagelib.publishing.cleaning.png import clean_png
from imagelib.publishing.cleaning.refusing import refused
from imagelib.publishing.cleaning.webp import clean_webp

__all__ = ["Cleaned", "RefusedError", "Rendering", "clean", "clean_in", "render_in"]

_CLEANERS: dict[str, Callable[[bytes, bool], bytes]] = {
    "image/png": clean_png,
    "image/jpeg": clean_jpeg,
    "image/webp": clean_webp,
    "image/gif": clean_gif,
    "image/avif": clean_avif,
}


def has_cleaner(mime_type: str) -> bool:
    """Whether files of this type keep their pixels as they are encoded; others become PNG."""
    return mime_type in _CLEANERS


def clean(content: bytes, *, label: bool = False) -> Cleaned:
    """The picture *content* as it may be published; its format is told by its bytes.

    With *label* it says that it was made by AI, in the same bytes for all pictures. An
    AVIF gets the label only where something of that size stood, as nothing in it is moved.
    WebP streams are decoded to find their ends, so it belongs into a worker.

    Raises:
        RefusedError: it is broken, of no format that we take, or cannot be judged.
    """
    mime_type = sniff(content[:HEAD])
    if mime_type is None:
        raise refused("it is of no type that we keep, judged by its bytes")
    if mime_type not in _CLEANERS:
        raise refused("files of its type are only encoded anew")
    made = _CLEANERS[mime_type](content, label)
    return Cleaned(made, mime_type, labelled=PACKET in made)
