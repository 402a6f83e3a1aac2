"""Follow what happens in the images folder: the only module that imports watchdog.

Events are hints, a scan is the truth. The handler only says that something
happened; a thread waits for a quiet moment, scans, and makes the library follow
the disk. Our own reads and writes cause no loop: a scan that finds nothing
changes nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from imagelib.daemon.logs import log_event
from imagelib.daemon.state import LONGEST_WAIT, QUIET_SECONDS, State
from imagelib.errors import ImagelibError, InvalidError
from imagelib.library.database import acting_as
from imagelib.library.drift import Drift, Scanner
from imagelib.library.files import on_network
from imagelib.library.settling import Settled, note_taken, settle, taken_files

#: A full scan at least this often, in seconds, whatever the events say.
FULL_SCAN_SECONDS = 600.0
#: A file is whole when it has looked the same for so long, in seconds.
SETTLE_SECONDS = 1.0
#: What reading alone causes; everything else is a reason to look.
_HARMLESS = frozenset({"opened", "closed_no_write"})
#: Polling is slow and certain; every so many seconds.
_POLL_SECONDS = 5


class Watcher:
    """Watches the images folder and the further folders of one library."""

    def __init__(self, state: State) -> None:
        self._state = state
        library = state.library
        self._scanner = Scanner(library, settle_seconds=SETTLE_SECONDS)
        self._folders = [Path(folder).expanduser() for folder in library.settings.watch_folders]
        self._taken = taken_files(library)
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}
        #: Files that came again after they were deleted here, in order; said once.
        self._deleted: dict[str, None] = {}
        #: Files in the images folder of which that was said.
        self._said: set[str] = set()
        self._wanted = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher")
        self._observer: BaseObserver | None = None
        self._watched: set[Path] = set()
        self._overflow = _OverflowListener(self._wanted)

    def start(self) -> None:
        """Begin with a full scan, then follow events."""
        logging.getLogger("watchdog").addHandler(self._overflow)
        self._observe()
        self._wanted.set()
        self._thread.start()

    def stop(self) -> None:
        """End both threads."""
        self._stop.set()
        self._wanted.set()
        self._thread.join()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
        logging.getLogger("watchdog").removeHandler(self._overflow)

    def _observe(self) -> None:
        """Watch with the system's events, or poll where it has none to give."""
        folders = [self._state.library.originals.folder, *self._folders]
        remote = next((kind for f in folders if (kind := on_network(f))), None)
        reason = f"{remote} gives no events" if remote else ""
        if not remote:
            try:
                self._observer = self._begin(Observer(), folders)
                self._state.watch = {"state": "watching"}
                return
            except OSError as error:  # the limit of inotify watches, above all
                reason = error.strerror or str(error)
        self._observer = self._begin(PollingObserver(timeout=_POLL_SECONDS), folders)
        self._state.watch = {"state": "polling", "reason": reason}
        log_event("watch", level=logging.WARNING, mode="polling", reason=reason)

    def _begin(self, observer: BaseObserver, folders: list[Path]) -> BaseObserver:
        handler = _Handler(self._wanted)
        self._watched = {folder for folder in folders if folder.is_dir()}
        for folder in self._watched:
            observer.schedule(handler, str(folder), recursive=True)
        root = self._state.library.root
        if root not in self._watched:  # to see the images folder itself go and come back
            observer.schedule(handler, str(root), recursive=False)
        observer.start()
        return observer

    def _run(self) -> None:
        again = FULL_SCAN_SECONDS
        while not self._stop.is_set():
            self._wanted.wait(again)
            if self._stop.is_set():
                return
            self._quiet()
            try:
                with acting_as("watcher"):
                    again = self._look()
            except (ImagelibError, OSError) as error:
                log_event("watch", level=logging.ERROR, reason=str(error))
                again = 5.0

    def _quiet(self) -> None:
        give_up = time.monotonic() + LONGEST_WAIT
        while self._wanted.is_set() and time.monotonic() < give_up and not self._stop.is_set():
            self._wanted.clear()
            self._wanted.wait(QUIET_SECONDS)
        self._wanted.clear()

    def _look(self) -> float:
        """One scan; return after how many seconds to look again at the latest."""
        library = self._state.library
        drift = self._scanner.scan()
        done = settle(library, self._scanner, drift)
        waiting = len(drift.unsettled) + self._take_from_folders()
        self._report(drift, done)
        self._rewatch()
        if done.added or done.changed:
            self._state.wake()
        return SETTLE_SECONDS / 2 if waiting else FULL_SCAN_SECONDS

    def _rewatch(self) -> None:
        """A folder that went and came back has lost its watch: begin anew."""
        folders = {f for f in [self._state.library.originals.folder, *self._folders]
                   if f.is_dir()}
        self._watched &= folders
        if folders - self._watched and self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observe()
            self._wanted.set()  # what happened in between was not seen

    def _take_from_folders(self) -> int:
        """Add new pictures of the further folders; return how many are still being written."""
        waiting = 0
        for folder in self._folders:
            if not folder.is_dir():
                continue
            for path in sorted(folder.rglob("*")):
                if self._stop.is_set():
                    return 0
                waiting += self._take(path)
        return waiting

    def _take(self, path: Path) -> bool:
        """Take one file of a further folder in; whether it is still being written."""
        if path.name.startswith(".") or path.is_symlink() or not path.is_file():
            return False
        stat = path.stat()
        look = (stat.st_size, stat.st_mtime_ns)
        if self._taken.get(path) == look:
            return False
        seen, since = self._seen.get(path, (None, 0.0))
        if seen != look:
            self._seen[path] = (look, time.monotonic())
            return True
        if time.monotonic() - since < SETTLE_SECONDS:
            return True
        del self._seen[path]
        try:
            taken = self._state.library.take_in(path, found=True)
        except (InvalidError, OSError) as error:
            log_event("watch", level=logging.DEBUG, file=path.name, reason=str(error))
            taken = None
        # Known for good, so that the next start need not read the whole folder again.
        self._taken[path] = look
        image = taken.image if taken else None
        note_taken(self._state.library, path, look, image.digest if image else "")
        if taken and taken.status == "deleted":
            self._deleted[str(path)] = None
            log_event("ingest", file=path.name, outcome="stays deleted")
        if taken and image and taken.status != "here":
            log_event("ingest", image=image.id, file=path.name, bytes=image.size_bytes)
            self._state.wake()
        return False

    def _report(self, drift: Drift, done: Settled) -> None:
        self._state.watch = {
            **{k: v for k, v in self._state.watch.items() if k in ("state", "reason")},
            "refused": drift.refused,
            "missing": [image.file_name for image in drift.missing][:200],
            "duplicates": [name for name, _ in drift.duplicate][:200],
            "deleted": [*drift.deleted, *self._deleted][:200],
            "unreadable": [{"file": name, "error": reason} for name, reason in
                           [*drift.unreadable, *done.failed]][:200],
        }
        for image in done.added:
            log_event("ingest", image=image.id, file=image.file_name, bytes=image.size_bytes)
        for name in drift.deleted:
            if name not in self._said:
                log_event("ingest", file=name, outcome="stays deleted")
        self._said = set(drift.deleted)
        if done.changed:
            log_event("drift", moved=len(drift.moved), missing=len(drift.missing),
                      altered=len(drift.altered), returned=len(drift.returned))
        if drift.refused:
            log_event("drift", level=logging.WARNING, outcome="refused", reason=drift.refused)


class _Handler(FileSystemEventHandler):
    """Says that something happened, and no more: a slow handler loses events."""

    def __init__(self, wanted: threading.Event) -> None:
        self._wanted = wanted

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Note every event that is more than a look."""
        if event.event_type in _HARMLESS:
            return
        name = Path(str(event.dest_path or event.src_path)).name
        source = Path(str(event.src_path)).name
        if not (name.startswith(".") and source.startswith(".")):
            self._wanted.set()


class _OverflowListener(logging.Handler):
    """Watchdog tells of lost events only in its log: look at everything then."""

    def __init__(self, wanted: threading.Event) -> None:
        super().__init__(logging.WARNING)
        self._wanted = wanted

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - logging's signature
        """Hear of an overflow."""
        self._wanted.set()
