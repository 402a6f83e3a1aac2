"""Who is killed while sending goes on at the next time, and forgets nothing that is out."""

from __future__ import annotations

import os
import posixpath
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import draw
from object_store import ObjectStore, object_store
from site_links import dead_references, paths_of
from test_publication import publish, tree

from imagelib.library.library import Library
from imagelib.publishing.ledger import Ledger, ledger_path
from imagelib.publishing.policy import PRESETS, Policy
from imagelib.publishing.publication import publication, visited
from imagelib.publishing.targets import folder

POLICY = Policy.of("portfolio", PRESETS["portfolio"])
PLACE = "rclone:store:bucket/site"
#: At which changes of the store somebody is killed; IMAGELIB_KILLS=31 tries each of a first one.
KILLS = range(1, 1 + int(os.environ.get("IMAGELIB_KILLS", "0"))) or [2, 19, 29]
#: The same of a later one.
LATER_KILLS = range(1, 1 + int(os.environ.get("IMAGELIB_LATER_KILLS", "0"))) or [3, 7]
needs_rclone = pytest.mark.skipif(shutil.which("rclone") is None, reason="rclone is not installed")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library") as opened:
        for n in range(4):
            opened.add(draw(tmp_path / f"p{n}.png"), title=f"Picture {n}",
                       captured_at=f"202{n}-05-06")
        yield opened


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A store of objects that rclone knows as `store:`."""
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)  # some rclone does not start with one
    with object_store() as opened:
        for name, value in {
                "TYPE": "s3", "PROVIDER": "Other", "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b",
                "ENDPOINT": opened.url, "FORCE_PATH_STYLE": "true"}.items():
            monkeypatch.setenv(f"RCLONE_CONFIG_STORE_{name}", value)
        yield opened


def site_of(library: Library) -> dict[str, str]:
    return tree(library.settings.private_dir / "published" / "portfolio" / "site")


def killed_at(store: ObjectStore, library: Library, number: int) -> None:
    """Publish in a process of its own, and kill it and what it started at a change."""
    process = subprocess.Popen(
        [sys.executable, "-m", "imagelib", "-L", library.root, "publish", "portfolio", "--yes",
         "--to", PLACE], start_new_session=True, stderr=subprocess.DEVNULL)

    def watch(count: int, is_before: bool) -> None:
        if count == number and not is_before:
            os.killpg(process.pid, signal.SIGKILL)
            store.watch = lambda count, is_before: None

    store.watch = watch
    assert process.wait(60) == -signal.SIGKILL


def written(store: ObjectStore, folder: Path) -> Path:
    """What lies in the store, as files."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in store.objects.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / "bucket" / "site"


@needs_rclone
@pytest.mark.parametrize("number", [1, 22])
def test_a_first_publication_elsewhere_goes_on_and_forgets_nothing_that_was_sent(
        library, store, tmp_path, number):
    killed_at(store, library, number)
    assert 0 < len(store.objects) < len(site_of(library))
    [fault, *_] = visited(library.settings, POLICY, PLACE, store.url + "/bucket/site").faults
    assert "broken off" in fault
    gone = library.ids("")[0]
    library.edit(gone, tags=["private"])
    publish(library, PLACE, POLICY)
    assert tree(written(store, tmp_path / "there")) == site_of(library)
    assert visited(library.settings, POLICY, PLACE, store.url + "/bucket/site").faults == []


@needs_rclone
@pytest.mark.parametrize("number", KILLS)
def test_nothing_is_sent_twice_where_somebody_was_killed(library, store, tmp_path, number):
    killed_at(store, library, number)
    if "bucket/site/index.html" in store.objects:
        assert reachable_and_dead(store.objects) == []
    publish(library, PLACE, POLICY)
    sent = [name for method, name in store.changes if method == "PUT"]
    assert len(sent) == len({*sent}), sorted(sent)
    assert tree(written(store, tmp_path / "there")) == site_of(library)
    # What was doubted, and is another file by now, is sent all the same.
    with Ledger(ledger_path(library.settings, "portfolio"), PLACE) as ledger:
        ledger.doubt(["index.html"])
    store.objects["bucket/site/index.html"] = b"of somebody else"
    publish(library, PLACE, POLICY)
    assert tree(written(store, tmp_path / "there")) == site_of(library)


@needs_rclone
@pytest.mark.parametrize("number", LATER_KILLS)
def test_nothing_is_sent_twice_where_somebody_was_killed_while_files_were_replaced(
        library, store, tmp_path, number):
    publish(library, PLACE, POLICY)
    for one in library.ids(""):
        library.edit(one, title="Pictura 9")  # as long as before, and so are most files
    whole = len(store.changes)
    killed_at(store, library, whole + number)
    assert reachable_and_dead(store.objects) == []
    publish(library, PLACE, POLICY)
    sent = [name for method, name in store.changes[whole:] if method == "PUT"]
    assert len(sent) == len({*sent}), sorted(sent)
    there = tree(written(store, tmp_path / "there"))
    assert {path: there[path] for path in site_of(library)} == site_of(library)


def test_nothing_is_written_twice_into_a_folder_where_somebody_was_killed(library, tmp_path):
    out = tmp_path / "out"
    publish(library, out, POLICY)
    before = {path: path.stat().st_ino for path in out.rglob("*") if path.is_file()}
    (out / "index.html").write_bytes(bytes((out / "index.html").stat().st_size))
    with Ledger(ledger_path(library.settings, "portfolio"), str(out)) as ledger:
        ledger.doubt(ledger.files())
    publish(library, out, POLICY)
    after = {path: path.stat().st_ino for path in out.rglob("*") if path.is_file()}
    assert [path.name for path in after if after[path] != before[path]] == ["index.html"]
    assert tree(out) == site_of(library)


