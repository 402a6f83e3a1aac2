"""Repairs that a person asks for: find lost files, accept changed ones, take strays in.

Nothing is destroyed: what stood in the place of a file that comes back is kept
with the image in the trash. A repair of many goes on behind one that fails.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from imagelib.errors import ConflictError, ImagelibError, InvalidError
from imagelib.library.originals.drift import Drift
from imagelib.library.originals.originals import Inspected, NewImage, file_columns
from imagelib.library.originals.walking import walk_files
from imagelib.library.store.database import Transaction
from imagelib.library.store.disk import digest, stat_of
from imagelib.library.store.rows import find_by_id, note_stat, require, select, update
from imagelib.library.values.image import Image
from imagelib.library.values.outcome import Failure, Outcome

if TYPE_CHECKING:
    from imagelib.library.originals.storage import Storage


def wanted_files(library: Storage, drift: Drift | None = None) -> list[Image]:
    """The images without their right file: those flagged, and those that *drift* has found."""
    flagged = select(library.database.reader, "WHERE i.file_state <> 'ok'", raw=False)
    found = [*drift.missing, *drift.altered, *drift.damaged] if drift else []
    return list({image.pk: image for image in [*flagged, *found]}.values())


def locate(library: Storage, place: Path, wanted: Iterable[Image] | None = None) -> Outcome:
    """Bring lost files back from *place*, a folder or one file.

    They are recognised by size and digest and copied into their places, wherever they lie
    below *place*, which stays as it is. Looked for are those of *wanted*, by default of all
    images that are flagged.

    Raises:
        InvalidError: there is no such place.
    """
    by_size: dict[int, list[Image]] = defaultdict(list)
    for image in wanted_files(library) if wanted is None else wanted:
        by_size[image.size_bytes].append(image)
    found: list[str] = []
    for path, size in _files(place):
        candidates = by_size.get(size)
        if not candidates:
            continue
        try:
            checksum = digest(path)
        except OSError:  # one bad file keeps nobody from looking at the others
            continue
        for image in [i for i in candidates if i.digest == checksum]:
            staged = library.originals.stage(path)
            try:
                if digest(staged) != checksum:
                    continue  # it was written to meanwhile
                with library.database.exclusive():
                    # Somebody may have brought it back, or deleted it, while we looked.
                    now = find_by_id(library.database.reader, image.id)
                    if now is None or now.digest != checksum:
                        continue
                    there = library.originals.read_in_place(now)
                    if there is not None and there.digest == checksum:
                        continue
                    library.originals.give_back(now, staged)
            finally:
                staged.unlink(missing_ok=True)
            candidates.remove(image)
            found.append(image.id)
    return Outcome(changed=tuple(found))


def _files(place: Path) -> Iterator[tuple[Path, int]]:
    if place.is_dir():
        for name, (size, _, _) in walk_files(place):
            yield place / name, size
    elif place.is_file():
        yield place, place.stat().st_size
    else:
        raise InvalidError.of("locate", "there is no such folder or file on this machine")


def accept(library: Storage, ids: Iterable[str]) -> Outcome:
    """Take what lies in the places of these images as their files, with new digest and size.

    There is no way back: the bytes that were there before are gone already.
    """
    changed: list[str] = []
    failures: list[Failure] = []
    ready: list[tuple[Image, Inspected]] = []
    for image_id in ids:
        try:
            image = library.get(image_id)
            path = library.originals.path_of(image)
            ready.append((image, library.originals.inspect(path)))
        except (ImagelibError, OSError) as error:
            failures.append(Failure(image_id, _reason(library, error)))
    with library.database.exclusive(), library.database.write(
            "accept file", undoable=False) as transaction:
        for image, inspected in ready:
            try:
                _check_accepted(transaction, image, inspected)
            except ImagelibError as error:
                failures.append(Failure(image.id, _reason(library, error)))
                continue
            update(transaction, image.pk, file_columns(inspected) | {"file_state": "ok"})
            note_stat(transaction, image.pk, inspected.path, inspected.stat)
            changed.append(image.id)
    return Outcome(changed=tuple(changed), failures=tuple(failures))


def _check_accepted(transaction: Transaction, image: Image, inspected: Inspected) -> None:
    now = require(select(transaction.connection, "WHERE i.id = ?", [image.id], raw=False),
                  image.id)
    if now.file_name != image.file_name or stat_of(inspected.path) != inspected.stat:
        raise ConflictError("It was changed meanwhile. Look again.")
    others = select(transaction.connection, "WHERE i.digest = ? AND i.id <> ?",
                    [inspected.digest, image.id], raw=False)
    if others:
        raise ConflictError(f"These bytes are the image {others[0].id} already.")


def adopt(library: Storage, names: Iterable[str], strays: Iterable[str]) -> Outcome:
    """Make files that lie under `images/` images, where they are, as one batch.

    *strays* are the names that a scan has found; no other is taken.
    """
    failures: list[Failure] = []
    known = set(strays)
    new_images: dict[str, NewImage] = {}
    for name in dict.fromkeys(names):
        try:
            if name not in known:
                raise InvalidError("There is no such stray file.")
            path = library.originals.folder / name
            inspected = library.originals.inspect(path, path)
            if inspected.digest in new_images:
                raise ConflictError("These bytes are an image already.")
            new_images[inspected.digest] = NewImage(inspected, None, path.name, in_place=True)
        except (ImagelibError, OSError) as error:
            failures.append(Failure(name, _reason(library, error)))
    with library.database.exclusive():
        ready = []
        for new_image in new_images.values():
            inspected = new_image.inspected
            name = inspected.path.relative_to(library.originals.folder).as_posix()
            if library.originals.find_digest(inspected.digest):
                failures.append(Failure(name, "These bytes are an image already."))
            elif stat_of(inspected.path) != inspected.stat:
                failures.append(Failure(name, "It was changed meanwhile. Look again."))
            else:
                ready.append(new_image)
        done = library.originals.insert(ready) if ready else Outcome()
    return replace(done, failures=tuple(failures))


def _reason(library: Storage, error: ImagelibError | OSError) -> str:
    """What went wrong, without where on this machine the library lies."""
    if isinstance(error, FileNotFoundError):
        return "The file is not there."
    text = (error.strerror or "It cannot be read.") if isinstance(error, OSError) else str(error)
    return text.replace(f"{library.originals.folder}/", "")
