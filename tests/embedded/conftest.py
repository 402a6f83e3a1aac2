"""Draw files byte by byte, so that every trap has a file that shows nothing else."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest

from imagelib.ingest.embedded import EmbeddedMetadata, read

DATA = Path(__file__).parents[1] / "data"
INFOTEXT = (
    "a fox in the snow\nNegative prompt: blurry\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x768, Model: foxes_v1"
)


class Draw:
    """Writers of the containers; a text is bytes, or str and then UTF-8."""

    infotext = INFOTEXT

    @staticmethod
    def chunk(kind: bytes, data: bytes, *, length: int | None = None) -> bytes:
        checksum = zlib.crc32(kind + data)
        size = len(data) if length is None else length
        return struct.pack(">I", size) + kind + data + struct.pack(">I", checksum)

    @classmethod
    def png(cls, *before: bytes, after: tuple[bytes, ...] = ()) -> bytes:
        """A picture of one pixel with chunks *before* and *after* its pixels."""
        header = cls.chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
        pixels = cls.chunk(b"IDAT", zlib.compress(b"\0\0\0\0"))
        chunks = (header, *before, pixels, *after, cls.chunk(b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)

    @classmethod
    def text(cls, key: str, value: str | bytes) -> bytes:
        return cls.chunk(b"tEXt", key.encode() + b"\0" + _bytes(value))

    @classmethod
    def ztxt(cls, key: str, value: str | bytes) -> bytes:
        return cls.chunk(b"zTXt", key.encode() + b"\0\0" + zlib.compress(_bytes(value), 9))

    @classmethod
    def itxt(cls, key: str, value: str | bytes, *, packed: bool = False) -> bytes:
        data = zlib.compress(_bytes(value)) if packed else _bytes(value)
        return cls.chunk(b"iTXt", key.encode() + b"\0" + bytes([packed, 0]) + b"\0\0" + data)

    @staticmethod
    def exif(
        first: dict[int, str | bytes], second: dict[int, str | bytes] | None = None,
        *, order: str = ">",
    ) -> bytes:
        """A TIFF block: tags of IFD0 and, if there are any, of the Exif IFD."""
        out = bytearray((b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "I", 8))

        def directory(tags: dict[int, str | bytes], pointer: int | None) -> None:
            count = len(tags) + (pointer is not None)
            heap = len(out) + 2 + 12 * count + 4
            entries, values = bytearray(), bytearray()
            for tag, value in tags.items():
                data = _bytes(value)
                kind = 7 if tag in (0x9286, 0x927C) else 2
                entries.extend(struct.pack(order + "HHI", tag, kind, len(data)))
                if len(data) <= 4:
                    entries.extend(data.ljust(4, b"\0"))
                else:
                    entries.extend(struct.pack(order + "I", heap + len(values)))
                    values.extend(data)
            if pointer is not None:
                target = heap + len(values) if pointer == 0 else pointer
                entries.extend(struct.pack(order + "HHII", 0x8769, 4, 1, target))
            out.extend(struct.pack(order + "H", count) + entries + bytes(4) + values)

        directory(first, 0 if second is not None else None)
        if second is not None:
            directory(second, None)
        return bytes(out)

    @classmethod
    def comment(cls, value: bytes, *, order: str = ">") -> bytes:
        """A TIFF block with nothing but a UserComment in the Exif IFD."""
        return cls.exif({}, {0x9286: value}, order=order)

    @staticmethod
    def jpeg(*segments: tuple[int, bytes]) -> bytes:
        parts = [bytes([0xFF, m]) + struct.pack(">H", len(d) + 2) + d for m, d in segments]
        return b"\xff\xd8" + b"".join(parts) + b"\xff\xda\0\2\xff\xd9"

    @staticmethod
    def webp(*chunks: tuple[bytes, bytes]) -> bytes:
        body = b"".join(
            kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)
            for kind, data in ((b"VP8 ", b"pixels"), *chunks)
        )
        return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body

    @staticmethod
    def gif(comment: bytes) -> bytes:
        """One frame whose pixels precede the comment."""
        pixels = b"\x2c" + bytes(9) + b"\x02" + b"\xff" + b"\x21" * 255 + b"\0"
        blocks = b"".join(
            bytes([len(part)]) + part
            for part in (comment[at : at + 255] for at in range(0, len(comment), 255))
        )
        screen = struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
        return b"GIF89a" + screen + pixels + b"\x21\xfe" + blocks + b"\0\x3b"

    @staticmethod
    def avif(*, exif: bytes = b"", xmp: bytes = b"", brand: bytes = b"avif") -> bytes:
        """Two metadata items in `mdat`, found through `iinf` and `iloc`; as HEIC has them, too."""

        def box(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data) + 8) + kind + data

        exif_item = bytes(4) + exif
        head = box(b"ftyp", brand + b"\0\0\0\0" + brand + b"mif1")

        def meta(offset: int) -> bytes:
            kinds = (box(b"infe", b"\2\0\0\0\0\1\0\0Exif\0")
                     + box(b"infe", b"\2\0\0\0\0\2\0\0mime\0application/rdf+xml\0"))
            places = b"".join(
                struct.pack(">HHHII", item, 0, 1, at, length)
                for item, at, length in ((1, offset, len(exif_item)),
                                         (2, offset + len(exif_item), len(xmp)))
            )
            return box(b"meta", bytes(4)
                       + box(b"iinf", bytes(4) + struct.pack(">H", 2) + kinds)
                       + box(b"iloc", bytes(4) + b"\x44\0" + struct.pack(">H", 2) + places))

        offset = len(head) + len(meta(0)) + 8
        return head + meta(offset) + box(b"mdat", exif_item + xmp)

    @staticmethod
    def tiff(tags: dict[int, str | bytes], *, order: str = "<", big: bool = False) -> bytes:
        """A TIFF, or a BigTIFF, whose directory lies behind 100,000 bytes of pixels."""
        pixels = bytes(100_000)
        field, entry = ("Q", "HHQQ") if big else ("I", "HHII")
        head = 16 if big else 8
        start = head + len(pixels)
        heap = start + (8 if big else 2) + len(tags) * struct.calcsize("=" + entry) + (
            8 if big else 4)
        entries, values = b"", b""
        for tag, value in sorted(tags.items()):
            data = _bytes(value).ljust(9, b"\0")  # what is longer lies elsewhere
            entries += struct.pack(order + entry, tag, 1 if tag == 700 else 2, len(data),
                                   heap + len(values))
            values += data
        mark = (b"II" if order == "<" else b"MM") + (
            struct.pack(order + "HHHQ", 43, 8, 0, start) if big
            else struct.pack(order + "HI", 42, start))
        return (mark + pixels + struct.pack(order + ("Q" if big else "H"), len(tags)) + entries
                + struct.pack(order + field, 0) + values)

    @staticmethod
    def jxl(*boxes: tuple[bytes, bytes], packed: bool = False) -> bytes:
        """A JPEG XL with these boxes before and behind its codestream, *packed* by Brotli."""

        def box(kind: bytes, data: bytes) -> bytes:
            if packed:
                kind, data = b"brob", kind + brotli.compress(data)
            return struct.pack(">I", len(data) + 8) + kind + data

        return (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl "
                + b"".join(box(*one) for one in boxes[::2])
                + b"\0\0\0\x1cjxlc\xff\x0a" + bytes(18)
                + b"".join(box(*one) for one in boxes[1::2]))

    @staticmethod
    def xmp(attributes: str = "", elements: str = "") -> bytes:
        return (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
            ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            f'<rdf:Description rdf:about="" {attributes}>{elements}</rdf:Description>'
            "</rdf:RDF></x:xmpmeta>"
        ).encode()

    @staticmethod
    def c2pa(*, generator: str = "", agent: str = "", source: str = "", more: bytes = b"") -> bytes:
        """The part of a manifest store that is looked at: CBOR map entries, one after another."""

        def text(value: str) -> bytes:
            data = value.encode()
            head = bytes([0x60 + len(data)]) if len(data) < 24 else b"\x78" + bytes([len(data)])
            return head + data

        store = b"\0\0\0\x20jumb\0\0\0\x18jumdc2pa"
        if agent:
            store += b"\x6dsoftwareAgent" + text(agent)
        if source:
            url = "http://cv.iptc.org/newscodes/digitalsourcetype/" + source
            store += b"\x71digitalSourceType" + text(url)
        if generator:
            store += b"\x6fclaim_generator" + text(generator)
        return store + more

    @staticmethod
    def graph(**changes: dict[str, object] | None) -> dict[str, dict[str, object]]:
        """ComfyUI's default graph; a keyword `n5={...}` puts a node, `n5=None` takes it out."""

        def node(kind: str, **inputs: object) -> dict[str, object]:
            return {"class_type": kind, "inputs": inputs}

        nodes: dict[str, dict[str, object]] = {
            "3": node("KSampler", seed=42, steps=20, cfg=8.0, sampler_name="euler",
                      scheduler="normal", denoise=1.0, model=["4", 0], positive=["6", 0],
                      negative=["7", 0], latent_image=["5", 0]),
            "4": node("CheckpointLoaderSimple", ckpt_name="sub/foxes_v1.safetensors"),
            "5": node("EmptyLatentImage", width=512, height=768, batch_size=1),
            "6": node("CLIPTextEncode", text="a fox", clip=["4", 1]),
            "7": node("CLIPTextEncode", text="blurry", clip=["4", 1]),
            "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
            "9": node("SaveImage", filename_prefix="ComfyUI", images=["8", 0]),
        }
        for name, changed in changes.items():
            if changed is None:
                del nodes[name[1:]]
            else:
                nodes[name[1:]] = changed
        return nodes

    @classmethod
    def comfy(cls, **changes: dict[str, object] | None) -> bytes:
        """A PNG with that graph."""
        return cls.png(cls.text("prompt", json.dumps(cls.graph(**changes))))


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


@pytest.fixture
def draw() -> type[Draw]:
    return Draw


@pytest.fixture
def found(tmp_path: Path) -> Callable[[bytes], EmbeddedMetadata]:
    """Write bytes to a file whose name tells nothing, and read it."""

    def read_bytes(data: bytes) -> EmbeddedMetadata:
        path = tmp_path / "picture.bin"
        path.write_bytes(data)
        return read(path)

    return read_bytes


@pytest.fixture(scope="session")
def samples() -> dict[str, Path]:
    """The real files by name."""
    return {path.name: path for path in DATA.iterdir() if path.suffix not in (".md", ".json")}
