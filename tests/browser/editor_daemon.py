"""Fixtures of the editor's tests: a browser, a daemon over a copied library, its tabs."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from editor_page import EditorPage, filled
from helpers import Daemon

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect
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


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of six images with its site, to copy from."""
    root = filled(tmp_path_factory.mktemp("editor") / "library")
    daemon = Daemon(root)
    daemon.wait_built()
    daemon.stop()
    return root


@pytest.fixture
def daemon(template: Path, tmp_path: Path) -> Iterator[Daemon]:
    """A daemon over a library of the test's own."""
    root = tmp_path / "library"
    shutil.copytree(template, root)
    running = Daemon(root)
    running.wait_built()
    yield running
    running.stop(signal.SIGKILL)


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
