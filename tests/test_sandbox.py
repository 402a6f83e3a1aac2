"""The workers: limits on time and memory, and one bad file is only its own caller's."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from helpers import draw

from imagelib.budget import MAX_SCANS
from imagelib.errors import BrokenPictureError, UnsupportedTypeError
from imagelib.sandbox import Sandbox


@pytest.fixture
def sandbox():
    with Sandbox(2, seconds=2.0) as opened:
        yield opened


def measure(sandbox, path, max_pixels=100_000_000):
    found = sandbox.call("imagelib.ingest.inspection:inspect", str(path), max_pixels)
    return [found[name] for name in ("mime_type", "width", "height", "phash")]


@pytest.mark.parametrize(("name", "mime"), [
    ("a.png", "image/png"), ("a.jpg", "image/jpeg"), ("a.webp", "image/webp"),
    ("a.gif", "image/gif"), ("a.avif", "image/avif")])
def test_the_five_types_are_measured(sandbox, tmp_path, name, mime):
    assert measure(sandbox, draw(tmp_path / name))[:3] == [mime, 64, 48]


def test_the_type_is_that_of_the_bytes_whatever_the_name_says(sandbox, tmp_path):
    png = draw(tmp_path / "a.png")
    lying = png.rename(tmp_path / "a.jpg")
    assert measure(sandbox, lying)[0] == "image/png"


def test_the_size_is_that_of_the_upright_picture(sandbox, tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    assert measure(sandbox, draw(tmp_path / "a.jpg", exif=exif))[1:3] == [48, 64]


def test_a_decoder_outside_the_list_never_runs(sandbox, tmp_path):
    path = tmp_path / "a.png"
    draw(tmp_path / "a.tga").rename(path)
    with pytest.raises(UnsupportedTypeError):
        measure(sandbox, path)


def test_a_picture_of_too_many_pixels_is_refused_by_its_header(sandbox, tmp_path):
    with pytest.raises(BrokenPictureError, match="pixels"):
        measure(sandbox, draw(tmp_path / "a.png"), 100)


def test_a_call_that_takes_too_long_is_ended_and_the_next_one_works(sandbox, tmp_path):
    with pytest.raises(BrokenPictureError, match="longer than"):
        sandbox.call("time:sleep", 30)
    assert measure(sandbox, draw(tmp_path / "a.png"))


def test_a_worker_that_dies_is_replaced(sandbox, tmp_path):
    with pytest.raises(BrokenPictureError, match="crashed"):
        sandbox.call("os:_exit", 3)
    assert measure(sandbox, draw(tmp_path / "a.png"))


def test_a_call_that_wants_too_much_memory_fails_alone(tmp_path):
    with Sandbox(1, memory=512 * 2**20) as sandbox:
        with pytest.raises(BrokenPictureError):
            sandbox.call("builtins:bytearray", 2**30)
        assert measure(sandbox, draw(tmp_path / "a.png"))


def test_a_slow_call_does_not_hold_up_another(sandbox, tmp_path):
    def ask() -> None:
        with pytest.raises(BrokenPictureError):
            sandbox.call("time:sleep", 30)

    slow = threading.Thread(target=ask)
    slow.start()
    assert measure(sandbox, draw(tmp_path / "a.png"))
    assert slow.is_alive()
    slow.join()


def test_a_jpeg_of_thousands_of_scans_is_refused_at_once(sandbox, tmp_path):
    content = draw(tmp_path / "a.jpg", progressive=True).read_bytes()
    start = content.rindex(b"\xff\xda")
    scan = content[start:-2]
    (tmp_path / "b.jpg").write_bytes(
        content[:start] + scan * (MAX_SCANS + 1) + content[-2:])
    with pytest.raises(BrokenPictureError, match="scans"):
        measure(sandbox, tmp_path / "b.jpg")


def test_a_worker_loads_nothing_that_it_does_not_need():
    """Each import is paid by every worker that starts."""
    code = ("import sys, imagelib.worker, imagelib.ingest.inspection\n"
            "print(*{'pydantic', 'sqlite_utils', 'sqlite3', 'jinja2', 'bottle', 'waitress',"
            " 'watchdog', 'click'} & sys.modules.keys())")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          check=True).stdout.split() == []


@pytest.mark.parametrize("module", ["imagelib.daemon.server", "imagelib.ingest.importer",
                                    "imagelib.generator.builder"])
def test_what_serves_adds_or_builds_does_not_even_load_a_decoder(module):
    code = f"import sys, {module}\nprint('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          check=True).stdout.strip() == "False"
