"""Follow what happens in the images folder.

Events are hints, a scan is the truth. The handler only says to which files
something happened; a thread waits for a quiet moment and looks at these. A new
picture is taken in; anything else wants a scan, and the library is made to follow
the disk. Our own reads and writes cause no loop: a look that finds nothing
changes nothing. No file and no error ends the thread: what cannot be taken is
named in the status, with the reason, and the rest goes on.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Collection, Set
from pathlib import Path

from imagelib.daemon.debounce import debounce
from imagelib.daemon.events import TRIAL_SECONDS, Events, Wanted
from imagelib.daemon.further_folders import STABLE_SECONDS, FurtherFolders
from imagelib.daemon.logs import LOG, log_added, log_event, reason_of
from imagelib.daemon.service import Service
from imagelib.library.originals.drift import Drift, Scanner
from imagelib.library.originals.following import follow_disk
from imagelib.library.store.batches import acting_as
from imagelib.library.store.disk import can_be_listed

#: A full scan at least this often, in seconds, whatever the events say.
FULL_SCAN_SECONDS = 600.0
#: After a failure that was not foreseen, in seconds.
_AGAIN_SECONDS = 5.0
#: Of how many files the status says something.
_MOST_TOLD = 200


class Watcher:
    """Watches the images folder and the further folders of one library."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._scanner = Scanner(service.library, stable_seconds=STABLE_SECONDS)
        #: What is said of files in the images folder, by name: its kind, and a reason.
        self._said: dict[str, tuple[str, str]] = {}
        self._missing: list[str] = []
        #: Why the last scan changed nothing.
        self._refused = ""
        self._wanted = Wanted()
        self._stop = threading.Event()
        self._further = FurtherFolders(service, self._stop)
        self._thread = threading.Thread(target=self._run, name="watcher")
        self._events = Events(self._wanted)
        #: A watched folder may have been gone in the last scan, and its watch with it.
        self._lost = False

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
        self._events.begin([self._service.library.originals.folder, *self._further.folders],
                           self._service.library.root)
        if self._events.reason:
            log_event("watch", level=logging.WARNING, mode="polling", reason=self._events.reason)

    def _run(self) -> None:
        next_scan = next_look = 0.0
        waiting: Set[Path] = set()
        told = ""
        while not self._stop.is_set():
            left = min(next_scan, next_look) - time.monotonic()
            self._wanted.wait(max(0.0, min(left, TRIAL_SECONDS)))
            if self._stop.is_set():
                return
            try:
                self._rewatch()
                if not self._wanted.is_set() and time.monotonic() < min(next_scan, next_look):
                    continue
                debounce(self._wanted, self._stop)
                paths = self._wanted.take()
                with acting_as("watcher"):
                    found = None if paths is None or time.monotonic() >= next_scan else (
                        self._look(paths | waiting))
                    if found is None:
                        found, seconds = self._scan()
                        next_scan = time.monotonic() + seconds
                waiting = found
                next_look = time.monotonic() + (
                    STABLE_SECONDS / 2 if waiting else FULL_SCAN_SECONDS)
                told = ""
            except Exception as error:  # noqa: BLE001 - the last line: the thread has to go on
                reason = reason_of(error)
                self._service.watch |= {"state": "failing", "reason": reason}
                if reason != told:
                    log_event("watch", level=logging.ERROR, reason=reason)
                    LOG.debug("traceback", exc_info=error)
                told = reason
                next_scan = next_look = time.monotonic() + _AGAIN_SECONDS
                self._wanted.clear()

    def _look(self, paths: Set[Path]) -> Set[Path] | None:
        """Take in what is new among *paths*; return those that are still being written, None if
        only a scan can say what happened."""
        folder = self._service.library.originals.folder
        names = [path.relative_to(folder).as_posix() for path in paths
                 if path.is_relative_to(folder)]
        drift = None if self._refused else self._scanner.look(names)
        if drift is None:
            return None
        waiting = self._follow(drift, names) | self._further.take(paths)
        self._tell()
        return waiting

    def _scan(self) -> tuple[Set[Path], float]:
        """Look at everything; return what is still being written, and after how many seconds to
        scan again at the latest."""
        drift = self._scanner.scan()
        waiting = self._follow(drift, [*self._said]) | self._further.take()
        self._missing = [image.file_name for image in drift.missing]
        self._refused = drift.refused
        self._lost = bool(drift.refused) or not all(
            can_be_listed(folder) for folder in self._events.folders)
        self._tell()
        return waiting, STABLE_SECONDS / 2 if drift.unsettled else FULL_SCAN_SECONDS

    def _follow(self, drift: Drift, names: Collection[str]) -> set[Path]:
        """Make the library follow what was found in a look at *names*, of which something else may
        have been said before; return what is still being written."""
        library = self._service.library
        done = follow_disk(library, self._scanner, drift,
                           on_added=lambda image: log_added(image, image.file_name))
        before = {name: self._said.pop(name) for name in names if name in self._said}
        self._said |= {name: ("duplicate", "") for name, _ in drift.duplicate}
        self._said |= dict.fromkeys(drift.deleted, ("deleted", ""))
        self._said |= {name: ("unreadable", reason)
                       for name, reason in (*drift.unreadable, *done.failures)}
        for name in drift.deleted:
            if name not in before:
                log_event("ingest", file=name, outcome="stays deleted")
        if len(done.changed) > len(done.added):
            log_event("drift", moved=len(drift.moved), missing=len(drift.missing),
                      altered=len(drift.altered), returned=len(drift.returned))
        if drift.refused:
            log_event("drift", level=logging.WARNING, outcome="refused", reason=drift.refused)
        if done.changed:
            self._service.builds.wake()
        return {library.originals.folder / name for name in drift.unstable}

    def _rewatch(self) -> None:
        """Begin anew where a folder has come or come back, or where events come no more."""
        folders = {folder for folder in [self._service.library.originals.folder,
                                         *self._further.folders] if can_be_listed(folder)}
        was_polling = bool(self._events.reason)
        if not self._lost and folders == self._events.folders and (
                self._events.still_come() or was_polling):
            return
        self._lost = False
        self._observe()
        self._wanted.set()  # what happened in between was not seen

    def _tell(self) -> None:
        """Say in the status what the last looks found."""
        reason = self._events.reason
        failed = [(_shown(path.name), why) for path, why in self._further.failed.items()]
        self._service.watch = {
            **({"state": "polling", "reason": reason} if reason else {"state": "watching"}),
            "refused": self._refused,
            "missing": self._missing[:_MOST_TOLD],
            "duplicates": [name for name, _ in self._of("duplicate")][:_MOST_TOLD],
            "deleted": [*(name for name, _ in self._of("deleted")),
                        *self._further.deleted][:_MOST_TOLD],
            "unreadable": [{"file": name, "error": why}
                           for name, why in [*self._of("unreadable"), *failed][:_MOST_TOLD]],
        }

    def _of(self, kind: str) -> list[tuple[str, str]]:
        return [(name, why) for name, (one, why) in self._said.items() if one == kind]


def _shown(name: str) -> str:
    """A name of any bytes as text."""
    return os.fsencode(name).decode("utf-8", "replace")
