"""Find metadata in formats made of boxes: WebP (RFC 9649), AVIF and HEIC (ISO 23008-12), JPEG XL
(ISO 18181-2)."""

from __future__ import annotations

import importlib
import struct
from collections.abc import Iterator

from imagelib.ingest.embedded.containers.exif import is_exif
from imagelib.ingest.embedded.containers.findings import (
    MAX_CHUNK,
    MAX_PARTS,
    PACKED,
    Findings,
    Window,
)

#: The `uuid` box of the C2PA specification 2.1, section A.3.2.
_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_MOST_ITEMS = 1000
#: What a person calls a box of JPEG XL.
_NAMES = {b"Exif": "Exif", b"xml ": "XMP", b"jumb": "C2PA"}


def read_webp(window: Window, findings: Findings) -> None:
    """Walk the chunks of the RIFF file; metadata stands behind the pixels."""
    offset = 12
    for _ in range(MAX_PARTS):
        header = window.read(offset, 8)
        if len(header) < 8:
            return
        kind, length = struct.unpack("<4sI", header)
        if offset + 8 + length > window.size:
            return
        if kind in (b"EXIF", b"XMP ", b"C2PA") and findings.take(length):
            data = window.read(offset + 8, length)
            if kind == b"EXIF":
                findings.add_exif(data)
            elif kind == b"XMP ":
                findings.add_xmp(data)
            else:
                findings.c2pa = findings.c2pa or data
        offset += 8 + length + (length & 1)


def read_isobmff(window: Window, findings: Findings) -> None:
    """Read the Exif and XMP items that the `meta` box lists, and C2PA's `uuid` box."""
    for kind, start, end in boxes_of_file(window):
        if kind == b"meta" and findings.take(end - start):
            _read_meta(window, window.read(start, end - start), start, findings)
        elif kind == b"uuid" and window.read(start, 16) == _C2PA_UUID and findings.take(
            end - start
        ):
            findings.c2pa = findings.c2pa or window.read(start + 16, end - start - 16)


def read_jxl(window: Window, findings: Findings) -> None:
    """Read the Exif, XMP and C2PA (`jumb`) boxes, also those that Brotli has packed."""
    for kind, start, end in boxes_of_file(window):
        if kind not in (*_NAMES, b"brob") or not findings.take(end - start):
            continue
        name, data = kind, window.read(start, end - start)
        if kind == b"brob":
            name = data[:4]
            if name not in _NAMES:
                continue
            data = unpack_brotli(data[4:], _NAMES[name], findings)
        if name == b"Exif" and len(data) > 4:
            findings.add_exif(_behind_offset(data))
        elif name == b"xml ":
            findings.add_xmp(data)
        elif name == b"jumb" and data:
            # The readers know a store by its box, whose head stands before what it holds.
            findings.c2pa = findings.c2pa or struct.pack(">I4s", len(data) + 8, b"jumb") + data


def unpack_brotli(packed: bytes, name: str, findings: Findings) -> bytes:
    """The bytes behind *packed* (RFC 7932), which are called *name*; none where they are damaged,
    too many, or the package that reads them is not there."""
    try:
        brotli = importlib.import_module("brotli")
    except ImportError:
        findings.note_unread(f"{name} {PACKED}")
        return b""
    room = min(MAX_CHUNK, findings.bytes_left)
    engine = brotli.Decompressor()
    try:
        data: bytes = engine.process(packed, output_buffer_limit=room + 1)
    except brotli.error:
        findings.note_unread(name)
        return b""
    findings.bytes_left -= min(len(data), findings.bytes_left)
    if not engine.is_finished() or len(data) > room:
        findings.note_unread(name)
        return b""
    return data


