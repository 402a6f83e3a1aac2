"""Who answers a search: SQLite, or the memory of a process that lives long.

`tests/corpus/query.json` and a property test hold all engines to the same answers.
"""

from __future__ import annotations

from typing import Protocol

from imagelib.library.query.listing import Filter, Place, order_by, split_order
from imagelib.library.store.database import Database
from imagelib.library.store.folding import fold_pending


class Engine(Protocol):
    """Answers to a `Filter`, as of the last commit by anybody."""

    def places(self, wanted: Filter, start: int, count: int,
               behind: Place | None) -> tuple[list[Place], int]:
        """*count* places of what *wanted* lets through, from *start* on, and how many in all.

        With *behind*, only those after that place are counted from.
        """

    def count(self, wanted: Filter) -> int:
        """How many images *wanted* lets through."""

    def tag_counts(self) -> list[tuple[str, int]]:
        """Every tag that an image carries with how many do, the most used first."""


class SqlEngine:
    """Asks SQLite: nothing to keep, some milliseconds an answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def places(self, wanted: Filter, start: int, count: int,
               behind: Place | None) -> tuple[list[Place], int]:
        """As `Engine.places`."""
        total = self.count(wanted)
        where, values = wanted.to_sql()
        column, descending = split_order(wanted.order)
        if behind is not None:
            where += f" AND (i.{column}, i.pk) {'<' if descending else '>'} (?, ?)"
            values = [*values, *behind]
        rows = self._database.read(f"SELECT i.{column}, i.pk FROM images AS i {where}"
                                   f" {order_by(wanted.order)} LIMIT ? OFFSET ?",
                                   *values, count, start)
        return [(row[0], row[1]) for row in rows], total

    def count(self, wanted: Filter) -> int:
        """As `Engine.count`."""
        fold_pending(self._database)
        where, values = wanted.to_sql()
        return int(self._database.read(f"SELECT count(*) FROM images AS i {where}", *values)[0][0])

    def tag_counts(self) -> list[tuple[str, int]]:
        """As `Engine.tag_counts`."""
        return [(row[0], row[1]) for row in self._database.read(
            "SELECT t.name, count(*) AS count FROM image_tags it JOIN tags t ON t.id = it.tag"
            " GROUP BY t.id ORDER BY count DESC, t.name")]
