"""What is taken away is gone, and what is out there can be asked for."""

from __future__ import annotations

import functools
import http.server
import json
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from helpers import draw

from imagelib.cli import run
from imagelib.library.library import Library


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with Library.create(tmp_path / "library") as library:
        for n in range(4):
            image = library.add(draw(tmp_path / f"{n}.png", (60, 40), seed=n)).image
            library.edit(image.id, title=f"Picture {n}", tags=["client" if n == 2 else "shown"])
        (tmp_path / "library" / "publish").mkdir()
        (tmp_path / "library" / "publish" / "mine.toml").write_text('fields = ["title", "tags"]')
        return library.root


class Server(http.server.SimpleHTTPRequestHandler):
    """A host as they should be; a test makes it worse."""

    answers: ClassVar[dict[str, tuple[int, dict[str, str], bytes]]] = {}
    more: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        if (found := self.answers.get(self.path)) is None:
            super().do_GET()
            return
        status, headers, body = found
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def list_directory(self, path: Any) -> None:
        self.send_error(403)

    def end_headers(self) -> None:
        for name, value in self.more.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[tuple[str, type[Server]]]:
    kind = type("Worse", (Server,), {"answers": {}, "more": {}})
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(kind, directory=str(tmp_path / "out")))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", kind
    server.shutdown()
    thread.join()
    server.server_close()


def publish(root: Path, *arguments: object) -> int:
    return run(["-L", str(root), "publish", "mine", "--to", str(root.parent / "out"),
                 *map(str, arguments)])


def test_a_takedown_takes_away_tags_and_can_be_undone(root, tmp_path, capsys):
    assert publish(root, "--yes") == 0
    with Library.open(root) as library:
        [taken] = library.ids("tag:client")
    assert publish(root, "--takedown", "tag:client", "--dry-run") == 0
    assert (tmp_path / "out" / "image" / f"{taken}.html").exists()
    with Library.open(root) as library:
        assert library.get(taken).tags == ("client",), "nothing was agreed to"
    assert publish(root, "--takedown", "tag:client", "--yes", "--json") == 0
    assert json.loads(capsys.readouterr().out)["taken_down"] == [taken]
    assert not any(taken in path.name or b"Picture 2" in path.read_bytes()
                   for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert publish(root, "--yes") == 3, "and it stays away"
    with Library.open(root) as library:
        assert library.get(taken).tags == ("client", "private")
        library.undo()
        assert library.get(taken).tags == ("client",)


def test_a_takedown_names_the_other_places_where_an_image_is_still(root, tmp_path, capsys):
    (root / "publish" / "other.toml").write_text('query = "tag:client"')
    (root / "publish" / "third.toml").write_text('query = "tag:shown"')
    for name in ("other", "third"):
        assert run(["-L", str(root), "publish", name, "--yes", "--to",
                    str(tmp_path / f"{name}'s place")]) == 0
    assert publish(root, "--yes") == 0
    capsys.readouterr()
    assert publish(root, "--takedown", "tag:client", "--yes") == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "Still public" in line]
    assert len(lines) == 1
    place = str(tmp_path / "other's place")
    assert lines[0].startswith(f"Still public: other -> {place}. ")
    assert shlex.split(lines[0].partition("imagelib ")[2]) == ["publish", "other", "--to", place]


@pytest.mark.parametrize("query", ["", "   ", "tag:nobody", "tag:", "ratin:>5"])
def test_a_takedown_that_names_no_image_takes_nothing(root, tmp_path, query):
    assert publish(root, "--yes") == 0
    before = sorted(path.name for path in (tmp_path / "out").rglob("*"))
    assert publish(root, "--takedown", query, "--yes") == 2
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == before


def test_unpublishing_takes_all_of_ours_away_and_nothing_else(root, tmp_path, capsys):
    assert publish(root, "--yes") == 0
    (tmp_path / "out" / "CNAME").write_text("example.org")
    assert publish(root, "--unpublish") == 2, "it has to be meant"
    assert (tmp_path / "out" / "index.html").exists()
    assert publish(root, "--unpublish", "--dry-run") == 0
    assert (tmp_path / "out" / "index.html").exists()
    assert publish(root, "--unpublish", "--yes") == 0
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["CNAME"]
    assert publish(root, "--unpublish", "--yes") != 0
    assert "Nothing of 'mine' is in" in capsys.readouterr().err
    assert publish(root, "--yes") == 0, "what stayed does not hinder who publishes again"
    assert (tmp_path / "out" / "index.html").exists()
    assert (tmp_path / "out" / "CNAME").read_text() == "example.org"
    assert publish(root, "--unpublish", "--yes") == 0
    (tmp_path / "out" / "index.html").write_text("theirs")
    assert publish(root, "--yes") == 1
    assert (tmp_path / "out" / "index.html").read_text() == "theirs"


