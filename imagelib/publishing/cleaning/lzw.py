"""Where the pixels of a GIF frame end: behind them its stream could hold anything.

The codes are walked and not decoded: of each string only its length counts (GIF89a,
appendix F).
"""

from __future__ import annotations

from imagelib.publishing.cleaning.refusing import refused

_LONGEST = 12


def clean_pixels(packed: bytes, bits: int, pixels: int) -> tuple[bytes, set[int]]:
    """The stream *packed* up to its last pixel of *pixels*, ended anew, and the indices it uses.

    *bits* is how wide an index is.

    Raises:
        RefusedError: it is damaged, or has fewer pixels.
    """
    if not 1 <= bits <= 8 or not pixels:
        raise refused("a frame of it is damaged")
    clear, end = 1 << bits, (1 << bits) + 1
    first = [1] * clear + [0, 0]
    lengths, width, before = first.copy(), bits + 1, 0
    used: set[int] = set()
    word = held = at = made = 0
    while made < pixels:
        while held < width:
            if at >= len(packed):
                raise refused("its pixels are cut short")
            word |= packed[at] << held
            held += 8
            at += 1
        code = word & (1 << width) - 1
        word >>= width
        held -= width
        if code == clear:
            lengths, width, before = first.copy(), bits + 1, 0
            continue
        # A code may be the very one that it makes.
        if code == end or code > len(lengths) or (code == len(lengths) and not before):
            raise refused("its pixels are damaged or cut short")
        if before and len(lengths) < 1 << _LONGEST:
            lengths.append(before + 1)
            if len(lengths) == 1 << width and width < _LONGEST:
                width += 1
        if code >= len(lengths):
            raise refused("its pixels are damaged or cut short")
        before = lengths[code]
        made += before
        if code < clear:
            used.add(code)  # every index stands alone where it comes up for the first time
    return _ended(packed, at * 8 - held, end, width), used


def _ended(packed: bytes, bits: int, end: int, width: int) -> bytes:
    """The first *bits* of *packed*, then the code *end*, *width* bits wide, and zeros."""
    whole, rest = divmod(bits, 8)
    last = (packed[whole] & (1 << rest) - 1 if rest else 0) | end << rest
    return packed[:whole] + last.to_bytes(-(-(rest + width) // 8), "little")
