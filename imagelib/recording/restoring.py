"""A new `library.db` from the record files: all that was recorded, with one batch as its history.

It is made beside the backups and then takes the place of the present one as a backup does
(`imagelib.library.store.backup.put_back`): that one is kept, and whoever is killed changed nothing
or all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from imagelib.config import Settings
from imagelib.errors import InvalidError
from imagelib.library.store import schema
from imagelib.library.store.backup import put_back, scratch, seq_of
from imagelib.library.store.batches import RESTORED, new_batch
from imagelib.library.store.database import Transaction, translated
from imagelib.library.store.folding import fold_anew
from imagelib.library.store.migrations import apply_migrations
from imagelib.library.store.rows import insert_row, set_tags
from imagelib.recording.files import (
    RecordManifest,
    known_manifest,
    name_of,
    read_block,
    read_manifest,
)
from imagelib.recording.tables import TABLES

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class RestoreReport:
    """What came back."""

    #: Where the former database is kept, if there was one.
    former: Path | None = None
    images: int = 0
    trashed: int = 0
    #: What was passed over, a line for each file.
    damaged: list[str] = field(default_factory=list)


def restore_records(settings: Settings, folder: Path, *, anyway: bool = False,
                    progress: Progress = lambda done, total: None) -> RestoreReport:
    """Make a database of the record files in *folder* the one of the library.

    With *anyway* also if some are damaged or gone, which are passed over.

    Raises:
        InvalidError: they are no record files, of a newer imagelib, damaged, or contradict
            each other; nothing was changed.
        LibraryFaultError, LockedError: as `put_back`. DiskFullError: there is no room.
    """
    whole, damaged = sift(folder, read_manifest(folder))
    if damaged and not anyway:
        raise InvalidError(f"{len(damaged):,} record files in {folder} are not whole:"
                           f" {'; '.join([*damaged.values()][:5])}"
                           f"{'; …' if len(damaged) > 5 else ''}. Nothing was changed. To restore"
                           " what the others hold, add: --anyway")
    report = RestoreReport(damaged=[*damaged.values()])
    with scratch(settings) as fresh:
        with translated(fresh), closing(
                sqlite3.connect(fresh, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            # Nobody knows of the file yet, so nothing need lie beside it that could be left there.
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA synchronous = OFF")
            apply_migrations(connection)
            try:
                _Filler(connection, folder, whole, report, progress).run()
            except sqlite3.IntegrityError as error:
                raise InvalidError(f"The record files in {folder} contradict each other: {error}."
                                   " Nothing was changed; take another copy of them.") from error
        report.former = put_back(settings, fresh)
    return report


def sift(folder: Path, manifest: RecordManifest) -> tuple[RecordManifest, dict[str, str]]:
    """*manifest* with those blocks alone that are whole, and what is wrong with each other file."""
    whole, damaged = {}, {}
    for key, block in sorted(manifest.blocks.items()):
        try:
            for _ in read_block(folder, manifest, key):
                pass
            whole[key] = block
        except InvalidError as error:
            damaged[name_of(key, block)] = str(error)
    return replace(manifest, blocks=whole), damaged


def image_rows(folder: Path, whole: RecordManifest) -> Iterator[dict[str, Any]]:
    """The recorded images by pk, each with its `prompt_meta`; *whole* is of `sift`."""
    raw = _rows(folder, whole, "raw")
    beside = next(raw, None)
    for row in _rows(folder, whole, "images"):
        while beside and beside["pk"] < row["pk"]:
            beside = next(raw, None)
        own = beside if beside and beside["pk"] == row["pk"] else {"prompt_meta": "null"}
        yield row | own


def is_ahead(settings: Settings, backup: Path) -> bool:
    """Whether `records/` has later changes than *backup*."""
    manifest = known_manifest(settings.records_dir)
    return manifest is not None and manifest.seq > int(seq_of(backup) or 0)


def _rows(folder: Path, whole: RecordManifest, table: str) -> Iterator[dict[str, Any]]:
    for key in whole.blocks:
        if key[0] == table:
            yield from read_block(folder, whole, key)


class _Filler:
    """Puts all rows into a new database, in one transaction."""

    def __init__(self, connection: sqlite3.Connection, folder: Path, whole: RecordManifest,
                 report: RestoreReport, progress: Progress) -> None:
        self._folder, self._whole = folder, whole
        self._report, self._progress = report, progress
        self._transaction = Transaction(connection, new_batch("cli"))

    def run(self) -> None:
        """Fill the tables, and make what follows from the rows."""
        run = self._transaction.run
        run("BEGIN")
        run("INSERT INTO context VALUES (?, ?)", self._transaction.batch, RESTORED)
        run("UPDATE meta SET value = ? WHERE key = 'library_id'", self._whole.library)
        # Whoever knows the changes up to that one, an open page or a build, hears of all images.
        self._go_on_from("changes", self._whole.seq)
        run("DROP INDEX images_one_digest")  # the first version could make doubles
        for table in TABLES:
            if table.name not in ("images", "raw", "trash"):
                for row in _rows(self._folder, self._whole, table.name):
                    run(f"INSERT INTO {table.source} ({', '.join(row)})"
                        f" VALUES ({', '.join('?' * len(row))})", *row.values())
        # Before the images, which may have their bytes or their names again.
        for row in _rows(self._folder, self._whole, "trash"):
            self._throw_away(row)
        total = sum(block.rows for (name, _), block in self._whole.blocks.items()
                    if name == "images")
        for row in image_rows(self._folder, self._whole):
            self._insert(row)
            self._progress(self._report.images, total)
        if not run("SELECT 1 FROM images GROUP BY digest HAVING count(*) > 1").fetchone():
            run(schema.ONE_DIGEST)
        if run("SELECT count(*) FROM trash WHERE id NOT IN (SELECT id FROM images) AND pk NOT IN"
               " (SELECT pk FROM images)").fetchone()[0] != self._report.trashed:
            raise sqlite3.IntegrityError("an image is deleted twice, or deleted and there")
        highest = run("SELECT coalesce(max(pk), 0) FROM images").fetchone()[0]
        self._go_on_from("images", max(highest, self._whole.pk))
        run("DELETE FROM context")
        fold_anew(self._transaction.connection)
        run("COMMIT")

    def _go_on_from(self, table: str, number: int) -> None:
        """The next row of *table* gets a number above *number*, which may have been given before.
        """
        self._transaction.run("DELETE FROM sqlite_sequence WHERE name = ?", table)
        self._transaction.run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", table,
                              number)

    def _insert(self, row: dict[str, Any]) -> None:
        insert_row(self._transaction, row)
        set_tags(self._transaction, row["pk"], row["tags"])
        # The triggers count tags as edits.
        self._transaction.run("UPDATE images SET updated_at = ?, version = ? WHERE pk = ?",
                              row["updated_at"], row["version"], row["pk"])
        self._report.images += 1

    def _throw_away(self, row: dict[str, Any]) -> None:
        """A deleted image: an image that is deleted, so that its history says so, with its record
        as it was."""
        record = json.loads(row["record"])
        insert_row(self._transaction, record | {"file_name": row["id"]})
        set_tags(self._transaction, row["pk"], record["tags"])
        self._transaction.run("DELETE FROM images WHERE pk = ?", row["pk"])
        self._transaction.run(
            "UPDATE trash SET deleted_at = ?, digest = ?, file = ?, record = ? WHERE pk = ?",
            row["deleted_at"], row["digest"], row["file"], row["record"], row["pk"])
        self._report.trashed += 1
