"""Clean PNG and APNG (W3C PNG, 3rd edition; chunks of section 11)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from imagelib.errors import BrokenPictureError
from imagelib.ingest.embedded.containers.walk import XMP_KEYWORD
from imagelib.publishing.cleaning.label import PACKET
from imagelib.publishing.cleaning.profile import LARGEST, clean_profile
from imagelib.publishing.cleaning.refusing import refused
from imagelib.publishing.cleaning.rows import without_spare_bits
from imagelib.publishing.cleaning.trimming import indices_in
from imagelib.publishing.cleaning.turning import orientation_of, turning_exif
from imagelib.publishing.cleaning.unseen import without_unseen

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Colour type -> samples of a pixel, and the depths that it may have.
_COLOURS = {0: (1, (1, 2, 4, 8, 16)), 2: (3, (8, 16)), 3: (1, (1, 2, 4, 8)), 4: (2, (8, 16)),
            6: (4, (8, 16))}
_INDEXED = 3
#: First column, first row, and the steps between them of the passes of Adam7.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
           (0, 1, 1, 2))
#: Bytes that are inflated at once.
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Header:
    """IHDR: sizes in pixels, bits of a sample."""

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool

    @property
    def bits(self) -> int:
        """Bits of a pixel."""
        return self.depth * _COLOURS[self.colour][0]

    def passes(self, width: int, height: int) -> list[tuple[int, int]]:
        """Columns and rows of each part in which so many pixels are packed."""
        if not self.interlaced:
            return [(width, height)]
        sizes = [(-(-(width - left) // across), -(-(height - top) // down))
                 for left, top, across, down in _PASSES]
        return [(columns, rows) for columns, rows in sizes if columns > 0 and rows > 0]

    def inflated(self, width: int, height: int) -> int:
        """Bytes of so many pixels before they are packed, each row with its filter."""
        return sum(rows * (1 + (columns * self.bits + 7) // 8)
                   for columns, rows in self.passes(width, height))


@dataclass(slots=True)
class _Frame:
    """One picture: its fcTL without the number, where it has one, and what it is packed in."""

    control: bytes = b""
    parts: list[bytes] = field(default_factory=list)
    is_default: bool = False

    def size(self, header: Header) -> tuple[int, int]:
        """Width and height in pixels."""
        if self.control:
            return struct.unpack_from(">II", self.control)
        return header.width, header.height


def _words(data: bytes, kind: str) -> tuple[int, ...]:
    return struct.unpack(f">{len(data) // struct.calcsize(kind)}{kind}", data)


def _is_background(data: bytes, header: Header) -> bool:
    if header.colour == _INDEXED:
        return len(data) == 1
    return len(data) == (2 if header.colour in (0, 4) else 6) and all(
        value < 1 << header.depth for value in _words(data, "H"))


def _are_colours(numbers: tuple[int, ...], whole: int) -> bool:
    """Whether x and y of three colours and of a white, of *whole*, are some that a screen may have:
    far from one another, and none beyond the light that there is. Letters are not."""
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    (ax, ay), (bx, by), (cx, cy), _ = points
    return all(x + y <= whole + 2 for x, y in points) and abs(
        (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) > 0.05 * whole**2


#: What may be kept besides the pixels -> whether it is as the standard has it. Values are bound,
#: too: four letters are a number beyond any gamma, resolution or luminance.
_LEGAL: dict[bytes, Callable[[bytes, Header], bool]] = {
    b"cICP": lambda data, _: len(data) == 4 and data[2] == 0 and data[3] < 2,
    b"sRGB": lambda data, _: len(data) == 1 and data[0] < 4,
    b"gAMA": lambda data, _: len(data) == 4 and _words(data, "I")[0] <= 1_000_000,
    b"cHRM": lambda data, _: (  # its white comes first
        len(data) == 32 and _are_colours(_words(data[8:] + data[:8], "I"), 100_000)),
    b"sBIT": lambda data, header: (
        len(data) == (3 if header.colour == _INDEXED else _COLOURS[header.colour][0])
        and all(1 <= value <= (8 if header.colour == _INDEXED else header.depth)
                for value in data)),
    b"mDCV": lambda data, _: (len(data) == 24 and _are_colours(_words(data[:16], "H"), 50_000)
                              and max(_words(data[16:], "I")) <= 100_000_000),
    b"cLLI": lambda data, _: len(data) == 8 and max(_words(data, "I")) <= 100_000_000,
    b"bKGD": _is_background,
    b"pHYs": lambda data, _: (len(data) == 9 and max(_words(data[:8], "I")) <= 1_000_000
                              and data[8] < 2),
}
#: Other kinds that are looked at; of all of them the first one counts.
_READ = (b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"acTL")


def clean_png(content: bytes, label: bool) -> bytes:
    """*content* with what its looks need, in an order of ours.

    Raises:
        RefusedError: it is not whole, or has critical chunks that nobody knows.
    """
    chunks = _chunks(content)
    header = read_header(*next(chunks, (b"", b"")))
    found, frames = _sorted(chunks, header)
    for frame in frames:
        packed = _fitted(b"".join(frame.parts), header.inflated(*frame.size(header)))
        if len(frames) > 1 and (header.colour in (4, 6) or (
                header.colour == _INDEXED and b"tRNS" in found)):
            packed = _without_unseen(packed, header, frame.size(header), found)
        frame.parts = [_without_spare(packed, header, frame.size(header))]
    made = [_SIGNATURE, _chunk(b"IHDR", content[16:29])]
    if b"iCCP" in found:
        made.append(_chunk(b"iCCP", _profile(found[b"iCCP"])))
    made += [_chunk(kind, found[kind]) for kind, legal in _LEGAL.items()
             if kind in found and kind != b"bKGD" and legal(found[kind], header)]
    made += [_chunk(kind, data) for kind, data in _palette(found, frames, header)]
    if b"bKGD" in found and _is_background(found[b"bKGD"], header):
        made.append(_chunk(b"bKGD", found[b"bKGD"]))
    if turning := turning_exif(orientation_of(found.get(b"eXIf", b""))):
        made.append(_chunk(b"eXIf", turning))
    if label:
        made.append(_chunk(b"iTXt", XMP_KEYWORD.encode("ascii") + bytes(5) + PACKET))
    made += _pictures(frames, found.get(b"acTL"), header)
    return b"".join([*made, _chunk(b"IEND", b"")])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data), kind) + data + struct.pack(
        ">I", zlib.crc32(data, zlib.crc32(kind)))


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and data of each chunk before IEND; the checksum of what is kept is right."""
    at = len(_SIGNATURE)
    while at + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 8 + length
        if end + 4 > len(content) or not kind.isalpha():
            break
        data = content[at + 8 : end]
        # What is dropped may be as it likes: generators write texts with wrong checksums.
        if not kind[:1].islower() or kind in _LEGAL or kind in _READ or kind in (b"fcTL", b"fdAT"):
            (checksum,) = struct.unpack_from(">I", content, end)
            if checksum != zlib.crc32(data, zlib.crc32(kind)):
                if kind[:1].islower() and kind not in (b"fcTL", b"fdAT"):
                    at = end + 4  # as browsers do, which go by no such chunk
                    continue
                raise refused(f"the checksum of its chunk {kind.decode('latin-1')} is wrong")
        if kind == b"IEND":
            return
        yield kind, data
        at = end + 4
    raise refused("it is cut short, or the lengths in it are wrong")


