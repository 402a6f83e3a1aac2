"""Where disk and database disagree, and how to bring them together without loss.

A scan only looks. `settle` makes the library follow the disk: a moved file keeps
its metadata, a missing one is flagged and never deleted, and if too many would
be missing at once, nothing is touched, because the disk is more likely gone
than the pictures.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from imagelib.errors import ImagelibError, InvalidError
from imagelib.formats import HEAD, IMAGE_SUFFIXES, sniff
from imagelib.library.files import digest
from imagelib.library.folders import folder_times
from imagelib.library.models import Image
from imagelib.library.originals import file_columns, note_stat, update
from imagelib.library.records import select, select_pks

if TYPE_CHECKING:
    from imagelib.library.library import Library

#: A larger share of the library than this does not go missing by hand ...
MASS_LOSS = 0.05
#: ... but in a small library one or two files are soon more than that.
ALWAYS_TAKEN = 2

Stat = tuple[int, int, str]


@dataclass(slots=True)
class Drift:
    """What a scan found. Names are relative to `images/`."""

    missing: list[Image] = field(default_factory=list)
    returned: list[Image] = field(default_factory=list)
    altered: list[Image] = field(default_factory=list)
    moved: list[tuple[Image, str]] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)
    duplicate: list[tuple[str, Image]] = field(default_factory=list)
    touched: list[Image] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    #: Files that are still being written: look again soon.
    unsettled: list[str] = field(default_factory=list)
    #: Why nothing was, or should be, changed.
    refused: str = ""

    def __bool__(self) -> bool:
        return bool(self.missing or self.returned or self.altered or self.moved or self.stray
                    or self.duplicate or self.unreadable or self.refused)


class Scanner:
    """Scans of one library; remembers what it read, so that the next scan need not."""

    def __init__(self, library: Library, *, settle_seconds: float = 0.0) -> None:
        self._library = library
        self._settle = settle_seconds
        self._digests: dict[str, tuple[Stat, str]] = {}
        self._first_seen: dict[str, tuple[Stat, float]] = {}
        #: Files that could not be taken in, and how they looked then.
        self._given_up: dict[str, tuple[Stat, str]] = {}

    def scan(self, *, deep: bool = False) -> Drift:
        """Compare every file under `images/` with the database; *deep* reads all bytes again."""
        drift = Drift()
        library = self._library
        folder = library.originals.folder
        if not folder.is_dir():
            drift.refused = (f"The images folder {folder} is not there. Nothing was changed;"
                             " connect the disk, or put the folder back.")
            return drift
        files = dict(walk_files(folder))
        self._forget(files)
        busy = library.originals.intents.names_in_use()
        images = select(library.database.reader, "ORDER BY i.pk", raw=False)
        stats = {row["pk"]: (row["size_bytes"], row["mtime_ns"], row["inode"])
                 for row in library.database.read("SELECT * FROM file_stats")}
        absent = []
        for image in images:
            found = files.pop(image.file_name, None)
            if folder / image.file_name in busy:
                continue
            if found is None:
                absent.append(image)
            else:
                self._compare(image, found, stats.get(image.pk), drift, deep=deep)
        self._judge_unknown(files, absent, busy, drift)
        newly = [image for image in absent if image.file_state != "missing"]
        drift.missing = absent
        if len(newly) > max(ALWAYS_TAKEN, MASS_LOSS * len(images)) or (
            len(newly) == len(images) > 1
        ):
            drift.refused = (
                f"{len(newly)} of {len(images)} files are not in {folder}. That looks like a"
                " disk that is not connected, so nothing was changed. If they are really gone:"
                " imagelib check --fix --accept-missing"
            )
        return drift

    def give_up(self, name: str, reason: str) -> None:
        """Remember that *name* cannot be taken in until it changes."""
        with_stat = stat_of(self._library.originals.folder / name)
        if with_stat:
            self._given_up[name] = (with_stat, reason)

    def _compare(self, image: Image, found: Stat, known: Stat | None, drift: Drift, *,
                 deep: bool) -> None:
        if image.file_state == "missing":
            drift.returned.append(image)
        if found == known and not deep:
            return
        if found != known and not self._is_settled(image.file_name, found):
            drift.unsettled.append(image.file_name)
            return
        if self._digest(image.file_name, found, again=deep) == image.digest:
            if found != known or image.file_state == "altered":
                drift.touched.append(image)
        elif image.file_state != "altered" or found != known:
            drift.altered.append(image)

    def _judge_unknown(self, files: dict[str, Stat], absent: list[Image], busy: set[Path],
                       drift: Drift) -> None:
        by_digest = {image.digest: image for image in absent}
        for name, stat in sorted(files.items()):
            path = self._library.originals.folder / name
            if path in busy:
                continue
            if (given_up := self._given_up.get(name)) and given_up[0] == stat:
                drift.unreadable.append((name, given_up[1]))
                continue
            try:
                kind = _kind(path)
            except OSError as error:
                drift.unreadable.append((name, str(error)))
                continue
            if kind is None and path.suffix.lower() not in IMAGE_SUFFIXES:
                continue  # somebody's notes, or a generator's log
            if not self._is_settled(name, stat):
                drift.unsettled.append(name)
                continue
            try:
                checksum = self._digest(name, stat)
            except OSError as error:
                drift.unreadable.append((name, str(error)))
                continue
            if image := by_digest.pop(checksum, None):
                absent.remove(image)
                drift.moved.append((image, name))
            elif existing := self._library.originals.find_digest(checksum):
                if existing.file_name != name:  # else it was added while we looked
                    drift.duplicate.append((name, existing))
            else:
                drift.stray.append(name)

    def _digest(self, name: str, stat: Stat, *, again: bool = False) -> str:
        known = self._digests.get(name)
        if known is None or known[0] != stat or again:
            known = (stat, digest(self._library.originals.folder / name))
            self._digests[name] = known
        return known[1]

    def _is_settled(self, name: str, stat: Stat) -> bool:
        """Whether the file has looked like this for a while, so that nobody is writing it."""
        if not self._settle:
            return True
        seen, since = self._first_seen.get(name, (None, 0.0))
        now = time.monotonic()
        if seen != stat:
            self._first_seen[name] = (stat, now)
            return False
        return now - since >= self._settle

    def _forget(self, files: dict[str, Stat]) -> None:
        """Keep memories only of files that are still there."""
        self._given_up = {k: v for k, v in self._given_up.items() if k in files}
        self._first_seen = {k: v for k, v in self._first_seen.items() if k in files}
        self._digests = {k: v for k, v in self._digests.items() if k in files}


@dataclass(slots=True)
class Settled:
    """What `settle` did."""

    added: list[Image] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    changed: int = 0


def settle(library: Library, scanner: Scanner, drift: Drift, *, accept_missing: bool = False,
           adopt: bool = True) -> Settled:
    """Make the library follow the disk. Nothing is deleted, and history says what was done."""
    done = Settled()
    if drift.refused and not accept_missing:
        return done
    folder = library.originals.folder
    _follow_names(library, drift, done)
    for image in drift.altered:
        _take_new_bytes(library, image, done)
    for name in drift.stray if adopt else []:
        try:
            image, new = library.add(folder / name, in_place=True)
        except FileNotFoundError:
            continue  # gone again; the next scan will say
        except (ImagelibError, OSError) as error:
            scanner.give_up(name, str(error))
            done.failed.append((name, str(error)))
            continue
        if new:
            done.added.append(image)
    remember_folders(library)
    return done


def _follow_names(library: Library, drift: Drift, done: Settled) -> None:
    folder = library.originals.folder
    if not (drift.moved or drift.missing or drift.returned or drift.touched):
        return
    altered = {image.pk for image in drift.altered}
    with library.database.write("follow the disk", undoable=False) as transaction:
        now = select_pks(transaction.connection, [
            image.pk for image in [*drift.missing, *drift.returned, *drift.touched,
                                   *(image for image, _ in drift.moved)]
        ], raw=False)
        # What was true when we looked is asked once more, now that nobody else can write.
        for image, name in drift.moved:
            current = now.get(image.pk)
            if current and current.digest == image.digest and (folder / name).is_file():
                update(transaction, image.pk, {"file_name": name, "file_state": "ok"})
                note_stat(transaction, image.pk, (folder / name).stat())
                done.changed += 1
        for image in drift.missing:
            current = now.get(image.pk)
            if current and current.file_state != "missing" and not (
                folder / current.file_name
            ).exists():
                update(transaction, image.pk, {"file_state": "missing"})
                done.changed += 1
        for image in [*drift.returned, *drift.touched]:
            path = folder / image.file_name
            current = now.get(image.pk)
            if current is None or current.file_name != image.file_name or not path.is_file():
                continue
            if image.pk not in altered:
                if current.file_state != "ok":
                    update(transaction, image.pk, {"file_state": "ok"})
                    done.changed += 1
                note_stat(transaction, image.pk, path.stat())


def _take_new_bytes(library: Library, image: Image, done: Settled) -> None:
    """A file was written over: take its new bytes if they are a picture, else flag it."""
    path = library.originals.path_of(image)
    try:
        inspected = library.originals.inspect(path)
    except FileNotFoundError:
        return
    except (InvalidError, OSError) as error:
        done.failed.append((image.file_name, str(error)))
        with library.database.write("altered", undoable=False) as transaction:
            update(transaction, image.pk, {"file_state": "altered"})
            note_stat(transaction, image.pk, path.stat())
        return
    columns = file_columns(inspected) | {"file_state": "ok"}
    with library.database.write("altered", undoable=False) as transaction:
        update(transaction, image.pk, columns)
        note_stat(transaction, image.pk, path.stat())
    done.changed += 1


def walk_files(folder: Path, prefix: str = "") -> Iterator[tuple[str, Stat]]:
    """Every plain file below *folder* by its relative name; links and dot names are passed over."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from walk_files(Path(entry.path), f"{prefix}{entry.name}/")
            elif entry.is_file(follow_symlinks=False):
                stat = entry.stat(follow_symlinks=False)
                entry.name.encode()  # a name that is no Unicode cannot be kept
                yield prefix + entry.name, (stat.st_size, stat.st_mtime_ns, str(stat.st_ino))
        except (OSError, UnicodeEncodeError):
            continue


def stat_of(path: Path) -> Stat | None:
    """How the file looks now, or None if it is gone."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns, str(stat.st_ino)


def remember_folders(library: Library) -> None:
    """Note how the folders look after a scan, so that `build` sees new files at once."""
    folders = json.dumps(folder_times(library.originals.folder))
    if library.database.read("SELECT 1 FROM meta WHERE key = 'scanned' AND value = ?", folders):
        return
    with library.database.write("scan", undoable=False) as transaction:
        transaction.run("INSERT OR REPLACE INTO meta VALUES ('scanned', ?)", folders)


def _kind(path: Path) -> str | None:
    with path.open("rb") as stream:
        return sniff(stream.read(HEAD))
