"""Find the texts of a video: MP4's metadata (ISO 14496-12, 8.11; QuickTime File Format, "Metadata")
and the tags of WebM (RFC 9559, 5.1.8).

ComfyUI's savers put `prompt` and `workflow` there, VideoHelperSuite one JSON object of both as
comment.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from imagelib.ingest.embedded.containers.exif import decode_text
from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.videos import TAGS, boxes, elements, end_of, segment

#: Names that readers know from other files; all others have `video:` before them.
_KNOWN = frozenset(("prompt", "workflow", "parameters", "comment", "description"))
#: What iTunes calls such texts.
_ITUNES = {b"\xa9cmt": "comment", b"desc": "description", b"\xa9nam": "title",
           b"\xa9too": "encoder"}
_TAG, _SIMPLE, _NAME, _STRING = 0x7373, 0x67C8, 0x45A3, 0x4487
_MOST_KEYS = 200


def read_mp4(stream: BinaryIO, findings: Findings) -> None:
    """Read the texts in `moov/meta` and `moov/udta/meta`."""
    for kind, start, end in boxes(stream, 0, end_of(stream)):
        if kind != b"moov":
            continue
        for inner, first, last in boxes(stream, start, end):
            if inner == b"meta":
                _read_meta(stream, first, last, findings)
            elif inner == b"udta":
                for name, at, after in boxes(stream, first, last):
                    if name == b"meta":
                        _read_meta(stream, at, after, findings)
    _take_apart(findings)


def read_webm(stream: BinaryIO, findings: Findings) -> None:
    """Read the simple tags of the segment, whatever they belong to."""
    for name, start, end in elements(stream, *segment(stream)):
        if name != TAGS:
            continue
        for tag, first, last in elements(stream, start, end):
            if tag == _TAG:
                for inner, at, after in elements(stream, first, last):
                    if inner == _SIMPLE:
                        _read_simple(stream, at, after, findings)
    _take_apart(findings)


def _read_meta(stream: BinaryIO, start: int, end: int, findings: Findings) -> None:
    # ISO's box has a version before its boxes, QuickTime's has none.
    stream.seek(start)
    start += 0 if stream.read(8)[4:] == b"hdlr" else 4
    keys: list[str] = []
    for kind, first, last in boxes(stream, start, end):
        if kind == b"keys":
            keys = _keys(stream, first, last, findings)
        elif kind == b"ilst":
            for number, (name, at, after) in enumerate(boxes(stream, first, last)):
                index = int.from_bytes(name, "big") - 1
                key = keys[index] if 0 <= index < len(keys) else _ITUNES.get(name, "")
                if key and number < _MOST_KEYS:
                    _read_data(stream, at, after, key, findings)


def _keys(stream: BinaryIO, start: int, end: int, findings: Findings) -> list[str]:
    """The names that `ilst` numbers, from 1; that of another kind is empty."""
    if not findings.take(end - start):
        return []
    stream.seek(start + 8)  # version and count
    data, at = stream.read(end - start - 8), 0
    found: list[str] = []
    while at + 8 <= len(data) and len(found) < _MOST_KEYS:
        length, kind = struct.unpack_from(">I4s", data, at)
        if length < 8:
            break
        found.append(decode_text(data[at + 8 : at + length]) if kind == b"mdta" else "")
        at += length
    return found


def _read_data(
    stream: BinaryIO, start: int, end: int, key: str, findings: Findings
) -> None:
    for kind, first, last in boxes(stream, start, end):
        if kind == b"data" and last - first > 8 and findings.take(last - first):
            stream.seek(first)
            data = stream.read(last - first)
            if data[:4] == b"\0\0\0\1":  # UTF-8
                _add(findings, key, data[8:])
            return


def _read_simple(stream: BinaryIO, start: int, end: int, findings: Findings) -> None:
    parts = {}
    for name, first, last in elements(stream, start, end):
        if name in (_NAME, _STRING) and findings.take(last - first):
            stream.seek(first)
            parts[name] = stream.read(last - first)
    if _NAME in parts and _STRING in parts:
        _add(findings, decode_text(parts[_NAME]), parts[_STRING])


def _add(findings: Findings, key: str, text: bytes) -> None:
    key = key.strip("\0")[:79].lower()
    findings.add_text(key if key in _KNOWN else f"video:{key}", decode_text(text.rstrip(b"\0")))


def _take_apart(findings: Findings) -> None:
    """Take the graphs out of a comment that holds them as texts."""
    whole = findings.json("comment")
    for name in ("prompt", "workflow") if isinstance(whole, dict) else ():
        if isinstance(text := whole.get(name), str) and name not in findings.texts:
            findings.add_text(name, text)
