"""Take in what comes into the further folders that are watched; it is copied, and stays there."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Set
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

from imagelib.daemon.logs import log_added, log_event, reason_of
from imagelib.daemon.service import Service
from imagelib.errors import BrokenPictureError, InvalidError, MissingExtraError
from imagelib.formats import IMAGE_SUFFIXES
from imagelib.library.originals.following import note_taken, taken_files
from imagelib.library.originals.intake import take_in
from imagelib.library.originals.walking import is_preview, walk_files
from imagelib.library.store.disk import mtime_ns

#: A file is whole when it has looked the same for so long, in seconds.
STABLE_SECONDS = 1.0


class FurtherFolders:
    """The further folders of one library, and what was found out about their files."""

    def __init__(self, service: Service, stop: threading.Event) -> None:
        self._service, self._stop = service, stop
        self._taken = taken_files(service.library)
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}
        #: Files that came again after they were deleted here, in order; said once.
        self.deleted: dict[str, None] = {}
        #: What cannot be taken, and why.
        self.failed: dict[Path, str] = {}
        #: Those of them that are no whole pictures; they are not tried again as they are.
        self._refused: dict[Path, str] = {}

    @property
    def folders(self) -> list[Path]:
        """Which they are, as the settings say now."""
        return [Path(folder).expanduser()
                for folder in self._service.library.settings.watch_folders]

    def take(self, paths: Set[Path] | None = None) -> set[Path]:
        """Add the new pictures in them, or only those of *paths*; return the files that are still
        being written."""
        waiting: set[Path] = set()
        failed: dict[Path, str] = {}
        for path in self._all(failed) if paths is None else self._among(paths, failed):
            if self._stop.is_set():
                return set()
            try:
                if self._take(path):
                    waiting.add(path)
            except Exception as error:  # noqa: BLE001 - one file stops no other
                failed[path] = reason_of(error)
            if path in self._refused:
                failed[path] = self._refused[path]
        for path, reason in failed.items():
            if self.failed.get(path) != reason:
                log_event("watch", level=logging.WARNING, file=path.name, reason=reason)
        if paths is not None:
            failed |= {path: reason for path, reason in self.failed.items() if path not in paths}
        self._refused = {path: reason for path, reason in self._refused.items() if path in failed}
        self.failed = failed
        return waiting

    def _all(self, failed: dict[Path, str]) -> Iterator[Path]:
        """All files in them; what cannot be looked at is among the *failed* afterwards."""
        for folder in self.folders:
            problems: dict[str, str] = {}
            yield from (folder / name for name, _ in walk_files(folder, problems=problems))
            failed |= {folder / name: reason for name, reason in problems.items()}

    def _among(self, paths: Set[Path], failed: dict[Path, str]) -> Iterator[Path]:
        """Those of *paths* that `_all` would have, and *failed* as there."""
        for path in paths:
            if any(path.is_relative_to(folder) and not any(
                    part.startswith(".") for part in path.relative_to(folder).parts)
                    for folder in self.folders):
                with suppress(OSError):  # it is gone again
                    if S_ISREG(path.lstat().st_mode):
                        try:
                            str(path).encode()
                        except UnicodeEncodeError as error:
                            failed[path] = reason_of(error)
                        else:
                            yield path

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
            self.deleted[str(path)] = None
            log_event("ingest", file=path.name, outcome="stays deleted")
        if taken and image and taken.status != "here":
            log_added(image, path.name)
            self._service.builds.wake()
        return False
