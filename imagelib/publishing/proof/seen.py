"""What was found out about the files of a site, as long as they look as they did.

A file is read once: its digest, that it is a silent picture, and marks of all words and runs of
words in it are kept, so that a needle which is new can be looked for in files that are old. A
mark is a number of 32 bits; where one fits, the file itself is read again.
"""

from __future__ import annotations

import base64
import hashlib
import os
import sqlite3
import zlib
from array import array
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import imagelib

_TABLE = """
CREATE TABLE IF NOT EXISTS seen (
    path TEXT PRIMARY KEY, stamp TEXT NOT NULL, look TEXT NOT NULL, digest TEXT NOT NULL,
    marks BLOB NOT NULL
) WITHOUT ROWID;
"""
#: The code that decides what is found out.
_CODE = ("publishing", "ingest/embedded", "generator", "library/values", "pictures.py",
         "colours.py")


@dataclass(frozen=True, slots=True)
class File:
    """One file that was read, and found silent if it is a picture."""

    look: str
    digest: str
    marks: bytes


class Seen:
    """What is known of the files of one site, in an open database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(_TABLE)
        self._files = {row[0]: row[1:] for row in connection.execute(
            "SELECT path, look, digest FROM seen WHERE stamp = ?", (code_stamp(),))}
        self._fresh: dict[str, File] = {}

    def silent(self, looks: Mapping[str, str], wanted: Set[int]) -> dict[str, str]:
        """The digests of those files of *looks* (path -> how it looks) that need not be read.

        They look as they did, and hold none of the marks *wanted* that nobody has wanted before.
        """
        row = self._connection.execute(
            "SELECT value FROM meta WHERE key = 'wanted'").fetchone()
        before = array("I")
        before.frombytes(base64.b64decode(row[0]) if row else b"")
        found = {path: self._files[path][1] for path, look in looks.items()
                 if self.knows(path, look)}
        if fresh := wanted - set(before):
            for path, marks in self._connection.execute("SELECT path, marks FROM seen"):
                own = array("I")
                own.frombytes(marks)
                if not fresh.isdisjoint(own):
                    found.pop(path, None)
        return found

    def holding(self, paths: Iterable[str], wanted: Set[int]) -> set[str]:
        """Those of *paths*, which the site no longer has, that hold any of the marks *wanted*; also
        those of which nothing is known any more."""
        found = set(paths)
        for path, marks in self._connection.execute(
                "SELECT path, marks FROM seen WHERE stamp = ?", (code_stamp(),)):
            own = array("I")
            own.frombytes(marks)
            if path in found and wanted.isdisjoint(own):
                found.remove(path)
        return found

    def knows(self, path: str, look: str) -> bool:
        """Whether *path* was read when it looked so."""
        return path in self._files and self._files[path][0] == look

    def put(self, path: str, file: File) -> None:
        """Remember a file that was read."""
        self._fresh[path] = file

    def save(self, paths: Iterable[str], wanted: Set[int] | None) -> None:
        """Keep what was put, and forget all but *paths*.

        All of them were looked through for the marks *wanted*, if it is not None.
        """
        gone = self._files.keys() - set(paths)
        self._connection.execute("BEGIN")
        self._connection.execute("DELETE FROM seen WHERE stamp <> ?", (code_stamp(),))
        self._connection.executemany("DELETE FROM seen WHERE path = ?", [(path,) for path in gone])
        self._connection.executemany(
            "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?)",
            [(path, code_stamp(), file.look, file.digest, file.marks)
             for path, file in self._fresh.items()])
        if wanted is not None:
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('wanted', ?)", (
                base64.b64encode(array("I", sorted(wanted)).tobytes()).decode("ascii"),))
        self._connection.execute("COMMIT")


def look_of(stat: os.stat_result) -> str:
    """How a file looks without being read. One that the builder writes anew is another inode."""
    return f"{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ino}"


def marks(texts: Iterable[str]) -> set[int]:
    """The marks of words, and of runs of words with a blank between them."""
    # At once, as there are millions; no word has a line break in it.
    return set(map(zlib.crc32, "\n".join(texts).encode("utf-8", "surrogatepass").split(b"\n")))


def packed(found: Set[int]) -> bytes:
    """Marks as they are kept."""
    return array("I", sorted(found)).tobytes()


@cache
def code_stamp() -> str:
    """Changes with the code that decides what is published, and what is found in it."""
    package, checksum = Path(imagelib.__file__).parent, hashlib.sha256()
    for part in _CODE:
        for path in sorted((package / part).rglob("*.py")) or [package / part]:
            checksum.update(path.read_bytes())
    return checksum.hexdigest()
