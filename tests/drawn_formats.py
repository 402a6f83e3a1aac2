"""Small pictures in the formats that Pillow does not write by itself, and the decoders of all."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

from PIL import Image

from imagelib.decoders import opener

#: Pillow's name -> our type, of those that have come to the five of the web.
MORE = {"BMP": "image/bmp", "TIFF": "image/tiff", "HEIF": "image/heic", "JXL": "image/jxl"}
for _mime_type in MORE.values():
    opener(_mime_type)


def corners(size: tuple[int, int] = (90, 60)) -> Image.Image:
    """A picture with corners of red, green, blue and white, clockwise from the upper left."""
    width, height = size
    image = Image.new("RGB", size, "red")
    image.paste("lime", (width // 2, 0, width, height // 2))
    image.paste("blue", (width // 2, height // 2, width, height))
    image.paste("white", (0, height // 2, width // 2, height))
    return image


def corners_of(image: Image.Image) -> str:
    """Which of these colours are in the corners, in the same order: "rgbw" if it stands upright."""
    flat = image.convert("RGB")
    width, height = flat.size
    found = ""
    for x, y in ((1, 1), (width - 2, 1), (width - 2, height - 2), (1, height - 2)):
        bits = tuple(value > 127 for value in flat.getpixel((x, y)))
        found += {(True, False, False): "r", (False, True, False): "g", (False, False, True): "b",
                  (True, True, True): "w"}.get(bits, "?")
    return found


def saved(image: Image.Image, form: str, **saving: Any) -> bytes:
    """*image* as a file; a JPEG XL by one thread."""
    stream = io.BytesIO()
    if form == "JXL":
        saving = {"num_threads": 0, "effort": 3} | saving
    image.save(stream, form, **saving)
    return stream.getvalue()


def packed_jpeg(path: Path, image: Image.Image, **saving: Any) -> bytes:
    """A JPEG of *image*, which is written to *path*, packed into JPEG XL without loss."""
    image.save(path, "JPEG", quality=95, subsampling=0, **saving)
    with Image.open(path) as jpeg, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it does so
        return saved(jpeg, "JXL")
