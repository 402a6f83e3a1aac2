"""The site is all of the library and nothing else, by whatever way it was reached and built."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from helpers import Daemon, a1111, draw, fill

from imagelib.cli import run
from imagelib.generator.builder import build
from imagelib.generator.checking import check_site
from imagelib.library.library import Library
from imagelib.library.originals.trashing import destroy

ROOT = Path(__file__).parent.parent


@pytest.fixture
def linked(tmp_path):
    """A library that is reached by two ways: its folder, and a link to the folder above it."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    with Library.create(tmp_path / "real" / "library") as library:
        for number in range(3):
            library.add(draw(tmp_path / f"{number}.png", texts={
                "parameters": a1111(f"secret{number}")}))
    return tmp_path / "real" / "library", tmp_path / "link" / "library"


def texts(site: Path) -> str:
    return "".join(path.read_text(encoding="utf-8", errors="replace")
                   for path in site.rglob("*") if path.suffix in (".js", ".html", ".xml"))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_site_elsewhere_has_one_memory_by_whatever_way_it_is_named(linked, tmp_path, order):
    (tmp_path / "real" / "out").mkdir()
    outs = [tmp_path / way / "out" for way in ("real", "link")]
    with Library.open(linked[0]) as library:
        build(library, outs[order[0]])
        destroy(library, library.find("secret1")[0].id)
        report = build(library, outs[order[1]])

    assert report.written, "the purge changed pages"
    assert not any(path.startswith("static/") for path in report.written), "and nothing else"
    assert "secret1" not in texts(outs[0])
    assert "secret2" in texts(outs[0])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_is_purged_by_one_way_leaves_the_site_that_was_built_by_another(linked, order):
    first, second = (linked[number] for number in order)
    with Library.open(first) as library:
        build(library)
        gone = library.find("secret1")[0].id
    with Library.open(second) as library:
        destroy(library, gone)
        report = build(library)
        build(library, full=True)
        assert check_site(library) == []

    assert report.written, "the purge changed pages"
    assert not any(path.startswith("static/") for path in report.written), "and nothing else"
    assert "secret1" not in texts(first / "site")
    assert "secret2" in texts(first / "site")


def test_a_site_that_is_current_is_current_by_any_way(linked, capsys):
    for way in (*linked, linked[0]):
        assert run(["-L", str(way), "build"]) == 0
    assert capsys.readouterr().err.count("up to date") == 2


@pytest.mark.parametrize("name", ["data/text-99-0123456789abcdef.js", "images/left.png",
                                  "thumbs/ab/notes.txt", "image/old.html"])
def test_a_file_that_no_build_knows_is_told_and_put_out_of_the_site(linked, name):
    root, _ = linked
    with Library.open(root) as library:
        build(library)
        assert check_site(library) == []
        path = root / "site" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("purged long ago")
        (root / "site" / "CNAME").write_text("of the user")
        [fault] = check_site(library)
        assert fault.startswith(name)
        assert check_site(library, fix=True) == []

    assert not path.exists()
    assert (root / "site" / "CNAME").exists()
    assert "purged long ago" in [found.read_text() for found in
                                 (root / ".imagelib" / "aside").iterdir()]


@pytest.mark.parametrize("part", ["generator/pages.py", "generator/index/numbers.py",
                                  "library/values/text.py", "pictures.py"])
def test_a_build_notices_that_the_code_of_the_pages_changed(tmp_path, part):
    for folder, target in (("imagelib", "imagelib"), ("templates", "imagelib/templates")):
        shutil.copytree(ROOT / folder, tmp_path / target,
                        ignore=shutil.ignore_patterns("__pycache__"))
    Library.create(tmp_path / "library").close()

    def said() -> str:
        return subprocess.run(
            [sys.executable, "-m", "imagelib", "-L", "library", "build"], cwd=tmp_path, check=True,
            capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(tmp_path)}).stderr

    said()
    assert "up to date" in said()
    with (tmp_path / "imagelib" / part).open("a", encoding="utf-8") as stream:
        stream.write("# another line\n")
    assert "up to date" not in said()


def test_a_build_names_the_images_without_a_sound_file_until_they_have_one(linked, capsys):
    root, _ = linked
    assert run(["-L", str(root), "build"]) == 0
    with Library.open(root) as library:
        path = library.originals.path_of(library.find("secret2")[0])
    whole = path.read_bytes()
    path.unlink()
    assert run(["-L", str(root), "build"]) == 1
    assert f"{path.name}: its file is missing" in capsys.readouterr().err
    assert run(["-L", str(root), "build"]) == 1, "also where there is nothing to do"
    capsys.readouterr()
    path.write_bytes(whole)
    assert run(["-L", str(root), "build"]) == 0
    assert path.name not in capsys.readouterr().err


@pytest.fixture
def damaged(tmp_path):
    """A library whose database has pages that are no pages, behind its first ones."""
    root = tmp_path / "library"
    with Library.create(root) as library:
        ids = fill(library, 400)
        assert library.count("prompt") == 400  # else what reads first would be the folding of texts
    with closing(sqlite3.connect(root / "library.db")) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        pages = [row[0] for row in connection.execute(
            "SELECT pageno FROM dbstat WHERE name = 'images' AND pagetype = 'leaf'")]
    with (root / "library.db").open("r+b") as stream:
        for page in pages[len(pages) // 3:]:
            stream.seek((page - 1) * size)
            stream.write(b"\xff" * size)
    return root, ids


@pytest.mark.parametrize("command", [["list"], ["show", "ID"], ["export"], ["find-nothing"],
                                     ["edit", "ID", "--rating", "1"], ["history", "ID"],
                                     ["tags", "list"], ["build"]])
def test_a_damaged_page_is_told_in_words_by_every_command(damaged, capsys, command):
    root, ids = damaged
    code = run(["-L", str(root), *(ids[200] if part == "ID" else part for part in command)])

    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert code != 0 or command[0] in ("tags", "history")


def test_a_damaged_page_is_no_bug_of_the_api(tmp_path):
    with Library.create(tmp_path / "library") as library:
        [image] = fill(library, 1)
        path = library.settings.database
    daemon = Daemon(tmp_path / "library")
    try:
        daemon.wait_built()
        with closing(sqlite3.connect(path)) as connection:
            # Tables that the daemon needs are no tables any more.
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("UPDATE sqlite_schema SET rootpage = 99999 WHERE name IN"
                               " ('images', 'searches', 'trash', 'changes')")
            connection.commit()
        answers = {path: daemon.get(path).status for path in (
            "/api/images", f"/api/images/{image}", "/api/export", "/api/images?q=prompt",
            "/api/searches", "/api/trash", "/api/status", "/api/changes?since=0")}
        answers["PUT"] = daemon.ask("PUT", f"/api/images/{image}", json_body={"rating": 1}).status
    finally:
        daemon.stop()

    assert 500 not in answers.values(), answers
    assert 503 in answers.values()
