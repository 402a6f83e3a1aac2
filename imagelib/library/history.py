"""What the changes log tells: the history of an image, and what is new since a seq."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from imagelib.errors import NotFoundError
from imagelib.library.database import actor_of
from imagelib.library.models import Change, Image
from imagelib.library.records import select_pks

if TYPE_CHECKING:
    from imagelib.library.database import Database


def list_changes(database: Database, image_id: str) -> list[Change]:
    """Every recorded change of one image, the newest first; in the trash as well.

    Raises:
        NotFoundError: there is no such image.
    """
    rows = database.read("SELECT * FROM changes WHERE image = ? AND kind <> 'purge'"
                         " ORDER BY seq DESC", image_id)
    if not rows:
        raise NotFoundError(f"There is no image {image_id!r}.")
    return [
        Change(row["seq"], row["image"], row["at"], row["action"], row["batch"], row["kind"],
               _readable(row["before"]), _readable(row["after"]), actor_of(row["batch"]))
        for row in rows
    ]


def changes_since(database: Database, seq: int,
                  limit: int) -> tuple[int, list[Image], list[str], bool]:
    """The images that changed after *seq*, the ids that are gone, and whether more follow.

    The first value is the seq to ask from next time.
    """
    rows = database.read(
        "SELECT pk, max(seq) AS seq, image FROM changes WHERE seq > ? GROUP BY pk"
        " ORDER BY max(seq) LIMIT ?", seq, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    images = select_pks(database.reader, [row["pk"] for row in rows])
    gone = [row["image"] for row in rows if row["pk"] not in images]
    return rows[-1]["seq"] if rows else seq, list(images.values()), gone, more


def _readable(text: str) -> dict[str, Any]:
    """Logged values as a person knows them: JSON columns as JSON."""
    values: dict[str, Any] = json.loads(text)
    return {
        name: json.loads(value) if name in ("prompt_meta", "generation") and value else value
        for name, value in values.items()
    }
