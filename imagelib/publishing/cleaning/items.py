"""The items of an AVIF file: what they are, where they lie, and which make up the picture."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from imagelib.ingest.embedded.containers.boxes import boxes, item_places
from imagelib.publishing.cleaning.refusing import refused

#: First offset, and the one behind the last.
Range = tuple[int, int]
#: The largest number of an item; a larger one could be two letters.
LARGEST = 0x1FFF
#: Of one picture; the numbers of more properties could be letters.
_MOST_PROPERTIES = 64
#: What a picture is called that is the transparency of another one. Others nobody sees.
ALPHAS = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")


@dataclass(frozen=True, slots=True)
class Entry:
    """One `infe` box (ISO 14496-12, 8.11.6): the kind of the item, and where its content lies."""

    kind: bytes
    start: int
    stop: int
    is_xmp: bool


class Items:
    """The entries and places of all items of *content*, by number.

    *found* has the content of the boxes inside of `meta`.

    Raises:
        RefusedError: they contradict each other, or lie in other files.
    """

    def __init__(self, content: bytes, found: Mapping[bytes, Range]) -> None:
        if not {b"hdlr", b"pitm", b"iloc", b"iinf", b"iprp"} <= found.keys():
            raise refused("boxes of it are missing")
        self._content = content
        self._found = found
        self.entries = dict(self._read_entries())
        self.places = {number: [self._place(*place) for place in places]
                       for number, places in self._read_places().items()}
        self._alphas = set(self._read_alphas())

    def wanted(self) -> set[int]:
        """The numbers of the items that the picture is made of: parts, transparency, gain map.

        Not a thumbnail: it may show what was cut away since.
        """
        primary = self.primary
        if primary not in self.places:
            raise refused("it has no pixels")
        references = [*self._references(), *((b"altr", a, b) for a, b in self._alternatives())]
        wanted, pending = set[int](), [primary]
        while pending:
            if (number := pending.pop()) in wanted:
                continue
            wanted.add(number)
            is_made = number in self.entries and self.entries[number].kind in (b"grid", b"tmap")
            followed = (b"prem", b"altr", b"dimg") if is_made else (b"prem", b"altr")
            pending += [to for kind, start, to in references
                        if start == number and kind in followed]
            pending += [start for kind, start, to in references
                        if to == number and kind == b"auxl" and start in self._alphas]
        return {number for number in wanted
                if number in self.entries
                and self.entries[number].kind in (b"av01", b"grid", b"tmap")}

    @property
    def primary(self) -> int:
        """The number of the item that is shown."""
        data = self._box(b"pitm")
        if len(data) != (8 if data[:1] != b"\0" else 6):
            raise refused("boxes of it are damaged")
        return int.from_bytes(data[4:], "big")

    def _box(self, kind: bytes) -> bytes:
        start, stop = self._found.get(kind, (0, 0))
        return self._content[start:stop]

    def _read_entries(self) -> Iterator[tuple[int, Entry]]:
        start, stop = self._found[b"iinf"]
        wide = self._content[start : start + 1] != b"\0"
        end = start + (8 if wide else 6)
        count = int.from_bytes(self._content[start + 4 : end], "big")
        seen = set()
        for kind, first, last in boxes(self._content, end, stop):
            version = self._content[first]
            texts = first + (14 if version == 3 else 12)
            if kind != b"infe" or version not in (2, 3) or last < texts:
                raise refused("boxes of it are damaged")
            number = int.from_bytes(self._content[first + 4 : texts - 6], "big")
            is_xmp = b"\0application/rdf+xml\0" in self._content[texts - 1 : last] + b"\0"
            if number > LARGEST:
                raise refused("its parts have numbers that none has")
            yield number, Entry(self._content[texts - 4 : texts], first, last, is_xmp)
            seen.add(number)
            end = last
        if end != stop or len(seen) != count:
            raise refused("the lengths in it are wrong")

    def _read_places(self) -> dict[int, list[tuple[int, int, int]]]:
        """`iloc`, whose bytes are all accounted for (ISO 14496-12, 8.11.3)."""
        data = self._box(b"iloc")
        if len(data) < 8 or data[0] > 2:
            raise refused("boxes of it are damaged")
        version, sizes = data[0], int.from_bytes(data[4:6], "big")
        offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
        places = item_places(data)
        name = 4 if version == 2 else 2
        count = int.from_bytes(data[6 : 6 + name], "big")
        one = name + (2 if version else 0) + 2 + base + 2
        size = 6 + name + count * one + sum(map(len, places.values())) * (offset + length)
        if (len(data) != size or len(places) != count or index
                or not places.keys() <= self.entries.keys()):
            raise refused("boxes of it are damaged")
        return places

    def _read_alphas(self) -> Iterator[int]:
        """The numbers of the items that are transparency, by `ipma`, which says which item has
        which properties (ISO 23008-12, 9.3)."""
        content, (start, stop) = self._content, self._found[b"iprp"]
        parts = list(boxes(content, start, stop))
        properties = [kind == b"auxC" and content[first + 4 : last].partition(b"\0")[0] in ALPHAS
                      for name, begin, end in parts if name == b"ipco"
                      for kind, first, last in boxes(content, begin, end)]
        alphas = {index for index, is_alpha in enumerate(properties, 1) if is_alpha}
        if len(properties) > _MOST_PROPERTIES:
            raise refused("it has more properties than a picture has")
        for _, at, end in (part for part in parts if part[0] == b"ipma"):
            numbers = _Numbers(content[at:end])
            name, is_wide = 4 if numbers.next(1) else 2, numbers.next(3)
            for _ in range(numbers.next(4)):
                item = numbers.next(name)
                found = {numbers.next(2) & 0x7FFF if is_wide else numbers.next(1) & 0x7F
                         for _ in range(numbers.next(1))}
                if item not in self.entries or max(found, default=0) > len(properties):
                    raise refused("it says of properties what does not belong there")
                if found & alphas:
                    yield item
            if is_wide > 1 or numbers.left:
                raise refused("the lengths in it are wrong")

    def _place(self, method: int, offset: int, length: int) -> Range:
        if method == 1:
            offset += self._found.get(b"idat", (len(self._content), 0))[0]
        if method > 1 or not length or offset + length > len(self._content):
            raise refused("it is cut short, or the lengths in it are wrong")
        return offset, offset + length

    def _references(self) -> Iterator[tuple[bytes, int, int]]:
        """Kind, from, to of each reference between items (ISO 14496-12, 8.11.12)."""
        if b"iref" not in self._found:
            return
        start, stop = self._found[b"iref"]
        name = ">I" if self._content[start : start + 1] != b"\0" else ">H"
        size = struct.calcsize(name)
        end = start + 4
        for kind, first, last in boxes(self._content, end, stop):
            numbers = self._content[first + size + 2 : last]
            count = int.from_bytes(self._content[first + size : first + size + 2], "big")
            if len(numbers) != count * size:
                raise refused("boxes of it are damaged")
            (origin,) = struct.unpack_from(name, self._content, first)
            for (target,) in struct.iter_unpack(name, numbers):
                yield kind, origin, target
            end = last
        if end != stop:
            raise refused("the lengths in it are wrong")

    def _alternatives(self) -> Iterator[tuple[int, int]]:
        """Pairs of items of which a reader may show either: a picture and its gain map."""
        start, stop = self._found.get(b"grpl", (0, 0))
        for kind, first, last in boxes(self._content, start, stop):
            numbers = self._content[first + 12 : last]
            if kind == b"altr" and len(numbers) % 4 == 0:
                members = [number for (number,) in struct.iter_unpack(">I", numbers)]
                yield from ((a, b) for a in members for b in members if a != b)


class _Numbers:
    """Reads numbers from *data*, one behind the other."""

    def __init__(self, data: bytes) -> None:
        self.left = data

    def next(self, size: int) -> int:
        """The next number, of *size* bytes."""
        if len(self.left) < size:
            raise refused("the lengths in it are wrong")
        found, self.left = self.left[:size], self.left[size:]
        return int.from_bytes(found, "big")
