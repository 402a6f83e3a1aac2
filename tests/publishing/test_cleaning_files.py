"""Files of real programs: whole ones keep their looks and fall silent, others are refused."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from canaries import PIXELS

from imagelib.errors import ImagelibError
from imagelib.ingest.embedded import read
from imagelib.ingest.embedded.containers.walk import read_containers
from imagelib.pictures import decoded
from imagelib.publishing.cleaning import RefusedError, clean, clean_in
from imagelib.publishing.cleaning.verifying import looks_of
from imagelib.sandbox import Sandbox

DATA = Path(__file__).parents[1] / "data"
PICTURES = sorted(path.name for path in DATA.iterdir() if path.suffix not in (".json", ".md"))


def is_whole(path: Path) -> bool:
    try:
        with decoded(path, PIXELS):
            pass
    except ImagelibError:
        return False
    return True


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(1) as running:
        yield running


@pytest.mark.parametrize("name", PICTURES)
def test_it_keeps_its_looks_and_falls_silent_or_is_refused(name):
    content = (DATA / name).read_bytes()
    if not is_whole(DATA / name):
        with pytest.raises(RefusedError):
            clean(content)
        return
    cleaned = clean(content).content
    assert looks_of(cleaned, PIXELS) == looks_of(content, PIXELS)
    found = read_containers(io.BytesIO(cleaned))
    assert (found.texts, found.c2pa) == ({}, b"")
    assert clean(cleaned).content == cleaned


@pytest.mark.parametrize("name", PICTURES)
def test_a_worker_makes_of_it_what_says_nothing(sandbox, tmp_path, name):
    if not is_whole(DATA / name):
        with pytest.raises(ImagelibError):
            clean_in(sandbox, DATA / name, PIXELS)
        return
    made = clean_in(sandbox, DATA / name, PIXELS)
    (tmp_path / "a").write_bytes(made.content)
    assert not read(tmp_path / "a")
    assert made.is_anew is ("stealth" in name)


@pytest.mark.parametrize("name", PICTURES)
def test_no_beginning_of_it_is_cleaned(name):
    content = (DATA / name).read_bytes()
    if not is_whole(DATA / name):
        return
    end = len(clean(content).content)
    for length in range(0, min(len(content), end) - 13, max(1, len(content) // 30)):
        with pytest.raises(RefusedError):
            clean(content[:length])
