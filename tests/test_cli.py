"""The command line: what it prints where, and with which exit code it leaves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import a1111, draw
from prefork import imagelib, started

from imagelib.cli import cli, run
from imagelib.library.library import Library
from imagelib.library.store.rows import find_by_name


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A library of four images; the command line is inside it."""
    folder = tmp_path / "library"
    with Library.create(folder) as library:
        for n in range(4):
            library.add(draw(tmp_path / "s" / f"{n}.png", texts={
                "parameters": a1111(f"prompt {n}", seed=n)}), tags=["a"] if n % 2 else [])
    monkeypatch.chdir(folder)
    return folder


def test_help_names_every_command_and_its_purpose():
    done = imagelib("--help")
    assert done.returncode == 0
    for name, command in cli.commands.items():
        assert name in done.stdout
        assert command.get_short_help_str(), name


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_has_help(name, capsys):
    assert run([name, "-h"]) == 0
    assert "Usage: imagelib" in capsys.readouterr().out


def test_help_imports_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "imagelib", "--help"],
        capture_output=True, text=True)
    for module in ("pydantic", "sqlite_utils", "bottle", "jinja2", "PIL", "watchdog", "waitress"):
        assert f" {module}\n" not in done.stderr, module


def test_a_build_with_nothing_to_do_imports_only_sqlite3(root):
    assert imagelib("build").returncode == 0
    done = subprocess.run([sys.executable, "-X", "importtime", "-m", "imagelib", "build"],
                          capture_output=True, text=True)
    assert "up to date" in done.stderr
    for module in ("pydantic", "sqlite_utils", "bottle", "jinja2", "PIL", "watchdog"):
        assert f" {module}\n" not in done.stderr, module


@pytest.mark.parametrize(("command", "unused"), [
    (["list"], ["pydantic", "jinja2"]),
    (["show"], ["pydantic", "jinja2"]),
    (["build"], ["pydantic"]),
], ids=["list", "show", "build"])
def test_who_only_reads_or_builds_loads_nothing_that_checks_records(root, picture, command, unused):
    imagelib("add", picture)
    image_id = imagelib("list").stdout.split()[0]
    given = [image_id] if command == ["show"] else []
    done = subprocess.run([sys.executable, "-X", "importtime", "-m", "imagelib", *command, *given],
                          capture_output=True, text=True, check=True)
    assert "imagelib.library.library\n" in done.stderr
    for module in (*unused, "sqlite_utils", "bottle", "PIL", "watchdog", "email"):
        assert f" {module}\n" not in done.stderr, module


def test_init_makes_a_library_and_says_what_next(tmp_path, capsys):
    assert run(["init", str(tmp_path / "new")]) == 0
    assert (tmp_path / "new" / "library.db").is_file()
    assert "imagelib add" in capsys.readouterr().err
    assert run(["init", str(tmp_path / "new")]) == 0, "again does no harm"


def test_without_a_library_the_error_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["list"]) == 2
    assert "imagelib init" in capsys.readouterr().err


