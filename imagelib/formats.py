"""The image types that we keep, told by their first bytes and never by a name."""

from __future__ import annotations

#: MIME type -> the extension under which we store it.
EXTENSIONS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/avif": ".avif",
}
#: Extensions that promise an image; a file with one that holds none is worth a word.
IMAGE_SUFFIXES = frozenset(
    [*EXTENSIONS.values(), ".jpeg", ".jfif", ".apng", ".bmp", ".tif", ".tiff", ".heic", ".jxl"]
)
#: How many bytes `sniff` wants.
HEAD = 32


def sniff(head: bytes) -> str | None:
    """The MIME type that the first `HEAD` bytes claim, or None if it is none of ours."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if head[4:8] == b"ftyp" and any(brand in head[8:HEAD] for brand in (b"avif", b"avis")):
        return "image/avif"
    return None
