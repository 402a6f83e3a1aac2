"""Files over HTTP: tags, dates and ranges as RFC 9110 has them."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from imagelib.daemon.files import answer_file

CONTENT = bytes(range(200)) * 5
SIZE = len(CONTENT)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(CONTENT)
    return path


def ask(path, method="GET", **headers):
    status, more, body = answer_file(
        path, method, {name.replace("_", "-"): value for name, value in headers.items()})
    if isinstance(body, bytes):
        return status, more, body
    with body:
        return status, more, body.read(int(more["Content-Length"]))


@pytest.mark.parametrize(("text", "first", "end"), [
    ("bytes=0-7", 0, 8), ("bytes=990-", 990, SIZE), ("bytes=-10", SIZE - 10, SIZE),
    ("bytes=0-99999", 0, SIZE), ("BYTES=5-5", 5, 6), ("bytes=-99999", 0, SIZE),
    ("bytes= 1-2 ", 1, 3), (f"bytes={SIZE - 1}-", SIZE - 1, SIZE)])
def test_one_range_is_206(file, text, first, end):
    status, headers, body = ask(file, range=text)
    assert (status, body) == (206, CONTENT[first:end])
    assert headers["Content-Range"] == f"bytes {first}-{end - 1}/{SIZE}"


@pytest.mark.parametrize("text", [f"bytes={SIZE}-", "bytes=999999-", "bytes=5000-6000", "bytes=-0",
                                  "bytes=" + "9" * 3000 + "-"])
def test_a_range_behind_the_end_is_416_and_says_where_the_end_is(file, text):
    status, headers, body = ask(file, range=text)
    assert (status, headers["Content-Range"], body) == (416, f"bytes */{SIZE}", b"")


@pytest.mark.parametrize("text", ["", "bytes", "bytes=", "bytes=-", "bytes=7-3", "bytes=a-b",
                                  "lines=0-7", "bytes=0-1,4-5", "bytes=0-7;", "bytes=0x1-2",
                                  "bytes=1-2-3", "bytes=٣-٤"])
def test_what_is_no_range_is_as_if_it_were_not_there(file, text):
    status, headers, body = ask(file, range=text)
    assert (status, body) == (200, CONTENT)
    assert "Content-Range" not in headers


def test_tags_are_quoted_and_known_again(file):
    _, headers, _ = ask(file)
    tag = headers["ETag"]
    assert tag[0] == tag[-1] == '"'
    for known in (tag, "*", f'"x", {tag}', f"W/{tag}", f'{tag},"y"'):
        status, again, body = ask(file, if_none_match=known)
        assert (status, body, again["ETag"]) == (304, b"", tag)
    for other in ('"x"', tag.strip('"'), "", f'"{tag[1:3]}"'):
        assert ask(file, if_none_match=other)[0] == 200
    file.write_bytes(CONTENT + b"!")
    assert ask(file, if_none_match=tag)[0] == 200


def test_a_date_counts_only_without_a_tag(file):
    date = ask(file)[1]["Last-Modified"]
    assert ask(file, if_modified_since=date)[0] == 304
    for tags in ('"x"', "", "nonsense"):
        assert ask(file, if_modified_since=date, if_none_match=tags)[0] == 200
    assert ask(file, if_modified_since=formatdate(0, usegmt=True))[0] == 200
    for broken in ("yesterday", "", "9" * 400, "Thu, 99 Foo 2026 99:99:99 GMT"):
        assert ask(file, if_modified_since=broken)[0] == 200


def test_a_piece_of_another_file_is_not_continued(file):
    headers = ask(file)[1]
    for same in (headers["ETag"], headers["Last-Modified"]):
        assert ask(file, range="bytes=0-7", if_range=same)[0] == 206
    for other in ('"x"', f'W/{headers["ETag"]}', formatdate(0, usegmt=True), "nonsense"):
        assert ask(file, range="bytes=0-7", if_range=other)[0] == 200
    assert ask(file, range="bytes=99999-", if_range='"x"')[0] == 200


def test_head_has_the_headers_of_get_and_no_body(file):
    got, asked = ask(file), ask(file, "HEAD", range="bytes=0-7")
    assert asked == (200, got[1], b"")


def test_an_empty_file_has_no_range(tmp_path):
    (tmp_path / "e").write_bytes(b"")
    assert ask(tmp_path / "e")[::2] == (200, b"")
    assert ask(tmp_path / "e", range="bytes=0-")[0] == 416


def test_the_daemon_answers_so_for_originals_and_for_the_site(daemon, picture):
    record = daemon.upload(picture).json
    daemon.wait_built()
    original = picture.read_bytes()
    for path, size in ((record["url"], len(original)), ("/data/manifest.js", None)):
        whole = daemon.get(path)
        size = size or len(whole.body)
        tag = whole.headers["ETag"]
        assert tag.startswith('"')
        part = daemon.ask("GET", path, headers={"Range": "bytes=2-5"})
        assert (part.status, part.body) == (206, whole.body[2:6])
        assert daemon.ask("GET", path, headers={"Range": f"bytes={size}-"}).headers[
            "Content-Range"] == f"bytes */{size}"
        assert daemon.ask("GET", path, headers={"If-None-Match": tag}).status == 304
        asked = daemon.ask("HEAD", path)
        assert (asked.status, asked.body) == (200, b"")
        assert asked.headers["Content-Length"] == str(size)
