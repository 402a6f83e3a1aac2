"""The tables of `library.db` and its triggers; `imagelib.library.store.database` applies them.

The triggers write the `changes` feed with SQLite's own functions only, so an
edit by any other client is history too, and is seen by the next build. Our own
writes say in the one-row table `context` which batch and action they belong
to; without it the action is `external`.
"""

from __future__ import annotations

import sqlite3

from imagelib.library.values.registry import FIELDS, FOLDED

#: Raised with every migration; a database with a higher `user_version` is from the future.
VERSION = 6
#: From this version on, a database can be read as it is.
READABLE = 1
#: `PRAGMA application_id`: tells our database from that of another program.
APPLICATION_ID = 0x696D6C62  # "imlb"


def _user_columns(version: int) -> tuple[str, ...]:
    fields = (f.name for f in FIELDS if f.kind != "tags" and f.since <= version)
    return ("file_name", "original_name", "digest", "phash", "size_bytes", "width", "height",
            "mime_type", *fields, "file_state")


#: The columns that belong to the user: a change of one is an edit.
USER_COLUMNS = _user_columns(VERSION)
#: All columns of an image in the order in which `records` reads them.
COLUMNS = ("pk", "id", *USER_COLUMNS, "created_at", "updated_at", "version")

_NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
_BATCH = "coalesce((SELECT batch FROM context), 'external-' || lower(hex(randomblob(8))))"
_ACTION = "coalesce((SELECT action FROM context), 'external')"

_TABLES = """
CREATE TABLE images (
    pk INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    file_name TEXT NOT NULL UNIQUE,
    original_name TEXT NOT NULL DEFAULT '',
    digest TEXT NOT NULL,
    phash TEXT NOT NULL DEFAULT '',
    size_bytes INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    mime_type TEXT NOT NULL,
    prompt_text TEXT NOT NULL DEFAULT '',
    negative_prompt TEXT NOT NULL DEFAULT '',
    prompt_meta TEXT NOT NULL DEFAULT 'null',
    generation TEXT NOT NULL DEFAULT '{}',
    ai_model TEXT NOT NULL DEFAULT '',
    notes TEXT NOT NULL DEFAULT '',
    rating INTEGER NOT NULL DEFAULT 0 CHECK (rating BETWEEN 0 AND 5),
    captured_at TEXT NOT NULL,
    file_state TEXT NOT NULL DEFAULT 'ok' CHECK (file_state IN ('ok', 'missing', 'altered')),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX images_captured_at ON images (captured_at, pk);
CREATE INDEX images_rating ON images (rating, pk);
CREATE INDEX images_created_at ON images (created_at, pk);
CREATE INDEX images_digest ON images (digest);
CREATE INDEX images_not_ok ON images (file_state) WHERE file_state <> 'ok';

CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE image_tags (
    image INTEGER NOT NULL REFERENCES images (pk) ON DELETE CASCADE,
    tag INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    PRIMARY KEY (image, tag)
) WITHOUT ROWID;
CREATE INDEX image_tags_tag ON image_tags (tag, image);

CREATE TABLE changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    pk INTEGER NOT NULL,
    image TEXT NOT NULL,
    at TEXT NOT NULL,
    action TEXT NOT NULL,
    batch TEXT NOT NULL,
    kind TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL
);
CREATE INDEX changes_image ON changes (image, seq);
CREATE INDEX changes_batch ON changes (batch, seq);
CREATE TABLE batches (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    action TEXT NOT NULL,
    kind TEXT NOT NULL DEFAULT 'do' CHECK (kind IN ('do', 'undo', 'redo')),
    undoes TEXT,
    undone_by TEXT
);
CREATE TABLE context (batch TEXT NOT NULL, action TEXT NOT NULL);

CREATE TABLE trash (
    pk INTEGER NOT NULL UNIQUE,
    id TEXT NOT NULL UNIQUE,
    deleted_at TEXT NOT NULL,
    digest TEXT NOT NULL,
    file TEXT,
    record TEXT NOT NULL
);
CREATE INDEX trash_digest ON trash (digest);
CREATE TABLE replaced (
    image TEXT NOT NULL,
    digest TEXT NOT NULL,
    file TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (image, digest)
);
CREATE TABLE intents (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE file_stats (
    pk INTEGER PRIMARY KEY REFERENCES images (pk) ON DELETE CASCADE,
    size_bytes INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    inode TEXT NOT NULL,
    checked_at TEXT NOT NULL DEFAULT ''
);
CREATE TABLE taken (path TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL);
CREATE TABLE searches (name TEXT PRIMARY KEY, query TEXT NOT NULL, sort TEXT NOT NULL DEFAULT '');
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE folded (
    pk INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    model TEXT NOT NULL,
    tool TEXT NOT NULL,
    sampler TEXT NOT NULL,
    seed TEXT NOT NULL
);
CREATE INDEX folded_model ON folded (model);
CREATE VIRTUAL TABLE images_fts USING fts5 (
    text, content = 'folded', content_rowid = 'pk', tokenize = 'trigram case_sensitive 1'
);
"""

