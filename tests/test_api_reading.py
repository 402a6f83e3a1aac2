"""Reading through the API: filters, orders, paging, one image, export, the route table."""

from __future__ import annotations

import csv
import io
import itertools
from typing import Any

import pytest
from served_library import api, served

from imagelib.daemon.routes import ROUTES

__all__ = ["api", "served"]  # the fixtures


def test_every_route_of_the_table_answers_and_openapi_names_it(api):
    document = api.get("/api/openapi.json").json

    named = {(method.upper(), path) for path, operations in document["paths"].items()
             for method in operations}
    assert named == {(route.method, route.path) for route in ROUTES}
    assert document["openapi"].startswith("3.1")
    for route in ROUTES:
        path = route.path.replace("{id}", "no-such-image").replace("{name}", "no such").replace(
            "{tag}", "no such")
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
        "generation", "ai_model", "notes", "title", "rating", "tags", "captured_at", "created_at",
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
