"""Into the trash, out of it, and for good: rows and files together.

`rearrange` is what deleting, restoring, merging and their undo share.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imagelib.errors import ConflictError, NotFoundError
from imagelib.library.originals.fingerprints import (
    Fingerprint,
    changed_since,
    fingerprint,
    require_unchanged,
    stat_in_trash,
)
from imagelib.library.originals.intents import Plan, Progress, silent
from imagelib.library.originals.originals import Originals
from imagelib.library.originals.storage import clean_id
from imagelib.library.store.batches import Step
from imagelib.library.store.database import Transaction
from imagelib.library.store.disk import Stat, is_plain_file, stat_of
from imagelib.library.store.rows import (
    check_version,
    chunks,
    find_by_id,
    find_by_name,
    insert_row,
    note_stat,
    set_tags,
)
from imagelib.library.values.dates import utc_now
from imagelib.library.values.image import Image
from imagelib.library.values.outcome import Outcome

if TYPE_CHECKING:
    from imagelib.library.originals.storage import Storage


@dataclass(frozen=True, slots=True)
class _Arrangement:
    """What is to be moved, and what that was decided upon."""

    images: list[Image]
    rows: list[sqlite3.Row]
    plan: Plan
    #: id -> its file in the trash, of images that go there.
    files: dict[str, str]
    #: (id, fingerprint, file) of other bytes that lay in an image's place.
    kept: list[tuple[str, Fingerprint, Path]]
    #: id -> the name under which it comes back.
    names: dict[str, str]
    #: How the files looked before they were read.
    stats: dict[Path, Stat | None]


def rearrange(library: Storage, gone: list[str], back: list[str], action: str, *,
              step: Step = "do", undoes: str | None = None, progress: Progress = silent,
              check: Callable[[], object] = lambda: None,
              then: Callable[[Transaction], None] = lambda transaction: None) -> Outcome:
    """Put *gone* into the trash, bring *back* out of it, and *then* more, as one batch.

    *check* is called when nobody else can write any more; it may refuse by raising.

    Raises:
        NotFoundError: an image is not where it is looked for.
        ConflictError: the bytes of one that should come back are another image by now.
    """
    database, originals = library.database, library.originals
    found = _arrange(library, gone, back)  # may read whole files, so not inside the lock
    with database.exclusive():
        check()
        if not _is_current(library, found):
            found = _arrange(library, gone, back)
        with originals.intents.carried_out(found.plan, action, step=step, undoes=undoes,
                                           progress=progress) as transaction:
            for image in found.images:
                _delete_row(transaction, image, found.files.get(image.id))
            for source, target in found.plan.moves:
                if read := found.stats[source]:
                    require_unchanged(target, read)
            for image_id, read_there, kept in found.kept:
                originals.keep(transaction, found.plan, image_id, read_there, kept)
            for row in found.rows:
                name = found.names[row["id"]]
                _reinsert(originals, transaction, row, name, found.stats[originals.folder / name])
            then(transaction)
    return transaction.outcome


def _arrange(library: Storage, gone: list[str], back: list[str]) -> _Arrangement:
    database, originals = library.database, library.originals
    images = [library.get(image_id) for image_id in dict.fromkeys(gone)]
    rows = []
    for image_id in dict.fromkeys(back):
        found = database.read("SELECT * FROM trash WHERE id = ?", image_id)
        if not found:
            raise NotFoundError(f"There is no image {image_id!r} in the trash.")
        rows.append(found[0])
    read: dict[Path, Stat] = {}
    plan, files, kept = originals.plan_delete(images, read)
    if rows:
        originals.require_folder()
    restored, names = _plan_restore(originals, rows, read)
    plan.moves.extend(restored.moves)
    plan.drop.extend(restored.drop)
    paths = {path for pair in plan.moves for path in pair} | set(plan.drop)
    paths |= {originals.path_of(image) for image in images}
    paths |= {originals.folder / name for name in names.values()}
    return _Arrangement(images, rows, plan, files, kept, names,
                        {path: read.get(path) or stat_of(path) for path in paths})


def _is_current(library: Storage, found: _Arrangement) -> bool:
    """Whether all is still as it was when *found* was decided."""
    versions = {image.id: image.version for image in found.images}
    for chunk in chunks(list(versions)):
        marks = ", ".join("?" * len(chunk))
        for row in library.database.read(
                f"SELECT id, version FROM images WHERE id IN ({marks})", *chunk):
            if versions.pop(row["id"]) != row["version"]:
                return False
    rows = [library.database.read("SELECT * FROM trash WHERE id = ?", row["id"])
            for row in found.rows]
    return (not versions and all(stat_of(path) == look for path, look in found.stats.items())
            and [tuple(row[0]) if row else None for row in rows]
            == [tuple(row) for row in found.rows]
            and not _live_doubles(library.originals, found.rows))


def _live_doubles(originals: Originals, rows: list[sqlite3.Row]) -> list[Image]:
    return [image for row in rows if (image := originals.find_digest(row["digest"]))]


def _plan_restore(originals: Originals, rows: list[sqlite3.Row],
                  stats: dict[Path, Stat]) -> tuple[Plan, dict[str, str]]:
    """The moves that bring the files of trashed *rows* back, and the name of each id.

    One whose name belongs to another file by now comes back under a new one. How files looked
    before they were read is added to *looks*.

    Raises:
        ConflictError: a file in the trash has other bytes, or the bytes are an image again.
    """
    plan, digests = Plan(), set()
    names: dict[str, str] = {}
    for image in _live_doubles(originals, rows):
        raise ConflictError(f"These bytes are the image {image.id} by now; it was left as it is.")
    for row in rows:
        if row["digest"] in digests:
            raise ConflictError("Two of these images have the same bytes; restore one of them.")
        digests.add(row["digest"])
        name = _name_in(row)
        kept = originals.trash_dir / row["file"] if row["file"] else None
        final = originals.folder / name
        own = False
        if is_plain_file(final) and not _is_taken(originals, name):
            there = fingerprint(final)
            stats[final], own = there.stat, there.digest == row["digest"]
        if not own or name in names.values():
            final = originals.free_place(name)
            if final.relative_to(originals.folder).as_posix() in names.values():
                final = originals.folder / (str(uuid.uuid4()) + final.suffix)
        names[row["id"]] = final.relative_to(originals.folder).as_posix()
        if kept is not None and kept.is_file():
            stats[kept] = stat_in_trash(kept, row["digest"], row["deleted_at"])
            if own:
                plan.drop.append(kept)
            else:
                plan.moves.append((kept, final))
    return plan, names


def _name_in(row: sqlite3.Row) -> str:
    """The name that a deleted image had; a new one if another program has written nonsense."""
    name = str(json.loads(row["record"]).get("file_name") or "..")
    inside = "\0" not in name and not name.startswith("/") and ".." not in name.split("/")
    return name if inside else str(uuid.uuid4()) + Path(name).suffix


def _is_taken(originals: Originals, name: str) -> bool:
    return find_by_name(originals.database.reader, name) is not None


def _delete_row(transaction: Transaction, image: Image, file: str | None) -> None:
    """Let the trigger put the row into the trash, if it is still what the plan was made for.

    Another SQLite client knows none of our locks; what it did meanwhile is a conflict.
    """
    gone = transaction.run("DELETE FROM images WHERE pk = ? AND file_name = ? AND digest = ?",
                           image.pk, image.file_name, image.digest)
    if gone.rowcount != 1:
        raise ConflictError(f"The image {image.id} was changed by another program. Try again.")
    transaction.run("UPDATE trash SET file = ? WHERE pk = ?", file, image.pk)


def _reinsert(originals: Originals, transaction: Transaction, row: sqlite3.Row,
              name: str, read: Stat | None) -> None:
    """Put a trashed record back as it was, with its pk, id and tags; its file looked like *read*
    before it was read."""
    record = json.loads(row["record"])
    tags = record.pop("tags")
    file = originals.folder / name
    record |= {"updated_at": utc_now(), "version": record["version"] + 1, "file_name": name,
               "file_state": "ok" if file.is_file() else "missing"}
    if transaction.run("DELETE FROM trash WHERE id = ?", row["id"]).rowcount != 1:
        raise ConflictError(f"The image {row['id']} was changed by another program. Try again.")
    insert_row(transaction, record)
    set_tags(transaction, record["pk"], tags)
    if read is not None and file.is_file():
        note_stat(transaction, record["pk"], file, read)


def restore_with(library: Storage, image_id: str, staged: Path) -> Outcome:
    """Bring an image out of the trash; where the trash has no file of it, *staged* has its bytes.

    Raises:
        NotFoundError: it is not in the trash.
    """
    originals = library.originals
    with library.database.exclusive():
        rows = library.database.read("SELECT * FROM trash WHERE id = ?", image_id)
        file = originals.trash_dir / rows[0]["file"] if rows and rows[0]["file"] else None
        if not rows or (file is not None and file.is_file()):
            return rearrange(library, [], [image_id], "restore")
        stats: dict[Path, Stat] = {}
        _, names = _plan_restore(originals, rows, stats)
        final = originals.folder / names[image_id]
        read = stats[final] if final.exists() else stat_of(staged)
        plan = Plan(new=[] if final.exists() else [(staged, final, rows[0]["digest"])])
        with originals.intents.carried_out(plan, "restore") as transaction:
            _reinsert(originals, transaction, rows[0], names[image_id], read)
    return transaction.outcome


_OUT_OF_ALBUMS = """
UPDATE albums SET cover = nullif(cover, ?1), pks = (SELECT json_group_array(value) FROM (
    SELECT value FROM json_each(pks) WHERE value IS NOT ?1 ORDER BY key))
