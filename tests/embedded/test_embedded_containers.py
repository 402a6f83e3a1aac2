"""Where a text may stand: every container, and every trap of each."""

import io
import struct
import sys
import zlib

import brotli
import pytest

from imagelib.ingest.embedded.containers.walk import read_containers
from imagelib.ingest.warnings import warnings_of

UTF16 = b"UNICODE\0"

CARRIERS = {
    "PNG tEXt": lambda d, t: d.png(d.text("parameters", t)),
    "PNG zTXt": lambda d, t: d.png(d.ztxt("parameters", t)),
    "PNG iTXt": lambda d, t: d.png(d.itxt("parameters", t)),
    "PNG iTXt, packed": lambda d, t: d.png(d.itxt("parameters", t, packed=True)),
    "PNG tEXt after the pixels": lambda d, t: d.png(after=(d.text("parameters", t),)),
    "PNG zTXt after the pixels": lambda d, t: d.png(after=(d.ztxt("parameters", t),)),
    "PNG eXIf": lambda d, t: d.png(d.chunk(b"eXIf", d.comment(t.encode()))),
    "PNG eXIf after the pixels": lambda d, t: d.png(
        after=(d.chunk(b"eXIf", d.comment(t.encode())),)
    ),
    "PNG raw profile of ImageMagick": lambda d, t: d.png(
        d.ztxt("Raw profile type exif",
               f"\nexif\n{9:8}\n" + (b"Exif\0\0" + d.comment(t.encode())).hex() + "\n")
    ),
    "JPEG Exif": lambda d, t: d.jpeg((0xE1, b"Exif\0\0" + d.comment(t.encode()))),
    "JPEG comment": lambda d, t: d.jpeg((0xFE, t.encode())),
    "JPEG behind fill bytes": lambda d, t: d.jpeg((0xFE, t.encode())).replace(
        b"\xff\xfe", b"\xff\xff\xff\xfe", 1
    ),
    "WebP Exif": lambda d, t: d.webp((b"EXIF", d.comment(t.encode()))),
    "WebP Exif with a JPEG's prefix": lambda d, t: d.webp(
        (b"EXIF", b"Exif\0\0" + d.comment(t.encode()))
    ),
    "GIF comment behind the pixels": lambda d, t: d.gif(t.encode()),
    "AVIF Exif": lambda d, t: d.avif(exif=d.comment(t.encode())),
    "HEIC Exif": lambda d, t: d.avif(exif=d.comment(t.encode()), brand=b"heic"),
    "TIFF ImageDescription behind the pixels": lambda d, t: d.tiff({0x010E: t}),
    "TIFF of the other order": lambda d, t: d.tiff({0x010E: t}, order=">"),
    "TIFF UserComment in the Exif IFD": lambda d, t: d.comment(t.encode()),
    "BigTIFF": lambda d, t: d.tiff({0x0110: "a camera", 0x010E: t}, big=True),
    "BigTIFF of the other order": lambda d, t: d.tiff({0x010E: t}, order=">", big=True),
    "JPEG XL Exif": lambda d, t: d.jxl((b"Exif", bytes(4) + d.comment(t.encode()))),
    "JPEG XL Exif without its offset": lambda d, t: d.jxl((b"Exif", d.comment(t.encode()))),
    "JPEG XL Exif behind its offset": lambda d, t: d.jxl(
        (b"Exif", b"\0\0\0\x06Exif\0\0" + d.comment(t.encode()))),
    "JPEG XL Exif behind the pixels": lambda d, t: d.jxl(
        (b"xml ", b"<x/>"), (b"Exif", bytes(4) + d.comment(t.encode()))),
    "JPEG XL Exif, packed": lambda d, t: d.jxl(
        (b"Exif", bytes(4) + d.comment(t.encode())), packed=True),
}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_an_infotext_is_found_in_every_container(draw, found, carrier):
    record = found(CARRIERS[carrier](draw, draw.infotext))

    assert (record.prompt, record.seed, record.size) == ("a fox in the snow", 42, (512, 768))


XMP_CARRIERS = {
    "PNG iTXt": lambda d, x: d.png(d.itxt("XML:com.adobe.xmp", x)),
    "PNG plain tEXt, as Midjourney does": lambda d, x: d.png(d.text("XML:com.adobe.xmp", x)),
    "JPEG APP1": lambda d, x: d.jpeg((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + x)),
    "WebP": lambda d, x: d.webp((b"XMP ", x)),
    "AVIF": lambda d, x: d.avif(xmp=x),
    "HEIC": lambda d, x: d.avif(xmp=x, brand=b"heic"),
    "TIFF": lambda d, x: d.tiff({700: x}),
    "BigTIFF": lambda d, x: d.tiff({700: x}, big=True),
    "JPEG XL": lambda d, x: d.jxl((b"xml ", x)),
    "JPEG XL, packed": lambda d, x: d.jxl((b"xml ", x), packed=True),
    "GIF": lambda d, x: in_gif(d, x + b"\x01" + bytes(range(255, -1, -1)) + b"\0"),
    "GIF in real sub-blocks": lambda d, x: in_gif(d, b"".join(
        bytes([len(x[at:at + 255])]) + x[at:at + 255] for at in range(0, len(x), 255)) + b"\0"),
    "JPEG, in two further segments": lambda d, x: extended(d, x, NAME, NAME),
}
NAME = b"0123456789ABCDEF0123456789ABCDEF"


