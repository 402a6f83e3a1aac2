"""Pixels decide whether a picture is sound; what is written beside them is read where it can be."""

from __future__ import annotations

import base64
import io
import struct
import zlib

import pytest
from helpers import draw
from PIL import Image

from imagelib.ingest.importer import add_paths
from imagelib.ingest.inspection import inspect
from imagelib.library.originals.early import Early
from imagelib.recipes import GRID

LIMIT = 10**8
SIZE = (90, 60)
GARBAGE = b"Exif\0\0" + b"\x07garbage that is no TIFF" * 3


def picture() -> Image.Image:
    image = Image.new("RGB", SIZE, "teal")
    image.paste("orange", (0, 0, 45, 20))
    return image


def saved(form: str, **saving) -> bytes:
    stream = io.BytesIO()
    picture().save(stream, form, **saving)
    return stream.getvalue()


def chunk(kind: bytes, body: bytes, wrong: int = 0) -> bytes:
    checksum = zlib.crc32(kind + body) ^ wrong
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def png(*chunks: bytes, behind: bool = False) -> bytes:
    plain = saved("PNG")
    at = len(plain) - 12 if behind else 33
    return plain[:at] + b"".join(chunks) + plain[at:]


def exif_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def riff(*parts: tuple[bytes, bytes]) -> bytes:
    body = b"".join(struct.pack("<4sI", kind, len(data)) + data + bytes(len(data) & 1)
                    for kind, data in parts)
    return struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WEBP") + body


def webp(exif: bytes) -> bytes:
    plain = saved("WEBP")
    head = bytes((8, 0, 0, 0)) + b"".join((side - 1).to_bytes(3, "little") for side in SIZE)
    return riff((b"VP8X", head), (plain[12:16], plain[20:]), (b"EXIF", exif))


def avif(exif: bytes) -> bytes:
    """With *exif* in place of one that is whole; padded to its length."""
    said = Image.Exif()
    said[0x010E] = "x" * 99
    whole = said.tobytes().removeprefix(b"Exif\0\0")
    made = saved("AVIF", exif=said.tobytes())
    assert whole in made
    return made.replace(whole, exif.removeprefix(b"Exif\0\0").ljust(len(whole))[:len(whole)])


def jpeg(exif: bytes) -> bytes:
    plain = saved("JPEG")
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]


def several() -> bytes:
    stream = io.BytesIO()
    picture().save(stream, "MPO", save_all=True, append_images=[Image.new("RGB", SIZE, "red")])
    return stream.getvalue()


