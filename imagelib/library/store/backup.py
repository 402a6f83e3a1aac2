"""Snapshots of `library.db`, whole and checked, also while it is in use; and the way back.

A snapshot is made every day by whoever opens the library to write, ten are kept and one
of each month. It holds no intents: those belong to the files as they are now.

Putting one back is one step for everybody else: nobody may have the library open, a plan
is on disk before the first file is touched, and whoever comes next finishes what was begun.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from imagelib.config import DATABASE_NAME, Settings, is_library, is_our_database
from imagelib.errors import (
    DiskFullError,
    InvalidError,
    LibraryFaultError,
    LockedError,
    NotFoundError,
)
from imagelib.library.store import identity
from imagelib.library.store.database import Database, log_of
from imagelib.library.store.disk import disk_full, make_folder, replacing, sync_folder
from imagelib.library.store.locks import FileLock, is_held

#: How many automatic snapshots stay, besides the last one of each month.
KEPT = 10
#: A snapshot older than this is followed by another, in seconds.
DAY = 24 * 3600
_NAME = "library-*.db"


def snapshot(settings: Settings, target: Path | None = None) -> Path:
    """Copy the database to *target*, by default into `.imagelib/backups/`; return the path.

    SQLite's own backup reads a consistent state whatever is written meanwhile. The
    copy is checked before it gets its name.

    Raises:
        LibraryFaultError: the database, and so the copy, is damaged.
        InvalidError: what has the name *target* is no earlier backup.
    """
    automatic = target is None
    if target is None:
        target = _folder(settings) / f"library-{_now()}.db"
    else:
        _check_target(target)
    make_folder(target.parent)
    partial = target.with_name(f".{target.name}.partial")
    try:
        _create_private(partial)
        with disk_full(), _open_to_read(settings.database) as source, closing(
            sqlite3.connect(partial, isolation_level=None)
        ) as copy:
            source.backup(copy)
            _make_own(copy)
            verdict = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if verdict != "ok":
            raise LibraryFaultError(f"{settings.database} is damaged: {verdict}")
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(target)
        sync_folder(target.parent)
    except sqlite3.OperationalError as error:
        if "full" in str(error):
            raise DiskFullError("The disk is full; no backup was made. Free some space and try"
                                " again.") from error
        raise LockedError(f"The database cannot be copied now: {error}. Try again.") from error
    except sqlite3.DatabaseError as error:
        raise LibraryFaultError(f"{settings.database} is damaged: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
    if automatic:
        _thin_out(settings)
    return target


def _check_target(target: Path) -> None:
    """Only an earlier backup is replaced, never a database that is in use, nor another file."""
    if not os.path.lexists(target):
        return
    is_used = target.name == DATABASE_NAME and is_library(target.parent)
    if is_used or not target.is_file() or (target.stat().st_size
                                           and not is_our_database(target)):
        raise InvalidError(f"{target} is there and is no backup; it was left as it is. Choose"
                           " another name.")


def snapshot_if_old(settings: Settings, database: Database) -> Path | None:
    """Make the snapshot of the day, if there is something new to keep.

    What keeps it from being made (a full disk, damage) is not the business of whoever opens
    the library: `imagelib doctor` tells how old the last one is.
    """
    found = snapshots(settings)
    if found and time.time() - found[-1].stat().st_mtime < DAY:
        return None
    seq = database.seq()
    if not seq or str(seq) == seq_of(found[-1] if found else None):
        return None
    with suppress(LibraryFaultError, LockedError, DiskFullError, OSError):
        return snapshot(settings)
    return None


def snapshots(settings: Settings) -> list[Path]:
    """The automatic snapshots, the oldest first."""
    return sorted(_folder(settings).glob(_NAME))


def newest_snapshot(settings: Settings) -> Path:
    """The last automatic snapshot.

    Raises:
        NotFoundError: there is none.
    """
    found = snapshots(settings)
    if not found:
        raise NotFoundError(f"There is no backup in {_folder(settings)}. Name one, or restore what"
                            f" builds have recorded: imagelib restore --records"
                            f" {settings.records_dir}; without that, make a new database from the"
                            " site and the files with: imagelib recover")
    return found[-1]


def is_of_another_library(settings: Settings, source: Path) -> bool:
    """Whether *source* says that it is a backup of another library than this one."""
    marker = settings.private_dir / "library_id"
    try:
        with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as copy:
            found = copy.execute("SELECT value FROM meta WHERE key = 'library_id'").fetchone()
        return bool(found) and found[0] != marker.read_text(encoding="ascii").strip()
    except (sqlite3.Error, OSError, ValueError):
        return False


def put_back(settings: Settings, source: Path) -> Path | None:
    """Make *source* the database of the library; return where the former one is kept.

    Raises:
        LibraryFaultError: *source* is damaged, or no database of a library; or what it would
            replace is another program's.
        LockedError: a daemon or another program has the library open.
    """
    identity.check_replaceable(settings)
    with _alone(settings):
        finish_restore(settings)
        fresh = _fresh(settings)
        try:
            _create_private(fresh)
            # Read whole, with what may still be in the log beside it.
            with disk_full(), source.open("rb") as stream, fresh.open("wb") as target:
                shutil.copyfileobj(stream, target)
            if log_of(source).exists():
                shutil.copyfile(log_of(source), log_of(fresh))
            _check_copy(source, fresh)
            with fresh.open("rb") as stream:
                os.fsync(stream.fileno())
            kept = _keep_present(settings)
            with replacing(_plan(settings)) as stream:
                stream.write(f"{fresh.name}\n".encode())
        except BaseException:
            for part in _parts(fresh):
                part.unlink(missing_ok=True)
            raise
        finish_restore(settings)
    return kept


@contextmanager
def scratch(settings: Settings) -> Iterator[Path]:
    """An empty file, for its owner alone, to make a database in that is put back then."""
    make_folder(settings.private_dir, 0o700)
    path = _folder(settings) / f".{_now()}.db.partial"
    make_folder(path.parent)
    try:
        _create_private(path)
        yield path
    finally:
        path.unlink(missing_ok=True)


def set_aside(settings: Settings, before: Callable[[Path | None], object]) -> Path | None:
    """Take the present database out of the library; return where it is kept.

    *before* is called with that when it is kept, and still in its place.

    Raises:
        LibraryFaultError: it is another program's.
        LockedError: a daemon or another program has the library open.
    """
    identity.check_replaceable(settings)
    with _alone(settings):
        finish_restore(settings)
        kept = _keep_present(settings)
        before(kept)
        for part in reversed(_parts(settings.database)):
            part.unlink(missing_ok=True)
        (settings.private_dir / "library_id").unlink(missing_ok=True)
        sync_folder(settings.root)
    return kept


def finish_restore(settings: Settings) -> bool:
    """Finish what `put_back` had begun when it was killed; whether there was anything.

    Called inside the write lock. It may be done twice: the log of the former database goes
    first, then the new one takes its name.
    """
    plan, fresh = _plan(settings), _fresh(settings)
    if not plan.exists():
        for part in _parts(fresh):  # of one that was killed before it had decided
            part.unlink(missing_ok=True)
        return False
    if fresh.exists():
        for part in _parts(settings.database)[1:]:
            part.unlink(missing_ok=True)
        sync_folder(settings.root)
        fresh.replace(settings.database)
        sync_folder(settings.root)
        identity.end_recovery(settings)
    plan.unlink()
    sync_folder(plan.parent)
    return True


def is_restore_begun(settings: Settings) -> bool:
    """Whether somebody has to finish a restore before the database is looked at."""
    return _plan(settings).exists()


def check_not_restoring(settings: Settings) -> None:
    """Refuse to open a library whose database is being replaced right now.

    Raises:
        LockedError: it is.
    """
    lock = _restoring(settings)
    if not lock.acquire(5):  # others who open it hold the lock for a moment, too
        raise LockedError("This library is being restored. Try again when that is done.")
    lock.release()


def _restoring(settings: Settings) -> FileLock:
    return FileLock(settings.private_dir / "restore.lock")


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Nobody else has the library open, and nobody can open it in the block.

    Raises:
        LockedError: somebody has.
    """
    daemon = FileLock(settings.private_dir / "daemon.lock")
    if not daemon.acquire():
        raise LockedError(f"A daemon serves this library ({daemon.signature()}). Stop it first.")
    lock, restoring = FileLock(settings.private_dir / "write.lock"), _restoring(settings)
    try:
        # Who opens the library is in `run/` first and asks for this lock then: one of the two
        # always sees the other.
        if not (restoring.acquire() and lock.acquire(5)) or any(
                is_held(path) for path in (settings.private_dir / "run").glob("*.lock")):
            raise LockedError("Another program has this library open (an import, a build?)."
                              " Nothing was changed; try again when it is done.")
        yield
    finally:
        for held in (lock, restoring, daemon):
            held.release()


