"""How a file looked when it was read, so that it shows whether it still has those bytes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from imagelib.errors import ConflictError
from imagelib.library.store.disk import Stat, digest, stat_of, to_stat
from imagelib.library.store.rows import is_unchanged
from imagelib.library.values.dates import to_seconds

#: Linux has an mtime from a clock that ticks each 1 to 10 ms; in nanoseconds.
_TICK = 20_000_000
#: Between looking at a file in the trash and noting when, in seconds.
_SLACK = 1.0


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A file that was read: how it looked before, and the digest of its bytes.

    Whoever compares looks later knows whether they are still those bytes.
    """

    stat: Stat
    digest: str


def fingerprint(path: Path) -> Fingerprint:
    """Read a file that others may write to."""
    before = path.stat()
    # A second write in the same tick of the file system's clock would not show.
    if (age := time.time_ns() - before.st_mtime_ns) < _TICK and age >= 0:
        time.sleep((_TICK - age) / 1e9)
        before = path.stat()
    return Fingerprint(to_stat(before), digest(path))


def require_unchanged(path: Path, read: Stat) -> None:
    """See that a file that was moved is still as it was when it was read.

    Raises:
        ConflictError: somebody has written to it.
    """
    if not is_unchanged(stat_of(path), read):
        raise ConflictError("A file was written to meanwhile. Nothing was changed; try again.")


def stat_in_trash(path: Path, checksum: str, since: str) -> Stat:
    """How a file that lies in the trash since then looks; it is read if it may have changed there.

    A program that had it open when it was moved can still write to it.

    Raises:
        ConflictError: it has other bytes.
    """
    read = to_stat(path.stat())
    if changed_since(path, since) and digest(path) != checksum:
        raise ConflictError("Its file in the trash was written to by another program. To file"
                            " that under what it is now: imagelib check --fix")
    return read


def changed_since(path: Path, moment: str) -> bool:
    """Whether a file may have been written to after *moment* (as `utc_now` tells it)."""
    return path.stat().st_mtime > to_seconds(moment) - _SLACK
