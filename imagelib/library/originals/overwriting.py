"""A file of the library was written over: whose are rating, tags and prompt now?

They belong to the picture, and the name proves nothing. Nobody has a reason to write to a
name of ours, so its recorded bytes are looked for and put back, and what was written over
them becomes an image of its own. A file under a name that its owner gave may have been
edited: what still looks alike stays the same image, with its earlier bytes kept if they
are found. Anything else is another picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imagelib.errors import InvalidError
from imagelib.formats import EXTENSIONS
from imagelib.library.originals.fingerprints import Fingerprint, fingerprint
from imagelib.library.originals.intents import Plan
from imagelib.library.originals.originals import Inspected, NewImage, file_columns, is_managed
from imagelib.library.store.disk import Stat, stat_of, to_stat
from imagelib.library.store.rows import note_stat, update
from imagelib.library.values.image import Image, read_phash
from imagelib.library.values.outcome import Failure, Followed, Outcome
from imagelib.library.values.text import generated

if TYPE_CHECKING:
    from imagelib.library.originals.storage import Storage

#: An edited picture differs from what it was in at most so many of the 64 bits of its stats.
_EDITED = 16


def follow_new_bytes(library: Storage, image: Image, seen: Stat | None) -> Followed:
    """Decide what the new bytes in the place of *image* are, and carry it out.

    *seen* is how the file looked to the scan; one that looks different again is left to
    the next scan. An image that is only flagged is among the failures, with the reason.

    Raises:
        FileNotFoundError: it is gone again.
    """
    originals, path = library.originals, library.originals.path_of(image)
    try:
        read = fingerprint(path)
        inspected, problem = originals.inspect(path, read=read), ""
    except InvalidError as error:
        inspected, problem = None, str(error)
    staged = originals.stage_recorded(image)
    try:
        with library.database.exclusive():
            now = library.get(image.id)
            if (now.digest, now.file_name) != (image.digest, image.file_name) or (
                    read.stat != seen or stat_of(path) != seen):
                return Followed()
            if is_managed(image.file_name):
                if staged is None:
                    return _flag(library, image, read.stat, problem or "it was written over, and"
                                 " its own bytes are nowhere to be found")
                return _put_back(library, image, inspected, read, staged)
            if inspected is None:
                return _flag(library, image, read.stat, problem)
            if _is_edited(image, inspected) and not originals.find_digest(inspected.digest):
                return _take_over(library, image, inspected, staged)
            return _part(library, image, inspected, staged)
    finally:
        if staged is not None:
            staged.unlink(missing_ok=True)


def put_right(library: Storage, image: Image) -> Outcome:
    """Bytes that the disk lost by itself: put the recorded ones back if they are found."""
    originals, path = library.originals, library.originals.path_of(image)
    staged = originals.stage_recorded(image)
    try:
        with library.database.exclusive():
            read = fingerprint(path)
            if staged is None or read.digest == image.digest:
                return _flag(library, image, read.stat, "")
            return originals.give_back(image, staged, "altered")
    finally:
        if staged is not None:
            staged.unlink(missing_ok=True)


def _flag(library: Storage, image: Image, read: Stat, problem: str) -> Followed:
    with library.database.write("altered", undoable=False) as transaction:
        update(transaction, image.pk, {"file_state": "altered"})
        note_stat(transaction, image.pk, library.originals.path_of(image), read)
    if problem:
        return Followed(failures=(Failure(image.file_name, problem),))
    return Followed(changed=(image.id,))


def _put_back(library: Storage, image: Image, inspected: Inspected | None, read: Fingerprint,
              staged: Path) -> Followed:
    """The recorded bytes get their place again; what lay there becomes an image, or is kept."""
    originals, path = library.originals, library.originals.path_of(image)
    ours = to_stat(staged.stat())
    plan = Plan(new=[(staged, path, image.digest)])
    prepared = None
    if inspected is not None and not originals.find_digest(read.digest) and (
            not originals.find_trashed(read.digest)):
        prepared = originals.prepare(NewImage(inspected, None, image.original_name))
        aside = originals.folder / prepared[0]["file_name"]
    else:
        aside = originals.trash_path(read)
    plan.moves.append((path, aside))
    with originals.intents.carried_out(plan, "altered", undoable=False) as transaction:
        if prepared is not None:
            originals.add_row(transaction, *prepared, read.stat)
        else:
            originals.keep(transaction, plan, image.id, read, aside)
        update(transaction, image.pk, {"file_state": "ok"})
        note_stat(transaction, image.pk, path, ours)
    return _followed(image, prepared[0]["id"] if prepared else "")


def _take_over(library: Storage, image: Image, inspected: Inspected,
               staged: Path | None) -> Followed:
    """The picture was edited: the image has its new bytes; the earlier ones, if found, are kept."""
    originals = library.originals
    plan = Plan()
    kept = None
    if staged is not None:
        kept = Fingerprint(to_stat(staged.stat()), image.digest)
        plan.new.append((staged, originals.trash_path(kept), image.digest))
    with originals.intents.carried_out(plan, "altered", undoable=bool(staged)) as transaction:
        if kept is not None:
            originals.keep(transaction, plan, image.id, kept, plan.new[0][1])
        update(transaction, image.pk, file_columns(inspected) | {"file_state": "ok"})
        note_stat(transaction, image.pk, inspected.path, inspected.stat)
    return _followed(image)


def _part(library: Storage, image: Image, inspected: Inspected,
          staged: Path | None) -> Followed:
    """Another picture has the name: the image gets a name of ours, and its file if it is found.

    What lies there is taken in by itself, unless it is here already or was deleted.
    """
    originals = library.originals
    own = originals.free_place(image.id + EXTENSIONS[image.mime_type])
    plan = Plan(new=[] if staged is None else [(staged, own, image.digest)])
    ours = to_stat(staged.stat()) if staged else None
    prepared = None
    if not originals.find_digest(inspected.digest) and not originals.find_trashed(
            inspected.digest):
        prepared = originals.prepare(NewImage(inspected, None, inspected.path.name,
                                              in_place=True))
    with originals.intents.carried_out(plan, "altered", undoable=False) as transaction:
        update(transaction, image.pk, {
            "file_name": own.relative_to(originals.folder).as_posix(),
            "file_state": "missing" if staged is None else "ok"})
        if ours is not None:
            note_stat(transaction, image.pk, own, ours)
        if prepared is not None:
            originals.add_row(transaction, *prepared, inspected.stat)
    return _followed(image, prepared[0]["id"] if prepared else "")


def _followed(image: Image, new: str = "") -> Followed:
    added = (new,) if new else ()
    return Followed(changed=(image.id, *added), added=added)


def _is_edited(image: Image, inspected: Inspected) -> bool:
    """Whether the new bytes are still the same picture: no other seed, and alike to look at."""
    seeds = generated(image, "seed"), str(inspected.draft.generation.get("seed", ""))
    if all(seeds) and seeds[0] != seeds[1]:
        return False
    before, after = read_phash(image.phash), read_phash(inspected.phash)
    if before is None or after is None:
        return image.prompt_text == inspected.draft.prompt_text and image.phash == inspected.phash
    return (before ^ after).bit_count() <= _EDITED
