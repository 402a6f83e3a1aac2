"""Snapshots of `library.db`, whole and checked, also while it is in use."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from imagelib.config import Settings
from imagelib.errors import LibraryFaultError, LockedError, NotFoundError
from imagelib.library.files import disk_full, replacing, sync_folder
from imagelib.library.locks import FileLock

#: How many automatic snapshots stay.
KEPT = 10


def snapshot(settings: Settings, target: Path | None = None) -> Path:
    """Copy the database to *target*, by default into `.imagelib/backups/`; return the path.

    SQLite's own backup reads a consistent state whatever is written meanwhile. The
    copy is checked before it gets its name.

    Raises:
        LibraryFaultError: the database, and so the copy, is damaged.
    """
    folder = settings.private_dir / "backups"
    automatic = target is None
    if target is None:
        target = folder / f"library-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.db"
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    try:
        with disk_full(), closing(sqlite3.connect(settings.database)) as source, closing(
            sqlite3.connect(partial)
        ) as copy:
            source.backup(copy)
            verdict = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
            copy.execute("PRAGMA journal_mode = DELETE")
        if verdict != "ok":
            raise LibraryFaultError(f"{settings.database} is damaged: {verdict}")
        partial.replace(target)
        sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)
    if automatic:
        for old in sorted(folder.glob("library-*.db"))[:-KEPT]:
            old.unlink()
    return target


def newest_snapshot(settings: Settings) -> Path:
    """The last automatic snapshot.

    Raises:
        NotFoundError: there is none.
    """
    found = sorted((settings.private_dir / "backups").glob("library-*.db"))
    if not found:
        raise NotFoundError(f"There is no backup in {settings.private_dir / 'backups'}. Name one.")
    return found[-1]


def put_back(settings: Settings, source: Path) -> Path | None:
    """Make *source* the database of the library; return where the former one is kept.

    Raises:
        LibraryFaultError: *source* is damaged, or no database of a library.
        LockedError: a daemon or another program has the library open.
    """
    lock = FileLock(settings.private_dir / "daemon.lock")
    if not lock.acquire():
        raise LockedError(f"A daemon serves this library ({lock.signature()}). Stop it first.")
    try:
        with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as copy:
            verdict = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
            copy.execute("SELECT count(*) FROM images").fetchone()
        if verdict != "ok":
            raise LibraryFaultError(f"{source} is damaged: {verdict}. Choose another backup.")
        kept = _set_aside(settings)
        with disk_full(), source.open("rb") as stream, replacing(settings.database) as target:
            shutil.copyfileobj(stream, target)
        return kept
    except sqlite3.DatabaseError as error:
        raise LibraryFaultError(f"{source} is no backup of a library: {error}.") from error
    finally:
        lock.release()


def _set_aside(settings: Settings) -> Path | None:
    """Move the present database and its log away: a log beside another database damages it."""
    kept = settings.private_dir / "backups" / f"replaced-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.db"
    kept.parent.mkdir(parents=True, exist_ok=True)
    there = settings.database.exists()
    for suffix in ("", "-wal", "-shm"):
        part = settings.database.with_name(settings.database.name + suffix)
        if part.exists():
            part.replace(kept.with_name(kept.name + suffix))
    return kept if there else None
