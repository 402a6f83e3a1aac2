"""Read the embedded metadata of images again, with readers that may be better by now.

What a person has edited is never touched: a field is only filled anew if the
history knows no edit of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from imagelib.errors import ImagelibError
from imagelib.library.library import Library
from imagelib.library.originals.originals import Inspected
from imagelib.library.store.rows import apply_patch, find_by_id
from imagelib.library.values.dates import dated_by_name, is_dated_by_name
from imagelib.library.values.fields import ImagePatch
from imagelib.library.values.image import Image
from imagelib.library.values.outcome import Failure, Outcome

ACTION = "reread"
_FIELDS = ("prompt_text", "negative_prompt", "ai_model", "generation", "prompt_meta",
           "captured_at")
#: What people write into files and beside them, also later: taken where an image has nothing.
_GIVEN = ("title", "notes", "rating", "tags")


@dataclass(frozen=True, slots=True)
class Reread(Outcome):
    """What became of the images; in a dry run, those that would change are among `changed`."""

    #: How many are as they were.
    unchanged: int = 0


def reread(library: Library, images: Iterable[Image], *, dry_run: bool = False,
           progress: Callable[[int], None] = lambda done: None) -> Reread:
    """Read *images* again; all changes are one batch that undo takes back.

    Reading takes its time: what a person edits meanwhile is not touched either.
    """
    failures: list[Failure] = []
    seen = 0
    found: list[tuple[Image, dict[str, Any]]] = []
    for seen, image in enumerate(images, 1):
        try:
            path = library.originals.path_of(image)
            inspected = library.originals.inspect(path, path)
        except (ImagelibError, OSError) as error:
            failures.append(Failure(image.file_name, str(error)))
            continue
        values = _read(image, inspected)
        if inspected.digest == image.digest and _changes(library, image, values):
            found.append((image, values))
        progress(seen)
    if dry_run:
        done = Outcome(changed=tuple(image.id for image, _ in found))
    else:
        done = _carry_out(library, found)
    return Reread(done.batch, done.changed, tuple(failures),
                  unchanged=seen - len(failures) - len(done.changed))


def _read(image: Image, inspected: Inspected) -> dict[str, Any]:
    """The fields that the file fills, of what people wrote those that the image has not."""
    draft = inspected.draft
    values = {name: getattr(draft, name) for name in (*_FIELDS, *_GIVEN)
              if name in draft.model_fields_set and not (name in _GIVEN and getattr(image, name))}
    if inspected.is_dated:
        return values
    # The date of the file is only a makeshift, and another one in another zone.
    values.pop("captured_at", None)
    if is_dated_by_name(image.generation) and "generation" in values:
        values["generation"] = dated_by_name(draft.generation)
    return values


def _carry_out(library: Library, found: Iterable[tuple[Image, dict[str, Any]]]) -> Outcome:
    with library.database.exclusive(), library.database.write(ACTION) as transaction:
        for image, values in found:
            now = find_by_id(library.database.reader, image.id)
            changes = _changes(library, library.get(image.id), values) if (
                now is not None and now.digest == image.digest) else {}
            if changes:
                apply_patch(transaction, image.id, ImagePatch.of(changes))
    return transaction.outcome


def _changes(library: Library, image: Image, values: dict[str, Any]) -> dict[str, Any]:
    """Those of *values* that the image does not have, and that nobody has edited."""
    kept = _edited_fields(library, image)
    return {name: value for name, value in values.items()
            if name not in kept and value != getattr(image, name)}


def _edited_fields(library: Library, image: Image) -> set[str]:
    edited: set[str] = set()
    rows: list[Any] = library.database.read(
        "SELECT before FROM changes WHERE image = ? AND kind = 'update' AND action <> ?",
        image.id, ACTION)
    for row in rows:
        edited |= json.loads(row["before"]).keys()
    return edited
