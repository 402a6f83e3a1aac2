"""No picture takes a gigabyte or minutes, and honest large ones are taken all the same."""

from __future__ import annotations

import base64
import io
import struct
import threading
import time
import zlib
from dataclasses import astuple
from pathlib import Path

import pytest
from helpers import ALL, Daemon, draw, wait_for
from PIL import Image

from imagelib.errors import BrokenPictureError, BusyError
from imagelib.recipes import DISPLAY
from imagelib.sandbox import Queue, Sandbox, hurried
from imagelib.worker import LARGE

#: What Pillow writes as AVIF (`speed=10, quality=30`) for 10000 × 10000 pixels of one colour,
#: packed by zlib: to make it anew takes longer than to read it.
AVIF = zlib.decompress(base64.b85decode(
    "c-muNU{FXasVqn=%S>Yc0uY^>nP!-qnV9D5Xy^nKdYzkElE?r7iWw<6MNl?FL1uCZ0~+8f$SlbPvlxL`E;A=T8N_h`@fjh"
    "ajKT~IY;%EZjm*rvG`LzRASaax%1bOWFm%q($p_n&m03_!0HnP$3zGAJv`A)gK`O*LbpZ%w5Gcs3$OMTnb8v6~DW1eKL+3"
    "_$9*~f5a(+%xUUE(a&}3c)wg#Y(cxFK^%uhgvu`n_<vjAPSG&d!&M2LZlTmE}G{~X&zOj5iYM%}!^XWZLc?_TybIdtp*14"
    "HEbQ<}%8Y*jKYm~5)QX5*s^at{ROXji=2y=&S**V{TCQ*@HuTV#Gcn{~Iq!7f`bK$|6U_a{$1-WY>FBD2JrHotLv-d%Cjf"
    "J<!a^7O^3HosI3?B*}E;c`9S@F4p9DVJ!6`eOD~wG)mA&$PZ~mAysc#{Oz$br;{NDaQkIZclI7@lZ5G;)%)orIm}fX3u`T"
    "<>8h5tMxA#?j<~boy)_&uiomO<Q6I4u$aj8mD!um&-faz&6RsiNPeXQO${$5&G2o43v(akK5hRKv&mum%M*3XmoAw<eYdh"
    "Yok9QK)>-?Rm|C6Wn^U*xF%|5tWil_GwNB=P?e^Lbqa$%Y%U}Krihn-cM$7xs&<(E9xEPHK+QmgNjeK-H*u=Fd--vm~H~m"
    "$CFJ8Iy&oQi7d(T#s`$25miIHO|ouhPzaCC>|_nGC-KfjS}005hpbNv"))
