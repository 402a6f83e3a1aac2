"""Fixtures: a picture with a prompt, an empty library, a running daemon."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import Daemon, a1111, draw
from warm_templates import compile_once
from warm_workers import kept_warm

from imagelib.library.library import Library

os.environ.pop("IMAGELIB_LIBRARY", None)  # a developer's own library is no test's
compile_once()


#: Modules whose tests take some seconds together: `pytest -m fast` is for the inner loop.
FAST = {
    "test_assets", "test_docs", "test_files", "test_index_blocks", "test_index_numbers",
    "test_index_pieces", "test_query", "test_rooms", "test_text",
}
#: Modules of few tests that take long.
LONG = {"test_torture", "test_budget", "test_builder", "test_crash", "test_editor_many",
        "test_importer", "test_api_running", "test_watcher", "test_watcher_failures"}
#: Of the readers of embedded metadata, those that are given bombs.
SLOW = {"test_embedded_guards", "test_embedded_stealth", "test_embedded_mutations"}


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """No workers, whose start takes longer than they save, where some tests are chosen.

    Else one more than there are cores, as most tests wait for a daemon, a disk or a browser.
    """
    option = config.option
    some = any(".py" in name for name in option.file_or_dir) or getattr(option, "lf", False)
    if some or option.keyword or option.markexpr:
        return 0
    return min(4, (os.cpu_count() or 1) + 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is fast; what takes long comes first, so that no process ends alone with it."""
    items.sort(key=lambda item: item.path.stem not in LONG)
    for item in items:
        name = item.path.stem
        if name in FAST or (item.path.parent.name == "embedded" and name not in SLOW):
            item.add_marker(pytest.mark.fast)


@pytest.fixture(scope="session", autouse=True)
def warm_workers() -> Iterator[None]:
    """The workers of one library serve the next one."""
    with kept_warm():
        yield


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
