"""What a worker does with a picture that is to be published; results are plain JSON."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from PIL import Image, ImageFile

from imagelib.budget import cost_of
from imagelib.colours import profile_of
from imagelib.decoders import FORMATS
from imagelib.ingest.embedded.containers.walk import read_containers
from imagelib.ingest.embedded.provenance import read_provenance
from imagelib.pictures import decode, difference_hash, opened, upright_size
from imagelib.publishing.cleaning import Cleaned, clean, has_cleaner
from imagelib.publishing.cleaning.pixels import encoded, resized, without_hidden
from imagelib.publishing.cleaning.refusing import refused
from imagelib.publishing.cleaning.stealth import Hidden, hidden_in
from imagelib.publishing.cleaning.trimming import as_encoded
from imagelib.publishing.cleaning.verifying import require_silence, verify
from imagelib.worker import LARGE, require_room

#: Whole copies in four bytes a pixel that encoding anew holds at once besides the picture itself;
#: fewer where it has no transparency and is made smaller.
_COPIES, _FEWER = 4, 2
#: A JPEG is decoded once more for each of its scans; over so many pixels in all that takes long.
_MANY = 100_000_000


def clean_picture(path: str, max_pixels: int, label: str) -> dict[str, Any]:
    """The file at *path* cleaned and verified; encoded anew where its pixels hide a text, or where
    there is no other way for its type.

    *label* is "write", "none", or "keep": it says that it was made by AI if it did so before.

    Raises:
        RefusedError, BrokenPictureError, UnsupportedTypeError
    """
    anew = _needed_anew(path, max_pixels)
    if anew is not None:
        return _clean_anew(anew, _is_labelled(path, label), max_pixels)
    cleaned = clean(Path(path).read_bytes(), label=_is_labelled(path, label))
    verify(Path(path), cleaned.content, max_pixels)
    return _answer(cleaned)


def render_picture(path: str, max_pixels: int, wanted: dict[str, Any], label: str
                   ) -> dict[str, Any]:
    """The picture at *path* as *wanted*, a `Rendering` in JSON; of an animation its first frame.

    *label* as `clean_picture` has it.

    Raises:
        RefusedError, BrokenPictureError, UnsupportedTypeError
    """
    content = _rendered(path, max_pixels, wanted)
    return _clean_anew(content, _is_labelled(path, label), max_pixels)


def _is_labelled(path: str, label: str) -> bool:
    if label != "keep":
        return label == "write"
    with Path(path).open("rb", buffering=0) as stream:
        return read_provenance(read_containers(stream)) is not None


def _needed_anew(path: str, max_pixels: int) -> bytes | None:
    """The picture without what its pixels hide, or of a type that is not cleaned otherwise (of
    several pages the first); None where it can stay as it is encoded."""
    with opened(Path(path), max_pixels) as image:
        if not has_cleaner(FORMATS[str(image.format)]):
            decode(image, Path(path))
            _require_copies(path, image, _COPIES)
            return encoded(without_hidden(image, hidden_in(image)), "png", profile_of(image))
        if image.format not in ("PNG", "WEBP", "GIF", "AVIF"):
            scans = Path(path).read_bytes().count(b"\xff\xda")
            if scans * image.width * image.height > _MANY:
                require_room(LARGE + 1)  # it waits for its turn, and gets the time
        decode(image, Path(path))
        hidden = _hidden_in(image)
        if not hidden:
            return None
        _require_copies(path, image, _COPIES)
        name = "webp" if image.format == "WEBP" else "png"
        return encoded(without_hidden(image, hidden), name, profile_of(image))


def _rendered(path: str, max_pixels: int, wanted: dict[str, Any]) -> bytes:
    with opened(Path(path), max_pixels) as image:
        decode(image, Path(path), wanted["longest"])
        is_light = wanted["longest"] and not image.has_transparency_data
        _require_copies(path, image, _FEWER if is_light else _COPIES)
        hidden = hidden_in(image)
        made = resized(image, wanted["longest"], wanted["watermark"])
        if hidden.in_colours and not wanted["quality"]:
            made = without_hidden(made, hidden)
        return encoded(made, wanted["format"], profile_of(image), wanted["quality"])


def _hidden_in(image: ImageFile.ImageFile) -> Hidden:
    """What any frame hides; an animation is not encoded anew."""
    frames = getattr(image, "n_frames", 1) if image.format != "MPO" else 1
    for number in range(frames):
        image.seek(number)
        hidden = hidden_in(image)
        if hidden and frames > 1:
            raise refused("a frame of its animation hides a text in its pixels")
        if hidden:
            return hidden
    return Hidden(in_alpha=False, in_colours=False)


def _require_copies(path: str, image: Image.Image, copies: int) -> None:
    with Path(path).open("rb") as stream:
        cost = cost_of(stream, image.size, image.mode)
    pixels = image.width * image.height
    require_room(max(cost.peak(pixels), int(pixels * (cost.pixel + 4 * copies))))


def _clean_anew(content: bytes, label: bool, max_pixels: int) -> dict[str, Any]:
    """What Pillow wrote, in the order and with the label of all cleaned pictures."""
    with as_encoded():
        cleaned = clean(content, label=label)
    require_silence(cleaned.content)
    with opened(cleaned.content, max_pixels) as image:
        image.load()
        if hidden_in(image).is_text:  # colours that are not seen are those of the encoder by now
            raise refused("its pixels hide a text that cannot be removed")
        return _answer(cleaned) | {"is_anew": True, "size": upright_size(image, image.size),
                                   "phash": difference_hash(image)}


def _answer(cleaned: Cleaned) -> dict[str, Any]:
    return {"content": base64.b64encode(cleaned.content).decode("ascii"),
            "mime_type": cleaned.mime_type, "labelled": cleaned.labelled}
