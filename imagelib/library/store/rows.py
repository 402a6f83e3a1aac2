"""Rows of `library.db` as `Image`s and back: the only module that reads them whole, or writes them.

What writes takes the `Transaction` in which its caller has decided what to do.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagelib.errors import InvalidError, NotFoundError, StaleError
from imagelib.library.store import schema
from imagelib.library.store.database import Database, Transaction
from imagelib.library.store.disk import Stat, to_stat
from imagelib.library.values.dates import utc_now
from imagelib.library.values.image import Image
from imagelib.library.values.registry import FIELDS
from imagelib.library.values.written import MAX_TAGS

if TYPE_CHECKING:
    from imagelib.library.values.fields import ImagePatch

_JSON = tuple(field.name for field in FIELDS if field.kind == "json")
#: A record as SQLite writes it. What is no JSON, or not of its kind, counts as absent.
_MEMBERS = {name: f"i.{name}" for name in schema.COLUMNS} | {
    "prompt_meta": "json(iif(json_valid(i.prompt_meta), i.prompt_meta, 'null'))",
    "generation": "json(CASE WHEN NOT json_valid(i.generation) THEN '{}'"
                  " WHEN json_type(i.generation) = 'object' THEN i.generation ELSE '{}' END)",
    "tags": "json((SELECT json_group_array(name) FROM (SELECT t.name FROM image_tags it"
            " JOIN tags t ON t.id = it.tag WHERE it.image = i.pk ORDER BY t.name)))",
}
_WHOLE = "json_object({})".format(
    ", ".join(f"'{name}', {value}" for name, value in _MEMBERS.items()))
#: What a generator wrote may weigh megabytes: longer than this, in characters, lists do without.
LONGEST_RAW = 50_000
_RECORD = (f"CASE WHEN length(i.prompt_meta) <= {LONGEST_RAW} AND length(i.generation) <="
           f" {LONGEST_RAW} THEN {_WHOLE} ELSE json_set(" + _WHOLE.replace(
               _MEMBERS["prompt_meta"], f"json(iif(length(i.prompt_meta) <= {LONGEST_RAW} AND"
               " json_valid(i.prompt_meta), i.prompt_meta, 'null'))").replace(
               _MEMBERS["generation"], f"json(iif(length(i.generation) <= {LONGEST_RAW},"
               f" {_MEMBERS['generation'][5:-1]}, '{{}}'))")
           + ", '$.shortened', json((SELECT json_group_array(value) FROM (SELECT 'prompt_meta' AS"
           f" value WHERE length(i.prompt_meta) > {LONGEST_RAW} UNION ALL SELECT 'generation'"
           f" WHERE length(i.generation) > {LONGEST_RAW})))) END")
#: The most that the records of one answer may be together, in characters.
MOST_AT_ONCE = 32 * 2**20
#: SQLite takes at most 32,766 parameters; stay far below.
_CHUNK = 900
#: So that records of many megabytes are noticed before there are too many of them.
_RECORDS_AT_ONCE = 100


def select(connection: sqlite3.Connection, tail: str = "", parameters: Iterable[Any] = (), *,
           raw: bool = True) -> list[Image]:
    """The images of `FROM images AS i <tail>`, in its order.

    Without *raw*, `prompt_meta` is left out: it can weigh megabytes.
    """
    columns = ", ".join(
        f"i.{name}" if raw or name != "prompt_meta" else "'null' AS prompt_meta"
        for name in schema.COLUMNS
    )
    rows = connection.execute(f"SELECT {columns} FROM images AS i {tail}",
                              tuple(parameters)).fetchall()
    tags = _tags_of(connection, [row["pk"] for row in rows])
    return [to_image(row, tags.get(row["pk"], ())) for row in rows]


def find_by_id(connection: sqlite3.Connection, image_id: str) -> Image | None:
    """The image with this id, if there is one, without its `prompt_meta`."""
    found = select(connection, "WHERE i.id = ?", [image_id], raw=False)
    return found[0] if found else None


def find_by_name(connection: sqlite3.Connection, file_name: str) -> Image | None:
    """The image whose file has this name relative to `images/`, without its `prompt_meta`."""
    found = select(connection, "WHERE i.file_name = ?", [file_name], raw=False)
    return found[0] if found else None


def select_pks(connection: sqlite3.Connection, pks: Iterable[int], *,
               raw: bool = True) -> dict[int, Image]:
    """The images with these *pks*, as far as they exist."""
    found: dict[int, Image] = {}
    for chunk in chunks(sorted(pks)):
        marks = ", ".join("?" * len(chunk))
        for image in select(connection, f"WHERE i.pk IN ({marks}) ORDER BY i.pk", chunk, raw=raw):
            found[image.pk] = image
    return found


def select_json(connection: sqlite3.Connection,
                pks: Iterable[int]) -> dict[int, tuple[str, str, str, str]]:
    """`Image.to_json` of the images with these *pks* as text, their file names, digests and types.

    SQLite writes it: a fifth of the time that reading and writing JSON here takes. A
    `prompt_meta` or `generation` longer than `LONGEST_RAW` is left out (null, an empty object)
    and named in a further member `shortened`.

    Raises:
        InvalidError: together they are longer than `MOST_AT_ONCE`.
    """
    found: dict[int, tuple[str, str, str, str]] = {}
    size = 0
    for chunk in chunks(sorted(pks), _RECORDS_AT_ONCE):
        marks = ", ".join("?" * len(chunk))
        # As one row, for the sake of the other threads: sqlite3 lets them run after each. No JSON
        # holds a line break.
        [[lines]] = connection.execute(
            "SELECT group_concat(json_array(i.pk, i.file_name, i.digest, i.mime_type) ||"
            f" char(10) || {_RECORD}, char(10)) FROM images AS i WHERE i.pk IN ({marks})", chunk)
        size += len(lines or "")
        if size > MOST_AT_ONCE:
            raise InvalidError.of(
                "page_size", f"so many of these records have more than {MOST_AT_ONCE:,} characters;"
                " ask for fewer at once", where="query")
        each = lines.split("\n") if lines else []
        heads = json.loads(f"[{','.join(each[::2])}]")
        found |= {pk: (record, *others)
                  for (pk, *others), record in zip(heads, each[1::2], strict=True)}
    return found


def to_image(row: Mapping[str, Any] | sqlite3.Row, tags: Iterable[str]) -> Image:
    """One row, its JSON columns read. What another client broke in them counts as absent."""
    values = {name: row[name] for name in schema.COLUMNS}
    values["prompt_meta"] = _read_json(values["prompt_meta"])
    generation = _read_json(values["generation"])
    values["generation"] = generation if isinstance(generation, dict) else {}
    return Image(**values, tags=tuple(tags))


def to_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Column values as SQLite keeps them: JSON as ASCII text."""
    return {
        name: json.dumps(value, allow_nan=False) if name in _JSON else value
        for name, value in values.items()
    }


