"""A reader of TIFF structures that is as small as prompts need it.

Only IFD0 and the Exif IFD are visited and only tags that hold text (TIFF 6.0,
section 2; Exif 2.32, section 4.6), and the two numbers of Windows that are ratings. Every
offset is checked against the bytes there are and no directory is visited twice, so loops and
lies end at once.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

#: Tag -> the name we use. Writers put Exif tags into IFD0 as well (Fooocus,
#: SaveImagePlus), so one table serves both directories.
TAGS = {
    0x010D: "DocumentName",
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x0132: "DateTime",
    0x013B: "Artist",
    0x8298: "Copyright",
    0x4746: "Rating",
    0x4749: "RatingPercent",
    0x9003: "DateTimeOriginal",
    0x9004: "DateTimeDigitized",
    0x927C: "MakerNote",
    0x9286: "UserComment",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9E: "XPKeywords",
}
_NUMBERS = (0x4746, 0x4749)
_EXIF_IFD = 0x8769
_BYTE, _ASCII, _SHORT, _LONG, _UNDEFINED, _IFD, _LONG8, _UTF8 = 1, 2, 3, 4, 7, 13, 16, 129
#: Bytes of one value of a kind, where it is not one.
_SIZES = {_SHORT: 2, _LONG: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, _IFD: 4, _LONG8: 8}
_MOST_ENTRIES = 512
#: How a block begins -> in which order its bytes are.
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
#: A camera's maker note is binary and large; those of generators are one line.
_LONGEST_MAKER_NOTE = 1000


def is_exif(data: bytes) -> bool:
    """Whether the block *data* begins as one does: what it points to may be damaged still."""
    data = data[6:] if data.startswith(b"Exif\0") else data
    return data[:4] in _ORDERS and len(data) >= 8


def read_exif(data: bytes) -> dict[str, str]:
    """The texts in the Exif block *data* by tag name; damaged parts are left out.

    WebP files store the block with and without the prefix `Exif\\0\\0`.
    """
    if data.startswith(b"Exif\0"):
        data = data[6:]
    if not is_exif(data):
        return {}
    order = _ORDERS[data[:4]]
    texts: dict[str, str] = {}

    def read(start: int, length: int) -> bytes:
        return data[start : start + length]

    (first,) = struct.unpack_from(order + "I", data, 4)
    for tag, kind, start, length in entries(read, order, first):
        if tag in TAGS and start + length <= len(data):
            text = text_of(tag, kind, read(start, length), order)
            if text:
                texts.setdefault(TAGS[tag], text)
    return texts


def entries(
    read: Callable[[int, int], bytes], order: str, first: int, *, is_big: bool = False
) -> Iterator[tuple[int, int, int, int]]:
    """The entries of the directory at *first* and of its Exif IFD: tag, kind, and where the value
    begins and how many bytes it has, whether they are there or not.

    *read* gives the bytes at a place, as many as there are; *order* is that of struct. A BigTIFF
    (its draft of 2004) *is_big*: counts and offsets have eight bytes.
    """
    number, count_size, entry_size, field = ("Q", 8, 20, 8) if is_big else ("H", 2, 12, 4)
    head = struct.Struct(order + ("HHQ" if is_big else "HHI"))
    visited: set[int] = set()
    pending = [first]
    while pending:
        offset = pending.pop()
        if offset in visited or len(visited) >= 4:
            continue
        visited.add(offset)
        start = read(offset, count_size)
        if len(start) < count_size:
            continue
        count = min(struct.unpack(order + number, start)[0], _MOST_ENTRIES)
        table = read(offset + count_size, count * entry_size)
        for at in range(0, len(table) - entry_size + 1, entry_size):
            tag, kind, length = head.unpack_from(table, at)
            length *= _SIZES.get(kind, 1)
            inside = table[at + entry_size - field : at + entry_size]
            value = struct.unpack(order + ("Q" if is_big else "I"), inside)[0]
            if tag == _EXIF_IFD and kind in (_LONG, _LONG8, _IFD):
                pending.append(_number(kind, inside, order))
            else:
                yield (tag, kind, offset + count_size + at + entry_size - field
                       if length <= field else value, length)


def _number(kind: int, value: bytes, order: str) -> int:
    sign = {_SHORT: "H", _LONG8: "Q"}.get(kind, "I")
    return int(struct.unpack_from(order + sign, value)[0])


def text_of(tag: int, kind: int, value: bytes, order: str) -> str:
    """What the *value* of one of `TAGS` says; "" if nothing, or not in a way that is read."""
    if tag in _NUMBERS:
        return str(_number(kind, value, order)) if kind == _SHORT and len(value) == 2 else ""
    return _decode(tag, value) if kind in (_BYTE, _ASCII, _UNDEFINED, _UTF8) else ""


def _decode(tag: int, value: bytes) -> str:
    if tag == 0x927C and len(value) > _LONGEST_MAKER_NOTE:
        return ""
    if tag >= 0x9C9B:  # Microsoft's tags are always UTF-16LE
        return _clean(value.decode("utf-16-le", "replace"))
    return decode_comment(value)


def decode_comment(value: bytes) -> str:
    """Decode a UserComment, or any other text that may carry its charset in eight bytes.

    The charset is what the writer says only in part: `UNICODE` stands before
    UTF-16 of either byte order whatever that of the TIFF is (Civitai files that were
    saved again), and before UTF-8; several writers leave the eight bytes out.
    """
    head, rest = value[:8], value[8:]
    if head == b"UNICODE\0":
        return _clean(_decode_utf16(rest))
    if head == b"JIS\0\0\0\0\0":
        return _clean(rest.decode("iso2022_jp", "replace"))
    if head in (b"ASCII\0\0\0", b"\0\0\0\0\0\0\0\0"):
        value = rest
    if value[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _clean(_decode_utf16(value))
    return _clean(decode_text(value))


def decode_text(value: bytes) -> str:
    """UTF-8 where it is valid, as most writers mean it, else Latin-1, as PNG has it."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _decode_utf16(value: bytes) -> str:
    if value[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return value.decode("utf-16", "replace")
    even, odd = value[:8192:2], value[1:8192:2]
    zeros = even.count(0) - odd.count(0)
    if not zeros and 0 not in value:
        # No zero byte anywhere: UTF-8 under a wrong name, or a text without any ASCII.
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            pass
    # The high bytes are the zeros of ASCII; without any, the half with fewer different bytes.
    big = zeros > 0 or (zeros == 0 and len(set(even)) <= len(set(odd)))
    return value.decode("utf-16-be" if big else "utf-16-le", "replace")


def _clean(text: str) -> str:
    # NovelAI's ImageDescription starts with four NULs; C strings end with one.
    return text.strip("\0").rstrip()
