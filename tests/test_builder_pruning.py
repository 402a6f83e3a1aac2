"""What a build keeps and what it prunes: last copies, other people's files, deleted images."""

from __future__ import annotations

import pytest
from helpers import draw, follow, tree
from site_links import dead_references

from imagelib.errors import ConflictError
from imagelib.generator.builder import build
from imagelib.generator.paths import original_path, page_path, thumbnail_path
from imagelib.library.originals.repairing import locate


def test_a_deleted_image_leaves_the_site(library, picture, tmp_path):
    image = library.add(picture).image
    library.add(draw(tmp_path / "other.png"))
    build(library)
    library.delete(image.id)

    report = build(library)

    for path in (page_path(image.id), thumbnail_path(image.digest),
                 original_path(image.file_name, image.id)):
        assert not (library.settings.site_dir / path).exists()
        assert path in report.pruned
    assert dead_references(library.settings.site_dir) == []


@pytest.fixture
def lost(library, picture):
    """An image of the site whose file is missing under `images/`, as the library knows."""
    image = library.add(picture).image
    build(library)
    library.originals.path_of(image).unlink()
    follow(library)
    return image


def test_a_missing_file_is_no_dead_link(library, lost):
    build(library)

    assert dead_references(library.settings.site_dir) == []
    page = (library.settings.site_dir / page_path(lost.id)).read_text(encoding="utf-8")
    assert original_path(lost.file_name, lost.id) not in page
    assert (library.settings.site_dir / thumbnail_path(lost.digest)).exists()


@pytest.mark.parametrize("memory", ["kept", "lost"])
def test_the_last_copy_of_a_file_is_kept_in_the_site_until_it_is_brought_back(
        library, picture, lost, memory):
    content = picture.read_bytes()
    if memory == "lost":
        (library.settings.private_dir / "build.db").unlink()
    copy = library.settings.site_dir / original_path(lost.file_name, lost.id)

    for full in (False, True, False):
        build(library, full=full)
        assert copy.read_bytes() == content
        library.edit(lost.id, notes=f"{full}")

    assert locate(library, library.settings.published_dir).changed == (lost.id,)
    assert library.originals.path_of(lost).read_bytes() == content
    assert library.get(lost.id).file_state == "ok"


def test_a_missing_image_that_is_deleted_takes_the_last_copy_along_into_the_trash(
        library, picture, lost):
    content = picture.read_bytes()
    build(library)

    library.delete(lost.id)
    build(library)

    assert not (library.settings.site_dir / original_path(lost.file_name, lost.id)).exists()
    library.restore(lost.id)
    assert library.originals.path_of(lost).read_bytes() == content
    assert library.get(lost.id).file_state == "ok"


def test_other_bytes_under_the_name_of_a_missing_file_are_not_kept(library, lost):
    copy = library.settings.site_dir / original_path(lost.file_name, lost.id)
    copy.unlink()
    draw(copy, seed="another picture")
    (library.settings.private_dir / "build.db").unlink()

    build(library)

    assert not copy.exists()


def test_the_right_file_that_is_back_over_an_altered_one_is_in_the_site_again(
        library, picture, tmp_path):
    image = library.add(picture).image
    build(library)
    path = library.originals.path_of(image)
    path.write_bytes(b"no picture any more")  # in the site too, by the hard link
    follow(library)
    build(library)

    (tmp_path / "right.png").write_bytes(picture.read_bytes())
    (tmp_path / "right.png").replace(path)
    follow(library)
    build(library)

    copy = library.settings.site_dir / original_path(image.file_name, image.id)
    assert copy.read_bytes() == picture.read_bytes()
    assert build(library).written == []


@pytest.mark.parametrize("place", ["images", "images/new", ".imagelib/new", ".", ".."])
def test_a_site_is_not_made_where_the_library_has_its_files(library, picture, place):
    library.add(picture)
    folder = library.root / place
    before = set(library.root.parent.rglob("*.html"))
    with pytest.raises(ConflictError, match="part of the library"):
        build(library, folder)
    assert set(library.root.parent.rglob("*.html")) == before
    assert not (library.root / "images" / "new").exists()


@pytest.mark.parametrize("kind", ["foreign", "link", "file"])
def test_a_folder_that_is_no_site_of_ours_is_refused(library, picture, tmp_path, kind):
    library.add(picture)
    target = tmp_path / "out"
    if kind == "foreign":
        target.mkdir()
        (target / "thesis.txt").write_text("mine")
    elif kind == "link":
        (tmp_path / "elsewhere").mkdir()
        target.symlink_to(tmp_path / "elsewhere")
    else:
        target.write_text("a file")

    with pytest.raises(ConflictError):
        build(library, target)

    assert kind != "foreign" or tree(target) == {"thesis.txt": b"mine"}
    assert kind != "link" or list((tmp_path / "elsewhere").iterdir()) == []


def test_a_link_inside_the_site_is_not_written_through(library, picture, tmp_path):
    library.add(picture)
    build(library)
    precious = tmp_path / "precious.html"
    precious.write_text("mine")
    index = library.settings.site_dir / "index.html"
    index.unlink()
    index.symlink_to(precious)

    build(library, full=True)

    assert precious.read_text() == "mine"
    assert not index.is_symlink()


def test_files_of_somebody_else_in_the_site_are_left_alone_and_named(library, picture):
    library.add(picture)
    build(library)
    other = library.settings.site_dir / "CNAME"
    other.write_text("example.org")

    report = build(library, full=True)

    assert report.unknown == ["CNAME"]
    assert other.read_text() == "example.org"
