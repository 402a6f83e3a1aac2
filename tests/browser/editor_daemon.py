"""Daemons over copies of one small library, each started before it is asked for."""

from __future__ import annotations

import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from editor_page import filled
from helpers import Daemon


@cache
def made(base: Path) -> Path:
    """A library of six images with its site, made once for all modules."""
    root = filled(base / "editor" / "library")
    daemon = Daemon(root)
    daemon.wait_built()
    daemon.stop()
    return root


class Daemons:
    """Daemons over copies of a library. While a test has one, the next one starts."""

    def __init__(self, template: Path, folder: Path) -> None:
        self._template = template
        self._folder = folder
        self._pool = ThreadPoolExecutor(1)
        self._next = self._pool.submit(self._start, 0)
        self._count = 0

    def take(self) -> Daemon:
        """A daemon that no other test has."""
        ready = self._next.result()
        self._count += 1
        self._next = self._pool.submit(self._start, self._count)
        return ready

    def close(self) -> None:
        """End the one that nobody took."""
        self._next.result().stop(signal.SIGKILL)
        self._pool.shutdown()

    def _start(self, number: int) -> Daemon:
        root = self._folder / f"library{number}"
        shutil.copytree(self._template, root)
        daemon = Daemon(root)
        daemon.wait_built()
        return daemon
