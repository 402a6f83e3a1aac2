"""Thumbnails of a build: two of a large picture, one of each image that can have one."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from helpers import current_tree, draw, follow, tree
from PIL import Image as Picture
from site_links import dead_references

from imagelib.generator.builder import build
from imagelib.generator.paths import page_path, thumbnail_path
from imagelib.recipes import SHARP


@pytest.fixture
def large(library, tmp_path):
    """A library with a picture larger than its thumbnail, one that is no larger, one upright."""
    return library, [library.add(draw(tmp_path / f"{size}.jpg", size)).image
                     for size in ((1000, 611), (400, 300), (500, 1237))]


def test_a_large_picture_has_a_second_thumbnail_and_srcset_says_how_wide_it_is(large, tmp_path):
    library, images = large
    build(library)
    site = library.settings.site_dir
    page = (site / "index.html").read_text(encoding="utf-8")

    said = re.findall(r'(thumbs/[^ "]+\.webp) (\d+)w', page)

    assert len(said) == 4
    for path, width in said:
        with Picture.open(site / path) as picture:
            assert picture.width == int(width), path
    assert max(int(width) for _, width in said) == 800
    assert not (site / thumbnail_path(images[1].digest, SHARP)).exists()
    assert thumbnail_path(images[1].digest) in page
    assert dead_references(site) == []
    library.edit(images[0].id, rating=3)
    build(library)
    build(library, tmp_path / "full")
    assert current_tree(library) == tree(tmp_path / "full")


def test_second_thumbnails_can_be_switched_off_and_on_again(large, tmp_path):
    library, images = large
    build(library)
    site = library.settings.site_dir
    before = current_tree(library)
    sharp = [thumbnail_path(image.digest, SHARP) for image in images[::2]]
    assert all(path in before for path in sharp)

    library.settings = replace(library.settings, sharp=False)
    report = build(library)

    assert set(sharp) <= set(report.pruned)
    assert "srcset" not in (site / "index.html").read_text(encoding="utf-8")
    assert dead_references(site) == []
    build(library, tmp_path / "full")
    assert current_tree(library) == tree(tmp_path / "full")
    library.settings = replace(library.settings, sharp=True)
    build(library)
    assert current_tree(library) == before


def test_pages_of_images_can_be_switched_off_and_on_again(large, tmp_path):
    library, images = large
    library.settings = replace(library.settings, base_url="https://example.org/mine/")
    build(library)
    site = library.settings.site_dir
    before = current_tree(library)
    assert "sitemap.xml" in before

    library.settings = replace(library.settings, pages=False)
    report = build(library)

    assert {page_path(image.id) for image in images} <= set(report.pruned)
    assert not any(path.startswith(("image/", "sitemap")) for path in current_tree(library))
    front = (site / "index.html").read_text(encoding="utf-8")
    assert all(f'href="index.html#{image.id}"' in front for image in images)
    assert dead_references(site) == []
    library.edit(images[0].id, rating=4)
    library.edit(images[0].id, rating=images[0].rating)
    assert not any(path.startswith("image/") for path in build(library).written)
    build(library, tmp_path / "full")
    assert current_tree(library) == tree(tmp_path / "full")
    library.settings = replace(library.settings, pages=True)
    build(library)
    assert current_tree(library).keys() == before.keys()


def test_a_picture_that_is_lost_before_its_second_thumbnail_is_shown_by_the_first(large):
    library, images = large
    library.settings = replace(library.settings, sharp=False)
    build(library)
    library.originals.path_of(images[0]).unlink()
    library.settings = replace(library.settings, sharp=True)

    report = build(library)

    site = library.settings.site_dir
    page = (site / "index.html").read_text(encoding="utf-8")
    assert f'src="{thumbnail_path(images[0].digest)}"' in page
    assert thumbnail_path(images[0].digest, SHARP) not in page
    assert thumbnail_path(images[2].digest, SHARP) in page
    assert report.failures == []
    blocks = [site / path for path in current_tree(library) if path.startswith("data/file-")]
    assert any(f'"blurred":[{images[0].pk}]' in block.read_text() for block in blocks)
    assert dead_references(site) == []


def test_an_image_that_comes_while_others_are_rendered_has_its_thumbnail_too(library, picture,
                                                                              tmp_path):
    library.add(picture)
    replaced = library.add(draw(tmp_path / "first.png")).image
    late = []

    def add_late(stage: str, done: int, total: int) -> None:
        if stage == "thumbnails" and not late:
            late.append(library.add(draw(tmp_path / "late.png")).image)
            library.replace_file(replaced.id, draw(tmp_path / "second.png"))

    build(library, progress=add_late)

    assert late
    site = library.settings.site_dir
    for image in library.find():
        assert (site / thumbnail_path(image.digest)).exists(), image.original_name
    assert dead_references(site) == []
    assert (build(library).written, library.count()) == ([], 3)


def test_one_broken_image_stops_no_other_and_is_told(library, picture, tmp_path):
    good = library.add(picture).image
    bad = library.add(draw(tmp_path / "bad.png")).image
    library.originals.path_of(bad).write_bytes(b"no picture any more")
    library.originals.early.forget(bad.digest)

    report = build(library)

    assert [name for name, _ in report.failures] == [bad.file_name]
    site = library.settings.site_dir
    assert (site / thumbnail_path(good.digest)).is_file()
    assert "no picture" not in (site / page_path(bad.id)).read_text()
    assert "PNG" in (site / page_path(bad.id)).read_text(), "the page says why"
    assert build(library).failures == report.failures, "it is kept, not forgotten"
    assert dead_references(site) == []


@pytest.mark.parametrize("noticed", [True, False])
@pytest.mark.parametrize("trouble", ["missing", "broken"])
def test_a_thumbnail_that_failed_is_made_when_the_right_file_is_back(library, picture, tmp_path,
                                                                     trouble, noticed):
    image = library.add(picture).image
    path = library.originals.path_of(image)
    library.originals.early.forget(image.digest)
    aside = path.rename(tmp_path / "aside.png")
    if trouble == "broken":
        path.write_bytes(b"no picture any more")
    if noticed:
        follow(library)
    assert [name for name, _ in build(library).failures] == [image.file_name]
    library.edit(image.id, rating=1)
    kept = build(library)
    assert (kept.thumbnails, [name for name, _ in kept.failures]) == (0, [image.file_name])
    assert build(library).written == [], "as long as nothing changes there is nothing to do"

    aside.replace(path)
    if noticed:
        follow(library)
    report = build(library)

    assert (report.thumbnails, report.failures) == (1, [])
    site = library.settings.site_dir
    assert thumbnail_path(image.digest) in (site / "index.html").read_text(encoding="utf-8")
    assert build(library).written == []
    build(library, tmp_path / "full")
    assert current_tree(library) == tree(tmp_path / "full")
