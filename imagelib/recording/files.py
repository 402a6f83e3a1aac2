"""The files of `records/`: what they are called, how they are written and read back.

A block is gzip'd JSON lines, one a row, with members in the order of their names. It is a pure
function of its rows, and its name carries the hash of the lines. The manifest names all blocks and
is written last, so that it always names a whole set.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagelib.config import Settings
from imagelib.errors import InvalidError
from imagelib.library.store import schema
from imagelib.library.store.disk import replacing
from imagelib.recording.tables import RECORDED, Recorded, bad_member

#: Raised when files of the same rows become different.
FORMAT = 1
MANIFEST = "manifest.json"
#: No line is longer, in bytes: JSON of two raw values of the largest size, in the trash.
LONGEST_LINE = 128 * 2**20
_LARGEST_MANIFEST = 16 * 2**20
#: Names that only we give here.
_OURS = re.compile(r"[a-z_]+-\d+-[0-9a-f]{32}\.jsonl\.gz|manifest\.json|\.[0-9a-f]{12}\.partial")
_HASH = re.compile(r"[0-9a-f]{32}")
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class RecordBlock:
    """One file: how many rows it has, the hash of its lines, and the hash of the marks of its
    rows where no log tells of changes."""

    rows: int
    hash: str
    marks: str = ""


@dataclass(frozen=True, slots=True)
class RecordManifest:
    """What a set of record files is of."""

    #: The library's id, and the version of its tables.
    library: str
    version: int
    #: The newest change, and its batch.
    seq: int
    batch: str
    #: The highest pk that an image ever had.
    pk: int
    #: By the table's name and the number of the block.
    blocks: Mapping[tuple[str, int], RecordBlock] = field(default_factory=dict)

    def names(self) -> set[str]:
        """All files of the set."""
        return {MANIFEST, *(name_of(key, block) for key, block in self.blocks.items())}


def name_of(key: tuple[str, int], block: RecordBlock) -> str:
    """The file of a block."""
    return f"{key[0]}-{key[1]}-{block.hash}.jsonl.gz"


def names_in(folder: Path) -> set[str]:
    """The files in *folder* that are ours; none if it is not there."""
    try:
        return {path.name for path in folder.iterdir() if _OURS.fullmatch(path.name)}
    except (FileNotFoundError, NotADirectoryError):
        return set()


# -- writing ------------------------------------------------------------------


def to_line(row: Mapping[str, Any]) -> bytes:
    """One row as a line."""
    return json.dumps(row, ensure_ascii=False, sort_keys=True,
                      separators=(",", ":")).encode() + b"\n"


def hash_of(lines: Iterable[bytes]) -> tuple[int, str]:
    """How many lines there are, and their hash."""
    count, checksum = 0, hashlib.sha256()
    for line in lines:
        count += 1
        checksum.update(line)
    return count, checksum.hexdigest()[:32]


def write_block(path: Path, lines: Iterable[bytes]) -> None:
    """Write *lines* to *path*, whole or not at all, and flushed."""
    with replacing(path) as stream, gzip.GzipFile(
            filename="", mode="wb", compresslevel=_LEVEL, fileobj=stream, mtime=0) as packed:
        packed.writelines(lines)


def write_manifest(folder: Path, manifest: RecordManifest) -> None:
    """Make *manifest* the one of *folder*, flushed."""
    files = [[*key, block.rows, block.hash, block.marks]
             for key, block in sorted(manifest.blocks.items())]
    with replacing(folder / MANIFEST) as stream:
        stream.write(json.dumps({
            "format": FORMAT, "library": manifest.library, "version": manifest.version,
            "seq": manifest.seq, "batch": manifest.batch, "pk": manifest.pk, "blocks": files,
        }).encode())


# -- reading ------------------------------------------------------------------


def read_manifest(folder: Path) -> RecordManifest:
    """The manifest of the record files in *folder*.

    Raises:
        InvalidError: there is none, it is broken, or of a newer imagelib.
    """
    path = folder / MANIFEST
    try:
        with path.open("rb") as stream:
            found = json.loads(stream.read(_LARGEST_MANIFEST))
        if found["format"] > FORMAT or found["version"] > schema.VERSION:
            raise InvalidError(f"{path} was written by a newer imagelib (format"
                               f" {found['format']}, tables {found['version']}; this one reads"
                               f" {FORMAT} and {schema.VERSION}). Install that version.")
        blocks = {}
        for table, number, rows, checksum, marks in found["blocks"]:
            if not (_is_count(number) and _is_count(rows) and _HASH.fullmatch(checksum)
                    and isinstance(marks, str)):
                raise ValueError(f"block {number!r} of {table!r}")
            if table not in RECORDED or rows > RECORDED[table].size:
                raise InvalidError(f"{path} names {table!r}, which this imagelib does not know."
                                   " Install the version that wrote it.")
            blocks[table, number] = RecordBlock(rows, checksum, marks)
        manifest = RecordManifest(found["library"], found["version"], found["seq"],
                                  found["batch"], found["pk"], blocks)
        if not (re.fullmatch(r"[0-9a-f]{32}", manifest.library) and isinstance(manifest.batch, str)
                and all(map(_is_count, (manifest.version, manifest.seq, manifest.pk)))):
            raise ValueError("a value of another type")
    except FileNotFoundError:
        raise InvalidError(f"{folder} holds no record files: there is no {MANIFEST} in it. Name the"
                           " folder that a build keeps beside site/.") from None
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise InvalidError(f"{path} is broken: {error}. Without it nobody can say which of the"
                           " files beside it belong together; take another copy of the folder, or"
                           " make a new database with: imagelib recover --anyway") from error
    return manifest


def known_manifest(folder: Path) -> RecordManifest | None:
    """As `read_manifest`; None where that raises."""
    with suppress(InvalidError):
        return read_manifest(folder)
    return None


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**62


def read_block(folder: Path, manifest: RecordManifest,
               key: tuple[str, int]) -> Iterator[dict[str, Any]]:
    """The rows of one block, each sound by itself; that none is wanting shows at the end.

    Raises:
        InvalidError: the file is not there, damaged, or holds what no row of ours is like.
    """
    block, table = manifest.blocks[key], RECORDED[key[0]]
    name, checksum = name_of(key, block), hashlib.sha256()
    try:
        with gzip.open(folder / name) as stream:
            for _ in range(block.rows):
                line = stream.readline(LONGEST_LINE)
                checksum.update(line)
                yield _read_line(line, table, manifest.version)
            if stream.read(1) or checksum.hexdigest()[:32] != block.hash:
                raise ValueError("its lines are not those that were written")
    except FileNotFoundError:
        raise InvalidError(f"{name} is not there") from None
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        raise InvalidError(f"{name} is damaged: {error}") from error


def _read_line(line: bytes, table: Recorded, version: int) -> dict[str, Any]:
    if not line.endswith(b"\n"):
        raise ValueError("a line is cut short, or too long")
    row = json.loads(line)
    if not isinstance(row, dict) or row.keys() != table.members(version):
        raise ValueError(f"a row has other members than {table.name} has in version {version}")
    if name := bad_member(row):
        raise ValueError(f"no {name} of ours is like {str(row[name])[:80]!r}")
    return row


# -- is there anything to do? -------------------------------------------------


def is_recorded(settings: Settings, seq: int, batch: str) -> bool:
    """Whether `records/` has the library up to the change *seq* of *batch*; where it is switched
    off, whether it is empty. Contents are not looked at."""
    names = names_in(settings.records_dir)
    if not settings.records:
        return not names
    manifest = known_manifest(settings.records_dir)
    return manifest is not None and (manifest.seq, manifest.batch, manifest.names()) == (
        seq, batch, names)
