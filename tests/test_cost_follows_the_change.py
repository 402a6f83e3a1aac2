"""What a command or a build costs follows what changed, and not how large the library is.

SQLite says how many steps it took; files are those that are opened or looked at.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from contextlib import closing

import pytest
from helpers import draw, fill, follow

from imagelib.generator import build_run, freshness
from imagelib.generator.builder import build
from imagelib.generator.freshness import faulty_images, is_current
from imagelib.generator.index import blocks
from imagelib.library.library import Library
from imagelib.library.originals.drift import Scanner
from imagelib.library.originals.following import follow_disk

SMALL, LARGE = 200, 1200
#: SQLite reports each time it has done so many.
STEPS = 20


@pytest.fixture
def steps(monkeypatch):
    """Count the steps of all connections that are opened from now on."""
    counted = Counter()
    connect = sqlite3.connect

    def counting(*arguments, **options):
        connection = connect(*arguments, **options)

        def count():
            counted["steps"] += STEPS

        connection.set_progress_handler(count, STEPS)
        return connection

    monkeypatch.setattr(sqlite3, "connect", counting)
    return counted


def filled(root, count):
    """A library of *count* small images that are built, and one that is not the last."""
    library = Library.create(root)
    fill(library, count)
    follow(library)
    library.edit(library.ids("")[3], rating=2)
    build(library)
    return library


def an_edit(library, folder):
    library.edit(library.find("", limit=1)[0].id, notes=folder.name)
    report = build(library)
    assert 0 < len(report.written) < 10


def a_deleted_image(library, folder):
    library.delete(library.find("", limit=1)[0].id)
    assert len(build(library).pruned) > 0


def a_dropped_file(library, folder):
    path = draw(library.originals.folder / f"{folder.name}.png", seed=str(folder))
    scanner = Scanner(library)
    done = follow_disk(library, scanner, scanner.look([path.name]))
    assert len(done.added) == 1
    assert len(build(library).written) > 0


def nothing(library, folder):
    assert is_current(library.settings, library.settings.site_dir)
    assert faulty_images(library.settings, library.settings.site_dir) == []


def test_opening_reads_no_list_of_all_files_unless_a_dead_process_may_have_left_one(
        tmp_path, monkeypatch):
    with closing(filled(tmp_path / "library", 8)) as library:
        image, folder = library.ids("")[0], library.originals.folder
    Library.open(library.settings.root).close()  # after who took files in, too
    listed = []
    for name in ("listdir", "scandir"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda path=".", real=real: (listed.append(str(path)),
                                                                   real(path))[1])

    with Library.open(library.settings.root) as library:
        library.edit(image, rating=5)
        build(library)
    assert str(folder) not in listed

    dead = "0123456789abcdef"
    left = folder / f".imagelib-{dead}-aa.partial"
    left.touch()
    (library.settings.private_dir / "run" / f"{dead}.lock").touch()
    Library.open(library.settings.root).close()
    assert str(folder) in listed
    assert not left.exists()


@pytest.mark.parametrize(("change", "counted"), [
    (nothing, 0), (an_edit, 5.5), (a_deleted_image, 5.5), (a_dropped_file, 5.5)])
def test_sqlite_takes_few_more_steps_in_a_larger_library(
        tmp_path, steps, change, counted, monkeypatch):
    monkeypatch.setattr(freshness, "FEW", 10)  # where each file is looked at
    for kind in blocks.KINDS:  # a block is rewritten as a whole: many small ones
        monkeypatch.setitem(blocks.KINDS, kind, 32)
    monkeypatch.setattr(build_run, "_SPAN", 32)
    taken = []
    for count in (SMALL, LARGE):
        with closing(filled(tmp_path / str(count), count)) as library:
            change(library, tmp_path / "first")  # whatever is done once
            build(library)
            steps.clear()
            change(library, tmp_path / "second")
            taken.append(steps["steps"])
    # The list of blocks may be read: here they have 32 rows each.
    assert taken[1] - taken[0] < counted * (LARGE - SMALL) + 2000, taken
