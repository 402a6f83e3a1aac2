"""An image is known by its bytes: names that change hands never carry a rating with them."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest
from helpers import draw, follow

from imagelib.generator.builder import build
from imagelib.library.library import Library
from imagelib.library.originals.drift import Scanner
from imagelib.library.originals.intake import take_in
from imagelib.library.store.disk import digest
from imagelib.library.values.image import Image


def _dropped(library: Library, names: list[str], **saving) -> dict[str, Image]:
    """Pictures under names of the user's own, each with a tag that says which it is."""
    for name in names:
        draw(library.originals.folder / name, seed=f"picture {name}", **saving)
    follow(library)
    for image in library.find():
        library.edit(image.id, add_tags=[f"was {image.file_name}".lower()], rating=3)
    return {image.file_name: image for image in library.find()}


def _rename(folder: Path, names: dict[str, str]) -> None:
    """Rename all at once, in circles too."""
    for old in names:
        (folder / old).rename(folder / f"{old}.passing")
    for old, new in names.items():
        (folder / new).parent.mkdir(exist_ok=True)
        (folder / f"{old}.passing").rename(folder / new)


def _assert_each_kept_its_own(library: Library, before: dict[str, Image],
                              names: dict[str, str]) -> None:
    for old, image in before.items():
        now = library.get(image.id)
        assert now.file_name == names.get(old, old)
        assert now.file_state == "ok"
        assert now.tags == image.tags
        assert digest(library.originals.path_of(now)) == image.digest
    assert library.count() == len(before)
    assert not Scanner(library).scan()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [2, 5, 12])
def test_files_that_change_names_among_each_other_keep_their_metadata(library, count, seed):
    names = [f"{n:03d}.png" for n in range(count)]
    before = _dropped(library, names)
    others = names[1:] + names[:1] if not seed else random.Random(seed).sample(names, count)
    change = {old: new for old, new in zip(names, others, strict=True) if old != new}
    _rename(library.originals.folder, change)

    follow(library)

    _assert_each_kept_its_own(library, before, change)
    for image in before.values():
        moves = [c for c in library.history(image.id) if "file_name" in c.after]
        assert len(moves) == (1 if image.file_name in change else 0), "one step, and no detour"
        assert all(c.before["file_name"] == image.file_name for c in moves)


def test_files_that_are_numbered_anew_keep_their_metadata(library):
    names = [f"{n:03d}.png" for n in range(1, 6)]
    before = _dropped(library, names)
    change = {f"{n:03d}.png": f"sub/{n + 1:03d}.png" if n == 3 else f"{n + 1:03d}.png"
              for n in range(1, 6)}
    _rename(library.originals.folder, change)

    follow(library)

    _assert_each_kept_its_own(library, before, change)


@pytest.mark.parametrize("same_date", [False, True])
def test_a_name_that_is_used_again_is_another_image(library, same_date):
    folder = library.originals.folder
    before = _dropped(library, ["fox.png", "cat.png"])
    stat = (folder / "fox.png").stat()
    (folder / "fox.png").rename(folder / "keep.png")
    draw(folder / "fox.png", seed="another fox")
    if same_date:
        os.utime(folder / "fox.png", ns=(stat.st_atime_ns, stat.st_mtime_ns))

    follow(library)

    assert library.get(before["fox.png"].id).file_name == "keep.png"
    [new] = [image for image in library.find() if image.file_name == "fox.png"]
    assert (new.rating, new.tags) == (0, ())
    assert library.count() == 3


def test_an_image_whose_name_went_to_another_one_is_missing_and_comes_back(library, tmp_path):
    folder = library.originals.folder
    before = _dropped(library, ["a.png", "b.png", "c.png"])
    (folder / "a.png").rename(tmp_path / "away.png")
    (folder / "b.png").rename(folder / "a.png")

    follow(library)

    assert library.get(before["b.png"].id).file_name == "a.png"
    lost = library.get(before["a.png"].id)
    assert (lost.file_state, lost.tags) == ("missing", before["a.png"].tags)
    assert lost.file_name != "a.png"

    library.add(tmp_path / "away.png")
    assert library.get(lost.id).file_state == "ok"
    assert not Scanner(library).scan()


@pytest.mark.parametrize("last", ["removed", "written over"])
def test_names_of_ours_that_change_hands_are_no_better_proof(library, tmp_path, last):
    """The name of an image's file holds its id; that says nothing of whose bytes are in it."""
    images = [library.add(draw(tmp_path / f"{n}.png"), tags=[f"t{n}"]).image for n in range(3)]
    paths = [library.originals.path_of(image) for image in images]
    content = [path.read_bytes() for path in paths]
    paths[2].unlink()
    paths[1].rename(paths[2])
    paths[0].rename(paths[1])
    if last == "written over":
        draw(paths[0], seed="somebody else's")

    follow(library)

    for n in (0, 1):
        now = library.get(images[n].id)
        assert (now.tags, now.file_state) == ((f"t{n}",), "ok")
        assert library.originals.path_of(now).read_bytes() == content[n]
    assert library.get(images[2].id).file_state == "missing"
    assert library.count() == (4 if last == "written over" else 3)
    assert not (drift := Scanner(library).scan()).stray
    assert not drift.altered