def stored_row(database: Database, pk: int) -> dict[str, Any]:
    """The row of *pk* as SQLite holds it, for comparison with the changes log."""
    rows = database.read("SELECT * FROM images WHERE pk = ?", pk)
    return dict(rows[0]) if rows else {}


def chunks(values: list[Any], size: int = _CHUNK) -> Iterator[list[Any]]:
    """Cut *values* into lists that fit into one statement."""
    for start in range(0, len(values), size):
        yield values[start:start + size]


def _read_json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None


def _tags_of(connection: sqlite3.Connection, pks: list[int]) -> dict[int, list[str]]:
    tags: dict[int, list[str]] = defaultdict(list)
    for chunk in chunks(pks):
        marks = ", ".join("?" * len(chunk))
        for pk, name in connection.execute(
            "SELECT it.image, t.name FROM image_tags it JOIN tags t ON t.id = it.tag"
            f" WHERE it.image IN ({marks}) ORDER BY t.name", chunk
        ):
            tags[pk].append(name)
    return tags


def insert_row(transaction: Transaction, columns: dict[str, Any]) -> int:
    """Make a row of *columns*, those that the table has; return its pk."""
    known = {name: value for name, value in columns.items() if name in schema.COLUMNS}
    names, marks = ", ".join(known), ", ".join("?" * len(known))
    row = transaction.run(f"INSERT INTO images ({names}) VALUES ({marks})", *known.values())
    assert row.lastrowid is not None
    return row.lastrowid


def update(transaction: Transaction, pk: int, columns: dict[str, Any]) -> None:
    """Set *columns* of the image *pk*; the triggers see to version, date and history."""
    if columns:
        values = to_columns(columns)
        pairs = ", ".join(f"{name} = ?" for name in values)
        transaction.run(f"UPDATE images SET {pairs} WHERE pk = ?", *values.values(), pk)