def read_header(kind: bytes, data: bytes) -> Header:
    """The header that a chunk holds.

    Raises:
        RefusedError: it is no header, or a damaged one.
    """
    if kind != b"IHDR" or len(data) != 13:
        raise refused("it does not begin with its header")
    width, height, depth, colour, packing, filtering, interlacing = struct.unpack(">IIBBBBB", data)
    if (not 0 < width < 1 << 31 or not 0 < height < 1 << 31 or packing or filtering
            or interlacing > 1 or depth not in _COLOURS.get(colour, (0, ()))[1]):
        raise refused("its header is damaged")
    return Header(width, height, depth, colour, bool(interlacing))


def _sorted(chunks: Iterator[tuple[bytes, bytes]], header: Header
            ) -> tuple[dict[bytes, bytes], list[_Frame]]:
    """The chunks to look at by kind, and the pictures in their order."""
    found: dict[bytes, bytes] = {}
    frames: list[_Frame] = []
    begun = ended = False
    for kind, data in chunks:
        ended = ended or (begun and kind != b"IDAT")
        if kind == b"IDAT":
            if ended:
                raise refused("its pixels are interrupted by other chunks")
            if not begun and not (frames and b"acTL" in found):
                frames = [_Frame()]
            begun = frames[-1].is_default = True
            frames[-1].parts.append(data)
        elif kind == b"fcTL" and b"acTL" in found:
            frames.append(_Frame(_control(data, header)))
        elif kind == b"fdAT" and b"acTL" in found:
            if not begun or len(data) < 4 or frames[-1].is_default:
                raise refused("the frames of its animation are out of order")
            frames[-1].parts.append(data[4:])
        elif kind in (_LEGAL.keys() | _READ) and not begun:
            found.setdefault(kind, data)
        elif not kind[:1].islower() and kind not in (b"PLTE", b"acTL"):
            raise refused(f"it has a critical chunk {kind.decode('latin-1')}, which nobody knows")
    if not begun:
        raise refused("it has no pixels")
    return found, frames


