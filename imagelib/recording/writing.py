"""Keep `records/` equal to the rows: what changed since the last time, and nothing else.

The manifest is the memory: it says up to which change the files have the library, and the log of
changes says which blocks have news since then. Files that are replaced go when the new manifest
is there, so that whoever is killed leaves the old set or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from imagelib.config import CONFIG_NAME
from imagelib.errors import ConflictError
from imagelib.library.store import schema
from imagelib.library.store.batches import goes_on, last_change
from imagelib.library.store.disk import make_folder, sync_folder
from imagelib.recording.files import (
    MANIFEST,
    RecordBlock,
    RecordManifest,
    hash_of,
    known_manifest,
    name_of,
    names_in,
    to_line,
    write_block,
    write_manifest,
)
from imagelib.recording.tables import TABLES, Recorded

if TYPE_CHECKING:
    import sqlite3

    from imagelib.library.originals.storage import Storage

Progress = Callable[[str, int, int], None]
_NOTHING = RecordManifest("", 0, 0, "", 0)


@dataclass(slots=True)
class Recording:
    """What became of `records/`."""

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    #: Where files that are of another database, or of this one with another past, are kept.
    aside: str = ""


def record(library: Storage, *, full: bool = False,
           progress: Progress = lambda stage, done, total: None) -> Recording:
    """Bring `records/` up to date with the rows as they are now; *full* compares every block.

    Called under the lock of builds. Where the settings do not want it, its files are removed.

    Raises:
        ConflictError: something else has the folder's name.
    """
    done = Recording()
    folder = library.settings.records_dir
    if not library.settings.records:
        _remove(folder, names_in(folder), done)
        with suppress(OSError):  # not ours alone, or not there
            folder.rmdir()
        return done
    if os.path.lexists(folder) and not folder.is_dir():
        raise ConflictError(f"{folder} is no folder, and builds keep record files there. Give it"
                            " another name, or set records = false under [build] in"
                            f" {CONFIG_NAME}.")
    reader = library.database.reader
    reader.execute("BEGIN")  # one state of the library for everything that follows
    try:
        before = known_manifest(folder)
        if before and not _is_continued(reader, before):
            done.aside, before = str(_put_aside(library, folder, before)), None
        now = _Writer(reader, folder, before or _NOTHING, full or before is None, done,
                      progress).run()
    finally:
        reader.execute("COMMIT")
    if now != before:
        make_folder(folder, 0o700)
        write_manifest(folder, now)
    _remove(folder, names_in(folder) - now.names(), done)
    return done


def _is_continued(reader: sqlite3.Connection, before: RecordManifest) -> bool:
    """Whether the database is the one that was recorded, with the same past."""
    return before.library == _library_id(reader) and goes_on(reader, before.seq, before.batch)


def _put_aside(library: Storage, folder: Path, before: RecordManifest) -> Path:
    """What another database was like may be all that is left of it: it is not written over."""
    past = hashlib.sha256(f"{before.library} {before.batch}".encode()).hexdigest()[:12]
    kept = library.settings.private_dir / "backups" / f"records-{before.seq}-{past}"
    make_folder(kept)
    # The manifest last: whoever is killed begins again, and goes on in the same folder.
    for name in sorted(before.names(), key=lambda name: name == MANIFEST):
        with suppress(FileNotFoundError):
            shutil.move(folder / name, kept / name)
    sync_folder(kept)
    return kept


def _remove(folder: Path, names: set[str], done: Recording) -> None:
    for name in sorted(names):
        (folder / name).unlink(missing_ok=True)
        done.removed.append(name)
    if names:
        sync_folder(folder)


class _Writer:
    """One run over all tables."""

    def __init__(self, reader: sqlite3.Connection, folder: Path, before: RecordManifest,
                 anew: bool, done: Recording, progress: Progress) -> None:
        self._reader, self._folder, self._before = reader, folder, before
        self._anew, self._done, self._progress = anew, done, progress
        self._there = names_in(folder)

    def run(self) -> RecordManifest:
        """Write the blocks that have news; return the manifest of the set as it is then."""
        seq, batch = last_change(self._reader)
        blocks = dict(self._before.blocks)
        marks = {table.name: {} if table.news else self._marks(table) for table in TABLES}
        wanted = [(table, number) for table in TABLES
                  for number in sorted(self._news(table, marks[table.name]))]
        for count, (table, number) in enumerate(wanted, 1):
            self._progress("records", count, len(wanted))
            key = table.name, number
            rows, checksum = hash_of(self._lines(table, number))
            blocks.pop(key, None)
            if rows:
                blocks[key] = RecordBlock(rows, checksum, marks[table.name].get(number, ""))
                self._put(table, number, name_of(key, blocks[key]))
        highest = self._reader.execute(
            "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'images'").fetchone()
        return RecordManifest(_library_id(self._reader), schema.VERSION, seq, batch, highest[0],
                              blocks)

    def _news(self, table: Recorded, marks: dict[int, str]) -> set[int]:
        """The numbers of the blocks that may have to be written."""
        before = {number: block for (name, number), block in self._before.blocks.items()
                  if name == table.name}
        gone = {number for number, block in before.items()
                if name_of((table.name, number), block) not in self._there}
        if self._anew:
            return gone | before.keys() | self._numbers(table.numbers_sql())
        if table.news:
            return gone | self._numbers(table.news_sql(), self._before.seq)
        return gone | {number for number in before.keys() | marks.keys()
                       if number not in before or before[number].marks != marks.get(number)}

    def _numbers(self, sql: str, *values: int) -> set[int]:
        return {row[0] for row in self._reader.execute(sql, values)}

    def _marks(self, table: Recorded) -> dict[int, str]:
        """A hash of the marks of each block's rows, by its number."""
        found: dict[int, hashlib._Hash] = defaultdict(hashlib.sha256)
        for number, *values in self._reader.execute(table.marks_sql()):
            found[number].update(json.dumps(values).encode())
        return {number: checksum.hexdigest()[:16] for number, checksum in found.items()}

    def _lines(self, table: Recorded, number: int) -> Iterator[bytes]:
        """The lines of one block; a row at a time, as each may weigh megabytes."""
        for row in self._reader.execute(table.rows_sql(), (number * table.size,
                                                           (number + 1) * table.size)):
            found = dict(row)
            if "tags" in found:
                found["tags"] = json.loads(found["tags"])
            yield to_line(found)

    def _put(self, table: Recorded, number: int, name: str) -> None:
        """Write a block unless it is there."""
        if name not in self._there:
            make_folder(self._folder, 0o700)
            write_block(self._folder / name, self._lines(table, number))
            self._done.written.append(name)


def _library_id(reader: sqlite3.Connection) -> str:
    return str(reader.execute("SELECT value FROM meta WHERE key = 'library_id'").fetchone()[0])
