"""The files of the library: taken in, replaced, put into the trash, and back.

A file under `images/` is never written in place. What leaves it goes into the
trash below `.imagelib/`, and only emptying the trash destroys bytes.
"""

from __future__ import annotations

import json
import os
import sqlite3
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from imagelib.config import Settings
from imagelib.errors import ConflictError, InvalidError, NotFoundError, StaleError
from imagelib.formats import EXTENSIONS
from imagelib.library import schema
from imagelib.library.database import Database, Kind, Transaction
from imagelib.library.dates import utc_now, wall_clock
from imagelib.library.drafts import MAX_TAGS, ImageDraft, ImagePatch
from imagelib.library.files import (
    copy_synced,
    digest,
    is_plain_file,
    mtime_ns,
    place,
    portable_name,
)
from imagelib.library.intents import Intents, Plan
from imagelib.library.models import Image
from imagelib.library.records import select, to_columns
from imagelib.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was found in a file: its digest, what decoding said, and its own metadata."""

    path: Path
    digest: str
    size_bytes: int
    mime_type: str
    width: int
    height: int
    phash: str
    draft: ImageDraft
    #: Whether the date of `draft` is inside the file, or beside it; else it is that of the file.
    is_dated: bool = False


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A file that is to become an image: what it is, and what the user says of it."""

    inspected: Inspected
    draft: ImageDraft
    original_name: str = ""
    in_place: bool = False
    #: Kept from another library; by default new ones.
    image_id: str = ""
    created_at: str = ""


