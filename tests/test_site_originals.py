"""The originals in the site: files of its own, with the recorded bytes, under names that travel."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import ALL, Daemon, current_tree, draw, follow, tree
from site_links import dead_references

from imagelib.config import Settings
from imagelib.errors import InvalidError
from imagelib.generator.builder import build
from imagelib.generator.checking import check_site
from imagelib.generator.freshness import is_current
from imagelib.generator.paths import original_path
from imagelib.library.library import Library

#: Names that some place refuses or reads in another way.
HOSTILE = ["what: now?.png", 'say "hi".png', "a<b>c.png", "pipe|d.png", "star*.png",
           "back\\slash.png", "new\nline.png", "left\u202eright.png", "zero\u200bwidth.png",
           "CON.png", "com1.txt.png", "nul/fox.png", "-rf.png", "-dir/fox.png", "blank /fox.png",
           "dots../fox.png", "n" * 200 + ".png", "f" * 140 + "/fox.png",
           f"{'a' * 90}/{'b' * 90}/fox.png",
           unicodedata.normalize("NFD", "é.png"), "cat.png/inside.png", "tab\there.png",
           "fox~00000000-0000-4000-8000-000000000000.png",
           "00000000-0000-4000-8000-000000000000 (2).png"]
#: Names that are one where case or Unicode's forms do not count.
TWINS = [("Fox.png", "fox.png"), ("a/B/c.png", "A/b/C.PNG"), ("straße.png", "STRASSE.png"),
         ("É.png", "é.png"), ("\u2126.png", "\u03a9.png")]
ORDINARY = ["fox.png", "ComfyUI_00001_.png", "2025-03/IMG 0001 (2).JPG.png", "_raw/fox.png",
            "東京 #1.png", "it's & that~.png", "50%.png"]


def adopted(library: Library, *names: str) -> None:
    """Put pictures into the images folder as a file manager does."""
    for number, name in enumerate(names):
        draw(library.originals.folder / "draft.png", seed=f"{name}{number}")
        target = library.originals.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (library.originals.folder / "draft.png").rename(target)
    follow(library)


def places(library: Library) -> dict[str, str]:
    """Where the site has each original, by its name in the library, from bytes alone."""
    by_bytes = {path.read_bytes(): path.relative_to(library.settings.published_dir).as_posix()
                for path in library.settings.published_dir.rglob("*") if path.is_file()}
    return {image.file_name: by_bytes[library.originals.path_of(image).read_bytes()]
            for image in library.walk()}


@pytest.fixture
def built(library, tmp_path):
    for n in range(5):
        library.add(draw(tmp_path / f"{n}.png", (60, 40 + n)))
    adopted(library, "fox.png", "deep/down/cat.png")
    build(library)
    return library


def spoil_in_place(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.truncate(40)
    path.chmod(0o600)


@pytest.mark.parametrize("side", ["site", "library"])
def test_what_is_written_into_one_of_both_is_not_in_the_other(built, side):
    pairs = [(built.originals.path_of(image),
              built.settings.site_dir / original_path(image.file_name, image.id))
             for image in built.walk()]
    for original, copy in pairs:
        assert not original.samefile(copy)
        before = original.read_bytes()
        spoil_in_place(copy if side == "site" else original)
        assert (original if side == "site" else copy).read_bytes() == before


def test_a_site_of_links_is_separated_without_rendering_anything(built):
    thumbs = {path: path.stat().st_mtime_ns
              for path in (built.settings.site_dir / "thumbs").rglob("*.webp")}
    for image in built.walk():
        copy = built.settings.site_dir / original_path(image.file_name, image.id)
        copy.unlink()
        os.link(built.originals.path_of(image), copy)
    # As an earlier version leaves it: its pages are of another stamp.
    built.settings = replace(built.settings, title="another")
    report = build(built)

    assert report.thumbnails == 0
    assert {path: path.stat().st_mtime_ns for path in thumbs} == thumbs
    assert {path.stat().st_nlink for path in built.settings.published_dir.rglob("*.png")} == {1}


def test_links_are_made_where_they_are_wanted_and_separated_again(built):
    kept = built.settings
    built.settings = replace(kept, link_originals=True)
    build(built)
    for image in built.walk():
        copy = built.settings.site_dir / original_path(image.file_name, image.id)
        assert copy.samefile(built.originals.path_of(image))
        assert copy.stat().st_mode & 0o777 == 0o444
    built.settings = kept
    build(built)

    assert {path.stat().st_nlink for path in kept.published_dir.rglob("*.png")} == {1}


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("change", ["truncated", "overwritten", "missing", "moved away and back"])
def test_the_last_right_copy_stays_whatever_becomes_of_the_original(built, change, full, tmp_path):
    images = list(built.walk())
    right = {image.id: built.originals.path_of(image).read_bytes() for image in images}
    for image in images:
        path = built.originals.path_of(image)
        if change == "missing":
            path.unlink()
        elif change == "moved away and back":
            path.rename(tmp_path / "away.png")
            (tmp_path / "away.png").rename(path)
        else:
            with path.open("r+b") as stream:
                stream.truncate(30) if change == "truncated" else stream.write(b"no picture")
    for image in images:  # an edit makes its original dirty, too
        built.edit(image.id, rating=4)
    build(built, full=full)

    for image in images:
        copy = built.settings.site_dir / original_path(image.file_name, image.id)
        assert copy.read_bytes() == right[image.id]
    assert dead_references(built.settings.site_dir) == []


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="asks Linux for a bad file")
@pytest.mark.parametrize("full", [False, True])
def test_an_original_that_cannot_be_read_holds_nobody_up(built, full):
    victim, other = list(built.walk())[:2]
    copy = built.settings.site_dir / original_path(victim.file_name, victim.id)
    right = copy.read_bytes()
    built.originals.path_of(victim).unlink()
    built.originals.path_of(victim).symlink_to("/proc/self/mem")  # EIO for whoever reads it
    built.edit(victim.id, other.id, notes="later")
    build(built, full=full)

    assert copy.read_bytes() == right
    assert "later" in (built.settings.site_dir / f"image/{other.id}.html").read_text()
    assert dead_references(built.settings.site_dir) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_does_not_travel_is_another_one_in_the_site(library, name):
    adopted(library, name, "fox.png")
    build(library)
    found = places(library)

    assert found["fox.png"] == "fox.png"
    given = found[name]
    assert given != name
    assert given.isprintable()
    assert not set(given) & set('<>:"\\|?*')
    assert all(len(part.encode()) <= 120 for part in given.split("/"))
    assert dead_references(library.settings.site_dir) == []


def test_the_daemon_answers_under_the_names_of_the_site_and_of_the_library(tmp_path):
    with Library.create(tmp_path / "l") as library:
        adopted(library, "what: now?.png", "Fox.png", "fox.png")
        contents = {image.id: library.originals.path_of(image).read_bytes()
                    for image in library.walk()}
    daemon = Daemon(tmp_path / "l")
    try:
        daemon.wait_built()
        for record in daemon.get("/api/images").json["items"]:
            page = daemon.get(f"/image/{record['id']}.html").body.decode()
            shown = re.findall(r'"\.\./(images/[^"]+)" download', page)
            for address in [record["url"], *(f"/{path}" for path in shown)]:
                assert daemon.get(address).body == contents[record["id"]]
            assert len(shown) == 1
        nobody = "00000000-0000-4000-8000-000000000000"
        assert daemon.get(f"/images/fox~{nobody}.png").status == 404
    finally:
        daemon.stop()


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_name_is_the_same_in_the_site(library, name):
    adopted(library, name)
    build(library)

    assert places(library) == {name: name}
    assert (library.settings.site_dir / ".nojekyll").is_file()


@pytest.mark.parametrize("pair", TWINS)
@pytest.mark.parametrize("order", [1, -1] if ALL else [-1])
def test_twins_have_names_of_their_own_in_whichever_order_they_come(library, tmp_path, pair, order):
    first, second = pair[::order]
    adopted(library, first, "other.png")
    build(library)
    adopted(library, second)
    build(library)
    build(library, tmp_path / "full")
    assert current_tree(library) == tree(tmp_path / "full")
    folded = [unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
              for name in places(library).values()]
    assert len(set(folded)) == len(folded) == 3

    library.delete(next(image.id for image in library.walk() if image.file_name == second))
    build(library)
    shutil.rmtree(tmp_path / "full")
    build(library, tmp_path / "full")
    assert current_tree(library) == tree(tmp_path / "full")
    assert dead_references(library.settings.site_dir) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_names_that_come_and_go_leave_the_tree_of_a_full_build(library, tmp_path, seed):
    rng = random.Random(seed)
    names = [*HOSTILE, *ORDINARY, *(name for pair in TWINS for name in pair)]
    rng.shuffle(names)
    free = set(names)
    for _ in range(6):
        adopted(library, *(name for name in rng.sample(sorted(free), 5)
                           if not os.path.lexists(library.originals.folder / name)))
        images = list(library.walk())
        library.delete(*(image.id for image in rng.sample(images, min(2, len(images)))))
        build(library)
    build(library, tmp_path / "full")

    assert current_tree(library) == tree(tmp_path / "full")
    assert len(places(library)) == sum(1 for _ in library.walk())


def test_the_last_copy_follows_its_image_to_another_name(library):
    adopted(library, "Fox.png")
    image = next(iter(library.walk()))
    right = library.originals.path_of(image).read_bytes()
    build(library)
    library.originals.path_of(image).unlink()
    follow(library, accept_missing=True)
    adopted(library, "fox.png")
    build(library)

    copy = library.settings.site_dir / original_path("Fox.png", image.id, clashes=True)
    assert copy.read_bytes() == right


def test_a_reload_soon_after_an_edit_finds_what_it_asks_for(built):
    site = built.settings.site_dir
    named = set(tree(site)) - {"index.html"}
    for n in range(3):
        built.edit(next(iter(built.walk())).id, notes=f"edit {n}")
        report = build(built)
        assert report.pruned == []
        assert named <= tree(site).keys()
    assert len(current_tree(built)) == len(named) + 1
    build(built, full=True)

    assert tree(site) == current_tree(built)


def test_thumbnails_and_sheets_that_were_replaced_stay_for_a_while_too(built, tmp_path):
    site, own = built.settings.site_dir, built.root / "templates" / "static"
    own.mkdir(parents=True)
    (own / "mine.css").write_text("p { color: red }")
    build(built)
    named = set(tree(site)) - {"index.html"}
    built.replace_file(built.find()[0].id, draw(tmp_path / "other.png"))
    build(built)
    (own / "mine.css").write_text("p { color: blue }")
    build(built)
    gone = named - tree(site).keys()

    assert not {path for path in gone if path.startswith(("data/", "static/", "thumbs/"))}
    kinds = {path.split("/")[0] for path in tree(site).keys() - current_tree(built).keys()}
    assert kinds == {"data", "static", "thumbs"}


def test_what_an_edit_brings_back_is_not_removed_as_replaced(built, monkeypatch):
    image = built.find()[0]
    for notes in ("a", "b", "a", "b", "a"):
        built.edit(image.id, notes=notes)
        build(built)
    monkeypatch.setattr("imagelib.generator.build_run.KEPT_SECONDS", -1.0)
    build(built)

    assert dead_references(built.settings.site_dir) == []
    assert check_site(built, deep=True) == []
    assert tree(built.settings.site_dir) == current_tree(built)


def test_a_build_is_not_done_while_something_replaced_is_overdue(built, monkeypatch):
    built.edit(built.find()[0].id, notes="once")
    build(built)
    follow(built)
    place = built.settings.site_dir.absolute()
    assert is_current(built.settings, place)
    monkeypatch.setattr("imagelib.generator.build_run.KEPT_SECONDS", -1.0)
    monkeypatch.setattr("imagelib.generator.freshness.KEPT_SECONDS", -1.0)
    assert not is_current(built.settings, place)
    build(built)
    assert is_current(built.settings, place)


def test_nothing_of_a_deleted_image_stays_not_even_in_what_was_replaced(built):
    image = next(iter(built.walk()))
    built.edit(image.id, notes="a secret of mine")
    build(built)
    built.edit(image.id, notes="another text")
    build(built)
    built.delete(image.id)
    build(built)

    found = tree(built.settings.site_dir)
    assert not [path for path, content in found.items()
                if b"a secret of mine" in content or image.id.encode() in content
                or image.digest in path or image.id in path]
    assert found == current_tree(built)


def test_what_was_replaced_goes_with_a_later_build(built, monkeypatch):
    built.edit(next(iter(built.walk())).id, notes="once")
    build(built)
    site = built.settings.site_dir
    assert tree(site) != current_tree(built)
    # So much later that nobody asks for it any more.
    monkeypatch.setattr("imagelib.generator.build_run.KEPT_SECONDS", -1.0)
    monkeypatch.setattr("imagelib.generator.freshness.KEPT_SECONDS", -1.0)
    report = build(built)

    assert report.pruned
    assert report.written == []
    assert tree(site) == current_tree(built)


@pytest.mark.parametrize(("given", "known"), [
    ("https://example.org/my gallery/ü/", "https://example.org/my%20gallery/%C3%BC/"),
    ("http://EXAMPLE.org:8080/a%20b", "http://example.org:8080/a%20b"),
    ("https://bücher.example/", "https://xn--bcher-kva.example/"), ("", ""),
])
def test_the_address_of_the_site_is_a_valid_one(tmp_path, given, known):
    (tmp_path / "imagelib.toml").write_text(f"base_url = {json.dumps(given)}", encoding="utf-8")
    assert Settings.load(tmp_path, {}).base_url == known


@pytest.mark.parametrize("given", ["example.org/g", "ftp://example.org/", "https:///g",
                                   "https://exa mple.org/", "https://example.org/?q=1",
                                   "https://example.org/#top", "https://me@example.org/", "//x"])
def test_what_is_no_address_is_refused(tmp_path, given):
    (tmp_path / "imagelib.toml").write_text(f"base_url = {json.dumps(given)}")
    with pytest.raises(InvalidError, match="base_url"):
        Settings.load(tmp_path, {})
