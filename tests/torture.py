"""Everybody at once: a daemon with a watched folder, two command lines, a plain SQLite client, a
file manager, and kill -9 for daemon and commands. Afterwards the library must be whole, and hold
all that was acknowledged.

    python tests/torture.py --minutes 10 --seed 1 [--keep FOLDER]

Prints JSON: operations, kills, violations. Only processes that it has started are killed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from typing import Any

from checker import sha, violations
from helpers import Daemon, draw
from torture_copies import Copies

#: How long a single command may take, in seconds; longer is a violation.
PATIENCE = 90


class Ledger:
    """What was acknowledged, and what somebody has done to files by hand. Shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.operations: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self.faults: list[str] = []
        #: id -> digest of each acknowledged addition; "" where only the digest is known.
        self.added: dict[str, str] = {}
        #: Text -> the image that it was written into.
        self.notes: dict[str, str] = {}
        #: Digests of images of which somebody has begun to destroy everything.
        self.doomed: set[str] = set()
        #: id -> digests of files that were replaced: a purge destroys them, too.
        self.earlier: dict[str, set[str]] = {}
        self.deleted: Counter[str] = Counter()
        self.purged: dict[str, str] = {}
        #: Digests whose files were touched by hand: they may be gone, or be there twice.
        self.touched: set[str] = set()

    def note(self, operation: str, act: Callable[[], None] = lambda: None) -> None:
        """Count an operation, and remember what it has done."""
        with self._lock:
            self.operations[operation] += 1
            act()


