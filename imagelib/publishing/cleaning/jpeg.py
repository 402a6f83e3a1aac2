"""Clean JPEG (ITU T.81; JFIF: T.871; ICC in APP2: ICC.1:2022, annex B; APP14: T.872, 6.5.3).

The segments are put together anew in one order: what is kept of the headers, then
each table just before the scan that needs it. Tables that no scan needs are left out, as
they could hold anything. Scans are cut where their pixels end.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from imagelib.ingest.embedded.containers.walk import XMP_HEADER
from imagelib.publishing.cleaning.label import PACKET
from imagelib.publishing.cleaning.profile import clean_profile
from imagelib.publishing.cleaning.refusing import refused
from imagelib.publishing.cleaning.trimming import is_searching, looks, shortest
from imagelib.publishing.cleaning.turning import orientation_of, turning_exif

#: A gap before a marker ends with FF and something that is neither data nor a filler.
_MARKER = re.compile(rb"\xff+([^\x00\xff])")
#: In a scan FF 00 is data, and restarts belong to it.
_SCAN_END = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_RESTART = re.compile(rb"(\xff[\xd0-\xd7])")
_FILLERS = re.compile(rb"\xff{2,}(?=[\x00\xd0-\xd7])")
_DHT, _DAC, _EOI, _SOS, _DQT, _DNL, _DRI = 0xC4, 0xCC, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD
_APP0, _APP1, _APP2, _APP14, _COM = 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
#: Baseline, extended and progressive, with Huffman's codes or arithmetic ones.
_FRAMES = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)
_PROGRESSIVE = (0xC2, 0xCA)
_PROFILE = b"ICC_PROFILE\0"
#: Bytes of a profile in one segment.
_MOST = 65_519
#: Each of them is decoded at least once more.
_MOST_SCANS = 100
#: Dots per inch or centimetre; four letters are more.
_DENSEST = 4800


class _Segment(NamedTuple):
    """*scan* is what follows the header of a scan; empty elsewhere."""

    marker: int
    data: bytes
    scan: bytes = b""


class _Scan(bytes):
    """The packed pixels of a scan up to a restart, whose end nothing tells."""


def clean_jpeg(content: bytes, label: bool) -> bytes:
    """*content* with what its looks need, up to the end of the first picture.

    Raises:
        RefusedError: it is not whole, or of a kind that no browser decodes.
    """
    segments = list(_segments(content))
    picture = _Picture()
    parts = [b"\xff\xd8", *_headers(segments, label), *picture.written(segments), b"\xff\xd9"]
    return b"".join(_trimmed(parts))


def _trimmed(parts: list[bytes]) -> list[bytes]:
    """*parts* of a whole file, whose scans end where nobody reads on."""
    if not is_searching():
        return parts
    # Only now, as all scans are needed to see whether one of them has less than it needs.
    whole = looks(b"".join(parts))
    if not whole:
        raise refused("its pixels are damaged or cut short")
    scans = [index for index, part in enumerate(parts) if isinstance(part, _Scan)]
    if len(scans) > _MOST_SCANS:
        raise refused(f"it has {len(scans):,} scans and restarts, and anything could lie behind"
                      f" each; at most {_MOST_SCANS} are looked behind")
    for index in scans:
        before, behind = b"".join(parts[:index]), b"".join(parts[index + 1 :])

        def is_whole(cut: bytes, before: bytes = before, behind: bytes = behind) -> bool:
            return looks(before + cut + behind) == whole

        parts[index] = shortest(parts[index], is_whole)
    return parts


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _segments(content: bytes) -> Iterator[_Segment]:
    """All segments between SOI and EOI."""
    at = 2
    while (found := _MARKER.search(content, at)) is not None:
        marker, at = found[1][0], found.end()
        if marker == _EOI:
            return
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            continue  # they have no length and mean nothing here
        if marker < 0xC0 or marker == 0xD8:
            raise refused(f"it has a marker {marker:02X}, which does not belong there")
        length = int.from_bytes(content[at : at + 2], "big")
        data = content[at + 2 : at + length]
        if length < 2 or len(data) != length - 2:
            break
        at += length
        scan = b""
        if marker == _SOS:
            end = _SCAN_END.search(content, at)
            if end is None:
                break
            scan, at = _FILLERS.sub(b"\xff", content[at : end.start()]), end.start()
        yield _Segment(marker, data, scan)
    raise refused("it is cut short, or the lengths in it are wrong")


def _headers(segments: list[_Segment], label: bool) -> Iterator[bytes]:
    """The application segments to be kept, made anew."""
    jfif = _first(segments, _APP0, b"JFIF\0")
    if len(jfif) >= 7:
        # Version and density; a thumbnail may follow, which may show what was cut away since.
        minor = jfif[1] if jfif[0] == 1 and jfif[1] <= 2 else 1
        unit, across, down = struct.unpack_from(">BHH", jfif, 2)
        if unit > 2 or not 0 < across <= _DENSEST or not 0 < down <= _DENSEST:
            unit, across, down = 0, 1, 1
        yield _segment(_APP0, struct.pack(">5sBBBHHBB", b"JFIF\0", 1, minor, unit, across, down,
                                          0, 0))
    if turning := turning_exif(orientation_of(_first(segments, _APP1, b"Exif\0\0"))):
        yield _segment(_APP1, b"Exif\0\0" + turning)
    if label:
        yield _segment(_APP1, XMP_HEADER + PACKET)
    if profile := _profile(segments):
        parts = [profile[at : at + _MOST] for at in range(0, len(profile), _MOST)]
        for number, part in enumerate(parts, 1):
            yield _segment(_APP2, _PROFILE + bytes((number, len(parts))) + part)
    adobe = _first(segments, _APP14, b"Adobe")
    if len(adobe) >= 7:
        # Without its last byte CMYK and RGB would be taken for YCbCr.
        yield _segment(_APP14, b"Adobe\0\x64\0\0\0\0" + adobe[6:7])


def _first(segments: list[_Segment], marker: int, start: bytes) -> bytes:
    """What follows *start* in the first segment of the kind."""
    return next((data[len(start) :] for kind, data, _ in segments
                 if kind == marker and data.startswith(start)), b"")


def _profile(segments: list[_Segment]) -> bytes:
    parts = [data[len(_PROFILE) :] for kind, data, _ in segments
             if kind == _APP2 and data.startswith(_PROFILE)]
    if not parts:
        return b""
    if any(len(part) < 2 or part[1] != len(parts) for part in parts) or sorted(
            part[0] for part in parts) != list(range(1, len(parts) + 1)):
        raise refused("its colour profile is damaged")
    return clean_profile(b"".join(part[2:] for part in sorted(parts)))


@dataclass(slots=True)
class _Picture:
    """The tables seen so far, by kind and number, and those of them that are written."""

    seen: dict[tuple[int, int], bytes] = field(default_factory=dict)
    wrote: dict[tuple[int, int], bytes] = field(default_factory=dict)
    frame: _Segment | None = None
    #: Component -> the number of its quantisation.
    quantised: dict[int, int] = field(default_factory=dict)
    scans: int = 0

    def written(self, segments: list[_Segment]) -> Iterator[bytes]:
        """The picture itself, from its first table to its last scan."""
        for segment in segments:
            marker, data = segment.marker, segment.data
            if marker in (_DQT, _DHT, _DAC):
                self.seen.update(_tables(marker, data))
            elif marker == _DRI:
                if len(data) != 2:
                    raise refused("its restart interval is damaged")
                self.seen[_DRI, 0] = data
            elif marker in _FRAMES:
                self._begin(segment)
            elif marker == _SOS:
                yield from self._scan(data, segment.scan)
            elif marker == _DNL:
                if len(data) != 2 or self.scans != 1:
                    raise refused("its number of lines is damaged")
                yield _segment(_DNL, data)
            elif not (0xE0 <= marker <= 0xEF or marker == _COM or 0xF0 <= marker <= 0xFD):
                raise refused(f"it is a kind of JPEG that browsers do not show ({marker:02X})")
        if not self.scans:
            raise refused("it has no pixels")

    def _begin(self, frame: _Segment) -> None:
        data = frame.data
        if self.frame is not None:
            raise refused("it holds several pictures in one")
        if len(data) < 9 or not 1 <= data[5] <= 4 or len(data) != 6 + 3 * data[5]:
            raise refused("its header is damaged")
        self.frame = frame
        self.quantised = {data[at]: data[at + 2] for at in range(6, len(data), 3)}

    def _scan(self, data: bytes, scan: bytes) -> Iterator[bytes]:
        count = data[0] if data else 0
        if self.frame is None or not 1 <= count <= 4 or len(data) != 4 + 2 * count:
            raise refused("a scan of it is damaged")
        progressive = self.frame.marker in _PROGRESSIVE
        # Sequential ones have but one legal value each, which decoders do not read.
        first, last, steps = data[-3:] if progressive else (0, 63, 0)
        pairs = [(data[at], data[at + 1]) for at in range(1, 1 + 2 * count, 2)]
        if any(component not in self.quantised for component, _ in pairs):
            raise refused("a scan of it is damaged")
        wanted = self.quantised if not self.scans else [component for component, _ in pairs]
        yield from self._tables([(_DQT, self.quantised[component]) for component in wanted])
        if not self.scans:
            yield _segment(self.frame.marker, self.frame.data)
        codes = [number for _, both in pairs
                 for number, used in ((both >> 4, first == 0 and not steps >> 4),
                                      (0x10 | both & 15, last > 0)) if used]
        yield from self._tables([(kind, number) for kind in (_DHT, _DAC) for number in codes])
        yield from self._tables([(_DRI, 0)])
        yield _segment(_SOS, data[:-3] + bytes((first, last, steps)))
        intervals = _RESTART.split(scan)
        if not any(self.wrote.get((_DRI, 0), b"")):
            del intervals[1:]  # no decoder goes on behind a restart that is not foreseen
        yield from (part if index % 2 else _Scan(part) for index, part in enumerate(intervals))
        self.scans += 1

    def _tables(self, wanted: list[tuple[int, int]]) -> Iterator[bytes]:
        for key in wanted:
            table = self.seen.get(key)
            if table is not None and self.wrote.get(key) != table:
                self.wrote[key] = table
                yield _segment(key[0], table)


def _tables(marker: int, data: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """The tables in a segment, each by kind and number, with nothing between or behind them."""
    at = 0
    while at < len(data):
        head = data[at]
        if marker == _DQT:
            size, number = 1 + (128 if head >> 4 else 64), head & 15
        elif marker == _DAC:
            size, number = 2, head
        else:
            size, number = 17 + sum(data[at + 1 : at + 17]), head
            _require_codes(head, data[at + 17 : at + size])
        if at + size > len(data) or head >> 4 > 1 or head & 15 > 3:
            raise refused("a table of it is damaged")
        yield (marker, number), data[at : at + size]
        at += size


def _require_codes(head: int, symbols: bytes) -> None:
    """Huffman's symbols are all different, and of few bits; letters would not be."""
    largest = 14 if head >> 4 else 15
    if len(set(symbols)) != len(symbols) or any(
            symbol & 15 > largest or (not head >> 4 and symbol > 15) for symbol in symbols):
        raise refused("a table of it is damaged")