#: Beside a question for another state: by this SQLite sees that `images_not_ok` has the answer.
NOT_OK = "file_state <> 'ok'"
#: Where two live images have the same bytes (a race of the first version), the index waits
#: until `check --fix` has made them one.
ONE_DIGEST = "CREATE UNIQUE INDEX IF NOT EXISTS images_one_digest ON images (digest)"


#: What visitors of publications say of images, of those in the trash, too: the pk of a row is never
#: another image's, so that nothing has to follow an image into the trash and back.
PICKS = """
CREATE TABLE picks (
    image INTEGER NOT NULL,
    publication TEXT NOT NULL,
    key TEXT NOT NULL,
    who TEXT NOT NULL,
    heart INTEGER NOT NULL,
    stars INTEGER NOT NULL,
    note TEXT NOT NULL,
    at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (publication, key, image)
) WITHOUT ROWID;
CREATE INDEX picks_image ON picks (image);
"""
#: Albums by the names of their tags, also of tags that no image carries now: undo may bring those
#: back. `pks` is a list of JSON, in order; of those without the tag nothing is shown.
ALBUMS = """
CREATE TABLE albums (
    tag TEXT PRIMARY KEY,
    text TEXT NOT NULL DEFAULT '',
    cover INTEGER,
    pks TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(pks) AND json_type(pks) = 'array')
);
"""
#: SQL: whether an image carries the tag of the row `a` of `albums`; else it is no album now.
IS_WORN = ("EXISTS (SELECT 1 FROM tags AS t JOIN image_tags AS it ON it.tag = t.id"
           " WHERE t.name = a.tag)")
#: In a publication, the album of all of its images where the tag is withheld: nothing but an order.
NAMELESS = ""
#: SQL: whether a row of `picks` says anything; one that was taken back stays, so that an older file
#: does not bring it back.
IS_PICKED = "(heart OR stars OR note <> '')"
#: SQL: whether the image of a row of `picks` is not in the trash. With IN, SQLite walks through all
#: images instead of the few picks.
IS_LIVE = "EXISTS (SELECT 1 FROM images AS live WHERE live.pk = picks.image)"

#: A name leads to a file below `images/`, whatever SQLite client wrote it.
_OUTSIDE = ("new.file_name = '' OR new.file_name LIKE '/%' OR instr(new.file_name, char(0)) > 0"
            " OR '/' || new.file_name || '/' LIKE '%/../%'")
STAY_INSIDE = [f"""
CREATE TRIGGER images_file_name_{event.split()[0].lower()} BEFORE {event} ON images WHEN {_OUTSIDE}
BEGIN
    SELECT RAISE(ABORT, 'file_name leads out of images/');
END;""" for event in ("INSERT", "UPDATE OF file_name")]


def _differing(which: str, columns: tuple[str, ...]) -> str:
    """SQL: an object of those of *columns* that differ, with their *which* (old or new) values."""
    union = " UNION ALL ".join(
        f"SELECT '{name}' AS k, {which}.{name} AS v WHERE old.{name} IS NOT new.{name}"
        for name in columns
    )
    return f"(SELECT json_group_object(k, v) FROM ({union}))"


def _row(which: str, columns: tuple[str, ...]) -> str:
    """SQL: all columns of a row, the user's *columns* among them, and its tags as one object."""
    pairs = ", ".join(f"'{name}', {which}.{name}" for name in (
        "pk", "id", *columns, "created_at", "updated_at", "version"))
    tags = (
        "(SELECT json_group_array(name) FROM (SELECT t.name FROM image_tags it JOIN tags t"
        f" ON t.id = it.tag WHERE it.image = {which}.pk ORDER BY t.name))"
    )
    return f"json_object({pairs}, 'tags', json({tags}))"


def _log(pk: str, image: str, kind: str, before: str, after: str) -> str:
    return (
        "INSERT INTO changes (pk, image, at, action, batch, kind, before, after)"
        f" SELECT {pk}, {image}, {_NOW}, {_ACTION}, {_BATCH}, '{kind}', {before}, {after}"
    )


def _tag_trigger(event: str, which: str, before: str, after: str) -> str:
    name = f"(SELECT name FROM tags WHERE id = {which}.tag)"
    return f"""
    CREATE TRIGGER image_tags_{event.lower()} AFTER {event} ON image_tags
    WHEN EXISTS (SELECT 1 FROM images WHERE pk = {which}.image)
    BEGIN
        UPDATE images SET version = version + 1, updated_at = {_NOW} WHERE pk = {which}.image;
        {_log(f"{which}.image", f"(SELECT id FROM images WHERE pk = {which}.image)", "tags",
              before.format(name=name), after.format(name=name))};
    END;"""


