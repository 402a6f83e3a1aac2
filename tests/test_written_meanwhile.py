"""Another program writes into a file of the library while we are at work with it.

It had the file open before, so nothing keeps it from writing, and wherever the file is moved to the
writing goes along. What was read must not be taken for what is there.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from checker import violations
from helpers import draw

from imagelib.errors import ImagelibError
from imagelib.library.checks.verifying import mend
from imagelib.library.library import Library
from imagelib.library.originals.drift import Scanner
from imagelib.library.originals.following import follow_disk
from imagelib.library.originals.repairing import accept, adopt, locate
from imagelib.library.originals.trashing import destroy

#: When the other program writes: at which commit of the verb, from the first on, or after all.
MOMENTS = (2, 99)


class Writer:
    """A program that has a file open, and writes a picture of its own into it at one commit."""

    def __init__(self, library: Library, path: Path, content: bytes, moment: int) -> None:
        self._stream = path.open("r+b")
        self._content, self._moment, self._commits = content, moment, 0
        self._fold, library.database.before_commit = library.database.before_commit, self._commit

    def _commit(self, connection: sqlite3.Connection) -> None:
        self._fold(connection)
        self._commits += 1
        if self._commits == self._moment:
            self.write()

    def write(self) -> None:
        """Write it, once."""
        if not self._stream.closed:
            self._stream.truncate(0)
            self._stream.write(self._content)
            self._stream.close()


def _scan(library: Library) -> None:
    scanner = Scanner(library)
    follow_disk(library, scanner, scanner.scan(), accept_missing=True)


def _overwrite(library: Library, path: Path) -> None:
    path.write_bytes(draw(library.root.parent / f"over-{path.name}.png", (61, 47)).read_bytes())
    _scan(library)


def _locate(library: Library, path: Path, image: str) -> None:
    (library.root.parent / "kept").mkdir()
    kept = library.root.parent / "kept" / "copy.png"
    kept.write_bytes(path.read_bytes())
    path.write_bytes(b"torn")
    locate(library, kept, [library.get(image)])


Verb = Callable[[Library, Path, str], object]
VERBS: dict[str, Verb] = {
    "delete": lambda library, path, image: library.delete(image),
    "delete what was written over": lambda library, path, image: (
        path.write_bytes(b"other"), library.delete(image)),
    "delete and restore": lambda library, path, image: (
        library.delete(image), library.restore(image)),
    "delete and undo": lambda library, path, image: (library.delete(image), library.undo()),
    "replace": lambda library, path, image: library.replace_file(
        image, draw(library.root.parent / "other.png")),
    "replace and undo": lambda library, path, image: (
        library.replace_file(image, draw(library.root.parent / "other.png")), library.undo()),
    "scan": lambda library, path, image: (path.touch(), _scan(library)),
    "scan what was written over": lambda library, path, image: _overwrite(library, path),
    "scan what was renamed": lambda library, path, image: (
        path.rename(path.with_name("renamed.png")), _scan(library)),
    "accept": lambda library, path, image: (
        path.write_bytes(draw(library.root.parent / "a.png", (33, 22)).read_bytes()),
        accept(library, [image])),
    "locate": _locate,
    "destroy": lambda library, path, image: destroy(library, image),
}


def _is_whole(root: Path) -> list[str]:
    with Library.open(root) as library:
        mend(library)
        _scan(library)
        _scan(library)
    return violations(root)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("name", "moment"), [("", 2), ("", 99), ("my own name.png", 2)])
def test_no_verb_takes_what_it_read_for_what_is_there(tmp_path, verb, name, moment):
    with Library.create(tmp_path / "library") as library:
        library.add(draw(tmp_path / "first.png"))
        image = library.add(draw(tmp_path / "source.png", (40, 30))).image
        path = library.originals.path_of(image)
        if name:
            path.rename(library.originals.folder / name)
            path = library.originals.folder / name
            _scan(library)
        content = draw(tmp_path / "foreign.png", (51, 34)).read_bytes()
        writer = Writer(library, path, content, moment)
        with contextlib.suppress(ImagelibError):  # refused: nothing was changed
            VERBS[verb](library, path, image.id)
        writer.write()

    assert _is_whole(tmp_path / "library") == []
    if verb != "destroy":  # whose file is gone, and what is written into it
        kept = [path for path in (tmp_path / "library").rglob("*") if path.is_file()]
        assert any(path.read_bytes() == content for path in kept)


@pytest.mark.parametrize("way", ["in place", "adopt", "scan"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_file_that_is_taken_in_where_it_lies_is_read_again_if_it_was_written_to(
        tmp_path, way, moment):
    with Library.create(tmp_path / "library") as library:
        path = draw(library.originals.folder / "here.png", (40, 30))
        content = draw(tmp_path / "foreign.png", (51, 34)).read_bytes()
        writer = Writer(library, path, content, moment)
        with contextlib.suppress(ImagelibError):
            if way == "in place":
                library.add(path, in_place=True)
            elif way == "adopt":
                adopt(library, ["here.png"], ["here.png"])
            else:
                _scan(library)
        writer.write()

    assert _is_whole(tmp_path / "library") == []