def in_gif(draw, packet):
    """A GIF whose application block of XMP is *packet* as it is, and a comment behind it."""
    behind = b"\x21\xfe\x06behind\0\x3b"
    return draw.gif(b"")[:-4] + b"\x21\xff\x0bXMP DataXMP" + packet + behind


def extended(draw, packet, named, written):
    """A JPEG whose XMP *named* another packet, which lies in two parts under the name *written*."""
    def part(start, end):
        return (0xE1, b"http://ns.adobe.com/xmp/extension/\0" + written + struct.pack(
            ">II", len(packet), start) + packet[start:end])

    main = draw.xmp('xmlns:n="http://ns.adobe.com/xmp/note/"'
                    f' n:HasExtendedXMP="{named.decode()}"')
    return draw.jpeg((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + main),
                     part(40, len(packet)), part(0, 40))


@pytest.mark.parametrize("carrier", XMP_CARRIERS)
def test_xmp_is_found_in_every_container(draw, found, carrier):
    kind = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    packet = draw.xmp(f'xmlns:i="urn:i" i:DigitalSourceType="{kind}"')

    record = found(XMP_CARRIERS[carrier](draw, packet))

    assert record.label == "AI-generated"
    assert record.extra["digital_source_type"] == "trainedAlgorithmicMedia"


def test_what_stands_behind_the_xmp_of_a_gif_is_read(draw):
    for name in ("GIF", "GIF in real sub-blocks"):
        found = read_containers(io.BytesIO(XMP_CARRIERS[name](draw, draw.xmp('xmlns:i="urn:i"'))))
        assert found.texts["comment"] == "behind"


def test_a_further_packet_that_the_xmp_does_not_name_is_not_its_own(draw):
    packet = draw.xmp('xmlns:i="urn:i" i:DigitalSourceType="of another picture"')
    texts = read_containers(io.BytesIO(extended(draw, packet, NAME, NAME[::-1]))).texts
    assert "of another picture" not in texts.values()
    texts = read_containers(io.BytesIO(extended(draw, packet, NAME, NAME))).texts
    assert "of another picture" in texts.values()


@pytest.mark.parametrize("text", ["naïve fox 🦊 #テスト", "naïve fox"])
def test_a_png_text_is_utf8_whatever_the_standard_says(draw, found, text):
    body = draw.infotext.replace("a fox in the snow", text)

    assert found(draw.png(draw.text("parameters", body))).prompt == text


def test_a_png_text_that_is_no_utf8_is_latin1(draw, found):
    body = draw.infotext.replace("a fox", "café").encode("latin-1")

    assert found(draw.png(draw.text("parameters", body))).prompt == "café in the snow"


CHARSETS = {
    "UTF-16BE": lambda t: UTF16 + t.encode("utf-16-be"),
    "UTF-16LE under the same name": lambda t: UTF16 + t.encode("utf-16-le"),
    "UTF-16 with a byte order mark": lambda t: UTF16 + b"\xff\xfe" + t.encode("utf-16-le"),
    "UTF-8 under the wrong name": lambda t: UTF16 + t.encode(),
    "ASCII": lambda t: b"ASCII\0\0\0" + t.encode(),
    "eight NULs": lambda t: bytes(8) + t.encode(),
    "no prefix": lambda t: t.encode(),
    "JIS": lambda t: b"JIS\0\0\0\0\0" + t.encode("iso2022_jp"),
    "NULs at the end": lambda t: b"ASCII\0\0\0" + t.encode() + b"\0\0\0",
}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("charset", CHARSETS)
def test_a_user_comment_is_decoded_whatever_its_prefix_says(draw, found, charset, order):
    text = draw.infotext.replace("a fox", "テスト")

    record = found(draw.webp((b"EXIF", draw.comment(CHARSETS[charset](text), order=order))))

    assert (record.prompt, record.seed) == ("テスト in the snow", 42)