def note_stat(transaction: Transaction, pk: int, path: Path, read: Stat) -> None:
    """Remember how the file of *pk* looked *before* its bytes were read, so that a scan need not
    read it again. It lies at *path* by now.

    If it looks different, somebody wrote to it since, and the next scan has to read it. Its inode
    may be another one: where a file system has no links, a file is moved by copying.
    """
    now = to_stat(path.stat())
    if is_unchanged(now, read):
        transaction.run("INSERT OR REPLACE INTO file_stats VALUES (?, ?, ?, ?, ?)", pk, *now,
                        utc_now())
    else:
        transaction.run("DELETE FROM file_stats WHERE pk = ?", pk)


def is_unchanged(now: Stat | None, read: Stat) -> bool:
    """Whether a file that may have been moved still has the size and date that it was read with."""
    return now is not None and now[:2] == read[:2]


def set_tags(transaction: Transaction, pk: int, tags: list[str] | tuple[str, ...]) -> None:
    """Give the image *pk* these further tags."""
    for tag in tags:
        transaction.run("INSERT OR IGNORE INTO tags (name) VALUES (?)", tag)
        transaction.run(
            "INSERT OR IGNORE INTO image_tags SELECT ?, id FROM tags WHERE name = ?", pk, tag)


def drop_tags(transaction: Transaction, pk: int, tags: set[str]) -> None:
    """Take *tags* off the image *pk*."""
    for tag in sorted(tags):
        transaction.run(
            "DELETE FROM image_tags WHERE image = ? AND tag = (SELECT id FROM tags WHERE name = ?)",
            pk, tag)


def apply_patch(transaction: Transaction, image_id: str, patch: ImagePatch,
                if_version: int | None = None) -> bool:
    """Change one image as *patch* says; whether it is there.

    Raises:
        StaleError: it is no longer at *if_version*.
        InvalidError: it would have more tags than an image can have.
    """
    found = select(transaction.connection, "WHERE i.id = ?", [image_id])
    if not found:
        return False
    image = found[0]
    check_version(image, if_version)
    update(transaction, image.pk, {
        name: value for name, value in patch.columns().items() if value != getattr(image, name)
    })
    before, tags = set(image.tags), patch.tags_after(set(image.tags))
    if len(tags) > max(MAX_TAGS, len(before)):
        raise InvalidError.of("add_tags" if patch.add_tags else "tags", f"an image has at most"
                              f" {MAX_TAGS} tags; {image.id} would have {len(tags)}")
    drop_tags(transaction, image.pk, before - tags)
    set_tags(transaction, image.pk, sorted(tags - before))
    return True


def check_version(image: Image, if_version: int | None) -> None:
    """Raise StaleError unless *image* is at *if_version*, or none is demanded."""
    if if_version is not None and image.version != if_version:
        raise StaleError("The image was changed meanwhile; here it is as it is now.", image)


def require(found: list[Image], image_id: str) -> Image:
    """The one image that was found.

    Raises:
        NotFoundError: there was none.
    """
    if not found:
        raise NotFoundError(f"There is no image {image_id!r}.")
    return found[0]


def rename_files(transaction: Transaction, names: dict[int, str]) -> None:
    """Give the rows *names* by pk, whoever of them had which name before.

    No two rows ever have one name, so in a chain or a circle some pass through a name that
    nobody has; history is told of one step only.
    """
    old = {pk: transaction.run("SELECT file_name FROM images WHERE pk = ?", pk).fetchone()[0]
           for pk in names}
    wanted = set(names.values())
    passing = [pk for pk in names if old[pk] in wanted and old[pk] != names[pk]]
    for pk in passing:
        update(transaction, pk, {"file_name": f".passing-{pk}"})
    for pk, name in names.items():
        update(transaction, pk, {"file_name": name})
    for pk in passing:
        transaction.run(
            "DELETE FROM changes WHERE batch = ? AND pk = ?"
            " AND json_extract(after, '$.file_name') = ?", transaction.batch, pk, f".passing-{pk}")
        transaction.run(
            "UPDATE changes SET before = json_set(before, '$.file_name', ?) WHERE batch = ?"
            " AND pk = ? AND json_extract(before, '$.file_name') = ?", old[pk], transaction.batch,
            pk, f".passing-{pk}")
