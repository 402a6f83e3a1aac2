"""Videos are taken, read, told by their headers, played by pages, and never published."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import struct
import sys
from contextlib import contextmanager
from pathlib import Path

import av
import pytest
from drawn_formats import corners, corners_of
from drawn_videos import KINDS, film
from helpers import Daemon, current_tree, draw, tree
from PIL import Image as Picture
from prefork import imagelib
from site_links import dead_references

from imagelib.errors import BrokenPictureError
from imagelib.formats import EXTENSIONS, HEAD, sniff
from imagelib.generator.builder import build
from imagelib.generator.paths import page_path, thumbnail_path
from imagelib.ingest.embedded import read
from imagelib.ingest.importer import add_paths
from imagelib.ingest.inspection import inspect
from imagelib.ingest.rereading import reread
from imagelib.library.library import Library
from imagelib.moving import seconds_of
from imagelib.publishing.policy import Policy
from imagelib.publishing.publication import publication
from imagelib.recipes import DISPLAY
from imagelib.videos import TAGS, boxes, elements, facts_of

LIMIT = 10**8
GRAPH = json.dumps({
    "3": {"class_type": "KSampler", "inputs": {
        "seed": 42, "steps": 20, "cfg": 8.0, "sampler_name": "euler", "model": ["4", 0],
        "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "foxes.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox that runs", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "still", "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveVideo", "inputs": {"video": ["8", 0]}}})
WORKFLOW = json.dumps({"nodes": [], "links": []})


@pytest.mark.parametrize("mime_type", KINDS)
@pytest.mark.parametrize(("size", "frames", "rate"), [((320, 180), 20, 10), ((180, 320), 7, 25),
                                                      ((64, 64), 1, 5), ((642, 362), 90, 30)])
def test_size_and_length_are_told_by_headers(tmp_path, mime_type, size, frames, rate):
    path = film(tmp_path / "a.bin", mime_type, size=size, frames=frames, rate=rate)
    assert sniff(path.read_bytes()[:HEAD]) == mime_type
    facts = facts_of(path)
    assert (facts.width, facts.height, facts.orientation) == (*size, 1)
    assert abs(facts.seconds - frames / rate) < 0.1
    assert seconds_of(path, mime_type) == facts.seconds
    with av.open(str(path)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == size


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def mp4(*, matrix: tuple[int, ...] = (1, 0, 0, 1), size: tuple[int, int] = (300, 200),
        scale: int = 1000, length: int = 5000, wide: bool = False, handler: bytes = b"vide",
        brand: bytes = b"isom", before: bytes = b"") -> bytes:
    """The headers of an MP4, written byte by byte."""
    a, b, c, d = (side * 65536 for side in matrix)
    numbers = (struct.pack(">B3xQQIQ", 1, 0, 0, scale, length) if wide
               else struct.pack(">B3xIIII", 0, 0, 0, scale, length))
    track = (struct.pack(">B3xQQIIQ", 1, 0, 0, 1, 0, length) if wide
             else struct.pack(">B3xIIIII", 0, 0, 0, 1, 0, length))
    track += bytes(16) + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + struct.pack(
        ">II", size[0] << 16, size[1] << 16)
    return box(b"ftyp", brand, bytes(4), brand) + before + box(
        b"moov", box(b"mvhd", numbers, bytes(80)),
        box(b"trak", box(b"tkhd", track), box(b"mdia", box(b"hdlr", bytes(8), b"soun"))),
        box(b"trak", box(b"tkhd", track),
            box(b"mdia", box(b"hdlr", bytes(8), handler, bytes(12)))))


@pytest.mark.parametrize(("matrix", "shown", "turn"), [
    ((1, 0, 0, 1), (300, 200), 1), ((0, 1, -1, 0), (200, 300), 6), ((-1, 0, 0, -1), (300, 200), 3),
    ((0, -1, 1, 0), (200, 300), 8)])
@pytest.mark.parametrize("wide", [False, True])
def test_a_track_that_is_turned_is_told_as_it_is_shown(tmp_path, matrix, shown, turn, wide):
    (tmp_path / "a.mp4").write_bytes(mp4(matrix=matrix, wide=wide))
    facts = facts_of(tmp_path / "a.mp4")
    assert (facts.width, facts.height, facts.orientation, facts.seconds) == (*shown, turn, 5)


@pytest.mark.parametrize("content", [
    mp4(scale=0), mp4(length=2**32 - 1), mp4(length=2**64 - 1, wide=True),
    mp4(before=struct.pack(">I4sQ", 1, b"mdat", 16 + 99) + bytes(99), length=0)])
def test_a_length_that_is_not_said_is_none(tmp_path, content):
    (tmp_path / "a.mp4").write_bytes(content)
    assert facts_of(tmp_path / "a.mp4").seconds == 0


@pytest.mark.parametrize("content", [
    mp4(handler=b"soun"), mp4(size=(0, 200)), mp4()[:-40], mp4()[:30],
    box(b"ftyp", b"isom", bytes(8)),
    box(b"ftyp", b"isom", bytes(8)) + box(b"free") * 50_000,
    struct.pack(">I4s", 16, b"ftyp") + b"isom" + bytes(4) + b"\xff\xff\xff\xffmoov" * 99,
    b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm" + bytes(99),
    b"\x1aE\xdf\xa3\x87B\x82\x84webm\x18S\x80g\x01" + b"\xff" * 7 + b"\xec\x80" * 50_000])
def test_headers_that_are_damaged_or_without_a_picture_are_refused(tmp_path, library, content):
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(BrokenPictureError, match="headers are damaged, or that has no picture"):
        facts_of(tmp_path / "a.mp4")
    [(_, said)] = add_paths(library, [tmp_path / "a.mp4"]).failed
    assert "headers are damaged" in said


@pytest.mark.parametrize("beyond", [1, 9, 2**20, 2**31])
def test_nothing_is_given_that_says_it_goes_beyond_what_holds_it(beyond):
    whole = box(b"free", bytes(9)) + box(b"moov", bytes(30))
    inside = b"\xec\x89" + bytes(9) + b"\x12T\xc3g\x88" + bytes(8)
    assert [kind for kind, _, _ in boxes(io.BytesIO(whole), 0, len(whole))] == [b"free", b"moov"]
    assert [name for name, _, _ in elements(io.BytesIO(inside), 0, len(inside))] == [0xEC, TAGS]
    longer = whole[:17] + struct.pack(">I", 38 + beyond) + whole[21:]
    assert [kind for kind, _, _ in boxes(io.BytesIO(longer), 0, len(longer))] == [b"free"]
    # It may be long enough for the file, and not for what holds it.
    assert [kind for kind, _, _ in boxes(io.BytesIO(whole + bytes(99)), 0, 50)] == [b"free"]
    much = b"\x08" + (8 + beyond).to_bytes(4, "big")
    longer = inside[:-9] + much + bytes(8)
    assert [name for name, _, _ in elements(io.BytesIO(longer), 0, len(longer))] == [0xEC]
    assert [name for name, _, _ in elements(io.BytesIO(inside + bytes(99)), 0, 20)] == [0xEC]


TEXTS = {
    "MP4 as ComfyUI saves it": ("video/mp4", {"prompt": GRAPH, "workflow": WORKFLOW}, None),
    "MP4 with a comment as VideoHelperSuite has it": (
        "video/mp4", {"comment": json.dumps({"prompt": GRAPH, "workflow": json.loads(WORKFLOW)})},
        {}),
    "MP4 with its headers in front": (
        "video/mp4", {"prompt": GRAPH}, {"movflags": "use_metadata_tags+faststart"}),
    "QuickTime": ("video/quicktime", {"prompt": GRAPH}, None),
    "WebM as VideoHelperSuite saves it": (
        "video/webm", {"COMMENT": json.dumps({"prompt": GRAPH})}, None),
    "WebM with tags of their own": (
        "video/webm", {"PROMPT": GRAPH, "WORKFLOW": WORKFLOW}, None),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_graph_in_a_video_is_read(tmp_path, library, name):
    mime_type, texts, options = TEXTS[name]
    path = film(tmp_path / "a.bin", mime_type, texts=texts, options=options)
    found = read(path)
    assert (found.prompt, found.negative_prompt, found.model, found.seed) == (
        "a fox that runs", "still", "foxes", 42)
    image = library.add(path).image
    assert (image.prompt_text, image.mime_type) == ("a fox that runs", mime_type)
    assert library.originals.path_of(image).read_bytes() == path.read_bytes()
    assert library.originals.path_of(image).suffix == EXTENSIONS[mime_type]
    assert reread(library, [image]).unchanged == 1


@pytest.mark.parametrize("mime_type", KINDS)
def test_texts_of_damaged_videos_cost_nothing_and_fail_nothing(tmp_path, mime_type):
    whole = film(tmp_path / "a.bin", mime_type, texts={"prompt": GRAPH, "comment": "x" * 300},
                 frames=3).read_bytes()
    marks = [at for word in (b"moov", b"udta", b"meta", b"keys", b"ilst", b"data", b"\x12T\xc3g",
                             b"g\xc8", b"D\x87") for at in [whole.find(word)] if at > 0]
    for at in marks:
        for change in (-4, -2, 0, 3, 8):
            for value in (0, 1, 0x7F, 0xFF):
                content = bytearray(whole)
                content[at + change] = value
                (tmp_path / "b.bin").write_bytes(content)
                read(tmp_path / "b.bin")
    for part in range(0, len(whole), max(1, len(whole) // 60)):
        (tmp_path / "b.bin").write_bytes(whole[:part])
        read(tmp_path / "b.bin")


@pytest.mark.parametrize("turn", [(1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)])
def test_the_poster_is_the_first_frame_and_stands_upright(tmp_path, turn):
    path = film(tmp_path / "a.mp4", picture=corners((320, 180)), size=(320, 180), frames=4)
    plain = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    a, b, c, d = (side * 65536 for side in turn)
    content = path.read_bytes()
    at = content.index(plain, content.index(b"tkhd"))
    path.write_bytes(content[:at] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
                     + content[at + 36:])
    found = inspect(str(path), LIMIT, "", [[DISPLAY.edge, DISPLAY.quality, DISPLAY.form, False]])
    wanted = {1: "rgbw", 6: "wrgb", 3: "bwrg", 8: "gbwr"}[facts_of(path).orientation]
    (tmp_path / "poster.webp").write_bytes(base64.b64decode(
        found["derivatives"][DISPLAY.name]))
    with Picture.open(tmp_path / "poster.webp") as poster:
        assert poster.size == (found["width"], found["height"])
        assert poster.size == ((180, 320) if turn[0] == 0 else (320, 180))
        assert corners_of(poster) == wanted
    assert found["phash"] != ""


@pytest.fixture
def several(library, tmp_path):
    """One video of each type, and a picture."""
    images = {mime_type: library.add(film(
        tmp_path / mime_type.replace("/", "."), mime_type, frames=25, picture=corners((320, 180)),
        texts={"prompt": GRAPH})).image for mime_type in KINDS}
    images["picture"] = library.add(draw(tmp_path / "a.png")).image
    return library, images


def test_pages_play_it_and_say_how_long_it_is(several, tmp_path):
    library, images = several
    build(library)
    site = library.settings.site_dir
    gallery = (site / "index.html").read_text(encoding="utf-8")
    cards = dict(re.findall(r'<li class="card" data-pk="(\d+)"(.*?)</li>', gallery, re.DOTALL))
    for mime_type in KINDS:
        image = images[mime_type]
        assert 'aria-label="Video 0:02">▶ 0:02</span>' in cards[str(image.pk)]
        page = (site / page_path(image.id)).read_text(encoding="utf-8")
        assert (f'<video controls loop muted playsinline preload="metadata"'
                f' src="../images/{image.file_name}"'
                f' poster="../{thumbnail_path(image.digest, DISPLAY)}"') in page
        assert f"<dd>{mime_type}, 0:02</dd>" in page
        assert "<img" not in page.split("page-facts")[0].split("page-picture")[1]
    assert "<video" not in (site / page_path(images["picture"].id)).read_text(encoding="utf-8")
    [block] = site.glob("data/file-0-*.js")
    assert '"animated":[1,2,3]' in block.read_text()
    assert '"seconds":[2,2,2]' in block.read_text()
    assert dead_references(site) == []
    library.edit(images["video/mp4"].id, rating=3)
    build(library)
    build(library, tmp_path / "full")
    assert current_tree(library) == tree(tmp_path / "full")


@pytest.fixture
def without_av(monkeypatch, tmp_path):
    """The package that decodes videos is hidden, from workers that start now, too."""
    folder = tmp_path / "hidden" / "av"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise ImportError('hidden')\n")
    film(tmp_path / "a.mp4", texts={"prompt": GRAPH}, frames=25)
    monkeypatch.syspath_prepend(str(folder.parent))
    for name in [name for name in sys.modules if name.split(".")[0] == "av"]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path / "a.mp4"


def test_without_the_package_a_video_is_taken_and_plays_and_its_preview_is_explained(
        without_av, tmp_path):
    with Library.create(tmp_path / "library") as library:
        image = library.add(without_av).image
        assert (image.width, image.height, image.phash) == (320, 180, "")
        assert image.prompt_text == "a fox that runs"
        report = build(library)
        assert report.failures == [], "it is no fault of the video"
        [(name, said)] = report.without_preview
        assert name == image.file_name
        assert "[video]" in said
        assert "pip install av" in said
        site = library.settings.site_dir
        page = (site / page_path(image.id)).read_text(encoding="utf-8")
        assert f'src="../images/{image.file_name}" width="320"' in page, "without a poster"
        gallery = (site / "index.html").read_text(encoding="utf-8")
        assert 'viewbox="0 0 320 180"' in gallery.lower()
        assert "▶ 0:02" in gallery
        assert dead_references(site) == []
        assert build(library).without_preview == report.without_preview


def test_a_build_without_the_package_says_so_once_and_is_no_failure(without_av, tmp_path):
    with Library.create(tmp_path / "library") as library:
        for number in range(3):
            without_av.write_bytes(without_av.read_bytes() + bytes(number))
            library.add(without_av)
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = imagelib("-L", tmp_path / "library", "build", env=env)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("pip install av") == 1
    assert "3 videos without preview" in done.stderr
    again = imagelib("-L", tmp_path / "library", "build", env=env)
    assert (again.returncode, again.stderr.strip()) == (0, "Everything is up to date.")


def test_a_codec_that_nobody_knows_keeps_no_video_out(tmp_path, library):
    (tmp_path / "a.mp4").write_bytes(mp4())
    image = library.add(tmp_path / "a.mp4").image
    assert (image.width, image.height, image.phash) == (300, 200, "")
    [(_, said)] = build(library).failures
    assert "no frame of it can be decoded" in said


def test_a_video_of_too_many_pixels_is_refused_by_its_headers(tmp_path):
    (tmp_path / "a.mp4").write_bytes(mp4(size=(20_000, 20_000)))
    with pytest.raises(BrokenPictureError, match="more than the"):
        inspect(str(tmp_path / "a.mp4"), LIMIT)


def test_lookalikes_need_a_picture(tmp_path):
    (tmp_path / "a.mp4").write_bytes(mp4())
    assert inspect(str(tmp_path / "a.mp4"), LIMIT)["phash"] == ""
    film(tmp_path / "b.mp4", picture=corners((320, 180)))
    assert len(inspect(str(tmp_path / "b.mp4"), LIMIT)["phash"]) == 16


@contextmanager
def running(root: Path):
    daemon = Daemon(root)
    try:
        yield daemon
    finally:
        daemon.stop()


def test_the_daemon_takes_plays_and_seeks_it(tmp_path, library):
    path = film(tmp_path / "a.webm", "video/webm", texts={"PROMPT": GRAPH})
    content = path.read_bytes()
    library.close()
    with running(library.root) as daemon:
        record = daemon.upload(content, name="a.webm").json
        assert (record["mime_type"], record["prompt_text"]) == ("video/webm", "a fox that runs")
        daemon.wait_built()
        whole = daemon.get(record["url"])
        assert (whole.status, whole.headers["Content-Type"], whole.body) == (
            200, "video/webm", content)
        assert whole.headers["Accept-Ranges"] == "bytes"
        part = daemon.ask("GET", record["url"], headers={"Range": "bytes=100-199"})
        assert (part.status, part.headers["Content-Range"], part.body) == (
            206, f"bytes 100-199/{len(content)}", content[100:200])
        assert part.headers["Content-Type"] == "video/webm"
        assert daemon.get(record["display_url"]).headers["Content-Type"] == "image/webp"
        assert daemon.upload(content, name="again.webm").status == 200, "the same bytes, once"
        # The page may load it.
        assert "media-src 'self'" in daemon.get("/index.html").headers["Content-Security-Policy"]


@pytest.mark.parametrize("originals", ["none", "cleaned", "as they are",
                                       {"size": 640, "format": "webp", "quality": 80}])
def test_a_video_is_left_out_of_what_is_published_and_that_is_said(several, tmp_path, originals):
    library, images = several
    for image in images.values():
        library.edit(image.id, add_tags=["shown"])
    policy = Policy.of("mine", {"fields": ["tags"], "tags": {"only": ["shown"]},
                                "originals": originals})
    with publication(library, policy, str(tmp_path / "out")) as found:
        refused = found.derivation.refused
        found.send()
    assert {name for name, _ in refused} == {images[kind].file_name for kind in KINDS}
    assert all("it is a video" in reason for _, reason in refused)
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert path.suffix not in (".mp4", ".mov", ".webm")
            assert b"a fox that runs" not in path.read_bytes()
