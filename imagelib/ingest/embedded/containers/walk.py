"""Find the metadata of a picture without decoding it, seeking past its pixels.

PNG (W3C PNG 3rd edition), JPEG (ITU T.81, T.872 for JUMBF) and GIF89a are walked
here, the formats made of nested boxes, TIFF and videos in modules beside this one. The type
is decided by the first bytes: wrong extensions are common. All sizes in a file are
claims; what lies beyond its end, inflates without end or comes in hordes is left out.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, field
from typing import BinaryIO

from imagelib.formats import HEAD, JXL, TIFF, is_video, sniff
from imagelib.ingest.embedded.containers.boxes import read_isobmff, read_jxl, read_webp
from imagelib.ingest.embedded.containers.exif import decode_comment, decode_text
from imagelib.ingest.embedded.containers.findings import MAX_CHUNK, MAX_PARTS, Findings, Window
from imagelib.ingest.embedded.containers.tiff import read_tiff
from imagelib.ingest.embedded.containers.video import read_mp4, read_webm

#: Length and kind of a chunk of PNG.
_PNG_HEADER = struct.Struct(">I4s")
#: Under which PNG has XMP, and what stands before it in JPEG (XMP specification part 3, 1.1).
XMP_KEYWORD = "XML:com.adobe.xmp"
XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
#: What does not fit into one segment, in parts (the same, 1.1.3.1), and its block in GIF (1.1.2).
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_GIF_XMP = b"\x0bXMP DataXMP"
#: How the bytes behind it begin by which a reader of sub-blocks finds their end.
_GIF_XMP_END = b"\x01\xff\xfe\xfd"

#: Datasets that are read; keywords come one by one.
_IPTC = {5: "Title", 25: "Keywords", 55: "Date", 60: "Time", 110: "Credit", 120: "Caption"}


def read_containers(stream: BinaryIO) -> Findings:
    """Everything in *stream* that may tell how the picture was made.

    Raises:
        OSError: the file cannot be read. Its content never makes this raise.
    """
    window = Window(stream)
    head = window.read(0, 16)
    findings = Findings()
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        _read_png(window, findings)
    elif head.startswith(b"\xff\xd8"):
        _read_jpeg(window, findings)
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        read_webp(window, findings)
    elif is_video(sniff(window.read(0, HEAD)) or ""):
        (read_mp4 if head[4:8] == b"ftyp" else read_webm)(stream, findings)
    elif head[4:8] == b"ftyp":
        read_isobmff(window, findings)
    elif head[:6] in (b"GIF87a", b"GIF89a"):
        _read_gif(window, findings)
    elif head.startswith(JXL):
        read_jxl(window, findings)
    elif head.startswith(TIFF):
        read_tiff(window, findings, _read_iptc)
    return findings


def _read_png(window: Window, findings: Findings) -> None:
    """Walk all chunks: some tools write their text after the pixels. Bad checksums are forgiven."""
    offset = 8
    for _ in range(MAX_PARTS):
        header = window.read(offset, 8)
        if len(header) < 8:
            return
        length, kind = _PNG_HEADER.unpack(header)
        if kind == b"IEND" or offset + 8 + length > window.size:
            return
        if kind in _PNG_CHUNKS and findings.take(length):
            _PNG_CHUNKS[kind](window.read(offset + 8, length), findings)
        offset += 12 + length


def _read_text_chunk(data: bytes, findings: Findings) -> None:
    keyword, _, text = data.partition(b"\0")
    _add_png_text(keyword, text, findings)


def _read_ztxt_chunk(data: bytes, findings: Findings) -> None:
    keyword, _, packed = data.partition(b"\0")
    _add_png_text(keyword, _inflate(packed[1:], keyword, findings), findings)


def _read_itxt_chunk(data: bytes, findings: Findings) -> None:
    keyword, _, rest = data.partition(b"\0")
    _language, _, tail = rest[2:].partition(b"\0")
    _translated, _, text = tail.partition(b"\0")
    if rest[:1] == b"\1":
        text = _inflate(text, keyword, findings)
    _add_png_text(keyword, text, findings)


def _add_png_text(keyword: bytes, text: bytes, findings: Findings) -> None:
    key = keyword[:79].decode("latin-1")
    if key == XMP_KEYWORD:  # also seen in a plain tEXt (Midjourney)
        findings.add_xmp(text)
    elif key.startswith("Raw profile type "):
        _add_raw_profile(text, findings)
    else:
        # Latin-1 by the standard, UTF-8 in practice (Midjourney, Stability Matrix, TensorArt).
        findings.add_text(key, decode_text(text.strip(b"\0")))


def _add_raw_profile(text: bytes, findings: Findings) -> None:
    """ImageMagick's way to put Exif, XMP and IPTC into PNG: name, length, hexadecimal lines."""
    name, _, rest = text.strip().partition(b"\n")
    _length, _, digits = rest.strip().partition(b"\n")
    try:
        profile = bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        findings.note_unread("a raw profile")
        return
    if name.strip() == b"xmp":
        findings.add_xmp(profile.removeprefix(XMP_HEADER))
    elif profile.startswith(b"Exif\0"):
        findings.add_exif(profile)
    elif name.strip() == b"iptc":
        _read_iptc(profile, findings)