@pytest.mark.parametrize("codec", ["utf-16-be", "utf-16-le"])
def test_utf16_without_any_ascii_is_told_apart_too(codec):
    from imagelib.ingest.embedded.containers.exif import decode_comment

    text = "雪の中の狐と赤い襟巻き、美しい夕暮れの森、高画質"

    assert decode_comment(UTF16 + text.encode(codec)) == text


def test_tags_of_the_exif_directory_are_read_in_ifd0_too(draw, found):
    tiff = draw.exif({0x9286: draw.infotext, 0x927C: "a1111"})

    assert found(draw.webp((b"EXIF", tiff))).prompt == "a fox in the snow"


def test_an_exif_directory_that_points_to_itself_ends(draw, found):
    tiff = bytearray(draw.exif({}, {0x9286: draw.infotext}))
    tiff[18:22] = struct.pack(">I", 8)  # the pointer to the Exif IFD

    assert not found(draw.webp((b"EXIF", bytes(tiff))))


def test_an_exif_value_beyond_the_end_is_left_out_and_the_others_stay(draw, found):
    tiff = bytearray(draw.exif({0x010E: draw.infotext, 0x0131: "Draw Things"}))
    tiff[18:22] = struct.pack(">I", 0x7FFFFFF0)  # the offset of the description

    assert not found(draw.webp((b"EXIF", bytes(tiff))))
    tiff = bytearray(draw.exif({0x0131: "Some editor", 0x010E: draw.infotext}))
    tiff[18:22] = struct.pack(">I", 0x7FFFFFF0)
    assert found(draw.webp((b"EXIF", bytes(tiff)))).seed == 42


def test_an_exif_value_that_overruns_the_end_is_left_out(draw, found):
    tiff = draw.exif({0x010E: draw.infotext})

    assert found(draw.webp((b"EXIF", tiff)))
    assert not found(draw.webp((b"EXIF", tiff[:-3])))


def test_a_wrong_checksum_does_not_hide_a_text(draw, found):
    chunk = draw.text("parameters", draw.infotext)

    assert found(draw.png(chunk[:-4] + b"\0\0\0\0")).seed == 42


def test_what_follows_the_end_of_a_png_is_not_read(draw, found):
    assert not found(draw.png() + draw.text("parameters", draw.infotext))


def test_the_second_text_under_the_same_key_is_kept_as_well(draw, found):
    record = found(draw.png(draw.text("parameters", draw.infotext), draw.text("parameters", "b")))

    assert record.raw == {"parameters": draw.infotext, "parameters#2": "b"}


def test_a_truncated_inflated_text_does_not_spoil_the_others(draw, found):
    broken = draw.chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 99)[:-20] + b"garbage")

    assert found(draw.png(broken, draw.text("parameters", draw.infotext))).seed == 42


def test_c2pa_is_joined_over_several_jpeg_segments(draw, found):
    store = draw.c2pa(agent="GPT-4o", source="trainedAlgorithmicMedia", generator="ChatGPT")
    cut = store.index(b"softwareAgent") + 5
    first = b"JP\0\1" + struct.pack(">I", 1) + store[:cut]
    second = b"JP\0\1" + struct.pack(">I", 2) + store[:8] + store[cut:]

    assert found(draw.jpeg((0xEB, second), (0xEB, first))).tool == "ChatGPT (OpenAI)"


def box(kind, data):
    return struct.pack(">I", len(data) + 8) + kind + data


FTYP = box(b"ftyp", b"avif\0\0\0\0")


def test_an_item_inside_of_the_meta_box_is_found(draw, found):
    item = bytes(4) + draw.comment(draw.infotext.encode())
    # Version 1 with construction method 1: the offset counts from the data of `idat`.
    place = struct.pack(">HHHHII", 1, 1, 0, 1, 0, len(item))
    meta = (bytes(4) + box(b"iinf", bytes(4) + b"\0\1" + box(b"infe", b"\2\0\0\0\0\1\0\0Exif\0"))
            + box(b"iloc", b"\1\0\0\0\x44\0\0\1" + place) + box(b"idat", item))

    assert found(FTYP + box(b"meta", meta)).seed == 42


@pytest.mark.parametrize("wide", [False, True])
def test_c2pa_is_found_in_avif(draw, found, wide):
    data = (bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + bytes(20)
            + draw.c2pa(agent="GPT-4o", source="trainedAlgorithmicMedia"))
    head = struct.pack(">I4sQ", 1, b"uuid", len(data) + 16) if wide else None

    assert found(FTYP + (head + data if head else box(b"uuid", data))).tool == "ChatGPT (OpenAI)"


def test_a_text_larger_than_the_window_is_read_whole(draw, found):
    prompt = "fox, " * 40_000 + "end"
    record = found(draw.png(draw.text("parameters", draw.infotext.replace("a fox", prompt))))

    assert record.raw["parameters"].startswith("fox, ")
    assert record.seed == 42
    assert len(record.prompt) == 200_000, "as long as the library takes"


