"""The way of the tables from each version to the next; the only import of sqlite_utils."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from imagelib.library.store import schema

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils


def apply_migrations(connection: sqlite3.Connection) -> None:
    """Append-only: a migration that was released is never changed."""
    from sqlite_utils import Database as SqliteUtils
    from sqlite_utils import Migrations

    migrations = Migrations("imagelib")

    @migrations()
    def m001_first(db: SqliteUtils) -> None:
        for statement in schema.first():
            db.execute(statement)
        db.execute("INSERT INTO meta VALUES ('library_id', lower(hex(randomblob(16))))")
        db.execute("INSERT INTO meta VALUES ('folded_seq', '0')")
        db.execute("PRAGMA user_version = 1")

    @migrations()
    def m002_one_image_for_the_same_bytes(db: SqliteUtils) -> None:
        db.execute("ALTER TABLE taken ADD COLUMN digest TEXT NOT NULL DEFAULT ''")
        db.execute("CREATE INDEX taken_digest ON taken (digest)")
        db.execute("CREATE INDEX trash_without_file ON trash (pk) WHERE file IS NULL")
        doubles = db.execute("SELECT 1 FROM images GROUP BY digest HAVING count(*) > 1 LIMIT 1")
        if doubles.fetchone() is None:
            db.execute(schema.ONE_DIGEST)
        db.execute("UPDATE images SET file_name = id || '.png', file_state = 'missing' WHERE"
                   " file_name LIKE '/%' OR '/' || file_name || '/' LIKE '%/../%'")
        for statement in schema.STAY_INSIDE:
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        db.execute("PRAGMA user_version = 2")

    @migrations()
    def m003_titles(db: SqliteUtils) -> None:
        db.execute("ALTER TABLE images ADD COLUMN title TEXT NOT NULL DEFAULT ''")
        for statement in schema.with_fields_of(3):
            db.execute(statement)
        db.execute("PRAGMA user_version = 3")

    @migrations()
    def m004_picks(db: SqliteUtils) -> None:
        for statement in schema.picks():
            db.execute(statement)
        db.execute("PRAGMA user_version = 4")

    @migrations()
    def m005_original_names_among_the_folded_texts(db: SqliteUtils) -> None:
        db.execute("UPDATE meta SET value = '0' WHERE key = 'folded_seq'")  # fold all anew
        db.execute("PRAGMA user_version = 5")

    @migrations()
    def m006_albums(db: SqliteUtils) -> None:
        for statement in schema.albums():
            db.execute(statement)
        db.execute("PRAGMA user_version = 6")

    # Third-party plug-ins of sqlite-utils have no business in a user's library.
    migrations.apply(SqliteUtils(connection, execute_plugins=False))


def show_as_now(connection: sqlite3.Connection) -> None:
    """Lay views over the tables of an earlier version, which are only read."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if schema.READABLE <= version < schema.VERSION:
        connection.execute("PRAGMA temp_store = MEMORY")
        for statement in schema.views_of(version):
            connection.execute(statement)
