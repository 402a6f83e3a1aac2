"""Build the site: what changed since the last time, and nothing else; the newest images first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from imagelib.errors import ConflictError, LockedError
from imagelib.generator.build_run import BuildReport, BuildRun, Progress
from imagelib.generator.build_state import BuildState
from imagelib.generator.derivatives import Lender, nobody
from imagelib.generator.pages import SiteInfo
from imagelib.generator.site import Site
from imagelib.library.library import Library
from imagelib.library.store.locks import FileLock
from imagelib.recording.writing import record

#: A first build shows so many of the newest images before it makes the others, then each time
#: `_GROWTH` times as many: what is there is looked at again each time.
SLICE, _GROWTH = 200, 8


def build(library: Library, out: Path | None = None, *, full: bool = False,
          site: SiteInfo | None = None, lingers: bool = True, lent: Lender = nobody,
          coming: int = 0,
          progress: Progress = lambda stage, done, total: None) -> BuildReport:
    """Bring the site in *out* (default: `site/`) up to date, then `records/`; *full* renders
    everything anew.

    *site* is what is said of it, by default what the settings say. Where it *lingers*, somebody
    may look at it meanwhile: the first build of many images begins with the newest, and blocks,
    thumbnails and static files that newer ones replace stay for `KEPT_SECONDS`, until a later
    build; a *full* one, and whatever takes a deleted image out of the site, leaves none.
    Thumbnails that are *lent* are copied instead of made. *coming* is how many more images are
    about to be taken in: an open page waits for them.

    Raises:
        ConflictError: *out* is a link, holds something that is no site of ours, or lies where
            the library has its own files.
        LockedError: another build is running.
    """
    started = time.monotonic()
    folder = (out or library.settings.site_dir).absolute()
    _check_place(library, folder)
    lock = FileLock(library.settings.private_dir / "build.lock")
    if not lock.acquire(60):
        raise LockedError("Another build is running. Try again when it is done.")
    build_state = BuildState(library.settings.private_dir / "build.db", folder)
    try:
        report = BuildReport(folder)
        is_new = lingers and not (folder / "index.html").exists() and not build_state.total()
        for newest in [*(_slices(library.count()) if is_new else ()), None]:
            report.add(BuildRun(library, build_state, Site(folder), full, progress, site, lingers,
                              lent, newest, report.seq, coming).run())
        report.recorded = record(library, full=full, progress=progress)
    finally:
        build_state.close()
        lock.release()
    report.seconds = round(time.monotonic() - started, 3)
    return report


def _slices(count: int) -> Iterator[int]:
    """Of how many images a first build makes a whole site before it makes that of all *count*."""
    newest = SLICE
    while newest * 2 <= count:
        yield newest
        newest *= _GROWTH


def _check_place(library: Library, folder: Path) -> None:
    """A site among the originals would be taken in as images, and one around them emptied."""
    here = folder.resolve()
    settings = library.settings
    for own in (settings.images_dir, settings.private_dir, settings.records_dir):
        if here.is_relative_to(own.resolve()) or own.resolve().is_relative_to(here):
            raise ConflictError(f"{folder} is no place for a site: {own} is part of the library."
                                " Choose another folder with --out.")
