"""`/api/picks`: what a visitor has sent is previewed, merged, found and forgotten."""

from __future__ import annotations

import json

import pytest
from helpers import draw, wait_for
from pick_helpers import ANNA, BO, as_link, file_of, pick, published

from imagelib.library.library import Library


@pytest.fixture
def gallery(daemon, tmp_path):
    """Two images of a served library that has a publication: its id, the ids here, and there."""
    for n in range(2):
        assert daemon.upload(draw(tmp_path / f"{n}.png")).status == 201
    with Library.open(daemon.root) as library:
        publication, ids = published(library)
    return publication, list(ids), list(ids.values())


def send(daemon, text, **more):
    return daemon.ask("POST", "/api/picks", json_body={"text": text, **more})


def test_a_link_is_previewed_merged_found_and_forgotten(daemon, gallery):
    publication, ids, public = gallery
    link = as_link(file_of(publication, {
        public[0]: pick(note="<b>warmer"), public[1]: pick(), BO: pick()}, who="Anna"))
    told = send(daemon, link).json
    assert daemon.get("/api/picks").json == []
    assert {key: told[key] for key in ("publication", "who", "before", "added", "unknown")} == {
        "publication": "proof", "who": "Anna", "before": "", "added": 2, "unknown": [BO]}
    assert {(one["id"], one["note"], one["kind"]) for one in told["images"]} == {
        (ids[0], "<b>warmer", "added"), (ids[1], "", "added")}

    answer = send(daemon, link, merge=True)
    assert answer.json == told
    assert answer.headers["Imagelib-Batch"] is None, "undo has nothing to take back"
    again = send(daemon, link, merge=True).json
    assert (again["added"], again["known"]) == (0, 2)
    assert daemon.get("/api/images", q="picked:anna has:picks").json["total"] == 2
    [visitor] = daemon.get("/api/picks").json
    assert (visitor["who"], visitor["picks"], visitor["hearts"]) == ("Anna", 2, 1)
    assert (visitor["name"], len(visitor["pks"])) == ("proof", 2)
    assert daemon.get(f"/api/images/{ids[0]}/picks").json == [
        {"who": "Anna", "heart": False, "stars": 0, "note": "<b>warmer",
         "at": "2026-11-27T12:00:00.000Z"}]
    assert daemon.get(f"/api/images/{BO}/picks").status == 404
    manifest = daemon.root / "site/data/manifest.js"
    assert wait_for(lambda: manifest.exists() and '"Anna"' in manifest.read_text()), "it is built"

    address = f"/api/picks/{publication}/{ANNA}"
    assert daemon.ask("DELETE", address).status == 204
    assert daemon.ask("DELETE", address).status == 404
    assert daemon.get("/api/images", q="has:picks").json["total"] == 0
    assert wait_for(lambda: '"Anna"' not in manifest.read_text())


def test_what_is_hostile_is_refused_with_422_and_its_reason(daemon, gallery):
    publication, _, public = gallery
    good = file_of(publication, {public[0]: pick()})
    for text, reason in (
            (json.dumps(good).replace("true", "[" * 20_000 + "]" * 20_000), "nested"),
            (json.dumps(file_of(publication, {public[0]: pick(note="x" * 2**20)})), "bytes"),
            (json.dumps(file_of(publication, {"<script>alert(1)</script>": pick()})), "UUID"),
            (as_link(b"[" * 30_000_000), "bytes"), (json.dumps(file_of(BO, {})), "no gallery"),
            ("", "neither")):
        for merge in ({}, {"merge": True}):
            answer = send(daemon, text, **merge)
            assert answer.status == 422, answer.body[:200]
            [fault] = answer.json["detail"]
            assert reason in fault["msg"]
    assert daemon.ask("POST", "/api/picks", json_body={"text": json.dumps(good),
                                                       "merge": "yes"}).status == 422
    assert daemon.get("/api/picks").json == []
