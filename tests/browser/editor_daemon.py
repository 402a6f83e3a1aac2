"""Fixtures of the editor's tests: a browser, a daemon over a copied library, its tabs."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from editor_page import EditorPage, filled
from helpers import Daemon

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect
# A machine that is busy with other tests too may take its time; what holds is seen at once.
expect.set_options(timeout=20_000)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(
            executable_path=CHROMIUM, chromium_sandbox=os.getuid() != 0)
        yield chromium
        chromium.close()


@cache
def _made(base: Path) -> Path:
    """A library of six images with its site, made once for all modules."""
    root = filled(base / "editor" / "library")
    daemon = Daemon(root)
    daemon.wait_built()
    daemon.stop()
    return root


class _Daemons:
    """Daemons over copies of a library. While a test has one, the next one starts."""

    def __init__(self, template: Path, folder: Path) -> None:
        self._template = template
        self._folder = folder
        self._pool = ThreadPoolExecutor(1)
        self._next = self._pool.submit(self._start, 0)
        self._count = 0

    def take(self) -> Daemon:
        ready = self._next.result()
        self._count += 1
        self._next = self._pool.submit(self._start, self._count)
        return ready

    def close(self) -> None:
        self._next.result().stop(signal.SIGKILL)
        self._pool.shutdown()

    def _start(self, number: int) -> Daemon:
        root = self._folder / f"library{number}"
        shutil.copytree(self._template, root)
        daemon = Daemon(root)
        daemon.wait_built()
        return daemon


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of six images with its site, to copy from."""
    return _made(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def daemons(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Daemons]:
    """Where the tests of a module get their daemons from."""
    daemons = _Daemons(template, tmp_path_factory.mktemp("daemons"))
    yield daemons
    daemons.close()


@pytest.fixture
def daemon(daemons: _Daemons) -> Iterator[Daemon]:
    """A daemon over a library of the test's own."""
    running = daemons.take()
    yield running
    running.stop(signal.SIGKILL)
    shutil.rmtree(running.root)


@pytest.fixture
def tab(browser: Any, daemon: Daemon) -> Iterator[Callable[..., EditorPage]]:
    """Open a tab; in the end none may have complained."""
    tabs: list[EditorPage] = []
    contexts = []

    def new(path: str = "/", **options: Any) -> EditorPage:
        context = browser.new_context(**options)
        contexts.append(context)
        tabs.append(EditorPage(context.new_page(), daemon))
        return tabs[-1].open(path)

    yield new
    complaints = [text for one in tabs for text in one.complaints]
    for context in contexts:
        context.close()
    assert not complaints, complaints


@pytest.fixture
def editor(tab: Callable[..., EditorPage]) -> EditorPage:
    """A page of the editor with six images."""
    return tab()
