"""The first build of many images shows the newest before it makes the others."""

from __future__ import annotations

import json
import os
import random

import pytest
from helpers import current_tree, draw, fill, follow
from site_links import dead_references

from imagelib.cli import run as cli
from imagelib.cli import site
from imagelib.generator import builder
from imagelib.generator.build_run import BuildRun
from imagelib.generator.builder import build
from imagelib.generator.freshness import is_current
from imagelib.library.library import Library
from imagelib.library.records.albums import change_album

COUNT = 150


class BrokenOffError(Exception):
    """Somebody pressed Ctrl-C."""


@pytest.fixture
def library(tmp_path):
    """Images whose dates are in no order, and an album of some of them."""
    with Library.create(tmp_path / "l") as library:
        fill(library, COUNT)
        follow(library)
        ids = library.ids("")
        library.edit(*random.Random(4).sample(ids, 20), add_tags=["chosen"])
        change_album(library.database, "chosen", text="Of all of them.",
                     cover=library.ids("tag:chosen")[-1])
        yield library


def manifest(library):
    text = (library.settings.site_dir / "data" / "manifest.js").read_text(encoding="utf-8")
    return json.loads(text[text.index("(") + 1:text.rindex(")")])


def watched(library, monkeypatch, size, growth=3, each=lambda state: None):
    """Build in slices; the manifest of each site that was whole on the way, and of the last."""
    monkeypatch.setattr(builder, "SLICE", size)
    monkeypatch.setattr(builder, "_GROWTH", growth)
    states = []
    whole = BuildRun.run

    def run(self):
        done = whole(self)
        states.append(state := manifest(library))
        assert dead_references(library.settings.site_dir) == []
        for kind in ("core", "text", "file", "id"):
            assert sum(rows for _, rows, *_ in state[kind]) == state["total"]
        assert ("albums" in state) == ("coming" not in state)  # they name images of all the library
        each(states)
        return done

    monkeypatch.setattr(BuildRun, "run", run)
    report = build(library)
    return report, states


@pytest.mark.parametrize(("size", "growth", "totals"), [
    (7, 3, [7, 21, 63, COUNT]), (70, 8, [70, COUNT]), (76, 8, [COUNT])])
def test_each_slice_is_a_whole_site_and_the_last_one_is_that_of_one_build(
        library, monkeypatch, size, growth, totals):
    build(library, library.root / "at-once", lingers=False)
    once = {path.relative_to(library.root / "at-once").as_posix(): path.read_bytes()
            for path in (library.root / "at-once").rglob("*") if path.is_file()}

    report, states = watched(library, monkeypatch, size, growth)

    assert [state["total"] for state in states] == totals
    assert [state.get("coming", 0) for state in states] == [COUNT - total for total in totals]
    assert current_tree(library) == once
    assert (report.images, report.thumbnails) == (COUNT, COUNT)
    assert set(report.written) >= {path for path in once if not path.startswith("thumbs/")}
    assert is_current(library.settings, library.settings.site_dir)
    assert build(library).written == []


def test_the_newest_come_first_in_the_order_of_the_gallery(library, monkeypatch):
    newest = library.ids("")[:7]
    shown = []
    site = library.settings.site_dir

    def each(states):
        if len(states) == 1:
            shown.extend(path.stem for path in (site / "image").glob("*.html"))

    watched(library, monkeypatch, 7, each=each)
    assert sorted(shown) == sorted(newest)


@pytest.mark.parametrize("slices", [1, 2])
def test_a_build_that_ends_after_a_slice_goes_on_and_makes_no_thumbnail_twice(
        library, monkeypatch, slices):
    def each(states):
        if len(states) == slices:
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        watched(library, monkeypatch, 7, each=each)
    monkeypatch.undo()
    assert not is_current(library.settings, library.settings.site_dir)
    report = build(library)
    assert report.images == COUNT
    assert report.thumbnails == COUNT - 7 * 3 ** (slices - 1)
    assert "coming" not in manifest(library)
    rebuilt = current_tree(library)
    build(library, full=True)
    assert current_tree(library) == rebuilt


