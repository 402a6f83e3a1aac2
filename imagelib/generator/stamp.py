"""Whether a build has anything to do, asked with nothing but sqlite3.

The answer must cost a few milliseconds however large the library is, so this
module imports neither jinja2 nor the library.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from imagelib import __version__
from imagelib.config import Settings
from imagelib.generator.paths import GRID, SHARP
from imagelib.library.originals.folders import folder_times
from imagelib.resources import bundled

#: Raised when pages or shards of the same input become different without a template changing.
FORMAT = 2
#: How long what a page may still ask for stays after a newer build has replaced it, in seconds.
KEPT_SECONDS = 120.0


def stamp(settings: Settings) -> str:
    """A hash of everything but the images that the site is made from."""
    checksum = hashlib.sha256(json.dumps([
        FORMAT, __version__, GRID.name, SHARP.name if settings.sharp else "",
        settings.title, settings.language, settings.base_url, settings.link_originals,
    ]).encode())
    for folder in (bundled("templates"), settings.templates_dir):
        if folder is None:
            continue
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and not name.startswith("editor/"):
                checksum.update(f"{name}\0{path.stat().st_size}\0".encode())
                checksum.update(path.read_bytes())
    return checksum.hexdigest()


def saved_searches(connection: sqlite3.Connection) -> list[list[str]]:
    """Name, query and order of each saved search, as the manifest has them."""
    rows = connection.execute("SELECT name, query, sort FROM searches ORDER BY name")
    return [list(row) for row in rows]


def is_current(settings: Settings, out: Path) -> bool:
    """Whether *out* shows the library as it is, files that were dropped into it included."""
    memory = settings.private_dir / "build.db"
    if not (memory.exists() and settings.database.exists() and (out / "index.html").exists()):
        return False
    try:
        with closing(_readonly(memory)) as build, closing(_readonly(settings.database)) as library:
            built = build.execute("SELECT seq, stamp, searches FROM outputs WHERE folder = ?",
                                  (str(out),)).fetchone()
            searches = json.dumps(saved_searches(library))
            seq = library.execute("SELECT coalesce(max(seq), 0) FROM changes").fetchone()[0]
            pending = library.execute("SELECT count(*) FROM intents").fetchone()[0]
            scanned = library.execute("SELECT value FROM meta WHERE key = 'scanned'").fetchone()
            overdue = build.execute("SELECT 1 FROM kept WHERE since <= ? LIMIT 1",
                                    (time.time() - KEPT_SECONDS,)).fetchone()
    except sqlite3.Error:
        return False
    if built is None or (built[0], built[2]) != (seq, searches) or pending or overdue or (
            scanned is None):
        return False
    try:
        times = folder_times(settings.images_dir)
    except OSError:
        return False
    return bool(built[1] == stamp(settings) and json.loads(scanned[0]) == times)


def _readonly(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
