"""Clean AV1 units in place (AV1 Bitstream & Decoding Process, sections 5.3 and 6.2).

Metadata units hold texts of any kind (ITU-T T.35), padding units anything. They become
padding of zeros, which every decoder skips. Of several pictures in a row one is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from imagelib.publishing.cleaning.refusing import refused
from imagelib.publishing.cleaning.trimming import shortest

_METADATA, _PADDING = 5, 15
#: Sequence header, temporal delimiter, frame header, tile group, frame, redundant header.
_KEPT = (1, 2, 3, 4, 6, 7)
_DELIMITER, _FRAMES = 2, (3, 6)
#: Metadata that is numbers alone -> its length with the marker at its end: light level, display.
_NUMBERS = {1: 6, 2: 26}


def clean_units(data: bytes) -> bytes:
    """*data*, a row of units, of the same length without texts.

    Raises:
        RefusedError: the units do not fill it, or hold more pictures than one.
    """
    made = bytearray(data)
    frames = 0
    for at, start, end in _units(data):
        kind, size = data[at] >> 3 & 15, end - start
        is_kept = (kind in _KEPT and not (kind == _DELIMITER and size)) or (
            kind == _METADATA and size > 0 and _NUMBERS.get(data[start]) == size)
        if not is_kept:
            _blank(made, at, start, end)
        made[at] &= 0xFE  # reserved
        frames += kind in _FRAMES
    if frames > 1:
        raise refused("it holds several pictures, of which nobody sees but one")
    return bytes(made)


def blank_units(data: bytes) -> bytes:
    """*data*, a row of units, as padding.

    Raises:
        RefusedError: the units do not fill it.
    """
    made = bytearray(data)
    for at, start, end in _units(data):
        _blank(made, at, start, end)
        made[at] &= 0xFE
    return bytes(made)


def _blank(made: bytearray, at: int, start: int, end: int) -> None:
    made[at] = _PADDING << 3 | made[at] & 6
    made[start:end] = (b"\x80" if end > start else b"").rjust(end - start, b"\0")


def trimmed_units(data: bytes, is_whole: Callable[[bytes], bool]) -> bytes:
    """*data* with zeros behind the end of what each unit says, as far as *is_whole* of that says
    so."""
    for at, start, end in _units(data):
        if data[at] >> 3 & 15 not in _KEPT:
            continue

        def filled(cut: bytes, before: bytes = data[:start], size: int = end - start,
                   behind: bytes = data[end:]) -> bytes:
            return before + cut.ljust(size, b"\0") + behind

        data = filled(shortest(data[start:end], lambda cut: is_whole(filled(cut))))
    return data


def _units(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Where each unit begins, and where its content does and ends."""
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
        yield at, start, end
        at = end


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at *at*, of seven bits a byte, and where it ends."""
    value = 0
    for index, byte in enumerate(data[at : at + 8]):
        value |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return value, at + index + 1
    raise refused("its pixels are damaged or cut short")