def _control(data: bytes, header: Header) -> bytes:
    """fcTL behind its number, if it is legal."""
    if len(data) != 26:
        raise refused("a frame of its animation is damaged")
    width, height, left, top = struct.unpack_from(">4I", data, 4)
    if (not width or not height or left + width > header.width or top + height > header.height
            or data[24] > 2 or data[25] > 1):
        raise refused("a frame of its animation is damaged")
    return data[4:]


def _palette(found: dict[bytes, bytes], frames: list[_Frame], header: Header
             ) -> Iterator[tuple[bytes, bytes]]:
    """PLTE where pixels are indices (else it is but a hint), and tRNS.

    Colours that no pixel has become black, as they could spell anything.
    """
    samples = _COLOURS[header.colour][0]
    used: set[int] = set()
    if header.colour == _INDEXED:
        palette = found.get(b"PLTE", b"")
        entries = len(palette) // 3
        if not palette or len(palette) % 3 or entries > 1 << header.depth:
            raise refused("its palette is damaged")
        used = _indices(frames, palette, header).union(found.get(b"bKGD", b""))
        yield b"PLTE", b"".join(palette[3 * index : 3 * index + 3] if index in used else bytes(3)
                                for index in range(entries))
    if (data := found.get(b"tRNS")) is None:
        return
    if header.colour == _INDEXED:
        last = max((index for index in used if index < len(data)), default=0)
        yield b"tRNS", bytes(data[index] if index in used else 255 for index in range(last + 1))
    elif header.colour in (0, 2):
        if len(data) != 2 * samples or max(_words(data, "H")) >= 1 << header.depth:
            raise refused("its transparency is damaged")
        yield b"tRNS", data


def _still(packed: bytes, header: Header, size: tuple[int, int], *others: bytes) -> bytes:
    """A file of the pixels of one frame and *others*, which are chunks."""
    head = struct.pack(">IIBBBBB", *size, header.depth, header.colour, 0, 0, header.interlaced)
    return b"".join([_SIGNATURE, _chunk(b"IHDR", head), *others, _chunk(b"IDAT", packed),
                     _chunk(b"IEND", b"")])


def _without_unseen(packed: bytes, header: Header, size: tuple[int, int],
                    found: dict[bytes, bytes]) -> bytes:
    """*packed*, of a frame, with black where it is wholly transparent."""
    others = []
    if header.colour == _INDEXED:
        # Of a palette with fewer colours another depth would be made.
        palette = found.get(b"PLTE", b"").ljust(3 << header.depth, b"\0")
        others = [_chunk(b"PLTE", palette), _chunk(b"tRNS", found[b"tRNS"])]
    try:
        made = without_unseen(_still(packed, header, size, *others), "PNG")
    except BrokenPictureError:
        raise refused("its pixels are damaged") from None
    if made is None:
        return packed
    if header.interlaced or header.depth > 8:
        raise refused("a frame of its animation has colours where nobody sees them")
    return b"".join(data for kind, data in _chunks(made) if kind == b"IDAT")


