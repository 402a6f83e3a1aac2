"""The folders under `images/` and when a name last came or went in each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def folder_times(folder: Path) -> dict[str, int]:
    """The mtime in ns of *folder* and of each folder below: it moves when a name comes or goes."""
    times = {}
    for root, folders, _ in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        times[os.path.relpath(root, folder)] = Path(root).stat().st_mtime_ns
    return times


def are_unchanged(folder: Path, times: Mapping[str, int]) -> bool:
    """Whether `folder_times` would say the same again, without a look at any file.

    A folder that came or went has moved the time of the one that it was in.

    Raises:
        OSError: one of them is gone, or cannot be asked.
    """
    return all((folder / name).stat().st_mtime_ns == time for name, time in times.items())
