"""Follow what happens in the images folder.

Events are hints, a scan is the truth. The handler only says that something
happened; a thread waits for a quiet moment, scans, and makes the library follow
the disk. Our own reads and writes cause no loop: a scan that finds nothing
changes nothing. No file and no error ends the thread: what cannot be taken is
named in the status, with the reason, and the rest goes on.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

from imagelib.daemon.debounce import debounce
from imagelib.daemon.events import TRIAL_SECONDS, Events
from imagelib.daemon.logs import LOG, log_event
from imagelib.daemon.service import Service
from imagelib.errors import BrokenPictureError, ImagelibError, InvalidError, MissingExtraError
from imagelib.formats import IMAGE_SUFFIXES
from imagelib.ingest.warnings import warnings_of
from imagelib.library.originals.drift import Drift, Scanner, is_preview, walk_files
from imagelib.library.originals.following import follow_disk, note_taken, taken_files
from imagelib.library.originals.intake import take_in
from imagelib.library.store.batches import acting_as
from imagelib.library.store.disk import can_be_listed, mtime_ns
from imagelib.library.values.image import Image
from imagelib.library.values.outcome import Followed

#: A full scan at least this often, in seconds, whatever the events say.
FULL_SCAN_SECONDS = 600.0
#: A file is whole when it has looked the same for so long, in seconds.
STABLE_SECONDS = 1.0
#: After a failure that was not foreseen, in seconds.
_AGAIN_SECONDS = 5.0


class Watcher:
    """Watches the images folder and the further folders of one library."""

    def __init__(self, service: Service) -> None:
        self._service = service
        library = service.library
        self._scanner = Scanner(library, stable_seconds=STABLE_SECONDS)
        self._taken = taken_files(library)
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}
        #: Files that came again after they were deleted here, in order; said once.
        self._deleted: dict[str, None] = {}
        #: Files in the images folder of which that was said.
        self._said: set[str] = set()
        self._wanted = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher")
        self._events = Events(self._wanted)
        #: A watched folder may have been gone in the last scan, and its watch with it.
        self._lost = False
        #: What cannot be taken of the further folders, and why.
        self._failed: dict[Path, str] = {}
        #: Those of them that are no whole pictures; they are not tried again as they are.
        self._refused: dict[Path, str] = {}

    @property
    def _folders(self) -> list[Path]:
        """The further folders, as the settings say now."""
        return [Path(folder).expanduser()
                for folder in self._service.library.settings.watch_folders]

    def start(self) -> None:
        """Begin with a full scan, then follow events."""
        self._service.rewatch = self._wanted.set
        self._service.watch = {"state": "starting"}
        self._wanted.set()
        self._thread.start()

    def stop(self) -> None:
        """End both threads."""
        self._stop.set()
        self._wanted.set()
        self._thread.join()
        self._events.end()

    def _observe(self) -> None:
        self._events.end()
        self._events.begin([self._service.library.originals.folder, *self._folders],
                           self._service.library.root)
        if self._events.reason:
            log_event("watch", level=logging.WARNING, mode="polling", reason=self._events.reason)

    def _run(self) -> None:
        next_scan = 0.0
        told = ""
        while not self._stop.is_set():
            left = next_scan - time.monotonic()
            self._wanted.wait(max(0.0, min(left, TRIAL_SECONDS)))
            if self._stop.is_set():
                return
            try:
                self._rewatch()
                if not self._wanted.is_set() and time.monotonic() < next_scan:
                    continue
                debounce(self._wanted, self._stop)
                with acting_as("watcher"):
                    next_scan = time.monotonic() + self._scan()
                told = ""
            except Exception as error:  # noqa: BLE001 - the last line: the thread has to go on
                reason = _reason(error)
                self._service.watch |= {"state": "failing", "reason": reason}
                if reason != told:
                    log_event("watch", level=logging.ERROR, reason=reason)
                    LOG.debug("traceback", exc_info=error)
                told, next_scan = reason, time.monotonic() + _AGAIN_SECONDS
                self._wanted.clear()

    def _scan(self) -> float:
        """One scan; return after how many seconds to look again at the latest."""
        library = self._service.library
        drift = self._scanner.scan()
        done = follow_disk(library, self._scanner, drift)
        waiting = len(drift.unstable) + self._take_from_folders()
        self._lost = bool(drift.refused) or not all(
            can_be_listed(folder) for folder in self._events.folders)
        self._report(drift, done)
        if done.changed:
            self._service.builds.wake()
        return STABLE_SECONDS / 2 if waiting else FULL_SCAN_SECONDS

    def _rewatch(self) -> None:
        """Begin anew where a folder has come or come back, or where events come no more."""
        folders = {folder for folder in [self._service.library.originals.folder, *self._folders]
                   if can_be_listed(folder)}
        was_polling = bool(self._events.reason)
        if not self._lost and folders == self._events.folders and (
                self._events.still_come() or was_polling):
            return
        self._lost = False
        self._observe()
        self._wanted.set()  # what happened in between was not seen

    def _take_from_folders(self) -> int:
        """Add new pictures of the further folders; return how many are still being written."""
        waiting = 0
        failed: dict[Path, str] = {}
        for folder in self._folders:
            problems: dict[str, str] = {}
            for name, _ in walk_files(folder, problems=problems):
                if self._stop.is_set():
                    return 0
                path = folder / name
                try:
                    waiting += self._take(path)
                except Exception as error:  # noqa: BLE001 - one file stops no other
                    failed[path] = _reason(error)
                if path in self._refused:
                    failed[path] = self._refused[path]
            failed |= {folder / name: reason for name, reason in problems.items()}
        self._refused = {path: reason for path, reason in self._refused.items() if path in failed}
        for path, reason in failed.items():
            if self._failed.get(path) != reason:
                log_event("watch", level=logging.WARNING, file=path.name, reason=reason)
        self._failed = failed
        return waiting

    def _take(self, path: Path) -> bool:
        """Take one file of a further folder in; whether it is still being written."""
        if is_preview(path):
            return False
        stat = path.stat()
        look = (stat.st_size, mtime_ns(stat))
        if self._taken.get(path) == look:
            return False
        self._refused.pop(path, None)
        seen, since = self._seen.get(path, (None, 0.0))
        if seen != look:
            self._seen[path] = (look, time.monotonic())
            return True
        if time.monotonic() - since < STABLE_SECONDS:
            return True
        del self._seen[path]
        try:
            taken = take_in(self._service.library, path, found=True)
        except InvalidError as error:
            log_event("watch", level=logging.DEBUG, file=path.name, reason=str(error))
            taken = None
            # A generator's notes and logs are nobody's loss.
            if isinstance(error, (BrokenPictureError, MissingExtraError)) or (
                    path.suffix.lower() in IMAGE_SUFFIXES):
                self._refused[path] = str(error)
        self._taken[path] = look
        image = taken.image if taken else None
        # Known for good, so that the next start need not read the whole folder again. What is
        # said to be a picture may be taken then, by a package that was missing or a later version.
        if path not in self._refused:
            note_taken(self._service.library, path, look, taken.digest if taken else "")
        if taken and taken.status == "deleted":
            self._deleted[str(path)] = None
            log_event("ingest", file=path.name, outcome="stays deleted")
        if taken and image and taken.status != "here":
            _note(image, path.name)
            self._service.builds.wake()
        return False

    def _report(self, drift: Drift, done: Followed) -> None:
        self._service.watch = {
            **self._mode(),
            "refused": drift.refused,
            "missing": [image.file_name for image in drift.missing][:200],
            "duplicates": [name for name, _ in drift.duplicate][:200],
            "deleted": [*drift.deleted, *self._deleted][:200],
            "unreadable": [{"file": name, "error": reason} for name, reason in
                           [*drift.unreadable, *done.failures, *(
                               (_shown(path.name), reason)
                               for path, reason in self._failed.items())]][:200],
        }
        for image in done.added:
            _note(image, image.file_name)
        for name in drift.deleted:
            if name not in self._said:
                log_event("ingest", file=name, outcome="stays deleted")
        self._said = set(drift.deleted)
        if len(done.changed) > len(done.added):
            log_event("drift", moved=len(drift.moved), missing=len(drift.missing),
                      altered=len(drift.altered), returned=len(drift.returned))
        if drift.refused:
            log_event("drift", level=logging.WARNING, outcome="refused", reason=drift.refused)

    def _mode(self) -> dict[str, Any]:
        reason = self._events.reason
        return {"state": "polling", "reason": reason} if reason else {"state": "watching"}


def _note(image: Image, name: str) -> None:
    log_event("ingest", image=image.id, file=name, bytes=image.size_bytes)
    for warning in warnings_of(image.generation):
        log_event("ingest", level=logging.WARNING, file=name, reason=warning)


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "its name is not valid Unicode; rename it"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error) if isinstance(error, ImagelibError) else f"{type(error).__name__}: {error}"


def _shown(name: str) -> str:
    """A name of any bytes as text."""
    return os.fsencode(name).decode("utf-8", "replace")
