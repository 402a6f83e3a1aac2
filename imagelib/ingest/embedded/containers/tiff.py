"""Find metadata in a TIFF (TIFF 6.0; XMP specification part 3, 2.5), whose pages are not read.

The directories may lie anywhere in the file and point anywhere; only those of the first page are
visited.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from imagelib.ingest.embedded.containers.exif import TAGS, entries, text_of
from imagelib.ingest.embedded.containers.findings import Findings, Window

#: XMP, IPTC datasets alone, and Photoshop's resources, which hold them too.
_XMP, _IPTC, _PHOTOSHOP = 0x02BC, 0x83BB, 0x8649


def read_tiff(
    window: Window, findings: Findings, read_iptc: Callable[[bytes, Findings], None]
) -> None:
    """Read the texts of the first directory and of its Exif IFD, XMP and, by *read_iptc*, IPTC."""
    head = window.read(0, 16)
    order = "<" if head.startswith(b"II") else ">"
    is_big = b"+" in head[2:4]
    if len(head) < 16:
        return
    (first,) = struct.unpack_from(order + ("Q" if is_big else "I"), head, 8 if is_big else 4)
    for tag, kind, start, length in entries(window.read, order, first, is_big=is_big):
        if not (tag in TAGS or tag in (_XMP, _IPTC, _PHOTOSHOP)):
            continue
        if start + length > window.size:
            findings.note_unread("Exif")
        elif findings.take(length):
            value = window.read(start, length)
            if tag == _XMP:
                findings.add_xmp(value)
            elif tag in (_IPTC, _PHOTOSHOP):
                read_iptc(value, findings)
            elif text := text_of(tag, kind, value, order):
                findings.add_text(f"exif:{TAGS[tag]}", text)
