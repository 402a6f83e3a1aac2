"""What is recorded of `library.db`: one entry for each kind of row, and a reason for what is not.

Another table is one more entry. Its rows fall into blocks by their number; a block is written
anew when a row of it has changed, so what is edited often and what is large stand in blocks of
their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from imagelib.library.store import schema
from imagelib.library.values.registry import FIELDS

#: Why the other tables are not recorded.
LEFT_OUT = {
    "image_tags": "the tags of an image are in its row",
    "tags": "the tags of an image are in its row; a tag that no image has is shown nowhere",
    "changes": "history, which is not recorded",
    "batches": "history, which is not recorded",
    "context": "holds something during a write only",
    "intents": "moves of files as they lie now; backups hold none either",
    "file_stats": "how files looked when they were read last: they are read again",
    "folded": "made of the rows",
    "images_fts": "made of the rows",
    "meta": "the library's name is in the manifest; the rest follows from rows and files",
    "_sqlite_migrations": "made with the tables",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One kind of recorded row."""

    #: In the names of files.
    name: str
    #: The members of a row: columns of *table*, and `tags`.
    columns: tuple[str, ...]
    #: Row *n* stands in block *n // size*.
    size: int
    table: str = ""
    #: What numbers the rows.
    key: str = "rowid"
    #: Rows that are not worth a line.
    where: str = "1"
    #: Of which images a change is news: SQL over the table `changes`. Without it, there is no log
    #: of these rows, and they are compared by *marks*.
    news: str = ""
    #: SQL: what differs when a row differs, by default all columns. An aggregate is one of a block.
    marks: str = ""

    @property
    def source(self) -> str:
        """The table that the rows are of."""
        return self.table or self.name

    def rows_sql(self) -> str:
        """A SELECT of the rows whose numbers are between two parameters, the second left out."""
        columns = ", ".join(_TAGS if name == "tags" else name for name in self.columns)
        return (f"SELECT {columns} FROM {self.source} AS t WHERE {self.key} >= ? AND {self.key} < ?"
                f" AND {self.where} ORDER BY {self.key}")

    def numbers_sql(self) -> str:
        """A SELECT of the numbers of all blocks."""
        return (f"SELECT DISTINCT {self.key} / {self.size} FROM {self.source} AS t"
                f" WHERE {self.where}")

    def news_sql(self) -> str:
        """A SELECT of the numbers of the blocks with news since the seq that is its parameter."""
        return f"SELECT DISTINCT pk / {self.size} FROM changes WHERE seq > ? AND ({self.news})"

    def marks_sql(self) -> str:
        """A SELECT of the number of a block and marks: one row for each of its rows, or one in all.
        """
        group = " GROUP BY 1" if "(" in self.marks else ""
        return (f"SELECT {self.key} / {self.size}, {self.marks or ', '.join(self.columns)}"
                f" FROM {self.source} AS t WHERE {self.where}{group} ORDER BY {self.key}")

    def members(self, version: int) -> frozenset[str]:
        """The members that a row had under the tables of *version*."""
        later = {field.name for field in FIELDS if field.since > version}
        return frozenset(self.columns) - later


_TAGS = ("(SELECT json_group_array(name) FROM (SELECT g.name FROM image_tags it JOIN tags g"
         " ON g.id = it.tag WHERE it.image = t.pk ORDER BY g.name)) AS tags")

#: In the order in which they are restored.
TABLES = (
    Recorded(name="searches", columns=("name", "query", "sort"), size=1024),
    Recorded(name="albums", columns=("tag", "text", "cover", "pks"), size=1024),
    Recorded(name="replaced", columns=("image", "digest", "file", "at"), size=1024),
    Recorded(name="picks", size=1024, key="image", columns=(
        "image", "publication", "key", "who", "heart", "stars", "note", "at", "created_at")),
    # Rows of it are only put in or replaced, and a replaced one gets a new number.
    Recorded(name="taken", columns=("path", "size_bytes", "mtime_ns", "digest"), size=1024,
             marks="count(*), max(rowid)"),
    Recorded(name="trash", columns=("pk", "id", "deleted_at", "digest", "file", "record"),
             size=128, marks="pk, deleted_at, digest, file"),
    Recorded(name="images", size=256, key="pk", news="1", columns=(
        *(name for name in schema.COLUMNS if name != "prompt_meta"), "tags")),
    # What a generator wrote may be fifty times the rest, and hardly ever changes.
    Recorded(name="raw", table="images", size=128, key="pk", columns=("pk", "prompt_meta"),
             where="prompt_meta <> 'null'",
             news="kind <> 'tags' AND (kind <> 'update' OR instr(after, '\"prompt_meta\"'))"),
)
#: By their names.
RECORDED = {table.name: table for table in TABLES}

_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
_DIGEST = re.compile(r"(?:[0-9a-f]{64})?")
_LARGEST = 2**63


def _is_text(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which SQLite cannot keep
        return False
    return True


def _is_number(value: Any) -> bool:
    return type(value) is int and -_LARGEST <= value < _LARGEST


def _is_tags(value: Any) -> bool:
    return isinstance(value, list) and all(_is_text(tag) and tag for tag in value)


def _is_inside(value: Any) -> bool:
    """A name relative to a folder, that does not lead out of it."""
    return (_is_text(value) and bool(value) and not value.startswith("/") and "\0" not in value
            and ".." not in value.split("/"))


def _is_name(value: Any) -> bool:
    return _is_inside(value) and not {"/", "\\"} & set(value) and value != "."


def _is_pks(value: Any) -> bool:
    """A list of pks as JSON."""
    return _is_text(value) and isinstance(pks := json.loads(value), list) and all(
        map(_is_number, pks))


#: Columns that are no plain text. What leads to files, or is part of their names, is narrow.
_SHAPES: dict[str, Callable[[Any], bool]] = {
    "tags": _is_tags,
    "pks": _is_pks,
    "cover": lambda value: value is None or _is_number(value),
    "file_name": _is_inside,
    "file": lambda value: value is None or _is_name(value),
    "id": lambda value: _is_text(value) and bool(_ID.fullmatch(value)),
    "image": lambda value: _is_text(value) and bool(_ID.fullmatch(value)),
    "digest": lambda value: _is_text(value) and bool(_DIGEST.fullmatch(value)),
    "pk": lambda value: _is_number(value) and value > 0,
    **dict.fromkeys(("size_bytes", "mtime_ns", "width", "height", "rating", "version"),
                    _is_number),
}


#: What the record of a deleted image has at least, whatever version deleted it.
_OF_DELETED = {*schema.COLUMNS, "tags"} - {field.name for field in FIELDS if field.since > 1}


def bad_member(row: dict[str, Any]) -> str:
    """The first member of *row* that no row of ours has so; "" if all are sound.

    Raises:
        ValueError: the record of a deleted image, or the list of an album, is no JSON.
    """
    for name, value in row.items():
        if not _SHAPES.get(name, _is_text)(value):
            return name
    if "record" in row:
        record = json.loads(row["record"])
        if not isinstance(record, dict) or not record.keys() >= _OF_DELETED or (
                (record["pk"], record["id"]) != (row["pk"], row["id"])) or any(
                    # Whoever restores it looks at its name then.
                    not _SHAPES.get(name, _is_text)(value) for name, value in record.items()
                    if name != "file_name"):
            return "record"
    return ""
