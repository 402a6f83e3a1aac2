"""Taking one picture in: new, here already, or deleted before.

What takes long, copying and decoding, is done first. Then everything is decided again
inside the lock under which it is carried out, so that the same bytes are one image,
whoever else takes them in at the same time.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from imagelib.errors import ConflictError
from imagelib.library.originals.fingerprints import fingerprint
from imagelib.library.originals.originals import Inspected, NewImage
from imagelib.library.originals.trashing import restore_with
from imagelib.library.store.disk import stat_of
from imagelib.library.store.rows import apply_patch
from imagelib.library.values.outcome import Added, Outcome

if TYPE_CHECKING:
    from imagelib.library.originals.storage import Storage
    from imagelib.library.values.fields import ImageDraft


def take_in(library: Storage, source: Path | str | IO[bytes], *, original_name: str = "",
            in_place: bool = False, found: bool = False, draft: ImageDraft | None = None) -> Added:
    """As `Library.add`, also for a picture that was only *found*: by a scan, in a watched folder.

    Such a one stays deleted if it lies in the trash.

    Raises:
        InvalidError: it is no picture, or a broken one.
        ConflictError: a file that should stay where it is was written to meanwhile.
    """
    if isinstance(source, str):
        source = Path(source).expanduser()
    if isinstance(source, Path) and not original_name:
        original_name = source.name
    named = source if isinstance(source, Path) else None
    path = named if in_place and named is not None else library.originals.stage(source)
    try:
        read = fingerprint(path)
        checksum = read.digest
        inspected: Inspected | None = None
        while True:
            if inspected is None and not _is_known(library, checksum):
                inspected = library.originals.inspect(path, named, read, derive=True)
            with library.database.exclusive():
                if found and not in_place and _was_taken(library, checksum):
                    return Added(status="deleted", digest=checksum)
                if _is_known(library, checksum):
                    return _again(library, path, checksum, draft, in_place=in_place, found=found)
                if inspected is not None:
                    if in_place and stat_of(path) != inspected.stat:
                        raise ConflictError(f"{path} was written to meanwhile. Try again.")
                    done = library.originals.insert(
                        [NewImage(inspected, draft, original_name, in_place)])
                    return Added(done.batch, done.changed, status="new", digest=checksum,
                                 image=library.get(done.changed[0]))
    finally:
        if not in_place:
            path.unlink(missing_ok=True)


def _was_taken(library: Storage, checksum: str) -> bool:
    """Whether a watched folder gave these bytes before, and they are no image any more.

    What was destroyed for good has left the trash, too, and still does not come back by itself.
    """
    return library.originals.find_digest(checksum) is None and bool(library.database.read(
        "SELECT 1 FROM taken WHERE digest = ? LIMIT 1", checksum))


def _is_known(library: Storage, checksum: str) -> bool:
    return bool(library.originals.find_digest(checksum)
                or library.originals.find_trashed(checksum))


def _again(library: Storage, path: Path, checksum: str, draft: ImageDraft | None, *,
           in_place: bool, found: bool) -> Added:
    """The bytes were taken in before."""
    originals, done = library.originals, Outcome()
    if existing := originals.find_digest(checksum):
        # If its file was lost, here it is again.
        if not in_place and (existing.file_state != "ok"
                             or stat_of(originals.path_of(existing)) is None):
            done = originals.give_back(existing, path)
        status: Literal["here", "restored"] = "here"
        image_id = existing.id
    else:
        trashed = originals.find_trashed(checksum)
        assert trashed is not None
        if found:
            return Added(status="deleted", digest=checksum)
        done = restore_with(library, trashed, path)
        status, image_id = "restored", trashed
    more, unused = _complete(library, image_id, draft) if draft else (Outcome(), ())
    # What was said of an image that comes back goes along when that is taken back.
    return Added(done.batch or more.batch, done.changed or more.changed, status=status,
                 image=library.get(image_id), digest=checksum, unused=unused)


def _complete(library: Storage, image_id: str,
              draft: ImageDraft) -> tuple[Outcome, tuple[str, ...]]:
    """Give an image what was said of it this time; also return what it has other values for.

    Tags are added, empty fields are filled. What a person wrote before is not written over.
    """
    image = library.get(image_id)
    fields: dict[str, Any] = {}
    unused = []
    for name in sorted(draft.model_fields_set):
        value, now = getattr(draft, name), getattr(image, name)
        if not value or value == now:
            continue
        if name == "tags":
            if more := [tag for tag in value if tag not in image.tags]:
                fields["add_tags"] = more
        elif not now:
            fields[name] = value
        else:
            unused.append(name)
    if not fields:
        return Outcome(), tuple(unused)
    from imagelib.library.values.fields import ImagePatch  # see `values.written`

    with library.database.write("add again") as transaction:
        apply_patch(transaction, image_id, ImagePatch.of(fields))
    return transaction.outcome, tuple(unused)