class Arena:
    """One library, and everybody who is at work on it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.root, self.watched = folder / "library", folder / "watched"
        self.drawn, self.ledger = folder / "drawn", Ledger()
        self.over = threading.Event()
        self._daemon: Daemon | None = None
        self._count = 0
        self._counting = threading.Lock()
        self._copies = Copies(folder, self.picture, self.ledger.note, self.ledger.faults.append)
        self.watched.mkdir()
        self.drawn.mkdir()

    def run(self, seconds: float) -> None:
        """Let everybody work for so long, then end it."""
        assert self.command("init", "init")[0] == 0
        (self.root / "imagelib.toml").write_text(
            f"[watch]\nfolders = [{json.dumps(str(self.watched))}]\n")
        for _ in range(6):
            self.command("init", "add", str(self.picture(random.Random(self.seed))))
        workers = [("daemon", self.keep_serving), ("http-1", self.http), ("http-2", self.http),
                   ("cli-1", self.command_line), ("cli-2", self.command_line),
                   ("sqlite", self.sqlite_client), ("files", self.file_manager),
                   ("copies", lambda rng, name: self._copies.round(rng))]
        threads = [threading.Thread(target=self._guarded, args=worker) for worker in workers]
        for thread in threads:
            thread.start()
        self.over.wait(seconds)
        self.over.set()
        for thread in threads:
            thread.join()

    def _guarded(self, name: str, work: Callable[[random.Random, str], None]) -> None:
        rng = random.Random(f"{self.seed}-{name}")
        while not self.over.is_set():
            try:
                work(rng, name)
            except (OSError, ValueError, sqlite3.Error, HTTPException):
                # Killed meanwhile, locked, moved away: what was not acknowledged may be so.
                time.sleep(0.05)
            except Exception as error:  # noqa: BLE001 - told as a violation
                self.ledger.faults.append(f"{name}: {error!r}")
                time.sleep(0.5)

    def picture(self, rng: random.Random) -> Path:
        """A picture that nobody has yet."""
        with self._counting:
            self._count += 1
        name = f"{self._count:05d}-{rng.randrange(10**9)}.png"
        return draw(self.drawn / name, (rng.randrange(40, 90), rng.randrange(40, 90)))

    # -- the daemon -----------------------------------------------------------

    def keep_serving(self, rng: random.Random, name: str) -> None:
        """Run the daemon, and kill it now and then."""
        try:
            self._daemon = Daemon(self.root)
        except RuntimeError as error:
            self.ledger.faults.append(f"the daemon does not start: {str(error)[-300:]}")
            time.sleep(1)
            return
        self.over.wait(rng.uniform(2, 12))
        daemon, self._daemon = self._daemon, None
        daemon.process.kill()
        daemon.process.wait()
        self.ledger.kills["daemon"] += 1

    def http(self, rng: random.Random, name: str) -> None:
        """One request of the editor."""
        daemon = self._daemon
        if daemon is None:
            time.sleep(0.05)
            return
        kind = rng.choice(["upload", "upload", "upload", "edit", "edit", "rate", "delete",
                           "restore", "undo", "replace", "search", "purge"])
        if kind == "upload":
            path = self.picture(rng)
            token = f"{name}-{rng.randrange(10**12)}"
            answer = daemon.upload(path, notes=token)
            if answer.status == 201:
                self.ledger.note(kind, lambda: self._added(answer.json["id"], sha(path)))
            return
        listed = daemon.get("/api/images", q=rng.choice(["", "picture", "has:notes"]),
                            page_size=200).json["items"]
        if not listed:
            return
        one = rng.choice(listed[:2] if rng.random() < 0.6 else listed)  # so that they meet
        match = {"If-Match": f'"{one["version"]}"'}
        if kind == "edit":
            token = f"{name}-{rng.randrange(10**12)}"
            answer = daemon.ask("PUT", f"/api/images/{one['id']}", headers=match,
                                json_body={"notes": token, "tags": [f"t{rng.randrange(5)}"]})
            act = lambda: self.ledger.notes.update({token: one["id"]})  # noqa: E731
        elif kind == "rate":
            ids = [item["id"] for item in rng.sample(listed, min(3, len(listed)))]
            answer = daemon.ask("POST", "/api/batch", json_body={
                "ids": ids, "edit": {"rating": rng.randrange(6)}})
            act = lambda: None  # noqa: E731
        elif kind == "delete":
            answer = daemon.ask("DELETE", f"/api/images/{one['id']}", headers=match)
            act = lambda: self.ledger.deleted.update([one["id"]])  # noqa: E731
        elif kind == "purge":
            self.ledger.note("purge asked", lambda: self.ledger.doomed.update(
                {one["digest"], *self.ledger.earlier.get(one["id"], ())}))
            answer = daemon.ask("DELETE", f"/api/images/{one['id']}?purge=1", headers=match)
            act = lambda: self.ledger.purged.update({one["id"]: one["digest"]})  # noqa: E731
        elif kind == "restore":
            trash = daemon.get("/api/trash").json["items"]
            answer = daemon.ask("POST", "/api/batch", json_body={
                "ids": [item["id"] for item in trash[:1]] or [one["id"]], "restore": True})
            act = lambda: None  # noqa: E731
        elif kind == "replace":
            self.ledger.note("replace asked", lambda: self.ledger.earlier.setdefault(
                one["id"], set()).add(one["digest"]))
            path = self.picture(rng)
            answer = daemon.upload(path, f"/api/images/{one['id']}/file", headers=match)
            act = lambda: None  # noqa: E731
        elif kind == "undo":
            answer = daemon.ask("POST", "/api/undo", json_body={})
            act = lambda: None  # noqa: E731
        else:
            answer = daemon.get("/api/images", q="picture OR 3")
            act = lambda: None  # noqa: E731
        if answer.status < 300:
            self.ledger.note(kind, act)
        elif answer.status >= 500 and answer.status != 503:
            self.ledger.faults.append(f"{kind} was answered {answer.status}: {answer.body[:200]!r}")

    def _added(self, image_id: str, digest: str) -> None:
        self.ledger.added[image_id] = digest

    # -- the command line -----------------------------------------------------

    def command(self, name: str, *arguments: str, kill_after: float = 0) -> tuple[int, str]:
        """Run one command; its exit code and output. It may be killed."""
        process = subprocess.Popen(
            [sys.executable, "-m", "imagelib", "-L", str(self.root), *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, error = process.communicate(timeout=kill_after or PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, error = process.communicate()
            self.ledger.kills[name] += 1
            if not kill_after:
                self.ledger.faults.append(f"{arguments[0]} took longer than {PATIENCE} s")
        if "Traceback" in error:
            self.ledger.faults.append(f"{arguments[0]}: {error[-400:]}")
        return process.returncode, out

    def command_line(self, rng: random.Random, name: str) -> None:
        """One command."""
        kill_after = rng.uniform(0.1, 1.5) if rng.random() < 0.3 else 0.0
        kind = rng.choice(["add", "add", "note", "rm", "build", "check", "undo", "list"])
        token = f"{name}-{rng.randrange(10**12)}"
        if kind == "add":
            path = self.picture(rng)
            code, _ = self.command(name, "add", str(path), kill_after=kill_after)
            if code == 0:
                self.ledger.note("cli add", lambda: self.ledger.added.update({token: sha(path)}))
            return
        if kind in ("note", "rm"):
            order = rng.choice(["random()", "captured_at DESC, pk DESC"])
            ids = self._ids(f"SELECT id FROM images ORDER BY {order} LIMIT 1")
            if not ids:
                return
            arguments = (["edit", ids[0], "--notes", token] if kind == "note"
                         else ["rm", ids[0], "--yes"])
            code, _ = self.command(name, *arguments, kill_after=kill_after)
            if code == 0:
                self.ledger.note(f"cli {kind}", lambda: (
                    self.ledger.notes.update({token: ids[0]}) if kind == "note"
                    else self.ledger.deleted.update(ids)))
            return
        code, _ = self.command(name, kind, kill_after=kill_after)
        if code == 0:
            self.ledger.note(f"cli {kind}")

    def _ids(self, query: str) -> list[str]:
        address = f"{(self.root / 'library.db').as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=10)) as database:
            return [row[0] for row in database.execute(query)]

    # -- other programs -------------------------------------------------------

    def sqlite_client(self, rng: random.Random, name: str) -> None:
        """One transaction of a program that knows nothing of us."""
        token = f"{name}-{rng.randrange(10**12)}"
        with closing(sqlite3.connect(self.root / "library.db", timeout=10)) as database, database:
            one = database.execute("SELECT pk, id FROM images ORDER BY random()").fetchone()
            if one is None:
                return
            kind = rng.choice(["note", "note", "tag", "rate", "delete"])
            if kind == "note":
                database.execute("UPDATE images SET notes = ? WHERE pk = ?", (token, one[0]))
            elif kind == "tag":
                database.execute("INSERT OR IGNORE INTO tags (name) VALUES ('sql')")
                database.execute("INSERT OR IGNORE INTO image_tags SELECT ?, id FROM tags"
                                 " WHERE name = 'sql'", (one[0],))
            elif kind == "rate":
                database.execute("UPDATE images SET rating = 3 WHERE pk = ?", (one[0],))
            elif rng.random() < 0.3:
                database.execute("DELETE FROM images WHERE pk = ?", (one[0],))
        if kind == "note":
            self.ledger.note("sqlite note", lambda: self.ledger.notes.update({token: one[1]}))
        else:
            self.ledger.note(f"sqlite {kind}")
        time.sleep(rng.uniform(0.1, 0.8))

    def file_manager(self, rng: random.Random, name: str) -> None:
        """Rename, swap, overwrite, delete, copy in: in the library and in the watched folder."""
        folder = rng.choice([self.root / "images", self.watched])
        files = [path for path in folder.iterdir() if not path.name.startswith(".")]
        kind = rng.choice(["new", "new", "rename", "swap", "overwrite", "delete", "copy"])
        if kind == "new":
            shutil.copy(self.picture(rng), folder / f"{rng.randrange(10**6)} new.png")
        elif files:
            one, other = rng.choice(files), rng.choice(files)
            for path in (one, other):
                digest = sha(path)
                self.ledger.note("file looked at", lambda d=digest: self.ledger.touched.add(d))
            if kind == "rename":
                one.rename(folder / f"{rng.randrange(10**6)} renamed.png")
            elif kind == "swap" and one != other:
                between = folder / ".between"
                one.rename(between)
                other.rename(one)
                between.rename(other)
            elif kind == "overwrite":
                shutil.copyfile(self.picture(rng), one)  # in place, as generators do
            elif kind == "delete" and rng.random() < 0.3:
                one.unlink()
            elif kind == "copy":
                shutil.copy(one, folder / f"{rng.randrange(10**6)} copy.png")
        self.ledger.note(f"file {kind}")
        time.sleep(rng.uniform(0.1, 1.0))

    # -- afterwards -----------------------------------------------------------

    def verdict(self) -> list[str]:
        """Open it once, check, build; then all that is wrong."""
        found = list(self.ledger.faults)
        for arguments in (["list"], ["check", "--fix", "--accept-missing"], ["check", "--deep"],
                          ["build"]):
            code, out = self.command("verdict", *arguments)
            # A build names images without a file, which the file manager has deleted.
            if code not in ((0, 1) if arguments[0] == "build" else (0, 3, 4)):
                found.append(f"{' '.join(arguments)} leaves {code}: {out[-200:]}")
        found += violations(self.root, purged=set(self.ledger.purged.values())
                            - self.ledger.touched)
        return found + self._lost()

    def _lost(self) -> list[str]:
        """What was acknowledged and is not there."""
        ledger, lost = self.ledger, []
        with closing(sqlite3.connect(self.root / "library.db")) as database:
            known = {row[0]: row[1] for row in database.execute(
                "SELECT id, digest FROM images UNION ALL SELECT id, digest FROM trash")}
            told: list[dict[str, Any]] = [json.loads(row[0]) for row in database.execute(
                "SELECT after FROM changes WHERE kind = 'update'")]
            deletions = Counter(row[0] for row in database.execute(
                "SELECT image FROM changes WHERE kind = 'delete'"))
            digests = set(known.values()) | {
                value for row in database.execute("SELECT before, after FROM changes")
                for text in row if (value := json.loads(text).get("digest"))}
            purged = {row[0] for row in database.execute(
                "SELECT image FROM changes WHERE kind = 'purge'")}
            lost += _taken_over(database)
        notes = {change.get("notes") for change in told}
        bytes_there = {sha(path) for path in self.folder.rglob("*")
                       if path.is_file() and self.drawn not in path.parents}
        for image_id, digest in ledger.added.items():
            if image_id in purged or digest in ledger.doomed:
                continue
            if digest not in digests:
                lost.append(f"the addition of {digest[:12]} is lost")
            elif digest not in bytes_there and digest not in ledger.touched:
                lost.append(f"the bytes {digest[:12]} are lost")
        # What was purged takes its history along.
        lost += [f"the edit {token} is lost" for token, image_id in ledger.notes.items()
                 if token not in notes and image_id not in purged]
        lost += [f"a deletion of {image_id} is lost" for image_id, count in ledger.deleted.items()
                 if deletions[image_id] < count and image_id not in purged]
        return lost


def _taken_over(database: sqlite3.Connection) -> list[str]:
    """Images that were given the bytes of another one, though nobody replaced their file."""
    owners: dict[str, set[str]] = {}
    for image, digest in database.execute(
            "SELECT id, digest FROM images UNION SELECT id, digest FROM trash"):
        owners.setdefault(digest, set()).add(image)
    rows = database.execute("SELECT image, action, before, after FROM changes"
                            " WHERE kind = 'update' AND after LIKE '%digest%'").fetchall()
    for image, _, before, _ in rows:
        owners.setdefault(json.loads(before).get("digest"), set()).add(image)
    return [f"{image} was given the bytes of another image by {action!r}"
            for image, action, _, after in rows if "replace" not in action
            and owners.get(json.loads(after).get("digest"), {image}) - {image}]


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Run it and return what is printed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="leave everything in this new folder")
    asked = parser.parse_args(arguments)
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="torture-"))
    folder.mkdir(exist_ok=True)
    os.environ.pop("IMAGELIB_LIBRARY", None)
    arena = Arena(folder, asked.seed)
    try:
        arena.run(asked.minutes * 60)
        found = arena.verdict()
    finally:
        arena.over.set()
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return {"seed": asked.seed, "minutes": asked.minutes,
            "operations": dict(sorted(arena.ledger.operations.items())),
            "acknowledged": {"added": len(arena.ledger.added), "edited": len(arena.ledger.notes),
                             "deleted": arena.ledger.deleted.total(),
                             "purged": len(arena.ledger.purged)},
            "kills": dict(arena.ledger.kills), "violations": found}


if __name__ == "__main__":
    outcome = main()
    print(json.dumps(outcome, indent=2, ensure_ascii=False))
    sys.exit(bool(outcome["violations"]))
