"""Where disk and database disagree. A scan only looks; `imagelib.library.originals.following` acts.

An image is known by its bytes, and a name proves nothing: first every name is collected that
is new or looks different, and every image that is not in its place as it was left. These are
matched by digest, all at once, so that files may have been renamed in a circle. Only what is
left over is altered, missing or new.

If too many files would be missing at once, a scan says so, because then the disk
is more likely gone than the pictures.
"""

from __future__ import annotations

import json
import stat as modes
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from imagelib.formats import HEAD, IMAGE_SUFFIXES, sniff
from imagelib.library.originals.originals import is_managed
from imagelib.library.originals.walking import is_preview, walk_files
from imagelib.library.store.disk import Stat, digest, stat_of, to_stat
from imagelib.library.store.rows import select_pks
from imagelib.library.values.dates import utc_now
from imagelib.library.values.image import Image

if TYPE_CHECKING:
    from imagelib.library.originals.storage import Storage

#: A larger share of the library than this does not go missing by hand ...
MASS_LOSS = 0.05
#: ... but in a small library one or two files are soon more than that.
ALWAYS_TAKEN = 2

#: A deep scan notes what it has read so many files at a time.
_VERIFIED_AT_ONCE = 200


@dataclass(slots=True)
class Drift:
    """What a scan found. Names are relative to `images/`."""

    missing: list[Image] = field(default_factory=list)
    returned: list[Image] = field(default_factory=list)
    altered: list[Image] = field(default_factory=list)
    #: Other bytes under an unchanged date: nobody wrote them, the disk lost them.
    damaged: list[Image] = field(default_factory=list)
    moved: list[tuple[Image, str]] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)
    duplicate: list[tuple[str, Image]] = field(default_factory=list)
    #: Names of files whose bytes lie in the trash: they stay deleted.
    deleted: list[str] = field(default_factory=list)
    touched: list[Image] = field(default_factory=list)
    #: Files of ours that somebody else has under another name too, and could write to.
    shared: list[Image] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    #: Files that are still being written: look again soon.
    unstable: list[str] = field(default_factory=list)
    #: Whether one of these may be an image that is not in its place.
    unsettled: bool = False
    #: How the files looked that all this was concluded from, by name.
    stats: dict[str, Stat] = field(default_factory=dict)
    #: When a name last came or went in each folder, as it was before its names were read: what
    #: comes while somebody follows this is new to the next scan. Nothing where not all was seen.
    folders: dict[str, int] = field(default_factory=dict)
    #: Why nothing was, or should be, changed.
    refused: str = ""

    def __bool__(self) -> bool:
        return bool(self.missing or self.returned or self.altered or self.damaged or self.moved
                    or self.stray or self.duplicate or self.unreadable or self.refused)


@dataclass(slots=True)  # not frozen, which takes four times as long to make
class _Row:
    """As little of an image as a scan needs: a library has a hundred thousand."""

    pk: int
    file_name: str
    digest: str
    file_state: str
    known: Stat | None
    checked_at: str


@dataclass(slots=True)
class _Found:
    """Pks by what is the matter with them, until their images are read."""

    #: Images that are not proven to lie in their places.
    open: list[_Row] = field(default_factory=list)
    missing: list[_Row] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    altered: list[int] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)
    moved: list[tuple[int, str]] = field(default_factory=list)
    shared: list[int] = field(default_factory=list)