def test_files_in_motion_are_not_judged_until_they_rest(library):
    before = _dropped(library, [f"{n}.png" for n in range(4)])
    names = {f"{n}.png": f"{(n + 1) % 4}.png" for n in range(4)}
    scanner = Scanner(library, stable_seconds=60)
    assert not scanner.scan()
    _rename(library.originals.folder, names)

    drift = scanner.scan()

    assert [drift.missing, drift.altered, drift.moved, drift.stray] == [[], [], [], []]
    assert library.get(before["0.png"].id).file_state == "ok"


@pytest.mark.parametrize("kept_in", ["site", "watched folder", "trash"])
def test_a_name_of_ours_that_was_written_over_gets_its_bytes_back(library, tmp_path, kept_in):
    source = draw(tmp_path / "fox.png")
    image = library.add(source, rating=5, tags=["best"]).image
    path = library.originals.path_of(image)
    content = path.read_bytes()
    if kept_in == "site":
        build(library)
    elif kept_in == "watched folder":
        from imagelib.library.originals.following import note_taken

        note_taken(library, source, (1, 1), image.digest)
    else:
        library.replace_file(image.id, draw(tmp_path / "other.png"))
        library.undo()
        library.replace_file(image.id, draw(tmp_path / "third.png"))
        library.undo()
        shutil.copy(path, library.originals.trash_dir / "kept")
        with library.database.write("test") as transaction:
            transaction.run("INSERT INTO replaced VALUES (?, ?, 'kept', '')", image.id,
                            image.digest)
    before = library.count()
    draw(path, (33, 22), seed="written over")

    follow(library)

    assert path.read_bytes() == content
    now = library.get(image.id)
    assert (now.rating, now.tags, now.file_state) == (5, ("best",), "ok")
    assert library.count() == before + 1
    [new] = [i for i in library.find() if (i.width, i.height) == (33, 22)]
    assert (new.rating, new.tags) == (0, ())
    assert not Scanner(library).scan()


def test_a_name_of_ours_that_was_cut_short_gets_its_bytes_back(library, tmp_path):
    image = library.add(draw(tmp_path / "fox.png"), rating=5).image
    build(library)
    path = library.originals.path_of(image)
    content = path.read_bytes()
    with path.open("r+b") as stream:
        stream.truncate(40)

    follow(library)

    assert path.read_bytes() == content
    assert library.count() == 1
    kept = [p.read_bytes() for p in library.originals.trash_dir.iterdir()]
    assert kept == [content[:40]], "what was written over is kept, too"


def test_a_name_of_ours_whose_bytes_are_nowhere_is_flagged_and_keeps_its_record(library, tmp_path):
    image = library.add(draw(tmp_path / "fox.png"), rating=5).image
    draw(library.originals.path_of(image), (33, 22), seed="written over")

    follow(library)

    now = library.get(image.id)
    assert (now.file_state, now.digest, now.width, now.rating) == ("altered", image.digest, 64, 5)


def _rewrite(path: Path, **how) -> None:
    """Change some pixels of a picture, as an editor does."""
    from PIL import Image as Picture

    with Picture.open(path) as picture:
        edited = picture.convert("RGB")
    edited.putpixel((0, 0), (1, 2, 3))
    edited.save(path, **how)


def test_an_edited_file_under_the_users_own_name_stays_the_same_image(library):
    before = _dropped(library, ["mine.png", "other.png"])["mine.png"]
    path = library.originals.folder / "mine.png"
    _rewrite(path)

    follow(library)

    now = library.get(before.id)
    assert (now.file_name, now.tags, now.file_state) == ("mine.png", before.tags, "ok")
    assert now.digest == digest(path) != before.digest
    assert library.history(now.id)[0].action == "altered"


def test_the_earlier_bytes_of_an_edited_file_are_kept_if_the_site_has_them(library):
    before = _dropped(library, ["mine.png", "other.png"])["mine.png"]
    path = library.originals.folder / "mine.png"
    content = path.read_bytes()
    build(library)
    _rewrite(path)

    follow(library)
    library.undo()

    assert path.read_bytes() == content
    assert library.get(before.id).digest == before.digest


@pytest.mark.parametrize("built", [False, True])
def test_another_picture_under_the_users_own_name_is_an_image_of_its_own(library, built):
    """A generator that saves into the folder itself, and uses a name again."""
    before = _dropped(library, ["mine.png", "other.png"])["mine.png"]
    path = library.originals.folder / "mine.png"
    content = path.read_bytes()
    if built:
        build(library)
    draw(path, seed="quite another picture")

    follow(library)

    old = library.get(before.id)
    assert (old.tags, old.rating, old.digest) == (before.tags, 3, before.digest)
    assert old.file_state == ("ok" if built else "missing")
    if built:
        assert library.originals.path_of(old).read_bytes() == content
    [new] = [i for i in library.find() if i.file_name == "mine.png"]
    assert (new.rating, new.tags) == (0, ())
    assert not Scanner(library).scan().altered


def test_a_linked_file_of_ours_gets_an_inode_of_its_own(library, tmp_path):
    image = library.add(draw(tmp_path / "fox.png")).image
    path = library.originals.path_of(image)
    os.link(path, tmp_path / "elsewhere.png")

    follow(library)
    (tmp_path / "elsewhere.png").write_bytes(b"written in place")

    assert digest(path) == image.digest
    assert path.stat().st_nlink == 1
    assert not Scanner(library).scan()


def test_what_comes_in_shares_nothing_with_where_it_came_from(library, tmp_path):
    source = draw(tmp_path / "watched" / "fox.png")
    taken = take_in(library, source, found=True)
    with source.open("r+b") as stream:
        stream.write(b"in place")

    assert digest(library.originals.path_of(taken.image)) == taken.image.digest
