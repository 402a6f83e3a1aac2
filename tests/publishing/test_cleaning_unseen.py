"""What was erased from a frame of what moves is gone, and all that is seen stays."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from canaries import PIXELS, picture, saved
from PIL import Image
from test_cleaning_png import changed, chunks, png
from test_cleaning_webp import chunk

from imagelib.publishing.cleaning import RefusedError, clean
from imagelib.publishing.cleaning.verifying import looks_of, verify

SIZE = (40, 30)
CONTROL = struct.pack(">4IHHB", *SIZE, 0, 0, 1, 10, 0)


def erased(mode: str, seed: int = 1) -> Image.Image:
    """A picture with a hole, in which its colours are still there; of indices with many of them
    that are not seen."""
    if mode == "P":
        image = picture("P", SIZE, seed)
        image.info["transparency"] = bytes(6)
        return image
    image = picture("RGBA", SIZE, seed)
    image.putalpha(Image.linear_gradient("L").resize(SIZE).point([0] * 90 + [200] * 166))
    return image.convert(mode)


def apng(frames: list[bytes], blend: int, control: bytes = CONTROL) -> bytes:
    """PNG files as the frames of one; the header and the colours are those of the first."""
    made, number = [], 0
    for at, frame in enumerate(frames):
        made.append((b"fcTL", struct.pack(">I", number) + control + bytes((blend,))))
        pixels = b"".join(data for kind, data in chunks(frame) if kind == b"IDAT")
        made.append((b"fdAT", struct.pack(">I", number + 1) + pixels) if at else (b"IDAT", pixels))
        number += 2 if at else 1
    head = [part for part in chunks(frames[0]) if part[0] not in (b"IDAT", b"IEND")]
    return png([*head, (b"acTL", struct.pack(">II", len(frames), 0)), *made, (b"IEND", b"")])


def animated(kind: str, blend: int, seeds: tuple[int, ...] = (1, 2, 3)) -> bytes:
    if kind.startswith("WebP"):
        frames = [erased("RGBA", seed) for seed in seeds]
        options = {"lossless": True} if kind == "WebP" else {"quality": 80}
        parts = b"".join(chunk(b"ANMF", bytes(6) + (39).to_bytes(3, "little") + (29).to_bytes(
            3, "little") + bytes((100, 0, 0, (1 - blend) << 1)) + inside(saved(
                frame, "WEBP", exact=True, **options))) for frame in frames)
        head = bytes((0x12, 0, 0, 0)) + (39).to_bytes(3, "little") + (29).to_bytes(3, "little")
        body = chunk(b"VP8X", head) + chunk(b"ANIM", bytes(6)) + parts
        return struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WEBP") + body
    return apng([still(kind, seed) for seed in seeds], blend)


def still(kind: str, seed: int) -> bytes:
    """A PNG; of indices with a palette of 16 colours."""
    mode, _, depth = kind.partition(" ")
    image = erased(mode, seed)
    if mode != "P":
        return saved(image, "PNG")
    colours = bytes(image.getpalette())
    image.putpalette(colours.ljust(3 << int(depth), b"\0"))
    return changed(b"PLTE", lambda _: colours,
                   base=saved(image, "PNG", transparency=bytes(6)))


def inside(still: bytes) -> bytes:
    """The chunks of a WebP of one frame but for its header."""
    return still[30:] if still[12:16] == b"VP8X" else still[12:]


def raw_frames(content: bytes) -> list[Image.Image]:
    """Each frame alone, as it lies in the file."""
    stills = []
    if content[:4] == b"RIFF":
        at = 12
        while at < len(content):
            kind, length = struct.unpack_from("<4sI", content, at)
            if kind == b"ANMF":
                body = content[at + 24:at + 8 + length]
                body = chunk(b"VP8X", b"\x10\0\0\0\x27\0\0\x1d\0\0") * (
                    body[:4] == b"ALPH") + body
                stills.append(struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WEBP") + body)
            at += 8 + length + (length & 1)
    else:
        parts = chunks(content)
        head = [part for part in parts if part[0] in (b"IHDR", b"PLTE", b"tRNS")]
        stills = [png([*head, (b"IDAT", data[4:] if kind == b"fdAT" else data), (b"IEND", b"")])
                  for kind, data in parts if kind in (b"IDAT", b"fdAT")]
    return [Image.open(io.BytesIO(still)) for still in stills]


def unseen(frame: Image.Image) -> set[object]:
    """The pixels of a frame that are wholly transparent: numbers of colours, or colours."""
    alpha = frame.convert("RGBA").getchannel("A").get_flattened_data()
    return {pixel for pixel, seen in zip(frame.get_flattened_data(), alpha, strict=True)
            if not seen}


KINDS = ["RGBA", "LA", "P 4", "P 8", "WebP", "WebP with loss"]


@pytest.mark.parametrize("blend", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_erased_from_a_frame_is_not_there_any_more(kind, blend):
    content = animated(kind, blend)
    assert all(len(unseen(frame)) > 1 for frame in raw_frames(content))
    cleaned = clean(content).content
    verify(content, cleaned, PIXELS)
    frames = raw_frames(cleaned)
    assert len(frames) == 3
    for frame in frames:
        (one,) = unseen(frame)
        assert one == 0 if frame.mode == "P" else not any(one)
    assert clean(cleaned).content == cleaned


@pytest.mark.parametrize("kind", ["RGBA", "WebP"])
def test_of_a_frame_that_hides_nothing_the_pixels_stay_as_they_are_encoded(kind):
    content = clean(animated(kind, 0)).content
    assert content == clean(content).content
    still = saved(picture(size=SIZE), "PNG")
    plain = apng([still, still], 0)
    assert [data for name, data in chunks(clean(plain).content) if name == b"fdAT"] == [
        data for name, data in chunks(plain) if name == b"fdAT"]


#: Greys of 16 bits, and of 8 in two passes of Adam7, of which nothing is seen.
OTHERS = {
    "16 bits": ((1, 30, 16, 4, 0, 0, 0), b"".join(
        b"\0" + bytes((7 * at, 0, 0, 0)) for at in range(30))),
    "interlaced": ((2, 1, 8, 4, 0, 0, 1), b"\0\7\0" + b"\0\x66\0"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_frames_that_cannot_be_encoded_alike_are_refused_where_they_hide_something(name):
    head, rows = OTHERS[name]
    still = png([(b"IHDR", struct.pack(">IIBBBBB", *head)), (b"IDAT", zlib.compress(rows)),
                 (b"IEND", b"")])
    with pytest.raises(RefusedError, match="nobody sees"):
        clean(apng([still, still], 0, struct.pack(">4IHHB", *head[:2], 0, 0, 1, 10, 0)))


def test_looks_do_not_depend_on_what_nobody_sees():
    one, other = (erased("RGBA", seed) for seed in (1, 2))
    seen = Image.composite(one, other, one.getchannel("A").point([0] + [255] * 255))
    assert looks_of(saved(one, "PNG"), PIXELS) == looks_of(saved(seen, "PNG"), PIXELS)
    seen.putpixel((20, 25), (1, 2, 3, 255))
    assert looks_of(saved(one, "PNG"), PIXELS) != looks_of(saved(seen, "PNG"), PIXELS)
