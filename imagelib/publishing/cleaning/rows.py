"""Rows of a PNG as they are before they are packed (W3C PNG, 3rd edition, sections 7.2 and 9).

Where a pixel has less than eight bits, the last byte of a row may have bits that are no pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable


def _nearest(left: int, above: int, corner: int) -> int:
    """Paeth's predictor."""
    to_left, to_above = abs(above - corner), abs(left - corner)
    to_corner = abs(left + above - 2 * corner)
    if to_left <= to_above and to_left <= to_corner:
        return left
    return above if to_above <= to_corner else corner


#: Filter -> what was taken from a byte, by those left of it, above it, and left above it.
_TAKEN: dict[int, Callable[[int, int, int], int]] = {
    1: lambda left, _, __: left, 2: lambda _, above, __: above,
    3: lambda left, above, _: left + above >> 1, 4: _nearest}


def without_spare_bits(rows: bytes, sizes: Iterable[tuple[int, int]], bits: int) -> bytes:
    """*rows*, each with its filter before it, of pictures of these *sizes* in pixels one behind the
    other, with zeros behind the last pixel of each; as they are if zeros stand there already.

    A pixel has *bits* bits, less than eight.

    Raises:
        ValueError: one has a filter that there is not.
    """
    made, plain, at = [], [], 0
    for width, height in sizes:
        size, spare = (width * bits + 7) // 8, -width * bits % 8
        above = bytes(size)
        for start in range(at, at + height * (1 + size), 1 + size):
            above = _unfiltered(rows[start], rows[start + 1 : start + 1 + size], above)
            plain.append(above)
            made.append(above[:-1] + bytes((above[-1] >> spare << spare,)))
        at += height * (1 + size)
    return rows if made == plain else b"".join(b"\0" + row for row in made)


def _unfiltered(kind: int, row: bytes, above: bytes) -> bytes:
    """What *row* was before it was filtered, byte by byte."""
    if kind == 0:
        return row
    if kind not in _TAKEN:
        raise ValueError(f"{kind} is no filter")
    taken, left, corner, made = _TAKEN[kind], 0, 0, bytearray()
    for one, up in zip(row, above, strict=True):
        left = one + taken(left, up, corner) & 255
        corner = up
        made.append(left)
    return bytes(made)
