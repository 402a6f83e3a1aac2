"""Two deep looks at the database: does the history lead to the rows as they are, and do the
engines that answer searches give what plain SQL gives?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from imagelib.library.query.engines import SqlEngine
from imagelib.library.query.listing import Filter
from imagelib.library.query.memory.engine import MemoryEngine
from imagelib.library.query.query import Query
from imagelib.library.store.rows import stored_row
from imagelib.library.values.registry import TEXTS

if TYPE_CHECKING:
    from imagelib.library.originals.storage import Storage

#: So many values of each kind are asked for.
_SAMPLE = 20


def history_faults(library: Storage) -> Iterator[str]:
    """Changes that do not begin where the one before ended, and rows that no change explains."""
    for row in library.database.read("SELECT pk, id FROM images ORDER BY pk"):
        state: dict[str, Any] = {}
        for change in library.database.read(
                "SELECT seq, kind, before, after FROM changes WHERE image = ?"
                " AND kind IN ('insert', 'update', 'delete') ORDER BY seq", row["id"]):
            if change["kind"] != "update":
                state = {}  # what lay in the trash may come back under another name
                continue
            before, after = json.loads(change["before"]), json.loads(change["after"])
            if any(state.get(name, value) != value for name, value in before.items()):
                yield f"the change {change['seq']} of {row['id']} does not follow the one before"
            state |= after
        now = stored_row(library.database, row["pk"])
        if now and (odd := [name for name, value in state.items() if now[name] != value]):
            yield f"no change of {row['id']} leads to its {', '.join(odd)}"


def engine_faults(library: Storage) -> Iterator[str]:
    """Searches that the daemon's memory answers in another way than SQL."""
    memory, sql = MemoryEngine(library.database), SqlEngine(library.database)
    for text in _searches(library):
        wanted = Filter(Query.parse(text))
        by_memory, by_sql = memory.count(wanted), sql.count(wanted)
        if by_memory != by_sql:
            yield f"{text}: {by_memory} images from memory, {by_sql} from SQL"


def _searches(library: Storage) -> Iterator[str]:
    read = library.database.read
    yield from ("", "is:unrated", *(f"has:{field.search}" for field in TEXTS),
                *(f"rating:{stars}" for stars in range(6)))
    for tag, _ in islice(SqlEngine(library.database).tag_counts(), _SAMPLE):
        yield f'tag:"{_quotable(tag)}"'
    for row in read("SELECT DISTINCT ai_model FROM images WHERE ai_model <> '' LIMIT ?", _SAMPLE):
        yield f'model:"{_quotable(row[0])}"'
    for row in read("SELECT DISTINCT substr(captured_at, 1, 7) FROM images WHERE captured_at"
                    " GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-*' LIMIT ?", _SAMPLE):
        yield f"date:{row[0]}"
    for row in read("SELECT prompt_text FROM images WHERE prompt_text <> '' LIMIT ?", _SAMPLE):
        yield from (word for word in str(row[0]).split()[:2] if word.isalnum())


def _quotable(text: str) -> str:
    return text.replace('"', " ").replace("\\", " ")
