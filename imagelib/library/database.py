"""Connections to `library.db`: the only module that imports sqlite_utils.

One invariant: every write goes through `Database.write`, which holds a lock
between threads, a lock between processes and `BEGIN IMMEDIATE`. SQLite up to
3.51.2 can damage a WAL when two connections commit and checkpoint at once
(sqlite.org, "WAL-reset bug"); with one writer at a time that cannot happen.
"""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from imagelib.errors import DiskFullError, LibraryFaultError, LockedError
from imagelib.library import schema
from imagelib.library.dates import utc_now
from imagelib.library.files import on_network
from imagelib.library.locks import FileLock
from imagelib.library.text import fold

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

#: How long a write waits for another program, in seconds.
BUSY_SECONDS = 5.0
Kind = Literal["do", "undo", "redo"]
#: Who changes something; a batch is named after it, as the triggers name those of other programs.
Actor = Literal["python", "cli", "api", "editor", "watcher"]
ACTORS = frozenset((*get_args(Actor), "external"))

_acting: ContextVar[Actor | None] = ContextVar("acting", default=None)


@dataclass(slots=True)
class Transaction:
    """What the body of `Database.write` works with."""

    connection: sqlite3.Connection
    batch: str

    def run(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        """Execute one statement."""
        return self.connection.execute(sql, parameters)


class Database:
    """`library.db`: one connection for each reading thread, one for all writes."""

    def __init__(self, path: Path, lock: Path) -> None:
        self.path = path
        #: Called inside every write, before its commit; the library folds texts there.
        self.before_commit: Callable[[sqlite3.Connection], None] = lambda connection: None
        #: Who writes, where `acting_as` says nothing else.
        self.actor: Actor = "python"
        self._network = on_network(path.parent)
        self._readers = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        self._watcher: sqlite3.Connection | None = None
        self._watching = threading.Lock()
        self._mutex = threading.RLock()
        self._lock = FileLock(lock)

    def migrate(self, before: Callable[[], object]) -> None:
        """Bring the tables up to date; *before* (a backup) runs first if there is data.

        Raises:
            LibraryFaultError: the file is no database, or was written by a newer version.
        """
        with self._mutex, self._exclusive(), _translated(self.path):
            connection = self._write_connection()
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > schema.VERSION:
                raise LibraryFaultError(
                    f"{self.path} was written by a newer imagelib (format {version}, this one"
                    f" knows {schema.VERSION}). Install that version, or restore a backup."
                )
            if version == schema.VERSION:
                return
            if version:
                before()
            _apply_migrations(connection)

    @property
    def reader(self) -> sqlite3.Connection:
        """This thread's connection for reading."""
        found: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if found is None:
            found = self._connect()
            found.execute("PRAGMA query_only = ON")
            self._readers.connection = found
        return found

    def read(self, sql: str, *parameters: Any) -> list[sqlite3.Row]:
        """All rows of one SELECT."""
        with _translated(self.path):
            return self.reader.execute(sql, parameters).fetchall()

    @contextmanager
    def write(self, action: str, *, kind: Kind = "do", undoes: str | None = None,
              undoable: bool = True) -> Iterator[Transaction]:
        """One transaction: all of the body or nothing of it.

        The triggers record what it changes under *action* and a new batch, which
        `undo` can take back if it is *undoable*.

        Raises:
            LockedError: another program held the database for `BUSY_SECONDS`.
            DiskFullError: there was no room; nothing was changed.
        """
        with self._mutex, self._exclusive(), _translated(self.path):
            connection = self._write_connection()
            batch = f"{_acting.get() or self.actor}-{uuid.uuid4()}"
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute("DELETE FROM context")
                connection.execute("INSERT INTO context VALUES (?, ?)", (batch, action))
                yield Transaction(connection, batch)
                self.before_commit(connection)
                if undoable:
                    _record_batch(connection, batch, action, kind, undoes)
                connection.execute("DELETE FROM context")
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def seq(self) -> int:
        """The number of the newest change; it only grows."""
        return int(self.read("SELECT coalesce(max(seq), 0) FROM changes")[0][0])

    def state(self) -> int:
        """A number that is another one as soon as anybody has committed anything.

        What was read between two equal numbers is still true. Unlike `seq` it moves with
        columns and tables that are in no history. It means nothing to another process.
        """
        # SQLite counts for each connection what others commit, so one that never writes is asked.
        with self._watching, _translated(self.path):
            if self._watcher is None:
                self._watcher = self._connect()
            return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close every connection of every thread."""
        with self._mutex:
            # The last one to close writes the log back into the file: not beside another writer.
            held = self._lock.acquire(BUSY_SECONDS)
            try:
                for connection in self._open:
                    connection.close()
                self._open.clear()
                self._writer = self._watcher = None
                self._readers = threading.local()
            finally:
                if held:
                    self._lock.release()

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        if not self._lock.acquire(BUSY_SECONDS):
            raise LockedError(
                f"Another program is writing to {self.path}. Nothing was changed; try again."
            )
        try:
            yield
        finally:
            self._lock.release()

    def _write_connection(self) -> sqlite3.Connection:
        if self._writer is None:
            connection = self._connect()
            # WAL needs shared memory, which network file systems do not give.
            connection.execute(f"PRAGMA journal_mode = {'DELETE' if self._network else 'WAL'}")
            # With WAL, FULL is what keeps an answered write through a power cut (measured).
            connection.execute(f"PRAGMA synchronous = {'EXTRA' if self._network else 'FULL'}")
            # What is purged is overwritten too, not only forgotten.
            connection.execute("PRAGMA secure_delete = ON")
            self._writer = connection
        return self._writer

    def _connect(self) -> sqlite3.Connection:
        with _translated(self.path):
            connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA foreign_keys = ON")
            connection.create_function("fold", 1, fold, deterministic=True)
        with self._mutex:
            self._open.append(connection)
        return connection


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """What this thread writes in the body, *actor* does."""
    token = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(token)


def actor_of(batch: str) -> str:
    """Who made *batch*: one of `ACTORS`, or "" if it is older than the names."""
    actor = batch.partition("-")[0]
    return actor if actor in ACTORS else ""


def _record_batch(connection: sqlite3.Connection, batch: str, action: str, kind: Kind,
                  undoes: str | None) -> None:
    changed = connection.execute("SELECT 1 FROM changes WHERE batch = ? LIMIT 1", (batch,))
    if changed.fetchone() is None:
        return
    connection.execute(
        "INSERT INTO batches (id, at, action, kind, undoes) VALUES (?, ?, ?, ?, ?)",
        (batch, utc_now(), action, kind, undoes),
    )
    if undoes:
        connection.execute("UPDATE batches SET undone_by = ? WHERE id = ?", (batch, undoes))


def _apply_migrations(connection: sqlite3.Connection) -> None:
    """Append-only: a migration that was released is never changed."""
    from sqlite_utils import Database as SqliteUtils
    from sqlite_utils import Migrations

    migrations = Migrations("imagelib")

    @migrations()
    def m001_first(db: SqliteUtils) -> None:
        for statement in schema.statements():
            db.execute(statement)
        db.execute("INSERT INTO meta VALUES ('library_id', lower(hex(randomblob(16))))")
        db.execute("INSERT INTO meta VALUES ('folded_seq', '0')")
        db.execute("PRAGMA user_version = 1")

    # Third-party plug-ins of sqlite-utils have no business in a user's library.
    migrations.apply(SqliteUtils(connection, execute_plugins=False))


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            raise LockedError(
                f"Another program holds {path}. Nothing was changed; try again."
            ) from error
        if "full" in text:
            raise DiskFullError(
                "The disk is full; nothing was changed. Free some space and try again."
            ) from error
        if "readonly" in text:
            raise LockedError(f"{path} cannot be written to: {text}.") from error
        if isinstance(error, sqlite3.OperationalError) and "unable to open" not in text:
            raise
        raise LibraryFaultError(
            f"{path} cannot be read as a database: {text}. Restore a backup with:"
            " imagelib restore"
        ) from error
