"""Rows of `library.db` as `Image`s and back."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from imagelib.errors import InvalidError
from imagelib.library import schema
from imagelib.library.models import Image

_JSON = ("prompt_meta", "generation")
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
                pks: Iterable[int]) -> dict[int, tuple[str, str, str]]:
    """`Image.to_json` of the images with these *pks* as text, and their file names and digests.

    SQLite writes it: a fifth of the time that reading and writing JSON here takes. A
    `prompt_meta` or `generation` longer than `LONGEST_RAW` is left out (null, an empty object)
    and named in a further member `shortened`.

    Raises:
        InvalidError: together they are longer than `MOST_AT_ONCE`.
    """
    found: dict[int, tuple[str, str, str]] = {}
    size = 0
    for chunk in chunks(sorted(pks), _RECORDS_AT_ONCE):
        marks = ", ".join("?" * len(chunk))
        # As one row, for the sake of the other threads: sqlite3 lets them run after each. No JSON
        # holds a line break.
        [[lines]] = connection.execute(
            "SELECT group_concat(json_array(i.pk, i.file_name, i.digest) || char(10) ||"
            f" {_RECORD}, char(10)) FROM images AS i WHERE i.pk IN ({marks})", chunk)
        size += len(lines or "")
        if size > MOST_AT_ONCE:
            raise InvalidError.of(
                "page_size", f"so many of these records have more than {MOST_AT_ONCE:,} characters;"
                " ask for fewer at once", where="query")
        each = lines.split("\n") if lines else []
        heads = json.loads(f"[{','.join(each[::2])}]")
        found |= {pk: (record, file_name, digest)
                  for (pk, file_name, digest), record in zip(heads, each[1::2], strict=True)}
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