class Originals:
    """The file side of one library."""

    def __init__(self, settings: Settings, database: Database, sandbox: Sandbox) -> None:
        self.folder = settings.images_dir
        self.trash_dir = settings.private_dir / "trash"
        self._settings = settings
        self._database = database
        self._sandbox = sandbox
        self.intents = Intents(database, settings.private_dir / "run",
                               (self.folder, settings.private_dir / "upload"))

    def path_of(self, image: Image) -> Path:
        """Where the file of *image* lies, or should lie."""
        return self.folder / image.file_name

    def is_in_place(self, image: Image) -> bool:
        """Whether the file of *image* lies where it should, with the bytes it should have."""
        path = self.path_of(image)
        return path.is_file() and digest(path) == image.digest

    def stage(self, source: Path | IO[bytes], *, link: bool = False) -> Path:
        """Copy (or *link*) *source*, flushed, to a temporary name beside its later place."""
        staged = self.intents.staging_path(self.folder)
        try:
            if link and isinstance(source, Path):
                place(source, staged)
            elif isinstance(source, Path):
                with source.open("rb") as stream:
                    copy_synced(stream, staged)
                stat = source.stat()  # its date may be all that is known of when it was made
                os.utime(staged, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            else:
                copy_synced(source, staged)
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
        return staged

    def inspect(self, path: Path, named: Path | None = None, checksum: str = "") -> Inspected:
        """Decode the file at *path* in a worker, and read what its generator wrote.

        *named* is where the file lies under its own name, if *path* is a staged copy;
        *checksum* is its digest, if it is known already.

        Raises:
            UnsupportedTypeError, BrokenPictureError: it is no picture that we keep.
        """
        before = path.stat()
        checksum = checksum or digest(path)
        found = self._sandbox.call(self._settings.inspector, str(path),
                                   self._settings.max_pixels, str(named or ""))
        stat = path.stat()
        if (stat.st_size, stat.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise ConflictError(f"{path} is still being written. Try again when it is complete.")
        draft: dict[str, Any] = found["draft"]
        is_dated = bool(draft.get("captured_at"))
        draft["captured_at"] = draft.get("captured_at") or wall_clock(stat.st_mtime)
        return Inspected(path, checksum, stat.st_size, found["mime_type"], found["width"],
                         found["height"], found["phash"], ImageDraft.of(draft), is_dated)

    def find_digest(self, checksum: str) -> Image | None:
        """The live image with these bytes."""
        found = select(self._database.reader, "WHERE i.digest = ? ORDER BY i.pk LIMIT 1",
                       [checksum])
        return found[0] if found else None

    def insert(self, newcomers: list[Newcomer], action: str = "add",
               edits: Iterable[tuple[str, ImagePatch]] = ()) -> list[str]:
        """Make all *newcomers* images of the library, or none of them; return their ids.

        *edits* of images that are there already belong to the same batch.
        """
        now = utc_now()
        plan = Plan()
        prepared: list[tuple[dict[str, Any], list[str]]] = []
        for one in newcomers:
            image_id = one.image_id or str(uuid.uuid4())
            inspected, draft = one.inspected, one.draft
            name = image_id + EXTENSIONS[inspected.mime_type]
            if one.in_place:
                name = inspected.path.relative_to(self.folder).as_posix()
            else:
                plan.new.append((inspected.path, self.folder / name, inspected.digest))
            columns = file_columns(inspected) | _metadata(inspected.draft, draft) | {
                "id": image_id, "file_name": name, "created_at": one.created_at or now,
                "updated_at": now, "original_name": _shown_name(one.original_name),
            }
            tags = draft.tags if "tags" in draft.model_fields_set else inspected.draft.tags
            prepared.append((columns, tags))
        with self.intents.carried_out(plan, action) as transaction:
            for columns, tags in prepared:
                pk = _insert(transaction, to_columns(columns))
                set_tags(transaction, pk, tags)
                # The tags of a new image are no edits of it.
                transaction.run("UPDATE images SET version = 1 WHERE pk = ?", pk)
                self._note_stat(transaction, pk, self.folder / columns["file_name"])
            for image_id, patch in edits:
                apply_patch(transaction, image_id, patch)
        return [columns["id"] for columns, _ in prepared]

    def give_back(self, image: Image, staged: Path) -> None:
        """Put the file of *image* back into its place from a staged copy of it.

        What lies there instead, if it was altered, is kept in the trash.
        """
        target = self.path_of(image)
        kept = self._trash_path(image.digest)
        moves = [(target, kept)] if target.is_file() else []
        found = digest(target) if moves else ""
        plan = Plan(moves, [(staged, target, image.digest)])
        with self.intents.carried_out(plan, "located", undoable=False) as transaction:
            if moves:
                _keep(transaction, image.id, found, kept)
            update(transaction, image.pk, {"file_state": "ok"})
            self._note_stat(transaction, image.pk, target)

    def replace(self, image: Image, inspected: Inspected) -> None:
        """Give *image* the bytes of *inspected*; the old ones are kept for undo."""
        old = self.path_of(image)
        name = image.file_name
        if EXTENSIONS[inspected.mime_type] != EXTENSIONS[image.mime_type]:
            name = str(uuid.uuid4()) + EXTENSIONS[inspected.mime_type]
        kept = self._trash_path(image.digest)
        moves = [(old, kept)] if old.is_file() else []
        plan = Plan(moves, [(inspected.path, self.folder / name, inspected.digest)])
        columns = file_columns(inspected) | {"file_name": name, "file_state": "ok"}
        with self.intents.carried_out(plan, "replace file") as transaction:
            if moves:
                _keep(transaction, image.id, image.digest, kept)
            update(transaction, image.pk, columns)
            self._note_stat(transaction, image.pk, self.folder / name)

    def exchange(self, image: Image, columns: dict[str, Any], action: str, kind: Kind,
                 undoes: str) -> None:
        """Take an earlier file of *image* back (undo of `replace`), keeping the present one."""
        rows = self._database.read("SELECT file FROM replaced WHERE image = ? AND digest = ?",
                                   image.id, columns["digest"])
        if not rows or not (earlier := self.trash_dir / rows[0]["file"]).is_file():
            raise ConflictError("The earlier file is no longer in the trash.")
        kept = self._trash_path(image.digest)
        final = self.folder / columns.get("file_name", image.file_name)
        moves = [(old, kept)] if (old := self.path_of(image)).is_file() else []
        plan = Plan([*moves, (earlier, final)])
        with self.intents.carried_out(plan, action, kind=kind, undoes=undoes) as transaction:
            transaction.run("DELETE FROM replaced WHERE image = ? AND digest = ?", image.id,
                            columns["digest"])
            if moves:
                _keep(transaction, image.id, image.digest, kept)
            update(transaction, image.pk, columns)
            self._note_stat(transaction, image.pk, final)

    def plan_delete(self, images: list[Image]) -> tuple[Plan, dict[str, str]]:
        """The moves that put *images* into the trash, and the file there of each id."""
        moves, files = [], {}
        for image in images:
            source = self.path_of(image)
            if not source.exists() and self._is_published(image):
                source = self._settings.published_dir / image.file_name
            if source.is_file() and not source.is_symlink():
                target = self._trash_path(image.digest)
                moves.append((source, target))
                files[image.id] = target.name
        return Plan(moves), files

    def _is_published(self, image: Image) -> bool:
        """Whether the site has the bytes of *image*: perhaps the last copy, soon to be lost."""
        copy = self._settings.published_dir / image.file_name
        return is_plain_file(copy) and digest(copy) == image.digest

    def plan_restore(self, rows: list[sqlite3.Row]) -> Plan:
        """The moves that bring the files of trashed *rows* back to their names.

        Raises:
            ConflictError: another image has the name by now.
        """
        moves = []
        for row in rows:
            record = json.loads(row["record"])
            final = self.folder / record["file_name"]
            if self._database.read("SELECT 1 FROM images WHERE file_name = ?",
                                   record["file_name"]):
                raise ConflictError(f"{record['file_name']} belongs to another image by now.")
            if row["file"] is None:
                continue
            kept = self.trash_dir / row["file"]
            if final.exists() and digest(final) == row["digest"]:
                continue
            if final.exists():
                raise ConflictError(f"Another file is in the place of {record['file_name']}.")
            moves.append((kept, final))
        return Plan(moves)

    def reinsert(self, transaction: Transaction, row: sqlite3.Row) -> None:
        """Put a trashed record back as it was, with its pk, id and tags."""
        record = json.loads(row["record"])
        tags = record.pop("tags")
        file = self.folder / record["file_name"]
        record |= {"updated_at": utc_now(), "version": record["version"] + 1,
                   "file_state": "ok" if file.is_file() else "missing"}
        _insert(transaction, record)
        set_tags(transaction, record["pk"], tags)
        transaction.run("DELETE FROM trash WHERE id = ?", row["id"])
        if file.is_file():
            self._note_stat(transaction, record["pk"], file)

    def purge(self, ids: list[str]) -> int:
        """Destroy trashed images for good, their files and their history; return how many."""
        files: list[str] = []
        purged = 0
        with self._database.write("purge", undoable=False) as transaction:
            for image_id in ids:
                row = transaction.run("SELECT pk, file FROM trash WHERE id = ?",
                                      image_id).fetchone()
                if row is None:
                    continue
                purged += 1
                files += [row["file"]] if row["file"] else []
                files += [r["file"] for r in transaction.run(
                    "SELECT file FROM replaced WHERE image = ?", image_id)]
                for table, column in (("trash", "id"), ("replaced", "image"),
                                      ("changes", "image")):
                    transaction.run(f"DELETE FROM {table} WHERE {column} = ?", image_id)
                # One line stays, so that a build that has not seen the deletion still does.
                transaction.run(
                    "INSERT INTO changes (pk, image, at, action, batch, kind, before, after)"
                    " VALUES (?, ?, ?, 'purge', ?, 'purge', '{}', '{}')",
                    row["pk"], image_id, utc_now(), transaction.batch)
        for name in files:
            (self.trash_dir / name).unlink(missing_ok=True)
        return purged

    def _trash_path(self, checksum: str) -> Path:
        return self.trash_dir / f"{checksum[:16]}-{uuid.uuid4().hex[:12]}"

    def _note_stat(self, transaction: Transaction, pk: int, path: Path) -> None:
        note_stat(transaction, pk, path.stat())


def note_stat(transaction: Transaction, pk: int, stat: os.stat_result) -> None:
    """Remember how the file of *pk* looked, so that a scan need not read it again."""
    transaction.run("INSERT OR REPLACE INTO file_stats VALUES (?, ?, ?, ?, ?)", pk, stat.st_size,
                    mtime_ns(stat), str(stat.st_ino), utc_now())


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


def update(transaction: Transaction, pk: int, columns: dict[str, Any]) -> None:
    """Set *columns* of the image *pk*; the triggers see to version, date and history."""
    if columns:
        values = to_columns(columns)
        pairs = ", ".join(f"{name} = ?" for name in values)
        transaction.run(f"UPDATE images SET {pairs} WHERE pk = ?", *values.values(), pk)


def apply_patch(transaction: Transaction, image_id: str, patch: ImagePatch,
                if_version: int | None = None) -> bool:
    """Change one image as *patch* says; whether it is there.

    Raises:
        StaleError: it is no longer at *if_version*. InvalidError: it would have too many tags.
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


def _insert(transaction: Transaction, columns: dict[str, Any]) -> int:
    known = {name: value for name, value in columns.items() if name in schema.COLUMNS}
    names, marks = ", ".join(known), ", ".join("?" * len(known))
    row = transaction.run(f"INSERT INTO images ({names}) VALUES ({marks})", *known.values())
    assert row.lastrowid is not None
    return row.lastrowid


def file_columns(inspected: Inspected) -> dict[str, Any]:
    """The columns that follow from the bytes of a file."""
    return {"digest": inspected.digest, "size_bytes": inspected.size_bytes,
            "mime_type": inspected.mime_type, "width": inspected.width,
            "height": inspected.height, "phash": inspected.phash}


def _metadata(embedded: ImageDraft, given: ImageDraft) -> dict[str, Any]:
    """The user's values where there are some, else those that the file itself holds."""
    columns = embedded.model_dump(exclude={"tags"})
    columns |= {
        name: value for name, value in given.model_dump(exclude={"tags"}).items()
        if name in given.model_fields_set and value is not None
    }
    return columns


def _shown_name(name: str) -> str:
    """A file's own name without its folders, kept for people, never used as a path."""
    return portable_name(name, fallback="")[:200]


def _keep(transaction: Transaction, image_id: str, checksum: str, kept: Path) -> None:
    transaction.run("INSERT OR REPLACE INTO replaced VALUES (?, ?, ?, ?)", image_id, checksum,
                    kept.name, utc_now())