def test_what_replaced_a_file_of_the_same_size_is_not_written_twice(
        library, tmp_path, monkeypatch):
    out = tmp_path / "out"
    publish(library, out, POLICY)
    for at in library.ids(""):
        library.edit(at, title="Pictura 9")

    note = Ledger.put

    def dying(ledger: Ledger, path: str, *what: object) -> None:
        if path == "data/manifest.js":  # all is there, and noted are the new files alone
            raise KeyboardInterrupt
        note(ledger, path, *what)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "put", dying)
        # Who is killed commits nothing.
        patch.setattr(Ledger, "__exit__", lambda ledger, *_: ledger._connection.close())
        with pytest.raises(KeyboardInterrupt):
            publish(library, out, POLICY)
    there = {path: (path.read_bytes(), path.stat().st_ino)
             for path in out.rglob("*") if path.is_file()}
    publish(library, out, POLICY)
    assert tree(out) == site_of(library)
    assert [path.name for path, (content, number) in there.items() if path.exists()
            and path.read_bytes() == content and path.stat().st_ino != number] == []


@needs_rclone
def test_what_is_there_is_not_sent_again(library, store):
    publish(library, PLACE, POLICY)
    whole = len(store.changes)
    library.edit(library.ids("")[0], title="Another")
    sent = publish(library, PLACE, POLICY).sent
    assert [name.removeprefix("bucket/site/") for _, name in store.changes[whole:]] == sent
    assert len(sent) <= 6


@needs_rclone
def test_each_file_is_noted_as_soon_as_it_is_there(library, store):
    """Not when all of its kind are: there may be gigabytes of them."""
    noted: list[int] = []

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "sending":
            noted.append(done)

    with publication(library, POLICY, PLACE, progress=progress) as found:
        found.send()
    assert {*range(1, len(found.sent) + 1)} <= {*noted}


@needs_rclone
def test_no_page_leads_to_one_that_is_not_there_yet(library, store, tmp_path):
    """New pictures come between others, whose pages name them as neighbours from then on."""
    publish(library, PLACE, POLICY)
    dead: list[str] = []

    def watch(number: int, is_before: bool) -> None:
        if not is_before and store.changes[-1][1].endswith(".html"):
            dead.extend(reachable_and_dead(store.objects))

    store.watch = watch
    for n in range(6):
        library.add(draw(tmp_path / f"new{n}.png"), title=f"New {n}", captured_at=f"202{n}-01-01")
    there = {name.removeprefix("bucket/site/") for name in store.objects}
    difference = publish(library, PLACE, POLICY).difference
    new, others = difference.put[:difference.fresh], difference.put[difference.fresh:]
    assert there.isdisjoint(new)
    assert {*others} - there <= {"data/manifest.js", "index.html"}
    assert others[-2:] == ["data/manifest.js", "index.html"]
    assert dead == []
    assert dead_references(written(store, tmp_path / "there")) == []


def reachable_and_dead(objects: dict[str, bytes]) -> list[str]:
    """Where links lead that somebody finds who begins at the front."""
    seen, left, dead = set(), ["bucket/site/index.html"], []
    while left:
        page = left.pop()
        seen.add(page)
        for _, path in paths_of(objects[page].decode()) if page.endswith(".html") else []:
            name = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
            if name not in objects:
                dead.append(f"{page} -> {name}")
            elif name not in seen:
                left.append(name)
    return dead


@pytest.mark.parametrize("after", [0, 2, 4])
def test_a_first_publication_into_a_folder_goes_on_and_forgets_nothing(
        library, tmp_path, monkeypatch, after):
    out, flush, calls = tmp_path / "out", folder.flush, []

    def dying(paths: list[Path]) -> None:
        flush(paths)
        calls.append(paths)
        if len(calls) > after:
            for path in paths:  # it has its name, and nobody has noted that yet
                path.rename(out / Path(*path.relative_to(out).parts[:-1]) / names[path])
            raise KeyboardInterrupt

    names: dict[Path, str] = {}
    made = shutil.copyfile

    def copying(source: Path, target: Path) -> None:
        names[target] = source.name
        made(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(folder, "_SOME", 3)
        patch.setattr(folder, "flush", dying)
        patch.setattr(folder.shutil, "copyfile", copying)
        # Who is killed commits nothing.
        patch.setattr(Ledger, "__exit__", lambda ledger, *_: ledger._connection.close())
        with pytest.raises(KeyboardInterrupt):
            publish(library, out, POLICY)
    assert [path for path in out.rglob("*") if path.is_file()]
    library.edit(library.ids("")[0], tags=["private"])
    publish(library, out, POLICY)
    assert tree(out) == site_of(library)
    with Ledger(ledger_path(library.settings, "portfolio"), str(out)) as ledger:
        assert {path: placed.size for path, placed in ledger.files().items()} == {
            path: (out / path).stat().st_size for path in tree(out)}
        assert not ledger.is_broken_off


def test_the_front_comes_last_also_where_it_is_new_and_pages_are_not(library, tmp_path):
    publish(library, tmp_path / "out", POLICY)
    for path in ("index.html", "data/manifest.js"):
        (tmp_path / "out" / path).unlink()
    library.edit(library.ids("")[0], title="Another")
    put = publish(library, tmp_path / "out", POLICY).difference.put
    assert [path for path in put if path.startswith("image/")]
    assert put[-2:] == ["data/manifest.js", "index.html"]
