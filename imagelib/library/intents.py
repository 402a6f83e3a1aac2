"""Moves of files that come true with a commit, or are taken back.

The write order: first the intent, committed; then the files, flushed; then one
commit that changes the rows and drops the intent. A process that dies in
between leaves its intent behind, and whoever opens the library next takes the
moves back. An intent names its owner, and an owner holds a lock as long as it
lives, so that nobody takes back what another process is still doing.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from imagelib.library.database import Database, Kind, Transaction
from imagelib.library.files import digest, move, place, sync_folder
from imagelib.library.locks import FileLock

#: What the name of a file in the making begins with; scans pass over dot names.
PARTIAL = ".imagelib-"

#: Told how much of a long work is done.
Progress = Callable[[int], None]


def silent(_done: int) -> None:
    """Progress that nobody wants to know of."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The files of one operation: *moves* first, then each of *new* (staged, final, digest)."""

    moves: list[tuple[Path, Path]] = field(default_factory=list)
    new: list[tuple[Path, Path, str]] = field(default_factory=list)


class Intents:
    """The file operations of one process, and the repair of those that died."""

    def __init__(self, database: Database, run_dir: Path, folders: Iterable[Path]) -> None:
        self._database = database
        self._run_dir = run_dir
        self._folders = tuple(folders)
        self._token = ""
        self._alive: FileLock | None = None

    def staging_path(self, folder: Path) -> Path:
        """A new name for a file in the making in *folder*, swept up if we die."""
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{PARTIAL}{self._owner()}-{secrets.token_hex(6)}.partial"

    @contextmanager
    def carried_out(self, plan: Plan, action: str, *, kind: Kind = "do",
                    undoes: str | None = None, undoable: bool = True,
                    progress: Progress = silent) -> Iterator[Transaction]:
        """Move the files of *plan*, then run the body in the transaction that makes it true.

        *progress* is told how many files were moved.
        """
        owner = self._owner()
        with self._database.write("intent", undoable=False) as transaction:
            intent = transaction.run("INSERT INTO intents (owner, body) VALUES (?, ?)", owner,
                                     _to_json(plan)).lastrowid
        try:
            for done, (source, target) in enumerate(plan.moves, 1):
                move(source, target)
                progress(done)
            for staged, final, _ in plan.new:
                place(staged, final)
            with self._database.write(action, kind=kind, undoes=undoes,
                                      undoable=undoable) as transaction:
                yield transaction
                transaction.run("DELETE FROM intents WHERE id = ?", intent)
        except BaseException:
            _take_back(plan)
            with contextlib.suppress(Exception):  # the first error is the one to tell of
                self._drop([intent])
            raise
        finally:
            for staged, _, _ in plan.new:
                staged.unlink(missing_ok=True)

    def recover(self) -> int:
        """Take back what dead processes left half done; return how many operations."""
        rows = self._database.read("SELECT id, owner, body FROM intents ORDER BY id DESC")
        dead = {row["owner"] for row in rows if self._is_dead(row["owner"])}
        done = []
        for row in rows:
            if row["owner"] in dead:
                _take_back(_from_json(row["body"]))
                done.append(row["id"])
        self._drop(done)
        self._sweep()
        return len(done)

    def names_in_use(self) -> set[Path]:
        """Files that some process is moving right now: a scan must not judge them."""
        used: set[Path] = set()
        for row in self._database.read("SELECT body FROM intents"):
            plan = _from_json(row["body"])
            used.update(path for pair in plan.moves for path in pair)
            used.update(final for _, final, _ in plan.new)
        return used

    def close(self) -> None:
        """Say that this process has nothing under way."""
        if self._alive is not None:
            self._alive.path.unlink(missing_ok=True)
            self._alive.release()
            self._alive = None

    def _owner(self) -> str:
        if self._alive is None:
            self._token = secrets.token_hex(8)
            self._alive = FileLock(self._run_dir / f"{self._token}.lock")
            self._alive.acquire()
        return self._token

    def _is_dead(self, owner: str) -> bool:
        if owner == self._token:
            return False
        lock = FileLock(self._run_dir / f"{owner}.lock")
        if not lock.path.exists():
            return True
        if not lock.acquire():
            return False
        lock.path.unlink(missing_ok=True)
        lock.release()
        return True

    def _drop(self, intents: Iterable[int | None]) -> None:
        ids = [(intent,) for intent in intents]
        if ids:
            with self._database.write("recover", undoable=False) as transaction:
                transaction.connection.executemany("DELETE FROM intents WHERE id = ?", ids)

    def _sweep(self) -> None:
        """Remove files in the making whose owner is gone, and the locks of the dead."""
        for folder in self._folders:
            for path in _partials(folder):
                if self._is_dead(path.name.removeprefix(PARTIAL).split("-")[0]):
                    path.unlink(missing_ok=True)
        for lock in self._run_dir.glob("*.lock"):
            self._is_dead(lock.stem)


def _partials(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.name.startswith(PARTIAL)]
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
        elif digest(source) == digest(target):
            target.unlink()


def _to_json(plan: Plan) -> str:
    return json.dumps({"moves": [[str(a), str(b)] for a, b in plan.moves],
                       "new": [[str(a), str(b), c] for a, b, c in plan.new]})


def _from_json(text: str) -> Plan:
    body = json.loads(text)
    return Plan([(Path(a), Path(b)) for a, b in body["moves"]],
                [(Path(a), Path(b), c) for a, b, c in body["new"]])