MOST = 2**30
INSPECT = "imagelib.ingest.inspection:inspect"
LIMIT = 100_000_000


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def zeros(count: int) -> bytes:
    """So many zeros as a stream of zlib: one piece is packed, and the others are like it."""
    packer = zlib.compressobj(1)
    head, piece, rest = (packer.compress(bytes(size)) + packer.flush(how) for size, how in (
        (0, zlib.Z_FULL_FLUSH), (2**20, zlib.Z_FULL_FLUSH), (count % 2**20, zlib.Z_FINISH)))
    adler = (count % 65521 << 16 | 1).to_bytes(4, "big")
    return head + piece * (count // 2**20) + rest[:-4] + adler


def blank_png(path: Path, width: int, height: int, depth: int, colour: int, turn: int = 1) -> Path:
    """An honest PNG of one colour, which only its size makes large."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    data = zeros((1 + (width * samples * depth + 7) // 8) * height)
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + struct.pack(">HHI", turn, 0, 0)
    palette = chunk(b"PLTE", bytes(6)) if colour == 3 else b""
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(
        ">IIBBBBB", width, height, depth, colour, 0, 0, 0)) + palette + chunk(b"eXIf", exif)
        + chunk(b"IDAT", data) + chunk(b"IEND", b""))
    return path


def peak_of(sandbox: Sandbox) -> int:
    """The most that any worker of *sandbox* had in memory, in bytes."""
    peaks = [0]
    for worker in sandbox._all:
        if worker._process is not None:
            status = Path(f"/proc/{worker._process.pid}/status").read_text(encoding="ascii")
            peaks += [int(line.split()[1]) * 1024 for line in status.splitlines()
                      if line.startswith("VmHWM")]
    return max(peaks)


@pytest.mark.parametrize(("size", "depth", "colour", "turn"), [
    ((9000, 11000), 16, 6, 6), ((25, 3_900_000), 8, 6, 2),
    *([((9990, 10000), 16, 0, 8), ((10000, 10000), 8, 3, 7)] if ALL else [])])
def test_a_large_honest_png_is_taken_in_less_than_a_gigabyte(tmp_path, size, depth, colour, turn):
    path = blank_png(tmp_path / "a.png", *size, depth, colour, turn)
    upright = size[::-1] if turn > 4 else size
    with Sandbox(1, seconds=60) as sandbox:
        found = sandbox.call(INSPECT, str(path), LIMIT)
        assert (found["width"], found["height"]) == upright
        assert sandbox.call("imagelib.pictures:render", str(path),
                            [(400, 80, "WEBP", False)], LIMIT)
        assert peak_of(sandbox) < MOST


@pytest.mark.parametrize(("suffix", "saving"), [
    ("jpg", {"progressive": True, "subsampling": 0, "quality": 30}), ("avif", None)])
def test_a_hundred_million_pixels_of_other_types_are_taken(tmp_path, suffix, saving):
    path = tmp_path / f"a.{suffix}"
    if saving is None:
        path.write_bytes(AVIF)
    else:
        Image.new("RGB", (10000, 10000), "teal").save(path, **saving)
    with Sandbox(1, seconds=60) as sandbox:
        found = sandbox.call(INSPECT, str(path), LIMIT)
        assert (found["width"], found["height"]) == (10000, 10000)
        assert sandbox.call("imagelib.pictures:render", str(path), [
            (400, 80, "WEBP", False), (800, 80, "WEBP", True)], LIMIT)
        assert peak_of(sandbox) < MOST


@pytest.mark.parametrize(("mode", "size", "orientation"), [
    ("RGB", (10000, 10000), 1), ("RGBA", (9000, 11000), 1), ("I;16", (9000, 11000), 6)])
def test_a_tiff_and_its_display_copy_take_less_than_a_gigabyte(tmp_path, mode, size, orientation):
    path = tmp_path / "a.tif"
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.new(mode, size, {"RGB": "teal", "RGBA": (0, 128, 128, 90), "I;16": 9000}[mode])
    image.save(path, compression="tiff_lzw", exif=exif)
    with Sandbox(1, seconds=60) as sandbox:
        found = sandbox.call(INSPECT, str(path), LIMIT, "", [[400, 80, "WEBP", False],
                                                             list(astuple(DISPLAY))])
        assert (found["width"], found["height"]) == (size[::-1] if orientation > 4 else size)
        assert peak_of(sandbox) < MOST
    with Image.open(io.BytesIO(base64.b64decode(found["derivatives"][DISPLAY.name]))) as copy:
        assert copy.width * copy.height > 10_000_000
        assert abs(copy.width / copy.height - found["width"] / found["height"]) < 0.01


def test_what_webp_cannot_say_of_a_large_picture_is_shown_smaller(tmp_path):
    """Half a megabyte is all that is said of the blocks of one (RFC 6386, 9.5)."""
    path = tmp_path / "a.tif"
    Image.effect_noise((8000, 6000), 90).save(path)
    recipe = [*astuple(DISPLAY)[:3], True]
    with Sandbox(1, seconds=60) as sandbox:
        [made] = sandbox.call("imagelib.pictures:render", str(path), [recipe], LIMIT)
        assert peak_of(sandbox) < MOST
    with Image.open(io.BytesIO(base64.b64decode(made))) as copy:
        assert 1000 < copy.width < 8000
        assert abs(copy.width / copy.height - 4 / 3) < 0.01


def vp8x(width: int, height: int) -> bytes:
    frame = b"VP8X" + struct.pack("<I", 10) + bytes(4) + struct.pack("<I", width - 1)[:3]
    body = b"WEBP" + frame + struct.pack("<I", height - 1)[:3]
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("content", [
    vp8x(9999, 10000), vp8x(16383, 6000), vp8x(1, 99_000_000 // 8) + bytes(40),
    b"RIFF\x20\0\0\0WEBPVP8L\x12\0\0\0\x2f" + struct.pack("<I", 9998 | 9998 << 14) + bytes(20)])
def test_a_webp_whose_canvas_would_not_fit_is_refused_before_it_is_made(tmp_path, content):
    (tmp_path / "a.webp").write_bytes(content)
    with Sandbox(1) as sandbox:
        with pytest.raises(BrokenPictureError):
            sandbox.call(INSPECT, str(tmp_path / "a.webp"), LIMIT)
        assert peak_of(sandbox) < 200 * 2**20


def test_a_jpeg_xl_that_would_take_too_much_is_refused_before_it_is_decoded(tmp_path):
    """Its decoder works when it is opened; the size stands in the first bytes (`SizeHeader`)."""
    bits = 3 << 1 | 8999 << 3 | 3 << 36 | 8999 << 38
    (tmp_path / "a.jxl").write_bytes(b"\xff\x0a" + bits.to_bytes(20, "little"))
    with Sandbox(1) as sandbox:
        with pytest.raises(BrokenPictureError, match="decoding it takes about"):
            sandbox.call(INSPECT, str(tmp_path / "a.jxl"), LIMIT)
        assert peak_of(sandbox) < 200 * 2**20


def test_scans_count_by_what_each_goes_through(tmp_path):
    small = draw(tmp_path / "a.jpg", (64, 64), progressive=True).read_bytes()
    start = small.rindex(b"\xff\xda")
    many = small[:start] + small[start:-2] * 60 + small[-2:]
    (tmp_path / "b.jpg").write_bytes(many)
    stream = io.BytesIO()
    Image.new("RGB", (7000, 6000)).save(stream, "JPEG", progressive=True, quality=20)
    large = stream.getvalue()
    start = large.rindex(b"\xff\xda")
    (tmp_path / "c.jpg").write_bytes(large[:start] + large[start:-2] * 60 + large[-2:])
    with Sandbox(1) as sandbox:
        assert sandbox.call(INSPECT, str(tmp_path / "b.jpg"), LIMIT)
        with pytest.raises(BrokenPictureError, match="scans"):
            sandbox.call(INSPECT, str(tmp_path / "c.jpg"), LIMIT)


def test_one_large_picture_is_decoded_at_a_time_and_small_ones_beside_it(tmp_path):
    """Who holds the turn of the large ones holds up large ones only."""
    large = blank_png(tmp_path / "l.png", 9000, 9000, 8, 2)
    assert LARGE < 9000 * 9000 * 4
    with Sandbox(2) as sandbox:
        with sandbox._large.taken(), hurried(0):
            with pytest.raises(BusyError):
                sandbox.call(INSPECT, str(large), LIMIT)
            assert sandbox.call(INSPECT, str(draw(tmp_path / "s.png")), LIMIT)
        with hurried(0):
            assert sandbox.call(INSPECT, str(large), LIMIT)


def test_the_hurried_go_first_and_give_up_and_the_patient_wait():
    items, served = Queue([1]), []
    holder = items.taken()
    holder.__enter__()
    with hurried(0), pytest.raises(BusyError), items.taken():
        pass

    def wait(name: str, deadline: float | None) -> None:
        if deadline is None:
            with items.taken():
                served.append(name)
        else:
            with hurried(deadline), items.taken():
                served.append(name)

    threads = []
    for name, deadline in (("patient", None), ("hurried", time.monotonic() + 60), ("second", None)):
        threads.append(threading.Thread(target=wait, args=(name, deadline)))
        threads[-1].start()
        assert wait_for(lambda: len(items._patient) + len(items._hurried) == len(threads))
    holder.__exit__(None, None, None)
    for thread in threads:
        thread.join()
    assert served == ["hurried", "patient", "second"]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads limits from /proc")
def test_a_worker_has_given_up_what_it_does_not_need(tmp_path, monkeypatch):
    monkeypatch.setenv("IMAGELIB_SECRET", "token")
    with Sandbox(1) as sandbox:
        sandbox.call("imagelib.pictures:supported_formats")
        pid = sandbox._all[0]._process.pid
        limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
        most = {line[:26].strip(): line[26:].split() for line in limits.splitlines()[1:]}
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        target = tmp_path / "written"
        with pytest.raises(BrokenPictureError, match="large"):
            sandbox.call("shutil:copyfile", str(draw(tmp_path / "a.png")), str(target))
    for name in ("Max file size", "Max core file size", "Max processes"):
        assert most[name][0] == "0"
    # It moves on with each call, so the hard one has to be out of its way.
    assert int(most["Max cpu time"][0]) < 120 < float(most["Max cpu time"][1].replace(
        "unlimited", "inf"))
    assert int(most["Max open files"][0]) <= 64
    assert b"token" not in environment
    assert not target.exists() or not target.read_bytes()


@pytest.fixture
def one_worker(tmp_path):
    from imagelib.library.library import Library

    with Library.create(tmp_path / "l") as library:
        (library.root / "imagelib.toml").write_text("[build]\nworkers = 1\n")
    daemon = Daemon(tmp_path / "l", "--no-watch")
    yield daemon
    daemon.stop()


def test_more_pictures_than_can_be_decoded_are_busy_and_never_broken(one_worker, tmp_path):
    slow = blank_png(tmp_path / "slow.png", 6500, 6500, 8, 2).read_bytes()
    answers = []

    def send(number: int) -> None:
        content = slow[:-12] + chunk(b"tEXt", b"n\0%d" % number) + slow[-12:]
        answers.append(one_worker.upload(content))

    threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert one_worker.get("/api/status").status == 200
    assert {answer.status for answer in answers} == {201, 503}
    busy = next(answer for answer in answers if answer.status == 503)
    assert busy.json["title"] == "Busy"
    assert int(busy.headers["Retry-After"]) > 0
    assert one_worker.get("/api/status").json["images"] == [a.status for a in answers].count(201)
    # The last of them may still be at work; asked again, it has its turn.
    after = draw(tmp_path / "after.png")
    assert wait_for(lambda: one_worker.upload(after).status == 201, 60)
