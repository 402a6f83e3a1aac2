"""Deleting, many at once, undo, tags, searches, and what open tabs hear of it."""

from __future__ import annotations

import sqlite3

import pytest
from helpers import draw
from served_library import api, served

__all__ = ["api", "served"]  # the fixtures


def test_deleting_restoring_and_emptying(daemon, picture):
    record = daemon.upload(picture, tags="a").json
    path = f"/api/images/{record['id']}"

    assert daemon.ask("DELETE", path).status == 204
    assert daemon.get(path).status == 404
    assert daemon.get(record["url"]).status == 404
    assert daemon.get("/api/trash").json["items"][0]["tags"] == ["a"]
    assert daemon.ask("POST", f"/api/trash/{record['id']}/restore").json["id"] == record["id"]
    assert daemon.get(record["url"]).status == 200
    assert daemon.ask("DELETE", path).status == 204
    assert daemon.ask("DELETE", "/api/trash").json == {"purged": 1}
    assert daemon.get("/api/trash").json["items"] == []
    assert daemon.ask("POST", f"/api/trash/{record['id']}/restore").status == 404


def test_one_of_the_trash_is_destroyed_and_no_image_that_is_not_in_it(daemon, tmp_path):
    first, second, third = (daemon.upload(draw(tmp_path / f"{n}.png")).json["id"]
                            for n in range(3))
    for image in (first, second):
        daemon.ask("DELETE", f"/api/images/{image}")
    daemon.ask("POST", f"/api/trash/{second}/restore")
    assert [daemon.ask("DELETE", f"/api/trash/{image}").status
            for image in (first, second, third, "no-such", first)] == [204, 404, 404, 404, 404]
    assert daemon.get("/api/trash").json["total"] == 0
    assert {one["id"] for one in daemon.get("/api/images").json["items"]} == {second, third}


def test_purge_is_for_good(daemon, picture):
    record = daemon.upload(picture).json
    assert daemon.ask("DELETE", f"/api/images/{record['id']}?purge=1").status == 204
    assert daemon.get("/api/trash").json["total"] == 0
    assert daemon.get(f"/api/images/{record['id']}/history").status == 404


def test_a_batch_edits_many_as_one_and_undo_takes_it_back(daemon, tmp_path):
    ids = [daemon.upload(draw(tmp_path / f"{n}.png")).json["id"] for n in range(4)]

    answer = daemon.ask("POST", "/api/batch", json_body={
        "ids": [*ids[:3], "no-such"], "edit": {"rating": 5, "add_tags": ["new"]}})

    assert answer.status == 200
    assert answer.json["changed"] == 3
    assert [f["id"] for f in answer.json["failures"]] == ["no-such"]
    assert daemon.get("/api/images", q="tag:new rating:5").json["total"] == 3
    assert len(daemon.ask("POST", "/api/undo", json_body={}).json["images"]) == 3
    assert daemon.get("/api/images", q="tag:new").json["total"] == 0
    assert daemon.ask("POST", "/api/redo").status == 200
    assert daemon.get("/api/images", q="tag:new").json["total"] == 3
    by_query = daemon.ask("POST", "/api/batch", json_body={"query": "tag:new", "delete": True})
    assert by_query.json["changed"] == 3
    back = daemon.ask("POST", "/api/batch", json_body={"ids": ids[:3], "restore": True})
    assert back.json["changed"] == 3
    assert daemon.get("/api/status").json["images"] == 4


@pytest.mark.parametrize("body", [
    {}, {"ids": ["x"]}, {"edit": {"rating": 1}}, {"ids": [], "query": "", "edit": {"rating": 1}},
    {"ids": ["x"], "edit": {}}, {"ids": ["x"], "edit": {"rating": 9}},
    {"ids": ["x"], "edit": {"rating": 1}, "delete": True}, {"query": "", "restore": True},
])
def test_a_batch_that_asks_for_nothing_clear_is_refused(api, body):
    assert api.ask("POST", "/api/batch", json_body=body).status == 422


def test_an_undo_that_would_lose_later_work_is_409(daemon, picture):
    record = daemon.upload(picture).json
    path = f"/api/images/{record['id']}"
    daemon.ask("PUT", path, json_body={"notes": "one"})
    batch = daemon.get(f"{path}/history").json["items"][0]["batch"]
    daemon.ask("PUT", path, json_body={"notes": "two"})

    assert daemon.ask("POST", "/api/undo", json_body={"batch": batch}).status == 409
    assert daemon.get(path).json["notes"] == "two"


def test_tag_housekeeping(daemon, tmp_path):
    for n, tags in enumerate(("cat,red", "kitty", "dog")):
        daemon.upload(draw(tmp_path / f"{n}.png"), tags=tags)

    def names():
        return [tag["name"] for tag in daemon.get("/api/tags").json]

    def post(what, **body):
        return daemon.ask("POST", f"/api/tags/{what}", json_body=body)

    assert post("merge", sources=["kitty"], target="cat").json["changed"] == 1
    assert post("rename", old="red", new="Crimson").json["changed"] == 1
    assert post("rename", old="dog", new="cat").status == 409
    assert post("rename", old="nobody", new="x").status == 404
    gone = post("delete", name="dog").json
    assert gone["changed"] == 1
    assert names() == ["cat", "crimson"]
    assert daemon.ask("POST", "/api/undo", json_body={"batch": gone["batch"]}).status == 200
    for _ in range(2):
        assert daemon.ask("POST", "/api/undo", json_body={}).status == 200
    assert sorted(names()) == ["cat", "dog", "kitty", "red"]


