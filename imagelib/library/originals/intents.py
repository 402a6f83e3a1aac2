"""Moves of files that come true with a commit, or are taken back.

The write order: first the intent, committed; then the files, flushed; then one
commit that changes the rows and drops the intent. All of it happens inside
`Database.exclusive`, with the decision that led to it. A process that dies in
between leaves its intent behind, and whoever opens the library next takes the
moves back.

An intent belongs to one library: it names files relative to the library's
folders, and the database it was written for. In a copy of the library or of the
database it means nothing and is dropped without touching a file.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagelib.errors import ImagelibError
from imagelib.library.store.batches import Step
from imagelib.library.store.database import Database, Transaction
from imagelib.library.store.disk import can_be_listed, digest, link_or_copy, move, sync_folder
from imagelib.library.store.identity import library_id
from imagelib.library.store.locks import FileLock, hold, is_dead

#: What the name of a file in the making begins with; scans pass over dot names.
PARTIAL = ".imagelib-"

#: Nobody takes so long to lock a file that it has just made, in seconds.
_LONG_AGO = 3600.0

#: Told how much of a long work is done.
Progress = Callable[[int], None]


def silent(_done: int) -> None:
    """Progress that nobody wants to know of."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The files of one operation: *moves* first, then each of *new* (staged, final, digest).

    After the commit those of *drop* are destroyed; from then on there is no way back.
    """

    moves: list[tuple[Path, Path]] = field(default_factory=list)
    new: list[tuple[Path, Path, str]] = field(default_factory=list)
    drop: list[Path] = field(default_factory=list)


class Intents:
    """The file operations of one process, and the repair of those that died.

    *folders* are those that an operation may touch, by the names that an intent gives them.
    """

    def __init__(self, database: Database, run_dir: Path, folders: Mapping[str, Path],
                 staging: Iterable[Path]) -> None:
        self._database = database
        self._run_dir = run_dir
        self._folders = dict(folders)
        self._staging = tuple(staging)
        self._token = ""
        self._alive: FileLock | None = None
        self._has_staged = False
        self._entering = threading.Lock()

    def enter(self) -> None:
        """Say that this process is at work; `imagelib restore` then waits for its end."""
        with self._entering:
            if self._alive is None:
                self._token = secrets.token_hex(8)
                self._alive = hold(self._run_dir / f"{self._token}.lock")

    def staging_path(self, folder: Path) -> Path:
        """A new name for a file in the making in *folder*, swept up if we die."""
        self.enter()
        self._has_staged = True
        return folder / f"{PARTIAL}{self._token}-{secrets.token_hex(6)}.partial"

    @contextmanager
    def carried_out(self, plan: Plan, action: str, *, step: Step = "do",
                    undoes: str | None = None, undoable: bool = True,
                    progress: Progress = silent) -> Iterator[Transaction]:
        """Move the files of *plan*, then run the body in the transaction that makes it true.

        The caller made its plan inside `Database.exclusive` and is still there. *progress* is
        told how many files were moved.
        """
        self.enter()
        with self._database.exclusive():
            intent = self._announce(Plan(plan.moves, plan.new))
            try:
                self._move(plan, progress)
                with self._database.write(action, step=step, undoes=undoes,
                                          undoable=undoable) as transaction:
                    yield transaction
                    if plan.drop:
                        transaction.run("UPDATE intents SET body = ? WHERE id = ?",
                                        self._to_json(Plan(drop=plan.drop)), intent)
                    else:
                        transaction.run("DELETE FROM intents WHERE id = ?", intent)
            except BaseException:
                # Ctrl+C may come behind the commit as well as before it.
                if not self._is_committed(intent) and self._is_connected(plan):
                    _take_back(plan)
                    with contextlib.suppress(Exception):  # the first error is the one to tell of
                        self._forget([intent])
                raise
            finally:
                for staged, _, _ in plan.new:
                    staged.unlink(missing_ok=True)
            if plan.drop:
                _destroy(plan)
                self._forget([intent])

    def _announce(self, plan: Plan) -> int | None:
        # One of our own that the disk kept us from forgetting: what comes next may make true
        # what it was to take back.
        self._finish({self._token})
        with self._database.write("intent", undoable=False) as transaction:
            return transaction.run("INSERT INTO intents (owner, body) VALUES (?, ?)",
                                   self._token, self._to_json(plan)).lastrowid

    def _is_committed(self, intent: int | None) -> bool:
        """Whether the commit came that makes the moves of *intent* true.

        It drops the intent, or leaves of it what is still to be destroyed.
        """
        try:
            rows = self._database.read("SELECT body FROM intents WHERE id = ?", intent)
        except (ImagelibError, sqlite3.Error):  # what cannot even be read was hardly written
            return False
        return not rows or bool(json.loads(rows[0]["body"]).get("drop"))

    def _move(self, plan: Plan, progress: Progress) -> None:
        """Each file to its place; the folders are synced once, however many files there are."""
        folders: dict[Path, None] = {}
        for done, (source, target) in enumerate(plan.moves, 1):
            move(source, target)
            folders |= {target.parent: None, source.parent: None}
            progress(done)
        for staged, final, _ in plan.new:
            link_or_copy(staged, final)
            folders[final.parent] = None
        for folder in folders:
            sync_folder(folder)

    def recover(self) -> int:
        """Take back what dead processes left half done; return how many operations."""
        with self._database.exclusive():
            # Held until all is done: who is stopped meanwhile leaves the next one what it found.
            dead = [lock for lock in map(FileLock, self._run_dir.glob("*.lock"))
                    if lock.path.stem != self._token and lock.acquire()]
            try:
                gone = {lock.path.stem for lock in dead}
                owners = {row[0] for row in self._database.read(
                    "SELECT DISTINCT owner FROM intents")}
                unfinished = {owner for owner in owners if owner in gone or self._is_dead(owner)}
                done = self._finish(unfinished)
                # Else nobody left a file, and a hundred thousand names need not be read.
                if gone or unfinished:
                    self._sweep(gone)
                self._sweep_begun()
                for lock in dead:
                    lock.path.unlink(missing_ok=True)
            finally:
                for lock in dead:
                    lock.release()
        return done

    def _finish(self, owners: set[str]) -> int:
        """Take back, or bring to its end, what *owners* left half done; return how many."""
        rows = [row for row in self._database.read(
            "SELECT id, owner, body FROM intents ORDER BY id DESC") if row["owner"] in owners]
        done = []
        for row in rows:
            if (plan := self._from_json(row["body"])) is not None:
                if not self._is_connected(plan):
                    continue
                _take_back(plan)
                _destroy(plan)
            done.append(row["id"])
        self._forget(done)
        return len(done)

    def _is_connected(self, plan: Plan) -> bool:
        """Whether the images folder is there, if *plan* is about files in it.

        Else its disk is away. A folder made anew in its place would be hidden when it is back,
        so what is to be taken back waits for that.
        """
        images = self._folders["images"]
        paths = [path for pair in plan.moves for path in pair] + [new[1] for new in plan.new]
        return can_be_listed(images) or not any(path.is_relative_to(images) for path in paths)

    def names_in_use(self) -> set[Path]:
        """Files that some process is moving right now: a scan must not judge them."""
        used: set[Path] = set()
        for row in self._database.read("SELECT body FROM intents"):
            if (plan := self._from_json(row["body"])) is not None:
                used.update(path for pair in plan.moves for path in pair)
                used.update(final for _, final, _ in plan.new)
        return used

    def close(self) -> None:
        """Say that this process has nothing under way."""
        if self._alive is not None:
            # By what stays of the lock, the next one sees that a file may have been left.
            if not self._has_staged:
                self._alive.path.unlink(missing_ok=True)
            self._alive.release()
            self._has_staged = False
            self._alive = None
            self._token = ""

    def _is_dead(self, owner: str) -> bool:
        if owner == self._token:
            return False
        return is_dead(self._run_dir / f"{owner}.lock")

    def _forget(self, intents: Iterable[int | None]) -> None:
        ids = [(intent,) for intent in intents]
        if ids:
            with self._database.write("recover", undoable=False) as transaction:
                transaction.connection.executemany("DELETE FROM intents WHERE id = ?", ids)

    def _sweep(self, gone: Collection[str]) -> None:
        """Remove files in the making whose owner is *gone*, or was before."""
        for folder in self._staging:
            for path in _partials(folder):
                owner = path.name.removeprefix(PARTIAL).split("-")[0]
                if owner in gone or self._is_dead(owner):
                    path.unlink(missing_ok=True)

    def _sweep_begun(self) -> None:
        """Remove locks that nobody came to hold."""
        for begun in self._run_dir.glob("*.new"):
            # Made and not yet locked, perhaps: only one that is old was left by a dead process.
            with contextlib.suppress(FileNotFoundError):
                if time.time() - begun.stat().st_mtime > _LONG_AGO:
                    is_dead(begun)

    def _identity(self) -> str:
        """Names the database file that an intent was written for, and no copy of it."""
        path = self._database.path
        return f"{library_id(self._database)} {path.stat().st_ino} {path}"

    def _to_json(self, plan: Plan) -> str:
        def named(path: Path) -> list[str]:
            for name, folder in self._folders.items():
                if path.is_relative_to(folder):
                    return [name, path.relative_to(folder).as_posix()]
            raise ValueError(f"{path} is in no folder of the library")

        return json.dumps({
            "for": self._identity(), "moves": [[named(a), named(b)] for a, b in plan.moves],
            "new": [[named(a), named(b), c] for a, b, c in plan.new],
            "drop": [named(path) for path in plan.drop]})

    def _from_json(self, text: str) -> Plan | None:
        """The plan of an intent; None if it was written for another library or database."""
        body = json.loads(text)
        if body.get("for", self._identity()) != self._identity():
            return None
        try:
            def path(named: Any) -> Path:
                if isinstance(named, str):  # the first version wrote whole paths
                    found = Path(named)
                    if not any(found.is_relative_to(f) for f in self._folders.values()):
                        raise LookupError(named)
                    return found
                return Path(self._folders[named[0]], named[1])

            return Plan([(path(a), path(b)) for a, b in body["moves"]],
                        [(path(a), path(b), c) for a, b, c in body["new"]],
                        [path(named) for named in body.get("drop", [])])
        except LookupError:
            return None


def _partials(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        names = os.listdir(folder)  # noqa: PTH208 - a hundred thousand paths take twice as long
        return [folder / name for name in names if name.startswith(PARTIAL)]
    return []


def _take_back(plan: Plan) -> None:
    """Undo what was done of *plan*; safe to run twice, and on a plan not begun."""
    for _, final, checksum in plan.new:
        # Only bytes of ours: a name that was taken belongs to another file.
        if final.is_file() and not final.is_symlink() and digest(final) == checksum:
            final.unlink()
            sync_folder(final.parent)
    for source, target in reversed(plan.moves):
        if not target.exists():
            continue
        if not source.exists():
            move(target, source)
            sync_folder(source.parent)
        elif digest(source) == digest(target):
            target.unlink()


def _destroy(plan: Plan) -> None:
    for path in plan.drop:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in plan.drop if path.parent.is_dir()}:
        sync_folder(folder)
