"""What must be true before anybody works with a library: done or looked at when it is opened."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from imagelib.errors import LockedError
from imagelib.library.store import identity
from imagelib.library.store.backup import (
    check_not_restoring,
    finish_restore,
    is_restore_begun,
    snapshot,
    snapshot_if_old,
)
from imagelib.library.store.disk import make_folder

if TYPE_CHECKING:
    from imagelib.library.originals.storage import Storage


def make_ready(library: Storage) -> None:
    """Finish or drop what a crash left half done, bring the tables up to date, make the snapshot
    of the day.

    Raises:
        LibraryFaultError: the database is lost, damaged, another program's, or from the future.
        LockedError: it is being restored, or somebody writes whose work must be done first.
    """
    settings, database = library.settings, library.database
    identity.check_before_opening(settings)
    make_folder(settings.private_dir, 0o700)
    _make_private(settings.private_dir)
    library.originals.intents.enter()
    check_not_restoring(settings)
    try:
        with database.exclusive(0):
            _make_ready_alone(library)
    except LockedError:
        # Somebody is writing. If that can be, nothing stands in the way of opening either,
        # and what the dead have left is for the next one to repair.
        if is_restore_begun(settings) or not database.is_migrated():
            with database.exclusive():
                _make_ready_alone(library)
    snapshot_if_old(settings, database)


def _make_ready_alone(library: Storage) -> None:
    settings, database = library.settings, library.database
    finish_restore(settings)
    identity.check(settings)
    identity.set_foreign_log_aside(settings)
    new = not settings.database.exists() or not settings.database.stat().st_size
    database.migrate(before=lambda: snapshot(settings))
    identity.write(settings, database)
    if new:  # later it is missing for a reason: a disk that is not connected
        make_folder(settings.images_dir)
    library.originals.intents.recover()


def _make_private(folder: Path) -> None:
    """Take from others what the first version let them read: trash, backups, logs."""
    with suppress(OSError):  # not ours to change
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
