"""Whose database is it? Asked before the first write.

SQLite opens a missing or empty file as a new database without a word, and would make
our tables in any other program's. A marker below `.imagelib/` remembers that there was
a database, and which.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

from imagelib.config import Settings, is_library, is_our_database
from imagelib.errors import LibraryFaultError
from imagelib.library.store.database import Database, has_foreign_log, log_of
from imagelib.library.store.disk import make_folder, replacing, sync_folder

#: Tells a recovery by this process from one that was broken off.
_TOKEN = secrets.token_hex(8)


def check(settings: Settings) -> None:
    """Look at the database before it is opened.

    Raises:
        LibraryFaultError: it is gone or empty, although there was one, or it belongs to
            another program.
    """
    database = settings.database
    missing = not database.exists()
    if _recovery(settings).exists() and _recovery_lines(settings)[0] != _TOKEN:
        raise LibraryFaultError(
            "A recovery of this library was broken off. Nothing is lost; do it again with:"
            " imagelib recover")
    if _marker(settings).exists() and (missing or database.stat().st_size == 0):
        raise LibraryFaultError(
            f"{database} is {'missing' if missing else 'empty'}, although this library had one."
            " Restore a backup with: imagelib restore. Without one, imagelib recover says what"
            " else is there, or makes a new database from the site and the files."
        )
    _check_is_ours(database)


def check_before_opening(settings: Settings) -> None:
    """Look whose folder it is, before a lock or a folder of ours is made in it.

    Raises:
        LibraryFaultError: the database is another program's, or may be: it is empty, and
            nothing else in the folder is ours.
    """
    if (settings.private_dir / "restoring").exists() or _recovery(settings).exists():
        return  # half a database of ours, which is put right first
    _check_is_ours(settings.database)
    if not is_library(settings.root):
        raise LibraryFaultError(f"{settings.database} is not set up. Run: imagelib init")


def check_replaceable(settings: Settings) -> None:
    """Look whether another database may take the place of the present one, damaged or not.

    Raises:
        LibraryFaultError: it is another program's.
    """
    if not _marker(settings).exists() and not _recovery(settings).exists():
        _check_is_ours(settings.database)


def _check_is_ours(database: Path) -> None:
    if database.exists() and database.stat().st_size and not is_our_database(database):
        raise LibraryFaultError(
            f"{database} is no database of imagelib; it was left as it is. Make the library in"
            " another folder."
        )


def set_foreign_log_aside(settings: Settings) -> Path | None:
    """Move a log away that belongs to another database; return where it is kept now."""
    database = settings.database
    if not has_foreign_log(database):
        return None
    kept = settings.private_dir / "backups" / f"log-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.db-wal"
    make_folder(kept.parent)
    log_of(database).replace(kept)
    database.with_name(database.name + "-shm").unlink(missing_ok=True)
    return kept


def write(settings: Settings, database: Database) -> None:
    """Remember that this library has a database now."""
    if not _marker(settings).exists():
        with replacing(_marker(settings)) as stream:
            stream.write(f"{library_id(database)}\n".encode())


def library_id(database: Database) -> str:
    """What names this library for ever."""
    return str(database.read("SELECT value FROM meta WHERE key = 'library_id'")[0][0])


def begin_recovery(settings: Settings, kept: Path | None) -> None:
    """Say that the database is being made anew, and that the former one is *kept*.

    Until `end_recovery` nobody else opens the library: a scan would take its files in without
    their records, and the next build would write over what the site knows of them.
    """
    names = [path.name for path in set_aside_before(settings)] + ([kept.name] if kept else [])
    with replacing(_recovery(settings)) as stream:
        stream.write("".join(f"{line}\n" for line in [_TOKEN, *names]).encode())


def set_aside_before(settings: Settings) -> list[Path]:
    """The databases that recoveries which were broken off have put away, the first one first."""
    if not _recovery(settings).exists():
        return []
    return [settings.private_dir / "backups" / name for name in _recovery_lines(settings)[1:]]


def end_recovery(settings: Settings) -> None:
    """Say that the library has a whole database again."""
    if _recovery(settings).exists():
        _recovery(settings).unlink()
        sync_folder(settings.private_dir)


def _recovery(settings: Settings) -> Path:
    return settings.private_dir / "recovering"


def _recovery_lines(settings: Settings) -> list[str]:
    return _recovery(settings).read_text(encoding="utf-8").splitlines()


def _marker(settings: Settings) -> Path:
    return settings.private_dir / "library_id"
