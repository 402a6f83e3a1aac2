"""Take files and folders into the library: each picture once, each problem named.

One bad file never stops the rest. What was added is committed at once, so a
run that was broken off is simply started again: what is there already is
recognised by its digest.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from imagelib.errors import ConflictError, ImagelibError, InvalidError
from imagelib.formats import HEAD, IMAGE_SUFFIXES, NO_PICTURE, sniff
from imagelib.ingest.warnings import warnings_of
from imagelib.library.library import Library
from imagelib.library.originals.walking import is_preview
from imagelib.library.store.disk import digest, sync_folder
from imagelib.library.values.fields import ImageDraft
from imagelib.library.values.outcome import Added
from imagelib.library.values.written import clean_tag
from imagelib.pool import completed

Mode = Literal["copy", "move", "in-place"]


@dataclass(slots=True)
class ImportReport:
    """What became of each file."""

    #: With the id of the image; "" in a dry run.
    added: list[tuple[Path, str]] = field(default_factory=list)
    duplicates: list[tuple[Path, str]] = field(default_factory=list)
    #: Brought back out of the trash.
    restored: list[tuple[Path, str]] = field(default_factory=list)
    #: Fields that were given and not taken, as an image that is here has its own.
    unused: list[tuple[Path, tuple[str, ...]]] = field(default_factory=list)
    failed: list[tuple[Path, str]] = field(default_factory=list)
    ignored: list[Path] = field(default_factory=list)
    #: What should be known of those that were added.
    warnings: list[tuple[Path, str]] = field(default_factory=list)

    @property
    def seen(self) -> int:
        """How many files have been dealt with."""
        return (len(self.added) + len(self.duplicates) + len(self.restored) + len(self.failed)
                + len(self.ignored))


def add_paths(library: Library, paths: Iterable[Path], *, mode: Mode = "copy",
              fields: dict[str, Any] | None = None, dry_run: bool = False,
              tag_folders: bool = False,
              progress: Callable[[ImportReport], None] = lambda report: None) -> ImportReport:
    """Add every picture in *paths*; folders are walked through. *fields* go to each image.

    With *tag_folders*, the names of the folders below a path become tags.

    Raises:
        InvalidError: *fields* are bad; nothing was added.
    """
    ImageDraft.of(fields or {})
    report = ImportReport()

    def add(found: tuple[Path, tuple[str, ...]]) -> Added:
        path, folders = found
        values = dict(fields or {})
        if tag_folders:
            values["tags"] = [*values.get("tags", ()), *_as_tags(folders)]
        return _add_one(library, path, mode, values, dry_run)

    # While a thread copies, hashes and flushes, another one keeps its worker busy.
    for (path, _), job in completed(add, _pictures(library, paths, report),
                                    2 * library.sandbox.size):
        _note(report, path, job)
        progress(report)
    return report


def count_files(paths: Iterable[Path]) -> int:
    """How many files there are to deal with, for the time left; nothing is opened."""
    return sum(
        sum(len(names) for _, _, names in os.walk(path)) if path.is_dir() else 1
        for path in paths)


def _add_one(library: Library, path: Path, mode: Mode, fields: dict[str, Any],
             dry_run: bool) -> Added:
    path = path.resolve() if path.is_symlink() else path
    if dry_run:
        checksum = digest(path)
        if existing := library.originals.find_digest(checksum):
            return Added(status="here", image=existing, digest=checksum)
        if library.originals.find_trashed(checksum):
            return Added(status="restored", digest=checksum)
        library.originals.inspect(path)
        return Added(status="new", digest=checksum)
    if mode == "in-place":
        folder = library.originals.folder
        if not path.absolute().is_relative_to(folder):
            raise InvalidError(f"it does not lie in {folder}, so it cannot stay where it is;"
                               " use --copy or --move")
        return library.add(path.absolute(), in_place=True, **fields)
    taken = library.add(path, **fields)
    if mode == "move" and taken.status == "new" and taken.image is not None:
        if digest(path) != taken.image.digest:
            raise ConflictError("it changed while it was being moved; both are kept")
        path.unlink()
        sync_folder(path.parent)
    return taken


def _note(report: ImportReport, path: Path, job: Future[Added]) -> None:
    try:
        taken = job.result()
    except OSError as error:
        report.failed.append((path, error.strerror or str(error)))
        return
    except ImagelibError as error:
        report.failed.append((path, str(error)))
        return
    except Exception as error:  # noqa: BLE001 - one file stops no other, whatever is the matter
        report.failed.append((path, f"{type(error).__name__}: {error}"))
        return
    lists = {"new": report.added, "here": report.duplicates, "restored": report.restored}
    lists[taken.status].append((path, taken.image.id if taken.image else ""))
    if taken.unused:
        report.unused.append((path, taken.unused))
    if taken.status == "new" and taken.image is not None:
        report.warnings += [(path, said) for said in warnings_of(taken.image.generation)]


def _as_tags(folders: Iterable[str]) -> list[str]:
    tags = []
    for name in folders:
        with contextlib.suppress(ValueError):  # a name that is no tag gives none
            tags.append(clean_tag(name.replace(",", " ").replace("_", " ")))
    return tags


def _pictures(library: Library, paths: Iterable[Path],
              report: ImportReport) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The files to add, each with the names of the folders between it and what was named.

    What is no picture is noted in *report*.
    """
    for path in paths:
        # A link that is named is meant; links that are met on the way are not followed, as they
        # may lead anywhere, and in a circle.
        if path.is_dir():
            for found in _walk(library, path, report):
                yield found, found.parent.relative_to(path.parent).parts
        elif reason := _objection(path, named=True):
            report.failed.append((path, reason))
        else:
            yield path, ()


def _walk(library: Library, folder: Path, report: ImportReport) -> Iterator[Path]:
    private = library.settings.private_dir
    for root, folders, names in os.walk(folder, onerror=lambda error: report.failed.append(
            (Path(error.filename), error.strerror or "cannot be read"))):
        for name in folders:
            if Path(root, name).is_symlink():
                report.failed.append((Path(root, name),
                                      "it is a link; name it to add what it leads to"))
        folders[:] = sorted(name for name in folders
                            if not name.startswith(".") and Path(root, name) != private)
        for name in sorted(names):
            path = Path(root, name)
            if name.startswith(".") or is_preview(path):
                report.ignored.append(path)
            elif (reason := _objection(path)) is None:
                yield path
            elif path.suffix.lower() not in IMAGE_SUFFIXES and path.is_file():
                report.ignored.append(path)  # notes, settings, a generator's log
            else:
                report.failed.append((path, reason))


def _objection(path: Path, *, named: bool = False) -> str | None:
    """Why *path* cannot be a picture; opens nothing but plain files, or links that are *named*."""
    try:
        str(path).encode()
        if path.is_symlink() and not named:
            return "it is a link; name it to add what it leads to"
        if not path.exists():
            return "there is no such file"
        if not path.is_file():
            return "it is no plain file"
        with path.open("rb") as stream:
            head = stream.read(HEAD)
    except UnicodeEncodeError:
        return "its name is not valid Unicode; rename it"
    except OSError as error:
        return error.strerror or str(error)
    if not head:
        return "it is empty"
    if sniff(head) is None:
        return NO_PICTURE
    return None
