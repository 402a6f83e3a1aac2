"""Clean the tables of an AVIF: which items there are, where, and how they belong together.

ISO 14496-12, 8.11, and ISO 23008-12, 9.3. Most of them are numbers that somebody chose, and
numbers are letters, too. What is reserved becomes zero, what nobody follows becomes a box that says
nothing, and what is left is bound.
"""

from __future__ import annotations

import struct
from collections.abc import Set

from imagelib.ingest.embedded.containers.boxes import boxes
from imagelib.publishing.cleaning.items import LARGEST, Range
from imagelib.publishing.cleaning.refusing import refused

_TEXT_KIND = b"application/rdf+xml"
#: Kinds of items whose names are kept.
_KINDS = (b"av01", b"grid", b"tmap", b"Exif", b"mime")
#: Beyond any gain, gamma or offset; and into how many parts its values are told apart.
_MOST_GAIN, _PARTS = 64, 1 << 16


def clean_entry(made: bytearray, start: int, stop: int) -> None:
    """Blank an `infe` box but for its item's number and kind, and the type of an XMP packet."""
    number, texts = (2, start + 12) if made[start] == 2 else (4, start + 14)
    made[start + 1 : start + 4] = bytes((0, 0, made[start + 3] & 1))
    made[start + 4 + number : texts - 4] = bytes(2)  # nothing is encrypted
    kind = bytes(made[texts - 4 : texts])
    if kind not in _KINDS:
        made[texts - 4 : texts] = b"free"
    said, at = bytes(made[texts:stop]).split(b"\0", 2), texts
    for index, text in enumerate(said[: 2 if kind == b"mime" else 1]):
        if index == 0 or text != _TEXT_KIND:
            made[at : at + len(text)] = b" " * len(text)
        at = min(at + len(text) + 1, stop)
    made[at:stop] = bytes(stop - at)


def clean_places(made: bytearray, start: int) -> None:
    """Clear what `iloc`, whose content begins at *start*, says besides places in this file."""
    version, (sizes,) = made[start], struct.unpack_from(">H", made, start + 4)
    one = (sizes >> 12) + (sizes >> 8 & 15)
    name = 4 if version == 2 else 2
    count = int.from_bytes(made[start + 6 : start + 6 + name], "big")
    at = start + 6 + name
    for _ in range(count):
        at += name
        if version:
            made[at : at + 2] = bytes((0, made[at + 1] & 15))  # the rest is reserved
            at += 2
        made[at : at + 2] = bytes(2)  # another file that it would lie in
        at += 2 + (sizes >> 4 & 15)
        at += 2 + one * int.from_bytes(made[at : at + 2], "big")


def clean_references(made: bytearray, place: Range, wanted: Set[int], primary: int) -> None:
    """Keep the references of `iref` that the picture is put together by, and those that say of one
    item which picture it belongs to; the others get a kind that nobody follows, and no numbers
    but that of the *primary* item."""
    name, size = (">I", 4) if made[place[0]] else (">H", 2)
    for kind, start, stop in boxes(bytes(made), place[0] + 4, place[1]):
        origin = int.from_bytes(made[start : start + size], "big")
        is_one = stop == start + 2 * size + 2
        if not (kind in (b"dimg", b"prem", b"auxl") and origin in wanted) and not (
                kind in (b"cdsc", b"thmb") and is_one):
            made[start - 4 : start] = b"free"
            made[start : start + size] = number = struct.pack(name, primary)
            made[start + size + 2 : stop] = number * ((stop - start - size - 2) // size)


def are_alternatives(content: bytes, place: Range, wanted: Set[int]) -> bool:
    """Whether the box `grpl` says nothing but of which *wanted* pictures a reader shows either."""
    for kind, start, stop in boxes(content, *place):
        if kind != b"altr" or stop - start < 12 or any(content[start : start + 4]):
            return False
        group, count, *members = struct.unpack(f">{(stop - start) // 4 - 1}I", content[
            start + 4 : stop - (stop - start) % 4])
        if group > LARGEST or stop - start != 12 + 4 * count or len(
                wanted & {*members}) != count:
            return False
    return True


def clean_grid(payload: bytes) -> bytes:
    """The payload of a `grid` item: how tiles lie side by side (ISO 23008-12, 6.6.2.3).

    Raises:
        RefusedError: it says more.
    """
    if payload[:2] not in (b"\0\0", b"\0\1") or len(payload) != (8, 12)[payload[1]]:
        raise refused("it says of its tiles what does not belong there")
    return payload


def clean_gain(payload: bytes) -> bytes:
    """The payload of a `tmap` item: by which numbers a gain map is applied (ISO 21496-1).

    Each fraction is written anew with one denominator, as there are many ways to write one value.

    Raises:
        RefusedError: it is none, or of values that no gain has.
    """
    channels = 3 if payload[5:6] >= b"\x80" else 1
    if len(payload) != 22 + 40 * channels or any(payload[:5]):
        raise refused("its gain map is damaged")
    made = bytearray(payload)
    made[5] &= 0xC0  # the rest is reserved
    for at in range(6, len(payload), 8):
        is_signed = at >= 22 and (at - 22) // 8 % 5 in (0, 1, 3, 4)
        above, below = struct.unpack_from(">iI" if is_signed else ">II", payload, at)
        if not below or abs(above) > _MOST_GAIN * below:
            raise refused("its gain map is damaged")
        struct.pack_into(">iI" if is_signed else ">II", made, at, round(above * _PARTS / below),
                         _PARTS)
    return bytes(made)
