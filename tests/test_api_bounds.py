"""No answer and no record grows without bound, whatever was saved before."""

from __future__ import annotations

import io
import json
import threading
import time

import pytest
from helpers import draw

from imagelib.daemon.app import PROVING, SLOW, make_app
from imagelib.daemon.channels import AT_ONCE, Head
from imagelib.daemon.errors import MalformedError
from imagelib.daemon.guard import Guard, hash_password
from imagelib.daemon.messages import Request, parse_json
from imagelib.daemon.routes import ROUTES
from imagelib.daemon.service import Service
from imagelib.errors import BusyError, InvalidError
from imagelib.library.records import history
from imagelib.library.store import rows as records

LARGE = {"x": ["y" * 1000] * 3000}


@pytest.fixture
def image(daemon, tmp_path):
    return daemon.upload(draw(tmp_path / "a.png")).json


def put(daemon, image, **fields):
    answer = daemon.ask("PUT", f"/api/images/{image['id']}", json_body=fields)
    assert answer.status == 200
    return answer.json


def test_history_is_paged_to_its_end_and_large_values_are_named_in_place(daemon, image):
    for number in range(7):
        put(daemon, image, prompt_meta=LARGE | {"n": number}, notes=f"note {number}")
    path, seen, cursor = f"/api/images/{image['id']}/history", [], ""
    while cursor is not None:
        answer = daemon.get(path, page_size=3, cursor=cursor)
        assert len(answer.body) < 2**20
        page = answer.json
        assert len(page["items"]) <= 3
        assert page["total"] == 8
        seen += page["items"]
        cursor = page["next"]
    assert [change["seq"] for change in seen] == sorted(
        {change["seq"] for change in seen}, reverse=True)
    assert len(seen) == 8
    edit = next(change for change in seen if change["kind"] == "update")
    assert edit["shortened"] == ["prompt_meta"]
    assert edit["after"]["prompt_meta"] is None
    assert edit["after"]["notes"] == "note 6"
    assert daemon.get(path).json["items"] == seen
    assert daemon.get(path, page_size=0).status == daemon.get(path, cursor="x").status == 422


def test_undo_brings_back_what_history_does_not_show(daemon, image):
    put(daemon, image, prompt_meta=LARGE)
    put(daemon, image, prompt_meta={})
    assert daemon.ask("POST", "/api/undo").status == 200
    assert daemon.get(f"/api/images/{image['id']}").json["prompt_meta"] == LARGE


@pytest.mark.parametrize(("fields", "absent"), [
    ({"prompt_meta": LARGE}, None), ({"generation": {"extra": "z" * 90_000}}, {})])
def test_lists_do_without_what_is_very_long_and_say_so(daemon, image, fields, absent):
    whole = put(daemon, image, **fields)
    [name] = fields
    for path in ("/api/images", "/api/changes"):
        [listed] = daemon.get(path).json["items"]
        assert listed.pop("shortened") == [name]
        assert listed == whole | {name: absent}
    assert daemon.get(f"/api/images/{image['id']}").json == whole


def test_records_that_are_too_many_at_once_are_refused_and_fewer_are_given(library, monkeypatch,
                                                                            tmp_path):
    for number in range(5):
        library.add(draw(tmp_path / f"{number}.png"), notes="n" * 1000)
    monkeypatch.setattr(records, "MOST_AT_ONCE", 4000)
    with pytest.raises(InvalidError, match="fewer"):
        records.select_json(library.database.reader, [1, 2, 3, 4, 5])
    assert len(records.select_json(library.database.reader, [1, 2])) == 2


def test_a_page_of_history_ends_early_where_changes_are_large(library, picture, monkeypatch):
    image = library.add(picture).image
    for number in range(6):
        library.edit(image.id, notes=str(number) * 3000)
    monkeypatch.setattr(history, "_PAGE_SIZE", 5000)
    assert 1 <= len(library.history(image.id)) < 7
    walked = list(history.walk_changes(library.database, image.id))
    assert len(walked) == len({change.seq for change in walked}) == 7


def test_a_page_of_history_reads_no_more_than_it_may(library, picture, monkeypatch):
    image = library.add(picture).image
    for number in range(6):
        library.edit(image.id, prompt_meta=[str(number) * 50_000])
    monkeypatch.setattr(history, "_PAGE_READ", 150_000)
    assert 1 <= len(library.history(image.id)) < 4
    assert len(list(history.walk_changes(library.database, image.id))) == 7


def test_a_walk_holds_few_records_at_a_time(library, tmp_path, monkeypatch):
    monkeypatch.setattr("imagelib.library.library._WALKED", 3)
    for number in range(8):
        library.add(draw(tmp_path / f"{number}.png"))
    for query in ("", "is:unrated"):
        asked = []
        library.database.reader.set_trace_callback(asked.append)
        walk = library.walk(query)
        next(walk)
        library.database.reader.set_trace_callback(None)
        library.edit(library.find()[0].id, notes=f"late {query}")
        assert sum(image.notes == f"late {query}" for image in walk) <= 1
        whole = [text for text in asked if "prompt_meta" in text]
        assert whole
        assert all("LIMIT 3" in text or text.count("', '") <= 2 for text in whole)


def test_only_so_many_values_are_read_of_a_body():
    text = "[" + "0," * 400_000 + "0]"
    assert len(parse_json(text)) == 400_001
    assert parse_json(json.dumps({"notes": ",[{" * 400_000}))
    for long in ("[" + "0," * 500_001 + "0]", "[" + "[]," * 250_001 + "0]",
                 '{"x": ["' + '","' * 500_001 + '"]}'):
        with pytest.raises(MalformedError, match="values"):
            parse_json(long)


