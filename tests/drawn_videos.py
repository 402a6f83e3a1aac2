"""Small videos as generators save them, written by PyAV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
from PIL import Image

#: Our type -> container, codec, and what keeps any key of metadata.
KINDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "video/mp4": ("mp4", "libx264", {"movflags": "use_metadata_tags"}),
    "video/quicktime": ("mov", "libx264", {"movflags": "use_metadata_tags"}),
    "video/webm": ("webm", "libvpx", {}),
}


def film(path: Path, mime_type: str = "video/mp4", *, frames: int = 20, size: tuple[int, int] = (
        320, 180), texts: dict[str, str] | None = None, options: dict[str, str] | None = None,
        picture: Image.Image | None = None, rate: int = 10, **more: Any) -> Path:
    """A video of *frames* frames, *rate* a second; all like *picture*, or of changing colours."""
    container, codec, keeping = KINDS[mime_type]
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format=container,
                 options=keeping if options is None else options) as out:
        out.metadata.update(texts or {})
        stream = out.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for name, value in more.items():
            setattr(stream, name, value)
        for number in range(frames):
            drawn = picture or Image.new("RGB", size, (255, 12 * number % 256, 40))
            for packet in stream.encode(av.VideoFrame.from_image(drawn)):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    return path
