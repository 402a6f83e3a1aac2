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
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Self

from imagelib import __version__
from imagelib.config import Settings
from imagelib.formats import NO_PREVIEW
from imagelib.library.store.batches import last_change
from imagelib.library.store.disk import stat_of
from imagelib.library.store.schema import IS_LIVE, IS_PICKED, IS_WORN, NAMELESS, NOT_OK
from imagelib.recipes import DISPLAY, GRID, SHARP
from imagelib.recording.files import is_recorded
from imagelib.resources import bundled

#: Raised when pages or blocks of the same input become different without what follows changing.
FORMAT = 2
#: The code that pages and blocks are made by, besides the templates.
_RENDERING = ("generator", "library/values", "formats.py", "pictures.py", "colours.py", "moving.py",
              "videos.py")
#: In a library of so many images at most, a build that may have nothing to do looks at each file.
FEW = 2000
#: How long what a page may still ask for stays after a newer build has replaced it, in seconds.
KEPT_SECONDS = 120.0


def stamp(settings: Settings) -> str:
    """A hash of everything but the images that the site is made from."""
    checksum = hashlib.sha256(json.dumps([
        FORMAT, __version__, GRID.name, SHARP.name if settings.sharp else "",
        DISPLAY.name, settings.pages,
        settings.title, settings.language, settings.base_url, settings.link_originals,
    ]).encode())
    for folder in (bundled("templates"), settings.templates_dir):
        if folder is None:
            continue
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and not name.startswith("editor/"):
                _add(checksum, name, path)
    package = Path(__file__).parent.parent
    for part in _RENDERING:
        for path in sorted((package / part).rglob("*.py")) or [package / part]:
            _add(checksum, path.relative_to(package).as_posix(), path)
    return checksum.hexdigest()


def _add(checksum: hashlib._Hash, name: str, path: Path) -> None:
    content = path.read_bytes()
    checksum.update(f"{name}\0{len(content)}\0".encode())
    checksum.update(content)


@dataclass(frozen=True, slots=True)
class Aside:
    """What the manifest holds that is in no image, and so in no change."""

    #: Name, query and order of each saved search.
    searches: list[list[str]]
    #: The pks that each visitor of a publication picked, by the name.
    picks: list[tuple[str, list[int]]]
    #: Tag, text, the pk of the cover or 0, and the pks in order, of each album.
    albums: list[tuple[str, str, int, list[int]]]

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> Self:
        """What a library holds now."""
        searches = connection.execute("SELECT name, query, sort FROM searches ORDER BY name")
        picks = connection.execute(
            f"SELECT DISTINCT who, image FROM picks WHERE {IS_LIVE} AND {IS_PICKED}"
            " ORDER BY who, image")
        albums = [(tag, text, *_in_album(connection, tag, cover, pks))
                  for tag, text, cover, pks in connection.execute(
                      f"SELECT tag, text, cover, pks FROM albums AS a WHERE {IS_WORN}"
                      " OR tag = ? ORDER BY tag", (NAMELESS,)).fetchall()]
        return cls([list(row) for row in searches],
                   [(who, [row[1] for row in rows])
                    for who, rows in groupby(picks, key=itemgetter(0))], albums)

    def __str__(self) -> str:
        """The same text for the same."""
        return json.dumps([self.searches, self.picks, self.albums])


def _in_album(connection: sqlite3.Connection, tag: str, cover: int | None,
              pks: str) -> tuple[int, list[int]]:
    """Cover and list of an album, of those images alone that carry its *tag*."""
    if tag == NAMELESS:
        return 0, json.loads(pks)
    worn = {row[0] for row in connection.execute(
        "SELECT it.image FROM image_tags AS it JOIN tags AS t ON t.id = it.tag WHERE t.name = ?",
        (tag,))}
    return (cover if cover in worn else 0) or 0, [pk for pk in json.loads(pks) if pk in worn]


def is_current(settings: Settings, out: Path) -> bool:
    """Whether *out* shows the library as it is, files that were dropped into it included."""
    build_state = settings.private_dir / "build.db"
    if not (build_state.exists() and settings.database.exists() and (out / "index.html").exists()):
        return False
    try:
        with (closing(_readonly(build_state)) as build,
              closing(_readonly(settings.database)) as library):
            built = build.execute(
                "SELECT seq, batch, stamp, aside FROM outputs WHERE folder = ?",
                (str(out.resolve()),)).fetchone()
            aside = str(Aside.of(library))
            newest = last_change(library)
            pending = library.execute("SELECT count(*) FROM intents").fetchone()[0]
            overdue = build.execute(
                "SELECT 1 FROM kept AS k JOIN outputs AS o ON o.id = k.output"
                " WHERE o.folder = ? AND k.since <= ? LIMIT 1",
                (str(out.resolve()), time.time() - KEPT_SECONDS)).fetchone()
    except sqlite3.Error:
        return False
    if built is None or (built[:2], built[3]) != (newest, aside) or pending or overdue or (
            not is_recorded(settings, *newest)):
        return False
    return bool(built[2] == stamp(settings) and is_as_scanned(settings))


def is_as_scanned(settings: Settings) -> bool:
    """Whether `images/` looks as the last scan saw it: in none of its folders a name came or went.

    A file that was written over in its place changes no folder: where there are at most `FEW`
    images, each file is looked at.
    """
    folder = settings.images_dir
    try:
        with closing(_readonly(settings.database)) as library:
            scanned = library.execute("SELECT value FROM meta WHERE key = 'scanned'").fetchone()
            stats = library.execute(
                "SELECT i.file_name, s.size_bytes, s.mtime_ns, s.inode FROM images i"
                " JOIN file_stats s ON s.pk = i.pk WHERE i.file_state = 'ok' LIMIT ?",
                (FEW + 1,)).fetchall()
        if not scanned or any((folder / name).stat().st_mtime_ns != time
                              for name, time in json.loads(scanned[0]).items()):
            return False
        return len(stats) > FEW or all(stat_of(folder / name) == tuple(stat)
                                       for name, *stat in stats)
    except (OSError, sqlite3.Error):
        return False


def faulty_images(settings: Settings, out: Path) -> list[tuple[str, str]]:
    """(file name, reason) of each image that has no sound file, or no thumbnail in *out*, but for
    videos whose previews a package is missing for."""
    with (closing(_readonly(settings.private_dir / "build.db")) as build,
          closing(_readonly(settings.database)) as library):
        # In their order afterwards: for ORDER BY, SQLite would walk through all images.
        found = {name: f"its file is {state}" for _, name, state in sorted(library.execute(
            f"SELECT pk, file_name, file_state FROM images WHERE {NOT_OK}"))}
        without = build.execute(
            "SELECT r.file_name, f.error FROM failures f JOIN outputs o ON o.id = f.output"
            " JOIN rows r ON r.output = f.output AND r.pk = f.pk WHERE o.folder = ?"
            " AND instr(f.error, ?) = 0 ORDER BY f.pk", (str(out.resolve()), NO_PREVIEW))
        for name, error in without:
            found.setdefault(name, f"no thumbnail: {error}")
    return list(found.items())


def _readonly(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
