"""A new database where the old one is lost and no backup is left.

Ratings, tags and texts come from what can still be read: the rows of a damaged database, then
the record files, then the blocks of the site. Prompts come from the files themselves. What was
there before is moved aside, never removed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagelib.config import Settings
from imagelib.errors import ImagelibError, InvalidError, LibraryFaultError
from imagelib.generator.paths import original_path
from imagelib.generator.reading import SiteRecord, read_albums, read_site
from imagelib.library.library import Library
from imagelib.library.originals.originals import NewImage
from imagelib.library.originals.walking import walk_files
from imagelib.library.query.listing import Filter
from imagelib.library.records.albums import change_album
from imagelib.library.records.searches import save_search
from imagelib.library.store import identity
from imagelib.library.store.backup import set_aside
from imagelib.library.store.disk import clone, digest, is_plain_file, make_folder
from imagelib.library.values.fields import ImageDraft
from imagelib.recording.files import names_in, read_manifest
from imagelib.recording.restoring import image_rows, sift

#: So many images are made at once.
_AT_ONCE = 200


@dataclass(slots=True)
class RecoveryReport:
    """What was found where."""

    #: Where the former database is kept, if there was one.
    former: Path | None = None
    #: Images with the record that the former database, or else `records/`, or else the site, had
    #: of them.
    from_database: int = 0
    from_records: int = 0
    from_site: int = 0
    #: Images of which only the file was left.
    from_file: int = 0
    #: Files that only the site still had.
    brought_back: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def recover(settings: Settings, progress: Callable[[int, int], None] = lambda done, total: None,
            ) -> RecoveryReport:
    """Make a new database for the library from all that is left.

    Raises:
        LockedError: somebody has the library open.
        LibraryFaultError: its database is another program's, or the images folder is not there.
    """
    identity.check_replaceable(settings)
    folder = settings.images_dir
    # A folder of the library itself can only have been removed; any other may be on a disk.
    if not folder.is_dir() and (folder.is_symlink() or settings.root not in folder.parents):
        raise LibraryFaultError(
            f"The images folder {folder} is not there. Nothing was changed; connect the disk. If"
            " the folder is really gone, make an empty one: its files are brought back from the"
            " site.")
    report = RecoveryReport()
    # One that was broken off has put the former database away, and begun another.
    salvaged: dict[str, SiteRecord] = {}
    for database in [*identity.set_aside_before(settings), settings.database]:
        salvaged |= _salvage(database)
    searches: list[list[str]] = []
    site: list[SiteRecord] = []
    try:
        site, searches = read_site(settings.site_dir)
    except InvalidError as error:
        report.problems.append(str(error))
    albums = read_albums(settings.site_dir)
    recorded = _recorded(settings.records_dir, report)
    report.former = set_aside(settings, lambda kept: identity.begin_recovery(settings, kept))
    with Library.create(settings.root) as library:
        library.database.actor = "cli"
        make_folder(folder)
        records = {record.digest: record for record in site} | recorded | salvaged
        _bring_back(settings, records, report)
        _take_in(library, records, (salvaged, recorded), report, progress)
        for name, query, sort in searches:
            save_search(library.database, name, query, sort)
        for tag, text, cover, ids in albums:
            there = set(library.ids(Filter(tags=(tag,))))
            if there:
                change_album(library.database, tag, text=text, ids=[i for i in ids if i in there],
                             cover=cover if cover in there else None)
        identity.end_recovery(settings)
    return report


def _salvage(database: Path) -> dict[str, SiteRecord]:
    """The rows of a damaged database that can still be read, by digest."""
    if not database.exists() or not database.stat().st_size:
        return {}
    found = {}
    with suppress(sqlite3.Error), closing(
            sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as source:
        source.row_factory = sqlite3.Row
        pks: list[int] = []
        # The index may be whole where the table is not, and the other way round.
        for order in ("images", "images INDEXED BY images_captured_at"):
            with suppress(sqlite3.Error):
                pks = [row[0] for row in source.execute(f"SELECT pk FROM {order}")]
                break
        for pk in pks:
            with suppress(sqlite3.Error, ValueError, TypeError, IndexError):
                row = dict(source.execute("SELECT * FROM images WHERE pk = ?", (pk,)).fetchone())
                row["tags"] = []
                with suppress(sqlite3.Error):
                    row["tags"] = [tag[0] for tag in source.execute(
                        "SELECT t.name FROM image_tags it JOIN tags t ON t.id = it.tag"
                        " WHERE it.image = ?", (pk,))]
                found[row["digest"]] = _as_record(row)
    return found


def _recorded(folder: Path, report: RecoveryReport) -> dict[str, SiteRecord]:
    """The images of the record files in *folder* that are whole, by digest."""
    if not names_in(folder):
        return {}
    try:
        whole, damaged = sift(folder, read_manifest(folder))
    except InvalidError as error:
        report.problems.append(str(error))
        return {}
    report.problems += damaged.values()
    return {row["digest"]: _as_record(row) for row in image_rows(folder, whole)}


def _as_record(row: dict[str, Any]) -> SiteRecord:
    # An earlier version of the tables has fewer columns.
    fields = {name: row[name] for name in ImageDraft.model_fields if name in row}
    fields |= {name: json.loads(row[name]) for name in ("prompt_meta", "generation")}
    return SiteRecord(row["id"], row["digest"], row["file_name"], row["original_name"],
                      row["created_at"], fields)


def _bring_back(settings: Settings, records: dict[str, SiteRecord],
                report: RecoveryReport) -> None:
    """Files that the images folder lacks and the site still has."""
    for record in records.values():
        target = settings.images_dir / record.file_name
        for clashes in (False, True):
            copy = settings.site_dir / original_path(record.file_name, record.id, clashes=clashes)
            with suppress(OSError):
                if not target.exists() and is_plain_file(copy) and digest(copy) == record.digest:
                    clone(copy, target)
                    report.brought_back += 1


def _take_in(library: Library, records: dict[str, SiteRecord],
             by_origin: tuple[dict[str, SiteRecord], dict[str, SiteRecord]],
             report: RecoveryReport, progress: Callable[[int, int], None]) -> None:
    salvaged, recorded = by_origin
    problems: dict[str, str] = {}
    names = [name for name, _ in walk_files(library.originals.folder, problems=problems)]
    report.failed += problems.items()
    ready: list[NewImage] = []
    seen: set[str] = set()
    for done, name in enumerate(names, 1):
        path = library.originals.folder / name
        try:
            inspected = library.originals.inspect(path, path)
            if inspected.digest in seen:
                report.failed.append((name, "the same bytes lie under another name, too"))
                continue
            seen.add(inspected.digest)
            record = records.get(inspected.digest)
            draft, image_id, created = _draft(record, bool(inspected.draft.generation))
        except (ImagelibError, OSError) as error:
            report.failed.append((name, str(error)))
            continue
        ready.append(NewImage(inspected, draft, record.original_name if record else path.name,
                              in_place=True, image_id=image_id, created_at=created))
        if inspected.digest in salvaged:
            report.from_database += 1
        elif inspected.digest in recorded:
            report.from_records += 1
        elif record:
            report.from_site += 1
        else:
            report.from_file += 1
        if len(ready) == _AT_ONCE:
            library.originals.insert(ready, "recover")
            ready = []
        progress(done, len(names))
    if ready:
        library.originals.insert(ready, "recover")


def _draft(record: SiteRecord | None,
           has_generation: bool) -> tuple[ImageDraft | None, str, str]:
    """What is given for a new row; the file's own generation data is fuller than the site's."""
    if record is None:
        return None, "", ""
    fields = dict(record.fields)
    if has_generation and "prompt_meta" not in fields:
        fields.pop("generation", None)
    try:
        return ImageDraft.of(fields), record.id, record.created_at
    except InvalidError as error:  # a damaged value: keep what is sound
        bad = {str(item["loc"][1]) for item in error.errors}
        sound = {name: value for name, value in fields.items() if name not in bad}
        return ImageDraft.of(sound), record.id, record.created_at
