"""Locks between processes that the operating system lets go of when their holder dies."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import TracebackType

from imagelib.errors import LockedError

if sys.platform == "win32":
    import msvcrt

    def _try(handle: int) -> bool:
        try:
            # One byte far behind the text: Windows forbids others to read what is locked.
            os.lseek(handle, 1 << 20, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _release(handle: int) -> None:
        os.lseek(handle, 1 << 20, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _try(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _release(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


class FileLock:
    """An exclusive lock on a file that stays; the file may say who holds it.

    Not reentrant and not for threads: one thread of a process asks for it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def acquire(self, seconds: float = 0.0) -> bool:
        """Take the lock, waiting for at most *seconds*; whether it was got."""
        self.path.parent.mkdir(0o700, parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        deadline = time.monotonic() + seconds
        pause = 0.0005
        while not _try(handle):
            if time.monotonic() >= deadline:
                os.close(handle)
                return False
            time.sleep(pause)
            pause = min(pause * 2, 0.02)
        self._handle = handle
        return True

    def release(self) -> None:
        """Let go; nothing happens if the lock is not held."""
        if self._handle is not None:
            _release(self._handle)
            os.close(self._handle)
            self._handle = None

    def sign(self, text: str) -> None:
        """Write *text* into the locked file, for whoever is kept out."""
        assert self._handle is not None
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, text.encode(), 0) if hasattr(os, "pwrite") else os.write(
            self._handle, text.encode()
        )

    def signature(self) -> str:
        """What the holder wrote, or nothing."""
        try:
            return self.path.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

    def __enter__(self) -> FileLock:
        if not self.acquire():
            raise LockedError(f"{self.path} is held by another program. Try again later.")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.release()


def hold(lock_path: Path) -> FileLock:
    """Hold a lock whose file has its name only when it is held.

    Otherwise a process that is stopped between making and locking it would be taken for dead.
    """
    # Windows does not rename a file that is open; there nobody can remove one that is.
    lock = FileLock(lock_path if sys.platform == "win32" else lock_path.with_suffix(".new"))
    lock.acquire(1)
    if lock.path != lock_path:
        lock.path = lock.path.replace(lock_path)
    return lock


def is_held(lock_path: Path) -> bool:
    """Whether somebody who lives holds this lock; the file of a dead one stays."""
    lock = FileLock(lock_path)
    if not lock.path.exists():
        return False
    if not lock.acquire():
        return True
    lock.release()
    return False


def is_dead(lock_path: Path) -> bool:
    """Whether the process that holds this lock is gone; the file of a dead one is removed."""
    lock = FileLock(lock_path)
    if not lock.path.exists():
        return True
    if not lock.acquire():
        return False
    lock.path.unlink(missing_ok=True)
    lock.release()
    return True
