"""A picture that our own encoder wrote, less the streams that are nothing but its pixels.

What a picture says stands in chunks and segments beside them, or behind its end. Streams of pixels
are looked through only where somebody else wrote them: as letters they say something by chance.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress

from imagelib.errors import RefusedError
from imagelib.ingest.embedded.containers.boxes import boxes, boxes_of_file
from imagelib.ingest.embedded.containers.findings import Window
from imagelib.ingest.embedded.containers.walk import palette_size
from imagelib.publishing.cleaning.items import Items
from imagelib.publishing.cleaning.png import read_header

#: Chunks of WebP (RFC 9649) that hold pixels.
_WEBP = (b"VP8 ", b"VP8L", b"ALPH")
#: Of JPEG (ITU-T T.81, B.1.1): a marker in the stream of a scan, but for those that only part it.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
#: Of what is inflated at once, and of what is read below a picture, in bytes.
_PIECE, _MOST = 1 << 20, 8 << 20
#: Start of scan, and markers without a segment.
_SOS, _BARE = 0xDA, (0x01, *range(0xD0, 0xDA))


def beside_pixels(content: bytes) -> bytes:
    """What of a WebP, JPEG, PNG, GIF or AVIF is no stream of pixels; all of it where that cannot be
    told."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _of_webp(content)
    if content[:2] == b"\xff\xd8":
        return _of_jpeg(content)
    if content[:4] == b"GIF8":
        return _of_gif(content)
    if content[4:8] == b"ftyp":
        return _of_avif(content)
    return _of_png(content) if content[:8] == b"\x89PNG\r\n\x1a\n" else content


def below_pixels(content: bytes) -> bytes:
    """What is packed with the pixels of a PNG below the last row that is seen; at most 8 MiB."""
    if content[:8] != b"\x89PNG\r\n\x1a\n":
        return b""
    try:
        header = read_header(content[12:16], content[16:29])
    except RefusedError:
        return b""
    packed = b"".join(content[start + 8:stop - 4] for start, stop in _chunks(content)
                      if content[start + 4:start + 8] == b"IDAT")
    left, engine = header.inflated(header.width, header.height), zlib.decompressobj()
    below = b""
    with suppress(zlib.error):
        while packed and not below:
            made = engine.decompress(packed, _PIECE)
            below, left, packed = made[left:], max(0, left - len(made)), engine.unconsumed_tail
        below += engine.decompress(packed, _MOST)
    return below


def _of_webp(content: bytes) -> bytes:
    kept, at = [content[:12]], 12
    end = 8 + int.from_bytes(content[4:8], "little")
    while at + 8 <= end <= len(content):
        kind, length = content[at:at + 4], int.from_bytes(content[at + 4:at + 8], "little")
        after = at + 8 + length
        if after > end:
            break
        kept.append(content[at:at + 8] if kind in _WEBP else content[at:after])
        at = after + length % 2
    return b"".join([*kept, content[at:]])


def _of_jpeg(content: bytes) -> bytes:
    kept, at = [content[:2]], 2
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] not in _BARE:
        (length,) = struct.unpack_from(">H", content, at + 2)
        after = at + 2 + length
        kept.append(content[at:after])
        if content[at + 1] == _SOS:
            marker = _MARKER.search(content, after)
            after = marker.start() if marker else after
        at = after
    return b"".join([*kept, content[at:]])


def _of_png(content: bytes) -> bytes:
    kept, at = [content[:8]], 8
    for start, at in _chunks(content):
        kept.append(content[start:start + 8] if content[start + 4:start + 8] == b"IDAT"
                    else content[start:at])
    return b"".join([*kept, content[at:]])


def _chunks(content: bytes) -> Iterator[tuple[int, int]]:
    """Where each whole chunk of a PNG begins and ends."""
    at = 8
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        if at + 12 + length > len(content):
            return
        yield at, at + 12 + length
        at += 12 + length


def _of_gif(content: bytes) -> bytes:
    """Frames less what they are packed in (GIF89a, section 22)."""
    at = 13 + palette_size(content[10]) if len(content) > 13 else len(content)
    kept = [content[:at]]
    while content[at:at + 1] in (b"!", b","):
        is_frame = content[at] == ord(",")
        head = at + (11 + palette_size(content[at + 9]) if is_frame and at + 9 < len(content)
                     else 2)
        end = head
        while end < len(content) and content[end]:
            end += 1 + content[end]
        if end >= len(content):
            break
        kept.append(content[at:head] if is_frame else content[at:end])
        at = end + 1
    return b"".join([*kept, content[at:]])


def _of_avif(content: bytes) -> bytes:
    """All but the payloads of its pictures."""
    try:
        start, stop = next((start, stop) for kind, start, stop in boxes_of_file(
            Window(io.BytesIO(content))) if kind == b"meta")
        items = Items(content, {kind: (first, last) for kind, first, last in boxes(
            content, start + 4, stop)})
    except (RefusedError, StopIteration):
        return content
    packed = sorted(place for number, places in items.places.items() for place in places
                    if number in items.entries and items.entries[number].kind == b"av01")
    kept, at = [], 0
    for start, stop in packed:
        kept.append(content[at:start])
        at = max(at, stop)
    return b"".join([*kept, content[at:]])
