"""The folder of a site: whole files only, no links followed, nothing foreign removed."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager, suppress
from pathlib import Path

from imagelib.errors import ConflictError
from imagelib.library.store.disk import (
    copy_apart,
    digest,
    flush,
    is_plain_file,
    replacing,
)

#: What a page of ours says in its head.
_MARK = b'<meta name="generator" content="imagelib"'
#: Names that only we give.
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OURS = re.compile(
    rf"image/{_UUID}\.html|thumbs/[0-9a-f]{{2}}/[0-9a-f]{{64}}-\d+q\d+[a-z]?\.webp"
    rf"|data/(?:manifest|[a-z]+-\d+-[0-9a-f]+)\.js|static/[\w.-]+\.[0-9a-f]{{8,}}\.\w+"
    r"|feed\.xml|opensearch\.xml|sitemap(?:-\d+)?\.xml|site\.webmanifest"
    rf"|\.nojekyll|images/(?:[^/]*~)?{_UUID}(?:\.\w+)?|(?:[\w-]+/)*\.[0-9a-f]{{12}}\.partial"
)
#: A page in the place of one that is about to go, so that it refers to nothing.
_GONE = b"<!doctype html>\n<title>This image is gone</title>\n"
#: The same of one that is about to be rendered, which others may refer to already.
_COMING = b"<!doctype html>\n<title>This image is coming</title>\n"


class Site:
    """Reads and writes below one folder."""

    def __init__(self, folder: Path) -> None:
        if folder.is_symlink():
            raise ConflictError(f"{folder} is a link. A site is only written into a real folder.")
        self.folder = folder
        #: Told of each path before it is written.
        self.announce: Callable[[str], None] = lambda path: None
        self._written: list[Path] = []

    def is_ours_or_empty(self) -> bool:
        """Whether a build may write here: the folder is absent, empty, or a site of ours."""
        if not self.folder.exists():
            return True
        if not self.folder.is_dir():
            return False
        index = self.folder / "index.html"
        if index.is_file() and not index.is_symlink():
            with index.open("rb") as stream:
                return _MARK in stream.read(4096)
        names = {entry.name for entry in os.scandir(self.folder)}
        # A first build that was killed before its index: only folders that we make.
        return names <= {"thumbs", "images", "image", "data", "static", ".nojekyll"}

    def exists(self, path: str) -> bool:
        """Whether the artifact is there, itself and not as a link to something else."""
        return is_plain_file(self.folder / path)

    @staticmethod
    def hash(content: bytes) -> str:
        """The hash by which an artifact is known."""
        return hashlib.sha256(content).hexdigest()[:32]

    def write(self, path: str, content: bytes) -> None:
        """Write one artifact: the old one stays until the new one is whole."""
        target = self.folder / path
        self._check_parents(path)
        self.announce(path)
        with replacing(target, sync=False) as stream:
            stream.write(content)
        self._written.append(target)

    def copy(self, source: Path, path: str, checksum: str | None) -> bool:
        """Give *path* the bytes of *source*, in a file of its own, if they have this digest.

        Whether they have; otherwise what is at *path* stays. None takes whatever they are.
        """
        with self._beside(path) as (target, partial):
            copy_apart(source, partial, sync=False)
            if checksum is not None and digest(partial) != checksum:
                return False
            partial.replace(target)
        self._written.append(target)
        return True

    def link(self, source: Path, path: str) -> None:
        """Make *path* another name of *source*, read-only; by a copy where there are no links."""
        with self._beside(path) as (target, partial):
            try:
                os.link(source, partial, follow_symlinks=False)
            except OSError:
                copy_apart(source, partial, sync=False)
            partial.chmod(0o444)
            partial.replace(target)
        self._written.append(target)

    def rename(self, path: str, other: str) -> None:
        """Move an artifact to another name."""
        with self._beside(other) as (target, _):
            (self.folder / path).replace(target)

    @contextmanager
    def _beside(self, path: str) -> Iterator[tuple[Path, Path]]:
        """The file at *path*, and a name beside it that is free again afterwards."""
        target = self.folder / path
        self._check_parents(path)
        self.announce(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():
            target.unlink()
        partial = target.with_name(f".{secrets.token_hex(6)}.partial")
        try:
            yield target, partial
        finally:
            partial.unlink(missing_ok=True)

    def holds(self, path: str, checksum: str) -> bool:
        """Whether the artifact has these bytes, as they are now; not if it cannot be read."""
        try:
            return self.exists(path) and digest(self.folder / path) == checksum
        except OSError:
            return False

    def flush(self) -> None:
        """Make what was written survive a power cut."""
        flush(self._written)
        self._written.clear()

    def hold(self, path: str) -> None:
        """See that there is a page at *path*, until it is written."""
        if not self.exists(path):
            self.write(path, _COMING)

    def remove(self, paths: list[str]) -> list[str]:
        """Remove artifacts, and the folders that are empty then; return what was there."""
        # What refers goes before what is referred to, and pages that refer to each other
        # are emptied first.
        def rank(path: str) -> tuple[int, str]:
            kinds = ("data/", "image/", "static/")
            return next((i for i, kind in enumerate(kinds) if path.startswith(kind)), 3), path

        pages = [path for path in paths if path.startswith("image/") and self.exists(path)]
        for path in pages if len(pages) > 1 else []:
            self.write(path, _GONE)
        removed = []
        for path in sorted(paths, key=rank):
            target = self.folder / path
            with suppress(FileNotFoundError):
                target.unlink()
                removed.append(path)
            for folder in target.parents:
                if folder == self.folder:
                    break
                with suppress(OSError):
                    folder.rmdir()
        self._written.clear()
        return removed

    def sweep(self, wanted: Set[str]) -> tuple[set[str], list[str]]:
        """Files here that are not *wanted*: those whose name only we give, and the others."""
        orphans, unknown = set(), []
        for root, _, names in os.walk(self.folder):
            for name in names:
                path = Path(root, name).relative_to(self.folder).as_posix()
                if path in wanted:
                    continue
                if _OURS.fullmatch(path):
                    orphans.add(path)
                elif path != "index.html":
                    unknown.append(path)
        return orphans, sorted(unknown)

    def _check_parents(self, path: str) -> None:
        """A link inside the site would carry our bytes somewhere else."""
        folder = self.folder
        for part in Path(path).parts[:-1]:
            folder /= part
            if folder.is_symlink():
                raise ConflictError(f"{folder} is a link. Take it away, then build again.")
