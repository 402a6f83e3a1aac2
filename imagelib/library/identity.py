"""Never start an empty database over a library that had one.

SQLite opens a missing or empty file as a new database without a word. A marker
below `.imagelib/` remembers that there was one, and which.
"""

from __future__ import annotations

from pathlib import Path

from imagelib.config import Settings
from imagelib.errors import LibraryFaultError
from imagelib.library.database import Database
from imagelib.library.files import replacing


def check(settings: Settings) -> None:
    """Look at the database before it is opened.

    Raises:
        LibraryFaultError: it is gone or empty, although there was one.
    """
    database = settings.database
    missing = not database.exists()
    if _marker(settings).exists() and (missing or database.stat().st_size == 0):
        raise LibraryFaultError(
            f"{database} is {'missing' if missing else 'empty'}, although this library had one."
            " Restore a backup with: imagelib restore. To start anew with the images alone, take"
            f" {_marker(settings)} away first."
        )


def write(settings: Settings, database: Database) -> None:
    """Remember that this library has a database now."""
    if not _marker(settings).exists():
        identity = database.read("SELECT value FROM meta WHERE key = 'library_id'")[0][0]
        with replacing(_marker(settings)) as stream:
            stream.write(f"{identity}\n".encode())


def _marker(settings: Settings) -> Path:
    return settings.private_dir / "library_id"
