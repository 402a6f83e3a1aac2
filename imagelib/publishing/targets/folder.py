"""A folder: of a web server here, on a memory stick, or one that another program sends."""

from __future__ import annotations

import filecmp
import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path

from imagelib.config import Settings
from imagelib.errors import ConflictError
from imagelib.library.store.disk import disk_full, flush, make_folder, sync_folder
from imagelib.library.store.rows import chunks
from imagelib.publishing.files import MOMENT
from imagelib.publishing.ledger import Placed
from imagelib.publishing.targets.target import Told, require_apart

_PARTIAL = re.compile(r"\.[0-9a-f]{12}\.partial")
#: How many files are written before they are flushed.
_SOME = 64


class FolderTarget:
    """Writes each file whole beside its place and gives it its name then."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder, self._settings = folder, settings
        self.name = str(folder)
        self._is_swept = False

    def check(self, known: Mapping[str, Placed], before: Collection[str]) -> None:
        """A folder that is empty, absent or ours; links in it are somebody else's."""
        require_apart(self._folder, self._settings)
        if self._folder.is_symlink() or (self._folder.exists() and not self._folder.is_dir()):
            raise ConflictError(f"{self._folder} is no folder. Choose another place.")
        if known or not self._folder.is_dir():
            return
        # Who was told that their own files stay finds them there when they publish again.
        if any(self._folder.iterdir()) and (
                not before or any(os.path.lexists(self._folder / path) for path in before)):
            raise ConflictError(f"{self._folder} holds files that imagelib did not put there."
                                " Choose an empty folder, or empty this one.")

    def missing(self, known: Mapping[str, Placed]) -> list[str]:
        """What is not there, or of another size, if that is known."""
        within = f"{self._folder}/"  # a `Path` of each costs three times as much as the look

        def is_there(path: str) -> bool:
            try:
                return known[path].size in (-1, os.lstat(within + path).st_size)
            except OSError:
                return False

        return [path for path in known if not is_there(path)]

    def put(self, site: Path, paths: Sequence[str], told: Told,
            doubted: Set[str] = frozenset()) -> None:
        """Copy *paths*; all have one date, as a true one says when a picture was made."""
        self._sweep()
        for some in chunks(list(paths), _SOME):
            partials: dict[Path, Path] = {}
            there = []
            try:
                for path in some:
                    target = self._place(path)
                    if path in doubted and _is_same(site / path, target):
                        there.append(target)  # who wrote it may not have flushed it
                        continue
                    make_folder(target.parent)
                    partials[target] = target.with_name(f".{secrets.token_hex(6)}.partial")
                    with disk_full():
                        shutil.copyfile(site / path, partials[target])
                    os.utime(partials[target], (MOMENT, MOMENT))
                # Told is only what a power cut leaves whole.
                flush([*partials.values(), *there])
                for target, partial in partials.items():
                    partial.replace(target)
                self._flush_names({target.parent for target in (*partials, *there)})
            finally:
                for partial in partials.values():
                    partial.unlink(missing_ok=True)
            told(some)

    def remove(self, paths: Sequence[str], told: Told) -> None:
        """Unlink *paths*, and the folders that become empty."""
        for some in chunks(list(paths), _SOME):
            targets = [self._place(path) for path in some]
            for target in targets:
                target.unlink(missing_ok=True)
            self._flush_names({target.parent for target in targets})
            emptied = set()
            for target in targets:
                for folder in list(target.relative_to(self._folder).parents)[:-1]:
                    with suppress(OSError):
                        (self._folder / folder).rmdir()
                        emptied.add((self._folder / folder).parent)
            self._flush_names(emptied)
            told(some)

    def clear(self, paths: Sequence[str], told: Told) -> None:
        """Unlink *paths*; what somebody else has put there stays."""
        self.remove(paths, told)

    def finish(self, site: Path) -> None:
        """Nothing is left to do."""

    def _flush_names(self, folders: Iterable[Path]) -> None:
        for folder in folders:
            if folder.is_dir():
                sync_folder(folder)

    def _sweep(self) -> None:
        """Take away what somebody who was killed had begun to write; once, before anything is."""
        if self._is_swept:
            return
        self._is_swept = True
        for path in self._folder.rglob(".*.partial"):
            if _PARTIAL.fullmatch(path.name) and path.is_file() and not path.is_symlink():
                path.unlink()

    def _place(self, path: str) -> Path:
        target = self._folder / path
        for folder in target.relative_to(self._folder).parents:
            if (self._folder / folder).is_symlink():
                raise ConflictError(f"{self._folder / folder} is a link, which imagelib did not"
                                    " make. Take it away.")
        return target


def _is_same(source: Path, target: Path) -> bool:
    return target.is_file() and not target.is_symlink() and filecmp.cmp(
        source, target, shallow=False)