def _check_copy(source: Path, fresh: Path) -> None:
    """See that *fresh*, the copy of *source*, is a whole database of a library; make it ready."""
    try:
        with closing(sqlite3.connect(fresh, isolation_level=None)) as copy:
            verdict = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
            copy.execute("SELECT count(*) FROM images").fetchone()
            if verdict == "ok":
                _make_own(copy)
    except sqlite3.DatabaseError as error:
        raise LibraryFaultError(f"{source} is no backup of a library: {error}.") from error
    if verdict != "ok":
        raise LibraryFaultError(f"{source} is damaged: {verdict}. Choose another backup.")
    if not is_our_database(fresh):
        raise LibraryFaultError(f"{source} is no backup of a library. Choose another backup.")


def _make_own(copy: sqlite3.Connection) -> None:
    """A database without a log, and without intents: those are of the files as they were."""
    copy.execute("PRAGMA journal_mode = DELETE")
    copy.execute("DELETE FROM intents")


def _keep_present(settings: Settings) -> Path | None:
    """Copy the present database, with its log, into the backups; whatever state it is in."""
    if not settings.database.exists():
        return None
    kept = _folder(settings) / f"replaced-{_now()}.db"
    make_folder(kept.parent)
    for part, target in zip(_parts(settings.database), _parts(kept), strict=True):
        if part.exists() and not part.name.endswith("-shm"):
            with disk_full(), part.open("rb") as stream, replacing(target) as copy:
                shutil.copyfileobj(stream, copy)
    return kept


