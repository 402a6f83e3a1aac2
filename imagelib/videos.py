"""How large and how long a video is, and where its texts stand, told without a decoder.

MP4 and QuickTime are nested boxes (ISO 14496-12), WebM nested elements (RFC 8794, RFC 9559). All
sizes in a file are claims: a walk only goes forward, through so many parts at most.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from imagelib.errors import BrokenPictureError

#: A walk over more parts than this ends.
_MOST_PARTS = 20_000
#: Headers of tracks and films are shorter, in bytes; so is what says the length of a film.
_LONGEST = 4096
#: Exif's number of what turns the picture upright, by the matrix of a track (its a, b, c, d).
_TURNS = {(1, 0, 0, 1): 1, (0, 1, -1, 0): 6, (-1, 0, 0, -1): 3, (0, -1, 1, 0): 8}
#: Elements of Matroska that hold others on the way to what is looked for.
_SEGMENT, _INFO, _TRACKS, _TRACK, _VIDEO = 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0xE0
TAGS = 0x1254C367
_SCALE, _DURATION, _WIDTH, _HEIGHT = 0x2AD7B1, 0x4489, 0xB0, 0xBA
_SHOWN_WIDTH, _SHOWN_HEIGHT, _SHOWN_UNIT = 0x54B0, 0x54BA, 0x54B2


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """Of a video: its size in pixels as it is shown, how long it is in seconds (0 if it does not
    say), and what turns its frames upright, as Exif numbers it."""

    width: int
    height: int
    seconds: float
    orientation: int = 1


def facts_of(path: Path) -> VideoFacts:
    """What the headers of the video at *path* say.

    Raises:
        BrokenPictureError: they are damaged, or there is no picture in it.
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        head = stream.read(8)
        found = _of_boxes(stream) if head[4:] == b"ftyp" else _of_elements(stream)
    if found is None or not (0 < found.width <= 65535 and 0 < found.height <= 65535):
        raise BrokenPictureError("a video whose headers are damaged, or that has no picture")
    return found


def boxes(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes between *start* and *end* of a file: kind, start and end of the content."""
    for _ in range(_MOST_PARTS):
        stream.seek(start)
        head = stream.read(16)
        if start + 8 > end or len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head[:8])
        content = start + 8
        if length == 1 and len(head) == 16:
            length, content = int.from_bytes(head[8:], "big"), start + 16
        after = end if length == 0 else start + length
        if after < content or after > end:
            return
        yield kind, content, after
        start = after


def elements(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The elements between *start* and *end* of a file: id, start and end of the content.

    One of unknown size ends with what holds it.
    """
    for _ in range(_MOST_PARTS):
        stream.seek(start)
        head = stream.read(12)
        name, name_size = _number(head, 4, keeps_mark=True)
        size, size_size = _number(head[name_size:], 8)
        if start >= end or not name_size or not size_size:
            return
        content = start + name_size + size_size
        after = end if size == (1 << 7 * size_size) - 1 else content + size
        if after > end:
            return
        yield name, content, after
        start = after


def end_of(stream: BinaryIO) -> int:
    """How many bytes the file has."""
    return stream.seek(0, 2)


def segment(stream: BinaryIO) -> tuple[int, int]:
    """Where the content of a WebM begins and ends; twice the same place if there is none."""
    end = end_of(stream)
    for name, start, after in elements(stream, 0, end):
        if name == _SEGMENT:
            return start, after
    return end, end


def _number(data: bytes, most: int, *, keeps_mark: bool = False) -> tuple[int, int]:
    """A number of variable length (RFC 8794, section 4), and how many bytes it takes; 0 if none."""
    if not data or not data[0]:
        return 0, 0
    size = 9 - data[0].bit_length()
    if size > most or size > len(data):
        return 0, 0
    value = int.from_bytes(data[:size], "big")
    return value if keeps_mark else value & (1 << 7 * size) - 1, size


def _of_boxes(stream: BinaryIO) -> VideoFacts | None:
    seconds, shown = 0.0, None
    for kind, start, end in boxes(stream, 0, end_of(stream)):
        if kind != b"moov":
            continue
        for inner, first, last in boxes(stream, start, end):
            if inner == b"mvhd":
                seconds = _length(_read(stream, first, last))
            elif inner == b"trak" and shown is None:
                shown = _track(stream, first, last)
    if shown is None:
        return None
    width, height, orientation = shown
    return VideoFacts(width, height, seconds, orientation)


def _length(mvhd: bytes) -> float:
    """Of a film header in seconds (ISO 14496-12, 8.2.2)."""
    if len(mvhd) < 32:
        return 0.0
    scale, length = struct.unpack_from(">IQ", mvhd, 20) if mvhd[0] else struct.unpack_from(
        ">II", mvhd, 12)
    is_unknown = length == (2**64 - 1 if mvhd[0] else 2**32 - 1)
    return 0.0 if not scale or is_unknown else length / scale


def _track(stream: BinaryIO, start: int, end: int) -> tuple[int, int, int] | None:
    """Width, height and orientation of a track with a picture (8.3.2), None of another one."""
    head, is_video = b"", False
    for kind, first, last in boxes(stream, start, end):
        if kind == b"tkhd":
            head = _read(stream, first, last)
        elif kind == b"mdia":
            is_video = any(inner == b"hdlr" and _read(stream, at, after)[8:12] == b"vide"
                           for inner, at, after in boxes(stream, first, last))
    at = 52 if head[:1] == b"\1" else 40
    if not is_video or len(head) < at + 44:
        return None
    a, b, _, c, d = struct.unpack_from(">5i", head, at)
    width, height = (side >> 16 for side in struct.unpack_from(">II", head, at + 36))
    turn = _TURNS.get(tuple(side // 65536 for side in (a, b, c, d)), 1)
    return (height, width, turn) if turn in (6, 8) else (width, height, turn)


def _of_elements(stream: BinaryIO) -> VideoFacts | None:
    scale, length, shown = 1_000_000, 0.0, None
    for name, start, end in elements(stream, *segment(stream)):
        if name == _INFO:
            for inner, first, last in elements(stream, start, end):
                if inner == _SCALE:
                    scale = int.from_bytes(_read(stream, first, last)[:8], "big")
                elif inner == _DURATION:
                    length = _float(_read(stream, first, last))
        elif name == _TRACKS:
            for inner, first, last in elements(stream, start, end):
                if inner == _TRACK and shown is None:
                    shown = _shown(stream, first, last)
    return VideoFacts(*shown, length * scale / 1e9) if shown else None


def _shown(stream: BinaryIO, start: int, end: int) -> tuple[int, int] | None:
    """Width and height of a track, as they are shown where that is said in pixels."""
    for name, first, last in elements(stream, start, end):
        if name == _VIDEO:
            found = {inner: int.from_bytes(_read(stream, at, after)[:8], "big")
                     for inner, at, after in elements(stream, first, last)}
            sides = found.get(_WIDTH, 0), found.get(_HEIGHT, 0)
            if found.get(_SHOWN_UNIT, 0) == 0:
                sides = (found.get(_SHOWN_WIDTH) or sides[0], found.get(_SHOWN_HEIGHT) or sides[1])
            return sides
    return None


def _float(data: bytes) -> float:
    value: float = struct.unpack(">f" if len(data) == 4 else ">d", data)[0] if len(data) in (
        4, 8) else 0.0
    return value if math.isfinite(value) and value > 0 else 0.0


def _read(stream: BinaryIO, start: int, end: int) -> bytes:
    stream.seek(start)
    return stream.read(min(end - start, _LONGEST))
