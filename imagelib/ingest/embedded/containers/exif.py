"""A reader of TIFF structures that is as small as prompts need it.

Only IFD0 and the Exif IFD are visited and only tags that hold text (TIFF 6.0,
section 2; Exif 2.32, section 4.6), and the two numbers of Windows that are ratings. Every
offset is checked against the bytes there are and no directory is visited twice, so loops and
lies end at once.
"""

from __future__ import annotations

import struct

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
_BYTE, _ASCII, _SHORT, _LONG, _UNDEFINED, _UTF8 = 1, 2, 3, 4, 7, 129
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
    visited: set[int] = set()
    pending = [struct.unpack_from(order + "I", data, 4)[0]]
    while pending:
        offset = pending.pop()
        if offset not in visited and len(visited) < 4:
            visited.add(offset)
            pending += _read_directory(data, order, offset, texts)
    return texts


def _read_directory(data: bytes, order: str, offset: int, texts: dict[str, str]) -> list[int]:
    """Put the texts of the directory at *offset* into *texts*; return the offsets it refers to."""
    if offset + 2 > len(data):
        return []
    (count,) = struct.unpack_from(order + "H", data, offset)
    count = min(count, _MOST_ENTRIES, (len(data) - offset - 2) // 12)
    further = []
    for at in range(offset + 2, offset + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(order + "HHI", data, at)
        if tag == _EXIF_IFD and kind == _LONG:
            further.append(struct.unpack_from(order + "I", data, at + 8)[0])
        elif tag in _NUMBERS:
            if kind == _SHORT:
                (number,) = struct.unpack_from(order + "H", data, at + 8)
                texts.setdefault(TAGS[tag], str(number))
        elif tag in TAGS and kind in (_BYTE, _ASCII, _UNDEFINED, _UTF8):
            start = at + 8 if length <= 4 else struct.unpack_from(order + "I", data, at + 8)[0]
            if start + length <= len(data):
                text = _decode(tag, data[start : start + length])
                if text:
                    texts.setdefault(TAGS[tag], text)
    return further


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
