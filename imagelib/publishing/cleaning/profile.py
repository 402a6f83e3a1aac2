"""Colour profiles: what stands between their parts is not colour (ICC.1:2022, section 7)."""

from __future__ import annotations

import struct

from imagelib.publishing.cleaning.refusing import refused

#: Of the header; the last 28 of it are reserved and zero.
_HEADER, _RESERVED = 128, 100
#: When it was made, which with some libraries is when the picture was; and the checksum over it,
#: which may be zero.
_DATE, _CHECKSUM = slice(24, 36), slice(84, 100)
_NO_DATE = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
#: Bytes; profiles of printers have two million at most.
LARGEST = 8 << 20


def clean_profile(profile: bytes) -> bytes:
    """*profile* cut to the length it states, with zeros wherever no tag lies, and no date.

    The tags stay as they are, also the texts among them.

    Raises:
        RefusedError: it is damaged, or larger than profiles are.
    """
    size = int.from_bytes(profile[:4], "big")
    if profile[36:40] != b"acsp" or not _HEADER + 4 <= size <= min(len(profile), LARGEST):
        raise refused("its colour profile is damaged")
    (count,) = struct.unpack_from(">I", profile, _HEADER)
    start = _HEADER + 4 + 12 * count
    if start > size:
        raise refused("its colour profile is damaged")
    kept = bytearray(size)
    kept[:_RESERVED] = profile[:_RESERVED]
    if profile[_DATE] != _NO_DATE:
        kept[_DATE], kept[_CHECKSUM] = _NO_DATE, bytes(16)
    kept[_HEADER:start] = profile[_HEADER:start]
    for at in range(_HEADER + 4, start, 12):
        offset, length = struct.unpack_from(">II", profile, at + 4)
        if offset < start or offset + length > size:
            raise refused("its colour profile is damaged")
        kept[offset : offset + length] = profile[offset : offset + length]
    return bytes(kept)
