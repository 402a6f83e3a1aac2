"""A folder: of a web server here, on a memory stick, or one that another program sends."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from imagelib.config import Settings
from imagelib.errors import ConflictError
from imagelib.publishing.files import MOMENT
from imagelib.publishing.ledger import Placed
from imagelib.publishing.targets.target import Told, require_apart


class FolderTarget:
    """Writes each file whole beside its place and gives it its name then."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder, self._settings = folder, settings
        self.name = str(folder)

    def check(self, known: Mapping[str, Placed]) -> None:
        """A folder that is empty, absent or ours; links in it are somebody else's."""
        require_apart(self._folder, self._settings)
        if self._folder.is_symlink() or (self._folder.exists() and not self._folder.is_dir()):
            raise ConflictError(f"{self._folder} is no folder. Choose another place.")
        if known or not self._folder.is_dir():
            return
        if any(self._folder.iterdir()):
            raise ConflictError(f"{self._folder} holds files that imagelib did not put there."
                                " Choose an empty folder, or empty this one.")

    def put(self, site: Path, paths: Sequence[str], told: Told) -> None:
        """Copy *paths*; all have one date, as a true one says when a picture was made."""
        for path in paths:
            target = self._place(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{secrets.token_hex(6)}.partial")
            try:
                shutil.copyfile(site / path, partial)
                os.utime(partial, (MOMENT, MOMENT))
                partial.replace(target)
            finally:
                partial.unlink(missing_ok=True)
            told(path)

    def remove(self, paths: Sequence[str], told: Told) -> None:
        """Unlink *paths*, and the folders that become empty."""
        for path in paths:
            target = self._place(path)
            target.unlink(missing_ok=True)
            for folder in list(target.relative_to(self._folder).parents)[:-1]:
                with suppress(OSError):
                    (self._folder / folder).rmdir()
            told(path)

    def clear(self, paths: Sequence[str], told: Told) -> None:
        """Unlink *paths*; what somebody else has put there stays."""
        self.remove(paths, told)

    def finish(self, site: Path) -> None:
        """Nothing is left to do."""

    def _place(self, path: str) -> Path:
        target = self._folder / path
        for folder in target.relative_to(self._folder).parents:
            if (self._folder / folder).is_symlink():
                raise ConflictError(f"{self._folder / folder} is a link, which imagelib did not"
                                    " make. Take it away.")
        return target
