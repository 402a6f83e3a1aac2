"""`/api/publications`: what can be published, and publishing it, over a real daemon."""

from __future__ import annotations

import json
from typing import Any

import pytest
from helpers import Daemon, draw, wait_for

from imagelib.library.library import Library

FOX = """
title = "Fox works"
fields = ["title", "tags"]
query = "tag:fox"
"""


@pytest.fixture
def served(tmp_path):
    """A daemon over two foxes and an owl, with a policy that is whole and one that is not."""
    root = tmp_path / "library"
    with Library.create(root) as library:
        for n, tag in enumerate(("fox", "fox", "owl")):
            library.add(draw(tmp_path / f"{n}.png"), title=f"Picture {n}", tags=[tag])
    (root / "publish").mkdir()
    (root / "publish" / "fox.toml").write_text(FOX)
    (root / "publish" / "bad.toml").write_text("fields = ['everything']")
    daemon = Daemon(root, "--no-watch")
    yield daemon
    daemon.stop()


def post(daemon: Daemon, path: str, **body: Any) -> Any:
    return daemon.ask("POST", f"/api/publications/{path}", json_body=body)


def job(daemon: Daemon, state: str) -> dict[str, Any]:
    """The job, when it has come to *state*."""
    def asked() -> Any:
        return daemon.get("/api/publications").json["job"]
    assert wait_for(lambda: asked()["state"] == state), asked()
    return asked()


def test_a_policy_is_chosen_prepared_looked_at_and_sent(served, tmp_path):
    listed = served.get("/api/publications").json
    assert listed["job"] == {"state": "idle"}
    items = {one["name"]: one for one in listed["items"]}
    assert list(items) == ["bad", "fox", "portfolio", "settings", "proof"]
    assert "everything" in items["bad"]["fault"]
    fox = items["fox"]
    assert {key: fox[key] for key in ("is_own", "title", "query", "to", "is_over", "places")} == {
        "is_own": True, "title": "Fox works", "query": "tag:fox", "to": "", "is_over": False,
        "places": []}
    assert "Shown with each: title, tags." in fox["explained"]

    place = str(tmp_path / "fox.zip")
    begun = post(served, "fox", place=place, title="Other works", query="")
    assert (begun.status, begun.json["state"], begun.json["place"]) == (202, "preparing", place)
    ready = job(served, "ready")
    assert ready["preview"]["added"] == 3
    assert post(served, "portfolio", place=place).status == 409
    assert post(served, "fox/send", id="0").status == 409
    assert post(served, "owl/send", id=ready["id"]).status == 404
    assert post(served, "fox/send", id=ready["id"]).status == 202
    assert job(served, "done")["sent"] == ready["preview"]["files"]

    listed = served.get("/api/publications").json["items"]
    [known] = next(one for one in listed if one["name"] == "fox")["places"]
    assert known["place"] == place
    assert known["at"] > 0
    [image, *_] = served.get("/api/images").json["items"]
    assert served.get(f"/api/images/{image['id']}/publications").json["items"] == [
        {"name": "fox", "place": place}]

    # More than before is refused with the field that says yes.
    (served.root / "publish" / "fox.toml").write_text(FOX + 'originals = "as they are"')
    post(served, "fox", place=place)
    refused = post(served, "fox/send", id=job(served, "ready")["id"])
    assert refused.status == 422
    assert {tuple(fault["loc"]) for fault in refused.json["detail"]} == {("body", "widen")}
    assert served.ask("DELETE", "/api/publications/fox").status == 200
    assert job(served, "cancelled")["sent"] == 0

    # What waits for a yes holds up no end of the daemon.
    post(served, "fox", place=str(tmp_path / "out"))
    job(served, "ready")
    assert served.stop() == 0
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_published_is_refused_at_once(served, tmp_path):
    place = str(tmp_path / "out")
    for name, body, status, reason in (
            ("owl", {"place": place}, 404, "no publication"),
            ("..", {"place": place}, 404, "no publication"),
            ("a%00b", {"place": place}, 404, "no publication"),
            ("Fox!", {"place": place}, 404, "no publication"),
            ("bad", {"place": place}, 422, "everything"),
            ("fox", {}, 422, "say where"),
            ("fox", {"place": "out"}, 422, "whole path"),
            ("fox", {"place": "git:https://example.org/fox.git"}, 422, "never published"),
            ("fox", {"place": "git:-u"}, 422, "never published"),
            ("fox", {"place": place, "query": "rating:many"}, 422, "rating"),
            ("fox", {"place": place, "title": "x" * 300}, 422, "title"),
            ("fox", {"place": place, "fields": ["notes"]}, 422, "fields")):
        answer = post(served, name, **body)
        assert (answer.status, reason in json.dumps(answer.json)) == (status, True), (
            name, body, answer.json)
    assert post(served, "fox/send", id="").status == 404
    assert served.ask("DELETE", "/api/publications/fox").status == 404
    assert served.get("/api/publications").json["job"] == {"state": "idle"}
    post(served, "fox", place="~nobody-is-called-so/out")
    assert "names no place" in job(served, "failed")["message"]
