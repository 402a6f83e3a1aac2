"""Events of the file system: the only module that imports watchdog.

Whether events come is tried, as a system may take a watch and never tell of
anything: a thread that reads them may have died, a mount may have none. Where a
trial fails, the folders are polled, and the reason is said.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
import threading
import time
from collections.abc import Iterable, Sequence, Set
from contextlib import suppress
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from imagelib.library.store.disk import can_be_listed, on_network

#: How often it is tried whether events come, and how long one may be under way, in seconds.
TRIAL_SECONDS, _LATEST = 30.0, 3.0
#: What reading alone causes; everything else is a reason to look.
_HARMLESS = frozenset({"opened", "closed_no_write"})
#: What happens to a folder that is a reason to look. Whoever makes one more kind of event of the
#: rest, as watchdog 7 does of attributes, must not cause a scan at each trial.
_OF_FOLDERS = frozenset({"created", "deleted", "moved"})
#: Polling is slow and certain; every so many seconds.
_POLL_SECONDS = 5
#: A look at more files takes as long as a look at all.
_MOST_PATHS = 5000


class Wanted(threading.Event):
    """Set when a look is wanted: at everything, or only at the paths that were added."""

    def __init__(self) -> None:
        super().__init__()
        self._paths: set[Path] = set()
        self._is_all = False
        self._taking = threading.Lock()

    def set(self) -> None:
        """Want a look at everything."""
        with self._taking:
            self._is_all = True
        super().set()

    def add(self, paths: Iterable[Path]) -> None:
        """Want a look at *paths*; at everything if these become too many."""
        with self._taking:
            self._paths.update(paths)
            self._is_all = self._is_all or len(self._paths) > _MOST_PATHS
            if self._is_all:
                self._paths.clear()
        super().set()

    def take(self) -> Set[Path] | None:
        """The paths that were added since the last time; None for everything."""
        with self._taking:
            paths, is_all = self._paths, self._is_all
            self._paths, self._is_all = set(), False
        return None if is_all else paths


class Events:
    """Adds to *wanted* what happens below one of the folders."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._observer: BaseObserver | None = None
        self._handlers: dict[Path, _Handler] = {}
        self._overflow = _OverflowListener(wanted)
        self._tried = 0.0
        #: Why the folders are polled; empty where events come.
        self.reason = ""

    def begin(self, folders: list[Path], beside: Path) -> None:
        """Watch *folders* with all that is below, and the folder *beside* without.

        By the system's events, or by polling where it has none to give.
        """
        remote = next((kind for folder in folders if (kind := on_network(folder))), None)
        self.reason = f"{remote} gives no events" if remote else ""
        if not remote:
            try:
                self._start(Observer(), folders, beside)
                self.reason = self._trial()
            except OSError as error:  # the limit of inotify watches, above all
                self.reason = error.strerror or str(error)
        if self.reason:
            self._poll(folders, beside)
        logging.getLogger("watchdog").addHandler(self._overflow)

    def end(self) -> None:
        """End the observer."""
        logging.getLogger("watchdog").removeHandler(self._overflow)
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            with suppress(RuntimeError):  # it was never started
                observer.join()

    @property
    def folders(self) -> set[Path]:
        """What is watched with all that is below."""
        return set(self._handlers)

    def still_come(self) -> bool:
        """Whether events come, which is tried now and then; if not, the folders are polled."""
        if self.reason or time.monotonic() - self._tried < TRIAL_SECONDS:
            return not self.reason
        self.reason = self._trial()
        return not self.reason

    def _trial(self) -> str:
        """Cause an event in each folder, and say why not all of them came."""
        self._tried = time.monotonic()
        if sys.platform == "win32":
            return ""  # has no change that causes an event and alters nothing
        for folder, handler in self._handlers.items():
            handler.seen.clear()
            try:
                # The mode that it has: an event, and no change at all.
                folder.chmod(stat.S_IMODE(folder.stat().st_mode))
            except FileNotFoundError:
                continue  # gone; who watches anew will see
            except OSError as error:
                return f"whether {folder.name} gives events cannot be tried: {error.strerror}"
            if not handler.seen.wait(_LATEST):
                return f"no event came from {folder.name}"
        return ""

    def _poll(self, folders: list[Path], beside: Path) -> None:
        if self._observer is not None:
            self.end()
        self._start(PollingObserver(timeout=_POLL_SECONDS), folders, beside)

    def _start(self, observer: BaseObserver, folders: list[Path], beside: Path) -> None:
        self._handlers = {folder: _Handler(self._wanted) for folder in folders
                          if can_be_listed(folder)}
        self._observer = observer
        for folder, handler in self._handlers.items():
            observer.schedule(handler, str(folder), recursive=True)
        if beside not in self._handlers:  # to see the images folder itself go and come back
            observer.schedule(_Handler(self._wanted, folders), str(beside), recursive=False)
        observer.start()


class _Handler(FileSystemEventHandler):
    """Says to which files something happened, and no more: a slow handler loses events.

    What happens to a folder is a reason to look at everything. Where *folders* are given, only what
    happens to one of them, or to a folder above it, counts: beside them lies `library.db`, and no
    edit is a reason to compare a hundred thousand files.
    """

    def __init__(self, wanted: Wanted, folders: Sequence[Path] = ()) -> None:
        self._wanted = wanted
        self._counts = {os.fspath(path) for folder in folders for path in (folder, *folder.parents)}
        #: Set by every event, also by those that are no reason to look.
        self.seen = threading.Event()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Note every event that is more than a look."""
        self.seen.set()
        # What else happens to a folder has an event of its own, or is our own trial.
        if event.event_type in _HARMLESS or (event.is_directory
                                             and event.event_type not in _OF_FOLDERS):
            return
        paths = [os.fsdecode(path) for path in (event.src_path, event.dest_path) if path]
        if self._counts and self._counts.isdisjoint(paths):
            return
        if all(os.path.basename(path).startswith(".") for path in paths):  # noqa: PTH119 - bytes
            return
        if event.is_directory or self._counts:
            self._wanted.set()
        else:
            self._wanted.add(map(Path, paths))


class _OverflowListener(logging.Handler):
    """Watchdog tells of lost events only in its log: look at everything then."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(logging.WARNING)
        self._wanted = wanted

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - logging's signature
        """Ask for a scan: watchdog has lost events."""
        self._wanted.set()
