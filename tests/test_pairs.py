"""Two verbs on one image at once: each pair, each order, both having looked before either acts.

The first verb is carried out between the second one's look and its own turn, as if it
were another tab or process. One of them may be refused in words; nothing may be lost,
left over or half done.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest
from checker import violations
from helpers import draw

from imagelib.errors import ImagelibError, LockedError
from imagelib.library.library import Library
from imagelib.library.originals.trashing import destroy

VERBS: dict[str, Callable[[Library, Path, str], object]] = {
    "edit": lambda library, root, image: library.edit(image, rating=5, add_tags=["b"]),
    "delete": lambda library, root, image: library.delete(image),
    "restore": lambda library, root, image: library.restore(image),
    "replace": lambda library, root, image: library.replace_file(image, root / "fresh.png"),
    "purge": lambda library, root, image: library.purge(image),
    "destroy": lambda library, root, image: destroy(library, image),
    "undo": lambda library, root, image: library.undo(),
    "merge tags": lambda library, root, image: library.merge_tags(["a"], "c"),
    "add again": lambda library, root, image: library.add(root / "first.png", tags=["again"]),
}


@pytest.fixture(scope="module", params=["live", "in the trash"])
def seed(request, tmp_path_factory):
    """A library with one image that has a history, and one beside it."""
    root = tmp_path_factory.mktemp("pairs") / "seed"
    with Library.create(root / "library") as library:
        image = library.add(draw(root / "first.png"), tags=["a"]).image
        library.add(draw(root / "other.png"), tags=["a"])
        library.edit(image.id, rating=3)
        if request.param == "in the trash":
            library.delete(image.id)
    draw(root / "fresh.png")
    return root, image.id


def _at_once(root: Path, image: str, first: str, second: str) -> list[str]:
    """Run both; return what went wrong that should not have."""
    looked, done = threading.Event(), threading.Event()
    problems: list[str] = []

    def run(verb: str, wait: Callable[[], object], then: threading.Event) -> None:
        with Library.open(root / "library") as library:
            whole, waited = library.database.exclusive, []

            @contextmanager
            def exclusive(*arguments):
                if not waited:
                    waited.append(True)
                    wait()
                with whole(*arguments):
                    yield

            library.database.exclusive = exclusive
            try:
                VERBS[verb](library, root, image)
            except ImagelibError as error:
                if error.http_status == 500:
                    problems.append(f"{verb}: {error!r}")
            except Exception as error:  # noqa: BLE001 - whatever it is, it should not be
                problems.append(f"{verb}: {error!r}")
            finally:
                then.set()

    def first_waits() -> None:
        looked.wait(10)

    def second_waits() -> None:
        looked.set()
        done.wait(10)

    threads = [threading.Thread(target=run, args=(first, first_waits, done)),
               threading.Thread(target=run, args=(second, second_waits, looked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return problems + violations(root / "library")


@pytest.mark.parametrize("first", sorted(VERBS))
def test_two_verbs_at_once_lose_nothing_and_leave_nothing(seed, tmp_path, first):
    root, image = seed
    faults = []
    for second in sorted(VERBS):
        where = tmp_path / second
        shutil.copytree(root, where)
        faults += [f"{first} before {second}: {found}"
                   for found in _at_once(where, image, first, second)]
        shutil.rmtree(where)
    assert faults == []


def test_while_somebody_decides_nobody_else_does(tmp_path):
    """Each opens the library as a process of its own does."""
    root = tmp_path / "library"
    with Library.create(root) as library, Library.open(root) as other:
        image = library.add(draw(tmp_path / "a.png")).image
        with library.database.exclusive():
            with pytest.raises(LockedError, match="Another program"), other.database.exclusive(0):
                pass
            assert other.get(image.id), "reading goes on"
            library.edit(image.id, rating=3)
        with other.database.exclusive(0):
            other.edit(image.id, rating=4, if_version=2)
            assert other.get(image.id).rating == 4
