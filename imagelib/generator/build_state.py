"""What the builder remembers: `.imagelib/build.db`, one set of rows for each output folder.

Losing it costs one full build. It is written once, at the end of a build; until
then a journal names each path before its file is written, so that a build that
is killed leaves nothing behind that nobody knows of.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imagelib.generator.index.blocks import Block
from imagelib.generator.paths import place_of

#: Raised when the tables below change: a memory of another version is forgotten.
_VERSION = 9
_SCHEMA = f"""
PRAGMA user_version = {_VERSION};
CREATE TABLE IF NOT EXISTS outputs (
    id INTEGER PRIMARY KEY, folder TEXT NOT NULL UNIQUE,
    seq INTEGER NOT NULL DEFAULT -1, batch TEXT NOT NULL DEFAULT '', stamp TEXT NOT NULL DEFAULT '',
    library TEXT NOT NULL DEFAULT '', aside TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS artifacts (
    output INTEGER NOT NULL, path TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (output, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stale (
    output INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY (output, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept (
    output INTEGER NOT NULL, path TEXT NOT NULL, since REAL NOT NULL, PRIMARY KEY (output, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    output INTEGER NOT NULL, pk INTEGER NOT NULL, id TEXT NOT NULL, captured_at TEXT NOT NULL,
    digest TEXT NOT NULL, file_name TEXT NOT NULL,
    place TEXT,                        -- NULL if the name is ours
    PRIMARY KEY (output, pk)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rows_place ON rows (output, place) WHERE place IS NOT NULL;
CREATE TABLE IF NOT EXISTS clashes (
    output INTEGER NOT NULL, pk INTEGER NOT NULL, PRIMARY KEY (output, pk)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rows_order ON rows (output, captured_at, pk);
CREATE INDEX IF NOT EXISTS rows_digest ON rows (output, digest);
CREATE TABLE IF NOT EXISTS failures (
    output INTEGER NOT NULL, pk INTEGER NOT NULL, stat TEXT NOT NULL, error TEXT NOT NULL,
    PRIMARY KEY (output, pk)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marks (
    output INTEGER NOT NULL, mark TEXT NOT NULL,     -- a name of `marks.Marks`
    pk INTEGER NOT NULL, value REAL NOT NULL, PRIMARY KEY (output, mark, pk)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocks (
    output INTEGER NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL, rows INTEGER NOT NULL,
    newest TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (output, kind, number)
) WITHOUT ROWID;
"""


#: Looked up for each of the few: `IN` would read the paths of the whole site first.
_IS_ARTIFACT = ("EXISTS (SELECT 1 FROM artifacts AS a WHERE a.output = {0}.output"
                " AND a.path = {0}.path)")


@dataclass(frozen=True, slots=True)
class Row:
    """An image as the last build saw it: what its artifacts and neighbours follow from."""

    pk: int
    id: str
    captured_at: str
    digest: str
    file_name: str


class BuildState:
    """The memory of one output folder."""

    def __init__(self, path: Path, folder: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = _open(path)
        except sqlite3.DatabaseError:  # damaged, or of another version: it is only a memory
            path.unlink()
            self._connection = _open(path)
        name = str(folder.resolve())  # one memory, by whatever links the folder is reached
        found = self._connection.execute("SELECT * FROM outputs WHERE folder = ?", (name,))
        row = found.fetchone()
        #: Whether this folder was built before.
        self.known = row is not None
        if row is None:
            self._connection.execute("INSERT INTO outputs (folder) VALUES (?)", (name,))
            row = self._connection.execute("SELECT * FROM outputs WHERE folder = ?",
                                           (name,)).fetchone()
        self._output: int = row["id"]
        #: The newest change that it shows, and its batch.
        self.seq: int = row["seq"]
        self.batch: str = row["batch"]
        self.stamp: str = row["stamp"]
        self.library: str = row["library"]
        #: What its manifest has besides blocks: `freshness.Aside` as text.
        self.aside: str = row["aside"]
        self._journal = path.with_name(f"build-{self._output}.journal")
        #: What a build that was killed may have written.
        self.unfinished: set[str] = self._read_journal()
        self._announced = self._journal.open("a", encoding="utf-8")

    def close(self) -> None:
        """Close the files."""
        self._announced.close()
        self._connection.close()

    def announce(self, path: str) -> None:
        """Note *path* before its file is written."""
        self._announced.write(path + "\n")
        self._announced.flush()  # to the system, which outlives a killed process

    def announced(self) -> set[str]:
        """All that was announced since the last finished build."""
        return self._read_journal()

    def forget_journal(self) -> None:
        """What was announced is recorded now."""
        self._announced.truncate(0)
        self.unfinished = set()

    def _read_journal(self) -> set[str]:
        if not self._journal.exists():
            return set()
        return set(self._journal.read_text(encoding="utf-8").splitlines())

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def finish(self, seq: int, batch: str, stamp: str, library: str, aside: str) -> None:
        """Note what the folder now holds."""
        self._run("UPDATE outputs SET seq = ?, batch = ?, stamp = ?, library = ?, aside = ?"
                  " WHERE id = ?", seq, batch, stamp, library, aside, self._output)

    # -- artifacts ----------------------------------------------------------

    def hash_of(self, path: str) -> str | None:
        """The hash that *path* was written with, or None."""
        row = self._run("SELECT hash FROM artifacts WHERE output = ? AND path = ?", self._output,
                        path).fetchone()
        return row["hash"] if row else None

    def record(self, hashes: dict[str, str]) -> None:
        """Note what was written."""
        self._many("INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?)", hashes.items())

    def unknown(self, paths: Set[str]) -> set[str]:
        """Those of *paths* that are no artifacts."""
        return {path for path in paths if self.hash_of(path) is None}

    def paths(self) -> set[str]:
        """Every artifact."""
        return {row[0] for row in self._run("SELECT path FROM artifacts WHERE output = ?",
                                            self._output)}

    def paths_like(self, pattern: str) -> set[str]:
        """Those of the paths that *pattern* fits, with * for anything."""
        return {row[0] for row in self._run(
            "SELECT path FROM artifacts WHERE output = ? AND path GLOB ?", self._output, pattern)}

    def retire(self, paths: Iterable[str]) -> None:
        """Move *paths* from the artifacts to what is to be removed."""
        known = list(paths)
        self._many("INSERT OR IGNORE INTO stale VALUES (?, ?)", ((path,) for path in known))
        self._many("DELETE FROM artifacts WHERE output = ? AND path = ?",
                   ((path,) for path in known))

    def stale(self) -> list[str]:
        """What is to be removed, and is no artifact again."""
        return [row[0] for row in self._run(
            f"SELECT path FROM stale WHERE output = ? AND NOT {_IS_ARTIFACT.format('stale')}"
            " ORDER BY path", self._output)]

    def keep(self, paths: Iterable[str], since: float) -> None:
        """Keep files that newer ones replaced for a while, counted from *since* (POSIX time)."""
        known = list(paths)
        self._many("INSERT OR IGNORE INTO kept VALUES (?, ?, ?)", ((p, since) for p in known))
        self._many("DELETE FROM artifacts WHERE output = ? AND path = ?", ((p,) for p in known))

    def kept(self) -> set[str]:
        """What is no artifact and is still there."""
        return {row[0] for row in self._run("SELECT path FROM kept WHERE output = ?",
                                            self._output)}

    def release(self, until: float) -> None:
        """What stayed since before *until* is to be removed, unless it is an artifact again."""
        self._run(f"DELETE FROM kept WHERE output = ? AND {_IS_ARTIFACT.format('kept')}",
                  self._output)
        self._run("INSERT OR IGNORE INTO stale SELECT output, path FROM kept"
                  " WHERE output = ? AND since <= ?", self._output, until)
        self._run("DELETE FROM kept WHERE output = ? AND since <= ?", self._output, until)

    def has_overdue(self, until: float) -> bool:
        """Whether something stayed since before *until*."""
        return self._run("SELECT 1 FROM kept WHERE output = ? AND since <= ? LIMIT 1",
                         self._output, until).fetchone() is not None

    def clear_stale(self) -> None:
        """Forget what has been removed."""
        self._run("DELETE FROM stale WHERE output = ?", self._output)

    # -- images -------------------------------------------------------------

    def pks(self) -> set[int]:
        """Every image of the last build."""
        return {row[0] for row in self._run("SELECT pk FROM rows WHERE output = ?",
                                            self._output)}

    def present(self, pks: Set[int]) -> set[int]:
        """Those of *pks* that the last build had."""
        return {pk for pk in pks if self.row(pk)}

    def clashes(self) -> set[int]:
        """The pks of the images whose file is in one place with another's (`paths.place_of`)."""
        return {row[0] for row in self._run("SELECT pk FROM clashes WHERE output = ?",
                                            self._output)}

    def find_clashes(self, names: Iterable[str]) -> None:
        """Note them anew where images have come or gone that have, or had, these *names*."""
        self._run("DELETE FROM clashes WHERE output = ? AND NOT EXISTS (SELECT 1 FROM rows AS r"
                  " WHERE r.output = clashes.output AND r.pk = clashes.pk AND r.place IS NOT NULL)",
                  self._output)
        places = [(place,) for place in {place_of(name) for name in names}]
        self._many("DELETE FROM clashes WHERE output = ?1 AND pk IN"
                   " (SELECT pk FROM rows WHERE output = ?1 AND place = ?2)", places)
        self._many("INSERT INTO clashes SELECT output, pk FROM rows"
                   " WHERE output = ?1 AND place = ?2 AND (SELECT count(*) FROM rows"
                   " WHERE output = ?1 AND place = ?2) > 1", places)

    def row(self, pk: int) -> Row | None:
        """The image as it was built."""
        found = self._run("SELECT pk, id, captured_at, digest, file_name FROM rows"
                          " WHERE output = ? AND pk = ?", self._output, pk).fetchone()
        return Row(*found) if found else None

    def put(self, rows: Iterable[Row]) -> None:
        """Note images as they are now."""
        self._many("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)",
                   ((r.pk, r.id, r.captured_at, r.digest, r.file_name,
                     None if r.file_name.startswith(r.id) else place_of(r.file_name))
                    for r in rows))

    def drop(self, pks: Iterable[int]) -> None:
        """Forget images that are gone."""
        self._many("DELETE FROM rows WHERE output = ? AND pk = ?", ((pk,) for pk in pks))

    def newer(self, row: Row) -> int | None:
        """The pk of the image just before *row* in the default order (newest first)."""
        return self._beside(row, ">", "ASC")

    def older(self, row: Row) -> int | None:
        """The pk of the image just behind *row* in the default order."""
        return self._beside(row, "<", "DESC")

    def _beside(self, row: Row, sign: str, direction: str) -> int | None:
        found = self._run(
            f"SELECT pk FROM rows WHERE output = ? AND (captured_at, pk) {sign} (?, ?)"
            f" ORDER BY captured_at {direction}, pk {direction} LIMIT 1",
            self._output, row.captured_at, row.pk).fetchone()
        return found[0] if found else None

    def newest(self, count: int) -> list[int]:
        """The first *count* pks of the default order."""
        return [row[0] for row in self._run(
            "SELECT pk FROM rows WHERE output = ? ORDER BY captured_at DESC, pk DESC LIMIT ?",
            self._output, count)]

    def total(self) -> int:
        """How many images the folder shows, as its blocks say: rows would be counted one by one."""
        return int(self._run("SELECT coalesce(sum(rows), 0) FROM blocks"
                             " WHERE output = ? AND kind = 'core'", self._output).fetchone()[0])

    def has_digest(self, digest: str) -> bool:
        """Whether an image of the folder has these bytes."""
        return self._run("SELECT 1 FROM rows WHERE output = ? AND digest = ? LIMIT 1",
                         self._output, digest).fetchone() is not None

    # -- failures and blocks ------------------------------------------------

    def failures(self) -> dict[int, tuple[str, str]]:
        """pk -> (stat of the file that failed, error) of the images without a thumbnail."""
        return {row["pk"]: (row["stat"], row["error"]) for row in self._run(
            "SELECT * FROM failures WHERE output = ?", self._output)}

    def set_failures(self, failures: dict[int, tuple[str, str]], cleared: Iterable[int]) -> None:
        """Note new failures, and those that are none any more."""
        self._many("DELETE FROM failures WHERE output = ? AND pk = ?", ((p,) for p in cleared))
        self._many("INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)",
                   ((pk, *value) for pk, value in failures.items()))

    def marked(self, mark: str) -> dict[int, float]:
        """The pks of the images with a *mark*, and its value."""
        return {row[0]: row[1] for row in self._run(
            "SELECT pk, value FROM marks WHERE output = ? AND mark = ?", self._output, mark)}

    def set_marked(self, mark: str, looked_at: Iterable[int], marked: Mapping[int, float]) -> None:
        """Note which of the pks *looked_at* have the *mark*, with which value."""
        self._many("DELETE FROM marks WHERE output = ? AND mark = ? AND pk = ?",
                   ((mark, pk) for pk in looked_at))
        self._many("INSERT INTO marks VALUES (?, ?, ?, ?)",
                   ((mark, pk, value) for pk, value in marked.items()))

    def blocks(self) -> dict[tuple[str, int], Block]:
        """The blocks of the index by kind and number."""
        return {
            (row["kind"], row["number"]): Block(row["kind"], row["number"], row["rows"],
                                                row["newest"], row["hash"])
            for row in self._run("SELECT * FROM blocks WHERE output = ? ORDER BY kind, number",
                                 self._output)
        }

    def set_blocks(self, blocks: Iterable[Block], gone: Iterable[tuple[str, int]]) -> None:
        """Note blocks that were written, and those that are empty now."""
        self._many("DELETE FROM blocks WHERE output = ? AND kind = ? AND number = ?", gone)
        self._many("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?)",
                   ((b.kind, b.number, b.rows, b.newest, b.hash) for b in blocks))

    def _run(self, sql: str, *values: object) -> sqlite3.Cursor:
        return self._connection.execute(sql, values)

    def _many(self, sql: str, rows: Iterable[tuple[object, ...]]) -> None:
        self._connection.executemany(sql, ((self._output, *row) for row in rows))


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION and (
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        ):
            raise sqlite3.DatabaseError("a memory of another version")
        connection.executescript(_SCHEMA)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection
