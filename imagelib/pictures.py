"""Decode pictures and make small ones of them: this, colours, cleaning and demo import Pillow.

Meant to run inside `imagelib.worker`. Nothing here trusts a file: the type is
decided by its first bytes, only the decoder of that type may run (most of Pillow's
known holes sit in those of types that we do not take), and pixels, bytes and scans are
counted before any is decoded. What follows the decoding works in tiles, as one more copy of a large
picture is what would not fit.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image, ImageFile, UnidentifiedImageError

from imagelib import colours
from imagelib.budget import cost_of, is_decoded_early, stated_size
from imagelib.decoders import DAMAGE, FORMATS, opener, orientation, without_exif
from imagelib.errors import BrokenPictureError, MissingExtraError, UnsupportedTypeError
from imagelib.formats import HEAD, NO_PICTURE, is_video, sniff
from imagelib.posters import poster
from imagelib.recipes import Recipe
from imagelib.videos import VideoFacts, facts_of
from imagelib.worker import require_room

#: A file, or its bytes.
Source = Path | bytes
#: JPEGs may be decoded smaller, but no smaller than this edge: that of the largest thumbnail.
#: Derivatives that are larger are made of all pixels.
_DRAFT = 800
#: What is resized has so many times the pixels at least. Against a resize from all of them, 0.1 dB
#: less is left of a thumbnail of 33 dB, in less than half of the time.
_GAP = 1.2
#: Transparency without its lowest bits; what is nearly opaque is opaque.
SILENT = [255 if value >= 252 else value & 252 for value in range(256)]
#: What a worker has for the pixels and for a derivative of all of them, in bytes, and what each
#: pixel of that takes: copies, and what encodes it, which is most for transparency (measured).
_ROOM, _OPAQUE, _ALPHA = 800 * 2**20, 12, 40
#: About so many columns and rows are worked on at a time.
_TILE = (4096, 512)
#: What turns a picture upright, by its orientation.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
}

@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture whose pixels are there; of a large JPEG fewer, but more than any derivative has."""

    image: Image.Image
    mime_type: str
    #: Of the whole picture, upright, in pixels.
    size: tuple[int, int]
    #: What turns it upright.
    turn: Image.Transpose | None


@contextmanager
def decoded(source: Source, max_pixels: int) -> Iterator[Decoded]:
    """Decode *source*. Every byte is read, so that what is damaged is found.

    Raises:
        BrokenPictureError, UnsupportedTypeError: it is no picture that we keep.
    """
    if isinstance(source, Path) and is_video(mime_type := _mime_type(source) or ""):
        facts = facts_of(source)
        _check_pixels((facts.width, facts.height), max_pixels)
        turn = UPRIGHT.get(facts.orientation)
        yield Decoded(_as_shown(poster(source, mime_type, facts), facts), mime_type,
                      (facts.width, facts.height), turn)
        return
    with opened(source, max_pixels) as image:
        # Browsers turn by what stands before the pixels: asked before these are read.
        turned, size = orientation(image), upright_size(image, image.size)
        decode(image, source, _DRAFT)
        yield Decoded(image, FORMATS[str(image.format)], size, UPRIGHT.get(turned))


def _mime_type(path: Path) -> str | None:
    with path.open("rb") as stream:
        return sniff(stream.read(HEAD))


def _as_shown(frame: Image.Image, facts: VideoFacts) -> Image.Image:
    """*frame*, whose pixels need not be squares, in the shape that it is shown in."""
    stored = (facts.width, facts.height) if facts.orientation < 5 else (facts.height, facts.width)
    return frame if frame.size == stored else frame.resize(stored)


def require_whole(path: str, max_pixels: int) -> None:
    """Decode the picture at *path*. Raises BrokenPictureError or UnsupportedTypeError."""
    with decoded(Path(path), max_pixels):
        pass


def upright_size(image: Image.Image, size: tuple[int, int]) -> tuple[int, int]:
    """*size*, as *image* is stored, of the upright picture."""
    return (size[1], size[0]) if orientation(image) in (5, 6, 7, 8) else size


def difference_hash(image: Image.Image) -> str:
    """64 bits that say where a picture grows brighter from left to right, as 16 hex digits.

    The dHash of Neal Krawetz ("Kind of Like That", 2013): a picture that was scaled,
    recompressed or slightly retouched differs in few bits.
    """
    whole = image.convert("L") if _is_plain(image) else Image.new("L", image.size)
    eight_bits = colours.reducer(image)
    for place, part in () if _is_plain(image) else tiles(image, (1, 1)):
        flat = part
        # One picture with transparency and one on white should be alike, so lay both on white.
        if part.has_transparency_data:
            flat = Image.new("RGBA", part.size, "white")
            flat.alpha_composite(part.convert("RGBA"))
        whole.paste(eight_bits(flat).convert("L"), place)
    grey = whole.resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            at = row * 9 + column
            bits = bits << 1 | (grey[at] < grey[at + 1])
    return f"{bits:016x}"


