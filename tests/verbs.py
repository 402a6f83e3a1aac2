"""Every verb that changes a library, as a step that can be broken off anywhere.

`seeded` makes the library that each begins with: two images under names of ours, one under its
owner's, one in the trash, one with an earlier file.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from helpers import draw, follow

from imagelib.config import Settings
from imagelib.errors import ConflictError, LibraryFaultError
from imagelib.generator.builder import build
from imagelib.ingest import importer
from imagelib.ingest.legacy import migrate
from imagelib.library.checks.verifying import mend
from imagelib.library.library import Library
from imagelib.library.originals.intake import take_in
from imagelib.library.store import backup
from imagelib.library.store.batches import last_change
from imagelib.library.store.disk import digest
from imagelib.library.values.image import Image
from imagelib.publishing.policy import Policy
from imagelib.publishing.publication import publication
from imagelib.recording.files import is_recorded
from imagelib.recording.restoring import restore_records
from imagelib.recording.writing import record
from imagelib.recovering import recover


def seeded(root: Path) -> Path:
    """The library below *root*, and beside it a picture that is not in it."""
    with Library.create(root / "library") as library:
        library.add(draw(root / "one.png"), tags=["a", "b"], rating=3, notes="one")
        library.add(draw(root / "two.png"), tags=["b"], notes="two")
        draw(library.originals.folder / "own" / "three.png", (90, 60))
        library.add(library.originals.folder / "own" / "three.png", in_place=True, tags=["c"],
                    notes="three")
        library.add(draw(root / "gone.png"), notes="gone")
        library.delete(note(library, "gone").id)
        library.replace_file(note(library, "one").id, draw(root / "other.png"))
    draw(root / "fresh.png")
    return root


def note(library: Library, text: str) -> Image:
    """The image with these notes."""
    [found] = [image for image in library.find() if image.notes == text]
    return found


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True)
class Verb:
    """One verb: what comes before it, itself, and how to see that it was done."""

    name: str
    act: Callable[[Library, Path], object]
    #: Whether it was done, asked of the library that was opened anew.
    done: Callable[[Library, Path], bool]
    #: Once, on the seed that it is walked with.
    prepare: Callable[[Path], object] = _nothing
    #: On each copy of it: what a copy does not keep.
    each: Callable[[Path], object] = _nothing
    #: Before the library is opened anew: what a person does who was told that it is not done.
    first: Callable[[Path], object] = _nothing
    #: After that: what follows by itself, a scan above all.
    settle: Callable[[Library], object] = _nothing
    #: Digests that may, and afterwards must, be gone.
    destroys: Callable[[Path], set[str]] = field(default=lambda root: set())
    #: It works in a library that is open.
    opens: bool = True
    decodes: bool = False
    #: It is one step: done or not done.
    atomic: bool = True
    #: It goes on behind a file that it fails at, and tells of it.
    reports: bool = False


VERBS: dict[str, Verb] = {}


def _verb(name: str, act: Callable[[Library, Path], object],
          done: Callable[[Library, Path], bool], **more: object) -> None:
    VERBS[name] = Verb(name, act, done, **more)  # type: ignore[arg-type]


def _opened(step: Callable[[Library, Path], object]) -> Callable[[Path], None]:
    """*step* as a preparation."""
    def prepare(root: Path) -> None:
        with Library.open(root / "library") as library:
            step(library, root)
    return prepare


def _told(failures: object) -> None:
    """What a report names was not done."""
    if failures:
        raise ConflictError(f"failed: {failures}")


def _live(library: Library, path: Path) -> bool:
    found = library.originals.find_digest(digest(path))
    return found is not None and found.file_state == "ok"


def _trashed(library: Library) -> str:
    return library.trash()[0].image.id


# -- rows ---------------------------------------------------------------------

_verb("edit", lambda library, root: library.edit(note(library, "two").id, rating=5),
      lambda library, root: note(library, "two").rating == 5)


def _batch(library: Library, root: Path) -> None:
    library.edit(*library.ids(""), rating=4, add_tags=["all"])


def _is_batched(library: Library) -> bool:
    return all(image.rating == 4 and "all" in image.tags for image in library.find())


_verb("batch", _batch, lambda library, root: _is_batched(library))
_verb("undo an edit", lambda library, root: library.undo(),
      lambda library, root: note(library, "one").rating == 3, prepare=_opened(_batch))
_verb("redo an edit", lambda library, root: library.redo(),
      lambda library, root: _is_batched(library),
      prepare=_opened(lambda library, root: (_batch(library, root), library.undo())))
_verb("merge tags", lambda library, root: library.merge_tags(["a", "c"], "b"),
      lambda library, root: [tag.name for tag in library.tags()] == ["b"])
_verb("rename a tag", lambda library, root: library.rename_tag("b", "letter"),
      lambda library, root: "letter" in note(library, "two").tags)

# -- files that come in -------------------------------------------------------

_verb("add", lambda library, root: library.add(root / "fresh.png", notes="fresh"),
      lambda library, root: _live(library, root / "fresh.png"), decodes=True)
_verb("find", lambda library, root: take_in(library, root / "fresh.png", found=True),
      lambda library, root: _live(library, root / "fresh.png"), decodes=True)
_verb("replace", lambda library, root: library.replace_file(
      note(library, "two").id, root / "fresh.png"),
      lambda library, root: _live(library, root / "fresh.png"), decodes=True)
_verb("undo a replacement", lambda library, root: library.undo(),
      lambda library, root: _live(library, root / "one.png"))
_verb("redo a replacement", lambda library, root: library.redo(),
      lambda library, root: _live(library, root / "other.png"),
      prepare=_opened(lambda library, root: library.undo()))


def _incoming(root: Path) -> None:
    (root / "incoming").mkdir()
    shutil.copy2(root / "fresh.png", root / "incoming")


# What `add_paths` gives to each of its threads: strace follows only the first thread.
_verb("add by moving", lambda library, root: importer._add_one(
      library, root / "incoming" / "fresh.png", "move", {}, False),
      lambda library, root: _live(library, root / "fresh.png")
      and not (root / "incoming" / "fresh.png").exists(),
      prepare=_incoming, decodes=True, atomic=False)
_verb("add in place", lambda library, root: library.add(
      root / "library" / "images" / "own" / "fresh.png", in_place=True),
      lambda library, root: _live(library, root / "fresh.png"),
      prepare=lambda root: shutil.copy2(root / "fresh.png", root / "library" / "images" / "own"),
      settle=follow, decodes=True)


def _old_json(root: Path) -> None:
    for name in ("first", "second"):
        draw(root / "old" / f"{name}.png")
    shutil.copy2(root / "two.png", root / "old")
    (root / "old" / "meta.json").write_text(json.dumps([
        {"filename": "first.png", "prompt": "a fox"}, {"filename": "second.png", "stars": 2},
        {"filename": "two.png", "model": "flux"}]))


_verb("migrate", lambda library, root: _told(
      migrate(library, root / "old" / "meta.json").failed),
      lambda library, root: _live(library, root / "old" / "first.png")
      and _live(library, root / "old" / "second.png")
      and note(library, "two").ai_model == "flux",
      prepare=_old_json, decodes=True, reports=True)

# -- the trash ----------------------------------------------------------------


def _delete(library: Library, root: Path) -> None:
    library.delete(note(library, "one").id, note(library, "three").id)


def _is_deleted(library: Library) -> bool:
    return {trashed.image.notes for trashed in library.trash()} >= {"one", "three"}


_verb("delete", _delete, lambda library, root: _is_deleted(library))


def _without_trash(root: Path) -> None:
    shutil.rmtree(root / "library")
    with Library.create(root / "library") as library:
        library.add(root / "one.png", notes="one")
        library.add(root / "two.png", notes="three")


_verb("delete for the first time", _delete, lambda library, root: _is_deleted(library),
      prepare=_without_trash)
_verb("undo a deletion", lambda library, root: library.undo(),
      lambda library, root: len(library.trash()) == 1, prepare=_opened(_delete))
_verb("redo a deletion", lambda library, root: library.redo(),
      lambda library, root: _is_deleted(library),
      prepare=_opened(lambda library, root: (_delete(library, root), library.undo())))
_verb("restore", lambda library, root: library.restore(_trashed(library)),
      lambda library, root: _live(library, root / "gone.png"))
_verb("restore by adding again", lambda library, root: library.add(root / "gone.png"),
      lambda library, root: _live(library, root / "gone.png"))
_verb("restore where the trash lost the file",
      lambda library, root: library.add(root / "gone.png"),
      lambda library, root: _live(library, root / "gone.png"),
      prepare=_opened(lambda library, root: library.trash()[0].file.unlink()))
_verb("purge", lambda library, root: library.purge(_trashed(library)),
      lambda library, root: not library.trash(),
      destroys=lambda root: {digest(root / "gone.png")})
_verb("empty the trash", lambda library, root: library.empty_trash(),
      lambda library, root: not library.trash(), prepare=_opened(_delete),
      destroys=lambda root: {digest(root / "gone.png"), digest(root / "one.png"),
                             digest(root / "other.png"), _three(root)})


def _three(root: Path) -> str:
    return digest(draw(root / "three.png", (90, 60)))


# -- the database -------------------------------------------------------------


def _is_whole(path: Path) -> bool:
    if not path.exists():
        return False
    with closing(sqlite3.connect(path)) as copy:
        return copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


_verb("backup", lambda library, root: backup.snapshot(library.settings, root / "kept.db"),
      lambda library, root: _is_whole(root / "kept.db"), settle=mend)


def _keep(root: Path) -> None:
    """A backup, and edits after it, the last of them in a log that nobody has written back."""
    where = root / "library"
    with Library.open(where) as library:
        backup.snapshot(library.settings, root / "kept.db")
        library.edit(note(library, "two").id, rating=1)
    with closing(sqlite3.connect(where / "library.db")) as writer:
        writer.execute("UPDATE images SET rating = 2 WHERE notes = 'two'")
        writer.commit()
        where.rename(root / "open")
        shutil.copytree(root / "open", where)
    shutil.rmtree(root / "open")
    assert (where / "library.db-wal").stat().st_size


_verb("restore a backup", lambda library, root: backup.put_back(
      Settings.load(root / "library"), root / "kept.db"),
      lambda library, root: note(library, "two").rating == 0, prepare=_keep,
      settle=mend, opens=False)


def _record(root: Path) -> None:
    """Record files, and an edit after them."""
    with Library.open(root / "library") as library:
        record(library)
        library.edit(note(library, "two").id, rating=1)


_verb("restore record files", lambda library, root: restore_records(
      Settings.load(root / "library"), root / "library" / "records"),
      lambda library, root: note(library, "two").rating == 0, prepare=_record,
      settle=mend, opens=False)


def _first_version(root: Path) -> None:
    shutil.rmtree(root / "library")
    with tarfile.open(Path(__file__).with_name("libraries") / "version_1.tar.xz") as archive:
        archive.extractall(root, filter="data")


_verb("upgrade", lambda library, root: Library.open(root / "library"),
      lambda library, root: library.database.is_migrated() and library.count() == 5,
      prepare=_first_version, settle=mend, opens=False)


def _built(root: Path) -> None:
    """A site, and changes since that reach it everywhere."""
    with Library.open(root / "library") as library:
        for n in range(4):
            library.add(draw(root / f"{n}.png", (40, 30)), captured_at=f"2026-01-0{n + 1}")
        build(library)
        old = library.find()
        library.delete(old[1].id, old[2].id)
        library.edit(old[4].id, captured_at="2026-05-05", prompt_text="moved to the front")
        for n in range(4, 7):  # three neighbours at once, all new
            library.add(draw(root / f"{n}.png", (40, 30)), captured_at=f"2026-02-0{n}")


_verb("build", lambda library, root: build(library),
      lambda library, root: not build(library).thumbnails, prepare=_built, atomic=False)


_verb("record", lambda library, root: record(library),
      lambda library, root: is_recorded(library.settings, *last_change(library.database.reader)),
      prepare=_built, settle=record, atomic=False)


def published(library: Library, to: Path) -> None:
    """Publish all but private images into the folder *to*."""
    ledger = library.settings.private_dir / "published" / "mine" / "ledger.db"
    if to.name == "out" and ledger.exists():  # the whole stage was copied to another place
        with closing(sqlite3.connect(ledger)) as connection:
            connection.execute("UPDATE places SET place = ? WHERE place LIKE '%/out'", (str(to),))
            connection.commit()
    policy = Policy.of("mine", {"fields": ["title"], "query": "-tag:c", "originals": "cleaned"})
    with publication(library, policy, str(to)) as found:
        found.send()


def _published(root: Path) -> None:
    """A publication, and changes since that reach it everywhere."""
    with Library.open(root / "library") as library:
        published(library, root / "out")
        library.edit(note(library, "two").id, title="Two")
        library.edit(note(library, "one").id, tags=["private"])
        library.add(draw(root / "new.png"), title="New")


_verb("publish", lambda library, root: published(library, root / "out"),
      lambda library, root: "New" in (root / "out" / "index.html").read_text(encoding="utf-8"),
      prepare=_published, atomic=False,
      settle=lambda library: published(library, library.root.parent / "out"))
_verb("publish first", lambda library, root: published(library, root / "out"),
      lambda library, root: (root / "out" / "index.html").exists(), atomic=False,
      settle=lambda library: published(library, library.root.parent / "out"))


def _lose_database(root: Path) -> None:
    with Library.open(root / "library") as library:
        build(library)
    for part in (root / "library").glob("library.db*"):
        part.unlink()
    shutil.rmtree(root / "library" / "records")


# -- what a scan does ---------------------------------------------------------


def _follow(library: Library, root: Path | None = None) -> None:
    drift, settled = follow(library)
    _told([*settled.failures, *drift.unreadable])


def _follow_and_mend(library: Library, root: Path | None = None) -> None:
    mend(library)
    _follow(library)
    mend(library)


def _scanned(name: str, disturb: Callable[[Library, Path], object],
             done: Callable[[Library, Path], bool], **more: object) -> None:
    _verb(name, _follow, done, prepare=_opened(disturb), settle=_follow_and_mend, decodes=True,
          atomic=False, **more)


def _move(library: Library, root: Path) -> None:
    folder = library.originals.folder
    (folder / "own" / "three.png").rename(folder / "moved.png")


_scanned("follow a move", _move,
         lambda library, root: note(library, "three").file_name == "moved.png")


def _swap(library: Library, root: Path) -> None:
    one, two = (library.originals.path_of(note(library, text)) for text in ("one", "two"))
    one.rename(one.with_suffix(".passing"))
    two.rename(one)
    one.with_suffix(".passing").rename(two)
    # Known names, so that it can be seen afterwards.
    (root / "two.txt").write_text(one.name)


_scanned("follow a swap", _swap, lambda library, root: note(library, "two").file_name == (
         root / "two.txt").read_text())


def _write_over(text: str, seed: str) -> Callable[[Library, Path], None]:
    def disturb(library: Library, root: Path) -> None:
        build(library)
        image = note(library, text)
        draw(library.originals.path_of(image), (image.width, image.height), seed=seed,
             compress_level=1)
        shutil.copy2(library.originals.path_of(image), root / "written.png")
    return disturb


_scanned("put a file of ours back", _write_over("two", "another"),
         lambda library, root: _live(library, root / "two.png")
         and _live(library, root / "written.png"))
_scanned("take an edited file over", _write_over("three", "three.png"),
         lambda library, root: note(library, "three").digest == digest(root / "written.png"))
_scanned("part another picture", _write_over("three", "another"),
         lambda library, root: _live(library, root / "written.png")
         and note(library, "three").digest == _three(root)
         and note(library, "three").file_state == "ok")


def _link(root: Path) -> None:
    with Library.open_to_read(root / "library") as library:
        os.link(library.originals.path_of(note(library, "two")), root / "watched.png")


_verb("separate a linked file", _follow,
      lambda library, root: library.originals.path_of(note(library, "two")).stat().st_nlink == 1,
      each=_link, settle=_follow_and_mend, atomic=False)


def _disorder(root: Path) -> None:
    trash = root / "library" / ".imagelib" / "trash"
    shutil.copy2(draw(root / "orphan.png"), trash / "orphan")
    shutil.copy2(root / "fresh.png", root / "library" / "images" / "stray.png")
    with closing(sqlite3.connect(root / "library" / "library.db")) as client:
        client.execute("DELETE FROM folded")
        client.execute("INSERT INTO images_fts (images_fts) VALUES ('delete-all')")
        client.commit()


_verb("check --fix", _follow_and_mend, lambda library, root: _live(library, root / "fresh.png"),
      prepare=_disorder, settle=_follow_and_mend, decodes=True, atomic=False)


# -- what is left makes a new one ---------------------------------------------


def _recover_again(root: Path) -> None:
    """Whoever opens the library is told to; if nobody is, all must be there."""
    try:
        Library.open(root / "library").close()
    except LibraryFaultError as error:
        if "imagelib recover" not in str(error):
            raise
        recover(Settings.load(root / "library"))


for _left, _prepare in (("the site", _lose_database), ("the former rows", _nothing)):
    _verb(f"recover from {_left}",
          lambda library, root: _told(recover(Settings.load(root / "library")).failed),
          lambda library, root: note(library, "one").rating == 3 and library.count() == 3,
          prepare=_prepare, first=_recover_again, settle=_follow_and_mend, opens=False,
          decodes=True, atomic=False)
