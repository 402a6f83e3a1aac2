"""Does an image move, and how long? Told by how its file is put together, without decoding it.

A file may claim whatever it likes: each walk goes forward through the file and ends with it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from imagelib.errors import BrokenPictureError
from imagelib.formats import is_video
from imagelib.videos import facts_of

#: So many chunks may stand before the pixels of a PNG, and frames and others in a WebP.
_MOST_CHUNKS = 10_000


def seconds_of(path: Path, mime_type: str) -> float | None:
    """How long the file at *path* plays: None if it is still, 0 if it does not say.

    Raises:
        OSError: the file cannot be read.
    """
    if is_video(mime_type):
        try:
            return facts_of(path).seconds
        except BrokenPictureError:
            return 0.0
    return 0.0 if is_animated(path, mime_type) else None


def is_animated(path: Path, mime_type: str) -> bool:
    """Whether the picture at *path* has more than one frame that a browser plays.

    GIF, PNG (APNG), WebP and AVIF may; what is damaged does not move.

    Raises:
        OSError: the file cannot be read.
    """
    ask = _ASKED.get(mime_type)
    if ask is None:
        return False
    with path.open("rb") as stream:
        return ask(stream)


def _in_gif(stream: BinaryIO) -> bool:
    """Two image descriptors (GIF89a, section 20); the pixels of the first are passed over."""
    screen = stream.read(13)
    if len(screen) < 13:
        return False
    stream.seek(_palette(screen[10]), 1)
    frames = 0
    while True:
        kind = stream.read(1)
        if kind == b"\x2c":
            frames += 1
            head = stream.read(9)
            if frames == 2 or len(head) < 9:
                return frames == 2
            stream.seek(_palette(head[8]) + 1, 1)
        elif kind == b"\x21":
            stream.seek(1, 1)
        else:
            return False
        while length := stream.read(1):
            if length == b"\0":
                break
            stream.seek(length[0], 1)


def _palette(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _in_png(stream: BinaryIO) -> bool:
    """Its control chunk stands before the pixels (PNG 3rd edition, 11.3.6.1)."""
    stream.seek(8)
    for _ in range(_MOST_CHUNKS):
        head = stream.read(12)
        if len(head) < 12 or head[4:8] in (b"IDAT", b"IEND"):
            return False
        length = int.from_bytes(head[:4], "big")
        if head[4:8] == b"acTL" and length == 8:
            return int.from_bytes(head[8:], "big") > 1
        stream.seek(length, 1)
    return False


def _in_webp(stream: BinaryIO) -> bool:
    """Two frames (RFC 9649, 2.7.1.1)."""
    stream.seek(12)
    frames = 0
    for _ in range(_MOST_CHUNKS):
        head = stream.read(8)
        if len(head) < 8:
            return False
        kind, length = struct.unpack("<4sI", head)
        frames += kind == b"ANMF"
        if frames == 2:
            return True
        stream.seek(length + length % 2, 1)
    return False


def _in_avif(stream: BinaryIO) -> bool:
    """The brand of sequences (AVIF 1.1, section 6.2)."""
    head = stream.read(8)
    brands = stream.read(min(256, max(0, int.from_bytes(head[:4], "big") - 8)))
    return b"avis" in [brands[at:at + 4] for at in (0, *range(8, len(brands), 4))]


_ASKED: dict[str, Callable[[BinaryIO], bool]] = {
    "image/gif": _in_gif, "image/png": _in_png, "image/webp": _in_webp, "image/avif": _in_avif,
}