@pytest.mark.parametrize("program", ["zip", "rclone", "rsync", "git"])
def test_every_place_can_be_emptied(root, tmp_path, program):
    if program != "zip" and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    out = tmp_path / "place"
    if program == "git":
        subprocess.run(["git", "init", "-q", "--bare", out], check=True)
    place = out.with_suffix(".zip") if program == "zip" else f"{program}:{out}"
    command = ["-L", str(root), "publish", "mine", "--to", str(place), "--yes"]
    assert run(command) == 0
    assert run([*command, "--unpublish"]) == 0
    if program == "git":
        assert not subprocess.run(["git", f"--git-dir={out}", "branch"], check=True,
                                  capture_output=True).stdout
    elif program == "zip":
        assert not Path(place).exists()
    else:
        assert not [path for path in out.rglob("*") if path.is_file()]
    assert run(command) == 0


def test_what_is_out_there_is_as_it_was_sent(root, host, capsys):
    url, _ = host
    assert publish(root, "--verify", url) not in (0, 1), "nothing was published yet"
    assert publish(root, "--yes") == 0
    assert publish(root, "--verify", url, "--json") == 0
    assert json.loads(capsys.readouterr().out)["faults"] == []
    assert publish(root, "--takedown", "tag:client", "--yes") == 0
    assert publish(root, "--verify", url) == 0


def spoiled(out: Path, kind: type[Server], how: str) -> None:
    page = next((out / "image").iterdir())
    if how == "other bytes":
        page.write_bytes(page.read_bytes() + b" ")
    elif how == "should be there":
        page.unlink()
    elif how == "still there":
        (out / "image" / how.replace(" ", "")).touch()
    elif how == "its type":
        kind.answers["/data/manifest.js"] = (
            200, {"Content-Type": "text/plain"}, (out / "data/manifest.js").read_bytes())
    elif how == "where there is nothing":
        kind.send_error = lambda self, *_: (  # type: ignore[method-assign]
            self.send_response(200), self.send_header("Content-Length", "0"), self.end_headers())
    elif how == "it tells x-amz-meta-mtime":
        kind.more["x-amz-meta-mtime"] = "1673660280"
    elif how == "lists":
        kind.answers["/images/"] = (200, {"Content-Type": "text/html"},
                                    " ".join(path.name for path in (out / "images").iterdir()
                                             ).encode())
    else:
        (out / "library.db").write_bytes(b"SQLite")


@pytest.mark.parametrize("how", ["other bytes", "should be there", "its type", "lists",
                                 "where there is nothing", "it tells x-amz-meta-mtime",
                                 "library.db"])
def test_what_is_wrong_out_there_is_told(root, host, tmp_path, capsys, how):
    url, kind = host
    assert publish(root, "--yes") == 0
    spoiled(tmp_path / "out", kind, how)
    assert publish(root, "--verify", url) == 4
    assert how in capsys.readouterr().err


@pytest.mark.parametrize("path", ["index.html", "image/", "thumbs/", "data/text"])
def test_what_was_found_to_be_wrong_is_put_right_by_the_next_publication(
        root, host, tmp_path, capsys, path):
    """Also where it has the same size, or lies where nobody can look."""
    url, _ = host
    assert publish(root, "--yes") == 0
    [file, *_] = [one for one in sorted((tmp_path / "out").rglob("*")) if one.is_file()
                  and one.relative_to(tmp_path / "out").as_posix().startswith(path)]
    content = file.read_bytes()
    file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert publish(root, "--yes") == 3, "nobody has looked yet"
    assert publish(root, "--verify", url) == 4
    assert "Publish again" in capsys.readouterr().err
    assert publish(root, "--yes") == 0
    assert file.read_bytes() == content
    assert publish(root, "--verify", url) == 0


def test_what_was_taken_down_and_is_found_there_still_is_taken_away_again(root, host, tmp_path):
    url, _ = host
    assert publish(root, "--yes") == 0
    shutil.copytree(tmp_path / "out", tmp_path / "kept")
    assert publish(root, "--takedown", "tag:client", "--yes") == 0
    there = {path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*")}
    for path in (tmp_path / "kept").rglob("*"):
        target = tmp_path / "out" / path.relative_to(tmp_path / "kept")
        if path.is_file() and not target.exists():
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, target)
    assert publish(root, "--verify", url) == 4
    assert publish(root, "--yes") == 0
    assert {path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*")} == there
    assert publish(root, "--verify", url) == 0


def test_a_page_that_was_taken_down_and_is_still_there_is_told(root, host, tmp_path, capsys):
    url, _ = host
    assert publish(root, "--yes") == 0
    kept = tmp_path / "kept"
    shutil.copytree(tmp_path / "out" / "image", kept)
    assert publish(root, "--takedown", "tag:client", "--yes") == 0
    shutil.copytree(kept, tmp_path / "out" / "image", dirs_exist_ok=True)
    assert publish(root, "--verify", url) == 4
    said = capsys.readouterr().err
    assert "it is still there" in said


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "ftp://example.org/", "nonsense", ""])
def test_an_address_where_nobody_answers_is_told(root, url, capsys):
    assert publish(root, "--yes") == 0
    assert publish(root, "--verify", url) not in (0, 3)
    assert capsys.readouterr().err.strip()


