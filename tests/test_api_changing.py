"""Changing one image through the API: upload, edit, conditions, refusals, another file."""

from __future__ import annotations

import json

import pytest
from helpers import draw


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

    again = daemon.upload(picture, name="other.png", rating="5", prompt_text="another")

    assert again.status == 200
    assert again.json["duplicate"] is True
    assert (again.json["id"], again.json["rating"]) == (first["id"], 5), "it had none"
    assert (again.json["prompt_text"], again.json["unused"]) == ("a red fox", ["prompt_text"])


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


def test_a_form_may_send_tags_several_times_and_nothing_else(daemon, picture):
    def send(*fields):
        parts = [("image_file", '; filename="a.png"', picture.read_bytes()),
                 *((name, "", value.encode()) for name, value in fields)]
        body = b"".join(
            f'--XX\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode()
            + value + b"\r\n" for name, more, value in parts) + b"--XX--\r\n"
        return daemon.ask("POST", "/api/images", body=body, headers={
            "Content-Type": "multipart/form-data; boundary=XX"})

    for twice in ("notes", "rating", "prompt_text", "metadata"):
        assert send((twice, "1"), (twice, "1")).status == 422
    assert send(("tags", '{"a": 1}')).status == 422
    answer = send(("tags", "fox"), ("notes", "n"), ("tags", "snow,ice"), ("tags", '["b c"]'))
    assert (answer.status, answer.json["tags"]) == (201, ["b c", "fox", "ice", "snow"])
    assert answer.json["notes"] == "n"
