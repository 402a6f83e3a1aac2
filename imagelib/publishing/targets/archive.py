"""A ZIP file: for mail, and for hosts that take one by drag and drop."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Collection, Mapping, Sequence, Set
from pathlib import Path

from imagelib.config import Settings
from imagelib.errors import ConflictError
from imagelib.generator.index.blocks import MANIFEST_PATH
from imagelib.library.store.disk import replacing
from imagelib.publishing.ledger import Placed
from imagelib.publishing.targets.target import Told, require_apart

#: What is packed already.
_STORED = (".webp", ".png", ".jpg", ".jpeg", ".gif", ".avif", ".heic", ".jxl")
#: The same for every file and every time: the same site is the same archive, byte for byte.
_MOMENT = (2000, 1, 1, 0, 0, 0)
_UNIX, _READABLE = 3, 0o644 << 16


class ArchiveTarget:
    """Writes the whole archive anew whenever something in it changes."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self._path, self._settings = path, settings
        self.name = str(path)

    def check(self, known: Mapping[str, Placed], before: Collection[str]) -> None:  # noqa: ARG002
        """A file that is absent or ours."""
        require_apart(self._path, self._settings)
        self._require_ours(known)

    def missing(self, known: Mapping[str, Placed]) -> list[str]:
        """All, if the archive is not there."""
        return [] if self._path.is_file() else list(known)

    def put(self, site: Path, paths: Sequence[str], told: Told,
            doubted: Set[str] = frozenset()) -> None:
        """Nothing yet: `finish` writes all, and nothing is there before."""

    def remove(self, paths: Sequence[str], told: Told) -> None:
        """Nothing yet: `finish` writes all."""

    def clear(self, paths: Sequence[str], told: Told) -> None:
        """Take the archive away."""
        self._require_ours(paths)
        self._path.unlink(missing_ok=True)
        told(paths)

    def _require_ours(self, known: Collection[str]) -> None:
        """Refuse an archive that somebody else made, also where ours, which had *known*, was."""
        if os.path.lexists(self._path) and not (known and self._is_ours(known)):
            raise ConflictError(f"{self._path} is there already, and imagelib did not make it."
                                " Choose another name, or take it away.")

    def _is_ours(self, known: Collection[str]) -> bool:
        # Who was killed may have written a later state than is noted: some of the files whose
        # names change with their content are known.
        own = {path for path in known if path.startswith(("data/", "thumbs/"))}
        own = own - {MANIFEST_PATH} or set(known)
        try:
            with zipfile.ZipFile(self._path) as archive:
                return not own.isdisjoint(archive.namelist()) and all(
                    (entry.date_time, entry.create_system, entry.external_attr)
                    == (_MOMENT, _UNIX, _READABLE) for entry in archive.infolist())
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
            return False

    def finish(self, site: Path) -> None:
        """Write the archive: sorted, one date, no further fields; whole, or as it was."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self._path) as stream, zipfile.ZipFile(stream, "w") as archive:
            for path in sorted(one for one in site.rglob("*") if one.is_file()):
                entry = zipfile.ZipInfo(path.relative_to(site).as_posix(), _MOMENT)
                entry.create_system, entry.external_attr = _UNIX, _READABLE
                entry.compress_type = (zipfile.ZIP_STORED if path.suffix.lower() in _STORED
                                       else zipfile.ZIP_DEFLATED)
                archive.writestr(entry, path.read_bytes())
