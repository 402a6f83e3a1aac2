"""A daemon over forty images whose values are known; the tests that share it only read."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from helpers import Daemon, draw

from imagelib.library.library import Library

MODELS = ("flux1-dev", "sd_xl_base", "Midjourney v6")
PROMPTS = ("a red fox", "Ein großer Löwe", "100% silk_scarf", "桜 in the rain", "A RED Car")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A daemon with 40 images whose values are known; the tests that share it only read."""
    root = tmp_path_factory.mktemp("api") / "library"
    records = []
    with Library.create(root) as library:
        for n in range(40):
            path = draw(root.parent / f"s{n}.png", seed=f"api {n}")
            image = library.add(
                path, prompt_text=PROMPTS[n % 5], ai_model=MODELS[n % 3], rating=n % 6,
                notes=f"note {n}" if n % 4 == 0 else "",
                tags=[t for t, every in (("animal", 2), ("red", 3), ("wip", 5)) if n % every == 0],
                captured_at=f"2026-{n % 4 + 1:02d}-{n % 9 + 1:02d}T{n % 24:02d}:00:00").image
            records.append(image)
    daemon = Daemon(root)
    yield SimpleNamespace(daemon=daemon, records=records, root=root)
    daemon.stop(signal.SIGKILL)


@pytest.fixture
def api(served: SimpleNamespace) -> Daemon:
    """The daemon of the module."""
    return served.daemon