def test_large_bodies_are_read_one_at_a_time_and_small_ones_beside_them():
    def call(size):
        return Request(None, "POST", "/", {}, {}, io.BytesIO(bytes(size)), size, {},
                    deadline=time.monotonic())

    first, second, small = call(2 * 2**20), call(2 * 2**20), call(2**10)
    try:
        first.read_body(2**30)
        with pytest.raises(BusyError, match="large"):
            second.read_body(2**30)
        assert small.read_body(2**30)
    finally:
        first.release()
    second.read_body(2**30)
    second.release()


def lane(app, method, path, query="", **headers):
    return app.lane_of(Head(method, path, headers, "127.0.0.1"), query)


def test_what_is_slow_has_a_lane_of_its_own(library):
    app = make_app(Service(library), Guard(80))
    for route in ROUTES:
        path = route.path.replace("{id}", "x").replace("{name}", "x").replace("{tag}", "x")
        assert lane(app, route.method, path) == (SLOW if route.slow else None)
    locked = make_app(Service(library), Guard(80, password_hash=hash_password("sesame")))
    assert lane(locked, "GET", "/api/tags", authorization="Basic bWU6Z3Vlc3M=") == PROVING
    assert lane(locked, "GET", "/", authorization="Basic bWU6Z3Vlc3M=") == PROVING


def test_only_what_is_at_hand_is_answered_at_once(library, picture):
    service = Service(library)
    app = make_app(service, Guard(80))
    service.engine.memory.fill()
    for path in ("/", "/data/manifest.js", "/api/tags", "/api/images", "/api/images/x"):
        assert lane(app, "GET", path) == AT_ONCE
    assert lane(app, "GET", "/api/images", "tags=a,b&rating_min=3") == AT_ONCE
    # Words may be looked for in SQLite, originals may be large and lie anywhere.
    assert lane(app, "GET", "/api/images", "tags=a&q=fox") is None
    assert lane(app, "GET", "/images/x.png") is None
    for method, path in (("POST", "/api/undo"), ("PUT", "/api/images/x"), ("GET", "/api/status")):
        assert lane(app, method, path) is None
    library.add(picture)  # the memory has to be read again first
    assert lane(app, "GET", "/api/tags") is None
    service.engine.memory.fill()
    assert lane(app, "GET", "/api/tags") == AT_ONCE
    with service.engine.memory._lock:  # somebody else is being answered
        assert lane_from_elsewhere(app, "/api/tags") is None


@pytest.mark.parametrize("path", ["/api/tags", "/api/images"])
def test_a_database_that_another_file_took_the_place_of_is_said(daemon, image, path):
    assert daemon.get(path).status == 200
    database = daemon.root / "library.db"
    database.rename(daemon.root / "elsewhere.db")
    database.write_bytes(b"another one")
    answer = daemon.get(path)
    assert answer.status == 503
    assert "library.db" in answer.json["detail"]
    (daemon.root / "elsewhere.db").replace(database)
    assert daemon.get(path).status == 200


def lane_from_elsewhere(app, path):
    found = []
    other = threading.Thread(target=lambda: found.append(lane(app, "GET", path)))
    other.start()
    other.join()
    return found[0]


def tags(first, last):
    return [f"t{n}" for n in range(first, last)]


def test_tags_are_counted_as_they_come_to_be_and_not_as_they_are_sent(daemon, image):
    path = f"/api/images/{image['id']}"
    put(daemon, image, add_tags=tags(0, 150))
    for fields in ({"add_tags": tags(150, 201)}, {"tags": tags(0, 200), "add_tags": ["more"]}):
        answer = daemon.ask("PUT", path, json_body=fields)
        assert answer.status == 422
        assert "200 tags" in json.dumps(answer.json)
    assert daemon.ask("POST", "/api/batch", json_body={
        "ids": [image["id"]], "edit": {"add_tags": tags(150, 201)}}).status == 422
    assert len(daemon.get(path).json["tags"]) == 150
    put(daemon, image, add_tags=tags(150, 201), remove_tags=["t0"])
    assert len(daemon.get(path).json["tags"]) == 200
    assert daemon.ask("POST", "/api/tags/merge", json_body={
        "sources": ["t1", "t2"], "target": "new"}).status == 200
    assert len(daemon.get(path).json["tags"]) == 199


def test_the_trash_is_listed_without_what_is_very_long_and_restores_all_of_it(daemon, image):
    whole = put(daemon, image, prompt_meta=LARGE, generation={"tool": "x"})
    assert daemon.ask("DELETE", f"/api/images/{image['id']}").status == 204
    answer = daemon.get("/api/trash")
    assert len(answer.body) < 2**17
    assert answer.json["items"][0]["shortened"] == ["prompt_meta", "generation"]
    assert daemon.ask("POST", f"/api/trash/{image['id']}/restore").status == 200
    assert daemon.get(f"/api/images/{image['id']}").json["prompt_meta"] == whole["prompt_meta"]


def test_saved_searches_are_bounded(library, monkeypatch):
    from imagelib.library.records import searches

    monkeypatch.setattr(searches, "MAX_SEARCHES", 2)
    searches.save_search(library.database, "a", "x")
    searches.save_search(library.database, "b", "x")
    searches.save_search(library.database, "b", "y")
    with pytest.raises(InvalidError, match="delete one"):
        searches.save_search(library.database, "c", "x")
    with pytest.raises(InvalidError, match="characters"):
        searches.save_search(library.database, "a", "x" * 20_001)


def test_a_walk_keeps_the_order_of_its_query(library, tmp_path):
    for number in range(120):
        library.add(draw(tmp_path / f"{number}.png"), rating=number % 6)
    found = [image.id for image in library.find("rating:>=1 sort:-rating")]
    assert [image.id for image in library.walk("rating:>=1 sort:-rating")] == found
    assert len(list(library.walk())) == 120
