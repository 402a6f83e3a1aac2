"""Pictures of every type are taken as they are; what not every browser shows has a display copy."""

from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from drawn_formats import MORE, corners, corners_of, saved
from helpers import Daemon, a1111, current_tree, follow, tree, wait_for
from PIL import Image as Picture
from site_links import dead_references

from imagelib.errors import BrokenPictureError, MissingExtraError
from imagelib.formats import EXTENSIONS, EXTRAS, HEAD, needs_display, sniff
from imagelib.generator.builder import build
from imagelib.generator.checking import check_site
from imagelib.generator.paths import page_path, thumbnail_path
from imagelib.ingest.importer import add_paths
from imagelib.ingest.inspection import inspect
from imagelib.library.library import Library
from imagelib.library.originals.following import note_taken, taken_files
from imagelib.pictures import require_whole
from imagelib.recipes import DISPLAY, GRID, SHARP

ROOT = Path(__file__).parents[1]
WEB = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif",
       "AVIF": "image/avif"}
EVERY = WEB | MORE
SIZE = (530, 410)
LIMIT = 10**8


@contextmanager
def running(root: Path) -> Iterator[Daemon]:
    daemon = Daemon(root)
    try:
        yield daemon
    finally:
        daemon.stop()


@pytest.fixture
def several(library, tmp_path):
    """A library with one picture of each type, by its name in Pillow."""
    images = {}
    for form in EVERY:
        path = tmp_path / f"picture of {form}.bin"
        path.write_bytes(saved(corners(SIZE), form))
        images[form] = library.add(path).image
    return library, images


@pytest.mark.parametrize("form", EVERY)
def test_the_type_is_told_by_the_first_bytes(form):
    assert sniff(saved(corners(), form)[:HEAD]) == EVERY[form]


@pytest.mark.parametrize("content", [
    b"BMW is a car, and this is a note of it" * 2, b"II see what you mean" * 3,
    b"MM\0\0" + bytes(40), b"\0\0\0\x14ftypM4A \0\0\0\0M4A heicmif1avif", b"\xff\x0b" + bytes(40),
    b"\0\0\0\x0cJXL " + bytes(30)])
def test_what_only_begins_alike_is_no_picture(content):
    assert sniff(content[:HEAD]) is None


@pytest.mark.parametrize(("brands", "told"), [
    (b"heic\0\0\0\0mif1heic", "image/heic"), (b"mif1\0\0\0\0mif1miafheix", "image/heic"),
    (b"mif1\0\0\0\0mif1avif", "image/avif"), (b"msf1\0\0\0\0hevc", "image/heic"),
    (b"avis\0\0\0\0msf1", "image/avif"), (b"qt  \0\0\0\0qt  ", "video/quicktime"),
    (b"isom\0\0\2\0isomiso2avc1mp41", "video/mp4"), (b"M4V \0\0\0\0", "video/mp4"),
    (b"M4A \0\0\0\0M4A ", None), (b"3gp4heic", None)])
def test_brands_tell_avif_from_heic(brands, told):
    assert sniff(struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands) == told


def test_each_is_kept_byte_for_byte_under_the_ending_of_its_type(several, tmp_path):
    library, images = several
    for form, image in images.items():
        kept = library.originals.path_of(image)
        assert kept.read_bytes() == (tmp_path / f"picture of {form}.bin").read_bytes()
        assert (image.mime_type, kept.suffix) == (EVERY[form], EXTENSIONS[EVERY[form]])
        assert (image.width, image.height) == SIZE