def test_what_changes_between_slices_is_in_the_last_one(library, tmp_path, monkeypatch):
    newest, oldest = library.ids("")[0], library.ids("")[-1]
    added = []

    def each(states):
        if len(states) == 1:
            library.edit(newest, prompt_text="written between")
            library.replace_file(newest, draw(tmp_path / "other.png", (30, 20)))
            library.delete(library.ids("")[3], oldest)
            added.append(library.add(draw(tmp_path / "new.png"), captured_at="2031-01-01").image)

    watched(library, monkeypatch, 7, each=each)
    page = library.settings.site_dir / "image" / f"{newest}.html"
    assert "written between" in page.read_text(encoding="utf-8")
    assert manifest(library)["total"] == COUNT - 1
    assert not (library.settings.site_dir / "image" / f"{oldest}.html").exists()
    assert (library.settings.site_dir / "image" / f"{added[0].id}.html").exists()
    tree = current_tree(library)
    build(library, full=True)
    assert current_tree(library) == tree


@pytest.mark.parametrize("lost", [(), ("index.html",)])
def test_a_site_whose_memory_is_lost_keeps_what_it_has(library, monkeypatch, lost):
    build(library)
    before = current_tree(library)
    site = library.settings.site_dir
    (library.settings.private_dir / "build.db").unlink()
    for path in lost:
        (site / path).unlink()
    (site / "data" / "core-0-00000000.js").write_bytes(b"of a build that nobody remembers")

    report, states = watched(library, monkeypatch, 7)
    assert report.thumbnails == 0
    assert not any(path.startswith(("thumbs/", "image/")) for path in report.pruned)
    assert current_tree(library) == before
    assert lost or [state["total"] for state in states] == [COUNT]


def test_progress_counts_all_images_from_the_first_slice_on(library, monkeypatch):
    monkeypatch.setattr(builder, "SLICE", 7)
    said = []
    build(library, progress=lambda stage, done, total: said.append((stage, done, total)))
    thumbnails = [(done, total) for stage, done, total in said if stage == "thumbnails"]
    assert {total for _, total in thumbnails} == {COUNT}
    assert [done for done, _ in thumbnails] == sorted(done for done, _ in thumbnails)
    assert thumbnails[-1][0] == COUNT


def test_of_many_files_that_were_dropped_the_newest_are_shown_first(tmp_path, monkeypatch, capsys):
    root = tmp_path / "dropped"
    with Library.create(root) as library:
        files = [draw(library.originals.folder / f"{name}.png", seed=name) for name in range(11)]
        order = random.Random(2).sample(files, len(files))
        for age, path in enumerate(order):
            os.utime(path, (2e9 - 100 * age,) * 2)
        monkeypatch.setattr(builder, "SLICE", 4)
        states, titles = [], []
        whole = BuildRun.run

        def run(self):
            done = whole(self)
            states.append(manifest(library))
            titles.append({image.file_name for image in library.find("", limit=100)})
            return done

        monkeypatch.setattr(BuildRun, "run", run)
        assert cli(["-L", str(root), "build"]) == 0

    assert titles[0] == {path.name for path in order[:4]}
    assert (states[0]["total"], states[0]["coming"]) == (4, 7)
    assert states[-1]["total"] == 11
    assert "coming" not in states[-1]
    said = capsys.readouterr().err
    assert "The newest are in the gallery already" in said
    assert "11 new images found" in said
    assert cli(["-L", str(root), "build"]) == 0
    assert "Everything is up to date." in capsys.readouterr().err


def test_files_that_were_not_taken_in_when_a_first_build_was_broken_off_are_taken_in_by_the_next(
        tmp_path, monkeypatch):
    root = tmp_path / "dropped"
    with Library.create(root) as library:
        for name in range(11):
            draw(library.originals.folder / f"{name}.png", seed=name)
        monkeypatch.setattr(builder, "SLICE", 4)
        with monkeypatch.context() as patch:
            patch.setattr(site, "say", broken_off)  # the newest are shown, the others wait
            with pytest.raises(BrokenOffError):
                cli(["-L", str(root), "build"])
        assert library.count("") == 4
        assert (library.settings.site_dir / "index.html").exists()
        assert cli(["-L", str(root), "build"]) == 0
        assert library.count("") == 11


def broken_off(text):
    raise BrokenOffError(text)