def test_windows_comment_is_utf16_without_a_prefix(draw, found):
    tiff = draw.exif({0x9C9C: draw.infotext.encode("utf-16-le") + b"\0\0"})

    assert found(draw.webp((b"EXIF", tiff))).seed == 42


def test_a_cameras_binary_maker_note_is_not_kept(draw, found):
    tiff = draw.exif({0x010E: draw.infotext}, {0x927C: b"\x01" * 4000})

    assert set(found(draw.webp((b"EXIF", tiff))).raw) == {"exif:ImageDescription"}


@pytest.mark.parametrize("caption", ["", "a cat on a mat"])
def test_an_iptc_caption_is_read(draw, found, caption):
    text = (caption or draw.infotext).encode()
    record = b"\x1c\x02\0\0\x02\0\2" + b"\x1c\x02\x78" + struct.pack(">H", len(text)) + text
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record

    found_record = found(draw.jpeg((0xED, b"Photoshop 3.0\0" + block)))

    assert found_record.seed == (None if caption else 42)


def test_c2pa_is_found_in_jpeg_xl(draw, found):
    store = draw.c2pa(generator="Some_Generator/1.0", source="trainedAlgorithmicMedia")
    for packed in (False, True):
        assert found(draw.jxl((b"jumb", store[8:]), packed=packed)).label == "AI-generated"


@pytest.mark.parametrize("photoshop", [False, True])
def test_iptc_is_found_in_tiff(draw, photoshop):
    dataset = b"\x1c\x02\x05\0\x07A title\x1c\x02\x19\0\x03fox"
    tags = {0x8649: b"8BIM\x04\x04\0\0" + struct.pack(">I", len(dataset)) + dataset} if (
        photoshop) else {0x83BB: dataset}
    texts = read_containers(io.BytesIO(draw.tiff(tags))).texts
    assert (texts["iptc:Title"], texts["iptc:Keywords"]) == ("A title", "fox")


def test_without_brotli_it_is_said_what_is_packed_and_how_to_read_it(draw, monkeypatch):
    monkeypatch.setitem(sys.modules, "brotli", None)
    content = draw.jxl((b"Exif", draw.comment(b"x")), (b"xml ", draw.xmp()), packed=True)
    found = read_containers(io.BytesIO(content))
    assert found.texts == {}
    told = warnings_of({"unread": found.unread})
    assert [line.split(" (")[0] for line in told] == ["Exif", "XMP"]
    assert all("pip install brotli" in line and "damaged" not in line for line in told)


@pytest.mark.parametrize("data", [
    b"Exif" + b"no brotli", b"Exif" + brotli.compress(bytes(100))[:9], b"Exif",
    b"xml " + brotli.compress(b"<" * (9 << 20), quality=1)])
def test_what_is_packed_and_damaged_or_far_too_long_is_left_out(draw, data):
    box = struct.pack(">I", len(data) + 8) + b"brob" + data
    found = read_containers(io.BytesIO(draw.jxl() + box))
    assert found.texts == {}
    assert found.unread == ["XMP" if data.startswith(b"xml ") else "Exif"]


def test_many_packed_bombs_cost_no_more_than_a_few(draw, monkeypatch):
    inflated = []

    class Counted:
        """Brotli's engine, which notes what comes out of it."""

        def __init__(self) -> None:
            self._engine = whole()
            self.is_finished = self._engine.is_finished

        def process(self, packed: bytes, **limits: int) -> bytes:
            data = self._engine.process(packed, **limits)
            inflated.append(len(data))
            return data

    whole = brotli.Decompressor
    monkeypatch.setattr(brotli, "Decompressor", Counted)
    data = b"Exif" + brotli.compress(bytes(7 << 20), quality=1)
    box = struct.pack(">I", len(data) + 8) + b"brob" + data
    found = read_containers(io.BytesIO(draw.jxl() + box * 60))
    assert found.texts == {}
    assert 0 < sum(inflated) < 40 << 20


def test_a_tiff_that_points_outside_or_in_a_circle_is_read_as_far_as_it_is_whole(draw):
    whole = draw.tiff({0x010E: draw.infotext, 0x0131: "a program of the user"})
    assert read_containers(io.BytesIO(whole[:-5])).texts.keys() == {"exif:ImageDescription"}
    circle = draw.exif({0x010E: "what is there"}, {0x9286: "x"})
    at = circle.index(b"\x87\x69\0\x04")
    circle = circle[:at + 8] + struct.pack(">I", 8) + circle[at + 12:]
    assert read_containers(io.BytesIO(circle)).texts == {"exif:ImageDescription": "what is there"}
