"""Settings that are changed in the page: what the file says then, and what is refused."""

from __future__ import annotations

import tomllib

import pytest
from helpers import draw, wait_for

from imagelib.config import Settings
from imagelib.daemon.settings_file import written
from imagelib.errors import InvalidError

FILE = """\
# mine
title = "Old"   # to be found by this

[serve]
port = 1234     # not 8765

[watch]
# folders = []

[publish.show]
fields = ["title"]
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "imagelib.toml"
    path.write_text(FILE)
    return path


def change(path, environ=(), **wanted):
    return written(Settings.load(path.parent, dict(environ)), wanted, dict(environ))


def test_a_setting_is_changed_where_it_stands_and_all_else_stays(path, tmp_path):
    folder = tmp_path / "new pictures"
    folder.mkdir()
    changed = change(path, title='Foxes "& more"', watch_folders=[str(folder)])

    assert (changed.title, changed.watch_folders) == ('Foxes "& more"', (str(folder),))
    assert path.read_text() == (
        FILE.replace('"Old"', r'"Foxes \"& more\""')
            .replace("# folders = []\n", f'# folders = []\nfolders = ["{folder}"]\n'))
    assert Settings.load(tmp_path, {}) == changed


@pytest.mark.parametrize("text", ["", "[serve]\nport = 1\n", "\r\n[build]\r\nsharp = false\r\n",
                                  "watch = { folders = [] }\n", "watch_folders = []\n",
                                  "watch.folders = []\nlanguage = 'en'\n"])
def test_a_setting_is_read_back_however_the_file_is_written(path, tmp_path, text):
    path.write_bytes(text.encode())
    wanted = {"title": "Ä", "language": "pt-BR", "watch_folders": [str(tmp_path)]}
    changed = change(path, **wanted)

    assert Settings.load(tmp_path, {}) == changed
    assert (changed.title, changed.language, changed.watch_folders) == (
        "Ä", "pt-BR", (str(tmp_path),))


def test_a_library_without_a_file_gets_one_that_its_owner_alone_reads(path, tmp_path):
    path.unlink()
    change(path, title="New")

    assert tomllib.loads(path.read_text()) == {
        "title": "New", "serve": {}, "build": {}, "watch": {}}
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_file_keeps_its_rights_and_stays_where_a_link_leads(path, tmp_path):
    elsewhere = tmp_path / "dotfiles"
    elsewhere.mkdir()
    path.chmod(0o640)
    real = path.rename(elsewhere / "mine.toml")
    path.symlink_to(real)
    changed = change(path, title="New")

    assert path.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert 'title = "New"' in real.read_text()
    assert changed.root == tmp_path


@pytest.mark.parametrize(("text", "environ", "wanted", "reason"), [
    (FILE, {"IMAGELIB_TITLE": "Shop"}, {"title": "New"}, "IMAGELIB_TITLE"),
    (FILE, {}, {"watch_folders": ["/not/there"]}, "there is no folder /not/there"),
    ("title = 'Old'\n[serve]\ntitle = 'Older'\n", {}, {"title": "New"}, "in more than one place"),
    ("watch = 3\n", {}, {"watch_folders": ["/"]}, "Mend the file"),
])
def test_what_the_file_could_not_say_is_refused_and_nothing_is_written(
        path, text, environ, wanted, reason):
    path.write_text("title = 'Old'\n")
    settings = Settings.load(path.parent, environ)
    path.write_text(text)

    with pytest.raises(InvalidError, match=reason):
        written(settings, wanted, environ)
    assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


def test_what_is_as_it_was_is_not_written(path):
    before = path.stat()
    change(path, title="Old", language="en")
    assert path.stat() == before


def test_a_watched_folder_of_a_disk_that_is_away_stays(path, tmp_path):
    path.write_text('[watch]\nfolders = ["/media/away"]\n')
    changed = change(path, watch_folders=["/media/away", str(tmp_path)])
    assert changed.watch_folders == ("/media/away", str(tmp_path))


def test_site_and_watcher_follow_settings_that_were_changed(daemon, tmp_path):
    folder = tmp_path / "outputs"
    draw(folder / "fox.png")
    answer = daemon.ask("PUT", "/api/settings", json_body={
        "title": "Foxes", "watch_folders": [str(folder)]})

    assert answer.status == 200
    assert answer.json == daemon.get("/api/settings").json == {
        "title": "Foxes", "language": "en", "watch_folders": [str(folder)]}
    assert wait_for(lambda: daemon.get("/api/status").json["images"] == 1)
    assert wait_for(lambda: b"<title>Foxes</title>" in daemon.get("/").body)


def test_a_setting_that_cannot_be_is_refused_by_its_name(daemon):
    before = daemon.get("/api/settings").json
    for field, body in (
            ("title", {"title": " "}), ("title", {"title": 3}),
            ("language", {"language": "englisch!"}),
            ("watch_folders", {"watch_folders": "x"}),
            ("watch_folders", {"watch_folders": ["outputs"]}),
            ("watch_folders", {"watch_folders": ["/\0"]}),
            ("watch_folders", {"watch_folders": ["/nowhere"], "title": "New"}),
            ("port", {"port": 80})):
        answer = daemon.ask("PUT", "/api/settings", json_body=body)
        assert (answer.status, answer.json["detail"][0]["loc"][:2]) == (422, ["body", field])
    assert daemon.get("/api/settings").json == before