def _thin_out(settings: Settings) -> None:
    """Keep the newest snapshots, and the last one of each month; not what killed work left."""
    found = snapshots(settings)
    monthly = {path.name[:len("library-YYYYMM")]: path for path in found}
    for old in found[:-KEPT]:
        if old not in monthly.values():
            old.unlink()
    for begun in _folder(settings).glob(".*.partial"):
        with suppress(FileNotFoundError):
            if time.time() - begun.stat().st_mtime > DAY:
                begun.unlink()


def seq_of(path: Path | None) -> str:
    """The number of the newest change in a snapshot; "" if it cannot be read."""
    if path is None:
        return ""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
            return str(copy.execute("SELECT coalesce(max(seq), 0) FROM changes").fetchone()[0])
    except sqlite3.Error:
        return ""


@contextmanager
def _open_to_read(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def _create_private(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _parts(database: Path) -> list[Path]:
    return [database.with_name(database.name + suffix)
            for suffix in ("", "-wal", "-shm", "-journal")]


def _plan(settings: Settings) -> Path:
    return settings.private_dir / "restoring"


def _fresh(settings: Settings) -> Path:
    return settings.database.with_name(f".{settings.database.name}.restoring")


def _folder(settings: Settings) -> Path:
    return settings.private_dir / "backups"


def _now() -> str:
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
