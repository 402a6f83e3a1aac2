"""The streams inside of WebP pictures: VP8 (RFC 6386), VP8L and ALPH (RFC 9649, 3 and 2.7.1.2)."""

from __future__ import annotations

from collections.abc import Callable

from imagelib.publishing.cleaning.refusing import refused
from imagelib.publishing.cleaning.trimming import is_searching, looks, shortest

#: Makes a whole file of the transparency and the pixels of a frame.
File = Callable[[bytes, bytes], bytes]


def trimmed(kind: bytes, data: bytes, alpha: bytes, file: File) -> tuple[bytes, bytes]:
    """*data* of the *kind* VP8 or VP8L, and the ALPH chunk *alpha* of it, without slack.

    Raises:
        RefusedError: they cannot be decoded.
    """
    if not is_searching():
        return data, alpha
    whole = looks(file(alpha, data))
    if not whole:
        raise refused("its pixels are damaged or cut short")
    if kind == b"VP8L":
        return shortest(data, lambda cut: looks(file(alpha, cut)) == whole), alpha
    parts = _partitions(data)
    for index, part in enumerate(parts):

        def is_whole(cut: bytes, index: int = index) -> bool:
            others = [*parts[:index], cut, *parts[index + 1 :]]
            return looks(file(alpha, _joined(data, others))) == whole

        parts[index] = shortest(part, is_whole)
    data = _joined(data, parts)
    if alpha and alpha[0] & 3:
        alpha = shortest(alpha, lambda cut: looks(file(cut, data)) == whole)
    return data, alpha


def _partitions(data: bytes) -> list[bytes]:
    """The first partition of a VP8 frame and those of its coefficients (RFC 6386, 9.2 and 9.5)."""
    start = 10 + (int.from_bytes(data[:3], "little") >> 5)
    count = 1 << _BoolDecoder(data[10:start]).partitions()
    at = start + 3 * (count - 1)
    if at > len(data):
        raise refused("its pixels are damaged or cut short")
    parts = [data[10:start]]
    for index in range(count - 1):
        size = int.from_bytes(data[start + 3 * index : start + 3 * index + 3], "little")
        parts.append(data[at : at + size])
        at += size
    return [*parts, data[at:]]


def _joined(data: bytes, parts: list[bytes]) -> bytes:
    """The frame *data* with other partitions."""
    tag = int.from_bytes(data[:3], "little") & 0x1F | len(parts[0]) << 5
    sizes = b"".join(len(part).to_bytes(3, "little") for part in parts[1:-1])
    return tag.to_bytes(3, "little") + data[3:10] + parts[0] + sizes + b"".join(parts[1:])


class _BoolDecoder:
    """As much of RFC 6386, 7.3 as the frame header needs, where all chances are even."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data[:64].ljust(64, b"\0"), "big")
        self._left = 64 * 8 - 8
        self._range = 255

    def flag(self) -> int:
        split = 1 + ((self._range - 1) * 128 >> 8)
        bit = self._value >> self._left >= split
        if bit:
            self._range -= split
            self._value -= split << self._left
        else:
            self._range = split
        shift = 8 - self._range.bit_length()
        self._range <<= shift
        self._left -= shift
        return int(bit)

    def bits(self, count: int) -> int:
        return sum(self.flag() << shift for shift in range(count - 1, -1, -1))

    def partitions(self) -> int:
        """How often the number of partitions is doubled; what stands before it is read past."""
        self.bits(2)  # colour space, clamping
        if self.flag():
            self._skip_segments()
        self.bits(10)  # filter: kind, level, sharpness
        if self.flag() and self.flag():
            self._skip_optional(8, 7)
        return self.bits(2)

    def _skip_segments(self) -> None:
        has_map, has_values = self.flag(), self.flag()
        if has_values:
            self.flag()
            self._skip_optional(4, 8)
            self._skip_optional(4, 7)
        if has_map:
            self._skip_optional(3, 8)

    def _skip_optional(self, count: int, bits: int) -> None:
        for _ in range(count):
            if self.flag():
                self.bits(bits)
