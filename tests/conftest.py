"""Fixtures: a picture with a prompt, an empty library, a running daemon."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import Daemon, a1111, draw

from imagelib.library.library import Library

os.environ.pop("IMAGELIB_LIBRARY", None)  # a developer's own library is no test's


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A PNG with a prompt inside."""
    return draw(tmp_path / "source" / "fox.png", texts={"parameters": a1111("a red fox")})


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An empty library."""
    with Library.create(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon over an empty library."""
    root = tmp_path / "served"
    Library.create(root).close()
    running = Daemon(root)
    yield running
    running.stop(signal.SIGKILL)
