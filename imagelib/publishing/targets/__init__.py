"""Where a publication goes, told by how the place is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from imagelib.config import Settings
from imagelib.errors import InvalidError
from imagelib.publishing.targets.archive import ArchiveTarget
from imagelib.publishing.targets.folder import FolderTarget
from imagelib.publishing.targets.programs import GitTarget, RcloneTarget, RsyncTarget
from imagelib.publishing.targets.target import Target

#: What a place begins with that another program reaches.
_PROGRAMS: dict[str, Callable[[str], Target]] = {
    "rclone": RcloneTarget, "rsync": RsyncTarget, "git": GitTarget}


def needs_program(place: str) -> bool:
    """Whether *place* is reached by another program, which is run with it."""
    program, colon, _ = place.partition(":")
    return bool(colon) and program in _PROGRAMS


def target_of(place: str, settings: Settings) -> Target:
    """What puts files into *place*: a ZIP file, a folder, or what `programs` reach.

    Raises:
        InvalidError: the program for it is not installed, or it is no place.
    """
    if needs_program(place):
        program, _, rest = place.partition(":")
        if not rest or rest.startswith("-"):
            raise InvalidError(f"{place!r} names no place. Write it like {program}:name:folder.")
        return _PROGRAMS[program](rest)
    try:
        path = Path(place).expanduser().absolute()
        path = path.resolve() if ".." in path.parts else path  # one way for each place
    except RuntimeError as error:  # ~somebody
        raise InvalidError(f"{place!r} names no place: {error}") from error
    if path.suffix.lower() == ".zip":
        return ArchiveTarget(path, settings)
    return FolderTarget(path, settings)
