"""The image types that we keep, told by their first bytes and never by a name."""

from __future__ import annotations

#: MIME type -> the extension under which we store it.
EXTENSIONS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/avif": ".avif",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "image/heic": ".heic",
    "image/jxl": ".jxl",
}
#: Extensions that promise an image; a file with one that holds none is worth a word.
IMAGE_SUFFIXES = frozenset([
    *EXTENSIONS.values(), ".jpeg", ".jfif", ".apng", ".dib", ".tiff", ".heif", ".heics", ".hif"])
#: What every browser shows. Of all others the site has a display copy beside the original: Safari
#: alone shows TIFF and HEIC, and few show JPEG XL.
_SHOWN = frozenset(
    ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "image/bmp"))
#: The types that Pillow reads with a package besides: what they are called, our extra, and the
#: packages that are installed with it (pyproject.toml has the same).
EXTRAS = {
    "image/heic": ("HEIC", "heic", "pillow-heif"),
    "image/jxl": ("JPEG XL", "jxl", "pillow-jxl-plugin brotli"),
}
#: What is said of a file that is of no type of ours.
NO_PICTURE = ("not a PNG, JPEG, WebP, GIF, AVIF, BMP, TIFF, HEIC or JPEG XL picture (judged by its"
              " bytes, not its name)")
#: How many bytes `sniff` wants.
HEAD = 32

#: Brands of ISO files (ISO 23008-12, annex B): HEVC pictures and sequences, and pictures of any
#: codec, which are taken for the former where no brand says AVIF.
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
_AVIF = (b"avif", b"avis")
#: How a JPEG XL begins (ISO 18181-2): a box of its own, or the codestream at once.
JXL = (b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a")
#: How a TIFF begins (TIFF 6.0, section 2), and a BigTIFF.
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


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
    if head[4:8] == b"ftyp":
        return _sniff_brands(head[8:12], *(head[at:at + 4] for at in range(16, HEAD, 4)))
    if head.startswith(JXL):
        return "image/jxl"
    if head.startswith(TIFF):
        return "image/tiff"
    # Two letters begin many texts: the length of the header that follows is one of a few.
    if head[:2] == b"BM" and head[14:18] in (b"\x0c\0\0\0", b"\x28\0\0\0", b"\x34\0\0\0",
                                            b"\x38\0\0\0", b"\x40\0\0\0", b"\x6c\0\0\0",
                                            b"\x7c\0\0\0"):
        return "image/bmp"
    return None


def needs_display(mime_type: str) -> bool:
    """Whether pages show a display copy of such a picture, as not every browser shows it itself."""
    return mime_type not in _SHOWN


def _sniff_brands(*brands: bytes) -> str | None:
    if any(brand in _AVIF for brand in brands):
        return "image/avif"
    return "image/heic" if any(brand in _HEIC for brand in brands) else None