def boxes_of_file(window: Window) -> Iterator[tuple[bytes, int, int]]:
    """The boxes of a whole file: kind, start and end of the content; those before a lie."""
    offset = 0
    for _ in range(_MOST_ITEMS):
        header = window.read(offset, 16)
        if len(header) < 8:
            return
        length, kind = struct.unpack(">I4s", header[:8])
        start = offset + 8
        if length == 1 and len(header) == 16:
            (length,) = struct.unpack(">Q", header[8:])
            start = offset + 16
        end = window.size if length == 0 else offset + length
        if end < start or end > window.size:
            return
        yield kind, start, end
        offset = end


def boxes(data: bytes, offset: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes between *offset* and *end* of *data*: kind, start and end of the content.

    They end where one says more than there is.
    """
    for _ in range(_MOST_ITEMS):
        if offset + 8 > end:
            return
        length, kind = struct.unpack_from(">I4s", data, offset)
        if length == 0:
            length = end - offset
        if length < 8 or offset + length > end:
            return
        yield kind, offset + 8, offset + length
        offset += length


def _read_meta(window: Window, meta: bytes, at: int, findings: Findings) -> None:
    """*meta* is the content of the box, which begins at offset *at* of the file."""
    kinds: dict[int, bytes] = {}
    places: dict[int, list[tuple[int, int, int]]] = {}
    idat = (0, 0)
    for kind, start, end in boxes(meta, 4, len(meta)):
        if kind == b"iinf":
            kinds = _item_kinds(meta[start:end])
        elif kind == b"iloc":
            places = item_places(meta[start:end])
        elif kind == b"idat":
            idat = (at + start, at + end)
    for item, kind in kinds.items():
        method, offset, length = places.get(item, [(0, 0, 0)])[0]
        if method == 1:
            offset += idat[0]
        if not length or offset + length > window.size or not findings.take(length):
            continue
        data = window.read(offset, length)
        if kind == b"Exif" and len(data) > 4:
            findings.add_exif(_behind_offset(data))
        elif kind == b"mime":
            findings.add_xmp(data)


def _behind_offset(data: bytes) -> bytes:
    """The Exif block in *data*, whose first four bytes say how far behind them it begins; writers
    of JPEG XL leave them out."""
    return data if is_exif(data) else data[4 + struct.unpack(">I", data[:4])[0] :]


def _item_kinds(iinf: bytes) -> dict[int, bytes]:
    """Item number -> kind, of the items that may hold metadata."""
    kinds = {}
    count_size = 2 if iinf[:1] == b"\0" else 4
    for kind, start, end in boxes(iinf, 4 + count_size, len(iinf)):
        if kind != b"infe" or end - start < 12:
            continue
        version = iinf[start]
        id_format, id_size = (">I", 4) if version == 3 else (">H", 2)
        (item,) = struct.unpack_from(id_format, iinf, start + 4)
        item_kind = iinf[start + 6 + id_size : start + 10 + id_size]
        if item_kind == b"Exif" or (
            item_kind == b"mime" and b"application/rdf+xml" in iinf[start:end]
        ):
            kinds[item] = item_kind
    return kinds


def item_places(iloc: bytes) -> dict[int, list[tuple[int, int, int]]]:
    """Item number -> construction method, offset and length of each of its extents."""
    if len(iloc) < 8:
        return {}
    version, sizes = iloc[0], struct.unpack_from(">H", iloc, 4)[0]
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    id_size = 4 if version == 2 else 2
    at = 6 + id_size
    count = int.from_bytes(iloc[6:at], "big")
    places: dict[int, list[tuple[int, int, int]]] = {}

    def number(size: int) -> int:
        nonlocal at
        at += size
        return int.from_bytes(iloc[at - size : at], "big")

    for _ in range(min(count, _MOST_ITEMS)):
        if at >= len(iloc):
            break
        item = number(id_size)
        method = number(2) & 15 if version else 0
        number(2)  # where else the data may be: only this file is read
        base, extents = number(base_size), number(2)
        for _ in range(min(extents, _MOST_ITEMS)):
            number(index_size)
            offset, length = base + number(offset_size), number(length_size)
            places.setdefault(item, []).append((method, offset, length))
            if at >= len(iloc):
                break
    return places
