"""The originals of the site: files of its own, whose bytes are those that the library has recorded.

Whoever writes into the site, or into the folder of the images, writes into one of two files. What
the site has may be the last copy of the recorded bytes, if somebody has altered or lost the
original: it is only replaced by the same bytes, or by what the library records now.
"""

from __future__ import annotations

from pathlib import Path

from imagelib.config import Settings
from imagelib.generator.build_state import BuildState, Row
from imagelib.generator.paths import ORIGINALS
from imagelib.generator.site import Site
from imagelib.library.store.disk import digest, is_plain_file


class Publisher:
    """Puts originals into one site; `written` are the paths that it wrote."""

    def __init__(self, settings: Settings, build_state: BuildState, site: Site, *,
                 full: bool) -> None:
        self._folder, self._links = settings.images_dir, settings.link_originals
        self._build_state, self._site, self._full = build_state, site, full
        self.written: list[str] = []

    def has_source(self, row: Row) -> bool:
        """Whether the file of this image is there."""
        return is_plain_file(self._folder / row.file_name)

    def publish(self, row: Row, path: str) -> str:
        """Put one original at *path*; return the digest of what is there, or "unsure".

        "" if it cannot be read: one bad file holds nobody up.
        """
        try:
            return self._publish(row, path)
        except OSError:
            if _can_be_read(self._folder / row.file_name):
                raise  # it is the site that cannot be written
            return ""

    def _publish(self, row: Row, path: str) -> str:
        source, target = self._folder / row.file_name, self._site.folder / path
        is_there = self._site.exists(path)
        is_shared = is_there and source.samefile(target)
        if self._links:
            if not is_shared:
                self._site.link(source, path)
                self.written.append(path)
            return row.digest
        # Links are left from a setting, or from earlier versions.
        if is_there and not is_shared and self._is_right(row, path, source):
            return row.digest
        if self._site.copy(source, path, row.digest):
            self.written.append(path)
            return row.digest
        # Somebody has altered the file, and the site may have the recorded bytes still.
        if is_there and not is_shared and self._site.holds(path, row.digest):
            return row.digest
        self._site.copy(source, path, None)
        self.written.append(path)
        return "unsure"

    def keep_last(self, row: Row, path: str, *places: str) -> bool:
        """Keep the bytes of an image whose file is gone at *path*, if the site has them anywhere.

        *places* are where it may have had them until now.
        """
        for place in (path, *places, f"{ORIGINALS}/{row.file_name}"):
            if self._site.holds(place, row.digest):
                if place != path:
                    self._site.rename(place, path)
                return True
        # One that nobody can read may be it.
        return self._site.exists(path) and not _can_be_read(self._site.folder / path)

    def _is_right(self, row: Row, path: str, source: Path) -> bool:
        is_known = self._build_state.hash_of(path) == row.digest
        if not self._full:
            return is_known
        if is_known and _look(self._site.folder / path) == _look(source):
            return True
        return self._site.holds(path, row.digest)


def _can_be_read(path: Path) -> bool:
    try:
        digest(path)
    except OSError:
        return False
    return True


def _look(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns
