"""The files below a folder that may be pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from imagelib.formats import IMAGE_SUFFIXES
from imagelib.library.store.disk import Stat, to_stat


def is_preview(path: Path) -> bool:
    """Whether a generator made the file to show another picture, and it is none of its own.

    SwarmUI writes `fox.swarmpreview.jpg` beside a picture, InvokeAI `thumbnails/fox.webp` below it.
    """
    if ".swarmpreview." in path.name.lower():
        return True
    return path.parent.name.lower() == "thumbnails" and any(
        (path.parent.parent / f"{path.stem}{suffix}").is_file() for suffix in IMAGE_SUFFIXES)


def walk_files(folder: Path, prefix: str = "", links: set[str] | None = None, names: int = 1,
               problems: dict[str, str] | None = None, times: dict[str, int] | None = None
               ) -> Iterator[tuple[str, Stat]]:
    """Every plain file below *folder* by its relative name; links and dot names are passed over.

    Those that have more than so many *names* somewhere (hard links) are added to *links*. What
    cannot be looked at is added to *problems* with the reason; a folder's name ends in "/". To
    *times*, the mtime in ns of each folder is added by its relative name: 0 if it cannot be listed.
    """
    problems = {} if problems is None else problems
    times = {} if times is None else times
    name = prefix.rstrip("/") or "."
    try:
        times[name] = folder.stat().st_mtime_ns  # first: what comes meanwhile moves it
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        times[name] = 0
        problems[prefix] = error.strerror or str(error)
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from walk_files(Path(entry.path), f"{prefix}{entry.name}/", links,
                                      names, problems, times)
            elif entry.is_file(follow_symlinks=False):
                stat = entry.stat(follow_symlinks=False)
                str(entry.path).encode()  # a name that is no Unicode cannot be kept
                if links is not None and stat.st_nlink > names:
                    links.add(prefix + entry.name)
                yield prefix + entry.name, to_stat(stat)
        except UnicodeEncodeError:
            shown = os.fsencode(prefix + entry.name).decode("utf-8", "replace")
            problems[shown] = "its name is not valid Unicode; rename it"
        except OSError as error:
            problems[prefix + entry.name] = error.strerror or str(error)