def test_what_not_every_browser_shows_has_a_display_copy_in_its_own_size(several):
    library, images = several
    build(library)
    site = library.settings.site_dir
    for form, image in images.items():
        copy = site / thumbnail_path(image.digest, DISPLAY)
        assert copy.exists() == (form in ("TIFF", "HEIF", "JXL")) == needs_display(image.mime_type)
        page = (site / page_path(image.id)).read_text(encoding="utf-8")
        assert (f'<img src="../{thumbnail_path(image.digest, DISPLAY)}"' in page) == copy.exists()
        assert f'href="../images/{image.file_name}" download' in page, "the original is downloaded"
        assert (f'<img src="../images/{image.file_name}"' in page) != copy.exists()
        if copy.exists():
            with Picture.open(copy) as picture:
                assert (picture.format, picture.size) == ("WEBP", SIZE)
                assert corners_of(picture) == "rgbw"
    displayed = [image.pk for image in images.values() if needs_display(image.mime_type)]
    [block] = site.glob("data/file-0-*.js")
    assert f'"displayed":{displayed}'.replace(" ", "") in block.read_text()
    assert dead_references(site) == []


def test_an_incremental_build_makes_the_same_site_as_a_full_one(several, tmp_path):
    library, images = several
    build(library)
    library.edit(images["HEIF"].id, rating=3)
    build(library)
    build(library, tmp_path / "full")
    assert current_tree(library) == tree(tmp_path / "full")


def test_display_copies_go_with_their_image_and_come_again_when_they_are_lost(several):
    library, images = several
    build(library)
    site = library.settings.site_dir
    copies = {form: site / thumbnail_path(image.digest, DISPLAY) for form, image in images.items()}
    library.delete(images["JXL"].id)
    build(library)
    assert not copies["JXL"].exists()

    copies["TIFF"].unlink()
    copies["HEIF"].write_bytes(b"RIFF no picture")
    faults = check_site(library, deep=True)

    assert sorted(fault.split(":")[0] for fault in faults) == sorted(
        thumbnail_path(images[form].digest, DISPLAY) for form in ("TIFF", "HEIF"))
    assert check_site(library, deep=True, fix=True) == []
    for form in ("TIFF", "HEIF"):
        with Picture.open(copies[form]) as picture:
            assert picture.size == SIZE


def test_a_picture_that_is_lost_before_its_display_copy_is_shown_by_its_thumbnail(several):
    library, images = several
    build(library)
    site, image = library.settings.site_dir, images["TIFF"]
    (site / thumbnail_path(image.digest, DISPLAY)).unlink()
    library.originals.path_of(image).unlink()
    library.edit(image.id, rating=2)

    build(library)

    page = (site / page_path(image.id)).read_text(encoding="utf-8")
    assert f'src="../{thumbnail_path(image.digest)}"' in page
    assert dead_references(site) == []
    [block] = [content for path, content in current_tree(library).items()
               if path.startswith("data/file-0-")]
    displayed = [str(one.pk) for form, one in images.items() if form in ("HEIF", "JXL")]
    assert f'"displayed":[{",".join(displayed)}]'.encode() in block


def test_a_display_copy_and_thumbnails_come_of_one_decoding(library, tmp_path):
    path = tmp_path / "one.bin"
    path.write_bytes(saved(corners(SIZE), "TIFF"))
    image = library.add(path).image
    assert set(library.originals.early.read(image.digest)) == {
        GRID.name, SHARP.name, DISPLAY.name}
    library.originals.path_of(image).unlink()  # nothing is left to be decoded again
    assert build(library).failures == []


def test_the_daemon_says_what_to_show_and_gives_it(several):
    library, images = several
    library.close()
    with running(library.root) as daemon:
        daemon.wait_built()
        for form, image in images.items():
            record = daemon.get(f"/api/images/{image.id}").json
            listed = daemon.get("/api/images", q=f"id:{image.id}").json["items"][0]
            assert record["display_url"] == listed["display_url"]
            assert (record["display_url"] == record["url"]) != needs_display(EVERY[form])
            shown, original = daemon.get(record["display_url"]), daemon.get(record["url"])
            assert shown.headers["Content-Type"] == (
                "image/webp" if needs_display(EVERY[form]) else EVERY[form])
            assert original.headers["Content-Type"] == EVERY[form]


