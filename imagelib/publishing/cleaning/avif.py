"""Clean AVIF in place: nothing moves, so that every offset in it stays true.

Boxes: ISO 14496-12 and ISO 23008-12, the picture itself: AV1 Image File Format 1.1. What
is not needed is overwritten: texts with blanks, Exif with a TIFF that says nothing, all
else with zeros, as libavif refuses a file whose Exif is no TIFF. The same length is left.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator

from imagelib.ingest.embedded.containers.boxes import boxes, boxes_of_file
from imagelib.ingest.embedded.containers.findings import Window
from imagelib.publishing.cleaning.av1 import blank_units, clean_units, trimmed_units
from imagelib.publishing.cleaning.item_tables import (
    are_alternatives,
    clean_entry,
    clean_gain,
    clean_grid,
    clean_places,
    clean_references,
)
from imagelib.publishing.cleaning.items import ALPHAS, Items, Range
from imagelib.publishing.cleaning.label import PACKET
from imagelib.publishing.cleaning.profile import clean_profile
from imagelib.publishing.cleaning.refusing import refused
from imagelib.publishing.cleaning.trimming import is_searching, looks

#: Brands that a file may name; letters of others could spell anything.
_BRANDS = frozenset({b"avif", b"avis", b"avio", b"mif1", b"mif2", b"miaf", b"MA1A", b"MA1B",
                     b"heic", b"msf1", b"iso8", b"tmap", b"1pic"})
_EMPTY_EXIF = b"\0\0\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"
#: Item properties of numbers that looks depend on -> whether they are as they may be. Values are
#: bound, too: two letters are a number beyond any side, light or code point.
_LEGAL: dict[bytes, Callable[[bytes], bool]] = {
    b"ispe": lambda data: len(data) == 12 and not any(data[:6]) and not any(data[8:10]),
    b"pixi": lambda data: (6 <= len(data) <= 9 and len(data) == 5 + data[4]
                           and not any(data[:4]) and max(data[5:]) <= 16),
    b"irot": lambda data: len(data) == 1 and data[0] < 4,
    b"imir": lambda data: len(data) == 1 and data[0] < 2,
    b"clli": lambda data: len(data) == 4 and max(struct.unpack(">HH", data)) <= 10_000,
}


def clean_avif(content: bytes, label: bool) -> bytes:
    """*content* of the same length, with its pictures and what they refer to.

    The label takes the place of an XMP packet that is at least as long.

    Raises:
        RefusedError: it is not whole, or a sequence of pictures.
    """
    made = bytearray(content)
    end = 0
    meta: Range | None = None
    media: list[Range] = []
    for kind, start, stop in boxes_of_file(Window(io.BytesIO(content))):
        head, end = end, stop
        if kind == b"moov":
            raise refused("it is a sequence, whose parts cannot be told apart without moving them")
        if kind == b"ftyp":
            _clean_brands(made, start, stop)
        elif kind == b"meta" and meta is None:
            meta = (start, stop)
        elif kind == b"mdat":
            media.append((start, stop))
        else:
            made[head + 4 : head + 8] = b"free"
            made[start:stop] = bytes(stop - start)
    if end != len(content) or meta is None:
        raise refused("it is cut short, or the lengths in it are wrong")
    _Meta(content, made, meta, media).clean(label)
    return bytes(made)


def _clean_brands(made: bytearray, start: int, stop: int) -> None:
    if stop - start < 8 or (stop - start) % 4:
        raise refused("its header is damaged")
    made[start + 4 : start + 8] = bytes(4)
    for at in (start, *range(start + 8, stop, 4)):
        if bytes(made[at : at + 4]) not in _BRANDS:
            made[at : at + 4] = b"mif1"


#: What is left of the payloads that a picture is made of.
_PICTURES: dict[bytes, Callable[[bytes], bytes]] = {
    b"av01": clean_units, b"grid": clean_grid, b"tmap": clean_gain}


def _blank(made: bytearray, start: int, stop: int, letter: bytes = b"\0") -> None:
    made[start:stop] = letter * (stop - start)


def _lay(made: bytearray, places: list[Range], payload: bytes) -> None:
    """Put *payload* into *places*, which are as long."""
    for start, stop in places:
        made[start:stop], payload = payload[: stop - start], payload[stop - start :]


class _Meta:
    """The box that says what there is, and the payloads that it points to."""

    def __init__(self, content: bytes, made: bytearray, place: Range, media: list[Range]) -> None:
        self._content = content
        self._made = made
        self._start, self._stop = place
        self._media = media
        found = {}
        for kind, start, stop in self._boxes(self._start + 4, self._stop):
            if kind in found:
                raise refused("a box of it stands there twice")
            found[kind] = (start, stop)
        self._found = found

    def _boxes(self, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
        """The boxes that fill the range."""
        end = start
        for kind, first, last in boxes(self._content, start, stop):
            yield kind, first, last
            end = last
        if end != stop:
            raise refused("the lengths in it are wrong")

    def clean(self, label: bool) -> None:
        items = Items(self._content, self._found)
        wanted = items.wanted()
        _blank(self._made, self._start + 1, self._start + 4)
        for kind, (start, stop) in self._found.items():
            if kind in (b"hdlr", b"pitm", b"iloc", b"iinf", b"iref"):
                _blank(self._made, start + 1, start + 4)
            if kind == b"hdlr":
                # Behind `pict` everything is reserved, or a name.
                if self._content[start + 8 : start + 12] != b"pict":
                    raise refused("it holds no picture")
                _blank(self._made, start + 12, stop)
                _blank(self._made, start + 4, start + 8)
            elif kind == b"iprp":
                self._clean_properties(start, stop)
            elif kind == b"iref":
                clean_references(self._made, (start, stop), wanted, items.primary)
            elif kind == b"iloc":
                clean_places(self._made, start)
            elif kind not in (b"pitm", b"iinf", b"idat") and not (
                    kind == b"grpl" and are_alternatives(self._content, (start, stop), wanted)):
                self._remove(start, stop)
        for item in items.entries.values():
            clean_entry(self._made, item.start, item.stop)
        self._clean_payloads(items, wanted, label)

    def _remove(self, start: int, stop: int) -> None:
        """Make the box with this content one that says nothing."""
        self._made[start - 4 : start] = b"free"
        _blank(self._made, start, stop)

    def _clean_properties(self, start: int, stop: int) -> None:
        for kind, first, last in self._boxes(start, stop):
            if kind == b"ipco":
                for name, at, end in self._boxes(first, last):
                    self._clean_property(name, at, end)
            elif kind != b"ipma":
                raise refused("a box of it stands where it does not belong")

    def _clean_property(self, kind: bytes, start: int, stop: int) -> None:
        data = self._content[start:stop]
        if kind == b"clap":
            raise refused("a part of its pixels is cut off from view only")
        if kind == b"av1C" and len(data) >= 4:
            self._made[start + 4 : stop] = blank_units(data[4:])  # no reader takes them from here
        elif kind == b"colr" and data[:4] == b"nclx" and len(data) == 11 and not any(data[4:10:2]):
            self._made[stop - 1] &= 0x80
        elif kind == b"colr" and data[:4] in (b"prof", b"rICC"):
            profile = clean_profile(data[4:])
            if len(profile) > len(data) - 4:
                raise refused("its colour profile is damaged")
            self._made[start + 4 : stop] = profile.ljust(len(data) - 4, b"\0")
        elif kind == b"auxC" and not any(data[:4]) and data[4:].partition(b"\0")[0] in ALPHAS:
            _blank(self._made, start + 4 + data[4:].index(b"\0"), stop)
        elif kind not in _LEGAL or not _LEGAL[kind](data):
            # It still counts: others are numbered by their places.
            self._remove(start, stop)

    def _clean_payloads(self, items: Items, wanted: set[int], label: bool) -> None:
        """Overwrite all payloads but those of the picture, and what lies between them."""
        made, content = self._made, self._content
        ranges = [*self._media, self._found.get(b"idat", (0, 0))]
        for start, stop in ranges:
            _blank(made, start, stop)
        # Pictures come last: where an item lies over one, the picture stays as it is.
        for number in sorted(items.places, key=lambda number: number in wanted):
            places = items.places[number]
            if any(not any(first <= start <= stop <= last for first, last in ranges)
                   for start, stop in places):
                raise refused("it points to places where no payloads are")
            payload = b"".join(content[start:stop] for start, stop in places)
            kind = items.entries[number].kind if number in items.entries else b""
            if number in wanted:
                payload = _PICTURES[kind](payload)
            elif kind == b"Exif" and len(payload) >= len(_EMPTY_EXIF):
                payload = _EMPTY_EXIF.ljust(len(payload), b"\0")
            elif kind == b"Exif":
                raise refused("its Exif is damaged")
            elif kind == b"mime":
                text = b""
                if label and len(PACKET) <= len(payload) and items.entries[number].is_xmp:
                    text, label = PACKET, False
                payload = text.ljust(len(payload))
            else:
                payload = bytes(len(payload))
            _lay(made, places, payload)
        if is_searching():
            self._trim([places for number, places in items.places.items()
                        if number in wanted and items.entries[number].kind == b"av01"])

    def _trim(self, pictures: list[list[Range]]) -> None:
        """Blank what lies behind the end of each of the packed *pictures*."""
        if not (whole := looks(bytes(self._made))):
            raise refused("its pixels are damaged or cut short")
        for places in pictures:

            def is_whole(payload: bytes, places: list[Range] = places) -> bool:
                made = bytearray(self._made)
                _lay(made, places, payload)
                return looks(bytes(made)) == whole

            payload = b"".join(bytes(self._made[start:stop]) for start, stop in places)
            _lay(self._made, places, trimmed_units(payload, is_whole))

