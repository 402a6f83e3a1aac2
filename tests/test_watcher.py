"""The watcher over a real daemon: what happens in images/ is in the library and the site soon."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from helpers import Daemon, a1111, draw, tree, wait_for
from PIL import Image

from imagelib.daemon.service import Service
from imagelib.library.library import Library


@pytest.fixture
def watched(tmp_path, daemon):
    """A daemon with three images."""
    records = [daemon.upload(draw(tmp_path / f"{n}.png"), tags=f"t{n}").json for n in range(3)]
    daemon.wait_built()
    time.sleep(1.2)  # past the time in which a new file counts as being written
    return daemon, daemon.root / "images", records


def one(daemon, record):
    return daemon.get(f"/api/images/{record['id']}").json


def test_a_dropped_picture_is_in_library_and_site(watched):
    daemon, folder, _ = watched
    draw(folder / "drop.png", texts={"parameters": a1111("a heron at dawn")})

    found = wait_for(lambda: daemon.get("/api/images", q="heron").json["items"])

    assert found[0]["file_name"] == "drop.png"
    daemon.wait_built()
    assert b"heron" in daemon.get(f"/image/{found[0]['id']}.html").body


def test_a_slow_copy_is_taken_once_and_whole(watched, tmp_path):
    daemon, folder, _ = watched
    content = draw(tmp_path / "big.png", (400, 300)).read_bytes()
    with (folder / "slow.png").open("wb") as stream:
        for start in range(0, len(content), len(content) // 5 + 1):
            stream.write(content[start:start + len(content) // 5 + 1])
            stream.flush()
            time.sleep(0.4)

    assert wait_for(lambda: daemon.get("/api/status").json["images"] == 4)
    found = daemon.get("/api/images").json["items"]
    slow = next(i for i in found if i["file_name"] == "slow.png")
    assert (slow["width"], slow["size_bytes"]) == (400, len(content))


def test_a_rename_and_a_move_keep_the_metadata(watched):
    daemon, folder, records = watched
    (folder / records[0]["file_name"]).rename(folder / "renamed.png")
    (folder / "album").mkdir()
    (folder / records[1]["file_name"]).rename(folder / "album" / "moved.png")

    assert wait_for(lambda: (one(daemon, records[0])["file_name"],
                             one(daemon, records[1])["file_name"])
                    == ("renamed.png", "album/moved.png"))
    assert one(daemon, records[0])["tags"] == ["t0"]
    assert one(daemon, records[1])["tags"] == ["t1"]
    daemon.wait_built()
    assert daemon.get("/images/album/moved.png").status == 200
    assert (daemon.root / "site" / "images" / "album" / "moved.png").exists()
    assert not (daemon.root / "site" / "images" / records[1]["file_name"]).exists()


def test_an_edited_file_gets_new_derivatives(watched):
    daemon, folder, records = watched
    (folder / records[0]["file_name"]).rename(folder / "mine.png")
    assert wait_for(lambda: one(daemon, records[0])["file_name"] == "mine.png")
    with Image.open(folder / "mine.png") as picture:
        picture.resize((640, 480)).save(folder / "mine.png")

    now = wait_for(lambda: (r := one(daemon, records[0]))["width"] == 640 and r)

    assert now["tags"] == ["t0"]
    assert now["digest"] != records[0]["digest"]
    daemon.wait_built()
    assert daemon.get(now["thumbnail_url"]).status == 200


def test_a_picture_of_ours_that_is_written_over_is_put_back(watched):
    daemon, folder, records = watched
    daemon.wait_built()
    content = (folder / records[0]["file_name"]).read_bytes()
    draw(folder / records[0]["file_name"], (70, 20), seed="another")

    assert wait_for(lambda: daemon.get("/api/images").json["total"] == 4)
    assert (folder / records[0]["file_name"]).read_bytes() == content
    assert one(daemon, records[0])["tags"] == ["t0"]


def test_a_removed_file_is_flagged_and_its_record_stays(watched):
    daemon, folder, records = watched
    (folder / records[2]["file_name"]).unlink()

    assert wait_for(lambda: one(daemon, records[2])["file_state"] == "missing")
    assert one(daemon, records[2])["tags"] == ["t2"]
    assert daemon.get("/api/status").json["missing"] == 1


def test_the_folder_may_go_and_come_back(watched, tmp_path):
    daemon, folder, _ = watched
    folder.rename(tmp_path / "away")

    assert wait_for(lambda: daemon.get("/api/status").json["watch"].get("refused"))
    assert daemon.get("/api/images", q="is:missing").json["total"] == 0
    (tmp_path / "away").rename(folder)
    assert wait_for(lambda: not daemon.get("/api/status").json["watch"].get("refused"), 15)
    draw(folder / "after.png")
    assert wait_for(lambda: daemon.get("/api/status").json["images"] == 4, 15)
    assert daemon.get("/api/images", q="is:missing").json["total"] == 0


def test_300_files_at_once_are_all_taken_and_the_daemon_stays_awake(watched, tmp_path):
    daemon, folder, _ = watched
    source = tmp_path / "many"
    for n in range(300):
        draw(source / f"m{n}.png", (16, 12))
    shutil.copytree(source, folder / "many")

    slowest = 0.0

    def done():
        nonlocal slowest
        started = time.monotonic()
        count = daemon.get("/api/status").json["images"]
        slowest = max(slowest, time.monotonic() - started)
        return count == 303

    assert wait_for(done, 60)
    assert slowest < 5.0, "others had to wait"


def test_new_pictures_of_a_further_folder_come_in_and_stay_there(tmp_path):
    output = tmp_path / "comfy" / "output"
    output.mkdir(parents=True)
    with Library.create(tmp_path / "l") as library:
        (library.root / "imagelib.toml").write_text(f'[watch]\nfolders = ["{output}"]\n')
    daemon = Daemon(tmp_path / "l")
    try:
        draw(output / "2026" / "ComfyUI_00001_.swarmpreview.jpg")  # shows the next one, and is none
        draw(output / "2026" / "ComfyUI_00001_.png", texts={"parameters": a1111("a robot")})
        found = wait_for(lambda: daemon.get("/api/images", q="robot").json["items"], 15)
        assert found[0]["original_name"] == "ComfyUI_00001_.png"
        kept = output / "2026" / "ComfyUI_00001_.png"
        ours = daemon.root / "images" / found[0]["file_name"]
        assert ours.read_bytes() == kept.read_bytes()
        assert not kept.samefile(ours), "who writes over one shall not write over the other"
        daemon.ask("DELETE", f"/api/images/{found[0]['id']}")
        os.utime(kept)
        draw(output / "x.txt.png", seed="something else happens")
        assert wait_for(lambda: daemon.get("/api/status").json["watch"].get("deleted"), 15)
        assert daemon.get("/api/images", q="robot").json["total"] == 0
        daemon.ask("POST", "/api/batch", json_body={"query": "", "delete": True})
    finally:
        daemon.stop()
    again = Daemon(tmp_path / "l")
    try:
        draw(output / "later.png")
        assert wait_for(lambda: again.get("/api/status").json["images"], 15)
        assert again.get("/api/status").json["images"] == 1
        # What was dealt with is not taken again, not even after it was deleted here.
        assert again.get("/api/images").json["items"][0]["original_name"] == "later.png"
    finally:
        again.stop(signal.SIGKILL)


def test_our_own_writes_do_not_loop(watched):
    daemon, _, records = watched
    daemon.ask("PUT", f"/api/images/{records[0]['id']}", json_body={"rating": 1})
    daemon.wait_built()
    time.sleep(1.5)
    before = (daemon.get("/api/status").json["seq"], len(daemon.log.read_text()))
    stat = {p: p.stat().st_mtime_ns for p in (daemon.root / "site").rglob("*")}
    time.sleep(2.5)

    assert (daemon.get("/api/status").json["seq"], len(daemon.log.read_text())) == before
    assert {p: p.stat().st_mtime_ns for p in (daemon.root / "site").rglob("*")} == stat


def test_no_edit_is_a_reason_to_compare_the_files(library, monkeypatch, picture):
    from imagelib.daemon import watcher

    scans = []
    scan = watcher.Scanner.scan
    monkeypatch.setattr(watcher.Scanner, "scan",
                        lambda self, **options: scans.append(1) or scan(self, **options))
    image = library.add(picture).image
    watching = watcher.Watcher(Service(library))
    watching.start()
    try:
        assert wait_for(lambda: scans)
        time.sleep(1.5)  # what went before has settled
        before = len(scans)
        for rating in (1, 2, 3):
            library.edit(image.id, rating=rating)
            time.sleep(0.3)
        library.database.checkpoint()
        (library.root / "notes.txt").write_text("mine")
        time.sleep(1)
        assert len(scans) == before
        library.originals.folder.rename(library.root / "elsewhere")
        assert wait_for(lambda: len(scans) > before)
    finally:
        watching.stop()


def test_where_the_system_gives_no_events_the_folder_is_polled(library, monkeypatch):
    from imagelib.daemon import events, watcher

    class Exhausted(events.PollingObserver):
        def start(self) -> None:
            raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(events, "Observer", Exhausted)
    monkeypatch.setattr(events, "_POLL_SECONDS", 0.2)
    state = Service(library)
    watching = watcher.Watcher(state)
    watching.start()
    try:
        assert wait_for(lambda: state.watch["state"] == "polling")
        assert "limit" in state.watch["reason"]
        time.sleep(0.5)
        draw(library.originals.folder / "polled.png")
        assert wait_for(lambda: library.count() == 1, 10)
    finally:
        watching.stop()


def test_a_lost_event_costs_only_a_scan(library, monkeypatch):
    import logging

    from imagelib.daemon import events, watcher

    monkeypatch.setattr(events._Handler, "on_any_event", lambda self, event: self.seen.set())
    watching = watcher.Watcher(Service(library))
    watching.start()
    try:
        time.sleep(0.7)
        draw(library.originals.folder / "unheard.png")
        time.sleep(1.5)
        assert library.count() == 0
        logging.getLogger("watchdog.observers").warning("inotify queue overflowed")
        assert wait_for(lambda: library.count() == 1, 10)
    finally:
        watching.stop()


def test_originals_are_never_written_by_us(watched):
    daemon, folder, records = watched
    before = tree(folder)
    daemon.ask("PUT", f"/api/images/{records[0]['id']}", json_body={"notes": "x"})
    daemon.ask("POST", "/api/rebuild", json_body={"full": True})
    daemon.wait_built()
    assert tree(folder) == before
    assert Path(folder / records[0]["file_name"]).stat().st_nlink == 1
