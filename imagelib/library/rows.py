"""Rows of images inside a transaction: the only module that writes them.

Every function takes the `Transaction` in which its caller has decided what to do.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from imagelib.errors import InvalidError, NotFoundError, StaleError
from imagelib.library import schema
from imagelib.library.database import Transaction
from imagelib.library.dates import utc_now
from imagelib.library.drafts import MAX_TAGS, ImagePatch
from imagelib.library.files import mtime_ns
from imagelib.library.models import Image
from imagelib.library.records import select, to_columns

#: How a file looks without being read: size in bytes, mtime in ns, inode.
Stat = tuple[int, int, str]


def look(stat: os.stat_result) -> Stat:
    """How a file looks, in values that SQLite can keep."""
    return stat.st_size, mtime_ns(stat), str(stat.st_ino)


def insert_row(transaction: Transaction, columns: dict[str, Any]) -> int:
    """Make a row of *columns*, those that the table has; return its pk."""
    known = {name: value for name, value in columns.items() if name in schema.COLUMNS}
    names, marks = ", ".join(known), ", ".join("?" * len(known))
    row = transaction.run(f"INSERT INTO images ({names}) VALUES ({marks})", *known.values())
    assert row.lastrowid is not None
    return row.lastrowid


def update(transaction: Transaction, pk: int, columns: dict[str, Any]) -> None:
    """Set *columns* of the image *pk*; the triggers see to version, date and history."""
    if columns:
        values = to_columns(columns)
        pairs = ", ".join(f"{name} = ?" for name in values)
        transaction.run(f"UPDATE images SET {pairs} WHERE pk = ?", *values.values(), pk)


def note_stat(transaction: Transaction, pk: int, path: Path, read: Stat) -> None:
    """Remember how the file of *pk* looked *before* its bytes were read, so that a scan need not
    read it again. It lies at *path* by now.

    If it looks different, somebody wrote to it since, and the next scan has to read it. Its inode
    may be another one: where a file system has no links, a file is moved by copying.
    """
    now = look(path.stat())
    if is_unchanged(now, read):
        transaction.run("INSERT OR REPLACE INTO file_stats VALUES (?, ?, ?, ?, ?)", pk, *now,
                        utc_now())
    else:
        transaction.run("DELETE FROM file_stats WHERE pk = ?", pk)


def is_unchanged(now: Stat | None, read: Stat) -> bool:
    """Whether a file that may have been moved still has the size and date that it was read with."""
    return now is not None and now[:2] == read[:2]


def set_tags(transaction: Transaction, pk: int, tags: list[str] | tuple[str, ...]) -> None:
    """Give the image *pk* these further tags."""
    for tag in tags:
        transaction.run("INSERT OR IGNORE INTO tags (name) VALUES (?)", tag)
        transaction.run(
            "INSERT OR IGNORE INTO image_tags SELECT ?, id FROM tags WHERE name = ?", pk, tag)


def drop_tags(transaction: Transaction, pk: int, tags: set[str]) -> None:
    """Take *tags* off the image *pk*."""
    for tag in sorted(tags):
        transaction.run(
            "DELETE FROM image_tags WHERE image = ? AND tag = (SELECT id FROM tags WHERE name = ?)",
            pk, tag)


def apply_patch(transaction: Transaction, image_id: str, patch: ImagePatch,
                if_version: int | None = None) -> bool:
    """Change one image as *patch* says; whether it is there.

    Raises:
        StaleError: it is no longer at *if_version*.
        InvalidError: it would have more tags than an image can have.
    """
    found = select(transaction.connection, "WHERE i.id = ?", [image_id])
    if not found:
        return False
    image = found[0]
    check_version(image, if_version)
    update(transaction, image.pk, {
        name: value for name, value in patch.columns().items() if value != getattr(image, name)
    })
    before, tags = set(image.tags), patch.tags_after(set(image.tags))
    if len(tags) > max(MAX_TAGS, len(before)):
        raise InvalidError.of("add_tags" if patch.add_tags else "tags", f"an image has at most"
                              f" {MAX_TAGS} tags; {image.id} would have {len(tags)}")
    drop_tags(transaction, image.pk, before - tags)
    set_tags(transaction, image.pk, sorted(tags - before))
    return True


def check_version(image: Image, if_version: int | None) -> None:
    """Raise StaleError unless *image* is at *if_version*, or none is demanded."""
    if if_version is not None and image.version != if_version:
        raise StaleError("The image was changed meanwhile; here it is as it is now.", image)


def require(found: list[Image], image_id: str) -> Image:
    """The one image that was found.

    Raises:
        NotFoundError: there was none.
    """
    if not found:
        raise NotFoundError(f"There is no image {image_id!r}.")
    return found[0]


def rename_files(transaction: Transaction, names: dict[int, str]) -> None:
    """Give the rows *names* by pk, whoever of them had which name before.

    No two rows ever have one name, so in a chain or a circle some pass through a name that
    nobody has; history is told of one step only.
    """
    old = {pk: transaction.run("SELECT file_name FROM images WHERE pk = ?", pk).fetchone()[0]
           for pk in names}
    wanted = set(names.values())
    passing = [pk for pk in names if old[pk] in wanted and old[pk] != names[pk]]
    for pk in passing:
        update(transaction, pk, {"file_name": f".passing-{pk}"})
    for pk, name in names.items():
        update(transaction, pk, {"file_name": name})
    for pk in passing:
        transaction.run(
            "DELETE FROM changes WHERE batch = ? AND pk = ?"
            " AND json_extract(after, '$.file_name') = ?", transaction.batch, pk, f".passing-{pk}")
        transaction.run(
            "UPDATE changes SET before = json_set(before, '$.file_name', ?) WHERE batch = ?"
            " AND pk = ? AND json_extract(before, '$.file_name') = ?", old[pk], transaction.batch,
            pk, f".passing-{pk}")
