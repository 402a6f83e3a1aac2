"""Pictures of several frames are told from those of one, and their tiles and pages say so."""

from __future__ import annotations

import io
import random
import re

import pytest
from helpers import current_tree, draw, tree
from PIL import Image

from imagelib.generator.builder import build
from imagelib.generator.paths import page_path
from imagelib.moving import is_animated

TYPES = {"GIF": "image/gif", "PNG": "image/png", "WEBP": "image/webp", "AVIF": "image/avif"}


def frames(count: int, size: tuple[int, int] = (60, 40)) -> list[Image.Image]:
    rng = random.Random(count)
    return [Image.frombytes("RGB", (4, 3), rng.randbytes(36)).resize(size) for _ in range(count)]


def moving(form: str, count: int, size: tuple[int, int] = (60, 40), **saving) -> bytes:
    first, *others = frames(count, size)
    written = io.BytesIO()
    if count == 1:
        first.save(written, form, **saving)
    else:
        first.save(written, form, save_all=True, append_images=others, duration=80, **saving)
    return written.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (60, 40), (700, 300)])
@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("form", TYPES)
def test_two_frames_move_and_one_does_not(tmp_path, form, count, size):
    path = tmp_path / "a.bin"
    path.write_bytes(content := moving(form, count, size))
    with Image.open(path) as image:
        # Frames that are alike, as all of one pixel may be, are one to some writers.
        drawn = getattr(image, "n_frames", 1)
    assert is_animated(path, TYPES[form]) == (drawn > 1)
    assert not is_animated(path, "image/jpeg"), "only these types move"
    for part in (0, 1, 9, 13, 31, len(content) // 3):
        path.write_bytes(content[:part])
        is_animated(path, TYPES[form])  # it ends


@pytest.mark.parametrize("saving", [{"loop": 0}, {"comment": b"x" * 2000}, {"transparency": 0}])
def test_a_gif_that_repeats_one_frame_does_not_move(tmp_path, saving):
    path = tmp_path / "a.gif"
    frames(1)[0].convert("P").save(path, **saving)
    assert not is_animated(path, "image/gif")
    path.write_bytes(moving("GIF", 3, **({} if "transparency" in saving else saving)))
    assert is_animated(path, "image/gif")


def test_a_png_behind_long_texts_moves_and_one_with_a_single_frame_does_not(tmp_path):
    path = tmp_path / "a.png"
    content = moving("PNG", 2)
    at = content.index(b"acTL") - 4
    text = (9000).to_bytes(4, "big") + b"tEXt" + bytes(9004)
    path.write_bytes(content[:at] + text * 9 + content[at:])
    assert is_animated(path, "image/png")
    path.write_bytes(content[:at + 8] + (1).to_bytes(4, "big") + content[at + 12:])
    assert not is_animated(path, "image/png")


@pytest.mark.parametrize("content", [
    b"GIF89a" + bytes(7) + b"\x21\xf9" + b"\xff" * 300, b"GIF89a" + bytes(7) + b"\x2c" + bytes(40),
    b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0tEXt\0\0\0\0" * 50_000,
    b"RIFF\xff\xff\xff\xffWEBP" + b"ABCD\0\0\0\0" * 50_000,
    b"\xff\xff\xff\xffftypavif" + b"mif1" * 400 + b"avis", b""])
@pytest.mark.parametrize("mime_type", TYPES.values())
def test_nonsense_does_not_move_and_ends(tmp_path, content, mime_type):
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    assert not is_animated(path, mime_type)


@pytest.fixture
def several(library, tmp_path):
    """A still and a moving picture of each type, by type and number of frames."""
    images = {}
    for form in TYPES:
        for count in (1, 3):
            path = tmp_path / f"{form}{count}"
            path.write_bytes(moving(form, count, (60, 40 + count)))
            images[form, count] = library.add(path).image
    images["JPEG", 1] = library.add(draw(tmp_path / "a.jpg")).image
    return library, images


def test_tiles_and_pages_say_what_moves(several):
    library, images = several
    build(library)
    site = library.settings.site_dir
    gallery = (site / "index.html").read_text(encoding="utf-8")
    cards = dict(re.findall(r'<li class="card" data-pk="(\d+)"(.*?)</li>', gallery, re.DOTALL))
    for (form, count), image in images.items():
        said = re.findall(r'<span class="moving" role="img" aria-label="([^"]*)">([^<]*)</span>',
                          cards[str(image.pk)])
        wanted = [("Animated GIF", "GIF")] if form == "GIF" else [("Animated", "animated")]
        assert said == (wanted if count > 1 else [])
        page = (site / page_path(image.id)).read_text(encoding="utf-8")
        assert (f"<dd>{image.mime_type}, animated</dd>" in page) == (count > 1)
        assert f'<img src="../images/{image.file_name}"' in page, "what plays is the original"
    [block] = site.glob("data/file-0-*.js")
    told = sorted(image.pk for (_, count), image in images.items() if count > 1)
    assert f'"animated":{told}'.replace(" ", "") in block.read_text()


def test_a_file_that_is_away_still_moves_and_one_that_is_replaced_may_not(several, tmp_path):
    library, images = several
    build(library)
    library.originals.path_of(images["GIF", 3]).unlink()
    library.edit(images["GIF", 3].id, rating=3)
    (tmp_path / "still").write_bytes(moving("WEBP", 1, (30, 20)))
    library.replace_file(images["WEBP", 3].id, tmp_path / "still")

    build(library)

    [block] = [content.decode() for path, content in current_tree(library).items()
               if path.startswith("data/file-0-")]
    told = re.search(r'"animated":\[([\d,]+)\]', block)[1].split(",")
    assert str(images["GIF", 3].pk) in told
    assert str(images["WEBP", 3].pk) not in told


def test_a_full_build_says_the_same(several, tmp_path):
    library, images = several
    build(library)
    library.edit(images["AVIF", 3].id, rating=3)
    build(library)
    build(library, tmp_path / "full")
    assert current_tree(library) == tree(tmp_path / "full")
