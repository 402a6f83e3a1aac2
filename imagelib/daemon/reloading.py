"""Follow templates, scripts and styles while somebody works on them (`serve --reload`)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

#: How often the files are looked at, in seconds; there are about a hundred.
POLL_SECONDS = 0.5


class Reloader:
    """Calls *changed* whenever a file below *folders* is another one than before."""

    def __init__(self, folders: Iterable[Path], changed: Callable[[], None]) -> None:
        self._folders = tuple(folders)
        self._changed = changed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stats(),), name="reloader")

    def start(self) -> None:
        """Begin; what was changed since this object was made counts."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self, before: dict[str, tuple[int, int]]) -> None:
        while not self._stop.wait(POLL_SECONDS):
            if (now := self._stats()) != before:
                before = now
                self._changed()

    def _stats(self) -> dict[str, tuple[int, int]]:
        """Path -> size and mtime of each file."""
        found = {}
        for folder in self._folders:
            for path in folder.rglob("*"):
                try:
                    stat = path.stat()
                except OSError:  # an editor that saves by renaming
                    continue
                if not path.is_dir():
                    found[os.fspath(path)] = (stat.st_size, stat.st_mtime_ns)
        return found
