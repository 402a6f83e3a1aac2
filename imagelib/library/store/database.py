"""Connections to `library.db`.

One invariant: every write goes through `Database.write`, which holds a lock
between threads, a lock between processes and `BEGIN IMMEDIATE`. SQLite up to
3.51.2 can damage a WAL when two connections commit and checkpoint at once
(sqlite.org, "WAL-reset bug"); with one writer at a time that cannot happen.

Who decides by what it has read, files included, and then writes, does both inside
`Database.exclusive`: nobody of ours changes anything in between.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagelib.errors import ConflictError, DiskFullError, LibraryFaultError, LockedError
from imagelib.library.store import schema
from imagelib.library.store.batches import Actor, Step, changed_in, new_batch, record_batch
from imagelib.library.store.disk import on_network
from imagelib.library.store.functions import add_functions
from imagelib.library.store.locks import FileLock
from imagelib.library.store.migrations import apply_migrations, show_as_now
from imagelib.library.values.outcome import Outcome

#: How long a write waits for another program, in seconds.
BUSY_SECONDS = 5.0
#: Where the header of a SQLite file says how it is written: 1 with a rollback journal, 2 with a
#: log (https://sqlite.org/fileformat2.html, 1.3.3).
_WRITE_VERSION = 18


@dataclass(slots=True)
class Transaction:
    """What the body of `Database.write` works with."""

    connection: sqlite3.Connection
    batch: str
    #: What it did, as the triggers have recorded it; empty until it is committed.
    outcome: Outcome = field(default_factory=Outcome)

    def run(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        """Execute one statement."""
        return self.connection.execute(sql, parameters)


class Database:
    """`library.db`: one connection for each reading thread, one for all writes."""

    def __init__(self, path: Path, lock: Path, *, read_only: bool = False) -> None:
        self.path = path
        #: Nothing is written, not even a lock or a log beside the file.
        self.read_only = read_only
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
        #: How many `exclusive` blocks the thread that holds the mutex is in.
        self._held = 0
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        #: Which file was opened, by device and inode.
        self._file: tuple[int, int] | None = None

    def migrate(self, before: Callable[[], object]) -> None:
        """Bring the tables up to date; *before* (a backup) runs first if there is data.

        Raises:
            LibraryFaultError: the file is no database, or was written by a newer version.
        """
        with self.exclusive(), translated(self.path):
            if not self.path.exists():  # private from its first byte on; its log follows it
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            connection = self._write_connection()
            version = self._version(connection)
            if version == schema.VERSION:
                return
            if version:
                before()
                # What SQLite has made beside it has the mode that it had.
                for part in (self.path, log_of(self.path), shared_of(self.path)):
                    with suppress(FileNotFoundError):
                        part.chmod(0o600)
            apply_migrations(connection)

    def is_migrated(self) -> bool:
        """Whether the database is there, with the tables of this version."""
        with translated(self.path):
            return self.path.exists() and bool(self.path.stat().st_size) and (
                self._version(self.reader) == schema.VERSION)

    def check_readable(self) -> None:
        """Look whether this database can be read as it is, without a migration.

        Raises:
            LibraryFaultError: it is none, from the future, or too old for that.
        """
        with translated(self.path):
            version = self._version(self.reader)
        if version < schema.READABLE:
            raise LibraryFaultError(f"{self.path} is not set up. Run: imagelib init")

    def _version(self, connection: sqlite3.Connection) -> int:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > schema.VERSION:
            raise LibraryFaultError(
                f"{self.path} was written by a newer imagelib (format {version}, this one"
                f" knows {schema.VERSION}). Install that version, or restore a backup."
            )
        return version

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
        with translated(self.path):
            return self.reader.execute(sql, parameters).fetchall()

    @contextmanager
    def read_transaction(self) -> Iterator[sqlite3.Connection]:
        """In the block, this thread reads one state of the library, whatever is written."""
        with translated(self.path):
            self.reader.execute("BEGIN")
            try:
                yield self.reader
            finally:
                self.reader.execute("COMMIT")

    @contextmanager
    def translated(self) -> Iterator[None]:
        """In the block, SQLite's errors are ours, also those of who reads by the connection.

        Raises:
            LibraryFaultError: a part that is needed is damaged.
            LockedError, DiskFullError, ConflictError: as `write`.
        """
        with translated(self.path):
            yield

    @contextmanager
    def write(self, action: str, *, step: Step = "do", undoes: str | None = None,
              undoable: bool = True) -> Iterator[Transaction]:
        """One transaction: all of the body or nothing of it.

        The triggers record what it changes under *action* and a new batch, which
        `undo` can take back if it is *undoable*.

        Raises:
            LockedError: another program held the database for `BUSY_SECONDS`.
            DiskFullError: there was no room; nothing was changed.
            ConflictError: it breaks a rule of the tables; nothing was changed.
            LibraryFaultError: another file has the database's name by now; nothing was changed.
        """
        with self.exclusive(), translated(self.path):
            connection = self._write_connection()
            batch = new_batch(self.actor)
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._check_in_place()
                connection.execute("DELETE FROM context")
                connection.execute("INSERT INTO context VALUES (?, ?)", (batch, action))
                transaction = Transaction(connection, batch)
                yield transaction
                self.before_commit(connection)
                changed = changed_in(connection, batch)
                if is_recorded := undoable and bool(changed):
                    record_batch(connection, batch, action, step, undoes)
                connection.execute("DELETE FROM context")
                self._check_in_place()
                connection.execute("COMMIT")
                transaction.outcome = Outcome(batch if is_recorded else "", changed)
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def seq(self) -> int:
        """The number of the newest change; it only grows."""
        return int(self.read("SELECT coalesce(max(seq), 0) FROM changes")[0][0])

    def commit_stamp(self) -> int:
        """A number that is another one as soon as anybody has committed anything.

        What was read between two equal numbers is still true. Unlike `seq` it moves with
        columns and tables that are in no history. It means nothing to another process.

        Raises:
            LibraryFaultError: another file has the database's name by now.
        """
        # SQLite counts for each connection what others commit, so one that never writes is asked.
        with self._watching, translated(self.path):
            if self._watcher is None:
                self._watcher = self._connect()
            self._check_in_place()
            return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])

    def checkpoint(self) -> None:
        """Write the log back into the file, so that a copy of the file alone has every edit.

        What readers still need stays in the log; nothing waits for it.
        """
        log = log_of(self.path)
        if self.read_only or not log.exists() or not log.stat().st_size:
            return
        with self.exclusive(), translated(self.path):
            connection = self._write_connection()
            connection.execute("PRAGMA busy_timeout = 0")
            try:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")

    def close(self) -> None:
        """Close every connection of every thread."""
        with self._mutex:
            # The last one to close writes the log back into the file: not beside another writer.
            held = bool(self._open) and not self.read_only and self._lock.acquire(BUSY_SECONDS)
            try:
                for connection in self._open:
                    connection.close()
                self._open.clear()
                self._writer = self._watcher = None
                self._readers = threading.local()
            finally:
                if held:
                    self._lock.release()
            if self._copy is not None:
                self._copy.cleanup()
                self._copy = None

    @contextmanager
    def exclusive(self, seconds: float = BUSY_SECONDS) -> Iterator[None]:
        """Nobody else of ours writes, here or in another process, while the block runs.

        A thread may enter it again. What takes long (decoding above all) belongs before it.

        Raises:
            LockedError: another program held the lock for so many *seconds*, or the library
                was opened for reading.
        """
        if self.read_only:
            raise LockedError(f"{self.path} was opened for reading; nothing was changed.")
        with self._mutex:
            if not self._held and not self._lock.acquire(seconds):
                raise LockedError(
                    f"Another program is writing to {self.path}. Nothing was changed; try again."
                )
            self._held += 1
            try:
                yield
            finally:
                self._held -= 1
                if not self._held:
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
        with translated(self.path):
            name = self._readable_name() if self.read_only else str(self.path)
            connection = sqlite3.connect(
                name, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False,
                uri=self.read_only
            )
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA foreign_keys = ON")
            add_functions(connection)
            if self.read_only:
                show_as_now(connection)
            self._check_in_place()
        with self._mutex:
            self._open.append(connection)
        return connection

    def _check_in_place(self) -> None:
        """See that the open file still has its name: what is written to one that has lost it is
        lost with it."""
        if self.read_only or self._network:  # where inodes prove little
            return
        try:
            stat = self.path.stat()
            found = (stat.st_dev, stat.st_ino)
        except FileNotFoundError:
            found = None
        if self._file is None:
            self._file = found
        elif found != self._file:
            raise LibraryFaultError(
                f"{self.path} was replaced or removed while it was open. Nothing was changed;"
                " end this program, look at the file, and start again.")

    def _readable_name(self) -> str:
        """The URI under which SQLite reads the file.

        A database with a log needs shared memory, which is made beside it; where that cannot
        be, nobody writes either, and a log that somebody left is read in a copy.
        """
        if has_foreign_log(self.path):
            return f"{self.path.as_uri()}?mode=ro&immutable=1"
        if os.access(self.path.parent, os.W_OK) and os.access(self.path, os.W_OK):
            return f"{self.path.as_uri()}?mode=ro"
        log = log_of(self.path)
        if not log.exists() or not log.stat().st_size:
            return f"{self.path.as_uri()}?mode=ro&immutable=1"
        with self._mutex:
            if self._copy is None:
                self._copy = tempfile.TemporaryDirectory(prefix="imagelib-")
                for part in (self.path, log):
                    shutil.copyfile(part, Path(self._copy.name) / part.name)
            return f"{(Path(self._copy.name) / self.path.name).as_uri()}?mode=rw"


def log_of(path: Path) -> Path:
    """The write-ahead log of the database at *path*, which need not be there."""
    return path.with_name(path.name + "-wal")


def shared_of(path: Path) -> Path:
    """The shared memory of the database at *path*, which need not be there."""
    return path.with_name(path.name + "-shm")


def has_foreign_log(path: Path) -> bool:
    """Whether the log beside the database at *path* belongs to another one.

    After a crash the last edits are in the log. If somebody then copies a backup over the
    database, SQLite would write those edits into it, page by page. Our backups are written
    without a log, so that a log beside one is not its own.
    """
    log = log_of(path)
    if not path.exists() or not log.exists() or not log.stat().st_size:
        return False
    with path.open("rb") as stream:
        head = stream.read(_WRITE_VERSION + 1)
    return len(head) > _WRITE_VERSION and head[_WRITE_VERSION] == 1


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """In the block, SQLite's errors about the database at *path* are ours."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise ConflictError(
            f"Another image is in the way ({error}). Nothing was changed; try again."
        ) from error
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
        if "disk I/O" in text:
            raise LibraryFaultError(
                f"{path} could not be read or written: the disk reports an error. Look at the disk,"
                " then try again."
            ) from error
        if "readonly" in text:
            raise LockedError(f"{path} cannot be written to: {text}.") from error
        if isinstance(error, sqlite3.OperationalError) and not (
                "unable to open" in text or "I/O error" in text):
            raise
        raise LibraryFaultError(
            f"{path} cannot be read as a database: {text}. Restore a backup with:"
            " imagelib restore"
        ) from error