SOUND = {
    "PNG, a text with a wrong checksum": png(chunk(b"tEXt", b"Comment\0fox", 1)),
    "PNG, another one": png(chunk(b"iTXt", b"prompt\0\0\0\0\0fox", 0xFFFF)),
    "PNG, a text behind the pixels": png(chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x"), 7),
                                         behind=True),
    "PNG, a text that does not inflate": png(chunk(b"zTXt", b"a\0\0no zlib")),
    "PNG, a text packed in a way nobody knows": png(chunk(b"zTXt", b"a\0\x09abc")),
    "PNG, a text without end": png(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(90 * 2**20)))),
    "PNG, Exif that is none": png(chunk(b"eXIf", GARBAGE)),
    "PNG, a density cut short": png(chunk(b"pHYs", b"\0\0")),
    "PNG, a profile packed in a way nobody knows": png(chunk(b"iCCP", b"icc\0\x05abc")),
    "PNG, a profile that inflates without end": png(
        chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(300 * 2**20), 9))),
    "PNG, chunks of which nobody knows": png(chunk(b"caBX", b"x" * 99, 3), chunk(b"prVt", b"")),
    "PNG, a raw profile that is no hex": png(
        chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 10\nxyz!")),
    "JPEG, Exif that is none": jpeg(GARBAGE),
    "JPEG, Exif that points outside": jpeg(b"Exif\0\0MM\0*\xff\xff\xff\xf0"),
    "JPEG, several pictures": several(),
    "WebP, Exif that is none": webp(GARBAGE),
    "WebP, Exif cut short": webp(b"II*\0"),
    "AVIF, Exif that is none": avif(GARBAGE),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_picture_is_taken_whatever_is_written_beside_it(tmp_path, name):
    (tmp_path / "a.bin").write_bytes(SOUND[name])
    form = name.split(",")[0].upper()
    (tmp_path / "plain.bin").write_bytes(saved(form))
    recipes = [[GRID.edge, GRID.quality, GRID.form, GRID.is_quick]]

    found = inspect(str(tmp_path / "a.bin"), LIMIT, "", recipes)

    plain = inspect(str(tmp_path / "plain.bin"), LIMIT, "", recipes)
    looks = ("mime_type", "width", "height", "phash", "derivatives")
    assert [found[key] for key in looks] == [plain[key] for key in looks]


@pytest.mark.parametrize(("name", "unread"), [
    ("PNG, a text that does not inflate", ["the text a"]),
    ("PNG, Exif that is none", ["Exif"]), ("PNG, a raw profile that is no hex", ["a raw profile"]),
    ("JPEG, Exif that is none", ["Exif"]), ("WebP, Exif that is none", ["Exif"]),
    ("AVIF, Exif that is none", ["Exif"]), ("JPEG, several pictures", None)])
def test_what_cannot_be_read_is_said(library, tmp_path, name, unread):
    (tmp_path / "a.bin").write_bytes(SOUND[name])

    report = add_paths(library, [tmp_path / "a.bin"])

    [image] = library.find()
    assert image.generation.get("unread") == unread
    assert [said.partition(" in it is damaged")[0] for _, said in report.warnings] == (unread or [])


# Seen in Chromium 156 and Firefox 140: what turns a picture there, and what does not.
TURNED = {
    "JPEG, Exif": jpeg(b"Exif\0\0" + exif_of(6).removeprefix(b"Exif\0\0")),
    "PNG, Exif": png(chunk(b"eXIf", exif_of(8).removeprefix(b"Exif\0\0"))),
    "AVIF, its own word": saved("AVIF", exif=exif_of(6)),
}
LEFT = {
    "PNG, Exif behind the pixels": png(
        chunk(b"eXIf", exif_of(6).removeprefix(b"Exif\0\0")), behind=True),
    "PNG, Exif with a wrong checksum": png(
        chunk(b"eXIf", exif_of(6).removeprefix(b"Exif\0\0"), 1)),
    "PNG, Exif in a text": png(chunk(
        b"tEXt", b"Raw profile type exif\0\nexif\n%8d\n" % len(exif_of(6))
        + exif_of(6).hex().encode())),
    "WebP, Exif": webp(exif_of(6)),
    "JPEG, XMP": saved("JPEG", xmp=b'<x tiff:Orientation="6"/>'),
    "AVIF, Exif without its own word": avif(exif_of(6).removeprefix(b"Exif\0\0")),
}


@pytest.mark.parametrize("name", [*TURNED, *LEFT])
def test_size_and_thumbnail_are_turned_as_browsers_turn_the_original(tmp_path, name):
    (tmp_path / "a.bin").write_bytes((TURNED | LEFT)[name])
    found = inspect(str(tmp_path / "a.bin"), LIMIT, "", [[400, 80, "PNG", False]])
    small = Image.open(io.BytesIO(base64.b64decode(
        next(iter(found["derivatives"].values())))))

    assert (found["width"], found["height"]) == (SIZE[::-1] if name in TURNED else SIZE)
    assert small.size == (found["width"], found["height"])


# -- one decoding -----------------------------------------------------------


def test_what_is_kept_is_given_back_whole_or_not_at_all(tmp_path):
    early = Early(tmp_path / "folder")
    assert early.read("a") == {}
    early.keep("a", {"400": b"small", "800": b"large"})
    early.keep("b", {})
    assert early.read("a") == {"400": b"small", "800": b"large"}
    assert early.read("b") == {}

    [file] = (tmp_path / "folder").iterdir()
    content = file.read_bytes()
    for broken in (content[:-1], content[:10], b"", bytes(len(content)), content + b"x"):
        file.write_bytes(broken)
        assert early.read("a") == {}
    early.forget("a")
    early.forget("a")
    assert list((tmp_path / "folder").iterdir()) == []


def test_a_picture_is_decoded_once(library, tmp_path):
    from imagelib.generator.builder import build

    for number, size in enumerate([(900, 500), (300, 200)]):
        library.add(draw(tmp_path / f"{number}.jpg", size))
    calls = []
    worked, library.sandbox.call = library.sandbox.call, lambda *given: calls.append(given)
    build(library)
    assert calls == []

    library.sandbox.call = worked
    thumbnails = {path.name: path.read_bytes()
                  for path in (library.settings.site_dir / "thumbs").rglob("*.webp")}
    build(library, tmp_path / "anew")  # what was made early is used up
    assert len(thumbnails) == 3
    assert thumbnails == {path.name: path.read_bytes()
                          for path in (tmp_path / "anew" / "thumbs").rglob("*.webp")}
    assert list((library.settings.private_dir / "derivatives").iterdir()) == []


def test_nothing_of_a_destroyed_picture_stays(library, picture):
    image = library.add(picture).image
    assert library.originals.early.read(image.digest)
    library.delete(image.id)
    library.empty_trash()
    assert library.originals.early.read(image.digest) == {}
