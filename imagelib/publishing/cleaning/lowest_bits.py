"""The lowest bits of pixels, in the orders in which programs hide texts there.

`stealth` knows those that say so with a magic; here any text can be read.
"""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image

#: Texts begin where the picture does; so many pixels from there on are looked at.
_MOST = 1 << 18
_MODES = ("L", "LA", "RGB", "RGBA", "P")
_DIGITS = bytes(ord("0") + (value & 1) for value in range(256))
#: A byte read from its other end.
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def lowest_bits(image: Image.Image) -> Iterator[bytes]:
    """Eight to a byte, from either end: of all bands in turn, of colours, and of each band, row by
    row and column by column. Nothing of a picture whose bands have not 8 bits."""
    if image.mode not in _MODES:
        return
    width, height = image.size
    rows = image.crop((0, 0, width, min(height, -(-_MOST // width))))
    columns = image.crop((0, 0, min(width, -(-_MOST // height)), height))
    for part in (rows, columns.transpose(Image.Transpose.TRANSPOSE)):
        bands = part.split()
        for some in (part, *([Image.merge("RGB", bands[:3])] if len(bands) == 4 else []),
                     *(bands if len(bands) > 1 else [])):
            digits = some.tobytes().translate(_DIGITS)
            count = len(digits) // 8
            bits = int(digits[:8 * count] or b"0", 2).to_bytes(count, "big")
            yield bits
            yield bits.translate(_REVERSED)
