"""What commands share: the library they work on, and how they speak.

Results go to standard output, and with `--json` they are one document. All that
is said to a person while a command works goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imagelib.library.values.registry import NAMING

if TYPE_CHECKING:
    from imagelib.library.library import Library
    from imagelib.library.query.query import Query
    from imagelib.library.values.image import Image

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
dry_run = click.option("-n", "--dry-run", is_flag=True, help="Only say what would be done.")
yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


@dataclass(frozen=True, slots=True)
class Context:
    """What stands before the command."""

    named: Path | None
    debug: bool

    @property
    def root(self) -> Path:
        """The library's folder, which need not hold one yet."""
        from imagelib.config import find_library

        return self.named.expanduser().absolute() if self.named else find_library(Path.cwd())

    @contextmanager
    def library(self) -> Iterator[Library]:
        """The open library."""
        from imagelib.library.library import Library

        with Library.open(self.root) as library:
            library.database.actor = "cli"
            with library.database.translated():
                yield library

    @contextmanager
    def reading(self) -> Iterator[Library]:
        """The library, opened so that nothing of it is changed; also on a read-only disk.

        Only where there is no database yet, or another program changed texts that a search
        must know of, it is opened to write, if it can be.
        """
        from imagelib.config import DATABASE_NAME, require_library
        from imagelib.errors import LockedError
        from imagelib.library.library import Library
        from imagelib.library.store import folding

        if not (require_library(self.root) / DATABASE_NAME).exists():
            with self.library() as library:
                yield library
            return
        with Library.open_to_read(self.root) as library:
            if not folding.is_current(library.database.reader):
                try:
                    with self.library() as writable:
                        folding.fold_pending(writable.database)
                except (LockedError, OSError):
                    say("Note: what another program changed is not searched yet: the library"
                        " cannot be written to.")
            with library.database.translated():
                yield library


def say(text: str, err: bool = True) -> None:
    """One line for the person."""
    click.echo(text, err=err, color=False if "NO_COLOR" in os.environ else None)


def print_json(value: Any) -> None:
    """The one document of a `--json` command."""
    # Where a console has fewer characters, JSON can still say all of them.
    is_whole = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    json.dump(value, sys.stdout, indent=2, ensure_ascii=not is_whole)
    sys.stdout.write("\n")


def one_line(image: Image, width: int = 0) -> str:
    """An image as a line of a list: id, rating, date, model, and how its name begins."""
    stars = "★" * image.rating + "·" * (5 - image.rating)
    names = [getattr(image, field.name) for field in NAMING]
    text = " ".join(next(filter(None, [*names, image.original_name, image.file_name])).split())
    line = f"{image.id}  {stars}  {image.captured_at[:10]}  {image.ai_model[:24]:24}  {text}"
    return line[:width] if width else line


def line_width() -> int:
    """How wide a line may be: the terminal's width, or without end in a pipe."""
    import shutil

    return max(60, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 0


def plural(count: int, noun: str) -> str:
    """`1 image`, `2 images`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def read_query(text: str, library: Library) -> Query:
    """The query that *text* is; what is searched otherwise than it may be meant is said, and of
    which images there are none in *library*."""
    from imagelib.library.query.engines import warnings_of
    from imagelib.library.query.listing import Filter
    from imagelib.library.query.query import Query

    parsed = Query.parse(text)
    for warning in warnings_of(library.engine, Filter(parsed)):
        say(f"Note: {warning}")
    return parsed


def ids_of(text: str, library: Library) -> list[str]:
    """The ids of what the query *text* finds; of the images that stdin names, where it is `-`.

    Raises:
        NotFoundError: there is no image of an id there.
    """
    if text != "-":
        return library.ids(read_query(text, library))
    ids = [library.get(one).id for one in dict.fromkeys(ids_of_lines())]
    if not ids:
        say("Note: standard input named no image. It takes ids, one to a line.")
    return ids


def ids_of_lines() -> list[str]:
    """The first word of each line of stdin, so that a file may also hold what `list` printed."""
    return [words[0] for line in sys.stdin if (words := line.split())]


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with rate and time left on a terminal; nothing at all elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    started = time.monotonic()
    shown = [0.0]

    def show(done: int, total: int) -> None:
        now = time.monotonic()
        if now - shown[0] < 0.1 and done < total:
            return
        shown[0] = now
        rate = done / max(now - started, 1e-6)
        left = f", {_clock((total - done) / rate)} left" if total > done and rate else ""
        filled = round(24 * done / total) if total else 0
        bar = "█" * filled + "░" * (24 - filled) if total else ""
        count = f"{done:,}/{total:,}" if total else f"{done:,}"
        sys.stderr.write(f"\r\x1b[K{label} {bar} {count}  {rate:.0f}/s{left}")
        sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def age_of(path: Path) -> str:
    """How long ago the file was written, as people say it."""
    hours = max(0.0, time.time() - path.stat().st_mtime) / 3600
    return f"{plural(round(hours), 'hour')} ago" if hours < 48 else f"{round(hours / 24)} days ago"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