class Scanner:
    """Scans of one library; remembers what it read, so that the next scan need not."""

    def __init__(self, library: Storage, *, stable_seconds: float = 0.0) -> None:
        self._library = library
        self._stable_seconds = stable_seconds
        self._digests: dict[str, tuple[Stat, str]] = {}
        self._first_seen: dict[str, tuple[Stat, float]] = {}
        #: Files that could not be taken in, and how they looked then.
        self._given_up: dict[str, tuple[Stat, str]] = {}

    def scan(self, *, deep: bool = False,
             progress: Callable[[int, int], None] = lambda done, total: None) -> Drift:
        """Compare every file under `images/` with the database.

        *deep* reads all bytes again; if it is broken off, the next deep scan goes on
        where this one was.
        """
        drift = Drift()
        library = self._library
        folder = library.originals.folder
        if not folder.is_dir():
            drift.refused = (f"The images folder {folder} is not there. Nothing was changed;"
                             " connect the disk, or put the folder back.")
            return drift
        links: set[str] = set()
        problems: dict[str, str] = {}
        files = dict(walk_files(folder, links=links, names=self._names_of_one,
                                problems=problems, times=drift.folders))
        if "" in problems:
            drift.refused = (f"The images folder {folder} cannot be read: {problems['']}."
                             " Nothing was changed.")
            return drift
        drift.unreadable += problems.items()
        self._forget(files)
        busy = self._busy()
        rows = _read_rows(library)
        since = _begin_deep(library) if deep else ""
        found, verified = _Found(), []
        candidates = dict(files)
        for done, row in enumerate(rows, 1):
            stat = files.get(row.file_name)
            if row.file_name in busy:
                candidates.pop(row.file_name, None)
            elif stat is None or stat != row.known or row.file_state != "ok":
                found.open.append(row)
            elif deep and row.checked_at < since and not self._is_as_recorded(row, stat, drift):
                found.damaged.append(row.pk)
                del candidates[row.file_name]
            else:
                if deep and row.checked_at < since:
                    verified.append(row.pk)
                if row.file_name in links and is_managed(row.file_name):
                    found.shared.append(row.pk)
                del candidates[row.file_name]
            if len(verified) >= _VERIFIED_AT_ONCE:
                _note_verified(library, verified)
            progress(done, len(rows))
        if deep:
            _note_verified(library, verified)
            _end_deep(library)
        by_name = {row.file_name: row for row in found.open}
        digests = self._read_candidates(
            {name: stat for name, stat in candidates.items() if name not in busy},
            by_name, drift)
        self._match(digests, candidates, links, found)
        self._judge_left_over(digests, found, drift)
        _fill(library, drift, found)
        newly = sum(row.file_state != "missing" for row in found.missing)
        if newly > max(ALWAYS_TAKEN, MASS_LOSS * len(rows)) or newly == len(rows) > 1:
            drift.refused = (
                f"{newly} of {len(rows)} files are not in {folder}. That looks like a"
                " disk that is not connected, so nothing was changed. If they are really gone:"
                " imagelib check --fix --accept-missing"
            )
        return drift

    def look(self, names: Collection[str]) -> Drift | None:
        """What is new among the files *names*; None where only a scan can say what happened.

        That is so with everything but a picture that nobody knew: what became of an image is told
        by comparing all of them. So an image of one of the *names* that is not as it was left
        wants a scan, and a file with the bytes of an image that is not in its place.
        """
        library = self._library
        files = self._files_of(names)
        if files is None:
            return None
        busy = self._busy()
        for row in _read_rows(library, names):
            stat = files.pop(row.file_name, None)
            if row.file_name not in busy and (stat != row.known or row.file_state != "ok"):
                return None
        drift = Drift()
        digests = self._read_candidates(
            {name: stat for name, stat in files.items() if name not in busy}, {}, drift)
        return None if self._judge_new(digests, drift) else drift

    def give_up(self, name: str, reason: str) -> None:
        """Remember that *name* cannot be taken in until it changes."""
        with_stat = stat_of(self._library.originals.folder / name)
        if with_stat:
            self._given_up[name] = (with_stat, reason)

    def _busy(self) -> set[str]:
        """What is being moved right now, as names: to make a path of each file costs a third of a
        scan."""
        originals = self._library.originals
        return {path.relative_to(originals.folder).as_posix()
                for path in originals.intents.names_in_use()
                if path.is_relative_to(originals.folder)}

    def _files_of(self, names: Iterable[str]) -> dict[str, Stat] | None:
        """How those of *names* look that a scan would see; None where it would see more in them."""
        folder, found = self._library.originals.folder, {}
        if not folder.is_dir():
            return None
        for name in names:
            try:
                name.encode()
                stat = (folder / name).lstat()
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, UnicodeEncodeError):
                return None
            if modes.S_ISDIR(stat.st_mode) or stat.st_nlink > self._names_of_one:
                return None
            if modes.S_ISREG(stat.st_mode) and not any(
                    part.startswith(".") for part in name.split("/")):
                found[name] = to_stat(stat)
        return found

    @property
    def _names_of_one(self) -> int:
        """How many names a file of ours has: one more where the site links to the originals."""
        return 2 if self._library.settings.link_originals else 1

    def _is_as_recorded(self, row: _Row, stat: Stat, drift: Drift) -> bool:
        """Whether a file still has the bytes that it had under the same look."""
        try:
            return self._digest(row.file_name, stat, again=True) == row.digest
        except OSError as error:  # one bad file stops nothing
            drift.unreadable.append((row.file_name, error.strerror or str(error)))
            return True

    def _read_candidates(self, candidates: dict[str, Stat], by_name: dict[str, _Row],
                         drift: Drift) -> dict[str, str]:
        """The digests of the files that may be anybody's, by name.

        What cannot be read, or is still being written, is noted in *drift*.
        """
        digests = {}
        for name, stat in sorted(candidates.items()):
            if name not in by_name and (given_up := self._given_up.get(name)) and (
                    given_up[0] == stat):
                drift.unreadable.append((name, given_up[1]))
                continue
            path = self._library.originals.folder / name
            try:
                if name not in by_name and _kind(path) is None and (
                        path.suffix.lower() not in IMAGE_SUFFIXES):
                    continue  # somebody's notes, or a generator's log
                if not self._is_stable(name, stat):
                    drift.unstable.append(name)
                    continue
                digests[name] = self._digest(name, stat)
            except OSError as error:
                drift.unreadable.append((name, error.strerror or str(error)))
            else:
                drift.stats[name] = stat
        return digests

    @staticmethod
    def _match(digests: dict[str, str], stats: dict[str, Stat], links: set[str],
               found: _Found) -> None:
        """Give each open image the file with its bytes: the one in its place, or any other.

        What is matched is taken out of *digests* and of `found.open`.
        """
        left = []
        for row in found.open:
            if digests.get(row.file_name) != row.digest:
                left.append(row)
                continue
            del digests[row.file_name]
            if row.file_name in links and is_managed(row.file_name):
                found.shared.append(row.pk)
            if row.file_state == "missing":
                found.returned.append(row.pk)
            if stats[row.file_name] != row.known or row.file_state == "altered":
                found.touched.append(row.pk)
        names: dict[str, list[str]] = {}
        for name, checksum in sorted(digests.items(), reverse=True):
            names.setdefault(checksum, []).append(name)
        found.open = []
        for row in left:
            if here := names.get(row.digest):
                found.moved.append((row.pk, name := here.pop()))
                del digests[name]
            else:
                found.open.append(row)

    def _judge_left_over(self, digests: dict[str, str], found: _Found, drift: Drift) -> None:
        """Images without a file, and files without an image."""
        unclear = set(drift.unstable) | {name for name, _ in drift.unreadable}
        closed = tuple(name for name in unclear if name.endswith("/"))
        for row in found.open:
            name = row.file_name
            if name in digests:
                if row.file_state != "altered" or drift.stats[name] != row.known:
                    found.altered.append(row.pk)
                del digests[name]
            elif name in unclear or name.startswith(closed):
                continue
            elif drift.unstable and row.file_state != "missing":
                drift.unsettled = True  # it may be among the files that are still in motion
            else:
                found.missing.append(row)
        self._judge_new(digests, drift)

    def _judge_new(self, digests: dict[str, str], drift: Drift) -> bool:
        """Files without an image; whether any has the bytes of an image that is not in its place.
        """
        folder, originals = self._library.originals.folder, self._library.originals
        is_lost = False
        for name, checksum in digests.items():
            if existing := originals.find_digest(checksum):
                if existing.file_name == name:
                    continue  # it was added while we looked
                is_there = (folder / existing.file_name).exists()
                is_lost = is_lost or existing.file_state != "ok" or not is_there
                if is_there:
                    drift.duplicate.append((name, existing))
            elif originals.find_trashed(checksum):
                drift.deleted.append(name)
            elif not is_preview(folder / name):
                drift.stray.append(name)
        return is_lost

    def _digest(self, name: str, stat: Stat, *, again: bool = False) -> str:
        known = self._digests.get(name)
        if known is None or known[0] != stat or again:
            known = (stat, digest(self._library.originals.folder / name))
            self._digests[name] = known
        return known[1]

    def _is_stable(self, name: str, stat: Stat) -> bool:
        """Whether the file has looked like this for a while, so that nobody is writing it."""
        if not self._stable_seconds:
            return True
        seen, since = self._first_seen.get(name, (None, 0.0))
        now = time.monotonic()
        if seen != stat:
            self._first_seen[name] = (stat, now)
            return False
        return now - since >= self._stable_seconds

    def _forget(self, files: dict[str, Stat]) -> None:
        """Keep memories only of files that are still there."""
        self._given_up = {k: v for k, v in self._given_up.items() if k in files}
        self._first_seen = {k: v for k, v in self._first_seen.items() if k in files}
        self._digests = {k: v for k, v in self._digests.items() if k in files}


