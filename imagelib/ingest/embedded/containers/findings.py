"""What was found in a file, within limits, and the window through which it is read."""

from __future__ import annotations

import io
import json
import re
import sys
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from imagelib.ingest.embedded.containers.exif import is_exif, read_exif
from imagelib.ingest.embedded.containers.xmp import read_xmp
from imagelib.ingest.embedded.values import MAX_NODES, count_nodes, load_json

#: Of one chunk, inflated, in bytes.
MAX_CHUNK = 8 << 20
#: Of all that is read or inflated, of the texts made of it, in bytes, and how many.
MAX_TOTAL = 32 << 20
MAX_MEMORY = 40 << 20
MAX_BLOBS = 64
#: Of what is kept of one file, as JSON in bytes.
MAX_RAW = 8 << 20
#: A walk over more parts than this ends: 8 kB each make a picture of 800 MB.
MAX_PARTS = 100_000
#: What stands behind the name of what is whole, and read with a package that is not installed.
PACKED = "(packed by Brotli)"
#: Of what cannot be read so many are named.
_MOST_UNREAD = 8
#: What savers of ComfyUI put before the JSON in Exif tags.
_PREFIX = re.compile(r"[A-Za-z_]{4,20}\s*:\s*(?=\{)")


@dataclass(slots=True)
class Findings:
    """The texts of one file by where they stood, and its C2PA store.

    A PNG's text has its keyword for a key, the others `exif:UserComment`,
    `xmp:CreatorTool`, `iptc:Caption`, `comment`.
    """

    texts: dict[str, str] = field(default_factory=dict)
    c2pa: bytes = b""
    #: What is there and cannot be read, as a person calls it: "Exif", "the text parameters".
    unread: list[str] = field(default_factory=list)
    blobs: int = 0
    bytes_left: int = MAX_TOTAL
    memory_left: int = MAX_MEMORY
    nodes_left: int = MAX_NODES
    _parsed: dict[str, Any] = field(default_factory=dict)
    _documents: list[dict[str, Any]] | None = None
    _keys: dict[int, str] = field(default_factory=dict)

    def take(self, size: int) -> bool:
        """Whether a further blob of *size* bytes is within the limits; it is charged if so."""
        if self.blobs >= MAX_BLOBS or size > min(MAX_CHUNK, self.bytes_left):
            return False
        self.blobs += 1
        self.bytes_left -= size
        return True

    def add_text(self, key: str, text: str) -> None:
        """Keep *text*; a repeated key gets a number, as nothing found may vanish."""
        size = sys.getsizeof(text)  # one emoji makes every character take four bytes
        if not text or size > self.memory_left:
            return
        self.memory_left -= size
        name, number = key, 1
        while name in self.texts:
            number += 1
            name = f"{key}#{number}"
        self.texts[name] = text

    def note_unread(self, name: str) -> None:
        """Note that *name* is damaged: where its bytes end, or in what they are packed."""
        if name not in self.unread and len(self.unread) < _MOST_UNREAD:
            self.unread.append(name)

    def add_exif(self, data: bytes) -> None:
        """Keep the texts of an Exif block."""
        if data and not is_exif(data):
            self.note_unread("Exif")
        for name, text in read_exif(data).items():
            self.add_text(f"exif:{name}", text)

    def add_xmp(self, packet: bytes) -> None:
        """Keep the properties of an XMP packet."""
        found = read_xmp(packet)
        if not found and packet.strip(b"\0 \t\r\n") and b"<" not in packet:
            self.note_unread("XMP")
        for name, text in found.items():
            self.add_text(f"xmp:{name}", text)

    def json(self, key: str) -> Any:
        """The text at *key* parsed, or None where it is no harmless JSON; parsed only once."""
        if key not in self._parsed:
            text = self.texts.get(key, "")
            value = load_json(text, self.nodes_left)
            if value is not None:
                self.nodes_left -= count_nodes(text)
            self._parsed[key] = value
        return self._parsed[key]

    def documents(self) -> list[dict[str, Any]]:
        """Every JSON object among the texts, also those behind a prefix such as `workflow:`."""
        if self._documents is None:
            values = {key: self._object(key) for key in self.texts}
            self._documents = [value for value in values.values()
                               if isinstance(value, dict) and value]
            self._keys = {id(value): key for key, value in values.items()}
        return self._documents

    def where(self, document: dict[str, Any]) -> str:
        """The key at which one of `documents` stood."""
        return self._keys.get(id(document), "")

    def key_with(self, *parts: str) -> str:
        """The key of the first text in which all of *parts* occur, or an empty one."""
        return next((key for key, text in self.texts.items()
                     if all(part in text for part in parts)), "")

    def _object(self, key: str) -> Any:
        value = self.json(key)
        if value is None and (prefix := _PREFIX.match(self.texts[key])):
            text = self.texts[key][prefix.end() :]
            value = load_json(text, self.nodes_left)
            self.nodes_left -= count_nodes(text) if value is not None else 0
        elif isinstance(value, str):  # JSON in a JSON string (the Chinese label)
            value = load_json(value, self.nodes_left)
        return value

    def find(self, *keys: str) -> str:
        """The first text that is there under one of *keys*, or an empty one."""
        for key in keys:
            if key in self.texts:
                return self.texts[key]
        return ""

    def raw(self) -> dict[str, Any]:
        """All texts as strict JSON, parsed where they are JSON; at most 8 MiB of it."""
        values = {}
        room = MAX_RAW
        for key, text in self.texts.items():
            value = self.json(key)
            if value is None:
                value = text
            # An emoji is twelve characters when escaped; few files come near, the rest is measured.
            size = 12 * (len(text) + len(key)) + 10
            if size > room:
                size = len(json.dumps({key: value})) + 2
            if size <= room:
                room -= size
                values[key] = value
        return values


class Window:
    """Read-only access to a file at any place, most of it served from one block.

    A mapped file would be simpler, but a file that shrinks meanwhile kills the process.
    """

    _BLOCK = 1 << 14

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._block = stream.read(self._BLOCK)
        self._start = 0
        self.size = (
            len(self._block) if len(self._block) < self._BLOCK else stream.seek(0, io.SEEK_END)
        )

    def read(self, offset: int, length: int) -> bytes:
        """The bytes at *offset*, fewer where the file ends before."""
        at = offset - self._start
        if at < 0 or at + length > len(self._block):
            self._stream.seek(offset)
            if length > self._BLOCK:
                return self._stream.read(length)
            # Headers lie apart by a chunk of pixels: a full block would be read in vain.
            self._block = self._stream.read(max(length, 4096))
            self._start, at = offset, 0
        return self._block[at : at + length]
