"""The API from outside: a real daemon, real sockets, every route and status of the agreement."""

from __future__ import annotations

import csv
import io
import itertools
import json
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers import Daemon, a1111, draw, fill, wait_for

from imagelib.daemon.routes import ROUTES
from imagelib.library.library import Library

MODELS = ("flux1-dev", "sd_xl_base", "Midjourney v6")
PROMPTS = ("a red fox", "Ein großer Löwe", "100% silk_scarf", "桜 in the rain", "A RED Car")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A daemon with 40 images whose values are known; the tests that share it only read."""
    root = tmp_path_factory.mktemp("api") / "library"
    records = []
    with Library.create(root) as library:
        for n in range(40):
            path = draw(root.parent / f"s{n}.png", seed=f"api {n}")
            image, _ = library.add(
                path, prompt_text=PROMPTS[n % 5], ai_model=MODELS[n % 3], rating=n % 6,
                notes=f"note {n}" if n % 4 == 0 else "",
                tags=[t for t, every in (("animal", 2), ("red", 3), ("wip", 5)) if n % every == 0],
                captured_at=f"2026-{n % 4 + 1:02d}-{n % 9 + 1:02d}T{n % 24:02d}:00:00")
            records.append(image)
    daemon = Daemon(root)
    yield SimpleNamespace(daemon=daemon, records=records, root=root)
    daemon.stop(signal.SIGKILL)


@pytest.fixture
def api(served: SimpleNamespace) -> Daemon:
    """The daemon of the module."""
    return served.daemon


def test_every_route_of_the_table_answers_and_openapi_names_it(api):
    document = api.get("/api/openapi.json").json

    named = {(method.upper(), path) for path, operations in document["paths"].items()
             for method in operations}
    assert named == {(route.method, route.path) for route in ROUTES}
    assert document["openapi"].startswith("3.1")
    for route in ROUTES:
        path = route.path.replace("{id}", "no-such-image").replace("{name}", "no such")
        answer = api.ask(route.method, path.replace(" ", "%20"))
        assert answer.status != 405
        assert answer.status < 500, (route, answer.body)


def _expected(records: list[Any], **asked: Any) -> set[str]:
    def fits(image: Any) -> bool:
        return (
            all(t in image.tags for t in asked.get("tags", "").split(",") if t)
            and image.rating >= asked.get("rating_min", 0)
            and image.rating <= asked.get("rating_max", 5)
            and image.captured_at >= asked.get("date_from", "")
            and image.captured_at[:10] <= asked.get("date_to", "9999")
            and asked.get("model", "").lower() in image.ai_model.lower()
            and asked.get("q", "").lower() in "\n".join(
                [image.prompt_text, image.notes, *image.tags]).lower()
        )

    return {image.id for image in records if fits(image)}


@pytest.mark.parametrize(
    "names", [c for n in range(1, 8) for c in itertools.combinations(
        ("q", "tags", "rating_min", "rating_max", "date_from", "date_to", "model"), n)
        if n in (1, 2, 7)], ids="+".join)
def test_filters_hold_alone_and_together(served, names):
    values = {"q": "red", "tags": "animal,red", "rating_min": 1, "rating_max": 4,
              "date_from": "2026-01-03", "date_to": "2026-03-05", "model": "FLUX"}
    asked = {name: values[name] for name in names}

    page = served.daemon.get("/api/images", page_size=500, **asked).json

    assert {item["id"] for item in page["items"]} == _expected(served.records, **asked)
    assert page["total"] == len(page["items"])


def test_date_to_takes_its_whole_day_in(served):
    day = served.records[5].captured_at[:10]

    found = served.daemon.get("/api/images", date_from=day, date_to=day).json["items"]

    assert {i["id"] for i in found} == _expected(served.records, date_from=day, date_to=day)
    assert found


@pytest.mark.parametrize(("text", "count"), [
    ("%", 8), ("k_s", 8), ("100%", 8), ("\\", 0), ("r_d", 0)])
def test_wildcards_of_sql_are_only_signs(served, text, count):
    assert served.daemon.get("/api/images", q=text).json["total"] == count


@pytest.mark.parametrize("text", ["löwe", "LÖWE", "lowe", "GROSSER", "großer"])
def test_case_and_accents_are_folded(served, text):
    assert served.daemon.get("/api/images", q=text).json["total"] == 8


def test_short_and_cjk_words_are_found(served):
    assert served.daemon.get("/api/images", q="桜").json["total"] == 8
    assert served.daemon.get("/api/images", q="a").json["total"] > 8


def test_the_grammar_works_in_q_and_unknown_fields_are_said(served):
    page = served.daemon.get("/api/images", q="tag:red rating:>=3 -model:flux").json
    assert {i["id"] for i in page["items"]} == {
        r.id for r in served.records
        if "red" in r.tags and r.rating >= 3 and "flux" not in r.ai_model}
    page = served.daemon.get("/api/images", q="tagg:red").json
    assert "tagg" in page["warnings"][0]


@pytest.mark.parametrize("sort", ["captured_at", "-captured_at", "rating", "-rating",
                                  "created_at", "-created_at"])
def test_paging_in_every_order_gives_each_image_once(served, sort):
    seen: list[str] = []
    for number in range(1, 7):
        seen += [i["id"] for i in served.daemon.get(
            "/api/images", sort=sort, page=number, page_size=7).json["items"]]
    by_cursor: list[str] = []
    cursor = ""
    while True:
        page = served.daemon.get("/api/images", sort=sort, page_size=7, cursor=cursor).json
        by_cursor += [i["id"] for i in page["items"]]
        if not (cursor := page["next"]):
            break

    column = sort.removeprefix("-")
    expected = sorted(served.records, key=lambda r: (getattr(r, column), r.pk),
                      reverse=sort.startswith("-"))
    assert seen == by_cursor == [r.id for r in expected]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("rating_min=x", {"rating_min"}), ("rating_max=6", {"rating_max"}), ("page=0", {"page"}),
        ("page_size=501", {"page_size"}), ("sort=id", {"sort"}),
        ("date_from=1.2.2025", {"date_from"}),
        ("date_to=2026-13-01&rating_min=-1", {"date_to", "rating_min"}), ("cursor=zzz", {"cursor"}),
        ("tags=" + ",".join(f"t{n}" for n in range(40)), {"tags"}),
    ],
)
def test_a_bad_parameter_is_422_and_named(api, query, fields):
    answer = api.ask("GET", f"/api/images?{query}")

    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {entry["loc"][-1] for entry in answer.json["detail"]} == fields


def test_one_image_has_all_its_fields_and_an_etag(served):
    record = served.records[0]
    answer = served.daemon.get(f"/api/images/{record.id}")

    assert answer.headers["ETag"] == f'"{record.version}"'
    assert set(answer.json) >= {
        "id", "file_name", "original_name", "url", "thumbnail_url", "width", "height",
        "size_bytes", "mime_type", "digest", "prompt_text", "negative_prompt", "prompt_meta",
        "generation", "ai_model", "notes", "rating", "tags", "captured_at", "created_at",
        "updated_at", "version", "file_state"}
    original = served.daemon.get(answer.json["url"])
    assert original.headers["Content-Type"] == "image/png"
    assert original.body == (served.root / "images" / record.file_name).read_bytes()
    unchanged = served.daemon.ask("GET", f"/api/images/{record.id}",
                                  headers={"If-None-Match": answer.headers["ETag"]})
    assert (unchanged.status, unchanged.body) == (304, b"")


def test_an_original_can_be_fetched_in_parts(served):
    answer = served.daemon.ask("GET", f"/images/{served.records[0].file_name}",
                               headers={"Range": "bytes=0-7"})
    assert (answer.status, answer.body) == (206, b"\x89PNG\r\n\x1a\n")


def test_tags_come_with_counts_the_most_used_first(served):
    tags = served.daemon.get("/api/tags").json
    assert tags[:2] == [{"name": "animal", "count": 20}, {"name": "red", "count": 14}]


def test_export_is_every_record_as_json_or_csv(served):
    document = served.daemon.get("/api/export").json
    assert {r["id"] for r in document["images"]} == {r.id for r in served.records}
    table = served.daemon.get("/api/export", format="csv").body.decode()
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {r["id"] for r in rows} == {r.id for r in served.records}
    assert served.daemon.get("/api/export", format="xml").status == 422


# -- changing -----------------------------------------------------------------


def test_an_upload_is_created_with_its_fields_and_metadata(daemon, picture):
    answer = daemon.upload(picture, name="C:\\x\\fox.png", rating="4", tags="Red, animal",
                           notes="mine", captured_at="2026-02-03")

    assert answer.status == 201
    record = answer.json
    assert answer.headers["Location"] == f"/api/images/{record['id']}"
    assert record["prompt_text"] == "a red fox"
    assert (record["rating"], record["tags"], record["notes"]) == (4, ["animal", "red"], "mine")
    assert record["captured_at"] == "2026-02-03T00:00:00"
    assert record["original_name"] == "fox.png"


def test_the_same_upload_again_is_a_duplicate(daemon, picture):
    first = daemon.upload(picture).json

    again = daemon.upload(picture, name="other.png", rating="5")

    assert again.status == 200
    assert again.json["duplicate"] is True
    assert (again.json["id"], again.json["rating"]) == (first["id"], 0)


def test_metadata_may_come_as_one_json_part(daemon, picture):
    raw = [{"prompt": "as it was"}, "text"]
    answer = daemon.upload(picture, metadata=json.dumps({"prompt_meta": raw, "rating": 2}))
    assert (answer.status, answer.json["prompt_meta"], answer.json["rating"]) == (201, raw, 2)


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 415), (b"<svg/>", 415), (b"\x89PNG\r\n\x1a\n" + b"x" * 100, 422), (b"GIF89a", 422)],
)
def test_a_refused_upload_leaves_nothing(daemon, content, status):
    answer = daemon.upload(content)

    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert daemon.get("/api/status").json["images"] == 0
    assert [p for p in (daemon.root / "images").iterdir() if p.name != ".gitkeep"] == []


def test_bad_fields_of_an_upload_are_all_named(daemon, picture):
    answer = daemon.upload(picture, rating="7", captured_at="13/12/2025", tags="a", nope="1")

    assert answer.status == 422
    assert {entry["loc"][-1] for entry in answer.json["detail"]} == {
        "rating", "captured_at", "nope"}
    assert list((daemon.root / "images").iterdir()) == []


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_an_edit_changes_some_fields_and_moves_the_etag(daemon, picture, method):
    record = daemon.upload(picture, tags="a,b", notes="stay").json

    answer = daemon.ask(method, f"/api/images/{record['id']}", json_body={
        "rating": 5, "add_tags": ["c"], "remove_tags": ["a"], "negative_prompt": None})

    assert answer.status == 200
    assert (answer.json["rating"], answer.json["tags"]) == (5, ["b", "c"])
    assert (answer.json["notes"], answer.json["negative_prompt"]) == ("stay", "")
    assert answer.headers["ETag"] == f'"{answer.json["version"]}"' != f'"{record["version"]}"'


def test_a_stale_if_match_is_412_with_the_current_record(daemon, picture):
    record = daemon.upload(picture).json
    path = f"/api/images/{record['id']}"
    old = f'"{record["version"]}"'
    assert daemon.ask("PUT", path, json_body={"rating": 1}, headers={"If-Match": old}).status == 200

    for method, more in (("PUT", {"json_body": {"rating": 2}}), ("DELETE", {})):
        answer = daemon.ask(method, path, headers={"If-Match": old}, **more)
        assert answer.status == 412
        assert answer.json["current"]["rating"] == 1
    assert daemon.get(path).json["rating"] == 1


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"rating": 6}, {"rating"}),
        ({"rating": "x", "captured_at": "yesterday", "ratting": 1},
         {"rating", "captured_at", "ratting"}),
        ({"tags": "a"}, {"tags"}),
        ({"tags": ["ok", ""]}, {"tags"}),
        ({"prompt_text": 3}, {"prompt_text"}),
        ({"file_name": "../x"}, {"file_name"}),
        ({"generation": []}, {"generation"}),
        ({"notes": "x" * 200_001}, {"notes"}),
    ],
)
def test_a_refused_edit_names_each_field_and_changes_nothing(daemon, picture, body, fields):
    record = daemon.upload(picture, tags="t").json
    path = f"/api/images/{record['id']}"

    answer = daemon.ask("PUT", path, json_body={**body, "negative_prompt": "changed?"})

    assert answer.status == 422
    assert {entry["loc"][1] for entry in answer.json["detail"]} == fields
    assert daemon.get(path).json == record


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400), (b"[]", "application/json", 422),
        (b'{"rating": NaN}', "application/json", 400), (b'{"rating": 1}', "text/plain", 415),
        (b'{"notes": "\xff"}', "application/json", 400),
        (b'{"notes": "\\ud800"}', "application/json", 422),
        (b'{"rating": 1, "rating": 2}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
    ],
)
def test_a_body_that_is_no_good_json_is_refused(daemon, picture, body, kind, status):
    record = daemon.upload(picture).json
    answer = daemon.ask("PUT", f"/api/images/{record['id']}", body=body,
                        headers={"Content-Type": kind})
    assert answer.status == status


def test_a_file_is_replaced_and_its_metadata_kept(daemon, picture, tmp_path):
    record = daemon.upload(picture, notes="kept", rating="3").json
    other = draw(tmp_path / "b.jpg", (20, 10))

    answer = daemon.upload(other, f"/api/images/{record['id']}/file", name="b.jpg")

    assert answer.status == 200
    assert (answer.json["notes"], answer.json["mime_type"]) == ("kept", "image/jpeg")
    assert daemon.get(answer.json["url"]).body == other.read_bytes()
    refused = daemon.upload(b"<svg/>", f"/api/images/{record['id']}/file")
    assert refused.status == 415
    assert daemon.get(f"/api/images/{record['id']}").json["digest"] == answer.json["digest"]


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


# -- the door -----------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.test"}, {"Host": "localhost"}, {"Host": "127.0.0.1.evil.test:80"},
        {"Origin": "http://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "odd"},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/api/images"), ("POST", "/api/undo"),
                                              ("GET", "/")])
def test_strangers_are_refused(api, headers, method, path):
    assert api.ask(method, path, headers=headers).status == 403


def test_a_link_on_another_page_may_lead_to_the_gallery_but_not_to_the_api(api):
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Dest": "document"}
    api.wait_built()
    assert api.ask("GET", "/", headers=link).status == 200
    assert api.ask("GET", "/api/images", headers=link).status == 403
    assert api.ask("GET", "/", headers={**link, "Sec-Fetch-Dest": "iframe"}).status == 403


def test_every_answer_carries_the_security_headers(api):
    for path in ("/", "/api/status", "/api/nothing", "/nothing"):
        headers = api.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert not any(name.lower().startswith("access-control") for name in headers)


@pytest.mark.parametrize(("method", "path", "allow"), [
    ("POST", "/api/status", "GET, HEAD"), ("GET", "/api/rebuild", "POST"),
    ("POST", "/api/images/x", "DELETE, GET, HEAD, PATCH, PUT"), ("PUT", "/", "GET, HEAD"),
])
def test_another_method_is_405_with_those_that_are_taken(api, method, path, allow):
    answer = api.ask(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allow)


@pytest.mark.parametrize("path", [
    "/library.db", "/../library.db", "/images/..%2flibrary.db", "/imagelib.toml",
    "/.imagelib/library_id", "/images/", "/static/../../library.db", "/%00",
    "/editor/..%2fbase.html",
])
def test_nothing_but_the_site_is_served(api, path):
    answer = api.ask("GET", path)
    assert answer.status in (400, 404)
    assert b"SQLite" not in answer.body


def test_links_planted_in_the_folders_are_not_followed(daemon, picture, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    record = daemon.upload(picture).json
    daemon.wait_built()
    file = daemon.root / "images" / record["file_name"]
    file.unlink()
    file.symlink_to(secret)
    (daemon.root / "site" / "static" / "x.css").symlink_to(secret)

    assert daemon.get(record["url"]).status == 404
    assert daemon.get("/static/x.css").status == 404


def test_too_many_bytes_are_413_and_no_length_is_411(daemon):
    answer = daemon.ask("POST", "/api/images", body=b"x", headers={
        "Content-Type": "multipart/form-data; boundary=XX", "Content-Length": str(90 * 2**20)})
    assert answer.status == 413
    import socket

    with socket.create_connection(("127.0.0.1", daemon.port)) as raw:
        raw.sendall(b"POST /api/images HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type:"
                    b" multipart/form-data; boundary=XX\r\nConnection: close\r\n\r\n" % daemon.port)
        assert b" 411 " in raw.recv(4096)


def test_a_locked_database_is_503_with_retry_after(daemon, picture):
    record = daemon.upload(picture).json
    other = sqlite3.connect(daemon.root / "library.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        answer = daemon.ask("PUT", f"/api/images/{record['id']}", json_body={"rating": 1})
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
        assert daemon.get("/api/images").status == 200
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert daemon.ask("PUT", f"/api/images/{record['id']}", json_body={"rating": 1}).status == 200


def test_read_only_shows_and_changes_nothing(tmp_path, picture):
    with Library.create(tmp_path / "l") as library:
        image, _ = library.add(picture)
    daemon = Daemon(tmp_path / "l", "--read-only")
    try:
        daemon.wait_built()
        assert daemon.get(f"/api/images/{image.id}").status == 200
        assert daemon.ask("DELETE", f"/api/images/{image.id}").status == 403
        assert daemon.upload(picture).status == 403
        assert b"editor/" not in daemon.get("/").body
    finally:
        daemon.stop()


def test_a_password_is_asked_for_and_guessing_is_slowed(tmp_path, picture):
    import base64

    from imagelib.daemon.guard import hash_password

    with Library.create(tmp_path / "l") as library:
        (library.root / "imagelib.toml").write_text(
            f'[serve]\npassword_hash = "{hash_password("open sesame")}"\n')
    daemon = Daemon(tmp_path / "l")

    def ask(password):
        token = base64.b64encode(f"me:{password}".encode()).decode()
        return daemon.ask("GET", "/api/status", headers={"Authorization": f"Basic {token}"})

    try:
        assert daemon.get("/api/status").status == 401
        assert ask("open sesame").status == 200
        assert [ask("wrong").status for _ in range(7)][-1] == 429
        assert ask("open sesame").status == 200  # who has proven it is not kept out by a guesser
    finally:
        daemon.stop()


def test_another_address_than_loopback_needs_a_password(tmp_path):
    import subprocess
    import sys

    Library.create(tmp_path / "l").close()
    done = subprocess.run([sys.executable, "-m", "imagelib", "-L", str(tmp_path / "l"), "serve",
                           "--host", "0.0.0.0", "--port", "0", "--no-open"],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert "password" in done.stderr


def test_a_second_daemon_is_kept_out_and_told_of_the_first(daemon):
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-m", "imagelib", "-L", str(daemon.root), "serve",
                           "--port", "0", "--no-open"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 5
    assert str(daemon.process.pid) in done.stderr
    assert str(daemon.port) in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_in_order(daemon, picture, number):
    daemon.upload(picture)
    assert daemon.stop(number) == 0
    with Library.open(daemon.root) as library:
        assert library.count() == 1


def test_the_log_tells_of_events_and_never_of_prompts(daemon, picture):
    record = daemon.upload(picture).json
    daemon.ask("PUT", f"/api/images/{record['id']}", json_body={"prompt_text": "very private"})
    daemon.ask("GET", "/", headers={"Host": "evil.test"})
    daemon.stop()

    log = (daemon.root / ".imagelib" / "log" / "daemon.log").read_text()
    assert f"upload image={record['id']}" in log
    assert "edit image=" in log
    assert "refusal" in log
    assert "private" not in log
    assert "red fox" not in log


def test_what_was_answered_survives_kill_9(daemon, tmp_path):
    ids = [daemon.upload(draw(tmp_path / f"{n}.png")).json["id"] for n in range(5)]
    daemon.ask("PUT", f"/api/images/{ids[0]}", json_body={"rating": 5})
    daemon.ask("DELETE", f"/api/images/{ids[1]}")
    daemon.stop(signal.SIGKILL)

    again = Daemon(daemon.root)
    try:
        assert again.get("/api/status").json["images"] == 4
        assert again.get(f"/api/images/{ids[0]}").json["rating"] == 5
        assert wait_for(lambda: again.get("/").status == 200)
    finally:
        again.stop()


def test_a_page_of_a_large_library_comes_at_once(tmp_path):
    with Library.create(tmp_path / "l") as library:
        fill(library, 600)
        assert library.page("prompt", page=10, page_size=60).total == 600
        assert a1111("x").startswith("x")


def test_paths_in_answers_are_never_of_this_machine(api):
    for path in ("/api/status", "/api/images", "/api/nothing"):
        assert str(Path.cwd()).encode() not in api.get(path).body


def test_a_signal_breaks_a_long_build_off_and_the_next_start_goes_on(tmp_path):
    with Library.create(tmp_path / "l") as library:
        fill(library, 3000)
    daemon = Daemon(tmp_path / "l", "--no-watch")
    assert wait_for(lambda: daemon.get("/api/status").json["build"]["progress"], 20)
    assert daemon.stop() == 0  # which waits less than the whole build would take
    again = Daemon(tmp_path / "l", "--no-watch")
    try:
        again.wait_built(60)
        assert again.get("/").status == 200
    finally:
        again.stop()
