"""Fixtures: a Chromium, the gallery in it as a file and served, the editor over a daemon."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from chromium import expect, launched
from editor_daemon import Daemons, made
from editor_page import EditorPage
from file_server import served
from gallery_page import COUNT, IMAGES, WITHOUT_THUMBNAIL, status
from gallery_site import write_site
from helpers import Daemon


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A Chromium; every test has contexts of its own in it."""
    with launched() as chromium:
        yield chromium


# The gallery


@pytest.fixture(scope="session")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that no test changes."""
    folder = tmp_path_factory.mktemp("site")
    write_site(folder, IMAGES, without_thumbnail=WITHOUT_THUMBNAIL)
    return folder


@pytest.fixture
def own_site(tmp_path: Path) -> Path:
    """A site that the test may change."""
    write_site(tmp_path, IMAGES, without_thumbnail=WITHOUT_THUMBNAIL)
    return tmp_path


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Iterator[Callable[[Path], str]]:
    """From a folder to the address of its index: as a file, which forbids pages the most.

    What depends on how files come and what addresses are runs `BOTH_WAYS`: modules about data,
    loading and late answers as a whole; of every other one what is about addresses, history,
    storage and links, and at least one test that goes all the way from the page to its pictures.
    """
    way = getattr(request, "param", "file")
    with ExitStack() as servers:
        def address(folder: Path) -> str:
            base = (folder.as_uri() if way == "file"
                    else servers.enter_context(served(folder)))
            return f"{base}/index.html"

        yield address


@pytest.fixture
def home(serve: Callable[[Path], str], shared_site: Path) -> str:
    """The address of a gallery that no test changes."""
    return serve(shared_site)


@pytest.fixture
def open_page(browser: Any, serve: Callable[[Path], str]) -> Iterator[Callable[..., Any]]:
    """Open pages that may neither complain nor reach outside; closed before their server is."""
    contexts, complaints = [], []

    def opened(address: str, *, allow: str = "", **options: Any) -> Any:
        context = browser.new_context(
            **({"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"} | options))
        contexts.append(context)
        page = context.new_page()

        def complain(text: str) -> None:
            if not allow or not re.search(allow, text):
                complaints.append(text)

        page.on("console", lambda message: message.type in ("error", "warning")
                and complain(f"{message.type}: {message.text} {message.location}"))
        page.on("pageerror", lambda error: complain(f"{error.message}\n{error.stack}"))
        page.on("request", lambda asked: re.match(r"file:|http://127\.0\.0\.1[:/]|data:", asked.url)
                or complain(f"asked for {asked.url}"))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page: Callable[..., Any], home: str) -> Any:
    """The gallery, loaded."""
    opened = open_page(home)
    expect(status(opened)).to_have_text(f"{COUNT} of {COUNT} images")
    return opened


# The editor


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of six images with its site, to copy from."""
    return made(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def daemons(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemons]:
    """Where the tests of a module get their daemons from."""
    daemons = Daemons(template, tmp_path_factory.mktemp("daemons"))
    yield daemons
    daemons.close()


@pytest.fixture
def daemon(daemons: Daemons) -> Iterator[Daemon]:
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
