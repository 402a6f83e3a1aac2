"""What is out where: the files of each place, and which images and texts were ever public there.

A place holds only what this says we put there; nothing else in it is ever removed. It lies beside
the scratch library, and never in a publication.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, Self

from imagelib.config import Settings
from imagelib.library.store.database import translated

_TABLES = """
CREATE TABLE IF NOT EXISTS places (
    id INTEGER PRIMARY KEY, place TEXT NOT NULL UNIQUE, at REAL NOT NULL DEFAULT 0,
    policy TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS files (
    place INTEGER NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,
    gone_since REAL, PRIMARY KEY (place, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS removed (
    place INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY (place, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS images (
    place INTEGER NOT NULL, id TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (place, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS begun (place INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS texts (
    place INTEGER NOT NULL, field TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (place, field, text)
) WITHOUT ROWID;
"""
#: Who was killed compares at most so many files, and at most what came within so many seconds.
_SOME = 64
_WITHIN = 0.1


class Placed(NamedTuple):
    """A file that we put somewhere; `gone_since` is when the site no longer had it, or None.

    Of one that was only begun nobody knows what is there, if anything: its digest is "", its size
    -1.
    """

    digest: str
    size: int
    gone_since: float | None = None


class Ledger:
    """What one publication has put in one place."""

    def __init__(self, path: Path, place: str) -> None:
        self._path, self._noted, self._since = path, 0, 0.0
        self._connection = sqlite3.connect(path, isolation_level=None)
        # All at once, as others ask while they are made.
        self._connection.executescript(f"BEGIN; {_TABLES} COMMIT;")
        self._connection.execute("INSERT OR IGNORE INTO places (place) VALUES (?)", (place,))
        self._place, self.at, self.policy = self._connection.execute(
            "SELECT id, at, policy FROM places WHERE place = ?", (place,)).fetchone()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with translated(self._path):
            self._flush()
        self._connection.close()

    def files(self) -> dict[str, Placed]:
        """What lies there, by path."""
        return {row[0]: Placed(*row[1:]) for row in self._connection.execute(
            "SELECT path, digest, size, gone_since FROM files WHERE place = ?", (self._place,))}

    def doubted(self) -> set[str]:
        """The paths of what may lie there, but of which nobody knows what it is."""
        return {row[0] for row in self._connection.execute(
            "SELECT path FROM files WHERE place = ? AND digest = ''", (self._place,))}

    def everywhere(self) -> set[str]:
        """The paths of all files that lie in any place."""
        return {row[0] for row in self._connection.execute("SELECT DISTINCT path FROM files")}

    def begin(self, paths: Iterable[str]) -> None:
        """Note, before anything is sent, what will be: whoever comes after somebody who was killed
        knows that it is ours, takes away what is not wanted any more, and looks whether what was
        there before has been replaced."""
        connection = self._connection
        connection.execute("BEGIN")
        connection.execute("INSERT OR IGNORE INTO begun VALUES (?)", (self._place,))
        connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, '', -1, NULL)",
                               [(self._place, path) for path in paths])
        connection.execute("COMMIT")

    @property
    def is_broken_off(self) -> bool:
        """Whether something was begun there and never became whole."""
        return self._connection.execute("SELECT 1 FROM begun WHERE place = ?", (self._place,)
                                        ).fetchone() is not None

    def doubt(self, paths: Iterable[str]) -> None:
        """Note that somebody has changed files, or taken them away: they are sent again if they
        are still wanted, and taken away if not."""
        for path in paths:
            self._note()
            self._connection.execute("INSERT OR REPLACE INTO files VALUES (?, ?, '', -1, NULL)",
                                     (self._place, path))

    def put(self, path: str, digest: str, size: int) -> None:
        """Note that a file is there now; what is noted lasts from the next `_SOME` on."""
        self._note()
        self._connection.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, NULL)",
                                 (self._place, path, digest, size))
        self._connection.execute("DELETE FROM removed WHERE place = ? AND path = ?",
                                 (self._place, path))

    def removed(self, paths: Sequence[str]) -> None:
        """Note that files are no longer there."""
        for path in paths:
            self._remove(path)

    def _remove(self, path: str) -> None:
        self._note()
        self._connection.execute("INSERT OR IGNORE INTO removed VALUES (?, ?)", (self._place, path))
        self._connection.execute("DELETE FROM files WHERE place = ? AND path = ?",
                                 (self._place, path))

    def absent(self) -> list[str]:
        """What was there once and is no longer."""
        return [row[0] for row in self._connection.execute(
            "SELECT path FROM removed WHERE place = ? ORDER BY path", (self._place,))]

    def ended(self) -> None:
        """Note that nothing is there any more."""
        self.done("", {}, set())
        self._connection.execute("UPDATE places SET at = 0 WHERE id = ?", (self._place,))

    def gone(self, paths: Iterable[str]) -> None:
        """Note that the site no longer has these files, which stay for a while."""
        self._connection.executemany(
            "UPDATE files SET gone_since = coalesce(gone_since, ?) WHERE place = ? AND path = ?",
            [(time.time(), self._place, path) for path in paths])

    def _note(self) -> None:
        """One flush for many notes: each takes longer than a file here, less than one elsewhere."""
        if self._noted >= _SOME or (self._noted and time.monotonic() - self._since > _WITHIN):
            self._flush()
        if not self._noted:
            self._since = time.monotonic()
            self._connection.execute("BEGIN")
        self._noted += 1

    def _flush(self) -> None:
        if self._noted:
            self._connection.execute("COMMIT")
        self._noted = 0

    def images(self) -> dict[str, str]:
        """A hash of the record of each image that is public there, by its id."""
        return dict(self._connection.execute(
            "SELECT id, record FROM images WHERE place = ?", (self._place,)))

    def texts(self) -> set[tuple[str, str]]:
        """(field, hash) of each text that was ever public there."""
        return set(self._connection.execute(
            "SELECT field, text FROM texts WHERE place = ?", (self._place,)))

    def done(self, policy: str, images: dict[str, str], texts: set[tuple[str, str]]) -> None:
        """Note that everything is there."""
        connection = self._connection
        self._flush()
        connection.execute("BEGIN")
        connection.execute("DELETE FROM images WHERE place = ?", (self._place,))
        connection.executemany("INSERT INTO images VALUES (?, ?, ?)",
                               [(self._place, *one) for one in images.items()])
        connection.executemany("INSERT OR IGNORE INTO texts VALUES (?, ?, ?)",
                               [(self._place, *one) for one in texts])
        connection.execute("DELETE FROM begun WHERE place = ?", (self._place,))
        connection.execute("UPDATE places SET at = ?, policy = ? WHERE id = ?",
                           (time.time(), policy, self._place))
        connection.execute("COMMIT")


def ledger_path(settings: Settings, name: str) -> Path:
    """Where the ledger of the publication *name* lies, if it was ever published."""
    return settings.private_dir / "published" / name / "ledger.db"


def places(settings: Settings, name: str) -> list[tuple[str, float]]:
    """Each place where something of the publication *name* is, and when it was last complete, in
    seconds since 1970, or 0."""
    return ask(ledger_path(settings, name),
               "SELECT place, at FROM places WHERE at > 0 OR EXISTS ("
               "SELECT 1 FROM files WHERE files.place = places.id) ORDER BY place")


def emptied(settings: Settings, name: str) -> list[str]:
    """Each place where something of the publication *name* was, and all was taken away again."""
    return [row[0] for row in ask(
        ledger_path(settings, name),
        "SELECT place FROM places WHERE at = 0 AND EXISTS (SELECT 1 FROM removed"
        " WHERE removed.place = places.id) AND NOT EXISTS (SELECT 1 FROM files"
        " WHERE files.place = places.id) ORDER BY place")]


def ask(path: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """What the database at *path* answers, one of those beside a scratch library; nothing if there
    is none, or it is being made."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
            return []
        return connection.execute(sql, values).fetchall()


def text_hash(text: str) -> str:
    """What stands for a text that was public: the ledger need not hold it."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
