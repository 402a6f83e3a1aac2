"""The lowest bits of pixels, in the orders in which programs hide texts there.

`stealth` knows those that say so with a magic; here any text can be read.
"""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image

from imagelib.pictures import decode, opened

#: Texts begin where the picture does; so many pixels from there on are looked at.
MOST = 1 << 18
_MODES = ("L", "LA", "RGB", "RGBA", "P")
#: Of a sample that many bits are taken at once: their values as digits, and a byte whose samples
#: stand the other way round.
_DEPTHS = {depth: (
    bytes(ord("0") + (value & (1 << depth) - 1) for value in range(256)),
    bytes(sum((value >> at & (1 << depth) - 1) << 8 - depth - at for at in range(0, 8, depth))
          for value in range(256))) for depth in (1, 2)}
#: How Pillow unpacks samples of 16 bits -> how the same bytes are unpacked for their lower halves.
_LOWER = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L", "LA;16B": "RGBA"}


def lowest_bits(image: Image.Image, most: int = MOST) -> Iterator[bytes]:
    """The lowest bit of each sample, eight to a byte, in the orders of `samples`, and the lowest
    two in those of colours, row by row; the first sample is the highest of a byte, or the lowest.
    Nothing of a picture whose bands have not 8 bits."""
    if image.mode not in _MODES:
        return
    for data in samples(image, most):
        yield from _packed(data, 1)
    for data in _mixed(_rows(image, most)):
        yield from _packed(data, 2)


def samples(image: Image.Image, most: int = MOST) -> Iterator[bytes]:
    """The first *most* pixels, row by row and column by column: all bands in turn, colours from red
    and from blue, and each band."""
    turned = image.crop((0, 0, min(image.width, -(-most // image.height)), image.height)
                        ).transpose(Image.Transpose.TRANSPOSE)
    for part in (_rows(image, most), turned):
        yield from _mixed(part)
        if len(bands := part.split()) > 1:
            yield from (band.tobytes() for band in bands)


def _rows(image: Image.Image, most: int) -> Image.Image:
    return image.crop((0, 0, image.width, min(image.height, -(-most // image.width))))


def _mixed(part: Image.Image) -> Iterator[bytes]:
    yield part.tobytes()
    if len(bands := part.split()) > 2:
        yield Image.merge("RGB", bands[2::-1]).tobytes()
    if len(bands) == 4:
        yield Image.merge("RGB", bands[:3]).tobytes()


def _packed(data: bytes, depth: int) -> Iterator[bytes]:
    digits, reverse = _DEPTHS[depth]
    count = depth * len(data) // 8
    bits = int(data[: 8 * count // depth].translate(digits) or b"0", 1 << depth).to_bytes(
        count, "big")
    yield bits
    yield bits.translate(reverse)


def halves(content: bytes, max_pixels: int) -> list[Image.Image]:
    """A PNG of 16 bits as pictures of 8: of greys the upper halves, which Pillow does not tell
    apart by itself, and the lower halves, which nobody sees. Nothing of other pictures."""
    if content[:4] != b"\x89PNG" or content[24:25] != b"\x10":
        return []
    with opened(content, max_pixels) as image:
        image.tile = [tile._replace(args=_LOWER.get(str(tile.args), tile.args))
                      for tile in image.tile]
        is_pair = content[25:26] == b"\4"
        decode(image, content)
        if image.mode == "I;16":
            both = image.tobytes()
            return [Image.frombytes("L", image.size, both[at::2]) for at in (1, 0)]
        return [Image.merge("LA", image.split()[1::2]) if is_pair else image.copy()]
