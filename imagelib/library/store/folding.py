"""Keep the folded texts and their trigram index in step with the changes feed.

Other SQLite clients have none of our functions, so no trigger can fold. Our own
writes fold before they commit; what another client changed is folded before
the next search.
"""

from __future__ import annotations

import sqlite3

from imagelib.library.store.database import Database
from imagelib.library.store.rows import chunks, select_pks
from imagelib.library.values.text import folded_row

_COLUMNS = ("text", "model", "tool", "sampler", "seed")


def is_current(connection: sqlite3.Connection) -> bool:
    """Whether every change has been folded."""
    return not _pending(connection)


def catch_up(connection: sqlite3.Connection) -> None:
    """Fold what changed since the last time; inside the caller's transaction."""
    pks = _pending(connection)
    if not pks:
        return
    for chunk in chunks(pks):
        _fold(connection, chunk)
    connection.execute(
        "UPDATE meta SET value = (SELECT max(seq) FROM changes) WHERE key = 'folded_seq'"
    )


def fold_pending(database: Database) -> None:
    """Fold what other programs changed, so that a search sees it; not on a read-only disk."""
    if not database.read_only and not is_current(database.reader):
        with database.write("fold", undoable=False):
            pass  # every write folds before it commits


def fold_anew(connection: sqlite3.Connection) -> None:
    """Make all folded texts and their index from the rows; inside the caller's transaction."""
    connection.execute("INSERT INTO images_fts (images_fts) VALUES ('delete-all')")
    connection.execute("DELETE FROM folded")
    for chunk in chunks([row[0] for row in connection.execute("SELECT pk FROM images")]):
        _fold(connection, chunk)
    connection.execute("UPDATE meta SET value = (SELECT coalesce(max(seq), 0) FROM changes)"
                       " WHERE key = 'folded_seq'")


def _pending(connection: sqlite3.Connection) -> list[int]:
    since = connection.execute("SELECT value FROM meta WHERE key = 'folded_seq'").fetchone()[0]
    rows = connection.execute(
        "SELECT DISTINCT pk FROM changes WHERE seq > ? ORDER BY pk", (int(since),)
    )
    return [row[0] for row in rows]


def _fold(connection: sqlite3.Connection, pks: list[int]) -> None:
    marks = ", ".join("?" * len(pks))
    old = {
        row["pk"]: tuple(row[name] for name in _COLUMNS)
        for row in connection.execute(f"SELECT * FROM folded WHERE pk IN ({marks})", pks)
    }
    images = select_pks(connection, pks, raw=False)
    new = {pk: folded_row(image) for pk, image in images.items()}
    changed = [pk for pk in pks if old.get(pk) != new.get(pk)]
    # An external-content table forgets a text only if it is told the old one.
    connection.executemany(
        "INSERT INTO images_fts (images_fts, rowid, text) VALUES ('delete', ?, ?)",
        [(pk, old[pk][0]) for pk in changed if pk in old],
    )
    connection.executemany("DELETE FROM folded WHERE pk = ?", [(pk,) for pk in changed])
    connection.executemany(
        "INSERT INTO folded (pk, text, model, tool, sampler, seed) VALUES (?, ?, ?, ?, ?, ?)",
        [(pk, *new[pk]) for pk in changed if pk in new],
    )
    connection.executemany(
        "INSERT INTO images_fts (rowid, text) VALUES (?, ?)",
        [(pk, new[pk][0]) for pk in changed if pk in new],
    )