def _indices(frames: list[_Frame], palette: bytes, header: Header) -> set[int]:
    """The numbers of the colours that any pixel has."""
    used: set[int] = set()
    for frame in frames:
        found = indices_in(_still(frame.parts[0], header, frame.size(header),
                                  _chunk(b"PLTE", palette)))
        if not found or max(found) >= len(palette) // 3:
            raise refused("its pixels are damaged")
        used |= found
    return used


def _profile(data: bytes) -> bytes:
    """iCCP with a name of ours."""
    _name, found, packed = data.partition(b"\0")
    if not found or packed[:1] != b"\0":
        raise refused("its colour profile is damaged")
    engine = zlib.decompressobj()
    try:
        profile = engine.decompress(packed[1:], LARGEST + 1)
    except zlib.error:
        raise refused("its colour profile is damaged") from None
    return b"icc\0\0" + zlib.compress(clean_profile(profile), 9)


def _pictures(frames: list[_Frame], animation: bytes | None, header: Header) -> Iterator[bytes]:
    """The chunks of all pictures, numbered anew."""
    if animation is not None:
        frames_stated, plays = struct.unpack(">II", animation) if len(animation) == 8 else (0, 0)
        if frames_stated != sum(bool(frame.control) for frame in frames):
            raise refused("it has not as many frames as it says")
        if plays >= 1 << 31:
            raise refused("its animation is damaged")
        yield _chunk(b"acTL", animation)
    number = 0
    for frame in frames:
        if frame.control:
            if frame.is_default and struct.unpack_from(">4I", frame.control) != (
                    header.width, header.height, 0, 0):
                raise refused("a frame of its animation is damaged")
            yield _chunk(b"fcTL", struct.pack(">I", number) + frame.control)
            number += 1
        if frame.is_default:
            yield _chunk(b"IDAT", frame.parts[0])
        else:
            yield _chunk(b"fdAT", struct.pack(">I", number) + frame.parts[0])
            number += 1


def _fitted(packed: bytes, size: int) -> bytes:
    """*packed* with *size* bytes of pixels inside and nothing else, there or behind them."""
    engine = zlib.decompressobj()
    at = made = 0
    try:
        while not engine.eof and made <= size:
            piece = engine.unconsumed_tail
            if not piece:
                piece = packed[at : at + _PIECE]
                at += len(piece)
            if not piece:
                raise refused("its pixels are cut short")
            made += len(engine.decompress(piece, min(_PIECE << 4, size + 1 - made)))
    except zlib.error:
        raise refused("its pixels are damaged") from None
    if made < size:
        raise refused("its pixels are cut short")
    return packed[: at - len(engine.unused_data)] if made == size else _repacked(packed, size)


def _without_spare(packed: bytes, header: Header, size: tuple[int, int]) -> bytes:
    """*packed* with zeros where rows end within a byte; as it is if they stand there already."""
    sizes = header.passes(*size)
    if not any(columns * header.bits % 8 for columns, _ in sizes):
        return packed
    rows = zlib.decompress(packed)
    try:
        made = without_spare_bits(rows, sizes, header.bits)
    except ValueError:
        raise refused("its pixels are damaged") from None
    return packed if made is rows else zlib.compress(made)


def _repacked(packed: bytes, size: int) -> bytes:
    """The first *size* bytes inside of *packed*, in a stream of their own."""
    source, target = zlib.decompressobj(), zlib.compressobj()
    made = [target.compress(source.decompress(packed, min(_PIECE << 4, size)))]
    left = size - min(_PIECE << 4, size)
    while left:
        piece = source.decompress(source.unconsumed_tail, min(_PIECE << 4, left))
        left -= len(piece)
        made.append(target.compress(piece))
    return b"".join([*made, target.flush()])
