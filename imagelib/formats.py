"""The types of pictures and videos that we keep, told by first bytes and never by a name."""

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
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
}
#: Extensions that promise an image; a file with one that holds none is worth a word.
IMAGE_SUFFIXES = frozenset([
    *EXTENSIONS.values(), ".jpeg", ".jfif", ".apng", ".dib", ".tiff", ".heif", ".heics", ".hif",
    ".m4v"])
#: What every browser shows. Of all others the site has a display copy beside the original: Safari
#: alone shows TIFF and HEIC, and few show JPEG XL.
_SHOWN = frozenset(
    ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "image/bmp"))
#: The types that Pillow reads with a package besides: what they are called, our extra, and the
#: packages that are installed with it (pyproject.toml has the same).
EXTRAS = {
    "image/heic": ("HEIC", "heic", "pillow-heif"),
    "image/jxl": ("JPEG XL", "jxl", "pillow-jxl-plugin brotli"),
    "video/mp4": ("video", "video", "av"),
    "video/quicktime": ("video", "video", "av"),
    "video/webm": ("video", "video", "av"),
}
#: How it begins why a video has no preview, which is no fault of it: it is kept and played.
NO_PREVIEW = "there is no preview of a video without the extra imagelib-gallery[video]"
#: What is said of a file that is of no type of ours.
NO_PICTURE = ("not a PNG, JPEG, WebP, GIF, AVIF, BMP, TIFF, HEIC or JPEG XL picture, nor an MP4 or"
              " WebM video (judged by its bytes, not its name)")
#: How many bytes `sniff` wants.
HEAD = 64

#: Brands of ISO files (ISO 23008-12, annex B): HEVC pictures and sequences, and pictures of any
#: codec, which are taken for the former where no brand says AVIF.
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
_AVIF = (b"avif", b"avis")
#: Of MP4 (ISO 14496-12, annex E; the MP4 registration authority) and QuickTime.
_MP4 = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash")
_QUICKTIME = b"qt  "
#: How EBML begins (RFC 8794), and its type of document where that is WebM.
_EBML, _WEBM = b"\x1aE\xdf\xa3", b"B\x82\x84webm"
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
        end = min(HEAD, int.from_bytes(head[:4], "big"))
        return _sniff_brands(head[8:12], *(head[at:at + 4] for at in range(16, end, 4)))
    if head.startswith(JXL):
        return "image/jxl"
    if head.startswith(TIFF):
        return "image/tiff"
    if head.startswith(_EBML) and _WEBM in head:
        return "video/webm"
    # Two letters begin many texts: the length of the header that follows is one of a few.
    if head[:2] == b"BM" and head[14:18] in (b"\x0c\0\0\0", b"\x28\0\0\0", b"\x34\0\0\0",
                                            b"\x38\0\0\0", b"\x40\0\0\0", b"\x6c\0\0\0",
                                            b"\x7c\0\0\0"):
        return "image/bmp"
    return None


def needs_display(mime_type: str) -> bool:
    """Whether pages show a display copy of such a picture, as not every browser shows it itself; of
    a video it is the first frame."""
    return mime_type not in _SHOWN


def is_video(mime_type: str) -> bool:
    """Whether such a file is played."""
    return mime_type.startswith("video/")


def _sniff_brands(*brands: bytes) -> str | None:
    if any(brand in _AVIF for brand in brands):
        return "image/avif"
    if any(brand in _HEIC for brand in brands):
        return "image/heic"
    if brands[0] == _QUICKTIME:
        return "video/quicktime"
    return "video/mp4" if any(brand in _MP4 for brand in brands) else None
