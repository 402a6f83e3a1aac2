"""Read what is hidden in the lowest bits of pixels ("stealth pnginfo").

NovelAI does it in every RGBA picture, AUTOMATIC1111 and Forge by an extension
(ashen-sensored/sd_webui_stealth_pnginfo, scripts/stealth_pnginfo.py): one bit a pixel in
alpha, or three in red, green and blue, **column by column**: 15 bytes of magic, 32 bits
with the length of the rest in bits, then UTF-8, plain or gzipped. Decoding pixels is
not done here: a caller with a picture library hands the columns in.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

from imagelib.ingest.embedded.containers.findings import MAX_CHUNK, Findings
from imagelib.ingest.embedded.recognise import identify
from imagelib.ingest.embedded.record import EmbeddedMetadata

#: Samples of the columns from the first up to, not including, the last: from top to bottom,
#: column after column, one byte a sample.
Columns = Callable[[int, int], bytes]

_PLAIN = (b"stealth_pnginfo", b"stealth_rgbinfo")
_GZIPPED = (b"stealth_pngcomp", b"stealth_rgbcomp")
_HEADER_BITS = 15 * 8 + 32
#: Bytes; honest ones have some thousand, and every byte costs eight pixels of memory.
_MAX_PAYLOAD = 2 << 20
_LOWEST_BIT = bytes(ord("0") + (value & 1) for value in range(256))


def read_stealth(width: int, height: int, columns: Columns, channels: int = 1) -> EmbeddedMetadata:
    """The record hidden in a picture of *width* times *height* pixels; empty where there is none.

    *channels* is 1 where *columns* gives alpha and 3 where it gives red, green, blue in turn.
    """
    findings = Findings()
    findings.add_text("stealth", decode_stealth(width, height, columns, channels))
    return identify(findings)


def decode_stealth(width: int, height: int, columns: Columns, channels: int = 1) -> str:
    """The hidden text, or an empty one. Only the columns that are needed are asked for."""
    if width < 1 or height < 1 or width * height * channels < _HEADER_BITS:
        return ""
    per_column = height * channels
    header = _bits(columns, 0, _HEADER_BITS, per_column)
    magic, length = header[:15], int.from_bytes(header[15:], "big")
    if magic not in _PLAIN + _GZIPPED or length % 8 or not 0 < length <= 8 * _MAX_PAYLOAD:
        return ""
    if length > width * per_column - _HEADER_BITS:
        return ""
    payload = _bits(columns, _HEADER_BITS, length, per_column)
    if magic in _GZIPPED:
        engine = zlib.decompressobj(wbits=31)
        try:
            payload = engine.decompress(payload, MAX_CHUNK + 1)
        except zlib.error:
            return ""
    return payload.decode("utf-8", "replace") if len(payload) <= MAX_CHUNK else ""


def holds_stealth(width: int, height: int, columns: Columns, channels: int = 1) -> bool:
    """Whether a hidden text begins there, also one that is damaged and cannot be read."""
    if width < 1 or height < 1 or width * height * channels < _HEADER_BITS:
        return False
    return _bits(columns, 0, 15 * 8, height * channels) in _PLAIN + _GZIPPED


def _bits(columns: Columns, start: int, count: int, per_column: int) -> bytes:
    """*count* bits from bit *start* on, joined to bytes; fewer where *columns* gives fewer."""
    first, last = start // per_column, -(-(start + count) // per_column)
    skipped = start - first * per_column
    digits = columns(first, last)[skipped : skipped + count].translate(_LOWEST_BIT)
    return int(digits or b"0", 2).to_bytes(-(-count // 8), "big")
