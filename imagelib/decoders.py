"""How Pillow is set up: pixels decide whether a picture is sound, and nothing beside them.

A decoder is loaded with the first file of its type, so that nobody waits for those that are
not wanted, and no file is given to another one than its bytes ask for. Programs write text
chunks with wrong checksums, and Exif that is none. Browsers show such pictures; so what is said
beside the pixels is passed over here, where it cannot be read. `imagelib.ingest.embedded` reads
it from the file by itself.
"""

from __future__ import annotations

import importlib
import io
import re
import struct
import warnings
import zlib
from contextlib import suppress
from typing import BinaryIO

from PIL import AvifImagePlugin, Image, PngImagePlugin

from imagelib.errors import MissingExtraError
from imagelib.formats import EXTRAS

#: Pillow's name of the format -> our MIME type. Cameras put further pictures behind a JPEG ("MPO").
FORMATS = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "HEIF": "image/heic",
    "JXL": "image/jxl",
}
#: MIME type -> the name that Pillow opens it by, which finds out by itself that a JPEG is an MPO.
_OPENED = {mime_type: name for name, mime_type in FORMATS.items() if name != "MPO"}
#: Pillow's name of the format -> the module that registers it.
_PLUGINS = {
    "PNG": "PIL.PngImagePlugin", "JPEG": "PIL.JpegImagePlugin", "WEBP": "PIL.WebPImagePlugin",
    "GIF": "PIL.GifImagePlugin", "AVIF": "PIL.AvifImagePlugin", "BMP": "PIL.BmpImagePlugin",
    "TIFF": "PIL.TiffImagePlugin", "HEIF": "pillow_heif", "JXL": "pillow_jxl.JpegXLImagePlugin",
}
#: What Pillow's decoders were seen to raise on damaged input.
DAMAGE = (OSError, ValueError, SyntaxError, struct.error, EOFError, IndexError, KeyError, TypeError,
          OverflowError, ZeroDivisionError, RuntimeError)
#: Chunks of a PNG that a decoder may pass over and that still hold pixels.
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
#: Those that Pillow takes apart and that say nothing of how the picture looks.
_PASSED_OVER = (b"tEXt", b"zTXt", b"iTXt", b"pHYs")
#: Which of the formats browsers turn upright, and by what: Exif of a JPEG and a PNG, and what an
#: AVIF says of itself, which Pillow gives as Exif. Neither Chromium 156 nor Firefox 140 turns a
#: picture by the Exif of a WebP, by XMP, or by a text chunk that holds Exif. A TIFF, a HEIC and a
#: JPEG XL are upright when they are decoded, but for a JPEG that was packed into JPEG XL.
_TURNED = ("JPEG", "MPO", "PNG", "AVIF")
_ORIENTATION = 0x0112
#: How an AVIF's list of items names its Exif (ISO 14496-12, 8.11.6), and within how many bytes.
_EXIF_ITEM, _META = re.compile(rb"(infe[\x02\x03].{7,9})Exif", re.DOTALL), 1 << 20
#: No chunk of a PNG that says how it looks, and that may be passed over, has so many bytes.
_LONGEST = 16 * 2**20

_read_exif = Image.Exif.load
_call = PngImagePlugin.ChunkStream.call
_crc = PngImagePlugin.ChunkStream.crc


def opener(mime_type: str) -> str:
    """The name by which Pillow opens such a file; its decoder is loaded.

    Raises:
        MissingExtraError: that is a package besides, which is not installed.
    """
    name = _OPENED[mime_type]
    if name not in Image.OPEN:
        try:
            module = importlib.import_module(_PLUGINS[name])
        except ImportError as error:
            called, extra, packages = EXTRAS[mime_type]
            raise MissingExtraError(
                f"a {called} picture, which is read with the extra imagelib-gallery[{extra}];"
                f" install it where imagelib is (pip install {packages}), and add it again"
            ) from error
        if name == "HEIF":
            module.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False,
                                        aux_images=False)
        elif name == "JXL":
            setattr(module, "DECODE_THREADS", 0)  # noqa: B010 - a worker may start none
    return name


def orientation(image: Image.Image) -> int:
    """How the picture has to be turned, as Exif numbers it and browsers do: 1 to 8."""
    is_turned = image.format in _TURNED or (image.format == "JXL" and getattr(image, "jpeg", False))
    exif = image.info.get("exif") if is_turned else None
    if not exif:
        return 1
    found = Image.Exif()
    found.load(exif)
    with suppress(*DAMAGE):
        value = found.get(_ORIENTATION, 1)
        return value if isinstance(value, int) and 1 <= value <= 8 else 1
    return 1


def without_exif(stream: BinaryIO) -> BinaryIO:
    """The AVIF or HEIC in *stream*, its Exif under another name: libavif refuses a picture for it.
    """
    start = stream.tell()
    content, found = _EXIF_ITEM.subn(rb"\1skip", stream.read(_META))
    if found:
        return io.BytesIO(content + stream.read())
    stream.seek(start)
    return stream


def _exif_or_none(self: Image.Exif, data: bytes) -> None:
    with warnings.catch_warnings(), suppress(*DAMAGE):
        warnings.simplefilter("ignore")
        _read_exif(self, data)


def _read_chunk(self: PngImagePlugin.ChunkStream, name: bytes, position: int, length: int
                ) -> bytes:
    """What a decoder may pass over (PNG 3, 5.4) is passed over where it is damaged."""
    if not name[0] & 32 or name in _ANIMATION:
        return _call(self, name, position, length)
    assert self.fp is not None
    if name not in _PASSED_OVER and length < _LONGEST:
        said = zlib.crc32(self.fp.read(length), zlib.crc32(name))
        if self.fp.read(4) == said.to_bytes(4, "big"):
            self.fp.seek(position)
            with suppress(AttributeError, *DAMAGE):  # it has no method for what it does not know
                return _call(self, name, position, length)
    self.fp.seek(position + length)
    return b""


def _check_chunk(self: PngImagePlugin.ChunkStream, name: bytes, data: bytes) -> None:
    if name[0] & 32:
        self.crc_skip(name, data)
    else:
        _crc(self, name, data)


# Pillow has no setting for any of this; what is replaced is one method each, for the process.
Image.Exif.load = _exif_or_none  # type: ignore[method-assign]
PngImagePlugin.ChunkStream.call = _read_chunk  # type: ignore[method-assign, assignment]
PngImagePlugin.ChunkStream.crc = _check_chunk  # type: ignore[method-assign, assignment]
PngImagePlugin.MAX_TEXT_CHUNK = 8 * 2**20  # it counts profiles, too
Image.MAX_IMAGE_PIXELS = None  # our own limit is checked first, as an error and not a warning
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each has frames of its own, and a worker may start none