def test_what_is_over_is_not_published_again_and_is_told(root, tmp_path, capsys):
    policy = root / "publish" / "mine.toml"
    policy.write_text("expires = 2199-12-31")
    assert publish(root, "--yes") == 0
    assert "Until 2199-12-31" in (tmp_path / "out" / "index.html").read_text()
    policy.write_text('expires = "2020-01-31"')
    assert publish(root, "--yes") != 0
    assert "--unpublish" in capsys.readouterr().err
    assert run(["-L", str(root), "publish", "--list"]) == 0
    assert "mine: its last day has passed" in capsys.readouterr().out
    assert publish(root, "--unpublish", "--yes") == 0


def test_a_folder_for_hosts_says_how_long_files_last_and_what_is_not_there(root, tmp_path):
    assert publish(root, "--yes") == 0
    headers = (tmp_path / "out" / "_headers").read_text()
    assert "/thumbs/*\n  Cache-Control: public, max-age=31536000, immutable" in headers
    assert "Picture" not in (tmp_path / "out" / "404.html").read_text()


def test_chat_programs_get_a_jpeg_of_each_picture(root, tmp_path):
    (root / "publish" / "mine.toml").write_text(
        'fields = ["title"]\nbase_url = "https://example.org/fox/"')
    assert publish(root, "--yes") == 0
    pages = list((tmp_path / "out" / "image").iterdir())
    assert len(pages) == 4
    for page in pages:
        [address] = [line.split('"')[3] for line in page.read_text().splitlines()
                     if 'property="og:image"' in line]
        picture = tmp_path / "out" / address.removeprefix("https://example.org/fox/")
        assert picture.suffix == ".jpg"
        assert picture.read_bytes()[:2] == b"\xff\xd8"


def test_a_place_where_nothing_was_put_is_not_listed(root, tmp_path, capsys):
    assert publish(root, "--dry-run") == 0
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    assert run(["-L", str(root), "publish", "mine", "--to", str(tmp_path / "full"), "--yes"]) != 0
    capsys.readouterr()
    assert run(["-L", str(root), "publish", "--list"]) == 0
    assert capsys.readouterr().out == "mine\n"


def test_a_place_where_all_was_taken_away_is_listed_as_such(root, tmp_path, capsys):
    assert publish(root, "--yes") == 0
    assert publish(root, "--unpublish", "--yes") == 0
    capsys.readouterr()
    assert run(["-L", str(root), "publish", "--list"]) == 0
    assert capsys.readouterr().out == f"mine\nmine -> {tmp_path / 'out'}  not published now\n"
    assert run(["-L", str(root), "publish", "--list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["places"] == []
    assert told["ended"] == [{"name": "mine", "place": str(tmp_path / "out")}]


def test_that_all_is_gone_can_be_asked_for(root, host, tmp_path, capsys):
    url, _ = host
    assert publish(root, "--yes") == 0
    assert publish(root, "--unpublish", "--yes") == 0
    (tmp_path / "out" / "CNAME").write_text("example.org")
    assert publish(root, "--verify", url) == 0
    (tmp_path / "out" / "index.html").write_text("still here")
    assert publish(root, "--verify", url) == 4
    assert "index.html: it is still there" in capsys.readouterr().err


def test_a_takedown_that_was_not_agreed_to_says_so(root, capsys):
    assert publish(root, "--yes") == 0
    capsys.readouterr()
    assert publish(root, "--takedown", "tag:client") == 2
    said = capsys.readouterr().err
    assert "Nothing was taken down" in said
    assert "become public" not in said


@pytest.mark.parametrize(("field", "said"), [("date:month", "2026-05"), ("date", "2026-05-17")])
def test_of_a_date_that_becomes_public_only_what_is_public_is_told(root, capsys, field, said):
    with Library.open(root) as library:
        library.edit(*library.ids(""), captured_at="2026-05-17T13:14:15")
    (root / "publish" / "mine.toml").write_text(f'fields = ["{field}"]')
    assert publish(root, "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out)["first"]["captured_at"] == [said]
