"""Have pictures cleaned or made anew in a worker; the side that decodes nothing."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from imagelib.publishing.cleaning.cleaned import Cleaned
from imagelib.sandbox import Sandbox

Label = Literal["write", "keep", "none"]


@dataclass(frozen=True, slots=True)
class Rendering:
    """How a picture is made anew: *quality* 1 to 100, or 0 for no loss (JPEG: its 92).

    No side is longer than *longest* pixels (0: as it is). *watermark* is a line across it.
    """

    format: Literal["webp", "jpeg", "png"] = "webp"
    quality: int = 88
    longest: int = 0
    watermark: str = ""


def clean_in(sandbox: Sandbox, path: Path, max_pixels: int, *, label: Label = "none") -> Cleaned:
    """The picture at *path* cleaned, and compared with what it was.

    It is encoded anew only where its pixels hide a text. With "write" it says that it was made by
    AI, with "keep" if it said so before.

    Raises:
        RefusedError: it cannot be cleaned.
        BrokenPictureError, UnsupportedTypeError, BusyError: as `Sandbox.call` has them.
    """
    return _read(sandbox.call("imagelib.publishing.cleaning.working:clean_picture", str(path),
                              max_pixels, label))


def render_in(sandbox: Sandbox, path: Path, max_pixels: int, rendering: Rendering, *,
              label: Label = "none") -> Cleaned:
    """The picture at *path* made anew; of an animation the first frame.

    Raises:
        BrokenPictureError, UnsupportedTypeError, BusyError: as `Sandbox.call` has them.
        RefusedError: its colour profile is damaged.
    """
    return _read(sandbox.call("imagelib.publishing.cleaning.working:render_picture", str(path),
                              max_pixels, asdict(rendering), label))


def _read(answer: dict[str, Any]) -> Cleaned:
    size = tuple(answer.pop("size", (0, 0)))
    return Cleaned(base64.b64decode(answer.pop("content")), size=size, **answer)
