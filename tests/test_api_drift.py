"""Drift through the API: what is told of it, and each repair that a person may ask for."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import Daemon, a1111, draw
from served_library import api, served

from imagelib.library.library import Library

__all__ = ["api", "served"]  # the fixtures


@pytest.fixture
def drifting(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that does not watch, over three images, so that every drift stays one."""
    root = tmp_path / "drifting"
    with Library.create(root) as library:
        for n in range(3):
            library.add(draw(tmp_path / "source" / f"p{n}.png", seed=f"d{n}"),
                        prompt_text=f"picture {n}")
    running = Daemon(root, "--no-watch")
    running.wait_built()
    yield running
    running.stop(signal.SIGKILL)


def image_of(daemon: Daemon, prompt: str) -> dict:
    [found] = daemon.get("/api/images", q=f'"{prompt}"').json["items"]
    return found


def file_of(daemon: Daemon, prompt: str) -> Path:
    return daemon.root / "images" / image_of(daemon, prompt)["file_name"]


def repair(daemon: Daemon, **body):
    return daemon.ask("POST", "/api/drift", json_body=body)


def counts(daemon: Daemon) -> dict:
    """The kinds of drift that there are, with how many."""
    told = daemon.get("/api/drift").json
    return {kind: count for kind, count in told["counts"].items() if count}


def test_a_library_in_order_has_no_drift(drifting):
    assert counts(drifting) == {}
    assert drifting.get("/api/drift").json["refused"] == ""


def test_each_kind_of_drift_is_told_and_looking_changes_nothing(drifting, tmp_path):
    images = drifting.root / "images"
    file_of(drifting, "picture 0").unlink()
    file_of(drifting, "picture 1").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    draw(images / "new" / "stray.png", seed="stray")
    shutil.copy(file_of(drifting, "picture 2"), images / "twice.png")
    seq = drifting.get("/api/status").json["seq"]

    told = drifting.get("/api/drift").json

    assert [one["prompt_text"] for one in told["missing"]] == ["picture 0"]
    assert [one["prompt_text"] for one in told["altered"]] == ["picture 1"]
    assert told["stray"] == [{"file": "new/stray.png"}]
    assert [(one["file"], one["prompt_text"]) for one in told["duplicate"]] == [
        ("twice.png", "picture 2")]
    assert drifting.get("/api/status").json["seq"] == seq
    assert str(drifting.root) not in str(told)


def test_a_file_that_was_moved_within_the_folder_is_located(drifting):
    path = file_of(drifting, "picture 0")
    (path.parent / "elsewhere").mkdir()
    path.rename(path.parent / "elsewhere" / "renamed.png")
    assert counts(drifting) == {"moved": 1}

    answer = repair(drifting, locate="")

    assert (answer.status, answer.json["changed"]) == (200, 1)
    record = image_of(drifting, "picture 0")
    assert (record["file_name"], record["file_state"]) == ("elsewhere/renamed.png", "ok")
    assert counts(drifting) == {}


@pytest.mark.parametrize("named", ["folder", "file"])
def test_a_lost_file_is_located_elsewhere_on_the_machine(drifting, tmp_path, named):
    path = file_of(drifting, "picture 0")
    content = path.read_bytes()
    attic = tmp_path / "attic" / "deep"
    attic.mkdir(parents=True)
    path.rename(attic / "forgotten.dat")
    place = attic.parent if named == "folder" else attic / "forgotten.dat"

    answer = repair(drifting, locate=str(place))

    assert answer.json["changed"] == 1
    assert path.read_bytes() == content == (attic / "forgotten.dat").read_bytes()
    assert counts(drifting) == {}


def test_the_right_file_comes_back_over_an_altered_one_which_is_kept(drifting, tmp_path):
    path = file_of(drifting, "picture 1")
    content = path.read_bytes()
    (tmp_path / "copy.png").write_bytes(content)
    path.write_bytes(b"\x89PNG\r\n\x1a\nbroken")

    assert repair(drifting, locate=str(tmp_path / "copy.png")).json["changed"] == 1

    assert path.read_bytes() == content
    assert counts(drifting) == {}
    kept = [p.read_bytes() for p in (drifting.root / ".imagelib" / "trash").iterdir()]
    assert kept == [b"\x89PNG\r\n\x1a\nbroken"]


def test_a_lost_file_comes_back_by_upload(drifting):
    path = file_of(drifting, "picture 0")
    content = path.read_bytes()
    path.unlink()
    repair(drifting, flag_missing=True)
    record = image_of(drifting, "picture 0")
    assert record["file_state"] == "missing"

    answer = drifting.upload(content, f"/api/images/{record['id']}/file")

    assert (answer.status, answer.json["file_state"]) == (200, "ok")
    assert path.read_bytes() == content


