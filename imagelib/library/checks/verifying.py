"""Is what follows from the rows, and what is parked beside them, as it should be?

A scan compares `images/` with the rows (`imagelib.library.originals.drift`). This looks at the
rest: the folded texts and their index, which searches go by; the trash and the earlier files, which
undo goes by; and files in the making that nobody will finish. Nothing here destroys what may be a
picture.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from imagelib.library.checks.replaying import engine_faults, history_faults
from imagelib.library.originals.intents import PARTIAL
from imagelib.library.originals.trashing import file_what_changed
from imagelib.library.records.lookalikes import merge
from imagelib.library.store import folding, schema
from imagelib.library.store.disk import digest, is_plain_file, make_folder, sync_folder
from imagelib.library.store.locks import FileLock, is_held
from imagelib.library.store.rows import chunks, select, select_pks
from imagelib.library.values.dates import utc_now
from imagelib.library.values.text import folded_row

if TYPE_CHECKING:
    from imagelib.config import Settings
    from imagelib.library.originals.storage import Storage
    from imagelib.library.store.database import Transaction

#: Where files of the trash go that belong to nothing that is known.
ASIDE = "aside"
_FOLDED = ("text", "model", "tool", "sampler", "seed")


@dataclass(slots=True)
class Findings:
    """What is wrong, a line each, by what it is about."""

    #: Rows that contradict each other.
    rows: list[str] = field(default_factory=list)
    #: What searches would not find, or would find in vain.
    text: list[str] = field(default_factory=list)
    #: Files of the trash that are lost, damaged, or that no row knows.
    trash: list[str] = field(default_factory=list)
    #: Files in the making that nobody is making any more.
    leftover: list[str] = field(default_factory=list)
    #: Changes that do not lead to the rows, and searches that the engines answer differently.
    history: list[str] = field(default_factory=list)


def verify(library: Storage, *, deep: bool = False) -> Findings:
    """Compare texts, trash and temporary files with the rows.

    *deep* reads the trash, replays the history and asks every engine, too.
    """
    replayed = [*history_faults(library), *engine_faults(library)] if deep else []
    return Findings(_contradictions(library), _text_faults(library),
                    [said for said, _ in _trash_faults(library, deep=deep)],
                    [str(path.relative_to(library.root)) if path.is_relative_to(library.root)
                     else str(path) for path in _leftovers(library)], replayed)


def mend(library: Storage) -> None:
    """Repair what is safe.

    The text index is made anew. A file in the trash that no row knows gets one if its bytes are
    those of an image that is known, and otherwise is moved aside. What nobody is making any
    more, and nobody was told of, is removed.
    """
    with library.database.exclusive():  # nobody begins, or finishes, what is judged here
        _make_doubles_one(library)
        if _text_faults(library):
            with library.database.write("check", undoable=False) as transaction:
                folding.fold_anew(transaction.connection)
        file_what_changed(library)
        for _, path in list(_trash_faults(library)):
            if path is None:
                continue
            with library.database.write("check", undoable=False) as transaction:
                if not _adopt(transaction, path):
                    put_aside(library.settings, path)
        for path in _leftovers(library):
            path.unlink(missing_ok=True)


def put_aside(settings: Settings, path: Path) -> None:
    """Move a file that belongs to nothing to where nothing looks, and nothing destroys it."""
    aside = settings.private_dir / ASIDE
    make_folder(aside)
    path.rename(_free(aside / path.name))
    sync_folder(aside)
    sync_folder(path.parent)


def _make_doubles_one(library: Storage) -> None:
    """Images of the same bytes, which the first version could make, become one; from then on the
    tables allow no other."""
    for row in library.database.read(
            "SELECT digest FROM images GROUP BY digest HAVING count(*) > 1"):
        keep, *others = select(library.database.reader, "WHERE i.digest = ? ORDER BY i.pk",
                               [row["digest"]])
        merge(library, keep, others)
    with library.database.write("check", undoable=False) as transaction:
        transaction.run(schema.ONE_DIGEST)


def _contradictions(library: Storage) -> list[str]:
    found = [f"{row[1]} images have the bytes {row[0][:16]}" for row in library.database.read(
        "SELECT digest, count(*) FROM images GROUP BY digest HAVING count(*) > 1")]
    found += [f"{row[0]} is in the trash and in the library" for row in library.database.read(
        "SELECT id FROM trash WHERE id IN (SELECT id FROM images)")]
    return found


# -- texts ------------------------------------------------------------------


def _text_faults(library: Storage) -> list[str]:
    """Images whose text is not that of their row, and what the index has of it."""
    faults = []
    with library.database.write("check", undoable=False) as transaction:
        connection = transaction.connection
        folding.catch_up(connection)  # what another program wrote is only late
        held = {row[0] for row in connection.execute("SELECT pk FROM folded")}
        pks = [row[0] for row in connection.execute("SELECT pk FROM images ORDER BY pk")]
        faults += [f"the text of row {pk} belongs to no image" for pk in sorted(held - set(pks))]
        for chunk in chunks(pks):
            marks = ", ".join("?" * len(chunk))
            folded = {row["pk"]: tuple(row[name] for name in _FOLDED) for row in connection.execute(
                f"SELECT * FROM folded WHERE pk IN ({marks})", chunk)}
            faults += [f"{image.file_name} is not found by its text"
                       for pk, image in select_pks(connection, chunk, raw=False).items()
                       if folded.get(pk) != folded_row(image)]
        try:
            connection.execute(
                "INSERT INTO images_fts (images_fts, rank) VALUES ('integrity-check', 1)")
        except sqlite3.DatabaseError:
            faults.append("the text index is not that of the texts")
    return faults


# -- the trash --------------------------------------------------------------


def _trash_faults(library: Storage, *, deep: bool = False) -> Iterator[tuple[str, Path | None]]:
    """What is wrong, each with the file that no row knows, if it is one."""
    folder = library.originals.trash_dir
    known = set()
    for row in library.database.read(
            "SELECT id, digest, file FROM trash WHERE file IS NOT NULL"
            " UNION ALL SELECT image, digest, file FROM replaced"):
        known.add(row["file"])
        path = folder / row["file"]
        if not is_plain_file(path):
            yield f"{row['file']} of the image {row['id']} is gone", None
        elif deep and _digest(path) != row["digest"]:
            yield f"{row['file']} of the image {row['id']} has other bytes", None
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name not in known and not path.name.endswith(".partial"):
            yield f"{path.name} belongs to nothing that is known", path


def _adopt(transaction: Transaction, path: Path) -> bool:
    """Give a file in the trash a row again, if it was one of a known image; whether it was."""
    if not is_plain_file(path):
        return False
    checksum, folder = _digest(path), path.parent
    if not checksum:
        return False
    for table, key in (("trash", "id"), ("replaced", "image")):
        for row in transaction.run(
                f"SELECT {key} AS id, file FROM {table} WHERE digest = ?", checksum).fetchall():
            if row["file"] is None or not is_plain_file(folder / row["file"]):
                transaction.run(f"UPDATE {table} SET file = ? WHERE {key} = ? AND digest = ?",
                                path.name, row["id"], checksum)
                return True
    # An earlier file of an image that is still known.
    owners = transaction.run(
        "SELECT image, before, after FROM changes WHERE kind = 'update' AND"
        " (before LIKE ? OR after LIKE ?) AND NOT EXISTS (SELECT 1 FROM changes AS gone"
        " WHERE gone.image = changes.image AND gone.kind = 'purge') ORDER BY seq DESC",
        f"%{checksum}%", f"%{checksum}%").fetchall()
    for row in owners:
        if checksum in (json.loads(row["before"]).get("digest"),
                        json.loads(row["after"]).get("digest")):
            return transaction.run("INSERT OR IGNORE INTO replaced VALUES (?, ?, ?, ?)",
                                   row["image"], checksum, path.name, utc_now()).rowcount > 0
    return False


def _digest(path: Path) -> str:
    """The digest of a file; "" of one that cannot be read."""
    try:
        return digest(path)
    except OSError:
        return ""


def _free(path: Path) -> Path:
    """*path*, or the next name like it that nothing has."""
    number, found = 1, path
    while os.path.lexists(found):
        number += 1
        found = path.with_name(f"{path.name}-{number}")
    return found


# -- files in the making ----------------------------------------------------


def _leftovers(library: Storage) -> list[Path]:
    """Temporary files below the library, and below `images/`, that no living process makes."""
    settings = library.settings
    building = FileLock(settings.private_dir / "build.lock")
    is_idle = building.acquire()
    if is_idle:
        building.release()
    found = []
    for folder in {settings.root, settings.images_dir}:
        for root, folders, names in os.walk(folder):
            here = Path(root)
            if here == settings.root:
                # Beside these, a library may lie among anything: that is not ours to look at.
                folders[:] = [name for name in folders if here / name in (
                    settings.images_dir, settings.site_dir, settings.records_dir,
                    settings.private_dir)]
            if here in (settings.site_dir, settings.records_dir) and not is_idle:
                folders.clear()
                continue
            found += [here / name for name in names if _is_temporary(name)
                      and not _is_being_made(settings.private_dir / "run", name)]
    return sorted(set(found))


def _is_temporary(name: str) -> bool:
    return name.startswith(PARTIAL) or (name.startswith(".") and name.endswith(".partial"))


def _is_being_made(run_dir: Path, name: str) -> bool:
    """Whether the process that a temporary file names as its owner lives."""
    return name.startswith(PARTIAL) and is_held(
        run_dir / f"{name.removeprefix(PARTIAL).split('-')[0]}.lock")
