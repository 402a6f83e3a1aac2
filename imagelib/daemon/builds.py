"""The builds of a daemon: one after the other, in a thread of their own.

`wake` says that something may have changed; a short quiet time later the site is
brought up to date. Changes by other programs are noticed by asking SQLite every
second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from imagelib.daemon.debounce import debounce
from imagelib.daemon.logs import LOG, log_event
from imagelib.errors import ImagelibError
from imagelib.generator.build_run import BuildReport
from imagelib.generator.builder import build
from imagelib.library.library import Library
from imagelib.library.store.backup import snapshot_if_old
from imagelib.library.store.batches import acting_as

#: How often other programs' changes are looked for, in seconds.
POLL_SECONDS = 1.0
#: From so many on it is said how long the rest will take.
_SURE = 10


class _StoppedError(Exception):
    """The daemon ends: the build goes on at the next start."""


class BuildLoop:
    """Keeps the site of *library* up to date.

    *idle* is called when there is nothing to build; it is given a function that says whether to
    go on with what it does.
    """

    def __init__(self, library: Library, idle: Callable[[Callable[[], bool]], object]) -> None:
        self._library = library
        self._idle = idle
        self._state: dict[str, Any] = {"state": "idle", "seq": None, "failures": [], "error": "",
                                       "progress": None}
        #: What is being done, and since when.
        self._stage = ("", 0.0)
        self._wanted = threading.Event()
        self._full = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> dict[str, Any]:
        """What the status says of builds: `state` (idle, building, failed), `seq` (the change that
        was built last), `failures` and how many have `failed`, `error`, `progress` (`stage`,
        `done`, `total`, and `seconds_left` once that can be told)."""
        return dict(self._state)

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
        if not woken and self._library.database.seq() == built:
            self._idle(lambda: not self._stop.is_set())
            # Whoever copies the file alone shall have the last edits.
            self._library.database.checkpoint()
            snapshot_if_old(self._library.settings, self._library.database)
            return built
        debounce(self._wanted, self._stop)
        full, self._full = self._full, False
        report = self._build(full=full)
        if report is not None:
            return report.seq
        if not self._wanted.is_set():
            self._stop.wait(POLL_SECONDS)  # a disk that is full does not need a busy loop
        return built

    def _build(self, *, full: bool) -> BuildReport | None:
        """One build; what goes wrong is kept for the status and the log."""
        self._state |= {"state": "building", "progress": None}
        self._stage = ("", 0.0)
        try:
            # A build looks at the files too.
            with acting_as("watcher"), self._library.database.translated():
                report = build(self._library, full=full, progress=self._note_progress)
        except _StoppedError:
            return None
        except Exception as error:  # noqa: BLE001 - a broken template must not end the daemon
            self._fail(error)
            return None
        failures = [{"file": name, "error": reason} for name, reason in report.failures]
        self._state |= {"state": "idle", "seq": report.seq, "failures": failures[:200],
                        "failed": len(failures), "error": "", "progress": None}
        if report.written or report.pruned:
            log_event("build", seq=report.seq, files=len(report.written),
                      pruned=len(report.pruned), thumbnails=report.thumbnails,
                      ms=round(report.seconds * 1000), outcome="ok")
        return report

    def _note_progress(self, stage: str, done: int, total: int) -> None:
        if self._stop.is_set():
            raise _StoppedError
        now = time.monotonic()
        if self._stage[0] != stage:
            self._stage = (stage, now)
        left = (now - self._stage[1]) / done * (total - done) if done >= _SURE else None
        self._state["progress"] = {"stage": stage, "done": done, "total": total,
                                   "seconds_left": left and round(left)}

    def _fail(self, error: Exception) -> None:
        """Say in the status and once in the log what went wrong."""
        reason = (str(error) if isinstance(error, ImagelibError | OSError)
                  else f"{type(error).__name__}: {error}")
        if reason != self._state["error"]:
            log_event("build", level=logging.ERROR, outcome="failed", reason=reason)
            LOG.debug("traceback", exc_info=error)
        self._state |= {"state": "failed", "error": reason, "progress": None}