def decode(image: ImageFile.ImageFile, source: Source, edge: int = 0) -> None:
    """Load the pixels of *image*, of a JPEG no more than *edge* (0: all) or the memory asks for.

    *source* is what it was opened from.
    """
    with _stream(source) as stream:
        cost = cost_of(stream, image.size, image.mode)
    if edge and min(image.size) >= 2 * edge:
        image.draft(None, (edge, edge))
    elif cost.is_tight and max(image.size) >= 2 * edge:
        # Every byte is read all the same, so that what is damaged is found.
        image.draft(None, (image.width // 2, image.height // 2))
    require_room(cost.peak(image.width * image.height))
    image.load()


def tiles(image: Image.Image, step: tuple[int, int]
           ) -> Iterator[tuple[tuple[int, int], Image.Image]]:
    """The picture in parts, whose edges are multiples of *step*, each with its left upper corner.

    Rows alone would not do: there are pictures of one row.
    """
    wide, high = (unit * max(1, most // unit) for unit, most in zip(step, _TILE, strict=True))
    for top in range(0, image.height, high):
        for left in range(0, image.width, wide):
            yield (left, top), image.crop((left, top, min(left + wide, image.width),
                                           min(top + high, image.height)))


def alpha_columns(picture: Decoded
                  ) -> tuple[int, int, Callable[[int, int], bytes]] | None:
    """Width, height and the transparency of *picture*, None if it has none of 8 bits.

    The function gives the samples of columns `first` up to, not including, `last`,
    column by column from the top, one byte each; as stored, not turned upright.
    """
    if picture.image.mode != "RGBA":
        return None
    alpha = picture.image.getchannel("A")

    def columns(first: int, last: int) -> bytes:
        part = alpha.crop((first, 0, last, alpha.height))
        return part.transpose(Image.Transpose.TRANSPOSE).tobytes()

    return alpha.width, alpha.height, columns


def render(path: str, recipes: list[list[Any]], max_pixels: int) -> list[str]:
    """The derivatives of the picture at *path* by *recipes* (each as its fields), in base64.

    Raises:
        BrokenPictureError, UnsupportedTypeError: it cannot be decoded.
    """
    with decoded(Path(path), max_pixels) as picture:
        return derivatives(picture, [Recipe(*fields) for fields in recipes])


def derivatives(picture: Decoded, recipes: Sequence[Recipe]) -> list[str]:
    """One derivative of *picture* by each of *recipes*, in base64.

    Upright, never enlarged, transparency kept or, in a JPEG, on white; of its metadata only the
    colour profile, as prompts may be private, also those in the lowest bits of pixels.
    Given back and not written, as a worker may not write.
    """
    size, profile = picture.image.size, colours.profile_of(picture.image)
    # The same for all thumbnails, so that none depends on which others are made with it.
    factors = _factors(size, fitted(size, _DRAFT))
    reduced = _reduced(picture.image, factors)
    made = []
    for recipe in recipes:
        if recipe.edge > _DRAFT:
            small = _large(picture.image, recipe.edge)
        else:
            weighting = Image.Resampling.HAMMING if recipe.is_quick else Image.Resampling.BICUBIC
            small = reduced.resize(fitted(size, recipe.edge), weighting, reducing_gap=_GAP,
                                   box=(0, 0, size[0] / factors[0], size[1] / factors[1]))
        small = small.convert("RGBA") if small.mode == "RGBa" else small
        small = small.transpose(picture.turn) if picture.turn is not None else small
        if recipe.form == "JPEG" and small.mode != "RGB":
            ground = Image.new("RGBA", small.size, "white")
            ground.alpha_composite(small.convert("RGBA"))
            small = ground.convert("RGB")
        made.append(base64.b64encode(_encoded(small, recipe, profile)).decode())
    return made


def _encoded(made: Image.Image, recipe: Recipe, profile: bytes | None) -> bytes:
    while True:
        written = io.BytesIO()
        try:
            # Method 2 costs half of the default 4 and a twentieth more bytes.
            made.save(written, recipe.form, quality=recipe.quality,
                      method=0 if recipe.is_quick else 2, icc_profile=profile)
            return written.getvalue()
        except ValueError:
            # What WebP says of each block of a large picture has to fit into half a megabyte.
            if max(made.size) <= _DRAFT:
                raise
            made = made.resize(fitted(made.size, max(made.size) * 3 // 4), reducing_gap=_GAP)


def fitted(size: tuple[int, int], edge: int) -> tuple[int, int]:
    """*size* made smaller, so that the longer side is *edge* at most; never larger."""
    width, height = size
    scale = min(1.0, edge / max(size))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _factors(size: tuple[int, int], small: tuple[int, int]) -> tuple[int, int]:
    """By how much a picture can be reduced by whole pixels before it is resized to *small*.

    BICUBIC from 1.5 times as much: a third less time than LANCZOS, SSIM 0.999 of it.
    """
    return (max(1, int(size[0] / small[0] / 1.5)), max(1, int(size[1] / small[1] / 1.5)))


def _reduced(image: Image.Image, factors: tuple[int, int]) -> Image.Image:
    """*image* in 8 bits, as RGB or with premultiplied transparency, reduced by *factors*."""
    if _is_plain(image):
        return image.reduce(factors) if max(factors) > 1 else image
    x, y = factors
    mode = "RGBa" if image.has_transparency_data else "RGB"
    found = Image.new(mode, (math.ceil(image.width / x), math.ceil(image.height / y)))
    converted = colours.converter(image)
    for (left, top), part in tiles(image, factors):
        eight = _cleared(converted(part)) if mode == "RGBa" else converted(part)
        found.paste(eight.reduce(factors), (left // x, top // y))
    if mode == "RGBa" and found.getextrema()[-1] == (255, 255):
        return found.convert("RGBA").convert("RGB")
    return found


def _large(image: Image.Image, edge: int) -> Image.Image:
    """*image* in 8 bits, whole, or reduced by whole pixels until its sides have *edge* pixels at
    most, and there is memory for it."""
    pixels = image.width * image.height
    most = (_ROOM - 4 * pixels) / (_ALPHA if image.has_transparency_data else _OPAQUE)
    factor = max(math.ceil(max(image.size) / edge), math.ceil(math.sqrt(pixels / most)))
    return _reduced(image, (min(factor, image.width), min(factor, image.height)))


def _is_plain(image: Image.Image) -> bool:
    """Whether it is as most are, and no whole copy is made of it by what makes one of others."""
    return image.mode == "RGB" and not image.has_transparency_data


def _cleared(part: Image.Image) -> Image.Image:
    """*part* with premultiplied transparency that hides nothing in its lowest bits.

    Generators put the prompt there ("stealth"), and WebP keeps transparency as it is.
    Nobody sees 64 steps of it from 256. Colours need nothing: WebP changes them more.
    """
    part.putalpha(part.getchannel("A").point(SILENT))
    return part.convert("RGBa")


@contextmanager
def opened(source: Source, max_pixels: int) -> Iterator[ImageFile.ImageFile]:
    """Find out what *source* is and whether it may be decoded, which is left to the caller."""
    with _stream(source) as stream:
        start = stream.read(colours.HEAD)
        mime_type = sniff(start[:HEAD])
        if mime_type is None or is_video(mime_type):
            raise UnsupportedTypeError(NO_PICTURE)
        stream.seek(0)
        name = opener(mime_type)
        try:
            _check_header(stream, max_pixels)
            whole = without_exif(stream) if start[4:8] == b"ftyp" else stream
            with Image.open(whole, formats=[name]) as image:
                _check_pixels(image.size, max_pixels)
                if found := colours.code_points(start):
                    image.info["code_points"] = found
                yield image
        except BrokenPictureError:
            raise
        except UnidentifiedImageError as error:  # its text names our temporary file
            raise BrokenPictureError("cannot be decoded: its data is damaged" + (
                ", or it is of a kind that is not read" if name == "TIFF" else "")) from error
        except DAMAGE as error:
            raise BrokenPictureError(f"cannot be decoded: {error}") from error


def _stream(source: Source) -> BinaryIO:
    return source.open("rb") if isinstance(source, Path) else io.BytesIO(source)


def _check_header(stream: BinaryIO, max_pixels: int) -> None:
    """Refuse what must not even be opened: Pillow makes a WebP's canvas when it opens it, and all
    pixels of a JPEG XL."""
    size = stated_size(stream)
    if size is not None:
        if 0 in size:
            raise BrokenPictureError("a picture without pixels")
        _check_pixels(size, max_pixels)
        if is_decoded_early(stream):
            require_room(cost_of(stream, size, "RGBA").peak(size[0] * size[1]))
    stream.seek(0)


def _check_pixels(size: tuple[int, int], max_pixels: int) -> None:
    if size[0] * size[1] > max_pixels:
        raise BrokenPictureError(
            f"{size[0]} x {size[1]} pixels are more than the {max_pixels:,} that are taken")


def supported_formats() -> list[str]:
    """The names of the formats that can be decoded here, of those that we take; "VIDEO" if previews
    of videos can be made."""
    from PIL import features

    built_in = {"PNG": "zlib", "JPEG": "jpg", "WEBP": "webp", "AVIF": "avif"}
    found = []
    for name, mime_type in FORMATS.items():
        with suppress(MissingExtraError):
            opener(mime_type)
            if name not in built_in or features.check(built_in[name]):
                found.append(name)
    return found + ["VIDEO"] * (importlib.util.find_spec("av") is not None)
