"""Clean AV1 units in place (AV1 Bitstream & Decoding Process, sections 5.3 and 6.2).

Metadata units hold texts of any kind (ITU-T T.35), padding units anything. They become
padding of zeros, which every decoder skips.
"""

from __future__ import annotations

from imagelib.publishing.cleaning.refusing import refused

_METADATA, _PADDING = 5, 15
#: Sequence header, temporal delimiter, frame header, tile group, frame, redundant header.
_KEPT = (1, 2, 3, 4, 6, 7)
#: Metadata that is numbers alone -> its length with the marker at its end: light level, display.
_NUMBERS = {1: 6, 2: 26}


def clean_units(data: bytes) -> bytes:
    """*data*, a row of units, of the same length without texts.

    Raises:
        RefusedError: the units do not fill it.
    """
    made = bytearray(data)
    at = 0
    while at < len(data):
        head = data[at]
        start = at + 2 if head & 4 else at + 1  # an extension of one byte
        size = len(data) - start
        if head & 2:
            size, start = _leb128(data, start)
        end = start + size
        if head & 0x80 or end > len(data):
            raise refused("its pixels are damaged or cut short")
        kind = head >> 3 & 15
        is_kept = kind in _KEPT or (
            kind == _METADATA and size > 0 and _NUMBERS.get(data[start]) == size)
        if not is_kept:
            made[at] = _PADDING << 3 | head & 6
            made[start:end] = (b"\x80" if size else b"").rjust(size, b"\0")
        made[at] &= 0xFE  # reserved
        at = end
    return bytes(made)


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at *at*, of seven bits a byte, and where it ends."""
    value = 0
    for index, byte in enumerate(data[at : at + 8]):
        value |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return value, at + index + 1
    raise refused("its pixels are damaged or cut short")