@pytest.fixture
def without(monkeypatch, tmp_path):
    """A function that hides a package from this process and from workers that start now."""
    def hide(module: str) -> None:
        folder = tmp_path / "hidden" / module
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("raise ImportError('hidden')\n")
        monkeypatch.syspath_prepend(str(folder.parent))
        for name in [name for name in sys.modules if name.split(".")[0] == module]:
            monkeypatch.delitem(sys.modules, name)
        for form in ("HEIF", "JXL"):
            if EXTRAS[MORE[form]][2].split()[0].replace("-plugin", "").replace("-", "_") == module:
                monkeypatch.delitem(Picture.OPEN, form)
    return hide


HIDDEN = [("HEIF", "pillow_heif"), ("JXL", "pillow_jxl")]


@pytest.mark.parametrize(("form", "module"), HIDDEN)
def test_what_is_read_by_an_extra_that_is_missing_is_named_with_the_way_to_it(
        tmp_path, without, form, module):
    path = tmp_path / "holiday.bin"
    path.write_bytes(saved(corners(), form))
    called, extra, packages = EXTRAS[MORE[form]]
    without(module)
    with pytest.raises(MissingExtraError):
        inspect(str(path), LIMIT)
    with Library.create(tmp_path / "library") as library:
        report = add_paths(library, [tmp_path / "holiday.bin"])
        [(_, said)] = report.failed
        assert all(part in said for part in (called, f"[{extra}]", f"pip install {packages}"))
        assert "\n" not in said
        path.rename(library.originals.folder / "holiday.bin")
        _, done = follow(library)
        assert [failure.reason for failure in done.failures] == [said]
        assert library.count() == 0


@pytest.mark.parametrize(("form", "module"), HIDDEN)
def test_uploads_and_watched_folders_say_what_is_missing_and_take_it_later(
        tmp_path, without, monkeypatch, form, module):
    watched = tmp_path / "output"
    watched.mkdir()
    root = tmp_path / "library"
    Library.create(root).close()
    (root / "imagelib.toml").write_text(f'[watch]\nfolders = ["{watched}"]\n')
    # Its name promises nothing.
    (watched / "holiday").write_bytes(content := saved(corners(), form))
    with monkeypatch.context() as patch:
        folder = tmp_path / "path" / module
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("raise ImportError('hidden')\n")
        patch.setenv("PYTHONPATH", os.pathsep.join(
            [str(folder.parent), *filter(None, [os.environ.get("PYTHONPATH")])]))
        with running(root) as daemon:
            answer = daemon.upload(content, name="holiday.heic")
            assert answer.status == 415
            assert f"[{EXTRAS[MORE[form]][1]}]" in answer.json["detail"]
            [told] = wait_for(lambda: [one for one in daemon.get("/api/status").json["watch"].get(
                "unreadable", []) if one["file"] == "holiday"])
            assert "pip install" in told["error"]
    with running(root) as daemon:
        assert wait_for(lambda: daemon.get("/api/images").json["total"] == 1)


def test_what_an_earlier_version_did_not_take_is_looked_at_again(library, tmp_path):
    seen = {"a.tif": "", "b.HEIC": "", "c.png": "f" * 64, "d.txt": "", "e": ""}
    for name, digest in seen.items():
        note_taken(library, tmp_path / name, (1, 2), digest)
    assert {path.name for path in taken_files(library)} == {"c.png", "d.txt", "e"}


def test_no_decoder_is_loaded_before_a_file_wants_it():
    code = ("import sys, imagelib.pictures, imagelib.ingest.inspection;"
            "print([name for name in sys.modules if name.split('.')[0] in ('pillow_heif',"
            " 'pillow_jxl', 'brotli') or name == 'PIL.BmpImagePlugin'])")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("form", EVERY)
def test_no_file_is_given_to_another_decoder_than_its_bytes_ask_for(tmp_path, monkeypatch, form):
    path = tmp_path / "a.bin"
    path.write_bytes(saved(corners(), form))
    asked = []
    whole = Picture.open
    monkeypatch.setattr(Picture, "open", lambda stream, **given: (
        asked.append(given.get("formats")), whole(stream, **given))[1])
    require_whole(str(path), LIMIT)
    assert asked == [[form]]