def _inflate(packed: bytes, keyword: bytes, findings: Findings) -> bytes:
    """The bytes behind *packed*, the text of *keyword*; none where it is damaged, or too much."""
    room = min(MAX_CHUNK, findings.bytes_left)
    engine = zlib.decompressobj()
    try:
        text = engine.decompress(packed, room + 1)
    except zlib.error:
        findings.note_unread(f"the text {keyword[:79].decode('latin-1')}")
        return b""
    # Charged even if it is then dropped, so that sixty bombs cost no more than four.
    findings.bytes_left -= min(len(text), findings.bytes_left)
    return text if len(text) <= room else b""


def _read_time_chunk(data: bytes, findings: Findings) -> None:
    if len(data) == 7:
        year, *others = struct.unpack(">H5B", data)
        findings.add_text("png:tIME", "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(year, *others))


def _read_c2pa_chunk(data: bytes, findings: Findings) -> None:
    findings.c2pa = findings.c2pa or data


_PNG_CHUNKS = {
    b"tEXt": _read_text_chunk,
    b"zTXt": _read_ztxt_chunk,
    b"iTXt": _read_itxt_chunk,
    b"eXIf": lambda data, findings: findings.add_exif(data),
    b"caBX": _read_c2pa_chunk,
    b"tIME": _read_time_chunk,
}


def _read_jpeg(window: Window, findings: Findings) -> None:
    """Walk the segments up to the first scan; metadata stands before it."""
    offset = 2
    split = _Split()
    for _ in range(MAX_PARTS):
        header = window.read(offset, 4)
        if len(header) < 4 or header[0] != 0xFF or header[1] in (0xD9, 0xDA):
            break
        if header[1] == 0xFF:  # fill bytes may stand before a marker
            offset += 1
            continue
        if header[1] == 0x01 or 0xD0 <= header[1] <= 0xD8:  # markers without a length
            offset += 2
            continue
        (length,) = struct.unpack(">H", header[2:])
        if length < 2 or offset + 2 + length > window.size:
            break
        if header[1] in (0xE1, 0xEB, 0xED, 0xFE) and findings.take(length):
            _read_segment(header[1], window.read(offset + 4, length - 2), findings, split)
        offset += 2 + length
    if split.jumbf:
        findings.c2pa = _join_jumbf(split.jumbf)
    for name, parts in split.extended_xmp.items():
        if name in split.xmp:  # else it belongs to a packet that somebody has replaced
            findings.add_xmp(b"".join(data for _, data in sorted(parts)))


@dataclass(slots=True)
class _Split:
    """What a JPEG has in several segments, until all are there: each with its place."""

    jumbf: dict[bytes, list[tuple[int, bytes]]] = field(default_factory=dict)
    #: The packets of one segment, which name what they are extended by.
    xmp: bytes = b""
    extended_xmp: dict[bytes, list[tuple[int, bytes]]] = field(default_factory=dict)


def _read_segment(marker: int, data: bytes, findings: Findings, split: _Split) -> None:
    if marker == 0xE1 and data.startswith(b"Exif\0"):
        findings.add_exif(data)
    elif marker == 0xE1 and data.startswith(XMP_HEADER):
        split.xmp += data[len(XMP_HEADER) :]
        findings.add_xmp(data[len(XMP_HEADER) :])
    elif marker == 0xE1 and data.startswith(_EXTENDED_XMP):
        name, rest = data[len(_EXTENDED_XMP) :][:32], data[len(_EXTENDED_XMP) + 32 :]
        if len(rest) > 8:  # its length as a whole, and the place of this part
            place = struct.unpack_from(">I", rest, 4)[0]
            split.extended_xmp.setdefault(name, []).append((place, rest[8:]))
    elif marker == 0xEB and data.startswith(b"JP") and len(data) > 16:
        number = struct.unpack(">I", data[4:8])[0]
        split.jumbf.setdefault(data[2:4], []).append((number, data[8:]))
    elif marker == 0xED and data.startswith(b"Photoshop 3.0\0"):
        _read_iptc(data, findings)
    elif marker == 0xFE:
        findings.add_text("comment", decode_comment(data))


def _join_jumbf(segments: dict[bytes, list[tuple[int, bytes]]]) -> bytes:
    """Put the box together again; each further segment repeats its 8 bytes of header."""
    store = b""
    for parts in segments.values():
        parts.sort(key=lambda part: part[0])
        store += b"".join(
            data if index == 0 else data[8:] for index, (_, data) in enumerate(parts)
        )
    return store


def _read_iptc(data: bytes, findings: Findings) -> None:
    """Some texts of the IPTC-IIM record 2 (IIM 4.2), alone or in Photoshop's resource 0x0404."""
    at = 0
    if not data.startswith(b"\x1c"):  # as TIFF has it
        at = data.find(b"8BIM\x04\x04")
        if at < 0:
            return
    at = data.find(b"\x1c\x02", at)
    found: dict[str, list[str]] = {}
    for _ in range(500):
        if at < 0 or data[at : at + 2] != b"\x1c\x02" or at + 5 > len(data):
            break
        dataset, length = data[at + 2], struct.unpack_from(">H", data, at + 3)[0]
        if dataset in _IPTC and at + 5 + length <= len(data):
            text = decode_text(data[at + 5 : at + 5 + length]).strip("\0")
            found.setdefault(_IPTC[dataset], []).append(text)
        at += 5 + length
    if date := _iptc_date(found.pop("Date", [""])[0], found.pop("Time", [""])[0]):
        found["DateCreated"] = [date]
    for name, texts in found.items():
        findings.add_text(f"iptc:{name}", "\n".join(texts) if name == "Keywords" else texts[0])


def _iptc_date(day: str, time: str) -> str:
    """From CCYYMMDD and HHMMSS with its offset."""
    if not re.fullmatch(r"[0-9]{8}", day):
        return ""
    clock = re.match(r"([0-9]{2})([0-9]{2})([0-9]{2})", time)
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" + (f"T{':'.join(clock.groups())}" if clock else "")


def _read_gif(window: Window, findings: Findings) -> None:
    """Collect comments and XMP; the pixels' sub-blocks of 255 bytes are counted, not kept."""
    screen = window.read(0, 13)
    if len(screen) < 13:
        return
    offset = 13 + palette_size(screen[10])
    parts = 0
    while parts < MAX_PARTS:
        kind = window.read(offset, 2)
        if kind == b"\x21\xff" and window.read(offset + 2, 12) == _GIF_XMP:
            offset, blocks = _read_gif_xmp(window, offset + 14, findings)
        elif kind[:1] == b"\x21":
            comment = kind[1:] == b"\xfe"
            data, offset, blocks = _read_sub_blocks(window, offset + 2, keep=comment)
            if comment and findings.take(len(data)):
                findings.add_text("comment", decode_comment(data))
        elif kind[:1] == b"\x2c":
            frame = window.read(offset, 10)
            if len(frame) < 10:
                return
            start = offset + 11 + palette_size(frame[9])
            _, offset, blocks = _read_sub_blocks(window, start, keep=False)
        else:
            return
        parts += 1 + blocks


def _read_gif_xmp(window: Window, start: int, findings: Findings) -> tuple[int, int]:
    """Read the packet at *start*; return where its block ends, and how many sub-blocks that makes.

    It stands there as it is, and its letters are taken for the lengths of sub-blocks. Some writers
    make real ones of it.
    """
    is_plain = window.read(start, 1) == b"<"
    data, end, blocks = _read_sub_blocks(window, start, keep=not is_plain)
    if findings.take(end - start):
        if is_plain:
            data = window.read(start, end - start)
            data = data[: data.rfind(_GIF_XMP_END)] if _GIF_XMP_END in data else data
        findings.add_xmp(data)
    return end, blocks


def palette_size(flags: int) -> int:
    """Bytes of the palette behind a screen or frame of GIF with these *flags*."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _read_sub_blocks(window: Window, offset: int, *, keep: bool) -> tuple[bytes, int, int]:
    """The joined data if *keep*, the offset behind it, and how many blocks there were."""
    pieces: list[bytes] = []
    for blocks in range(MAX_PARTS):
        length = window.read(offset, 1)
        if length in (b"", b"\0"):
            return b"".join(pieces), offset + 1, blocks
        if keep and blocks < MAX_CHUNK >> 8:
            pieces.append(window.read(offset + 1, length[0]))
        offset += 1 + length[0]
    return b"".join(pieces), window.size, MAX_PARTS
