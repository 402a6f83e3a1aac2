"""Clean GIF87a and GIF89a (CompuServe's specification of 1990)."""

from __future__ import annotations

import struct

from imagelib.ingest.embedded.containers.walk import palette_size
from imagelib.publishing.cleaning.label import PACKET
from imagelib.publishing.cleaning.lzw import clean_pixels
from imagelib.publishing.cleaning.refusing import refused

_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
#: What stands behind the packet, so that a reader of sub-blocks finds the end (XMP part 3, 1.1.2).
_XMP_END = b"\x01" + bytes(range(255, -1, -1)) + b"\0"


def clean_gif(content: bytes, label: bool) -> bytes:
    """*content* with its frames, palettes and loop.

    Colours that no pixel uses become black, as a palette could spell anything.

    Raises:
        RefusedError: it is not whole.
    """
    return _Walk(content).cleaned(label)


class _Walk:
    """Goes through a file once; what is kept is collected, the common palette comes last."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 13
        self._kept: list[bytes] = []
        self._control = b""
        self._has_loop = False
        self._frames = 0
        #: How many of the parts stand before the first frame.
        self._before = 0
        #: Indices into the common palette.
        self._used: set[int] = set()

    def cleaned(self, label: bool) -> bytes:
        screen = self._content[6:13]
        if len(screen) < 7:
            raise refused("it is cut short")
        palette = self._take(palette_size(screen[4]))
        while (kind := self._take(1)) != b";":
            if kind == b"!":
                self._extension()
            elif kind == b",":
                self._frame()
            elif kind != b"\0":  # some writers end a block twice
                raise refused("it has a block that does not belong there")
        if not self._frames:
            raise refused("it has no pixels")
        background = screen[5] if 3 * screen[5] < len(palette) else 0
        flags = screen[4] if palette else screen[4] & 0x70
        # The last byte is a shape of pixels that nobody draws.
        head = [b"GIF89a", screen[:4], bytes((flags, background, 0)),
                _blacked(palette, self._used | {background})]
        if label:
            self._kept.insert(self._before, b"!\xff\x0bXMP DataXMP" + PACKET + _XMP_END)
        return b"".join([*head, *self._kept, b";"])

    def _take(self, count: int) -> bytes:
        found = self._content[self._at : self._at + count]
        if len(found) != count:
            raise refused("it is cut short")
        self._at += count
        return found

    def _sub_blocks(self) -> list[bytes]:
        blocks = []
        while size := self._take(1)[0]:
            blocks.append(self._take(size))
        return blocks

    def _extension(self) -> None:
        kind = self._take(1)
        blocks = self._sub_blocks()
        if kind == b"\xf9":
            if len(blocks) != 1 or len(blocks[0]) != 4:
                raise refused("the timing of a frame is damaged")
            flags, *delay, transparent = blocks[0]
            # Of the flags three are reserved; the index counts only with the last one.
            self._control = bytes((flags & 0x1F, *delay, transparent if flags & 1 else 0))
        elif kind == b"\x01":
            self._control = b""  # it belonged to the text that is dropped
        elif (kind == b"\xff" and blocks and blocks[0] in _LOOPS and not self._has_loop
              and blocks[1:] and blocks[1][:1] == b"\1" and len(blocks[1]) == 3):
            self._has_loop = True
            self._kept.append(b"!\xff\x0b" + blocks[0] + b"\x03" + blocks[1] + b"\0")

    def _frame(self) -> None:
        place = self._take(9)
        palette = self._take(palette_size(place[8]))
        bits = self._take(1)[0]
        left, top, width, height = struct.unpack("<4H", place[:8])
        across, down = struct.unpack("<2H", self._content[6:10])
        if left + width > across or top + height > down:
            raise refused("a frame of it lies outside of the picture, where nobody sees it")
        packed, used = clean_pixels(b"".join(self._sub_blocks()), bits, width * height)
        if not self._frames:
            self._before = len(self._kept)
        if self._control:
            if self._control[0] & 1:
                used.add(self._control[3])
            self._kept.append(b"!\xf9\x04" + self._control + b"\0")
            self._control = b""
        if palette:
            palette = _blacked(palette, used)
        else:
            self._used |= used
        flags = place[8] & (0xE7 if palette else 0x40)  # two bits are reserved
        blocks = (packed[at : at + 255] for at in range(0, len(packed), 255))
        self._kept += [b",", place[:8], bytes((flags,)), palette, bytes((bits,)),
                       *(bytes((len(block),)) + block for block in blocks), b"\0"]
        self._frames += 1


def _blacked(palette: bytes, used: set[int]) -> bytes:
    """*palette* with black in place of the colours that are not *used*."""
    return b"".join(palette[at : at + 3] if at // 3 in used else b"\0\0\0"
                    for at in range(0, len(palette), 3))
