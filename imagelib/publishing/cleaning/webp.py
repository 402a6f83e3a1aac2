"""Clean WebP, still and animated (RFC 9649, section 2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from imagelib.publishing.cleaning.label import PACKET
from imagelib.publishing.cleaning.profile import clean_profile
from imagelib.publishing.cleaning.refusing import refused
from imagelib.publishing.cleaning.streams import trimmed
from imagelib.publishing.cleaning.unseen import without_unseen

_ANIMATED, _XMP, _EXIF, _ALPHA, _ICC = 0x02, 0x04, 0x08, 0x10, 0x20


@dataclass(frozen=True, slots=True)
class _Frame:
    """One picture: its chunks, its size in pixels, whether it is transparent anywhere."""

    chunks: bytes
    size: tuple[int, int]
    is_transparent: bool


def clean_webp(content: bytes, label: bool) -> bytes:
    """*content* with its pixels and profile, in the order that the RFC has.

    Raises:
        RefusedError: it is not whole.
    """
    size = int.from_bytes(content[4:8], "little") + 8
    if size > len(content):
        raise refused("it is cut short")
    chunks = list(_chunks(content[12:size]))
    kind, head = chunks[0] if chunks else (b"", b"")
    if kind != b"VP8X":
        frame = _frame(chunks)
        return _file([frame.chunks], _ALPHA * frame.is_transparent, frame.size, b"", label)
    if len(head) != 10:
        raise refused("its header is damaged")
    canvas = _sizes(head, 4)
    # A decoder looks for it only where the header names it.
    profile = next((data for name, data in chunks if name == b"ICCP"), b"") if (
        head[0] & _ICC) else b""
    if not head[0] & _ANIMATED:
        frame = _frame(chunks)
        if frame.size != canvas:
            raise refused("its header is damaged")
        return _file([frame.chunks], _ALPHA * frame.is_transparent, canvas, profile, label)
    control = next((data for name, data in chunks if name == b"ANIM"), b"")
    frames = [_animated(data, canvas) for name, data in chunks if name == b"ANMF"]
    if len(control) != 6 or not frames:
        raise refused("its animation is damaged")
    flags = _ANIMATED | _ALPHA * any(frame.is_transparent for frame in frames)
    # Its first four bytes are a background that no browser paints.
    parts = [_chunk(b"ANIM", bytes(4) + control[4:]), *(frame.chunks for frame in frames)]
    return _file(parts, flags, canvas, profile, label)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(data)) + data + bytes(len(data) & 1)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of the chunks that fill *data*; the last one may lack its filler."""
    at = 0
    while at < len(data):
        if at + 8 > len(data):
            raise refused("the lengths in it are wrong")
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > len(data):
            raise refused("it is cut short, or the lengths in it are wrong")
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + (length & 1)


def _sizes(data: bytes, at: int) -> tuple[int, int]:
    """Width and height, each in three bytes and one less than it is."""
    return (int.from_bytes(data[at : at + 3], "little") + 1,
            int.from_bytes(data[at + 3 : at + 6], "little") + 1)


def _file(parts: list[bytes], flags: int, canvas: tuple[int, int], profile: bytes,
          label: bool) -> bytes:
    """The whole file; it is of the simple kind where nothing asks for more."""
    before, behind = b"", b""
    if profile:
        flags |= _ICC
        before = _chunk(b"ICCP", clean_profile(profile))
    if label:
        flags |= _XMP
        behind += _chunk(b"XMP ", PACKET)
    body = before + b"".join(parts) + behind
    if flags & ~_ALPHA or body.startswith(b"ALPH"):
        body = _chunk(b"VP8X", _extended(flags, canvas)) + body
    return struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WEBP") + body


def _extended(flags: int, canvas: tuple[int, int]) -> bytes:
    return bytes((flags, 0, 0, 0)) + b"".join(
        (side - 1).to_bytes(3, "little") for side in canvas)


def _animated(data: bytes, canvas: tuple[int, int]) -> _Frame:
    """One ANMF chunk with its pixels alone, black where nobody sees them."""
    if len(data) < 16:
        raise refused("a frame of its animation is damaged")
    frame = _frame(list(_chunks(data[16:])))
    if frame.is_transparent and (made := without_unseen(
            _file([frame.chunks], _ALPHA, frame.size, b"", label=False), "WEBP", lossless=True,
            exact=True)):
        frame = _frame(list(_chunks(made[12:])))
    left, top = (2 * (side - 1) for side in _sizes(data, 0))
    if frame.size != _sizes(data, 6) or left + frame.size[0] > canvas[0] or (
            top + frame.size[1] > canvas[1]):
        raise refused("a frame of its animation is damaged")
    head = data[:15] + bytes((data[15] & 3,))  # blending and disposal; the rest is reserved
    return _Frame(_chunk(b"ANMF", head + frame.chunks), frame.size, frame.is_transparent)


def _frame(chunks: list[tuple[bytes, bytes]]) -> _Frame:
    """The one picture among *chunks*, its streams cut where they end."""
    alpha, kind, data = b"", b"", b""
    for name, found in chunks:
        if name in (b"VP8 ", b"VP8L"):
            if kind:
                raise refused("it holds several pictures in one")
            kind, data = name, found
        elif name == b"ALPH" and not kind:
            alpha = alpha or found
    size, is_transparent = (_lossy(data), bool(alpha)) if kind == b"VP8 " else _lossless(data)
    if kind == b"VP8L":
        alpha = b""  # it has its own transparency, and no decoder reads another one
    else:
        data = data[:6] + struct.pack("<HH", *size) + data[10:]
    head = _chunk(b"VP8X", _extended(_ALPHA, size)) if alpha else b""

    def file(transparency: bytes, pixels: bytes) -> bytes:
        body = head + (_chunk(b"ALPH", transparency) if alpha else b"") + _chunk(kind, pixels)
        return struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WEBP") + body

    if alpha:
        # The upper two bits are reserved, the next two tell how it was made and not what it is.
        alpha = bytes((alpha[0] & 0x0F,)) + alpha[1:]
        if not alpha[0] & 3:
            alpha = alpha[: 1 + size[0] * size[1]]
    data, alpha = trimmed(kind, data, alpha, file)
    return _Frame((_chunk(b"ALPH", alpha) if alpha else b"") + _chunk(kind, data), size,
                  is_transparent)


def _lossy(data: bytes) -> tuple[int, int]:
    """Width and height of a VP8 key frame (RFC 6386, 9.1); no decoder scales it."""
    if len(data) < 10 or data[0] & 1 or data[3:6] != b"\x9d\x01\x2a":
        raise refused("its pixels are damaged")
    width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 6))
    if not width or not height:
        raise refused("it has no pixels")
    return width, height


def _lossless(data: bytes) -> tuple[tuple[int, int], bool]:
    """Width, height and whether transparency is used, of a VP8L stream (RFC 9649, 3.4)."""
    if len(data) < 5 or data[0] != 0x2F or data[4] >> 5:
        raise refused("it has no pixels" if not data else "its pixels are damaged")
    bits = int.from_bytes(data[1:5], "little")
    return ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1), bool(bits >> 28 & 1)