def jxl_start(width: int, height: int) -> bytes:
    """The first bytes of a codestream that states this size, in the longest form."""
    bits, at = 0, 0
    for value, count in ((0, 1), (3, 2), (height - 1, 30), (0, 3), (3, 2), (width - 1, 30)):
        bits |= value << at
        at += count
    return b"\xff\x0a" + bits.to_bytes(20, "little")


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (256, 256), (264, 8), (257, 100), (640, 480),
                                  (1920, 1080), (1200, 1000), (5, 4), (900, 600), (2048, 1024),
                                  (3, 700), (1023, 511)])
@pytest.mark.parametrize("boxed", [False, True])
def test_the_size_of_a_jpeg_xl_is_known_before_it_is_decoded(tmp_path, size, boxed):
    content = saved(Picture.new("RGB", size, "teal"), "JXL", use_container=boxed,
                    **({"xmp": b"<x/>"} if boxed else {}))
    assert content.startswith(b"\0\0\0\x0c" if boxed else b"\xff\x0a")
    path = tmp_path / "a.jxl"
    path.write_bytes(content)
    require_whole(str(path), size[0] * size[1])
    with pytest.raises(BrokenPictureError, match=rf"{size[0]} x {size[1]} pixels are more"):
        require_whole(str(path), size[0] * size[1] - 1)


@pytest.mark.parametrize("content", [
    jxl_start(2**30, 2**30), jxl_start(20_000, 20_000),
    b"\0\0\0\x0cJXL \r\n\x87\n" + struct.pack(">I4s", 30, b"jxlc") + jxl_start(2**29, 3),
    b"\0\0\0\x0cJXL \r\n\x87\n" + b"".join(
        struct.pack(">I4sI", 13, b"jxlp", n) + jxl_start(2**28, 9)[n:n + 1] for n in range(16)),
    b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a\0\0"])
def test_a_jpeg_xl_that_is_too_large_or_cut_short_reaches_no_decoder(tmp_path, monkeypatch,
                                                                     content):
    path = tmp_path / "a.jxl"
    path.write_bytes(content)
    monkeypatch.setattr(Picture, "open", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(BrokenPictureError, match=r"pixels are more than|header is damaged"):
        require_whole(str(path), LIMIT)


@pytest.mark.parametrize("form", MORE)
@pytest.mark.parametrize("part", [0.3, 0.7, 0.97])
def test_a_picture_that_is_cut_short_is_refused(tmp_path, form, part):
    whole = saved(Picture.effect_noise((200, 150), 90).convert("RGB"), form)
    path = tmp_path / "a.bin"
    path.write_bytes(whole[:int(part * len(whole))])
    with pytest.raises(BrokenPictureError):
        require_whole(str(path), LIMIT)


def test_the_extras_are_those_of_the_package():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for _, extra, packages in EXTRAS.values():
        assert [re.match(r"[\w-]+", one)[0] for one in told[extra]] == packages.split()


def test_the_chooser_of_the_add_dialog_offers_every_type():
    script = (ROOT / "templates/editor/adding/add-dialog.js").read_text(encoding="utf-8")
    offered = re.search(r'ACCEPTED = "([^"]+)"', script)[1].split(",")
    assert set(EXTENSIONS) <= set(offered)


def test_prompts_in_pictures_of_other_types_are_found_when_they_are_added(library, tmp_path):
    exif = Picture.Exif()
    exif[0x010E] = a1111("a fox in every type")
    for form in ("TIFF", "HEIF", "JXL"):
        path = tmp_path / f"{form}.bin"
        content = exif.tobytes() if form == "JXL" else exif
        path.write_bytes(saved(corners(), form, exif=content))
        assert library.add(path).image.prompt_text == "a fox in every type", form


def test_a_bmp_of_any_kind_is_upright(tmp_path):
    for mode in ("RGB", "P", "L", "1"):
        image = corners().convert(mode)
        path = tmp_path / f"{mode}.bmp"
        image.save(path)
        found = inspect(str(path), LIMIT, "", [[400, 80, "WEBP", False]])
        assert (found["width"], found["height"]) == (90, 60)
        assert io.BytesIO(path.read_bytes()).read(2) == b"BM"
