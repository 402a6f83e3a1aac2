"""Read the embedded metadata of images again, with readers that may be better by now.

What a person has edited is never touched: a field is only filled anew if the
history knows no edit of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from imagelib.errors import ImagelibError
from imagelib.library.library import Library
from imagelib.library.store.rows import apply_patch
from imagelib.library.values.fields import ImagePatch
from imagelib.library.values.image import Image

ACTION = "reread"
_FIELDS = ("prompt_text", "negative_prompt", "ai_model", "generation", "prompt_meta",
           "captured_at")


@dataclass(slots=True)
class RereadReport:
    """What became of each image."""

    changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


def reread(library: Library, images: Iterable[Image], *, dry_run: bool = False,
           progress: Callable[[int], None] = lambda done: None) -> RereadReport:
    """Read *images* again; all changes are one batch that undo takes back.

    Reading takes its time: what a person edits meanwhile is not touched either.
    """
    report = RereadReport()
    found: list[tuple[Image, dict[str, Any]]] = []
    for done, image in enumerate(images, 1):
        try:
            inspected = library.originals.inspect(library.originals.path_of(image))
        except (ImagelibError, OSError) as error:
            report.failed.append((image.file_name, str(error)))
            continue
        values = {name: getattr(inspected.draft, name) for name in _FIELDS
                  if name in inspected.draft.model_fields_set
                  # The date of the file is only a makeshift, and another one in another zone.
                  and (name != "captured_at" or inspected.is_dated)}
        if inspected.digest == image.digest and _changes(library, image, values):
            found.append((image, values))
        else:
            report.unchanged += 1
        progress(done)
    if dry_run:
        report.changed = [image.id for image, _ in found]
        return report
    with library.exclusive(), library.database.write(ACTION) as transaction:
        for image, values in found:
            now = library.find_one(image.id)
            changes = _changes(library, library.get(image.id), values) if (
                now is not None and now.digest == image.digest) else {}
            if changes:
                apply_patch(transaction, image.id, ImagePatch.of(changes))
                report.changed.append(image.id)
            else:
                report.unchanged += 1
    return report


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
