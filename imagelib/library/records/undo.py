"""Take a batch back, and again: the inverse of what the changes log holds.

An image's part of a batch is taken back only if it still is as the batch left
it. Otherwise somebody's later work would be lost, and that is a conflict.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagelib.errors import ConflictError, NotFoundError
from imagelib.library.originals.trashing import rearrange
from imagelib.library.store.batches import RESTORED, Step, actor_of, changed_in
from imagelib.library.store.database import Transaction
from imagelib.library.store.rows import chunks, drop_tags, select_pks, set_tags, stored_row
from imagelib.library.values.outcome import Outcome, Reversal

if TYPE_CHECKING:
    from imagelib.library.originals.storage import Storage

#: Of what undo would take back so many images are named.
_MOST_NAMED = 100
#: Columns that say which bytes an image has: taking one back moves files.
_FILE_COLUMNS = frozenset({"digest", "file_name", "size_bytes", "mime_type", "width", "height"})


def latest(library: Storage, step: Step) -> str:
    """The batch that *step* (`undo` or `redo`) would take back now.

    Raises:
        NotFoundError: there is nothing to undo or redo.
    """
    if step == "undo":
        rows = library.database.read(
            "SELECT id FROM batches WHERE kind <> 'undo' AND undone_by IS NULL"
            " ORDER BY seq DESC LIMIT 1")
    else:
        # A new edit closes the way forward, as in every editor.
        rows = library.database.read(
            "SELECT id FROM batches WHERE kind = 'undo' AND undone_by IS NULL AND seq >"
            " coalesce((SELECT max(seq) FROM batches WHERE kind = 'do'), 0)"
            " ORDER BY seq DESC LIMIT 1")
    if not rows:
        raise NotFoundError(f"There is nothing to {step}.")
    return str(rows[0]["id"])


@dataclass(frozen=True, slots=True)
class Undoable:
    """What `undo` would take back: the edit *batch*, who made it and when, and which images."""

    batch: str
    action: str
    actor: str
    at: str
    #: Of at most `_MOST_NAMED` of them, in the order in which they were changed.
    images: tuple[str, ...]
    total: int


def undoable(library: Storage, batch: str | None = None) -> Undoable:
    """What taking back *batch*, or the last edit, would take back.

    Raises:
        NotFoundError: there is nothing to undo, or no such batch.
    """
    batch = batch or latest(library, "undo")
    rows = library.database.read("SELECT action, at FROM batches WHERE id = ?", batch)
    if not rows:
        raise NotFoundError(f"There is no batch {batch!r}.")
    images = changed_in(library.database.reader, batch)
    return Undoable(batch, rows[0]["action"], actor_of(batch), rows[0]["at"],
                    images[:_MOST_NAMED], len(images))


def take_back(library: Storage, batch: str, step: Step) -> Reversal:
    """Undo *batch*.

    Called inside `Database.exclusive`.

    Raises:
        NotFoundError: no such batch. ConflictError: it was taken back already, or
        an image was edited since.
    """
    rows = library.database.read("SELECT action, undone_by FROM batches WHERE id = ?", batch)
    if rows and rows[0]["undone_by"]:
        raise ConflictError("That was taken back already.")
    changes = library.database.read("SELECT * FROM changes WHERE batch = ? ORDER BY seq", batch)
    if not changes:
        raise NotFoundError(f"There is no batch {batch!r}, or its images are gone for good.")
    action = str(rows[0]["action"] if rows else changes[0]["action"])
    if action == RESTORED:  # it brought every image in, and is nobody's edit
        raise ConflictError("Earlier history was not restored, so there is no way back beyond it.")
    by_image: dict[str, list[sqlite3.Row]] = defaultdict(list)
    for change in changes:
        by_image[change["image"]].append(change)
    done = _apply(library, by_image,
                  f"{step} {action.removeprefix('undo ').removeprefix('redo ')}", step, batch)
    return Reversal(done.batch, tuple(sorted(by_image)), action=action)


def _apply(library: Storage, by_image: dict[str, list[sqlite3.Row]], action: str, step: Step,
           batch: str) -> Outcome:
    if (exchanged := _file_exchange(by_image)) is not None:
        image_id, columns = exchanged
        image = library.get(image_id)
        _check_columns(image_id, stored_row(library.database, image.pk), by_image[image_id])
        return library.originals.exchange(image, columns, action, step, batch)
    kinds = {image_id: {change["kind"] for change in changes}
             for image_id, changes in by_image.items()}
    # What else a batch did to an image that it brought in or put away goes along with it.
    gone = sorted(i for i, found in kinds.items() if "insert" in found)
    back = sorted(i for i, found in kinds.items() if "delete" in found and i not in gone)
    edited = {i: by_image[i] for i in by_image.keys() - set(gone) - set(back)}

    def then(transaction: Transaction) -> None:
        _check_tags(transaction, edited)
        for image_id, changes in edited.items():
            _revert(transaction, image_id, changes)

    return rearrange(library, gone, back, action, step=step, undoes=batch, then=then)


def _file_exchange(by_image: dict[str, list[sqlite3.Row]]) -> tuple[str, dict[str, Any]] | None:
    for image_id, changes in by_image.items():
        before: dict[str, Any] = {}
        for change in reversed(changes):
            before |= json.loads(change["before"])
        if "digest" in before:
            return image_id, {k: v for k, v in before.items() if k != "tags"}
    return None


def _revert(transaction: Transaction, image_id: str, changes: list[sqlite3.Row]) -> None:
    row = transaction.run("SELECT * FROM images WHERE id = ?", image_id).fetchone()
    if row is None:
        raise ConflictError(f"The image {image_id} is in the trash. Restore it first.")
    _check_columns(image_id, dict(row), changes)
    columns: dict[str, Any] = {}
    for change in reversed(changes):
        before, after = json.loads(change["before"]), json.loads(change["after"])
        if change["kind"] == "tags":
            drop_tags(transaction, row["pk"], set(after.get("tags", [])))
            set_tags(transaction, row["pk"], before.get("tags", []))
        else:
            columns |= before
    if columns:
        pairs = ", ".join(f"{name} = ?" for name in columns)
        transaction.run(f"UPDATE images SET {pairs} WHERE pk = ?", *columns.values(), row["pk"])


def _check_columns(image_id: str, now: dict[str, Any], changes: list[sqlite3.Row]) -> None:
    left: dict[str, Any] = {}
    for change in changes:
        if change["kind"] == "update":
            left |= json.loads(change["after"])
    later = [name for name, value in left.items() if now[name] != value]
    if later:
        raise ConflictError(
            f"{', '.join(later)} of the image {image_id} was changed since; undo that first.")


def _check_tags(transaction: Transaction, by_image: dict[str, list[sqlite3.Row]]) -> None:
    pks = {changes[0]["pk"] for changes in by_image.values()}
    tags: dict[int, set[str]] = {}
    for chunk in chunks(sorted(pks)):
        for pk, image in select_pks(transaction.connection, chunk, raw=False).items():
            tags[pk] = set(image.tags)
    for image_id, changes in by_image.items():
        added: set[str] = set()
        taken: set[str] = set()
        for change in changes:
            if change["kind"] == "tags":
                off = set(json.loads(change["before"]).get("tags", []))
                on = set(json.loads(change["after"]).get("tags", []))
                added, taken = (added - off) | on, (taken - on) | off
        now = tags.get(changes[0]["pk"], set())
        if added - now or taken & now:
            raise ConflictError(f"The tags of the image {image_id} were changed since;"
                                " undo that first.")
