"""What the changes log tells: the history of an image, and what is new since a seq."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from imagelib.errors import NotFoundError
from imagelib.library.store.batches import actor_of
from imagelib.library.values.image import Change

if TYPE_CHECKING:
    from imagelib.library.store.database import Database


#: A logged value longer than this is left out of lists, in characters of its JSON.
LONGEST_VALUE = 20_000
#: So many characters of values are shown on one page, and read for it; more come with the next.
_PAGE_SIZE, _PAGE_READ = 4 * 2**20, 64 * 2**20
#: Changes read at a time on a walk.
_WALKED = 1000


def list_changes(database: Database, image_id: str, limit: int, before: int = 0) -> list[Change]:
    """At most *limit* recorded changes of one image, the newest first; in the trash as well.

    Only those before the seq *before*, if it is not 0. A page ends early where the changes
    are large, but never before the first one. What a value longer than `LONGEST_VALUE` was is
    left out (None stands in its place) and named in `Change.shortened`.

    Raises:
        NotFoundError: there is no such image.
    """
    rows = database.read(
        "SELECT seq, length(before) + length(after) AS size FROM changes WHERE image = ?"
        " AND kind <> 'purge' AND (? = 0 OR seq < ?) ORDER BY seq DESC LIMIT ?",
        image_id, before, before, limit)
    if not rows and not before:
        raise NotFoundError(f"There is no image {image_id!r}.")
    found: list[Change] = []
    shown = read = 0
    for place in rows:
        shown += min(place["size"], 4 * LONGEST_VALUE)
        read += place["size"]
        if found and (shown > _PAGE_SIZE or read > _PAGE_READ):
            break
        # One row at a time: each may hold many megabytes.
        [row] = database.read("SELECT * FROM changes WHERE seq = ?", place["seq"])
        was, now, shortened = _shortened(row["before"], row["after"])
        found.append(Change(row["seq"], row["image"], row["at"], row["action"], row["batch"],
                            row["kind"], was, now, actor_of(row["batch"]), shortened))
    return found


def walk_changes(database: Database, image_id: str) -> Iterator[Change]:
    """Every recorded change of one image, the newest first, a page at a time.

    Raises:
        NotFoundError: there is no such image.
    """
    page = list_changes(database, image_id, _WALKED)
    while page:
        yield from page
        page = list_changes(database, image_id, _WALKED, page[-1].seq)


def count_changes(database: Database, image_id: str) -> int:
    """How many recorded changes one image has."""
    return int(database.read("SELECT count(*) FROM changes WHERE image = ? AND kind <> 'purge'",
                             image_id)[0][0])


def _shortened(*texts: str) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
    """Logged values before and after, and the names of those that were left out of them."""
    sides = [json.loads(text) for text in texts]
    long = {name for side in sides for name, value in side.items()
            if isinstance(value, str) and len(value) > LONGEST_VALUE}
    was, now = ({name: None if name in long else _readable(name, value)
                 for name, value in side.items()} for side in sides)
    return was, now, tuple(sorted(long))


def changed_since(database: Database, seq: int,
                  limit: int) -> tuple[int, dict[int, str], bool]:
    """Pks and ids of images that changed after *seq* and may be gone, and whether more follow.

    The first value is the seq to ask from next time.
    """
    rows = database.read(
        "SELECT pk, max(seq) AS seq, image FROM changes WHERE seq > ? GROUP BY pk"
        " ORDER BY max(seq) LIMIT ?", seq, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    return rows[-1]["seq"] if rows else seq, {row["pk"]: row["image"] for row in rows}, more


def _readable(name: str, value: Any) -> Any:
    """A logged value as a person knows it: JSON columns as JSON."""
    return json.loads(value) if name in ("prompt_meta", "generation") and value else value