def _read_rows(library: Storage, names: Collection[str] | None = None) -> list[_Row]:
    """All images, or those that have one of these *names*."""
    which, values = "", []
    if names is not None:
        which = "WHERE i.file_name IN (SELECT value FROM json_each(?))"
        values = [json.dumps(list(names))]
    return [
        _Row(row["pk"], row["file_name"], row["digest"], row["file_state"],
             None if row["inode"] is None else (row["size"], row["mtime_ns"], row["inode"]),
             row["checked_at"] or "")
        for row in library.database.read(
            "SELECT i.pk, i.file_name, i.digest, i.file_state, s.size_bytes AS size, s.mtime_ns,"
            " s.inode, s.checked_at FROM images i LEFT JOIN file_stats s ON s.pk = i.pk"
            f" {which} ORDER BY i.pk", *values)
    ]


def _fill(library: Storage, drift: Drift, found: _Found) -> None:
    """Read the images that something is the matter with."""
    pks = [row.pk for row in found.missing] + [pk for pk, _ in found.moved]
    pks += found.returned + found.altered + found.damaged + found.touched + found.shared
    images = select_pks(library.database.reader, set(pks), raw=False)

    def of(wanted: Iterable[int]) -> list[Image]:
        return [images[pk] for pk in wanted if pk in images]

    drift.missing = of(row.pk for row in found.missing)
    drift.returned, drift.altered = of(found.returned), of(found.altered)
    drift.damaged, drift.touched = of(found.damaged), of(found.touched)
    drift.shared = of(found.shared)
    drift.moved = [(images[pk], name) for pk, name in found.moved if pk in images]


def _begin_deep(library: Storage) -> str:
    """When the deep scan that is under way began; a new one begins now."""
    found = library.database.read("SELECT value FROM meta WHERE key = 'deep_since'")
    if found:
        return str(found[0][0])
    with library.database.write("scan", undoable=False) as transaction:
        transaction.run("INSERT INTO meta VALUES ('deep_since', ?)", now := utc_now())
    return now


def _note_verified(library: Storage, pks: list[int]) -> None:
    if not pks:
        return
    with library.database.write("scan", undoable=False) as transaction:
        transaction.connection.executemany(
            "UPDATE file_stats SET checked_at = ? WHERE pk = ?",
            [(utc_now(), pk) for pk in pks])
    pks.clear()


def _end_deep(library: Storage) -> None:
    with library.database.write("scan", undoable=False) as transaction:
        transaction.run("DELETE FROM meta WHERE key = 'deep_since'")


def _kind(path: Path) -> str | None:
    with path.open("rb") as stream:
        return sniff(stream.read(HEAD))
