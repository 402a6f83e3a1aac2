"""Folders and archives: what stands there already, whose it is, and what somebody changed there."""

from __future__ import annotations

import contextlib
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from helpers import draw
from published import policy, publish, tree

from imagelib.errors import ConflictError
from imagelib.library.library import Library
from imagelib.publishing import publication as publishing
from imagelib.publishing.publication import publication


def test_the_same_site_is_the_same_archive(library, tmp_path):
    publish(library, tmp_path / "one.zip")
    publish(library, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.testzip() is None
        assert "index.html" in archive.namelist()
        assert {entry.date_time for entry in archive.infolist()} == {(2000, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("place", ["", "images", "site", ".imagelib/x", "site/images", "templates",
                                   ".."])
def test_the_library_is_no_place_for_its_publication(library, place, tmp_path):
    (library.root / "templates").mkdir()
    with pytest.raises(ConflictError), publication(
            library, policy(), str(library.root / place)):
        pass


def test_a_folder_with_somebody_elses_files_is_left_alone(library, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "index.html").write_text("theirs")
    with pytest.raises(ConflictError, match="did not put there"), publication(
            library, policy(), str(tmp_path / "theirs")):
        pass
    publish(library, tmp_path / "out")
    (tmp_path / "out" / "CNAME").write_text("example.org")
    library.delete(*library.ids("tag:shown -tag:private")[:2])
    publish(library, tmp_path / "out")
    assert (tmp_path / "out" / "CNAME").read_text() == "example.org"


@pytest.mark.parametrize("place", ["out", "out.zip"])
def test_what_somebody_took_away_is_sent_again(library, tmp_path, place):
    publish(library, tmp_path / place)
    whole = tree(tmp_path)
    if place == "out.zip":
        (tmp_path / place).unlink()
    else:
        shutil.rmtree(tmp_path / place)
    assert publish(library, tmp_path / place).sent
    assert tree(tmp_path).keys() == whole.keys()
    assert tree(tmp_path)[min(path for path in whole if path.startswith("out"))]
    if place == "out":
        gone = ["index.html", sorted(path.name for path in (tmp_path / "out/image").iterdir())[0]]
        (tmp_path / "out" / "index.html").unlink()
        (tmp_path / "out" / "image" / gone[1]).unlink()
        assert sorted(publish(library, tmp_path / "out").sent) == [f"image/{gone[1]}", "index.html"]
    assert publish(library, tmp_path / place).sent == []


def test_a_folder_that_somebody_else_filled_meanwhile_is_left_alone(library, tmp_path):
    publish(library, tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "index.html").write_text("theirs")
    library.edit(library.ids("")[0], title="Another")
    publish(library, tmp_path / "other")
    with pytest.raises(ConflictError, match="did not put there"):
        publish(library, tmp_path / "out")


@pytest.mark.parametrize("change", [b"", b"<!-- counted -->\r\n"])
@pytest.mark.parametrize("way", ["private", "deleted", "unpublished"])
def test_what_somebody_changed_there_is_taken_down_all_the_same(library, tmp_path, way, change):
    publish(library, tmp_path / "out")
    image = library.ids("tag:shown -tag:private")[0]
    for path in [*(tmp_path / "out/image").iterdir(), *(tmp_path / "out/images").iterdir()]:
        if image in path.name:
            path.write_bytes((path.read_bytes() + change) * bool(change))  # or cut short
    if way == "unpublished":
        with publishing.ending(library, policy(), str(tmp_path / "out")) as found:
            found.clear()
    elif way == "private":
        library.edit(image, add_tags=["private"])
    else:
        library.delete(image)
    publish(library, tmp_path / ("elsewhere" if way == "unpublished" else "out"))
    assert not [path for path in (tmp_path / "out").rglob("*") if image in path.name]
    if way != "unpublished":
        assert tree(tmp_path / "out") == tree(
            library.settings.private_dir / "published" / "mine" / "site")


def test_what_somebody_changed_there_is_sent_again(library, tmp_path):
    publish(library, tmp_path / "out")
    whole = tree(tmp_path / "out")
    page = next((tmp_path / "out/image").iterdir())
    page.write_bytes(page.read_bytes() + b"<!-- counted -->")
    assert publish(library, tmp_path / "out").sent == [f"image/{page.name}"]
    assert tree(tmp_path / "out") == whole


def zipped(path: Path, names: list[str], at: int = 0, value: bytes = b"") -> None:
    """An archive, with another *value* in its list of files."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "theirs")
    made = path.read_bytes()
    start = made.index(b"PK\1\2") + at
    path.write_bytes(made[:start] + value + made[start + len(value):])


@pytest.mark.parametrize("theirs", [
    "a text", "an archive", "an archive of the same names", "an archive of a later kind",
    "a damaged archive", "a folder", "another gallery", "nothing at all", "a link"])
def test_an_archive_that_somebody_else_put_there_meanwhile_is_left_alone(library, tmp_path, theirs):
    out, other = tmp_path / "out.zip", tmp_path / "other"
    publish(library, out)
    with zipfile.ZipFile(out) as archive:
        names = archive.namelist()
    out.unlink()
    with Library.create(tmp_path / "small") as small:
        small.add(draw(tmp_path / "b.png", seed=77))
        publish(small, tmp_path / "small.zip")
    {"a text": lambda: out.write_text("theirs"), "an archive": lambda: zipped(out, ["index.html"]),
     "an archive of the same names": lambda: zipped(out, names), "a folder": out.mkdir,
     "an archive of a later kind": lambda: zipped(out, ["a"], 6, b"\xc8"),
     "a damaged archive": lambda: zipped(out, ["\u00e9"], 46, b"\xff"),
     "another gallery": lambda: shutil.copyfile(tmp_path / "small.zip", out),
     "nothing at all": out.touch, "a link": lambda: out.symlink_to(other)}[theirs]()
    before = out.read_bytes() if out.is_file() else b""
    library.edit(library.ids("")[0], title="Another")
    with pytest.raises(ConflictError, match="did not make it"):
        publish(library, out)
    if theirs not in ("a folder", "a link"):  # there is no archive of ours any more
        with pytest.raises(ConflictError, match="did not make it"), publishing.ending(
                library, policy(), str(out)) as found:
            found.clear()
    assert (out.read_bytes() if out.is_file() else b"") == before
    assert os.path.lexists(out)
    if not out.is_dir():  # that is the word for it
        out.unlink()
        assert publish(library, out).sent


@pytest.mark.parametrize("images", [0, 6])
def test_an_archive_of_ours_is_known_again_also_where_a_later_state_was_not_noted(
        library, tmp_path, monkeypatch, images):
    if not images:
        library.delete(*library.ids(""))
    publish(library, tmp_path / "out.zip")
    for title in ("Another", "A third"):
        with monkeypatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
            patched.setattr(publishing.Ledger, "put", stop)
            publish(library, tmp_path / "out.zip", policy(title=title))
    last = policy(title="The last")
    publish(library, tmp_path / "out.zip", last)
    shutil.copyfile(tmp_path / "out.zip", tmp_path / "kept")
    publish(library, tmp_path / "new.zip", last)
    assert (tmp_path / "kept").read_bytes() == (tmp_path / "new.zip").read_bytes()


def stop(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_place_is_the_same_however_it_is_written(library, tmp_path):
    (tmp_path / "sub").mkdir()
    publish(library, tmp_path / "sub" / ".." / "out")
    assert publish(library, tmp_path / "out").sent == []
    with publication(library, policy(), f"{tmp_path}/sub/../out") as found:
        assert found.difference.place == str(tmp_path / "out")
