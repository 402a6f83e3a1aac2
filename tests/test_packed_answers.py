"""Texts of the gallery go packed to other machines, and to this one as they are."""

from __future__ import annotations

import gzip
import io
from wsgiref.util import setup_testing_defaults

import pytest
from helpers import fill

from imagelib.daemon.app import PROVING, make_app
from imagelib.daemon.channels import AT_ONCE, Head
from imagelib.daemon.files import takes_gzip
from imagelib.daemon.guard import Guard
from imagelib.daemon.service import Service
from imagelib.generator.builder import build
from imagelib.generator.paths import thumbnail_path


@pytest.fixture
def app(library):
    fill(library, 3)
    build(library)
    return make_app(Service(library), Guard(80))


def ask(app, path, method="GET", address="192.0.2.7", **headers):
    environ: dict = {}
    setup_testing_defaults(environ)
    environ |= {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "localhost:80",
                "REMOTE_ADDR": address, "wsgi.input": io.BytesIO(b""), "CONTENT_LENGTH": "0"}
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    said: list = []
    found = app(environ, lambda status, headers, *_: said.extend(
        [int(status.split()[0]), dict(headers)]))
    try:
        return said[0], said[1], b"".join(found)
    finally:
        getattr(found, "close", lambda: None)()


def texts(library):
    site = library.settings.site_dir
    static = next(path for path in (site / "static").iterdir() if path.suffix == ".css")
    return ["/", f"/static/{static.name}", "/data/manifest.js",
            f"/image/{library.find('', limit=1)[0].id}.html"]


def test_another_machine_gets_texts_packed_and_whole(app, library):
    for path in texts(library):
        plain = ask(app, path)
        status, headers, body = ask(app, path, accept_encoding="deflate, gzip;q=0.5",
                                    range="bytes=0-7")
        assert (status, headers["Content-Encoding"], headers["Vary"]) == (
            200, "gzip", "Accept-Encoding")
        assert gzip.decompress(body) == plain[2]
        assert int(headers["Content-Length"]) == len(body)
        assert len(body) < len(plain[2]) / 2 or path == "/data/manifest.js"
        assert headers["Content-Type"] == plain[1]["Content-Type"]
        assert headers["Cache-Control"] == plain[1]["Cache-Control"]
        assert ask(app, path, "HEAD", accept_encoding="gzip")[2] == b""


def test_packed_it_has_a_tag_of_its_own(app, library):
    plain = ask(app, "/data/manifest.js")[1]["Etag"]
    packed = ask(app, "/data/manifest.js", accept_encoding="gzip")[1]["Etag"]
    assert plain != packed
    for tag, accepted, status in ((packed, "gzip", 304), (plain, "gzip", 200),
                                  (plain, "", 304), (packed, "", 200)):
        answer = ask(app, "/data/manifest.js", accept_encoding=accepted, if_none_match=tag)
        assert (answer[0], bool(answer[2])) == (status, status == 200)


def test_pictures_and_whoever_sits_at_this_machine_get_files_as_they_are(app, library):
    image = library.find("", limit=1)[0]
    for path in (f"/images/{image.file_name}", f"/{thumbnail_path(image.digest)}"):
        assert "Content-Encoding" not in ask(app, path, accept_encoding="gzip")[1]
    for path in texts(library):
        for address in ("127.0.0.1", "::1"):
            headers = ask(app, path, address=address, accept_encoding="gzip")[1]
            assert "Content-Encoding" not in headers


def test_what_has_to_be_packed_is_not_at_hand(app):
    def lane(path, address):
        return app.lane_of(Head("GET", path, {"accept-encoding": "gzip"}, address), "")

    assert lane("/data/manifest.js", "127.0.0.1") == lane("/thumbs/aa/x.webp", "192.0.2.7")
    assert lane("/data/manifest.js", "127.0.0.1") in (AT_ONCE, PROVING)
    for path in ("/", "/data/manifest.js", "/static/a.css"):
        assert lane(path, "192.0.2.7") is None


@pytest.mark.parametrize(("text", "takes"), [
    ("gzip", True), ("GZIP", True), ("deflate, gzip, br", True), ("br,gzip;q=0.1", True),
    ("gzip ; q=1.0", True), ("", False), ("br", False), ("x-gzipped", False), ("gzip;q=0", False),
    ("gzip;q=0.0, br", False), ("br, gzip; q=0.000", False), ("notgzip", False)])
def test_gzip_is_taken_where_it_is_named(text, takes):
    assert takes_gzip({"accept-encoding": text}) is takes
