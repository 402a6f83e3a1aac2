"""The trash through the API: pages, how many bytes, small pictures that are nowhere else."""

from __future__ import annotations

from helpers import draw


def deleted(daemon, folder, count):
    ids = [daemon.upload(draw(folder / f"t{n}.png", (200, 100))).json["id"] for n in range(count)]
    for image_id in ids:
        assert daemon.ask("DELETE", f"/api/images/{image_id}").status == 204
    return ids


def test_the_trash_comes_in_pages_the_last_deleted_first(daemon, tmp_path):
    ids = deleted(daemon, tmp_path, 5)

    seen, cursor, sizes = [], "", []
    while cursor is not None:
        page = daemon.get("/api/trash", page_size=2, cursor=cursor).json
        seen += [item["id"] for item in page["items"]]
        sizes.append((page["total"], page["size_bytes"]))
        cursor = page["next"]

    assert seen == ids[::-1]
    assert len(set(sizes)) == 1
    kept = (daemon.root / ".imagelib" / "trash").iterdir()
    assert sizes[0] == (5, sum(path.stat().st_size for path in kept))


def test_going_on_behind_one_that_was_restored_meanwhile_skips_none(daemon, tmp_path):
    ids = deleted(daemon, tmp_path, 4)
    first = daemon.get("/api/trash", page_size=2).json
    daemon.ask("POST", f"/api/trash/{first['items'][-1]['id']}/restore")

    rest = daemon.get("/api/trash", page_size=2, cursor=first["next"]).json

    assert [item["id"] for item in rest["items"]] == [ids[1], ids[0]]


def test_a_deleted_image_can_be_looked_at_until_it_is_purged(daemon, tmp_path):
    [image] = deleted(daemon, tmp_path, 1)
    url = daemon.get("/api/trash").json["items"][0]["thumbnail_url"]

    for _ in range(2):  # made, then remembered
        answer = daemon.get(url)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
        assert answer.body[8:12] == b"WEBP"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert daemon.ask("GET", url, headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert daemon.ask("DELETE", f"/api/images/{image}?purge=1").status == 204
    assert daemon.get(url).status == 404


def test_a_deleted_image_that_is_broken_has_no_small_picture(daemon, tmp_path):
    deleted(daemon, tmp_path, 1)
    [kept] = (daemon.root / ".imagelib" / "trash").iterdir()
    kept.write_bytes(b"\x89PNG\r\n\x1a\nbroken")

    assert daemon.get(daemon.get("/api/trash").json["items"][0]["thumbnail_url"]).status == 422


def test_live_images_have_no_address_in_the_trash(daemon, picture):
    image = daemon.upload(picture).json["id"]
    assert daemon.get(f"/api/trash/{image}/thumbnail").status == 404
    assert daemon.get("/api/trash/no-such/thumbnail").status == 404


def test_a_page_that_is_asked_for_badly_is_422(daemon):
    for query in ({"cursor": "x"}, {"page_size": 0}, {"page_size": 501}, {"cursor": "2026_x"}):
        assert daemon.get("/api/trash", **query).status == 422
