"""What all requests of one daemon share: the library, its builds, its scans, its status."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from imagelib import __version__
from imagelib.daemon.builds import BuildLoop
from imagelib.daemon.previews import Previews
from imagelib.daemon.publisher import Publisher
from imagelib.daemon.settings_file import written
from imagelib.errors import BusyError
from imagelib.library.library import Library
from imagelib.library.originals.drift import Scanner
from imagelib.library.originals.intents import Progress
from imagelib.library.query.memory.starting import StartingEngine
from imagelib.library.store.schema import NOT_OK

#: How long one comparison of the files waits for another one, in seconds.
_SCAN_PATIENCE = 0.75


class Service:
    """The shared heart of one daemon."""

    def __init__(self, library: Library, *, read_only: bool = False) -> None:
        self.library = library
        self.engine = StartingEngine(library.database)
        library.engine = self.engine
        self.read_only = read_only
        #: What the watcher says of itself and of the last scan.
        self.watch: dict[str, Any] = {"state": "off"}
        self.previews = Previews(library)
        #: How far the edits of many images are, the oldest first.
        self._work: list[dict[str, int]] = []
        #: Called when the folders to be watched may be others.
        self.rewatch: Callable[[], None] = lambda: None
        self._settings_lock = threading.Lock()
        self._scanner = Scanner(library)
        self._scanner_lock = threading.Lock()
        self.builds = BuildLoop(library, self.engine.learn)
        self.publisher = Publisher(library)

    def status(self) -> dict[str, Any]:
        """What `GET /api/status` answers; to a visitor only what concerns the gallery."""
        library = self.library
        if self.read_only:
            return {
                "images": library.count(), "version": __version__,
                "seq": library.database.seq(), "title": library.settings.title,
                "read_only": True, "watch": {"state": self.watch["state"]},
                "build": {name: self.builds.state[name] for name in ("state", "seq")}}
        counts = library.database.read(
            "SELECT (SELECT count(*) FROM images) AS images, (SELECT count(*) FROM trash) AS trash,"
            f" (SELECT count(*) FROM images WHERE file_state = 'missing' AND {NOT_OK}) AS missing,"
            f" (SELECT count(*) FROM images WHERE file_state = 'altered' AND {NOT_OK}) AS altered"
            )[0]
        return {
            **dict(counts),
            "version": __version__,
            "seq": library.database.seq(),
            "title": library.settings.title,
            "read_only": self.read_only,
            "build": self.builds.state,
            "watch": dict(self.watch),
            "work": next(iter(self._work), None),
        }

    def change_settings(self, wanted: Mapping[str, Any]) -> None:
        """Write settings into the library's file; builds and the watcher follow them at once.

        Raises:
            InvalidError: one of them cannot be taken; nothing is changed.
        """
        with self._settings_lock:
            self.library.settings = written(self.library.settings, wanted)
        self.builds.wake()
        self.rewatch()

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
