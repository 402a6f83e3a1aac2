"""Every request that changes the library names the batch that takes it back, and undo does so."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import Answer, Daemon, draw

from imagelib.daemon.routes import ROUTES

HEADER = "Imagelib-Batch"


class Shelf:
    """Two images, and one that lies in the trash."""

    def __init__(self, daemon: Daemon, folder: Any) -> None:
        self.daemon, self.folder = daemon, folder
        self.here, self.other = (
            self.upload(f"{n}.png", tags=["here"], rating=n, notes="here").json["id"]
            for n in (1, 2))
        self.gone = self.upload("gone.png").json["id"]
        daemon.ask("DELETE", f"/api/images/{self.gone}")

    def upload(self, name: str, **fields: Any) -> Answer:
        path = self.folder / name
        tags = ",".join(fields.pop("tags", []))
        return self.daemon.upload(path if path.exists() else draw(path), tags=tags, **fields)

    def post(self, path: str, **body: Any) -> Answer:
        return self.daemon.ask("POST", path, json_body=body)

    def state(self) -> Any:
        """What a user sees of the library."""
        items = self.daemon.get("/api/images", page_size=100).json["items"]
        keys = ("id", "rating", "tags", "notes", "digest", "file_name")
        return (sorted([tuple(map(str, map(item.get, keys))) for item in items]),
                sorted(item["id"] for item in self.daemon.get("/api/trash").json["items"]))


VERBS = {
    "POST /api/images": lambda shelf: shelf.upload("new.png"),
    "POST /api/images: again": lambda shelf: shelf.upload("1.png", notes="said later", tags=["x"]),
    "POST /api/images: deleted before": lambda shelf: shelf.upload("gone.png", notes="back"),
    "PUT /api/images/{id}": lambda shelf: shelf.daemon.ask(
        "PUT", f"/api/images/{shelf.here}", json_body={"rating": 5, "tags": ["other"]}),
    "PATCH /api/images/{id}": lambda shelf: shelf.daemon.ask(
        "PATCH", f"/api/images/{shelf.here}", json_body={"notes": "noted"}),
    "DELETE /api/images/{id}": lambda shelf: shelf.daemon.ask(
        "DELETE", f"/api/images/{shelf.here}"),
    "POST /api/images/{id}/file": lambda shelf: shelf.daemon.upload(
        draw(shelf.folder / "file.png"), f"/api/images/{shelf.here}/file"),
    "POST /api/batch": lambda shelf: shelf.post(
        "/api/batch", ids=[shelf.here, shelf.other], edit={"rating": 4}),
    "POST /api/batch: delete": lambda shelf: shelf.post("/api/batch", query="here", delete=True),
    "POST /api/batch: restore": lambda shelf: shelf.post(
        "/api/batch", ids=[shelf.gone], restore=True),
    "POST /api/trash/{id}/restore": lambda shelf: shelf.post(f"/api/trash/{shelf.gone}/restore"),
    "POST /api/tags/rename": lambda shelf: shelf.post("/api/tags/rename", old="here", new="there"),
    "POST /api/tags/merge": lambda shelf: shelf.post(
        "/api/tags/merge", sources=["here"], target="all"),
    "POST /api/tags/delete": lambda shelf: shelf.post("/api/tags/delete", name="here"),
    "POST /api/replace": lambda shelf: shelf.post(
        "/api/replace", ids=[shelf.here], find="HER", replace="th", fields=["notes"]),
    "POST /api/undo": lambda shelf: shelf.post("/api/undo"),
}
#: What changes no image, or cannot be taken back; `redo` and `drift` have tests of their own below.
NO_BATCH = {"POST /api/inspect", "DELETE /api/trash", "DELETE /api/trash/{id}",
            "PUT /api/searches/{name}",
            "PUT /api/albums/{tag}", "DELETE /api/albums/{tag}", "PUT /api/settings",
            "DELETE /api/searches/{name}", "POST /api/rebuild", "POST /api/picks",
            "DELETE /api/picks/{publication}/{key}", "POST /api/publications/{name}",
            "POST /api/publications/{name}/send", "DELETE /api/publications/{name}"}


def test_every_route_that_writes_is_among_them():
    written = {f"{route.method} {route.path}" for route in ROUTES if route.method != "GET"}

    assert written == ({name.partition(":")[0] for name in VERBS} | NO_BATCH
                       | {"POST /api/redo", "POST /api/drift"})


@pytest.mark.parametrize("verb", VERBS)
def test_what_a_request_did_is_taken_back_by_its_batch_alone(daemon, tmp_path, verb):
    shelf = Shelf(daemon, tmp_path)
    before = shelf.state()
    answer = VERBS[verb](shelf)
    assert answer.status < 300
    after = shelf.state()
    later = shelf.post("/api/batch", ids=[shelf.other], edit={"notes": "another hand"})
    undone = shelf.post("/api/undo", batch=answer.headers[HEADER])

    assert after != before
    assert undone.status == 200, undone.json
    assert shelf.post("/api/undo", batch=later.headers[HEADER]).status in (200, 409)
    if verb != "POST /api/batch: delete":  # where the other hand came too late
        images, trash = shelf.state()
        assert images == before[0]
        assert set(trash) - {answer.json["id"] if verb == "POST /api/images" else ""} == set(
            before[1])


def test_what_was_done_again_can_be_undone_again(daemon, tmp_path):
    shelf = Shelf(daemon, tmp_path)
    shelf.post("/api/batch", ids=[shelf.here], edit={"rating": 4})
    undone = shelf.post("/api/undo")
    before = shelf.state()
    again = shelf.post("/api/redo")
    assert shelf.state() != before
    shelf.post("/api/batch", ids=[shelf.other], edit={"rating": 4})
    assert shelf.post("/api/undo", batch=again.headers[HEADER]).status == 200

    assert undone.headers[HEADER] != again.headers[HEADER]
    assert {row[0]: row[1] for row in shelf.state()[0]}[shelf.here] == "1"


def test_an_image_that_was_adopted_is_given_up_by_its_batch(daemon, tmp_path):
    shelf = Shelf(daemon, tmp_path)
    before = shelf.state()
    draw(daemon.root / "images" / "found.png")
    answer = shelf.post("/api/drift", adopt=["found.png"])

    assert shelf.state() != before
    assert shelf.post("/api/undo", batch=answer.headers[HEADER]).status == 200
    assert shelf.state()[0] == before[0]


def test_a_request_that_changed_nothing_names_no_batch(daemon, tmp_path):
    shelf = Shelf(daemon, tmp_path)

    for answer in (shelf.upload("1.png"), shelf.daemon.get("/api/images"),
                   shelf.post("/api/batch", ids=[shelf.here], edit={"rating": 1}),
                   shelf.daemon.ask("DELETE", f"/api/images/{shelf.here}?purge=1")):
        assert answer.status < 300
        assert HEADER not in answer.headers
