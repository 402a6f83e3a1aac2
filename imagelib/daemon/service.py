"""What the daemon is doing: the library it serves, the builds it runs, what it watches.

Builds run one after the other in a thread of their own. `wake` says that
something may have changed; a short quiet time later the site is brought up to
date. Changes by other programs are noticed by asking SQLite every second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from imagelib import __version__
from imagelib.daemon.debounce import debounce
from imagelib.daemon.logs import LOG, log_event
from imagelib.daemon.previews import Previews
from imagelib.errors import BusyError, ImagelibError
from imagelib.generator.builder import BuildReport, build
from imagelib.library.library import Library
from imagelib.library.originals.drift import Scanner
from imagelib.library.originals.intents import Progress
from imagelib.library.query.memory.engine import MemoryEngine
from imagelib.library.store.backup import snapshot_if_old
from imagelib.library.store.database import acting_as

#: How often other programs' changes are looked for, in seconds.
POLL_SECONDS = 1.0
#: How long one comparison of the files waits for another one, in seconds.
_SCAN_PATIENCE = 0.75


class _StoppedError(Exception):
    """The daemon ends: the build goes on at the next start."""


class Service:
    """The shared heart of one daemon."""

    def __init__(self, library: Library, *, read_only: bool = False) -> None:
        self.library = library
        self.engine = MemoryEngine(library.database)
        library.engine = self.engine
        self.read_only = read_only
        self.started = time.time()
        #: What the watcher says of itself and of the last scan.
        self.watch: dict[str, Any] = {"state": "off"}
        self.previews = Previews(library)
        #: How far the edits of many images are, the oldest first.
        self._work: list[dict[str, int]] = []
        self._scanner = Scanner(library)
        self._scanner_lock = threading.Lock()
        self._build: dict[str, Any] = {"state": "idle", "seq": None, "failures": [], "error": "",
                                       "progress": None}
        self._wanted = threading.Event()
        self._full = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self, *, full: bool = False) -> None:
        """Something may have changed: build soon."""
        self._full = self._full or full
        self._wanted.set()

    def start(self) -> None:
        """Start building in the background, at once for the first time."""
        self._thread = threading.Thread(target=self._run, name="builder")
        self._thread.start()
        self.wake()

    def stop(self) -> None:
        """Break off the build that is running, and end; nothing of it is lost."""
        self._stop.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def status(self) -> dict[str, Any]:
        """What `GET /api/status` answers; to a visitor only what concerns the gallery."""
        library = self.library
        if self.read_only:
            return {
                "images": library.count(), "version": __version__,
                "seq": library.database.seq(), "title": library.settings.title,
                "read_only": True, "watch": {"state": self.watch["state"]},
                "build": {name: self._build[name] for name in ("state", "seq")}}
        counts = library.database.read(
            "SELECT (SELECT count(*) FROM images) AS images, (SELECT count(*) FROM trash) AS trash,"
            " (SELECT count(*) FROM images WHERE file_state = 'missing') AS missing,"
            " (SELECT count(*) FROM images WHERE file_state = 'altered') AS altered")[0]
        return {
            **dict(counts),
            "version": __version__,
            "seq": library.database.seq(),
            "title": library.settings.title,
            "read_only": self.read_only,
            "build": dict(self._build),
            "watch": dict(self.watch),
            "work": next(iter(self._work), None),
        }

    @contextmanager
    def working(self, total: int) -> Iterator[Progress]:
        """An edit of *total* images; the status shows what the body says of its progress."""
        work = {"done": 0, "total": total}
        self._work.append(work)

        def note(done: int) -> None:
            work["done"] = done

        try:
            yield note
        finally:
            self._work.remove(work)

    @contextmanager
    def scanning(self) -> Iterator[Scanner]:
        """The scanner for what a person asks; one at a time, it remembers what it has read.

        Raises:
            BusyError: somebody else's scan, or what it found, takes longer than a person waits.
        """
        if not self._scanner_lock.acquire(timeout=_SCAN_PATIENCE):
            raise BusyError("The files are being compared already. Ask again in a moment.")
        try:
            yield self._scanner
        finally:
            self._scanner_lock.release()

    def build_now(self, *, full: bool = False) -> BuildReport | None:
        """One build; what goes wrong is kept for the status and the log."""
        self._build |= {"state": "building", "progress": None}
        try:
            # A build looks at the files too.
            with acting_as("watcher"), self.library.database.translated():
                report = build(self.library, full=full, progress=self._note_progress)
        except _StoppedError:
            return None
        except Exception as error:  # noqa: BLE001 - a broken template must not end the daemon
            self._fail(error)
            return None
        failures = [{"file": name, "error": reason} for name, reason in report.failures]
        self._build |= {"state": "idle", "seq": report.seq, "failures": failures[:200],
                        "failed": len(failures), "error": "", "progress": None}
        if report.written or report.pruned:
            log_event("build", seq=report.seq, files=len(report.written),
                      pruned=len(report.pruned), thumbnails=report.thumbnails,
                      ms=round(report.seconds * 1000), outcome="ok")
        return report

    def _note_progress(self, stage: str, done: int, total: int) -> None:
        if self._stop.is_set():
            raise _StoppedError
        self._build["progress"] = {"stage": stage, "done": done, "total": total}

    def _run(self) -> None:
        built = -1
        while not self._stop.is_set():
            woken = self._wanted.wait(POLL_SECONDS)
            try:
                built = self._work_once(woken, built)
            except Exception as error:  # noqa: BLE001 - the last line: the thread has to go on
                self._fail(error)
                self._stop.wait(POLL_SECONDS)

    def _work_once(self, woken: bool, built: int) -> int:
        """Build if something has changed; return as of which seq the site is then."""
        if self._stop.is_set():
            return built
        if not woken and self.library.database.seq() == built:
            # Nothing else to do: searches are quicker from then on.
            self.engine.learn(lambda: not self._stop.is_set())
            # Whoever copies the file alone shall have the last edits.
            self.library.database.checkpoint()
            snapshot_if_old(self.library.settings, self.library.database)
            return built
        debounce(self._wanted, self._stop)
        full, self._full = self._full, False
        report = self.build_now(full=full)
        if report is not None:
            return report.seq
        if not self._wanted.is_set():
            self._stop.wait(POLL_SECONDS)  # a disk that is full does not need a busy loop
        return built

    def _fail(self, error: Exception) -> None:
        """Say in the status and once in the log what went wrong."""
        reason = (str(error) if isinstance(error, ImagelibError | OSError)
                  else f"{type(error).__name__}: {error}")
        if reason != self._build["error"]:
            log_event("build", level=logging.ERROR, outcome="failed", reason=reason)
            LOG.debug("traceback", exc_info=error)
        self._build |= {"state": "failed", "error": reason, "progress": None}