def test_an_overwritten_file_is_accepted_only_when_it_is_a_picture(drifting, tmp_path):
    good, bad = (image_of(drifting, f"picture {n}") for n in (0, 1))
    new = draw(tmp_path / "new.png", (80, 40), seed="new")
    shutil.copy(new, file_of(drifting, "picture 0"))
    file_of(drifting, "picture 1").write_bytes(b"\x89PNG\r\n\x1a\nbroken")

    answer = repair(drifting, accept=[good["id"], bad["id"], "no-such"]).json

    assert answer["changed"] == 1
    assert [one["id"] for one in answer["failures"]] == [bad["id"], "no-such"]
    assert str(drifting.root) not in str(answer)
    now = image_of(drifting, "picture 0")
    assert (now["width"], now["file_state"]) == (80, "ok")
    assert now["digest"] != good["digest"]


def test_bytes_of_another_image_are_not_accepted(drifting):
    shutil.copy(file_of(drifting, "picture 1"), file_of(drifting, "picture 0"))
    image = image_of(drifting, "picture 0")

    answer = repair(drifting, accept=[image["id"]]).json

    assert answer["changed"] == 0
    assert "already" in answer["failures"][0]["detail"]


def test_strays_are_adopted_as_one_batch_and_one_undo(drifting):
    images = drifting.root / "images"
    for n in range(2):
        draw(images / "new" / f"s{n}.png", seed=f"s{n}", texts={"parameters": a1111(f"stray {n}")})
    (images / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nx")

    answer = repair(drifting, adopt=["new/s0.png", "new/s1.png", "broken.png"]).json

    assert (answer["changed"], [one["id"] for one in answer["failures"]]) == (2, ["broken.png"])
    assert image_of(drifting, "stray 1")["file_name"] == "new/s1.png"
    undone = drifting.ask("POST", "/api/undo", json_body={"batch": answer["batch"]})
    assert len(undone.json["images"]) == 2
    assert drifting.get("/api/status").json["images"] == 3


@pytest.mark.parametrize("name", ["../outside.png", "sub/../../outside.png", "link.png", "",
                                  ".hidden.png", "/etc/hostname", "gone.png"])
def test_only_what_a_scan_has_found_is_adopted(drifting, name):
    outside = draw(drifting.root / "outside.png", seed="outside")
    (drifting.root / "images" / "sub").mkdir()
    (drifting.root / "images" / "link.png").symlink_to(outside)
    shutil.copy(outside, drifting.root / "images" / ".hidden.png")

    answer = repair(drifting, adopt=[name])

    assert (answer.status, answer.json["changed"]) == (200, 0)
    assert len(answer.json["failures"]) == 1
    assert drifting.get("/api/status").json["images"] == 3


def test_a_mass_loss_is_believed_only_when_asked_for(drifting):
    shutil.rmtree(drifting.root / "images")
    (drifting.root / "images").mkdir()
    told = drifting.get("/api/drift").json
    assert "disk that is not connected" in told["refused"]
    assert str(drifting.root) not in str(told)
    assert drifting.get("/api/status").json["missing"] == 0

    assert repair(drifting, flag_missing=True).json["changed"] == 3
    assert drifting.get("/api/status").json["missing"] == 3


@pytest.mark.parametrize(("body", "status"), [
    ({}, 422), ({"locate": "", "flag_missing": True}, 422), ({"accept": None}, 422),
    ({"adopt": "x"}, 422), ({"flag_missing": False}, 422), ({"nothing": 1}, 422),
    ({"locate": "relative/folder"}, 422), ({"locate": "/no/such/folder"}, 422),
])
def test_a_repair_that_asks_for_nothing_clear_is_refused(api, body, status):
    assert repair(api, **body).status == status


def test_a_repair_is_sent_as_json(api):
    assert api.ask("POST", "/api/drift", body=b"x", headers={
        "Content-Type": "text/plain"}).status == 415
    assert api.ask("POST", "/api/drift", body=b"{", headers={
        "Content-Type": "application/json"}).status == 400


def test_strangers_repair_nothing(api):
    for headers in ({"Origin": "http://evil.test"}, {"Host": "evil.test"}):
        assert api.ask("POST", "/api/drift", json_body={"flag_missing": True},
                       headers=headers).status == 403
        assert api.ask("GET", "/api/drift", headers=headers).status == 403


def test_read_only_tells_nothing_of_drift_and_repairs_nothing(tmp_path):
    Library.create(tmp_path / "l").close()
    daemon = Daemon(tmp_path / "l", "--read-only", "--no-watch")
    try:
        assert daemon.get("/api/drift").status == 403
        assert repair(daemon, flag_missing=True).status == 403
    finally:
        daemon.stop(signal.SIGKILL)


def test_an_altered_file_under_an_unchanged_date_is_accepted_or_given_back(drifting, tmp_path):
    path = file_of(drifting, "picture 0")
    content, stat = path.read_bytes(), path.stat()
    (drifting.root / "site" / "images" / path.name).unlink()  # else it would be put right
    path.write_bytes(content[:-8] + bytes(8))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with Library.open(drifting.root) as library:
        from imagelib.library.originals.drift import Scanner
        from imagelib.library.originals.following import settle
        scanner = Scanner(library)
        settle(library, scanner, scanner.scan(deep=True))
    assert counts(drifting) == {"altered": 1}
    record = image_of(drifting, "picture 0")

    assert drifting.upload(content, f"/api/images/{record['id']}/file").status == 200

    assert counts(drifting) == {}
    assert path.read_bytes() == content
