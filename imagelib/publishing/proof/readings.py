"""Every way in which a file of a site can be read as text, by what kind of file it is.

A text that is written otherwise than it is read (as numbers, as entities, packed) must not pass
by: each form that the program itself, or a program that made a picture, can produce has a reading.
`CANARIES` has an example of each, so that a proof can show first that it sees them.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import html
import re
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import PurePosixPath
from urllib.parse import unquote

from imagelib.formats import IMAGE_SUFFIXES

#: (name of the reading, text)
Reading = tuple[str, str]

#: How readings are called that take anything for letters: pixels, digests and ids.
BYTES, BASE64, HEXADECIMAL = "bytes", "base64", "hexadecimal"
#: How those are called of what is nothing but pixels.
PIXELS = "pixels"
TEXTS = frozenset((".html", ".js", ".css", ".xml", ".json", ".txt", ".svg", ".webmanifest", ""))
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
#: Letters as pairs of digits, on one line or on several (the raw profiles of ImageMagick).
_HEXADECIMAL = re.compile(rb"[0-9a-fA-F]{16,}(?:\r?\n[0-9a-fA-F]+)*")
_ESCAPES = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
#: Controls become bytes that UTF-8 never has, so that one character parts whatever is no text.
_NO_CONTROLS = bytes(0xFF if code < 0x20 or code == 0x7F else code for code in range(256))
#: Six letters in a row or more, in bytes that are no text; fewer come by chance in pixels. Written
#: out, as are the patterns below it: millions of bytes are looked through, and thus `re` skips.
_RUN = re.compile("[^\ufffd]" * 5 + "[^\ufffd]+")
#: The same in UTF-16 of either order, less what may stand before the first zero.
_WIDE = re.compile(rb"\x00[\x20-\x7e](?:\x00[\x20-\x7e]){4,}")
#: The two characters that Base64 has otherwise in addresses.
_FOR_URLS = bytes.maketrans(b"-_", b"+/")
#: Base64 of more bytes may be packed; of fewer, what tells something has letters side by side.
_SHORT = 256
_TELLS = re.compile(rb"[0-9A-Za-z]{4}|[\xc2-\xf4][\x80-\xbf]{1,3}[\xc2-\xf4][\x80-\xbf]")
#: How zlib and gzip streams begin.
_PACKED = (re.compile(rb"\x78[\x01\x5e\x9c\xda]"), re.compile(rb"\x1f\x8b\x08"))
#: Of one packed stream, in bytes.
_MOST = 8 << 20
#: Packed in packed in packed.
_DEEPEST = 3


def is_picture(path: str) -> bool:
    """Whether the file at *path* is a picture by its name."""
    return PurePosixPath(path).suffix.lower() in IMAGE_SUFFIXES


def readings(path: str, content: bytes) -> Iterator[Reading]:
    """All that can be read in the file at *path* of a site, its name included."""
    yield "the name of the file", path
    yield "the name of the file, percent-decoded", unquote(path)
    if PurePosixPath(path).suffix.lower() in TEXTS:
        yield from _of_text(content)
    else:
        yield from _of_bytes(content)
    yield from _of_hexadecimal(content)
    yield from _of_packed(content, _DEEPEST)


def of_pixels(content: bytes, below: bytes = b"") -> Iterator[Reading]:
    """What a picture says where its bytes are pixels, or bits of them, and *below* its last row."""
    yield from _inside(PIXELS, chain(_of_bytes(content), _of_packed(content, 1)))
    yield from _inside("below the picture", _of_bytes(below))


def _of_text(content: bytes) -> Iterator[Reading]:
    text = content.decode("utf-8", "replace")
    yield "text", text
    for name, read in (("entities", html.unescape), ("percent-encoding", unquote),
                       ("escapes", _unescaped)):
        if (other := read(text)) != text:
            yield name, other
            if name == "escapes" and (both := html.unescape(other)) != other:
                yield "escaped entities", both
    yield from _of_base64(content, 2)


def _of_bytes(content: bytes) -> Iterator[Reading]:
    plain = content.translate(_NO_CONTROLS).decode("utf-8", "replace")
    yield BYTES, "\n".join(_RUN.findall(plain))
    if wide := list(_WIDE.finditer(content)):
        # Whether the byte before belongs to it depends on the order.
        yield f"{BYTES} as UTF-16", "\n".join(
            content[found.start() + first:found.end():2].decode("ascii", "replace")
            for found in wide for first in (1, -1) if found.start() + first >= 0)


def _of_base64(content: bytes, depth: int) -> Iterator[Reading]:
    inner = b"\0".join(_unpacked(content))
    if not inner:
        return
    yield BASE64, inner.decode("utf-8", "replace")
    yield from _inside(BASE64, _of_bytes(inner))
    if depth > 1:
        yield from _inside(BASE64, _of_base64(inner, depth - 1))


def _unpacked(content: bytes) -> Iterator[bytes]:
    """What the Base64 in *content* says, but for what is certainly no text."""
    for found in set(_BASE64.findall(content)):
        packed = found.rstrip(b"=").translate(_FOR_URLS)
        # What stands before may look like it.
        for start in range(4) if len(packed) < 4096 else (0,):
            inner = binascii.a2b_base64(packed[start:start + (len(packed) - start) // 4 * 4])
            if len(inner) > _SHORT or _TELLS.search(inner):
                yield inner


def _of_hexadecimal(content: bytes) -> Iterator[Reading]:
    pairs = [b"".join(found.split()) for found in set(_HEXADECIMAL.findall(content))]
    if pairs:
        # A digit that belongs to what stands before may come first.
        inner = b"\0".join(binascii.a2b_hex(digits[first:len(digits) - (len(digits) - first) % 2])
                           for digits in pairs for first in (0, 1))
        yield from _inside(HEXADECIMAL, _of_bytes(inner))


def _of_packed(content: bytes, depth: int) -> Iterator[Reading]:
    for found in chain.from_iterable(kind.finditer(content) for kind in _PACKED):
        engine = zlib.decompressobj(wbits=47)  # zlib or gzip
        try:
            inner = engine.decompress(content[found.start():], _MOST)
        except zlib.error:
            continue
        if len(inner) < 4 or _is_pixels(content, found.start()):
            continue
        yield "a packed stream", inner.decode("utf-8", "replace")
        yield from _inside("a packed stream", chain(_of_bytes(inner), _of_hexadecimal(inner)))
        if depth > 1:
            yield from _inside("a packed stream", _of_packed(inner, depth - 1))


def _inside(name: str, found: Iterator[Reading]) -> Iterator[Reading]:
    return ((f"{name}, {reading}", text) for reading, text in found)


def _is_pixels(content: bytes, at: int) -> bool:
    """Whether the stream at *at* is the first of a PNG's pixels, whose bytes are no text."""
    return content[max(0, at - 4):at] == b"IDAT"