WHERE cover = ?1 OR ?1 IN (SELECT value FROM json_each(pks))"""


def purge(library: Storage, ids: list[str]) -> Outcome:
    """Destroy trashed images for good: their files, their history, and tags that only they had.

    An id that is not in the trash is passed over.
    """
    originals, plan = library.originals, Plan()
    with originals.intents.carried_out(plan, "purge", undoable=False) as transaction:
        for image_id in ids:
            row = transaction.run("SELECT pk, file, digest FROM trash WHERE id = ?",
                                  image_id).fetchone()
            if row is None:
                continue
            names = [row["file"]] if row["file"] else []
            names += [r["file"] for r in transaction.run(
                "SELECT file FROM replaced WHERE image = ?", image_id)]
            plan.drop.extend(originals.trash_dir / name for name in names)
            originals.early.forget(row["digest"])
            for table, column in (("trash", "id"), ("replaced", "image"), ("changes", "image")):
                transaction.run(f"DELETE FROM {table} WHERE {column} = ?", image_id)
            transaction.run("DELETE FROM picks WHERE image = ?", row["pk"])
            transaction.run(_OUT_OF_ALBUMS, row["pk"])
            # One line stays, so that a build that has not seen the deletion still does.
            transaction.run(
                "INSERT INTO changes (pk, image, at, action, batch, kind, before, after)"
                " VALUES (?, ?, ?, 'purge', ?, 'purge', '{}', '{}')",
                row["pk"], image_id, utc_now(), transaction.batch)
        # A tag says something of the images that wore it.
        transaction.run("DELETE FROM tags WHERE id NOT IN (SELECT tag FROM image_tags)")
        transaction.run("DELETE FROM albums WHERE tag NOT IN (SELECT name FROM tags)"
                        " AND pks = '[]'")
    return transaction.outcome


def destroy(library: Storage, image_id: str, if_version: int | None = None) -> Outcome:
    """Delete an image for good, wherever it is, as one step: nobody can bring it back between.

    Raises:
        NotFoundError: there is no such image. StaleError: it is no longer at *if_version*.
    """
    known = clean_id(image_id)
    with library.database.exclusive():
        if find_by_id(library.database.reader, known) is not None:
            check_version(library.get(known), if_version)
            rearrange(library, [known], [], "delete")
        done = purge(library, [known])
    if not done.changed:
        raise NotFoundError(f"There is no image {image_id!r}.")
    return done


def file_the_deleted(library: Storage) -> Outcome:
    """Put the files of rows that another SQLite client deleted into the trash.

    Its trigger made a row of the trash, but only we can move the file.
    """
    originals, database = library.originals, library.database
    if not database.read("SELECT 1 FROM trash WHERE file IS NULL LIMIT 1"):
        return Outcome()
    with database.exclusive(), contextlib.suppress(ConflictError):  # then the next scan sees to it
        plan, files, stats = Plan(), {}, {}
        for row in database.read("SELECT id, digest, record FROM trash WHERE file IS NULL"):
            name = _name_in(row)
            path = originals.folder / name
            if is_plain_file(path) and not _is_taken(originals, name):
                try:
                    read = fingerprint(path)
                except OSError:  # one bad file stops no other; the next scan tries again
                    continue
                if read.digest == row["digest"]:
                    target = originals.trash_path(read)
                    plan.moves.append((path, target))
                    files[row["id"]], stats[target] = target.name, read.stat
        if files:
            with originals.intents.carried_out(plan, "delete", undoable=False) as transaction:
                for target, look in stats.items():
                    require_unchanged(target, look)
                for image_id, file in files.items():
                    transaction.run("UPDATE trash SET file = ? WHERE id = ?", file, image_id)
            return Outcome(changed=tuple(files))
    return Outcome()


def file_what_changed(library: Storage) -> None:
    """File what another program wrote to in the trash under what it is now.

    It had the file open when that was moved there, and nobody can take that from it. The record of
    a deleted image is then left without its file, as its bytes are gone; nothing else is.
    """
    folder = library.originals.trash_dir
    for table, key, since in (("trash", "id", "deleted_at"), ("replaced", "image", "at")):
        for row in library.database.read(f"SELECT {key} AS id, digest, file, {since} AS since"
                                         f" FROM {table} WHERE file IS NOT NULL"):
            path = folder / row["file"]
            if not is_plain_file(path) or not changed_since(path, row["since"]):
                continue
            if (now := fingerprint(path)).digest == row["digest"]:
                continue
            with library.database.write("check", undoable=False) as transaction:
                if table == "trash":
                    transaction.run("UPDATE trash SET file = NULL WHERE id = ?", row["id"])
                else:
                    transaction.run("DELETE FROM replaced WHERE file = ?", row["file"])
                transaction.run("INSERT OR IGNORE INTO replaced VALUES (?, ?, ?, ?)", row["id"],
                                now.digest, row["file"], utc_now())

