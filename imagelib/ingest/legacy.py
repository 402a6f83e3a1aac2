"""The old JSON metadata, taken in once: records that name picture files.

Three shapes are understood: a list of records, `{"images": [...]}`, and
`{file name: record}`. Everything that one JSON file brings is one batch: all of
it or nothing. A second run changes nothing, because an image that was migrated
says so in its history, and edits made since are never overwritten.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagelib.errors import ConflictError, ImagelibError, InvalidError
from imagelib.ingest.legacy_fields import FILE_FIELDS, Mapped, map_record
from imagelib.library.library import Library
from imagelib.library.originals.originals import Inspected, NewImage
from imagelib.library.records.history import walk_changes
from imagelib.library.store.disk import digest
from imagelib.library.store.rows import find_by_id
from imagelib.library.values.fields import ImageDraft, ImagePatch
from imagelib.library.values.image import Image
from imagelib.library.values.outcome import Outcome

#: How the history calls what this module did.
ACTION = "migrate"


@dataclass(slots=True)
class MigrationReport:
    """What became of each record of one JSON file."""

    #: What was done to the library, as one batch; nothing in a dry run.
    outcome: Outcome = field(default_factory=Outcome)
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    #: old field -> ours, how often.
    mapped: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: old field that nothing of ours fits -> how often.
    unmapped: Counter[str] = field(default_factory=Counter)
    #: (file, what could not be taken)
    problems: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Plan:
    #: With the name that the report gives them.
    new_images: list[tuple[str, NewImage]] = field(default_factory=list)
    updates: list[tuple[Image, Mapped, dict[str, Any]]] = field(default_factory=list)
    staged: list[Path] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)


def migrate(library: Library, source: Path, *, images: Path | None = None,
            names: Mapping[str, str] | None = None, dry_run: bool = False,
            progress: Callable[[int, int], None] = lambda done, total: None) -> MigrationReport:
    """Take the records of the JSON file *source* in; *names* maps further old fields to ours.

    Files are looked for in *images*, beside *source*, and in the library's own folder.

    Raises:
        InvalidError: *source* is no JSON of a known shape, or *names* names no field of ours.
    """
    records = list(_records(source))
    folders = [f for f in (images, source.parent, source.parent / "images",
                           library.originals.folder) if f is not None]
    report, plan = MigrationReport(), _Plan()
    try:
        for number, record in enumerate(records, 1):
            _plan_one(library, map_record(record, names or {}), folders, report, plan,
                      dry_run=dry_run)
            progress(number, len(records))
        if not dry_run:
            _carry_out(library, plan, report)
    finally:
        for staged in plan.staged:
            staged.unlink(missing_ok=True)
    return report


def _records(source: Path) -> Iterator[dict[str, Any]]:
    try:
        document = json.loads(source.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidError(f"{source} is no JSON: {error}") from error
    if isinstance(document, dict) and isinstance(document.get("images"), list):
        document = document["images"]
    if isinstance(document, list):
        for number, record in enumerate(document, 1):
            if not isinstance(record, dict):
                raise InvalidError(f"{source}: entry {number} is no object.")
            yield record
    elif isinstance(document, dict) and all(isinstance(v, dict) for v in document.values()):
        for name, record in document.items():
            yield {FILE_FIELDS[0]: name, **record}
    else:
        raise InvalidError(
            f"{source} is neither a list of records, nor {{\"images\": [...]}}, nor"
            " {file name: record}."
        )


def _plan_one(library: Library, mapped: Mapped, folders: Iterable[Path],
              report: MigrationReport, plan: _Plan, *, dry_run: bool) -> None:
    name = mapped.file or "(no file named)"
    report.mapped.update(mapped.pairs)
    report.unmapped.update(mapped.unmapped)
    report.problems += [(name, problem) for problem in mapped.problems]
    path = _find(mapped.file, folders)
    if path is None:
        report.missing.append(name)
        return
    try:
        checksum = digest(path)
        existing = library.originals.find_digest(checksum)
        if existing:
            _plan_update(library, existing, mapped, report, plan)
        elif trashed := library.originals.find_trashed(checksum):
            raise ConflictError("it was deleted here; to bring it back: imagelib trash restore"
                                f" {trashed}")
        elif checksum in plan.digests:
            report.unchanged.append(name)  # the same picture twice in one file of JSON
        else:
            in_place = path.is_relative_to(library.originals.folder)
            inspected = _inspect(library, path, plan, in_place=in_place or dry_run)
            plan.digests.add(checksum)
            plan.new_images.append((name, NewImage(
                inspected, ImageDraft.of(mapped.fields), mapped.original_name or path.name,
                in_place, _free_id(library, mapped.image_id), mapped.created_at)))
            report.added.append(name)
    except (ImagelibError, OSError) as error:
        report.failed.append((name, str(error)))


def _plan_update(library: Library, image: Image, mapped: Mapped, report: MigrationReport,
                 plan: _Plan) -> None:
    changed = _still_empty(library, image, mapped)
    if not changed:
        report.unchanged.append(mapped.file)
        return
    plan.updates.append((image, mapped, changed))
    report.updated.append(mapped.file)


def _still_empty(library: Library, image: Image, mapped: Mapped) -> dict[str, Any]:
    """What the record fills: only what is empty, as what the user wrote here is newer."""
    done = any(change.action == ACTION for change in walk_changes(library.database, image.id))
    fields = {} if done else {
        name: value for name, value in mapped.fields.items()
        if not getattr(image, name) or (name == "captured_at" and image.version == 1)
    }
    return {name: value for name, value in fields.items()
            if _differs(getattr(image, name), value)}


def _inspect(library: Library, path: Path, plan: _Plan, *, in_place: bool) -> Inspected:
    if in_place:
        return library.originals.inspect(path)
    staged = library.originals.stage(path)
    plan.staged.append(staged)
    return library.originals.inspect(staged, path)


def _carry_out(library: Library, plan: _Plan, report: MigrationReport) -> None:
    """One batch. Records took their time to read: whoever was quicker keeps what is there."""
    with library.database.exclusive():
        patches = []
        for image, mapped, planned in plan.updates:
            now = find_by_id(library.database.reader, image.id)
            if now is None:
                continue
            changed = planned if now.version == image.version else _still_empty(
                library, now, mapped)
            if changed:
                patches.append((image.id, ImagePatch.of(changed)))
        new_images = []
        for name, one in plan.new_images:
            if library.originals.find_digest(one.inspected.digest):
                report.added.remove(name)
                report.unchanged.append(name)
            elif one.in_place and digest(one.inspected.path) != one.inspected.digest:
                report.added.remove(name)
                report.failed.append((name, "it was written to meanwhile"))
            else:
                new_images.append(one)
        if new_images or patches:
            report.outcome = library.originals.insert(new_images, ACTION, patches)


def _find(name: str, folders: Iterable[Path]) -> Path | None:
    """The file that a record names; a path of another machine is tried by its last part."""
    if not name or "\0" in name:
        return None
    tail = name.replace("\\", "/")
    for wanted in (tail, tail.rsplit("/", 1)[-1]):
        for folder in folders:
            path = folder / wanted
            if path.is_file() and not path.is_symlink():
                return path.absolute()
    return None


def _free_id(library: Library, image_id: str) -> str:
    """The id of the record, if it is one of ours and nobody has it."""
    taken = library.database.read(
        "SELECT 1 FROM images WHERE id = ? UNION SELECT 1 FROM trash WHERE id = ?",
        image_id, image_id)
    return "" if taken else image_id


def _differs(before: Any, after: Any) -> bool:
    if isinstance(before, tuple):
        return sorted(before) != sorted(after)
    return bool(before != after)
