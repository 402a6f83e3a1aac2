"""BMP, TIFF, HEIC and JPEG XL look in the gallery as they are: turned once, in their colours."""

from __future__ import annotations

import base64
import io
import struct

import pytest
from drawn_formats import corners, corners_of, packed_jpeg, saved
from PIL import Image, ImageCms, TiffImagePlugin
from test_colours import derivatives, png, seen, swapping

from imagelib.errors import BrokenPictureError
from imagelib.ingest.inspection import inspect
from imagelib.pictures import difference_hash, render
from imagelib.publishing.cleaning.working import clean_picture, render_picture
from imagelib.recipes import DISPLAY, GRID

LIMIT = 10**8
WANTED = [[one.edge, one.quality, one.form, one.is_quick] for one in (GRID, DISPLAY)]
ORIENTATION = 0x0112
#: What a picture shows whose Exif says so: its corners, where `corners` is what is stored.
UPRIGHT = {1: "rgbw", 2: "grwb", 3: "bwrg", 4: "wbgr", 5: "rwbg", 6: "wrgb", 7: "bgrw", 8: "gbwr"}


def exif_of(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def heic(orientation: int) -> bytes:
    """A HEIC that is turned by its own properties (`irot`, `imir`), as its Exif says, too."""
    return saved(corners(), "HEIF", quality=95, chroma=444, exif=exif_of(orientation).tobytes())


TURNED = {
    "TIFF": lambda path, turn: saved(corners(), "TIFF", exif=exif_of(turn)),
    "TIFF, packed": lambda path, turn: saved(
        corners(), "TIFF", exif=exif_of(turn), compression="tiff_lzw"),
    "HEIC": lambda path, turn: heic(turn),
    "JPEG XL of a JPEG": lambda path, turn: packed_jpeg(path, corners(), exif=exif_of(turn)),
    # The codestream alone counts (ISO 18181-2, 9.1), and it says nothing.
    "JPEG XL": lambda path, turn: saved(corners(), "JXL", exif=exif_of(turn).tobytes()),
}


@pytest.mark.parametrize("turn", UPRIGHT)
@pytest.mark.parametrize("name", TURNED)
def test_a_picture_is_turned_once(tmp_path, name, turn):
    path = tmp_path / "a.bin"
    path.write_bytes(TURNED[name](tmp_path / "a.jpg", turn))
    shown = UPRIGHT[1 if name == "JPEG XL" else turn]
    size = (60, 90) if turn > 4 and name != "JPEG XL" else (90, 60)

    found = inspect(str(path), LIMIT, "", WANTED)

    assert (found["width"], found["height"]) == size
    assert set(found["derivatives"]) == {GRID.name, DISPLAY.name}
    published = render_picture(str(path), LIMIT, {
        "longest": 0, "watermark": "", "format": "png", "quality": 0}, "none")
    cleaned = clean_picture(str(path), LIMIT, "none")
    for content in (*found["derivatives"].values(), published["content"], cleaned["content"]):
        with Image.open(io.BytesIO(base64.b64decode(content))) as picture:
            assert picture.size == size
            assert corners_of(picture) == shown
            assert not picture.getexif()


def tiff(samples: bytes, size: tuple[int, int], bits: tuple[int, ...], photometric: int, *,
         sample_format: int = 1, order: str = "<", more: tuple[tuple[int, int, int, int], ...] = (),
         big: bool = False) -> bytes:
    """A TIFF of one strip, written byte by byte, as Pillow writes few kinds."""
    tags = [(256, 4, 1, size[0]), (257, 4, 1, size[1]), (259, 3, 1, 1), (262, 3, 1, photometric),
            (277, 3, 1, len(bits)), (278, 4, 1, size[1]), (279, 4, 1, len(samples)), *more]
    count = len(tags) + 3
    head, entry, field = (16, 20, 8) if big else (8, 12, 4)
    start = head + (8 if big else 2) + count * entry + field
    heap = struct.pack(order + f"{len(bits)}H", *bits) + struct.pack(
        order + f"{len(bits)}H", *[sample_format] * len(bits))
    places = {258: (start, len(bits)), 339: (start + 2 * len(bits), len(bits))}
    inside = {258: bits[0], 339: sample_format}
    tags += [(name, 3, number, at if 2 * number > field else inside[name])
             for name, (at, number) in places.items()]
    tags.append((273, 4, 1, start + len(heap)))
    if 2 * len(bits) <= field and len(bits) > 1:
        raise ValueError("values that lie inside of an entry are those of one sample here")
    body = b""
    for name, kind, number, value in sorted(tags):
        is_short = kind == 3 and (2 * number <= field)
        packed = struct.pack(order + ("H" if is_short else "Q" if big and kind == 16 else "I"),
                             value)
        body += struct.pack(order + ("HHQ" if big else "HHI"), name, kind, number)
        body += packed.ljust(field, b"\0")
    mark = b"II" if order == "<" else b"MM"
    if big:
        return (mark + struct.pack(order + "HHHQ", 43, 8, 0, 16) + struct.pack(order + "Q", count)
                + body + bytes(8) + heap + samples)
    return (mark + struct.pack(order + "HI", 42, 8) + struct.pack(order + "H", count) + body
            + bytes(4) + heap + samples)


def ramp(form: str, *values: float) -> bytes:
    """Eight columns of each value, sixteen rows."""
    row = b"".join(struct.pack(form, value) * 8 for value in values)
    return row * 16


#: What is stored, and which greys of 8 bits are seen in the columns.
GREYS = {
    "16 bits": (tiff(ramp("<H", 0, 0x4000, 0x8000, 0xFFFF), (32, 16), (16,), 1),
                (0, 64, 128, 255)),
    "16 bits, the other order": (
        tiff(ramp(">H", 0, 0x4000, 0x8000, 0xFFFF), (32, 16), (16,), 1, order=">"),
        (0, 64, 128, 255)),
    "16 bits, a dark picture stays dark": (
        tiff(ramp("<H", 0, 0x1000, 0x2000, 0x3000), (32, 16), (16,), 1), (0, 16, 32, 48)),
    "16 bits, zero is white": (
        tiff(ramp("<H", 0, 0x4000, 0x8000, 0xFFFF), (32, 16), (16,), 0), (255, 191, 127, 0)),
    "8 bits, zero is white": (
        tiff(ramp("<B", 0, 0x40, 0x80, 0xFF), (32, 16), (8,), 0), (255, 191, 127, 0)),
    "12 bits": (tiff(bytes.fromhex("000000" * 4 + "800800" * 4 + "ffffff" * 4) * 16,
                     (24, 16), (12,), 1), (0, 128, 255)),
    "32 bits": (tiff(ramp("<I", 0, 70_000, 140_000, 280_000), (32, 16), (32,), 1),
                (0, 64, 127, 255)),
    "32 bits of the numbers of 16": (
        tiff(ramp("<I", 0, 0x4000, 0x8000, 0xFFFF), (32, 16), (32,), 1), (0, 64, 128, 255)),
    "32 bits of the numbers of 8": (
        tiff(ramp("<I", 0, 0x40, 0x80, 0xC0), (32, 16), (32,), 1), (0, 64, 128, 192)),
    "numbers with a sign": (
        tiff(ramp("<i", -9, 0, 0x80, 0xFF), (32, 16), (32,), 1, sample_format=2),
        (0, 0, 128, 255)),
    "floats": (tiff(ramp("<f", 0, 0.25, 0.5, 1), (32, 16), (32,), 1, sample_format=3),
               (0, 64, 128, 255)),
    "floats that are all dark": (
        tiff(ramp("<f", 0, 0.1, 0.2, 0.3), (32, 16), (32,), 1, sample_format=3), (0, 25, 51, 76)),
    "floats beyond white": (tiff(ramp("<f", -3, 0, 250, 1000), (32, 16), (32,), 1,
                                 sample_format=3), (0, 0, 64, 255)),
    "floats, zero is white": (
        tiff(ramp("<f", 0, 0.25, 0.5, 1), (32, 16), (32,), 0, sample_format=3),
        (255, 191, 128, 0)),
    "BigTIFF": (tiff(ramp("<H", 0, 0x4000, 0x8000, 0xFFFF), (32, 16), (16,), 1, big=True),
                (0, 64, 128, 255)),
    # Its writer says that these are linear: a quarter of the light is seen as 137.
    "JPEG XL of 16 bits": (saved(Image.frombytes("I;16", (32, 16), ramp(
        "<H", 0, 0x4000, 0x8000, 0xFFFF)), "JXL", lossless=True), (0, 137, 188, 255)),
    "JPEG XL of floats": (saved(Image.frombytes("F", (32, 16), ramp(
        "<f", 0, 0.25, 0.5, 1)), "JXL", lossless=True), (0, 137, 188, 255)),
}


@pytest.mark.parametrize("name", GREYS)
def test_greys_of_more_bits_are_scaled_and_not_cut_off(tmp_path, name):
    content, wanted = GREYS[name]
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    published = render_picture(str(path), LIMIT, {
        "longest": 0, "watermark": "", "format": "png", "quality": 0}, "none")["content"]
    for made in (*render(str(path), WANTED, LIMIT), published):
        with Image.open(io.BytesIO(base64.b64decode(made))) as picture:
            grey = picture.convert("L")
            assert grey.size == (8 * len(wanted), 16)
            found = [grey.getpixel((8 * column + 4, 8)) for column in range(len(wanted))]
            assert all(abs(a - b) <= 6 for a, b in zip(found, wanted, strict=True)), found


def several_pages() -> bytes:
    written = io.BytesIO()
    corners().save(written, "TIFF", save_all=True, append_images=[Image.new("RGB", (8, 8), "red")])
    return written.getvalue()


KINDS = {
    "RGB": lambda: saved(corners(), "TIFF"),
    "RGB of 16 bits": lambda: tiff(b"".join(struct.pack("<H", value * 257) for value in
                                            corners().tobytes()), (90, 60), (16, 16, 16), 2),
    "RGBA": lambda: saved(corners().convert("RGBA"), "TIFF"),
    "inks": lambda: saved(corners().convert("CMYK"), "TIFF"),
    "a palette": lambda: saved(corners().quantize(4), "TIFF"),
    "several pages": several_pages,
    "YCbCr": lambda: saved(corners(), "TIFF", compression="jpeg", quality=95),
    "Lab": lambda: saved(ImageCms.profileToProfile(
        corners(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"),
        outputMode="LAB"), "TIFF"),
    "LZW with a predictor": lambda: saved(corners(), "TIFF", compression="tiff_lzw",
                                          tiffinfo={317: 2}),
    "Deflate": lambda: saved(corners(), "TIFF", compression="tiff_adobe_deflate"),
    "a BMP": lambda: saved(corners(), "BMP"),
    "a BMP with a palette": lambda: saved(corners().quantize(4), "BMP"),
    "a HEIC": lambda: saved(corners(), "HEIF", quality=95),
    "a JPEG XL": lambda: saved(corners(), "JXL"),
    "a JPEG XL without loss": lambda: saved(corners(), "JXL", lossless=True),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_pixels_has_its_colours(tmp_path, name):
    path = tmp_path / "a.bin"
    path.write_bytes(KINDS[name]())
    found = inspect(str(path), LIMIT, "", WANTED)
    assert (found["width"], found["height"]) == (90, 60)
    for made in (*render(str(path), WANTED, LIMIT), clean_picture(str(path), LIMIT, "none")[
            "content"]):
        with Image.open(io.BytesIO(base64.b64decode(made))) as picture:
            assert corners_of(picture) == "rgbw"
    with Image.open(path) as picture:
        picture.load()
        assert len(difference_hash(picture)) == 16


@pytest.mark.parametrize("compression", [None, "group3", "group4"])
def test_a_bilevel_tiff_is_black_and_white(tmp_path, compression):
    path = tmp_path / "a.tif"
    image = Image.new("1", (64, 64), 1)
    image.paste(0, (0, 0, 32, 64))
    image.save(path, compression=compression)
    for made in render(str(path), WANTED, LIMIT):
        with Image.open(io.BytesIO(base64.b64decode(made))) as picture:
            grey = picture.convert("L")
            assert grey.getpixel((8, 32)) < 16
            assert grey.getpixel((56, 32)) > 240


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_stays(tmp_path, mode):
    image = corners().convert(mode)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    path = tmp_path / "a.tif"
    image.save(path)
    for made in render(str(path), WANTED, LIMIT):
        with Image.open(io.BytesIO(base64.b64decode(made))) as picture:
            low, high = picture.getchannel("A").getextrema()
            assert low < 8
            assert high > 247


@pytest.mark.parametrize(("form", "saving"), [
    ("TIFF", {}), ("JXL", {"lossless": True}), ("HEIF", {"quality": 95})])
def test_a_profile_is_honoured(tmp_path, form, saving):
    """Green on the screen whose green shines red is seen as red."""
    image = Image.new("RGB", (64, 64), (0, 200, 0))
    if form == "JXL":  # its writer takes none, so that of a JPEG is packed
        content = packed_jpeg(tmp_path / "a.jpg", image, icc_profile=swapping())
    else:
        content = saved(image, form, icc_profile=swapping(), **saving)
    like = png(image, icc_profile=swapping())
    for made, wanted in zip(derivatives(tmp_path, content), derivatives(tmp_path, like),
                            strict=True):
        assert all(abs(a - b) < 10 for a, b in zip(seen(made), seen(wanted), strict=True))
        assert seen(made)[0] > 150 > 60 > seen(made)[1]


def test_the_profile_of_a_display_copy_is_all_that_it_says(tmp_path):
    exif = exif_of(6)
    exif[0x010E] = "a text that nobody shall see"
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[700] = b"<x:xmpmeta>nobody</x:xmpmeta>"
    path = tmp_path / "a.tif"
    corners().save(path, exif=exif, icc_profile=swapping(), tiffinfo=tags)
    for made in render(str(path), WANTED, LIMIT):
        content = base64.b64decode(made)
        assert b"nobody" not in content
        with Image.open(io.BytesIO(content)) as picture:
            assert picture.info.keys() <= {"icc_profile", "loop", "background", "timestamp",
                                           "duration"}
            assert picture.info["icc_profile"]


def test_a_kind_of_tiff_that_is_not_read_is_said_to_be_one(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(bytes(99), (3, 3), (24,), 1))
    with pytest.raises(BrokenPictureError, match="of a kind that is not read"):
        inspect(str(path), LIMIT)
