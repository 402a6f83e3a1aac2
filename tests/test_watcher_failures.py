"""Whatever goes wrong, the watcher goes on, and the status says what it was."""

from __future__ import annotations

import os
import signal

import pytest
from helpers import Daemon, draw, wait_for

from imagelib.daemon import events, further_folders, watcher
from imagelib.daemon.service import Service
from imagelib.library.library import Library
from imagelib.library.query.memory.engine import MemoryEngine

LATE = 2**63 // 10**9 + 10**7  # a date after 2262, in seconds


@pytest.fixture
def outside(tmp_path):
    """A daemon that watches a folder besides images/."""
    folder = tmp_path / "out"
    folder.mkdir()
    with Library.create(tmp_path / "l") as library:
        (library.root / "imagelib.toml").write_text(f'[watch]\nfolders = ["{folder}"]\n')
    daemon = Daemon(tmp_path / "l")
    assert wait_for(lambda: daemon.get("/api/status").json["watch"]["state"] == "watching")
    yield daemon, folder
    daemon.stop(signal.SIGKILL)


def test_a_name_that_is_no_utf8_is_said_and_stops_nothing(outside, tmp_path):
    daemon, folder = outside
    content = draw(tmp_path / "x.png").read_bytes()
    for name in (b"caf\xe9.png", b"\xff\xfe.jpg"):
        with open(os.fsencode(folder) + b"/" + name, "wb") as stream:  # noqa: PTH123 - bytes
            stream.write(content)
    draw(folder / "next.png")
    draw(daemon.root / "images" / "dropped.png")

    assert wait_for(lambda: daemon.get("/api/status").json["images"] == 2, 15)
    told = wait_for(lambda: daemon.get("/api/status").json["watch"].get("unreadable"))
    assert len(told) == 2
    assert all("Unicode" in entry["error"] for entry in told)
    assert daemon.get("/api/status").json["watch"]["state"] == "watching"


def test_a_date_beyond_that_of_sqlite_stops_nothing(outside):
    daemon, folder = outside
    for path in (draw(folder / "late.png"), draw(daemon.root / "images" / "late2.png")):
        os.utime(path, (LATE, LATE))
    draw(folder / "next.png")
    assert wait_for(lambda: daemon.get("/api/status").json["images"] == 3, 15)
    assert daemon.get("/api/status").json["watch"]["state"] == "watching"


def test_what_cannot_be_taken_of_a_watched_folder_is_named_with_its_reason(outside):
    daemon, folder = outside
    broken = draw(folder / "cut.png", (300, 200))
    broken.write_bytes(broken.read_bytes()[:900])
    (folder / "text.png").write_text("no picture")
    (folder / "notes.txt").write_text("nor is this, and nobody says so")
    draw(folder / "next.png")

    def named():
        return {e["file"] for e in daemon.get("/api/status").json["watch"].get("unreadable", ())}

    assert wait_for(lambda: named() == {"cut.png", "text.png"}, 15), named()
    draw(folder / "cut.png", (300, 200))
    assert wait_for(lambda: named() == {"text.png"}, 15), named()
    assert wait_for(lambda: daemon.get("/api/status").json["images"] == 2, 15)


@pytest.mark.parametrize("error", [RuntimeError("odd"), MemoryError(), KeyError("x"),
                                   UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no")])
def test_one_file_that_fails_in_any_way_stops_no_other(library, tmp_path, monkeypatch, error):
    folder = tmp_path / "out"
    draw(folder / "bad.png")
    draw(folder / "good.png")
    object.__setattr__(library.settings, "watch_folders", (str(folder),))
    take_in = further_folders.take_in

    def fails(library, source, **options):
        if source.name == "bad.png":
            raise error
        return take_in(library, source, **options)

    monkeypatch.setattr(further_folders, "take_in", fails)
    state = Service(library)
    watching = watcher.Watcher(state)
    watching.start()
    try:
        assert wait_for(lambda: library.count() == 1)
        assert wait_for(lambda: [e["file"] for e in state.watch.get("unreadable", ())]
                        == ["bad.png"])
    finally:
        watching.stop()


def test_a_scan_that_fails_is_told_and_repeated(library, monkeypatch):
    from imagelib.library.originals.drift import Scanner

    scan, failing = Scanner.scan, [True]

    def fails(self, **options):
        if failing:
            raise RuntimeError("nobody thought of this")
        return scan(self, **options)

    monkeypatch.setattr(Scanner, "scan", fails)
    monkeypatch.setattr(watcher, "_AGAIN_SECONDS", 0.1)
    state = Service(library)
    watching = watcher.Watcher(state)
    watching.start()
    try:
        assert wait_for(lambda: state.watch["state"] == "failing")
        assert "nobody thought of this" in state.watch["reason"]
        failing.clear()
        draw(library.originals.folder / "a.png")
        assert wait_for(lambda: library.count() == 1)
        assert state.watch["state"] == "watching"
        assert "reason" not in state.watch
    finally:
        watching.stop()


def test_a_thread_that_hears_nothing_any_more_is_noticed_and_the_folder_polled(
        library, monkeypatch):
    monkeypatch.setattr(events, "TRIAL_SECONDS", 0.2)
    monkeypatch.setattr(watcher, "TRIAL_SECONDS", 0.2)
    monkeypatch.setattr(events, "_LATEST", 0.3)
    monkeypatch.setattr(events, "_POLL_SECONDS", 1)
    state = Service(library)
    watching = watcher.Watcher(state)
    watching.start()
    try:
        assert wait_for(lambda: state.watch["state"] == "watching")
        for emitter in watching._events._observer.emitters:
            emitter.stop()
        monkeypatch.setattr(events._Handler, "on_any_event", lambda self, event: None)
        assert wait_for(lambda: state.watch["state"] == "polling")
        assert "no event" in state.watch["reason"]
        monkeypatch.undo()
        draw(library.originals.folder / "a.png")
        assert wait_for(lambda: library.count() == 1, 15)
    finally:
        watching.stop()


def test_builds_go_on_after_one_that_nobody_foresaw(library, monkeypatch, picture):
    library.add(picture)
    failing = [True]
    learn = MemoryEngine.learn

    def fails(self, go_on):
        if failing:
            raise RuntimeError("nobody thought of this")
        learn(self, go_on)

    monkeypatch.setattr(MemoryEngine, "learn", fails)
    state = Service(library)
    state.builds.start()
    try:
        assert wait_for(lambda: "nobody thought" in state.status()["build"]["error"], 15)
        failing.clear()
        library.edit(library.ids("")[0], notes="x")
        assert wait_for(lambda: state.status()["build"]["error"] == "", 15)
    finally:
        state.builds.stop()
