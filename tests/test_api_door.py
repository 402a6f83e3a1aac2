"""Who may ask, and what is never served."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import Daemon
from prefork import imagelib
from served_library import api, served

from imagelib.library.library import Library

__all__ = ["api", "served"]  # the fixtures


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


def test_read_only_shows_and_changes_nothing(tmp_path, picture):
    with Library.create(tmp_path / "l") as library:
        image = library.add(picture).image
    daemon = Daemon(tmp_path / "l", "--read-only")
    try:
        daemon.wait_built()
        assert daemon.get(f"/api/images/{image.id}").status == 200
        assert daemon.ask("DELETE", f"/api/images/{image.id}").status == 403
        assert daemon.upload(picture).status == 403
        assert b"editor/" not in daemon.get("/").body
    finally:
        daemon.stop()


def test_read_only_answers_what_the_gallery_shows_and_nothing_else(tmp_path, picture):
    """The rule is turned around: what is not said to be public is not, whatever comes to be."""
    from imagelib.daemon.routes import ROUTES

    public = {"/api/images", "/api/images/{id}", "/api/tags", "/api/searches", "/api/albums",
              "/api/status", "/api/openapi.json"}
    with Library.create(tmp_path / "l") as library:
        image = library.add(picture).image
        gone = library.add(picture.with_name("b.png").write_bytes(
            picture.read_bytes() + b"!") and picture.with_name("b.png")).image
        library.delete(gone.id)
    daemon = Daemon(tmp_path / "l", "--read-only", "--no-watch")
    try:
        daemon.wait_built()
        for route in ROUTES:
            path = route.path.replace("{id}", image.id).replace("{name}", "x").replace("{tag}", "x")
            for method in (route.method, *(["HEAD"] if route.method == "GET" else [])):
                wanted = 200 if route.method == "GET" and route.path in public else 403
                assert daemon.ask(method, path).status == wanted, (method, path)
        status = daemon.get("/api/status").json
        assert not {"trash", "missing", "altered", "work"} & status.keys()
        assert set(status["build"]) == {"state", "seq"}
        assert set(status["watch"]) == {"state"}
    finally:
        daemon.stop()


def test_the_log_is_for_its_owner_alone(daemon):
    import os

    daemon.get("/api/status")
    if os.name == "posix":
        for path in (daemon.root / ".imagelib" / "log").iterdir():
            assert path.stat().st_mode & 0o077 == 0


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
    Library.create(tmp_path / "l").close()
    done = imagelib("-L", tmp_path / "l", "serve", "--host", "0.0.0.0", "--port", "0", "--no-open",
                    timeout=30)
    assert done.returncode == 2
    assert "password" in done.stderr


def test_paths_in_answers_are_never_of_this_machine(api):
    for path in ("/api/status", "/api/images", "/api/nothing"):
        assert str(Path.cwd()).encode() not in api.get(path).body
