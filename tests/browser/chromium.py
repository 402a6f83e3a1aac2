"""The browser of these tests: Chromium, driven by playwright. Without either, tests are skipped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from helpers import ALL

try:
    from playwright.sync_api import expect, sync_playwright
except ImportError:  # MARKS say so
    expect = sync_playwright = None
else:
    # A machine that is busy with other tests too may take its time; what holds is seen at once.
    expect.set_options(timeout=20_000)

CHROMIUM = next(filter(None, map(shutil.which, (
    "chromium-headless-shell", "chromium", "chromium-browser"))), None)
#: What every module that asks for the fixture `browser` has as its `pytestmark`.
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(sync_playwright is None, reason="playwright is not installed"),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]
#: A gallery that is opened as a file and by HTTP; see the fixture `serve`.
BOTH_WAYS = pytest.mark.parametrize("serve", ["file", "http"], indirect=True)
#: The same where most tests beside it open files: by HTTP, and as a file where all is tried.
OTHER_WAY = pytest.mark.parametrize("serve", ["file", "http"] if ALL else ["http"], indirect=True)


@contextmanager
def launched() -> Iterator[Any]:
    """A Chromium that ends with the block."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, chromium_sandbox=os.getuid() != 0)
        yield chromium
        chromium.close()
