"""Colour profiles: what of one is colour (ICC.1:2022; of version 2: ICC.1:2001-04).

A profile is put together anew from the numbers that turn a picture's values into colours. Its
names, texts, private tags, and whatever lies between the tags or behind the end of one, are none.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from math import prod

from imagelib.errors import RefusedError
from imagelib.publishing.cleaning.refusing import refused

#: Of the header (7.2).
_HEADER = 128
_CLASSES, _SPACES, _BETWEEN = (b"mntr", b"scnr", b"prtr", b"spac"), (
    b"RGB ", b"GRAY", b"CMYK"), (b"XYZ ", b"Lab ")
#: When it was made, which with some libraries is when the picture was: the same for all.
_DATE = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
_D50 = struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
#: Tags that every colour space may have; of them a reader takes colours from.
_TABLES = (b"A2B0", b"A2B1", b"A2B2")
_POINTS = (b"wtpt", b"bkpt", b"lumi")
_OF_SPACE = {b"RGB ": ((b"rXYZ", b"gXYZ", b"bXYZ"), (b"rTRC", b"gTRC", b"bTRC")),
             b"GRAY": ((), (b"kTRC",)), b"CMYK": ((), ())}
#: Parameters of a curve by its kind (10.18).
_PARAMETERS = (1, 3, 4, 5, 7)
#: The one text of a description and of a copyright, which a whole profile has.
_TEXT = b"icc"
#: Bytes; profiles of printers have two million at most.
LARGEST = 8 << 20


def clean_profile(profile: bytes) -> bytes:
    """*profile* with what its colours need, in the same bytes for the same colours.

    Raises:
        RefusedError: it is damaged, of a kind that no picture has, or larger than profiles are.
    """
    size = int.from_bytes(profile[:4], "big")
    if profile[36:40] != b"acsp" or not _HEADER + 4 <= size <= min(len(profile), LARGEST):
        raise _damaged()
    if (profile[12:16] not in _CLASSES or profile[16:20] not in _SPACES
            or profile[20:24] not in _BETWEEN or profile[8] > 5):
        raise refused("its colour profile is of a kind that pictures do not have")
    parts = dict(_parts(profile[:size]))
    start = _HEADER + 4 + 12 * len(parts)
    table, body, places = [struct.pack(">I", len(parts))], b"", dict[bytes, int]()
    for name, part in parts.items():
        if part not in places:  # tags often share one curve
            places[part] = start + len(body)
            body += part + bytes(-len(part) % 4)
        table.append(struct.pack(">4sII", name, places[part], len(part)))
    head = b"".join([
        struct.pack(">I4x", start + len(body)), profile[8:10], bytes(2), profile[12:24], _DATE,
        b"acsp", bytes(24), struct.pack(">I", min(profile[67], 3)), _D50])
    return head.ljust(_HEADER, b"\0") + b"".join(table) + body


def _parts(profile: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The tags that are kept, each with as much of it as it says."""
    points, curves = _OF_SPACE[profile[16:20]]
    seen = set()
    for name, data in _tags(profile):
        if name in seen:
            continue
        seen.add(name)
        if name in (b"desc", b"cprt"):
            yield name, _text(name, profile[8])
        elif name in points or name in _POINTS:
            yield name, _numbers(data, b"XYZ ", 20)
        elif name in curves:
            yield name, _curve(data, 0)
        elif name == b"chad":
            yield name, _numbers(data, b"sf32", 44)
        elif name in _TABLES:
            yield name, _lookup(data)
        elif name == b"cicp" and data[10:11] == b"\0":  # code points (H.273) of highlights
            yield name, _numbers(data, b"cicp", 12)


