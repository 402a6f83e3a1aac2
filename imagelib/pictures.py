"""Decode pictures and make small ones of them: only this and the demo import Pillow.

Meant to run inside `imagelib.sandbox`. Nothing here trusts a file: the type is
decided by its first bytes, only five decoders may run (most of Pillow's known
holes sit in the others), and the pixel count is checked before any is decoded.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile, ImageOps, PngImagePlugin, UnidentifiedImageError

from imagelib.errors import BrokenPictureError, UnsupportedTypeError
from imagelib.formats import HEAD, sniff

#: Pillow's name of the format -> our MIME type.
FORMATS = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}
#: A progressive JPEG has about ten scans; 5,000 of them kept Pillow busy for 93 s (measured).
MAX_SCANS = 200
#: JPEGs may be decoded smaller, but no smaller than this edge: that of the largest derivative.
_DRAFT = 800
#: Colour modes whose profile still fits after a conversion to RGB; a CMYK one would not.
_RGB = ("RGB", "RGBA")

# A generator's workflow of 2 MB is honest, and Pillow refuses the whole picture at 1 MB.
PngImagePlugin.MAX_TEXT_CHUNK = 8 * 2**20
PngImagePlugin.MAX_TEXT_MEMORY = 64 * 2**20
Image.MAX_IMAGE_PIXELS = None  # our own limit is checked first, as an error and not a warning


def measure(path: str, max_pixels: int) -> list[object]:
    """Decode the picture at *path* whole; return its MIME type, width, height, and looks.

    The size is that of the upright picture, in pixels; the looks are `difference_hash`.
    Raises BrokenPictureError or UnsupportedTypeError.
    """
    with _opened(Path(path), max_pixels) as image:
        mime_type = FORMATS[str(image.format)]
        image.load()
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        width, height = image.size
        size = (height, width) if turned else (width, height)
        return [mime_type, *size, difference_hash(image)]


def difference_hash(image: Image.Image) -> str:
    """64 bits that say where a picture grows brighter from left to right, as 16 hex digits.

    The dHash of Neal Krawetz ("Kind of Like That", 2013): a picture that was scaled,
    recompressed or slightly retouched differs in few bits.
    """
    # One picture with transparency and one on white should be alike, so lay both on white.
    if image.has_transparency_data:
        flat = Image.new("RGBA", image.size, "white")
        flat.alpha_composite(image.convert("RGBA"))
        image = flat
    grey = _eight_bits(image).convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            at = row * 9 + column
            bits = bits << 1 | (grey[at] < grey[at + 1])
    return f"{bits:016x}"


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit greys scaled: Pillow clips them on the way to 8 bits."""
    if image.mode.startswith("I"):
        return image.convert("F").point(lambda value: value / 256).convert("L")
    return image


@contextmanager
def alpha_columns(
    path: str, max_pixels: int
) -> Iterator[tuple[int, int, Callable[[int, int], bytes]] | None]:
    """Width, height and the transparency of the picture at *path*, None if it has none of 8 bits.

    The function gives the samples of columns `first` up to, not including, `last`,
    column by column from the top, one byte each; as stored, not turned upright.
    """
    with _opened(Path(path), max_pixels) as image:
        if image.mode != "RGBA":
            yield None
            return
        alpha = image.getchannel("A")

        def columns(first: int, last: int) -> bytes:
            part = alpha.crop((first, 0, last, alpha.height))
            return part.transpose(Image.Transpose.TRANSPOSE).tobytes()

        yield alpha.width, alpha.height, columns


def render(path: str, wanted: list[tuple[str, int, int]], max_pixels: int) -> list[list[int]]:
    """Write WebPs of the picture at *path*: a target, a longest edge and a quality for each.

    Upright, never enlarged, transparency kept; of its metadata only the colour
    profile, as prompts may be private. Returns widths and heights.
    """
    sizes = []
    with _opened(Path(path), max_pixels) as image:
        # Lets JPEG decode at a fraction of its size; the same one, whatever is wanted of it.
        image.draft("RGB", (_DRAFT, _DRAFT))
        whole = _eight_bits(ImageOps.exif_transpose(image))
        whole = whole.convert("RGBA" if whole.has_transparency_data else "RGB")
        profile = image.info.get("icc_profile") if image.mode in _RGB else None
        for target, edge, quality in wanted:
            small = whole.copy()
            # BICUBIC with a reducing gap: a third less time than LANCZOS, SSIM 0.999 of it.
            small.thumbnail((edge, edge), Image.Resampling.BICUBIC, reducing_gap=1.5)
            # Method 2 costs half of the default 4 and a twentieth more bytes.
            small.save(target, "WEBP", quality=quality, method=2, icc_profile=profile)
            sizes.append([small.width, small.height])
    return sizes


@contextmanager
def _opened(path: Path, max_pixels: int) -> Iterator[ImageFile.ImageFile]:
    with path.open("rb") as stream:
        head = stream.read(HEAD)
        if sniff(head) is None:
            raise UnsupportedTypeError(
                "not a PNG, JPEG, WebP, GIF or AVIF picture (judged by its bytes, not its name)"
            )
        stream.seek(0)
        try:
            _check_header(stream, head)
            with Image.open(stream, formats=tuple(FORMATS)) as image:
                if image.width * image.height > max_pixels:
                    raise BrokenPictureError(
                        f"{image.width} x {image.height} pixels are more than the"
                        f" {max_pixels:,} that are taken"
                    )
                yield image
        except BrokenPictureError:
            raise
        except UnidentifiedImageError as error:  # its text names our temporary file
            raise BrokenPictureError("cannot be decoded: its data is damaged") from error
        except (OSError, ValueError, SyntaxError, struct.error, EOFError, IndexError,
                KeyError, TypeError, OverflowError, ZeroDivisionError) as error:
            # What Pillow's decoders were seen to raise on damaged input.
            raise BrokenPictureError(f"cannot be decoded: {error}") from error


def _check_header(stream: BinaryIO, head: bytes) -> None:
    """Refuse a PNG without pixels, and a JPEG of so many scans that it would take minutes."""
    if head.startswith(b"\x89PNG") and (
        len(head) < 24 or 0 in struct.unpack(">II", head[16:24])
    ):
        raise BrokenPictureError("a PNG without pixels")
    if head.startswith(b"\xff\xd8"):
        # Inside a scan FF is always followed by 00 or a restart mark, so FFDA begins one.
        scans = stream.read().count(b"\xff\xda")
        if scans > MAX_SCANS:
            raise BrokenPictureError(f"a JPEG of {scans:,} scans; at most {MAX_SCANS} are taken")
        stream.seek(0)


def supported_formats() -> list[str]:
    """The names of the formats that this Pillow can decode, of those that we take."""
    from PIL import features

    built_in = {"PNG": "zlib", "JPEG": "jpg", "WEBP": "webp", "AVIF": "avif"}
    return [name for name in FORMATS if name not in built_in or features.check(built_in[name])]
