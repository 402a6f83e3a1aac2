"""What is in the trash: pages of it, how many bytes it holds, where a file lies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from imagelib.errors import InvalidError
from imagelib.library.store.rows import LONGEST_RAW, to_image
from imagelib.library.values.image import TrashedImage
from imagelib.library.values.registry import FIELDS

if TYPE_CHECKING:
    from imagelib.library.store.database import Database


#: Records longer than this, in characters, are listed without these members.
_LONGEST, _RAW = 2 * LONGEST_RAW, ("prompt_meta", "generation")
#: What a record lacks that was deleted under an earlier version of the tables.
_ABSENT = {field.name: json.dumps(field.default) if field.kind == "json" else field.default
           for field in FIELDS}
_RECORD = (f"CASE WHEN length(record) > {_LONGEST} THEN json_set(record, '$.prompt_meta', 'null',"
           " '$.generation', '{}') ELSE record END")


def list_trash(database: Database, folder: Path, limit: int | None = None,
               cursor: str = "") -> list[TrashedImage]:
    """Deleted images, the last deleted first; *cursor* is that of the last one seen.

    What a generator wrote is left out of records where it is very long (`shortened`).

    Raises:
        InvalidError: the cursor cannot be read.
    """
    where, values = "", []
    if cursor:
        at, dash, pk = cursor.rpartition("_")
        if not dash or not pk.isascii() or not pk.isdigit() or len(pk) > 18:
            raise InvalidError.of("cursor", "is none of ours", where="query")
        where, values = "WHERE (deleted_at, pk) < (?, ?)", [at, int(pk)]
    tail = "" if limit is None else f"LIMIT {int(limit)}"
    found = []
    for row in database.read(
            f"SELECT {_RECORD} AS record, length(record) > {_LONGEST} AS is_long, file, deleted_at"
            f" FROM trash {where} ORDER BY deleted_at DESC, pk DESC {tail}", *values):
        record = _ABSENT | json.loads(row["record"])
        file = folder / row["file"] if row["file"] else None
        found.append(TrashedImage(to_image(record, record["tags"]), row["deleted_at"], file,
                                  _RAW if row["is_long"] else ()))
    return found


def cursor_of(trashed: TrashedImage) -> str:
    """What to give `list_trash` to go on behind this one."""
    return f"{trashed.deleted_at}_{trashed.image.pk}"


def totals(database: Database) -> tuple[int, int]:
    """How many images are in the trash, and how many bytes emptying it would free."""
    row = database.read(
        "SELECT count(*), coalesce(sum(CASE WHEN file IS NULL THEN 0 ELSE"
        " json_extract(record, '$.size_bytes') END), 0) FROM trash")[0]
    return int(row[0]), int(row[1])


def find_trashed(database: Database, folder: Path, image_id: str) -> Path | None:
    """The file of one deleted image; None if it is not in the trash or had none."""
    rows = database.read("SELECT file FROM trash WHERE id = ?", image_id.strip().lower())
    path = folder / rows[0]["file"] if rows and rows[0]["file"] else None
    return path if path is not None and path.is_file() else None