def _tags(profile: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each tag."""
    (count,) = struct.unpack_from(">I", profile, _HEADER)
    start = _HEADER + 4 + 12 * count
    if start > len(profile):
        raise _damaged()
    for at in range(_HEADER + 4, start, 12):
        name, offset, length = struct.unpack_from(">4sII", profile, at)
        if offset < start or offset + length > len(profile):
            raise _damaged()
        yield name, profile[offset : offset + length]


def _text(name: bytes, version: int) -> bytes:
    if version >= 4:
        wide = _TEXT.decode("ascii").encode("utf-16-be")
        return struct.pack(">4s4xII4sII", b"mluc", 1, 12, b"enUS", len(wide), 28) + wide
    if name == b"cprt":
        return b"text" + bytes(4) + _TEXT + b"\0"
    # In ASCII, then as Unicode and as a script's, both empty (ICC.1:2001-04, 6.5.17).
    return struct.pack(">4s4xI", b"desc", len(_TEXT) + 1) + _TEXT + bytes(1 + 8 + 3 + 67)


def _numbers(data: bytes, kind: bytes, length: int) -> bytes:
    if data[:4] != kind or len(data) < length:
        raise _damaged()
    return kind + bytes(4) + data[8:length]


def _curve(data: bytes, at: int) -> bytes:
    """The curve that begins at *at* (10.6 and 10.18)."""
    if data[at : at + 4] == b"curv" and len(data) >= at + 12:
        length = 12 + 2 * int.from_bytes(data[at + 8 : at + 12], "big")
        head = b"curv" + bytes(4) + data[at + 8 : at + 12]
    elif data[at : at + 4] == b"para" and data[at + 8 : at + 9] == b"\0" and (
            data[at + 9] < len(_PARAMETERS)):
        length = 12 + 4 * _PARAMETERS[data[at + 9]]
        head = b"para" + bytes(5) + data[at + 9 : at + 10] + bytes(2)
    else:
        raise _damaged()
    if len(data) < at + length:
        raise _damaged()
    return head + data[at + 12 : at + length]


def _lookup(data: bytes) -> bytes:
    """A table of colours (10.10 to 10.12)."""
    kind, inputs, outputs, points = data[:4], *struct.unpack_from("BBB", data.ljust(12, b"\0"), 8)
    if not 1 <= inputs <= 4 or outputs != 3:
        raise _damaged()
    if kind == b"mAB ":
        return _curves_and_table(data, inputs, outputs)
    if kind == b"mft1":
        start, length = 48, 48 + 256 * (inputs + outputs) + points**inputs * outputs
    elif kind == b"mft2" and len(data) >= 52:
        start = 52
        first, last = struct.unpack_from(">HH", data, 48)
        length = 52 + 2 * (first * inputs + points**inputs * outputs + last * outputs)
    else:
        raise _damaged()
    if len(data) < max(start, length):
        raise _damaged()
    return kind + bytes(4) + data[8:11] + bytes(1) + data[12:length]


def _curves_and_table(data: bytes, inputs: int, outputs: int) -> bytes:
    """`mAB`: curves, a table, curves, a matrix, curves, those of them that it has (10.12)."""
    if len(data) < 32:
        raise _damaged()
    body, offsets = b"", []
    # In the order of the header: B, matrix, M, table, A.
    for index, at in enumerate(struct.unpack_from(">5I", data, 12)):
        offsets.append(32 + len(body) if at else 0)
        if at and index == 1:
            part = data[at : at + 48]
            if len(part) < 48:
                raise _damaged()
            body += part
        elif at and index == 3:
            body += _grid(data, at, inputs, outputs)
        elif at:
            end = at
            for _ in range(inputs if index == 4 else outputs):
                curve = _curve(data, end)
                curve += bytes(-len(curve) % 4)
                body += curve
                end += len(curve)
    return b"mAB " + bytes(4) + struct.pack(">BB2x5I", inputs, outputs, *offsets) + body


def _grid(data: bytes, at: int, inputs: int, outputs: int) -> bytes:
    """The table of colours that begins at *at*: points a side, bytes of a number, numbers."""
    sides, width = data[at : at + inputs], data[at + 16 : at + 17]
    length = prod(sides) * outputs * int.from_bytes(width, "big")
    numbers = data[at + 20 : at + 20 + length]
    if width not in (b"\1", b"\2") or not length or len(numbers) < length:
        raise _damaged()
    return sides.ljust(16, b"\0") + width + bytes(3) + numbers + bytes(-length % 4)


def _damaged() -> RefusedError:
    return refused("its colour profile is damaged")
