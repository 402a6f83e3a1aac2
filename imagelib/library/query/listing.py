"""Lists of images: filters, order and paging, for the API, the command line and Python.

Orders are total: ties go by pk in the same direction, so that paging neither
repeats nor skips an image.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from imagelib.errors import InvalidError
from imagelib.library.query.likeness import RANKED
from imagelib.library.query.query import Query
from imagelib.library.query.terms import (
    All,
    Dates,
    ExactTag,
    Ids,
    Node,
    Rating,
    Word,
    all_of,
)
from imagelib.library.values.dates import last_moment
from imagelib.library.values.text import fold

SORTS = ("captured_at", "rating", "created_at", "name", "size", "album")
#: An order by chance: one for each seed.
RANDOM = re.compile(r"random-(\d{1,9})", re.ASCII)
DEFAULT_SORT = "-captured_at"
#: The order of what `like:` finds, the most alike first; nobody can ask for it otherwise.
LIKENESS = "likeness"
#: The order of the album that a positive tag of the query names; no order where none does.
ALBUM = "album"
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
    #: The tag of the album whose order is asked for: `albums.in_album` finds it.
    album: str = ""

    @property
    def order(self) -> str:
        """The sort that counts: the one asked for, else the query's own, else likeness if all of it
        is like one image, else the newest first. Without an album there is no order of one."""
        if asked := self.sort or self.query.sort:
            check_order(asked)
            if self.album or not self.wants_album:
                return asked
        return LIKENESS if self.query.like else DEFAULT_SORT

    @property
    def wants_album(self) -> bool:
        """Whether the order of an album is asked for."""
        return (self.sort or self.query.sort).removeprefix("-") == ALBUM

    @property
    def root(self) -> Node:
        """All conditions as one tree."""
        parts: list[Node] = [self.query.root, *map(ExactTag, self.tags)]
        if self.rating_min is not None or self.rating_max is not None:
            parts.append(Rating(0 if self.rating_min is None else self.rating_min,
                                5 if self.rating_max is None else self.rating_max))
        if self.date_from or self.date_to:
            parts.append(Dates(self.date_from, last_moment(self.date_to) if self.date_to else ""))
        if self.model:
            parts.append(Word(fold(self.model), "model"))
        if self.ids is not None:
            parts.append(Ids(self.ids))
        return all_of(parts)

    def to_sql(self) -> tuple[str, list[Any]]:
        """`JOIN ... WHERE ...` for `FROM images AS i`, and its parameters."""
        if self.root == All():
            return "WHERE 1", []
        clause, values = self.root.sql()
        joins = "JOIN folded AS f ON f.pk = i.pk"
        if self.query.like and self.order == LIKENESS:
            joins += f" JOIN ({RANKED}) AS likes ON likes.pk = i.pk"
            values = [self.query.like.id, *values]
        if self.album:
            joins += f" {PLACED}"
            values = [self.album, *values]
        return f"{joins} WHERE {clause}", values


#: SQL: the place of each image that its album lists; the parameter is the album's tag.
PLACED = """LEFT JOIN (SELECT value AS pk, min(key) AS place FROM json_each(
    (SELECT pks FROM albums WHERE tag = ?)) GROUP BY value) AS album ON album.pk = i.pk"""
#: Behind all places: images that came to the album and were put nowhere yet, by their pks.
UNPLACED = 2**31

Item = TypeVar("Item")
#: Where an image stands in an order: the value of the column, and its pk.
Position = tuple[str | int, int]


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some of a list (its images, or their pks), and how to go on."""

    items: list[Item]
    total: int
    page: int
    page_size: int
    next: str | None


def cut_page(sort: str, places: list[Position], total: int, page: int, page_size: int) -> Page[int]:
    """A page out of at most one place more than it holds; that one says that there is more."""
    items = places[:page_size]
    following = _cursor(sort, items[-1]) if len(places) > page_size else None
    return Page([pk for _, pk in items], total, page, page_size, following)


def order_by(sort: str) -> str:
    """`ORDER BY` of a sort name.

    Raises:
        InvalidError: there is no such order.
    """
    column, descending = split_order(sort)
    direction = "DESC" if descending else "ASC"
    return f"ORDER BY {value_of(column)} {direction}, i.pk {direction}"


def value_of(column: str) -> str:
    """SQL: by which value of an image *column* orders, where `Filter.to_sql` has joined."""
    if found := RANDOM.fullmatch(column):
        return f"shuffled(i.pk, {int(found[1])})"
    return {LIKENESS: "likes.place", ALBUM: f"ifnull(album.place, {UNPLACED})",
            "size": "i.width * i.height",
            "name": "name_key(i.original_name, i.file_name, i.id)"}.get(column, f"i.{column}")


def check_order(sort: str) -> None:
    """See that *sort* is an order that may be asked for.

    Raises:
        InvalidError: there is no such order.
    """
    if sort == LIKENESS:
        raise _no_order()
    split_order(sort)


def read_cursor(sort: str, cursor: str) -> Position:
    """The place behind which *cursor* goes on.

    Raises:
        InvalidError: the cursor is not one of ours, or belongs to another order.
    """
    column, _ = split_order(sort)
    kind = str if column in ("captured_at", "created_at", "name") else int
    try:
        name, value, pk = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        if name != sort or type(pk) is not int or type(value) is not kind:
            raise ValueError
        if abs(pk) >= 2**63 or (isinstance(value, int) and abs(value) > 2**62):
            raise ValueError
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidError.of("cursor", "is not a cursor of this list", where="query") from error
    return value, pk


def _cursor(sort: str, place: Position) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, *place]).encode()).decode()


def split_order(sort: str) -> tuple[str, bool]:
    """The column of an order, and whether it goes down.

    Raises:
        InvalidError: there is no such order.
    """
    if sort == LIKENESS:
        return sort, False
    column = sort.removeprefix("-")
    if column not in SORTS and not RANDOM.fullmatch(column):
        raise _no_order()
    return column, sort.startswith("-")


def _no_order() -> InvalidError:
    return InvalidError.of(
        "sort", f"should be one of {', '.join(SORTS)} or random-<number>,"
        " each with - for descending", where="query")
