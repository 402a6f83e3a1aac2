"""From numbers to the bits of an integer and back."""

from __future__ import annotations

import re
from collections.abc import Collection

#: Up to so many bits are taken off one by one; where there are more, bytes are scanned.
_FEW = 60
_NOT_EMPTY = re.compile(rb"[\x01-\xff]")  # a third quicker than [^\0]
#: Which bits each octet has.
_BITS = [[bit for bit in range(8) if octet >> bit & 1] for octet in range(256)]


def bitmap(pks: Collection[int]) -> int:
    """The bitmap of *pks*; setting bits in bytes is far quicker than in an integer."""
    if not pks:
        return 0
    octets = bytearray(max(pks) // 8 + 1)
    for pk in pks:
        octets[pk >> 3] |= 1 << (pk & 7)
    return int.from_bytes(octets, "little")


def set_bits(bits: int, total: int) -> list[int]:
    """Which bits are set in *bits*, *total* in all; in no order."""
    if total > _FEW:
        octets = bits.to_bytes(bits.bit_length() // 8 + 1, "little")
        return [found.start() * 8 + bit for found in _NOT_EMPTY.finditer(octets)
                for bit in _BITS[octets[found.start()]]]
    found = []
    while bits:
        found.append(bits.bit_length() - 1)
        bits ^= 1 << found[-1]
    return found