def _unescaped(text: str) -> str:
    # Only what is escaped changes, so that texts with a backslash are read as well.
    plain = _ESCAPES.sub(lambda found: chr(int(found[1] or found[2], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode())


#: A file that holds a given word, for each of the readings.
CANARIES: dict[str, Callable[[str], tuple[str, bytes]]] = {
    "the name of the file": lambda word: (f"images/{word}.png", b""),
    "the name of the file, percent-decoded": lambda word: (
        f"images/{''.join(f'%{ord(c):02x}' for c in word)}.png", b""),
    "text": lambda word: ("index.html", word.encode()),
    "entities": lambda word: ("a.html", "".join(f"&#{ord(c)};" for c in word).encode()),
    "percent-encoding": lambda word: ("a.html", "".join(f"%{ord(c):02x}" for c in word).encode()),
    "escapes": lambda word: ("a.js", "".join(f"\\u{ord(c):04x}" for c in word).encode()),
    "escaped entities": lambda word: (
        "a.js", "".join(f"\\u0026#{ord(c)};" for c in word).encode()),
    "base64": lambda word: ("a.js", base64.b64encode(f"in a longer text {word} stands".encode())),
    "hexadecimal": lambda word: ("a.png", b"tEXt" + f"a {word} text".encode().hex().encode()),
    "bytes": lambda word: ("a.png", b"\x00" + f"Comment {word}".encode() + b"\x00"),
    "bytes as UTF-16": lambda word: ("a.jpg", f"Comment {word}".encode("utf-16-le")),
    "a packed stream": lambda word: ("a.png", b"zTXt" + _packed(word)),
    "a packed stream in another": lambda word: (
        "a.webp", b"\x01" + zlib.compress(gzip.compress(word.encode(), mtime=0))),
}
