"""The proof of a cleaning: the same looks, and nothing left that our readers find."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

from PIL import Image

from imagelib.decoders import orientation
from imagelib.ingest.embedded.containers.walk import read_containers
from imagelib.pictures import Source, decode, opened, tiles
from imagelib.publishing.cleaning.label import SOURCE_TYPE
from imagelib.publishing.cleaning.refusing import refused
from imagelib.publishing.cleaning.stealth import unseen_in

_LABEL = {"xmp:DigitalSourceType": SOURCE_TYPE}


@dataclass(frozen=True, slots=True)
class Looks:
    """What a viewer sees: *frames* are digests of pixels, *durations* are in milliseconds."""

    size: tuple[int, int]
    orientation: int
    has_profile: bool
    loop: int | None
    frames: tuple[str, ...]
    durations: tuple[float, ...]


def looks_of(source: Source, max_pixels: int) -> Looks:
    """How the picture *source* looks, decoded whole.

    Raises:
        BrokenPictureError, UnsupportedTypeError: it cannot be decoded.
    """
    frames, durations = [], []
    with opened(source, max_pixels) as image:
        turned, size = orientation(image), image.size
        decode(image, source)
        # Further pictures behind a JPEG are no frames of it.
        for number in range(getattr(image, "n_frames", 1) if image.format != "MPO" else 1):
            image.seek(number)
            image.load()
            frames.append(digest_of(image, unseen=False))
            durations.append(float(image.info.get("duration", 0)))
        return Looks(size, turned, bool(image.info.get("icc_profile")), image.info.get("loop"),
                     tuple(frames), tuple(durations))


def digest_of(image: Image.Image, *, unseen: bool) -> str:
    """The same for pictures whose pixels look the same; with *unseen* also those that are wholly
    transparent have to be."""
    digest = hashlib.blake2b()
    for place, part in tiles(image, (1, 1)):
        # Deep greys and inks would lose in a conversion; of the others the looks count.
        exact = part.mode == "F" or part.mode.startswith("I") or part.mode == "CMYK"
        digest.update(f"{place} {part.mode if exact else ''}".encode())
        shown = part if exact else part.convert("RGBA")
        if not (exact or unseen):
            shown.paste((0, 0, 0, 0), mask=unseen_in(shown))
        digest.update(shown.tobytes())
    return digest.hexdigest()


def verify(original: Source, cleaned: bytes, max_pixels: int) -> None:
    """Hold *cleaned* against what it was made of.

    Raises:
        RefusedError: it looks otherwise, or still says more than the label.
        BrokenPictureError: the original cannot be decoded.
    """
    before, after = looks_of(original, max_pixels), looks_of(cleaned, max_pixels)
    changed = [name.replace("_", " ") for name in Looks.__slots__
               if getattr(before, name) != getattr(after, name)]
    if changed:
        raise refused(f"its looks would not stay as they are ({', '.join(changed)})")
    require_silence(cleaned)


def require_silence(cleaned: bytes) -> None:
    """Ask our readers whether *cleaned* says anything but the label.

    Raises:
        RefusedError: it does.
    """
    found = read_containers(io.BytesIO(cleaned))
    if found.c2pa or found.texts not in ({}, _LABEL):
        raise refused("something that it says cannot be removed")