def test_add_takes_folders_names_bad_files_and_exits_1(root, tmp_path, capsys):
    source = tmp_path / "in"
    draw(source / "one.png")
    draw(source / "sub" / "two.jpg")
    draw(source / ".hidden" / "three.png")
    (source / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nxx")
    (source / "page.png").write_bytes(b"<html>")
    (source / "notes.txt").write_text("not a picture, and no fault")
    (source / "link.png").symlink_to(source / "one.png")
    os.mkfifo(source / "pipe.png")

    code = run(["add", "--tag", "new", "--rating", "3", "--json", str(source)])

    out, err = capsys.readouterr()
    report = json.loads(out)
    assert code == 1
    assert sorted(Path(e["path"]).name for e in report["added"]) == ["one.png", "two.jpg"]
    assert {Path(e["path"]).name: e["reason"] for e in report["failed"]}.keys() == {
        "broken.png", "page.png", "link.png", "pipe.png"}
    assert [Path(p).name for p in report["ignored"]] == ["notes.txt"]
    assert "broken.png: " in err
    assert "2 images added" in err
    with Library.open(root) as library:
        assert library.count("tag:new rating:3") == 2
    assert (source / "one.png").exists()


def test_add_again_skips_what_is_here(root, tmp_path, capsys):
    assert run(["add", str(tmp_path / "s")]) == 0
    assert "0 images added, 4 here already" in capsys.readouterr().err


def test_add_dry_run_adds_nothing(root, tmp_path, capsys):
    draw(tmp_path / "x.png")
    assert run(["add", "-n", str(tmp_path / "x.png")]) == 0
    assert "would be added" in capsys.readouterr().err
    with Library.open(root) as library:
        assert library.count() == 4


def test_add_move_takes_the_file_away_only_when_it_is_in(root, tmp_path):
    good, bad = draw(tmp_path / "m.png"), tmp_path / "bad.png"
    bad.write_bytes(b"nothing")
    known = tmp_path / "s" / "0.png"

    assert run(["add", "--move", str(good), str(bad), str(known)]) == 1

    assert (good.exists(), bad.exists(), known.exists()) == (False, True, True)


def test_add_in_place_leaves_the_file_and_its_name(root, tmp_path, capsys):
    inside = draw(root / "images" / "mine" / "as it was.png")
    outside = draw(tmp_path / "outside.png")

    assert run(["add", "--in-place", str(inside), str(outside)]) == 1

    with Library.open(root) as library:
        assert find_by_name(library.database.reader, "mine/as it was.png") is not None
        assert library.count() == 5
    assert "use --copy or --move" in capsys.readouterr().err


def test_list_speaks_the_grammar_and_json_is_pure(root, capsys):
    assert run(["list", "tag:a", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["total"] == 2
    assert {tuple(i["tags"]) for i in document["items"]} == {("a",)}
    assert run(["list", "--limit", "1"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert "1 of 4 images" in err


def test_nothing_found_is_3(root, capsys):
    assert run(["list", "nosuchword"]) == 3
    assert run(["edit", "nosuchword", "--rating", "1"]) == 3
    assert run(["rm", "nosuchword", "--yes"]) == 3
    assert run(["show", "no-such-id"]) == 3
    assert run(["undo", "no-such-batch"]) == 3


def test_list_shows_what_is_like_an_image_and_says_if_there_is_none(root, capsys):
    with Library.open(root) as library:
        image_id = library.ids("")[0]
    assert run(["list", f"like:{image_id}"]) == 0
    assert image_id[:8] in capsys.readouterr().out
    gone = "00000000-0000-4000-8000-000000000000"
    assert run(["list", f"like:{gone}"]) == 3
    assert f"no image {gone} to be like" in capsys.readouterr().err


def test_an_unknown_field_is_said(root, capsys):
    run(["list", "tagg:x"])
    assert "tagg" in capsys.readouterr().err


def test_edit_takes_a_query_or_an_id_and_undo_takes_it_back(root, capsys):
    with Library.open(root) as library:
        image = library.find("", 1)[0]
    assert run(["edit", image.id, "--rating", "5", "--notes", "hm"]) == 0
    assert run(["edit", "tag:a", "--add-tag", "b", "--remove-tag", "a"]) == 0
    with Library.open(root) as library:
        assert library.count("tag:b") == 2
        assert library.get(image.id).rating == 5
    assert run(["undo"]) == 0
    assert "2 images" in capsys.readouterr().err
    assert run(["redo"]) == 0
    assert run(["history", image.id]) == 0
    assert "rating" in capsys.readouterr().out
    assert run(["edit", image.id]) == 2
    assert run(["edit", image.id, "--date", "13/12/2025"]) == 2
    assert run(["edit", "tag:b", "--rating", "1", "--dry-run"]) == 0
    with Library.open(root) as library:
        assert library.count("tag:b rating:1") == 0


def test_rm_trash_restore_and_empty(root, capsys):
    assert run(["rm", "tag:a", "--yes"]) == 0
    assert run(["trash", "--json"]) == 0
    items = json.loads(capsys.readouterr().out)["items"]
    assert len(items) == 2
    assert run(["trash", "restore", items[0]["id"]]) == 0
    assert run(["rm", items[0]["id"], "--yes"]) == 0
    assert run(["trash", "empty", items[1]["id"], "no-such", "--yes"]) == 3
    assert "Nothing was destroyed" in capsys.readouterr().err
    assert run(["trash", "empty", items[1]["id"], "--yes"]) == 0
    with Library.open(root) as library:
        assert [one.image.id for one in library.trash()] == [items[0]["id"]]
    assert run(["trash", "restore", items[0]["id"]]) == 0
    assert run(["rm", items[0]["id"], "--yes"]) == 0
    assert run(["trash", "empty", "--yes"]) == 0
    with Library.open(root) as library:
        assert (library.count(), library.trash()) == (2, [])


def test_rm_asks_and_a_no_changes_nothing(root):
    done = imagelib("rm", "tag:a", input="n\n")
    assert done.returncode == 130
    with Library.open(root) as library:
        assert library.count() == 4


def test_tags_and_their_housekeeping(root, capsys):
    assert run(["tags", "rename", "a", "b"]) == 0
    assert run(["tags", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"name": "b", "count": 2}]
    assert run(["tags", "merge", "b", "c"]) == 0
    assert run(["tags", "delete", "c"]) == 0
    assert run(["tags", "delete", "c"]) == 3


def test_show_tells_everything(root, capsys):
    with Library.open(root) as library:
        image = library.find("", 1)[0]
    assert run(["show", image.id]) == 0
    out = capsys.readouterr().out
    for value in (image.prompt_text, image.digest, "flux1-dev", "Euler a"):
        assert value in out
    assert run(["show", image.id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["prompt_meta"]


def test_build_takes_dropped_files_in_and_says_when_nothing_is_to_do(root, capsys):
    draw(root / "images" / "dropped.png")
    assert run(["build"]) == 0
    assert "5 images" in capsys.readouterr().err
    assert (root / "site" / "images" / "dropped.png").exists()
    assert run(["build"]) == 0
    assert "up to date" in capsys.readouterr().err
    assert run(["build", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "written": [], "pruned": [], "failures": [], "site": str(root / "site")}
    assert run(["build", "--out", str(root.parent / "elsewhere")]) == 0
    assert (root.parent / "elsewhere" / "index.html").exists()
    assert run(["build", "--out", str(root.parent / "s")]) == 1, "pictures of somebody's are there"


def test_check_finds_problems_and_fix_mends_what_is_safe(root, capsys):
    assert run(["check"]) == 0
    with Library.open(root) as library:
        images = library.find()
        library.originals.path_of(images[0]).rename(root / "images" / "moved.png")
        draw(root / "images" / "stray.png")
    assert run(["check", "--json"]) == 4
    problems = json.loads(capsys.readouterr().out)
    assert len(problems["moved"]) == 1
    assert problems["stray"] == ["stray.png"]
    assert run(["check", "--fix"]) == 0
    with Library.open(root) as library:
        assert library.get(images[0].id).file_name == "moved.png"
        assert library.count() == 5


def test_export_as_json_and_csv(root, capsysbinary, tmp_path):
    assert run(["export"]) == 0
    assert len(json.loads(capsysbinary.readouterr().out)["images"]) == 4
    assert run(["export", "tag:a", "--format", "csv", "-o", str(tmp_path / "x.csv")]) == 0
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 3


def test_backup_and_restore(root, tmp_path):
    assert run(["backup", str(tmp_path / "b.db")]) == 0
    assert run(["edit", "tag:a", "--rating", "5"]) == 0
    assert run(["restore", str(tmp_path / "b.db"), "--yes"]) == 0
    with Library.open(root) as library:
        assert library.count("rating:5") == 0
    (tmp_path / "junk.db").write_bytes(b"junk" * 2000)
    assert run(["restore", str(tmp_path / "junk.db"), "--yes"]) == 1
    with Library.open(root) as library:
        assert library.count() == 4


@pytest.mark.parametrize(("arguments", "said"), [
    (["edit", "tag:a", "--remove-tag", "nope"], "no image carries the tag 'nope'"),
    (["export", "NOT fox"], "Note: "),
    (["export", "tag:nope"], "nothing found"),
    (["reread", "NOT fox"], "Note: "),
    (["export", "--sidecars", "there", "-o", "file.json"], "--sidecars"),
    (["export", "--sidecars", "there", "--format", "csv"], "--sidecars"),
    (["check", "--accept-missing"], "--fix"),
    (["migrate", "old.json", "--map", "score"], "OLD=NEW"),
    (["migrate", "old.json", "--map", "nope=rating"], "no record has a field 'nope'"),
    (["add", "../s/0.png", "--move"], "left where it is"),
    (["add", "../s/1.png", "../s/rated.png", "--rating", "2"], "not taken: rating"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_what_was_asked_for_and_not_done_is_said(root, arguments, said):
    (root / "old.json").write_text('[{"file": "none.png", "score": 3}]')
    with Library.open(root) as library:
        library.add(draw(root.parent / "s" / "rated.png"), rating=5)
    assert said in imagelib(*arguments).stderr


@pytest.mark.parametrize("place", ["library.db", "picture.png", "folder", "other/library.db"])
def test_a_backup_takes_the_place_of_nothing_but_a_backup(root, place):
    draw(root / "picture.png")
    (root / "folder").mkdir()
    Library.create(root / "other").close()
    target = root / place
    before = target.is_file() and (target.stat().st_ino, target.read_bytes())
    done = imagelib("backup", target)
    assert done.returncode == 2
    assert "no backup" in done.stderr
    assert before == (target.is_file() and (target.stat().st_ino, target.read_bytes()))
    assert imagelib("backup", root / "kept.db").returncode == 0
    assert imagelib("backup", root / "kept.db").returncode == 0, "an earlier backup is replaced"


def test_doctor_tells_versions_and_the_library(root, capsys):
    assert run(["doctor", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["library"] == str(root)
    assert facts["sqlite"]
    assert "AVIF" in facts["formats"]


def test_demo_draws_adds_builds_and_keeps_away_from_other_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "thesis.txt").write_text("mine")

    assert run(["demo", "--no-serve", "--count", "17"]) == 0

    folder = tmp_path / "imagelib-demo"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["imagelib-demo", "thesis.txt"]
    with Library.open(folder) as library:
        assert library.count() == 17
        assert {i.generation.get("tool") for i in library.find("has:model")} == {
            "AUTOMATIC1111", "ComfyUI"}
        assert library.tags()
    assert (folder / "site" / "index.html").exists()
    assert str(folder / "site" / "index.html") in capsys.readouterr().err
    monkeypatch.chdir(folder)
    assert run(["demo", "--no-serve"]) == 0, "again just builds"
    with Library.open(folder) as library:
        assert library.count() == 17


def test_demo_uses_an_empty_folder_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["demo", "--no-serve", "--count", "2"]) == 0
    assert (tmp_path / "library.db").exists()


def test_watch_builds_by_itself_and_ends_at_a_signal(root):
    import signal

    from helpers import wait_for

    with (root.parent / "said").open("wb") as stream:
        process = started(["watch"], stream)
    try:
        assert wait_for(lambda: (root / "site" / "index.html").exists())
        draw(root / "images" / "new.png")
        assert wait_for(lambda: (root / "site" / "images" / "new.png").exists())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def test_the_library_is_found_upwards_by_option_or_by_environment(root, monkeypatch, tmp_path):
    monkeypatch.chdir(root / "images")
    assert run(["list"]) == 0
    monkeypatch.chdir(tmp_path)
    assert run(["list"]) == 2
    assert run(["-L", str(root), "list"]) == 0
    monkeypatch.setenv("IMAGELIB_LIBRARY", str(root))
    assert run(["list"]) == 0


@pytest.mark.parametrize(("text", "said"), [
    ("titel = 'x'", "titel"), ("title = 3", "title"), ("title = ", "imagelib.toml")])
def test_a_faulty_setting_is_named(root, capsys, text, said):
    (root / "imagelib.toml").write_text(text)
    assert run(["list"]) == 2
    assert said in capsys.readouterr().err


def test_a_traceback_is_shown_only_with_debug(root, capsys):
    assert run(["show", "nope"]) == 3
    assert "Traceback" not in capsys.readouterr().err
    assert run(["--debug", "show", "nope"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_an_unknown_command_is_usage_and_close_ones_are_suggested(capsys):
    assert run(["srve"]) == 2
    assert "serve" in capsys.readouterr().err


def test_a_reader_that_stops_early_is_no_error(root):
    if shutil.which("head") is None:
        return
    done = subprocess.run(f"{sys.executable} -m imagelib export | head -c 1 >/dev/null",
                          shell=True, capture_output=True, text=True)
    assert done.stderr == ""


def test_images_are_named_by_lines_of_a_list(root):
    """A list that was shortened is read as it is, and so are ids; an unknown one stops all."""
    lines = imagelib("list").stdout.splitlines()
    chosen = f"{lines[2]}\n\n  {lines[0][:36]}\n{lines[2]}\n"
    assert imagelib("edit", "-", "--add-tag", "shown", input=chosen).returncode == 0
    shown = imagelib("list", "tag:shown").stdout.splitlines()
    assert {line[:36] for line in shown} == {lines[0][:36], lines[2][:36]}
    assert imagelib("replace", "-", "prompt", "text", input=chosen).stderr.endswith(
        "2 images changed.\n")
    assert imagelib("album", "order", "shown", "-", input=f"{lines[2]}\n{lines[0]}\n"
                    ).returncode == 0
    assert [line[:36] for line in imagelib("album", "show", "shown").stdout.splitlines()] == [
        lines[2][:36], lines[0][:36]]
    absent = "00000000-0000-4000-8000-000000000000"
    done = imagelib("rm", "-", "--yes", input=f"{lines[1]}\n{absent}\n")
    assert (done.returncode, absent in done.stderr) == (3, True)
    assert len(imagelib("list").stdout.splitlines()) == 4
    assert imagelib("rm", "-", "--yes", input=chosen).returncode == 0
    assert [line[:36] for line in imagelib("list").stdout.splitlines()] == [
        lines[1][:36], lines[3][:36]]
    none = imagelib("edit", "-", "--rating", "3", input="\n")
    assert (none.returncode, "named no image" in none.stderr) == (3, True)
