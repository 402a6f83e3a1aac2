"""Make the library follow the disk, without loss.

A moved file keeps its metadata, a missing one is flagged and never deleted, and
what a scan refuses is not touched. History says what was done.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from imagelib.errors import ImagelibError, InvalidError
from imagelib.library.drift import Drift, Scanner
from imagelib.library.folders import folder_times
from imagelib.library.models import Image
from imagelib.library.originals import file_columns, note_stat, update
from imagelib.library.records import select_pks

if TYPE_CHECKING:
    from imagelib.library.library import Library


@dataclass(slots=True)
class Settled:
    """What `settle` did."""

    added: list[Image] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    changed: int = 0


def settle(library: Library, scanner: Scanner, drift: Drift, *, accept_missing: bool = False,
           adopt: bool = True) -> Settled:
    """Make the library follow the disk. Nothing is deleted, and history says what was done."""
    done = Settled()
    if drift.refused and not accept_missing:
        return done
    folder = library.originals.folder
    _follow_names(library, drift, done)
    for image in drift.altered:
        _take_new_bytes(library, image, done)
    if drift.rotten:
        with library.database.write("altered", undoable=False) as transaction:
            for image in drift.rotten:
                update(transaction, image.pk, {"file_state": "altered"})
        done.changed += len(drift.rotten)
    for name in drift.stray if adopt else []:
        try:
            image, new = library.add(folder / name, in_place=True)
        except FileNotFoundError:
            continue  # gone again; the next scan will say
        except (ImagelibError, OSError) as error:
            scanner.give_up(name, str(error))
            done.failed.append((name, str(error)))
            continue
        if new:
            done.added.append(image)
    remember_folders(library)
    return done


def _follow_names(library: Library, drift: Drift, done: Settled) -> None:
    folder = library.originals.folder
    if not (drift.moved or drift.missing or drift.returned or drift.touched):
        return
    altered = {image.pk for image in drift.altered}
    with library.database.write("follow the disk", undoable=False) as transaction:
        now = select_pks(transaction.connection, [
            image.pk for image in [*drift.missing, *drift.returned, *drift.touched,
                                   *(image for image, _ in drift.moved)]
        ], raw=False)
        # What was true when we looked is asked once more, now that nobody else can write.
        for image, name in drift.moved:
            current = now.get(image.pk)
            if current and current.digest == image.digest and (folder / name).is_file():
                update(transaction, image.pk, {"file_name": name, "file_state": "ok"})
                note_stat(transaction, image.pk, (folder / name).stat())
                done.changed += 1
        for image in drift.missing:
            current = now.get(image.pk)
            if current and current.file_state != "missing" and not (
                folder / current.file_name
            ).exists():
                update(transaction, image.pk, {"file_state": "missing"})
                done.changed += 1
        for image in [*drift.returned, *drift.touched]:
            path = folder / image.file_name
            current = now.get(image.pk)
            if current is None or current.file_name != image.file_name or not path.is_file():
                continue
            if image.pk not in altered:
                if current.file_state != "ok":
                    update(transaction, image.pk, {"file_state": "ok"})
                    done.changed += 1
                note_stat(transaction, image.pk, path.stat())


def _take_new_bytes(library: Library, image: Image, done: Settled) -> None:
    """A file was written over: take its new bytes if they are a picture, else flag it."""
    path = library.originals.path_of(image)
    try:
        inspected = library.originals.inspect(path)
    except FileNotFoundError:
        return
    except (InvalidError, OSError) as error:
        done.failed.append((image.file_name, str(error)))
        with library.database.write("altered", undoable=False) as transaction:
            update(transaction, image.pk, {"file_state": "altered"})
            note_stat(transaction, image.pk, path.stat())
        return
    columns = file_columns(inspected) | {"file_state": "ok"}
    with library.database.write("altered", undoable=False) as transaction:
        update(transaction, image.pk, columns)
        note_stat(transaction, image.pk, path.stat())
    done.changed += 1


def remember_folders(library: Library) -> None:
    """Note how the folders look after a scan, so that `build` sees new files at once."""
    folders = json.dumps(folder_times(library.originals.folder))
    if library.database.read("SELECT 1 FROM meta WHERE key = 'scanned' AND value = ?", folders):
        return
    with library.database.write("scan", undoable=False) as transaction:
        transaction.run("INSERT OR REPLACE INTO meta VALUES ('scanned', ?)", folders)


def taken_files(library: Library) -> dict[Path, tuple[int, int]]:
    """Files of further folders that were dealt with, and their size and mtime then."""
    return {Path(row["path"]): (row["size_bytes"], row["mtime_ns"])
            for row in library.database.read("SELECT * FROM taken")}


def note_taken(library: Library, path: Path, look: tuple[int, int]) -> None:
    """Remember that the file at *path* was dealt with as it looked."""
    with library.database.write("watch", undoable=False) as transaction:
        transaction.run("INSERT OR REPLACE INTO taken VALUES (?, ?, ?)", str(path), *look)
