"""The WSGI application alone: what a full or failing disk and a bug look like from outside."""

from __future__ import annotations

import errno
import io
import json
from pathlib import Path
from wsgiref.util import setup_testing_defaults

import pytest

from imagelib.daemon.app import make_app
from imagelib.daemon.guard import Guard
from imagelib.daemon.service import Service
from imagelib.library.store import disk as files


@pytest.fixture
def ask(library):
    """Send one request to the application and return status, headers and document."""
    app = make_app(Service(library), Guard(80))

    def send(method: str, path: str, body: bytes = b"", kind: str = "application/json"):
        environ: dict = {}
        setup_testing_defaults(environ)
        environ |= {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "localhost:80",
                    "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)),
                    "CONTENT_TYPE": kind}
        said: list = []
        content = b"".join(app(environ, lambda status, headers, *_: said.extend(
            [int(status.split()[0]), dict(headers)])))
        return said[0], said[1], json.loads(content) if content else None

    return send


def form(content: bytes) -> bytes:
    return (b'--XX\r\nContent-Disposition: form-data; name="image_file"; filename="a.png"\r\n\r\n'
            + content + b"\r\n--XX--\r\n")


def test_a_full_disk_is_507_and_leaves_nothing(ask, library, picture, monkeypatch):
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    status, headers, problem = ask("POST", "/api/images", form(picture.read_bytes()),
                                   "multipart/form-data; boundary=XX")
    monkeypatch.undo()

    assert (status, problem["status"]) == (507, 507)
    assert headers["Content-Type"] == "application/problem+json"
    assert "Free some space" in problem["detail"]
    assert list(library.originals.folder.iterdir()) == []
    assert ask("POST", "/api/images", form(picture.read_bytes()),
               "multipart/form-data; boundary=XX")[0] == 201


def test_a_failing_disk_is_503_and_not_500(ask, picture, monkeypatch):
    def broken(handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files.os, "fsync", broken)
    status, _, problem = ask("POST", "/api/images", form(picture.read_bytes()),
                             "multipart/form-data; boundary=XX")

    assert status == 503
    assert "disk" in problem["detail"]


def test_a_bug_shows_nothing_of_its_insides(ask, library, monkeypatch):
    def broken() -> None:
        raise RuntimeError(f"secret in {Path.cwd()}")

    monkeypatch.setattr(library, "tags", broken)
    status, _, problem = ask("GET", "/api/tags")

    assert status == 500
    assert "secret" not in json.dumps(problem)


def test_a_forwarded_host_is_not_believed(library, ask):
    assert ask("GET", "/api/status")[0] == 200
    app = make_app(Service(library), Guard(80))
    environ: dict = {}
    setup_testing_defaults(environ)
    environ |= {"HTTP_HOST": "evil.test", "HTTP_X_FORWARDED_HOST": "localhost:80",
                "PATH_INFO": "/api/status"}
    said: list = []
    app(environ, lambda status, headers, *_: said.append(status))
    assert said[0].startswith("403")


def test_an_original_may_do_nothing_and_every_header_stands_once(library, picture):
    image = library.add(picture).image
    app = make_app(Service(library), Guard(80))
    environ: dict = {}
    setup_testing_defaults(environ)
    environ |= {"HTTP_HOST": "localhost:80", "PATH_INFO": f"/images/{image.file_name}"}
    said: list = []
    body = app(environ, lambda status, headers, *_: said.extend([status, headers]))
    b"".join(body)
    getattr(body, "close", lambda: None)()

    assert said[0].startswith("200")
    names = [name.lower() for name, _ in said[1]]
    assert len(set(names)) == len(names)
    assert dict(said[1])["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert dict(said[1])["X-Frame-Options"] == "DENY"
