"""Ctrl+C behind each commit of each verb: what the database says was done is done on disk too."""

from __future__ import annotations

import shutil
from contextlib import contextmanager

import pytest
from checker import violations
from verbs import VERBS, seeded

from imagelib.library.library import Library
from imagelib.library.store.database import Database

#: Those that work in an open library; `build` writes no rows.
VERBS_OF_LIBRARIES = sorted(name for name, verb in VERBS.items() if verb.opens and name != "build")


@pytest.fixture(scope="module")
def seed(tmp_path_factory):
    return seeded(tmp_path_factory.mktemp("seed"))


def interrupt(patch, number):
    """Break off behind commit *number* that comes from now on."""
    whole, commits = Database.write, []

    @contextmanager
    def write(self, *arguments, **options):
        with whole(self, *arguments, **options) as transaction:
            yield transaction
        commits.append(arguments[0])
        if len(commits) == number:
            raise KeyboardInterrupt

    patch.setattr(Database, "write", write)


@pytest.mark.parametrize("name", VERBS_OF_LIBRARIES)
def test_what_was_committed_when_the_user_breaks_off_stays_done_on_disk(seed, tmp_path, name):
    verb, number, broken_off = VERBS[name], 0, True
    prepared = shutil.copytree(seed, tmp_path / "prepared")
    verb.prepare(prepared)
    before = set(violations(prepared / "library", built=False))
    while broken_off:
        number, broken_off = number + 1, False
        root = shutil.copytree(prepared, tmp_path / str(number))
        verb.each(root)
        with Library.open(root / "library") as library, pytest.MonkeyPatch.context() as patch:
            interrupt(patch, number)
            try:
                verb.act(library, root)
            except KeyboardInterrupt:
                broken_off = True
        with Library.open(root / "library") as library:
            verb.settle(library)
        found = set(violations(root / "library", built=False))
        assert found <= before, (name, number)
        assert number < 40