def test_albums(daemon, tmp_path):
    one, two, three = (daemon.upload(draw(tmp_path / f"{n}.png"), tags='["a/b"]').json["id"]
                       for n in "123")

    def order() -> list[str]:
        found = daemon.get("/api/images?tags=a/b&sort=album").json["items"]
        return [image["id"] for image in found]

    made = daemon.ask("PUT", "/api/albums/a%2Fb", json_body={"ids": [three], "text": "mine"})
    assert (made.status, made.json) == (201, {"tag": "a/b", "text": "mine", "cover": None,
                                              "count": 3})
    assert order() == [three, one, two]
    moved = daemon.ask("PUT", "/api/albums/a%2Fb",
                       json_body={"ids": [one], "before": None, "cover": two})
    assert (moved.status, moved.json["cover"]) == (200, two)
    assert order() == [three, two, one]
    assert daemon.get("/api/albums").json == [moved.json]
    assert daemon.ask("PUT", "/api/albums/none", json_body={}).status == 404
    for wrong in ({"ids": ["x"]}, {"text": 1}, {"pks": [1]}):
        assert daemon.ask("PUT", "/api/albums/a%2Fb", json_body=wrong).status == 422
    assert daemon.ask("DELETE", "/api/albums/a%2Fb").status == 204
    assert daemon.ask("DELETE", "/api/albums/a%2Fb").status == 404
    [warning] = daemon.get("/api/images?tags=a/b&sort=album").json["warnings"]
    assert "album" in warning


def test_saved_searches(daemon):
    assert daemon.ask("PUT", "/api/searches/best%20of",
                      json_body={"query": "rating:5", "sort": "-rating"}).status == 201
    assert daemon.ask("PUT", "/api/searches/best%20of",
                      json_body={"query": "rating:4"}).status == 200
    assert daemon.get("/api/searches").json == [
        {"name": "best of", "query": "rating:4", "sort": ""}]
    assert daemon.ask("DELETE", "/api/searches/best%20of").status == 204
    assert daemon.ask("DELETE", "/api/searches/best%20of").status == 404
    assert daemon.ask("PUT", "/api/searches/x", json_body={"query": 1}).status == 422


def test_open_tabs_hear_of_changes_also_by_other_programs(daemon, picture):
    record = daemon.upload(picture).json
    seq = daemon.get("/api/changes").json["seq"]
    connection = sqlite3.connect(daemon.root / "library.db")
    with connection:
        connection.execute("UPDATE images SET rating = 3")
    connection.close()

    changes = daemon.get("/api/changes", since=seq).json

    assert [(i["id"], i["rating"]) for i in changes["items"]] == [(record["id"], 3)]
    assert changes["seq"] > seq
    assert daemon.get("/api/changes", since=changes["seq"]).json["items"] == []
    daemon.ask("DELETE", f"/api/images/{record['id']}")
    assert daemon.get("/api/changes", since=changes["seq"]).json["deleted"] == [record["id"]]


def test_the_site_follows_an_edit_and_a_rebuild_can_be_asked_for(daemon, picture):
    record = daemon.upload(picture).json
    daemon.wait_built()
    page = f"/image/{record['id']}.html"
    assert b"a red fox" in daemon.get(page).body
    daemon.ask("PUT", f"/api/images/{record['id']}", json_body={"prompt_text": "a blue whale"})
    daemon.wait_built()
    assert b"a blue whale" in daemon.get(page).body
    answer = daemon.ask("POST", "/api/rebuild", json_body={"full": True})
    assert answer.status == 202
    assert "state" in answer.json
    daemon.wait_built()
    assert daemon.get(record["thumbnail_url"]).headers["Content-Type"] == "image/webp"


def test_it_is_told_what_undo_would_take_back(daemon, tmp_path):
    assert daemon.get("/api/undo").status == 404
    ids = [daemon.upload(draw(tmp_path / f"{n}.png")).json["id"] for n in range(2)]
    first = daemon.ask("POST", "/api/batch", json_body={"ids": ids, "edit": {"rating": 5}})
    later = daemon.ask("PATCH", f"/api/images/{ids[0]}", json_body={"rating": 1})

    last = daemon.get("/api/undo").json
    assert (last["batch"], last["actor"]) == (later.headers["Imagelib-Batch"], "api")
    assert (last["images"], last["total"], last["action"]) == ([ids[0]], 1, "edit")
    [newest, *_] = daemon.get(f"/api/images/{ids[0]}/history").json["items"]
    assert newest["at"] <= last["at"]
    batch = first.headers["Imagelib-Batch"]
    assert daemon.get("/api/undo", batch=batch).json["images"] == ids
    assert daemon.get("/api/undo", batch="no-such").status == 404
    assert daemon.get("/api/images", q="rating:5").json["total"] == 1, "nothing was taken back"
