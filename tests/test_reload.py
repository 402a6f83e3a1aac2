"""`serve --reload` follows templates, scripts and styles while somebody works on them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from helpers import Daemon, draw, wait_for

import imagelib
from imagelib.library.library import Library
from imagelib.resources import bundled

ROOT = Path(imagelib.__file__).parents[1]


def test_a_template_of_the_library_is_in_the_site_as_soon_as_it_is_saved(tmp_path):
    root = tmp_path / "l"
    with Library.create(root) as library:
        image = library.add(draw(tmp_path / "a.png")).image
    daemon = Daemon(root, "--reload")
    try:
        daemon.wait_built()
        for text in ("first of mine", "second of mine"):
            (root / "templates").mkdir(exist_ok=True)
            (root / "templates" / "image.html").write_text(f"<p>{text}</p>")
            assert wait_for(
                lambda text=text: text in daemon.get(f"/image/{image.id}.html").body.decode(), 60)
    finally:
        assert daemon.stop() == 0


def test_scripts_of_gallery_and_editor_are_sent_as_they_are_now(tmp_path, monkeypatch):
    installed = tmp_path / "installed"
    shutil.copytree(ROOT / "imagelib", installed / "imagelib")
    shutil.copytree(bundled("templates"), templates := installed / "imagelib" / "templates")
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.chdir(tmp_path)  # it comes before the path
    root = tmp_path / "l"
    Library.create(root).close()
    daemon = Daemon(root, "--reload")
    try:
        daemon.wait_built()

        def sent() -> str:
            page = daemon.get("/").body.decode()
            return "".join(daemon.get(f"/{path}").body.decode()
                           for path in re.findall(r'<script src="([^"]+)"', page))

        assert "// changed" not in sent()
        for script in ("static/viewer/viewer.js", "editor/editing/saver.js"):
            with (templates / script).open("a") as stream:
                stream.write(f"\nwindow.changed = '{script}'; // changed\n")
            assert wait_for(lambda script=script: f"'{script}'" in sent(), 60), script
    finally:
        assert daemon.stop() == 0