_TRIGGERS = f"""
CREATE TRIGGER images_insert AFTER INSERT ON images BEGIN
    {_log("new.pk", "new.id", "insert", "'{}'", "'{}'")};
END;
-- For clients that leave foreign keys off.
CREATE TRIGGER images_deleted AFTER DELETE ON images BEGIN
    DELETE FROM image_tags WHERE image = old.pk;
    DELETE FROM file_stats WHERE pk = old.pk;
END;
{_tag_trigger("INSERT", "new", "'{{}}'", "json_object('tags', json_array({name}))")}
{_tag_trigger("DELETE", "old", "json_object('tags', json_array({name}))", "'{{}}'")}
CREATE TRIGGER tags_rename AFTER UPDATE OF name ON tags WHEN old.name IS NOT new.name BEGIN
    UPDATE images SET version = version + 1, updated_at = {_NOW}
        WHERE pk IN (SELECT image FROM image_tags WHERE tag = new.id);
    INSERT INTO changes (pk, image, at, action, batch, kind, before, after)
        SELECT i.pk, i.id, {_NOW}, {_ACTION}, {_BATCH}, 'tags',
            json_object('tags', json_array(old.name)), json_object('tags', json_array(new.name))
        FROM image_tags it JOIN images i ON i.pk = it.image WHERE it.tag = new.id;
END;
-- A tag that goes while it is worn is taken off first, so that the feed says so.
CREATE TRIGGER tags_delete BEFORE DELETE ON tags BEGIN
    DELETE FROM image_tags WHERE tag = old.id;
END;
"""


def _column_triggers(version: int) -> str:
    """The triggers that name the user's columns: those of *version*."""
    columns = _user_columns(version)
    return f"""
CREATE TRIGGER images_update AFTER UPDATE OF {", ".join(columns)} ON images
WHEN {" OR ".join(f"old.{name} IS NOT new.{name}" for name in columns)}
BEGIN
    UPDATE images SET version = old.version + 1, updated_at = {_NOW} WHERE pk = new.pk;
    {_log("new.pk", "new.id", "update", _differing("old", columns), _differing("new", columns))};
END;
-- Before, as the cascade would have taken the tags already.
CREATE TRIGGER images_delete BEFORE DELETE ON images BEGIN
    INSERT OR REPLACE INTO trash (pk, id, deleted_at, digest, file, record)
        VALUES (old.pk, old.id, {_NOW}, old.digest, NULL, {_row("old", columns)});
    {_log("old.pk", "old.id", "delete", "'{}'", "'{}'")};
END;
"""


def rest_of(text: str, number: int, separator: str = "char(31)") -> str:
    """SQL: what of the folded *text* stands from its part *number* on, counted from 0."""
    for _ in range(number):
        text = f"substr({text}, instr({text}, {separator}) + 1)"
    return text


def first() -> list[str]:
    """What makes the tables and triggers of the first version."""
    return _statements(_TABLES + _TRIGGERS + _column_triggers(1))


def picks() -> list[str]:
    """What makes the table of picks, which came with version 4."""
    return _statements(PICKS)


def albums() -> list[str]:
    """What makes the table of albums, which came with version 6."""
    return _statements(ALBUMS)


def with_fields_of(version: int) -> list[str]:
    """What takes the columns of *version*, which were added, into triggers and folded texts."""
    return ["DROP TRIGGER images_update", "DROP TRIGGER images_delete",
            *_statements(_column_triggers(version)),
            f"UPDATE folded SET text = {_text_since(version - 1, version)}",
            "INSERT INTO images_fts (images_fts) VALUES ('rebuild')"]


def views_of(version: int) -> list[str]:
    """What lets the tables of an earlier *version* be read as if they were of this one."""
    later = "".join(f", {field.default!r} AS {field.name}" for field in FIELDS
                    if field.since > version)
    picks = [] if version >= 4 else [
        "CREATE TEMP VIEW picks AS SELECT 0 AS image, '' AS publication, '' AS key, '' AS who,"
        " 0 AS heart, 0 AS stars, '' AS note, '' AS at, '' AS created_at WHERE 0"]
    albums = [] if version >= 6 else [
        "CREATE TEMP VIEW albums AS SELECT '' AS tag, '' AS text, NULL AS cover, '[]' AS pks"
        " WHERE 0"]
    return [*picks, *albums, f"CREATE TEMP VIEW images AS SELECT *{later} FROM main.images",
            f"CREATE TEMP VIEW folded AS SELECT pk, {_text_since(version, VERSION)} AS text, model,"
            " tool, sampler, seed FROM main.folded"]


def _text_since(before: int, version: int) -> str:
    """SQL: a folded text of the version *before*, with empty parts for the texts that came until
    *version*."""
    # In octets: for its functions of texts, SQLite's texts end at a NUL.
    whole = "CAST(text AS BLOB)"
    rest = rest_of(whole, sum(field.since <= before for field in FOLDED), "x'1F'")
    head = f"substr({whole}, 1, length({whole}) - length({rest}))"
    more = ("char(31)" for field in FOLDED if before < field.since <= version)
    return f"CAST({' || '.join([head, *more, rest])} AS TEXT)"


def _statements(script: str) -> list[str]:
    """Cut *script* into statements; `executescript` would commit the transaction."""
    found, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            found.append(current)
            current = ""
    return [statement for statement in found if statement.strip()]
