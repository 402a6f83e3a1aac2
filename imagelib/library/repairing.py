"""Repairs that a person asks for: find lost files, accept changed ones, take strays in.

Nothing is destroyed: what stood in the place of a file that comes back is kept
with the image in the trash. A repair of many goes on behind one that fails.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from imagelib.errors import ConflictError, ImagelibError, InvalidError
from imagelib.library.drafts import ImageDraft
from imagelib.library.drift import Drift, walk_files
from imagelib.library.files import digest
from imagelib.library.models import Image
from imagelib.library.originals import Inspected, Newcomer, file_columns, note_stat, update
from imagelib.library.records import select

if TYPE_CHECKING:
    from imagelib.library.library import Library


@dataclass(slots=True)
class Repaired:
    """What a repair did: the ids that changed, (id or name, reason) of those that did not."""

    changed: list[str] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    #: What `undo` takes back, or None where there is no way back.
    batch: str | None = None


def wanted_files(library: Library, drift: Drift | None = None) -> list[Image]:
    """The images without their right file: those flagged, and those that *drift* has found."""
    flagged = select(library.database.reader, "WHERE i.file_state <> 'ok'", raw=False)
    found = [*drift.missing, *drift.altered, *drift.rotten] if drift else []
    return list({image.pk: image for image in [*flagged, *found]}.values())


def locate(library: Library, place: Path, wanted: Iterable[Image] | None = None) -> list[Image]:
    """Bring lost files back from *place*, a folder or one file; return their images.

    They are recognised by size and digest and copied into their places, wherever they lie
    below *place*, which stays as it is. Looked for are those of *wanted*, by default of all
    images that are flagged.

    Raises:
        InvalidError: there is no such place.
    """
    by_size: dict[int, list[Image]] = defaultdict(list)
    for image in wanted_files(library) if wanted is None else wanted:
        by_size[image.size_bytes].append(image)
    found: list[Image] = []
    for path, size in _files(place):
        candidates = by_size.get(size)
        if not candidates:
            continue
        checksum = digest(path)
        for image in [i for i in candidates if i.digest == checksum]:
            staged = library.originals.stage(path)
            try:
                library.originals.give_back(image, staged)
            finally:
                staged.unlink(missing_ok=True)
            candidates.remove(image)
            found.append(image)
    return found


def _files(place: Path) -> Iterator[tuple[Path, int]]:
    if place.is_dir():
        for name, (size, _, _) in walk_files(place):
            yield place / name, size
    elif place.is_file():
        yield place, place.stat().st_size
    else:
        raise InvalidError.of("locate", "there is no such folder or file on this machine")


def accept(library: Library, ids: Iterable[str]) -> Repaired:
    """Take what lies in the places of these images as their files, with new digest and size.

    There is no way back: the bytes that were there before are gone already.
    """
    done = Repaired()
    ready: list[tuple[Image, Inspected]] = []
    for image_id in ids:
        try:
            image = library.get(image_id)
            ready.append((image, _inspect_own(library, image)))
        except (ImagelibError, OSError) as error:
            done.failures.append((image_id, _reason(library, error)))
    with library.database.write("accept file", undoable=False) as transaction:
        for image, inspected in ready:
            update(transaction, image.pk, file_columns(inspected) | {"file_state": "ok"})
            note_stat(transaction, image.pk, inspected.path.stat())
    done.changed = [image.id for image, _ in ready]
    return done


def _inspect_own(library: Library, image: Image) -> Inspected:
    inspected = library.originals.inspect(library.originals.path_of(image))
    other = library.originals.find_digest(inspected.digest)
    if other and other.id != image.id:
        raise ConflictError(f"These bytes are the image {other.id} already.")
    return inspected


def adopt(library: Library, names: Iterable[str], strays: Iterable[str]) -> Repaired:
    """Make files that lie under `images/` images, where they are, as one batch.

    *strays* are the names that a scan has found; no other is taken.
    """
    done = Repaired()
    known = set(strays)
    newcomers: dict[str, Newcomer] = {}
    with library.adding:
        for name in dict.fromkeys(names):
            try:
                if name not in known:
                    raise InvalidError("There is no such stray file.")
                path = library.originals.folder / name
                inspected = library.originals.inspect(path, path)
                if inspected.digest in newcomers or library.originals.find_digest(
                        inspected.digest):
                    raise ConflictError("These bytes are an image already.")
                newcomers[inspected.digest] = Newcomer(inspected, ImageDraft(), path.name,
                                                       in_place=True)
            except (ImagelibError, OSError) as error:
                done.failures.append((name, _reason(library, error)))
        if newcomers:
            done.changed = library.originals.insert(list(newcomers.values()))
            done.batch = library.history(done.changed[0])[0].batch
    return done


def _reason(library: Library, error: ImagelibError | OSError) -> str:
    """What went wrong, without where on this machine the library lies."""
    if isinstance(error, FileNotFoundError):
        return "The file is not there."
    text = (error.strerror or "It cannot be read.") if isinstance(error, OSError) else str(error)
    return text.replace(f"{library.originals.folder}/", "")
