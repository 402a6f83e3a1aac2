"""Who answers a search: SQLite, or the memory of a process that lives long.

`tests/corpus/query.json` and a property test hold all engines to the same answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from imagelib.library.query.albums import NO_ALBUM, in_album
from imagelib.library.query.likeness import Like
from imagelib.library.query.listing import (
    PAGE_SIZE,
    Filter,
    Page,
    Position,
    cut_page,
    order_by,
    read_cursor,
    split_order,
    value_of,
)
from imagelib.library.query.query import Query
from imagelib.library.query.terms import All, Either, Id, Node, Not
from imagelib.library.store.database import Database
from imagelib.library.store.folding import fold_pending


class Engine(Protocol):
    """Answers to a `Filter`, as of the last commit by anybody."""

    def positions(self, wanted: Filter, start: int, count: int,
               behind: Position | None) -> tuple[list[Position], int]:
        """*count* places of what *wanted* lets through, from *start* on, and how many in all.

        With *behind*, only those after that place are counted from.
        """

    def in_album(self, wanted: Filter) -> Filter:
        """*wanted* with the album whose order it asks for; `positions` takes it so."""

    def count(self, wanted: Filter) -> int:
        """How many images *wanted* lets through."""

    def tag_counts(self) -> list[tuple[str, int]]:
        """Every tag that an image carries with how many do, the most used first."""


def list_pks(engine: Engine, wanted: Filter, *, page: int = 1, page_size: int = PAGE_SIZE,
             cursor: str | None = None) -> Page[int]:
    """One page of the pks that *wanted* lets through: by number, or behind *cursor*.

    Raises:
        InvalidError: the cursor is not one of this list.
    """
    wanted = engine.in_album(wanted)
    behind = None if cursor is None else read_cursor(wanted.order, cursor)
    start = (page - 1) * page_size if behind is None else 0
    places, total = engine.positions(wanted, start, page_size + 1, behind)
    return cut_page(wanted.order, places, total, page, page_size)


def warnings_of(engine: Engine, wanted: Filter) -> list[str]:
    """What was not understood of a query, which images it names that are not there, and whether it
    asks for the order of an album that is none."""
    asked = dict.fromkeys(_likes(wanted.query.root))
    found = [*wanted.query.warnings, *(
        f"no image {like.id} to be like" for like in asked
        if not engine.count(Filter(Query(Id(like.id)))))]
    if wanted.wants_album and not engine.in_album(wanted).album:
        found.append(NO_ALBUM)
    return found


def _likes(node: Node) -> Iterator[Like]:
    match node:
        case All(parts) | Either(parts):
            for part in parts:
                yield from _likes(part)
        case Not(part):
            yield from _likes(part)
        case Like():
            yield node


class SqlEngine:
    """Asks SQLite: nothing to keep, some milliseconds an answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def positions(self, wanted: Filter, start: int, count: int,
               behind: Position | None) -> tuple[list[Position], int]:
        """As `Engine.positions`."""
        total = self.count(wanted)
        where, values = wanted.to_sql()
        column, descending = split_order(wanted.order)
        value = value_of(column)
        if behind is not None:
            where += f" AND ({value}, i.pk) {'<' if descending else '>'} (?, ?)"
            values = [*values, *behind]
        rows = self._database.read(f"SELECT {value}, i.pk FROM images AS i {where}"
                                   f" {order_by(wanted.order)} LIMIT ? OFFSET ?",
                                   *values, count, start)
        return [(row[0], row[1]) for row in rows], total

    def in_album(self, wanted: Filter) -> Filter:
        """As `Engine.in_album`."""
        return in_album(self._database, wanted)

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
