"""Make the library follow the disk, without loss.

A moved file keeps its metadata, a missing one is flagged and never deleted, and
what a scan refuses is not touched. History says what was done. What was true when
the scan looked is asked once more where nobody else of ours can write.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from imagelib.errors import ConflictError, InvalidError
from imagelib.formats import EXTENSIONS, IMAGE_SUFFIXES
from imagelib.library.originals.drift import Drift, Scanner
from imagelib.library.originals.intake import take_in
from imagelib.library.originals.overwriting import follow_new_bytes, put_right
from imagelib.library.originals.trashing import file_the_deleted
from imagelib.library.store.disk import copy_apart, digest, stat_of, sync_folder, to_stat
from imagelib.library.store.rows import note_stat, rename_files, select_pks, update
from imagelib.library.values.image import Image
from imagelib.library.values.outcome import Failure, Followed, Outcome
from imagelib.pool import completed

if TYPE_CHECKING:
    from imagelib.library.originals.storage import Storage


def follow_disk(library: Storage, scanner: Scanner, drift: Drift, *, accept_missing: bool = False,
           adopt: bool = True, on_added: Callable[[Image], None] = lambda image: None,
           progress: Callable[[int, int], None] = lambda done, total: None) -> Followed:
    """Make the library follow the disk. Nothing is deleted, and history says what was done.

    One file that cannot be dealt with stops nothing: it is among the failures. *on_added* gets each
    image that is new, *progress* is told of each new file that was dealt with.
    """
    if drift.refused and not accept_missing:
        return Followed()
    done = _Done(scanner, on_added)
    done.note(file_the_deleted(library))
    done.note(_follow_names(library, drift))
    for image in drift.altered:
        done.guard(image.file_name, lambda image=image: done.with_new(  # type: ignore[misc]
            library, follow_new_bytes(library, image, drift.stats.get(image.file_name))))
    for image in drift.damaged:
        done.guard(image.file_name, lambda image=image: put_right(library, image))  # type: ignore[misc]
    for image in drift.shared:
        done.guard(image.file_name, lambda image=image: _separate(library, image))  # type: ignore[misc]

    def adopted(name: str) -> Outcome:
        taken = take_in(library, library.originals.folder / name, in_place=True, found=True)
        if taken.image is not None and taken.status == "new":
            done.add(taken.image)
        return taken

    def guarded(name: str) -> None:
        done.guard(name, lambda: adopted(name))

    new = drift.stray if adopt else []
    for number, (_, step) in enumerate(completed(guarded, new, 2 * library.sandbox.size), 1):
        step.result()
        progress(number, len(new))
    if drift.folders:
        _remember(library, drift.folders)
    return Followed(changed=tuple(done.changed), failures=tuple(done.failures),
                    added=tuple(done.added))


class _Done:
    """What was done so far: no more than ids, as a new library may have a hundred thousand."""

    def __init__(self, scanner: Scanner, on_added: Callable[[Image], None]) -> None:
        self._scanner, self._on_added = scanner, on_added
        self.changed: dict[str, None] = {}
        self.failures: list[Failure] = []
        self.added: list[str] = []

    def note(self, outcome: Outcome) -> None:
        self.changed.update(dict.fromkeys(outcome.changed))
        self.failures.extend(outcome.failures)

    def add(self, image: Image) -> None:
        self.added.append(image.id)
        self._on_added(image)

    def with_new(self, library: Storage, outcome: Followed) -> Followed:
        """The same, with what is new added."""
        for image in outcome.added:
            self.add(library.get(image))
        return outcome

    def guard(self, name: str, step: Callable[[], Outcome]) -> None:
        """Take a step for the file *name*, whose failure stops no other."""
        try:
            self.note(step())
        except FileNotFoundError:
            pass  # gone again; the next scan will say
        except (InvalidError, ConflictError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            self._scanner.give_up(name, reason)
            self.failures.append(Failure(name, reason))


def _follow_names(library: Storage, drift: Drift) -> Outcome:
    if not (drift.moved or drift.missing or drift.returned or drift.touched):
        return Outcome()
    folder = library.originals.folder
    with library.database.exclusive(), library.database.write(
            "follow the disk", undoable=False) as transaction:
        seen = [*drift.missing, *drift.returned, *drift.touched,
                *(image for image, _ in drift.moved)]
        now = select_pks(transaction.connection, [image.pk for image in seen], raw=False)

        def is_as_seen(image: Image, name: str) -> bool:
            """Whether row and file are still what the scan has seen."""
            current = now.get(image.pk)
            return (current is not None and current.digest == image.digest
                    and current.file_name == image.file_name
                    and stat_of(folder / name) == drift.stats.get(name))

        moved = {image.pk: name for image, name in drift.moved if is_as_seen(image, name)}
        gone = {image.pk: image for image in drift.missing
                if is_as_seen(image, image.file_name) or _is_taken_by(moved, image)}
        names = dict(moved)
        for pk, image in gone.items():
            if image.file_name in moved.values():  # its name belongs to another file by now
                # A new name: its own id may be what somebody has called another file.
                names[pk] = str(uuid.uuid4()) + EXTENSIONS.get(image.mime_type, "")
        holders = {row["file_name"]: row["pk"] for row in transaction.run(
            "SELECT pk, file_name FROM images WHERE file_name IN (SELECT value FROM json_each(?))",
            json.dumps(list(names.values())))}
        # Whoever keeps a name keeps others from it, and so on; the next scan will see.
        while kept := [pk for pk, name in names.items()
                       if holders.get(name, pk) not in names]:
            for pk in kept:
                del names[pk]
                moved.pop(pk, None)
        rename_files(transaction, names)
        for pk, name in moved.items():
            update(transaction, pk, {"file_state": "ok"})
            note_stat(transaction, pk, folder / name, drift.stats[name])
        for pk in gone:
            if now[pk].file_state != "missing" or pk in names:
                update(transaction, pk, {"file_state": "missing"})
        for image in [*drift.returned, *drift.touched]:
            if is_as_seen(image, image.file_name):
                if now[image.pk].file_state != "ok":
                    update(transaction, image.pk, {"file_state": "ok"})
                note_stat(transaction, image.pk, folder / image.file_name,
                          drift.stats[image.file_name])
    return transaction.outcome


def _is_taken_by(moved: dict[int, str], image: Image) -> bool:
    """Whether another image has the name of this one by now."""
    return image.file_name in moved.values()


def _separate(library: Storage, image: Image) -> Outcome:
    """Give a file of ours an inode that nobody else has; the bytes stay.

    The first version linked it with a watched folder's file or the site's copy: whoever
    wrote over one wrote over all.
    """
    path = library.originals.path_of(image)
    staged = library.originals.intents.staging_path(path.parent)
    try:
        before = stat_of(path)
        copy_apart(path, staged, sync=True)
        if digest(staged) != image.digest:
            return Outcome()  # the next scan sees that it is altered
        ours = to_stat(staged.stat())
        with library.database.exclusive(), library.database.write(
                "separate", undoable=False) as transaction:
            if library.get(image.id).file_name == image.file_name and (
                    before is not None and stat_of(path) == before):
                staged.replace(path)
                sync_folder(path.parent)
                note_stat(transaction, image.pk, path, ours)
        return transaction.outcome
    finally:
        staged.unlink(missing_ok=True)


def _remember(library: Storage, times: Mapping[str, int]) -> None:
    """Note the *times* of folders in a scan that was followed, so that `build` need not scan."""
    folders = json.dumps(times)
    if library.database.read("SELECT 1 FROM meta WHERE key = 'scanned' AND value = ?", folders):
        return
    with library.database.write("scan", undoable=False) as transaction:
        transaction.run("INSERT OR REPLACE INTO meta VALUES ('scanned', ?)", folders)


def taken_files(library: Storage) -> dict[Path, tuple[int, int]]:
    """Files of further folders that were dealt with, and their size and mtime then.

    Not those of which an earlier version took none although their names promise a picture.
    """
    return {path: (row["size_bytes"], row["mtime_ns"])
            for row in library.database.read("SELECT * FROM taken")
            for path in [Path(row["path"])]
            if row["digest"] or path.suffix.lower() not in IMAGE_SUFFIXES}


def note_taken(library: Storage, path: Path, seen: tuple[int, int], checksum: str = "") -> None:
    """Remember that the file at *path* was dealt with as it was seen; *checksum* is its digest."""
    with library.database.write("watch", undoable=False) as transaction:
        transaction.run("INSERT OR REPLACE INTO taken VALUES (?, ?, ?, ?)", str(path), *seen,
                        checksum)
