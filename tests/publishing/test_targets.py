"""Places that other programs reach: the same files in the same order, and nobody else's touched."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import draw
from test_publication import publish, tree

from imagelib.config import Settings
from imagelib.errors import ConflictError, InvalidError
from imagelib.library.library import Library
from imagelib.publishing.policy import Policy
from imagelib.publishing.targets import target_of
from imagelib.publishing.targets.programs import SendError, cache_of

MISSING = [program for program in ("rclone", "rsync", "git") if shutil.which(program) is None]
POLICY = Policy.of("mine", {"fields": ["title"], "originals": "none"})


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library") as opened:
        for n in range(3):
            opened.add(draw(tmp_path / f"p{n}.png"), title=f"Picture {n}")
        yield opened


@pytest.fixture(params=["rclone", "rsync"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    if request.param in MISSING:
        pytest.skip(f"{request.param} is not installed")
    return f"{request.param}:{tmp_path / 'there' / 'site'}", tmp_path / "there" / "site"


def site_of(library: Library) -> dict[str, str]:
    return tree(library.settings.private_dir / "published" / "mine" / "site")


def test_what_is_there_is_the_site_before_and_after_edits(library, place):
    name, folder = place
    publish(library, name, POLICY)
    assert tree(folder) == site_of(library)
    assert {path.stat().st_mtime for path in folder.rglob("*") if path.is_file()} == {946_684_800}
    assert publish(library, name, POLICY).sent == []
    [image, gone, _] = library.ids("")
    library.edit(image, title="Another")
    assert len(publish(library, name, POLICY).sent) <= 6
    library.delete(gone)
    publish(library, name, POLICY)
    assert tree(folder) == site_of(library)


def test_a_host_that_bills_requests_is_asked_for_what_changes_and_nothing_else(
        library, tmp_path, monkeypatch):
    program = shutil.which("rclone")
    assert program
    log, bin_folder = tmp_path / "log", tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "rclone").write_text(
        f'#!/bin/sh\necho "$@" >> "{log}"\n[ "$2" = --files-from-raw ] && cat "$3" >> "{log}"\n'
        f'exec "{program}" "$@"\n')
    (bin_folder / "rclone").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}:{os.environ['PATH']}")

    def calls() -> tuple[list[str], list[str]]:
        """The commands and the paths that were handed to the program since it was last asked."""
        publish(library, f"rclone:{tmp_path / 'there'}", POLICY)
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        commands = [line.split() for line in lines if "--" in line]
        assert all("--no-traverse" in words for words in commands if words[0] == "copy")
        return [words[0] for words in commands], [line for line in lines if "--" not in line]

    commands, paths = calls()
    assert commands.count("lsf") == 1
    assert sorted(paths) == sorted(tree(tmp_path / "there"))
    assert paths[-2:] == ["data/manifest.js", "index.html"]
    assert calls() == ([], [])
    library.edit(library.ids("")[0], title="Another")
    commands, paths = calls()
    assert set(commands) == {"copy"}
    assert len(paths) <= 6
    assert paths[-2:] == ["data/manifest.js", "index.html"]
    library.delete(library.ids("")[0])
    commands, paths = calls()
    assert set(commands[:-1]) == {"copy"}
    assert commands[-1] == "delete"
    assert paths.index("index.html") < min(
        number for number, path in enumerate(paths) if path.startswith("images/"))


def test_files_of_others_stay_and_a_full_place_is_refused(library, place):
    name, folder = place
    folder.mkdir(parents=True)
    (folder / "theirs.txt").write_text("theirs")
    with pytest.raises(InvalidError, match="did not put there"):
        publish(library, name, POLICY)
    (folder / "theirs.txt").unlink()
    publish(library, name, POLICY)
    (folder / "theirs.txt").write_text("theirs")
    library.delete(library.ids("")[0])
    publish(library, name, POLICY)
    assert tree(folder).keys() == site_of(library).keys() | {"theirs.txt"}


def test_a_program_that_fails_is_told_of_and_gone_on_from(library, place):
    name, folder = place
    folder.parent.mkdir(parents=True)
    folder.write_text("a file stands in the way")
    with pytest.raises((SendError, InvalidError)):
        publish(library, name, POLICY)
    folder.unlink()
    publish(library, name, POLICY)
    assert tree(folder) == site_of(library)


@pytest.mark.skipif("git" in MISSING, reason="git is not installed")
def test_a_branch_has_one_commit_whatever_was_there(library, tmp_path):
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", remote], check=True)
    for _ in range(2):
        publish(library, f"git:{remote}#pages", POLICY)
        library.delete(library.ids("")[0])
    publish(library, f"git:{remote}#pages", POLICY)
    log = subprocess.run(["git", f"--git-dir={remote}", "log", "--format=%s %an %at", "pages"],
                         check=True, capture_output=True, text=True).stdout
    assert log == "Publish imagelib 946684800\n"
    subprocess.run(["git", "clone", "-q", "-b", "pages", remote, tmp_path / "clone"], check=True)
    shutil.rmtree(tmp_path / "clone" / ".git")
    assert tree(tmp_path / "clone") == site_of(library)


@pytest.mark.skipif("git" in MISSING, reason="git is not installed")
def test_a_commit_names_nobody_whatever_the_account_says(library, tmp_path, monkeypatch):
    """By the environment, the settings, hooks and templates of who publishes."""
    remote, hooks, other = tmp_path / "remote.git", tmp_path / "hooks", tmp_path / "other"
    hooks.mkdir()
    for name in ("prepare-commit-msg", "commit-msg"):
        (hooks / name).write_text('#!/bin/sh\necho "Signed-off-by: zqanna" >> "$1"\n')
        (hooks / name).chmod(0o755)
    (tmp_path / "attributes").write_text("*.html ident\n* text eol=crlf\n")
    (tmp_path / "settings").write_text(
        f"[user]\nname = zqanna\nemail = zqanna@example.org\n[core]\nhooksPath = {hooks}\n"
        f"attributesFile = {tmp_path / 'attributes'}\n[commit]\ngpgSign = true\n"
        "[push]\ngpgSign = if-asked\n")
    subprocess.run(["git", "init", "-q", "--bare", remote], check=True)
    subprocess.run(["git", "init", "-q", other], check=True)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "settings"))
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "zqanna")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "zqanna@example.org")
        monkeypatch.setenv(f"GIT_{who}_DATE", "2026-05-06T07:08:09 +0500")
    for name, path in (("DIR", ".git"), ("INDEX_FILE", ".git/index"),
                       ("OBJECT_DIRECTORY", ".git/objects")):
        monkeypatch.setenv(f"GIT_{name}", str(other / path))
    publish(library, f"git:{remote}#pages", POLICY)
    for name in ("DIR", "INDEX_FILE", "OBJECT_DIRECTORY"):
        monkeypatch.delenv(f"GIT_{name}")
    told = subprocess.run(["git", f"--git-dir={remote}", "cat-file", "commit", "pages"],
                          check=True, capture_output=True, text=True).stdout
    who = "imagelib <imagelib@localhost> 946684800 +0000"
    tree_line, *lines = told.splitlines()
    assert tree_line.startswith("tree ")
    assert lines == [f"author {who}", f"committer {who}", "", "Publish"]
    assert not list(other.glob(".git/objects/*/*"))
    assert not (other / ".git/index").exists()
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    subprocess.run(["git", "clone", "-q", "-b", "pages", remote, tmp_path / "clone"], check=True)
    shutil.rmtree(tmp_path / "clone" / ".git")
    assert tree(tmp_path / "clone") == site_of(library)


@pytest.mark.skipif("git" in MISSING, reason="git is not installed")
def test_somebody_elses_branch_is_refused(library, tmp_path):
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", remote], check=True)
    publish(library, f"git:{remote}#pages", POLICY)
    with Library.create(tmp_path / "other") as other, pytest.raises(
            InvalidError, match="did not make"):
        publish(other, f"git:{remote}#pages", POLICY)
    with pytest.raises(ConflictError, match="holds the publication 'mine'"):
        publish(library, f"git:{remote}#pages", Policy.of("other", {}))


@pytest.mark.parametrize("place", ["rclone:", "rsync:-e sh", "git:--upload-pack=x"])
def test_a_place_is_never_taken_for_an_option(place, tmp_path):
    with pytest.raises(InvalidError, match="names no place"):
        target_of(place, Settings(tmp_path))


def test_only_what_has_a_new_name_with_new_content_is_kept_by_browsers():
    assert "immutable" in cache_of("data/core-0-12345678.js")
    for path in ("index.html", "data/manifest.js", "image/x.html", "images/x.webp", "feed.xml"):
        assert cache_of(path) == "no-cache"
