"""Lists of images: filters, order and paging, for the API, the command line and Python.

Orders are total: ties go by pk in the same direction, so that paging neither
repeats nor skips an image.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from imagelib.errors import InvalidError
from imagelib.library.dates import last_moment
from imagelib.library.query import Query

if TYPE_CHECKING:
    from imagelib.library.database import Database

SORTS = ("captured_at", "rating", "created_at")
DEFAULT_SORT = "-captured_at"
PAGE_SIZE = 60
MAX_PAGE_SIZE = 500
#: Tags in one request; SQLite joins at most 64 tables, and nobody means more.
MAX_TAGS = 32


@dataclass(frozen=True, slots=True)
class Filter:
    """Which images, in which order. All conditions hold at once; empty ones let all through."""

    query: Query = field(default_factory=lambda: Query.parse(""))
    tags: tuple[str, ...] = ()
    rating_min: int | None = None
    rating_max: int | None = None
    date_from: str = ""
    date_to: str = ""
    model: str = ""
    ids: tuple[str, ...] | None = None
    sort: str = ""

    @property
    def order(self) -> str:
        """The sort that counts: the one asked for, else the query's own, else the newest first."""
        return self.sort or self.query.sort or DEFAULT_SORT

    def to_sql(self) -> tuple[str, list[Any]]:
        """`JOIN ... WHERE ...` for `FROM images AS i`, and its parameters."""
        clause, parameters = self.query.to_sql()
        clauses, values = [] if clause == "1" else [f"({clause})"], list(parameters)

        def add(sql: str, *more: Any) -> None:
            clauses.append(sql)
            values.extend(more)

        for tag in self.tags:
            add("i.pk IN (SELECT image FROM image_tags WHERE tag ="
                " (SELECT id FROM tags WHERE name = ?))", tag)
        if self.rating_min is not None:
            add("i.rating >= ?", self.rating_min)
        if self.rating_max is not None:
            add("i.rating <= ?", self.rating_max)
        if self.date_from:
            add("i.captured_at >= ?", self.date_from)
        if self.date_to:
            add("i.captured_at <= ?", last_moment(self.date_to))
        if self.model:
            add("i.pk IN (SELECT pk FROM folded WHERE model IN (SELECT model FROM"
                " (SELECT DISTINCT model FROM folded) WHERE instr(model, fold(?)) > 0))",
                self.model)
        if self.ids is not None:
            add("i.id IN (SELECT value FROM json_each(?))", json.dumps(self.ids))
        if not clauses:
            return "WHERE 1", []
        return "JOIN folded AS f ON f.pk = i.pk WHERE " + " AND ".join(clauses), values


Item = TypeVar("Item")
#: Where an image stands in an order: the value of the column, and its pk.
Place = tuple[str | int, int]


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some of a list (its images, or their pks), and how to go on."""

    items: list[Item]
    total: int
    page: int
    page_size: int
    next: str | None


def cut_page(sort: str, places: list[Place], total: int, page: int, page_size: int) -> Page[int]:
    """A page out of at most one place more than it holds; that one says that there is more."""
    items = places[:page_size]
    following = _cursor(sort, items[-1]) if len(places) > page_size else None
    return Page([pk for _, pk in items], total, page, page_size, following)


def select_places(database: Database, wanted: Filter, start: int, count: int,
                  behind: Place | None) -> tuple[list[Place], int]:
    """*count* places of what *wanted* lets through, from *start* on, and how many it lets through.

    With *behind*, only those after that place are counted from.
    """
    where, values = wanted.to_sql()
    total = database.read(f"SELECT count(*) FROM images AS i {where}", *values)[0][0]
    column, descending = split_order(wanted.order)
    if behind is not None:
        where += f" AND (i.{column}, i.pk) {'<' if descending else '>'} (?, ?)"
        values = [*values, *behind]
    rows = database.read(f"SELECT i.{column}, i.pk FROM images AS i {where}"
                         f" {order_by(wanted.order)} LIMIT ? OFFSET ?", *values, count, start)
    return [(row[0], row[1]) for row in rows], total


def order_by(sort: str) -> str:
    """`ORDER BY` of a sort name.

    Raises:
        InvalidError: there is no such order.
    """
    column, descending = split_order(sort)
    direction = "DESC" if descending else "ASC"
    return f"ORDER BY i.{column} {direction}, i.pk {direction}"


def read_cursor(sort: str, cursor: str) -> Place:
    """The place behind which *cursor* goes on.

    Raises:
        InvalidError: the cursor is not one of ours, or belongs to another order.
    """
    column, _ = split_order(sort)
    kind = int if column == "rating" else str
    try:
        name, value, pk = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        if name != sort or type(pk) is not int or type(value) is not kind:
            raise ValueError
        if abs(pk) >= 2**63 or (isinstance(value, int) and abs(value) > 2**62):
            raise ValueError
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidError.of("cursor", "is not a cursor of this list", where="query") from error
    return value, pk


def _cursor(sort: str, place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, *place]).encode()).decode()


def split_order(sort: str) -> tuple[str, bool]:
    """The column of an order, and whether it goes down.

    Raises:
        InvalidError: there is no such order.
    """
    column = sort.removeprefix("-")
    if column not in SORTS:
        raise InvalidError.of(
            "sort", f"should be one of {', '.join(SORTS)}, each with - for descending",
            where="query")
    return column, sort.startswith("-")
