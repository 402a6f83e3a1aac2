"""Is the database of a library well? Asked without opening the library, changing nothing."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from imagelib.config import Settings, is_our_database

#: How synchronisers call the copy that lost: Dropbox, Nextcloud, Syncthing, OneDrive, iCloud.
_CONFLICT = re.compile(
    r"library[ ._-].*(conflict|sync-conflict|copy|kopie).*\.db|library \d+\.db"
    r"|library-[^.]+\.db|library \([^)]*\)\.db", re.IGNORECASE)


def database_health(settings: Settings) -> str:
    """`ok`, or what is wrong with `library.db`."""
    path = settings.database
    if not path.exists():
        return "it is missing"
    if not path.stat().st_size:
        return "it is empty"
    if not is_our_database(path):
        return "it is no database of imagelib, or its header is damaged"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            verdict = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        return str(error)
    return verdict


def stray_copies(settings: Settings) -> list[Path]:
    """Copies of the database that a synchroniser has put beside it."""
    return sorted(path for path in settings.root.glob("*.db")
                  if path != settings.database and _CONFLICT.fullmatch(path.name))
