"""What one edit costs follows what changed: no statement goes through a table of all images."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing

import pytest
from helpers import draw, fill

from imagelib.daemon.service import Service
from imagelib.generator import build_state, freshness
from imagelib.generator.builder import build
from imagelib.library.originals.drift import Scanner
from imagelib.library.originals.following import follow_disk

#: Tables with a row for each image, or for each edit.
LARGE = ("images", "rows", "artifacts", "changes", "file_stats", "folded", "image_tags", "batches")


class Listener:
    """Hears each statement of a connection, with its values."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def on(self, connection: sqlite3.Connection) -> None:
        connection.set_trace_callback(self.statements.append)

    def scans(self, database: sqlite3.Connection) -> list[str]:
        """The statements that go through a large table, without an end to it."""
        found = []
        for text in dict.fromkeys(self.statements):
            if not re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT|REPLACE|WITH)\b", text, re.I):
                continue
            try:
                plan = database.execute(f"EXPLAIN QUERY PLAN {text}").fetchall()
            except sqlite3.Error:
                continue  # of a trigger, with names that only it knows
            names = {*LARGE, *re.findall(rf"\b(?:{'|'.join(LARGE)})(?: AS)? ([a-z])\b", text)}
            # One output folder has nearly all there is: what is found by it alone is not found.
            steps = [step for *_, step in plan if step.split()[1] in names
                     and (step.startswith("SCAN ") or step.endswith("(output=?)"))
                     # Counting reads a small index, and hands out one number.
                     and not ("COVERING INDEX" in step and "count(*)" in text)]
            if steps and not re.search(r"\bLIMIT \d+\s*\)?\s*$", text):
                found.append(f"{steps} {text[:200]}")
        return found


@pytest.fixture
def listened(library, monkeypatch):
    """A built library, and what it asks from then on."""
    fill(library, 300)
    library.edit(library.ids("")[3], notes="opens the connection that writes")
    build(library)
    of_library, of_memory = Listener(), Listener()
    opened = build_state._open

    def heard(path):
        connection = opened(path)
        of_memory.on(connection)
        return connection

    monkeypatch.setattr(build_state, "_open", heard)
    of_library.on(library.database.reader)
    of_library.on(library.database._writer)
    return library, of_library, of_memory


def test_one_edit_and_its_build_go_through_no_large_table(listened):
    library, of_library, of_memory = listened
    some = library.ids("")[7]
    of_library.statements.clear()
    library.edit(some, rating=3, add_tags=["new"])
    assert len(build(library).written) < 8

    with closing(sqlite3.connect(library.settings.private_dir / "build.db")) as memory:
        found = of_memory.scans(memory)
    print("MEM", found)
    assert of_library.scans(library.database.reader) == []
    assert len(of_library.statements) + len(of_memory.statements) > 50


def test_the_status_goes_through_no_large_table(listened):
    library, of_library, _ = listened
    service = Service(library)
    of_library.statements.clear()
    service.status()
    assert of_library.scans(library.database.reader) == []
    assert of_library.statements


def test_a_picture_that_is_written_over_is_seen_without_a_scan_of_a_large_library(
        library, monkeypatch):
    fill(library, 5)
    scanner = Scanner(library)
    follow_disk(library, scanner, scanner.scan())
    assert freshness.is_as_scanned(library.settings)
    path = next(library.originals.folder.glob("*.png"))
    content = path.read_bytes()
    with path.open("r+b") as stream:  # in its place: no folder changes
        stream.write(content[:8] + b"x")
    os.utime(path, (1, 1))
    assert not freshness.is_as_scanned(library.settings)
    monkeypatch.setattr(freshness, "FEW", 4)
    assert freshness.is_as_scanned(library.settings)
    path.rename(path.with_name("other.png"))
    assert not freshness.is_as_scanned(library.settings)


@pytest.mark.parametrize("late", ["late.png", "old/late.png", "new/late.png"])
def test_a_file_that_comes_while_others_are_taken_in_is_not_passed_over_by_the_next_build(
        library, late):
    for name in ("one.png", "old/two.png"):
        draw(library.originals.folder / name, seed=len(name))

    def meanwhile(done, total):
        draw(library.originals.folder / late, seed=77)

    scanner = Scanner(library)
    follow_disk(library, scanner, scanner.scan(), progress=meanwhile)
    assert not freshness.is_as_scanned(library.settings)
    follow_disk(library, scanner, scanner.scan())
    assert freshness.is_as_scanned(library.settings)
    assert library.count("") == 3
