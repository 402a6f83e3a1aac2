"""Killed at any system call that changes something, the library repairs itself at the next start.

Each verb that changes a library (`verbs.py`) is killed at a sample of such calls, or at all of
them where `IMAGELIB_CRASH_ALL` is set. Afterwards the library opens without a question and is
whole: done or not done, nothing destroyed, and what was acknowledged is there.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from crashing import HAS_STRACE, THE_END, Stage, Walk
from helpers import current_tree, tree
from site_links import dead_references
from verbs import VERBS, published, seeded

from imagelib.generator.builder import build
from imagelib.library.library import Library
from imagelib.recording.files import read_manifest
from imagelib.recording.restoring import sift
from imagelib.recording.writing import record

pytestmark = pytest.mark.skipif(
    not HAS_STRACE, reason="strace is not installed, so nobody can be killed")


@pytest.fixture(scope="module")
def seed(tmp_path_factory):
    return seeded(tmp_path_factory.mktemp("crash") / "seed")


@pytest.fixture(scope="module")
def stage():
    opened = Stage()
    yield opened
    opened.close()


@pytest.mark.parametrize("verb", sorted(VERBS.keys() - {"build", "publish", "publish first"}))
def test_a_kill_at_any_moment_loses_nothing_and_needs_no_question(stage, seed, tmp_path, verb):
    walk = Walk(stage, VERBS[verb], seed, tmp_path)
    assert len(walk.points) > 15
    assert walk.kill(walk.sample(2)) == []


def test_a_build_that_is_killed_leaves_whole_files_and_no_dead_link(stage, seed, tmp_path):
    def look(root, outcome):
        site = root / "library" / "site"
        faults = dead_references(site)
        faults += [f"torn {p.name}" for p in site.rglob("*.html")
                   if not p.read_text().rstrip().endswith(("</html>", "</title>"))]
        with Library.open(root / "library") as library:
            build(library)
            build(library, root / "full")
            if current_tree(library) != tree(root / "full"):
                faults.append("the next build does not mend it")
        return faults

    walk = Walk(stage, VERBS["build"], seed, tmp_path)
    assert walk.kill(walk.sample(6), look) == []


@pytest.mark.parametrize(("verb", "path"), [
    ("publish", ""), ("publish", "/out/"), ("publish first", "/out/")])
def test_a_publication_that_is_killed_is_whole_where_it_goes_and_goes_on(
        stage, seed, tmp_path, verb, path):
    def look(root, outcome):
        out = root / "out"
        faults = _unresolved(out) if (out / "index.html").exists() else []
        before = {path: path.stat().st_ino for path in out.rglob("*") if path.is_file()}
        contents = tree(out)
        with Library.open(root / "library") as library:
            published(library, out)
            published(library, root / "whole")
        faults += [f"{path.relative_to(out)} is sent twice" for path, number in before.items()
                   if path.exists() and path.stat().st_ino != number
                   and path.read_bytes() == contents[str(path.relative_to(out))]]
        kept = {path: content for path, content in tree(out).items()
                if path.startswith(("data/", "static/", "thumbs/")) and path not in tree(
                    root / "whole")}  # an open page may ask for them
        if {**tree(root / "whole"), **kept} != tree(out):
            faults.append("the next time does not mend it")
        return faults

    walk = Walk(stage, VERBS[verb], seed, tmp_path)
    points = walk.sample(4, path)
    assert len(points) > 4
    assert walk.kill(points, look) == []


def _unresolved(out: Path) -> list[str]:
    """What pages and the manifest name and is not there."""
    faults = dead_references(out)
    for kind, rows in json.loads((out / "data" / "manifest.js").read_text()[
            len("ImagelibData("):].rstrip(");\n")).items():
        faults += [f"{kind}-{row[3]} is not there" for row in rows
                   if not list((out / "data").glob(f"{kind}-*-{row[3]}.js"))
                   ] if isinstance(rows, list) and kind != "searches" else []
    return faults


def test_record_files_are_the_old_set_or_the_new_one_wherever_they_are_broken_off(
        stage, seed, tmp_path):
    seqs = set()

    def look(root, outcome):
        folder = root / "library" / "records"
        manifest = read_manifest(folder)
        seqs.add(manifest.seq)
        faults = [*sift(folder, manifest)[1].values()]
        with Library.open(root / "library") as library:
            record(library)
            written = tree(folder)
            shutil.rmtree(folder)
            record(library)
            if written != tree(folder):
                faults.append("the next time does not mend it")
        return faults

    walk = Walk(stage, VERBS["record"], seed, tmp_path)
    assert walk.kill([*walk.points, THE_END], look) == []
    assert len(seqs) == 2
