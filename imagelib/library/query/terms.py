"""The tree of a query: each condition says whether an image meets it, and says it in SQL.

`matches` is given a `Row`; `sql` speaks of `images AS i` and `folded AS f`. Both
must agree, with each other and with `templates/static/engine/search.js`;
`tests/corpus/query.json` and a property test hold them together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from imagelib.library.store.schema import IS_PICKED, rest_of
from imagelib.library.values.image import Image
from imagelib.library.values.registry import FOLDED, TEXTS
from imagelib.library.values.text import SEPARATOR, fold

#: An SQL expression and its parameters.
Sql = tuple[str, list[Any]]

#: Sorts after every character that a date can hold, so that a prefix has an end.
_AFTER = "~"
#: A first moment that never comes.
NEVER = "9999~"
#: FTS5 is asked for at most this many characters of a word; `instr` proves the rest.
_FTS_LENGTH = 64
#: SQL: the pks whose folded text holds a phrase.
IN_INDEX = "SELECT rowid AS pk FROM images_fts WHERE images_fts MATCH ?"

#: A whole uuid is the id of an image, also without `id:`.
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
#: What needs no quotes; everything else gets them, needed or not.
_PLAIN = re.compile(r"\w[\w.+#%/-]*")

#: Which part of the folded text a field is, and the folded columns that are fields of their own.
_FIELD_NUMBER = {field.search: number for number, field in enumerate(FOLDED)}
_FOLDED_COLUMN = {"model": 1, "tool": 2, "sampler": 3}


@dataclass(frozen=True, slots=True)
class Row:
    """An image and its `folded_row`, made once for all conditions, and what no image says itself.

    Who picked it is in no `Image`, so that it can never be published with one.
    """

    image: Image
    folded: tuple[str, str, str, str, str]
    #: The folded names of who has picked it.
    pickers: tuple[str, ...] = ()
    #: The pks of the images like another one, by the id of that.
    alike: Mapping[str, Collection[int]] = field(default_factory=dict)


class Node(Protocol):
    """A condition of a query, or a group of them."""

    def matches(self, row: Row) -> bool:
        """Whether *image* meets the condition."""

    def sql(self) -> Sql:
        """The same condition over `images AS i` and `folded AS f`."""

    def __str__(self) -> str:
        """The condition as it is written in a query."""


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; without parts, always."""

    parts: tuple[Node, ...] = ()

    def matches(self, row: Row) -> bool:
        return all(part.matches(row) for part in self.parts)

    def sql(self) -> Sql:
        return _joined(self.parts, " AND ") if self.parts else ("1", [])

    def __str__(self) -> str:
        return " ".join(f"({p})" if isinstance(p, Either) else str(p) for p in self.parts)


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Node, ...]

    def matches(self, row: Row) -> bool:
        return any(part.matches(row) for part in self.parts)

    def sql(self) -> Sql:
        return _joined(self.parts, " OR ")

    def __str__(self) -> str:
        return " or ".join(map(str, self.parts))


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Node

    def matches(self, row: Row) -> bool:
        return not self.part.matches(row)

    def sql(self) -> Sql:
        clause, parameters = self.part.sql()
        return f"NOT ({clause})", parameters

    def __str__(self) -> str:
        return f"-({self.part})" if isinstance(self.part, All | Either) else f"-{self.part}"


def _joined(parts: tuple[Node, ...], operator: str) -> Sql:
    pieces = [part.sql() for part in parts]
    parameters = [value for _, values in pieces for value in values]
    return "(" + operator.join(clause for clause, _ in pieces) + ")", parameters


def all_of(parts: Iterable[Node]) -> Node:
    """Every one of *parts*; nested groups are made flat, repeats are left out."""
    return _flat(parts, All)


def any_of(parts: Iterable[Node]) -> Node:
    """At least one of *parts*; nested groups are made flat, repeats are left out."""
    return _flat(parts, Either)


def _flat(parts: Iterable[Node], group: type[All | Either]) -> Node:
    flat: dict[Node, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, group) else (part,)))
    return next(iter(flat)) if len(flat) == 1 else group(tuple(flat))


def negated(node: Node) -> Node:
    """The opposite of *node*."""
    return node.part if isinstance(node, Not) else Not(node)


@dataclass(frozen=True, slots=True)
class Word:
    """A folded substring, anywhere or in one *field*."""

    word: str
    field: str = ""

    def matches(self, row: Row) -> bool:
        if self.field in _FOLDED_COLUMN:
            return self.word in row.folded[_FOLDED_COLUMN[self.field]]
        text = row.folded[0]
        return self.word in (
            text.split(SEPARATOR)[_FIELD_NUMBER[self.field]] if self.field else text
        )

    def sql(self) -> Sql:
        if self.field in _FOLDED_COLUMN:
            return f"instr(f.{self.field}, ?) > 0", [self.word]
        phrase = self.phrase()
        known: Sql = (f"i.pk IN ({IN_INDEX})", [phrase]) if phrase else ("1", [])
        if self.is_phrase():
            return known
        if not self.field:
            proof: Sql = ("instr(f.text, ?) > 0", [self.word])
        else:
            # The first place is within the field if any place is.
            start = rest_of("f.text", _FIELD_NUMBER[self.field])
            proof = (f"instr({start}, ?) BETWEEN 1 AND instr({start}, char(31)) - 1", [self.word])
        return f"({known[0]} AND {proof[0]})", known[1] + proof[1]

    def is_phrase(self) -> bool:
        """Whether the trigram index alone answers this, with `IN_INDEX` and `phrase`."""
        return not self.field and len(self.word) <= _FTS_LENGTH and self.phrase() != ""

    def phrase(self) -> str:
        """What the trigram index is asked for; "" where it cannot be: below three letters."""
        if len(self.word) < 3 or "\0" in self.word:  # FTS5 takes NUL for the end of its query
            return ""
        return '"' + self.word[:_FTS_LENGTH].replace('"', '""') + '"'

    def __str__(self) -> str:
        return f"{self.field}:{quoted(self.word)}" if self.field else quoted(self.word)


@dataclass(frozen=True, slots=True)
class HasTag:
    """A folded tag, or one below it: `animal` is worn by an image tagged `animal/fox`."""

    tag: str

    def matches(self, row: Row) -> bool:
        below = f"{self.tag}/"
        return any(name == self.tag or name.startswith(below) for name in map(fold, row.image.tags))

    def sql(self) -> Sql:
        below = f"{self.tag}/"
        return (
            # The tags first: joined, every tagging of the library would be folded.
            "i.pk IN (SELECT image FROM image_tags WHERE tag IN (SELECT t.id FROM tags t"
            " WHERE fold(t.name) = ? OR substr(fold(t.name), 1, ?) = ?))",
            [self.tag, len(below), below],
        )

    def __str__(self) -> str:
        return f"tag:{quoted(self.tag)}"


@dataclass(frozen=True, slots=True)
class ExactTag:
    """This tag as it is written, and none below it; the grammar has no words for it."""

    tag: str

    def matches(self, row: Row) -> bool:
        return self.tag in row.image.tags

    def sql(self) -> Sql:
        return ("i.pk IN (SELECT image FROM image_tags WHERE tag ="
                " (SELECT id FROM tags WHERE name = ?))", [self.tag])

    def __str__(self) -> str:
        return f"tag:{quoted(self.tag)}"


@dataclass(frozen=True, slots=True)
class Picked:
    """Picked by a visitor whose folded name holds *who*."""

    who: str

    def matches(self, row: Row) -> bool:
        return any(self.who in name for name in row.pickers)

    def sql(self) -> Sql:
        return ("i.pk IN (SELECT image FROM picks"
                f" WHERE {IS_PICKED} AND instr(fold(who), ?) > 0)", [self.who])

    def __str__(self) -> str:
        return f"picked:{quoted(self.who)}"


@dataclass(frozen=True, slots=True)
class Seed:
    """Exactly this seed; as text, for seeds have more digits than a number of JavaScript."""

    seed: str

    def matches(self, row: Row) -> bool:
        return row.folded[4] == self.seed

    def sql(self) -> Sql:
        return "f.seed = ?", [self.seed]

    def __str__(self) -> str:
        return f"seed:{quoted(self.seed)}"


@dataclass(frozen=True, slots=True)
class Id:
    """The image with this id (a uuid in lower case)."""

    id: str

    def matches(self, row: Row) -> bool:
        return row.image.id == self.id

    def sql(self) -> Sql:
        return "i.id = ?", [self.id]

    def __str__(self) -> str:
        return f"id:{self.id}"


@dataclass(frozen=True, slots=True)
class Ids:
    """One of the images with these ids."""

    ids: tuple[str, ...]

    def matches(self, row: Row) -> bool:
        return row.image.id in self.ids

    def sql(self) -> Sql:
        return "i.id IN (SELECT value FROM json_each(?))", [json.dumps(self.ids)]

    def __str__(self) -> str:
        return " or ".join(f"id:{image_id}" for image_id in self.ids)


@dataclass(frozen=True, slots=True)
class Rating:
    """A rating from *low* to *high*, both included; nothing if *low* is above *high*."""

    low: int
    high: int

    def matches(self, row: Row) -> bool:
        return self.low <= row.image.rating <= self.high

    def sql(self) -> Sql:
        return "i.rating BETWEEN ? AND ?", [self.low, self.high]

    def __str__(self) -> str:
        if self.low > self.high:
            return f"rating:>{self.high}"
        return f"rating:{self.low}" + ("" if self.low == self.high else f"..{self.high}")


@dataclass(frozen=True, slots=True)
class Dates:
    """Captured from the start of *first* to the end of *last*.

    Both are a year, month or day; "" is open.
    """

    first: str
    last: str

    def matches(self, row: Row) -> bool:
        date = row.image.captured_at
        return date >= self.first and (not self.last or date < self.last + _AFTER)

    def sql(self) -> Sql:
        if not self.last:
            return "i.captured_at >= ?", [self.first]
        return "(i.captured_at >= ? AND i.captured_at < ?)", [self.first, self.last + _AFTER]

    def __str__(self) -> str:
        if self.first == self.last:
            return f"date:{self.first}"
        if self.first == NEVER:
            return "date:>9999"
        return f"date:{self.first}..{self.last}"


@dataclass(frozen=True, slots=True)
class Has:
    """A field that is filled in."""

    field: str

    def matches(self, row: Row) -> bool:
        return bool(HAS[self.field][0](row))

    def sql(self) -> Sql:
        return HAS[self.field][1], []

    def __str__(self) -> str:
        return f"has:{self.field}"


@dataclass(frozen=True, slots=True)
class FileState:
    """How the file of the image is: `ok`, `missing` or `altered`."""

    state: str

    def matches(self, row: Row) -> bool:
        return row.image.file_state == self.state

    def sql(self) -> Sql:
        return "i.file_state = ?", [self.state]

    def __str__(self) -> str:
        return f"is:{self.state}"


def _value(name: str, row: Row) -> object:
    return getattr(row.image, name)


#: What `has:` may ask for: a value that is not empty, and the same in SQL.
HAS: dict[str, tuple[Callable[[Row], object], str]] = {
    **{field.search: (partial(_value, field.name), f"i.{field.name} <> ''") for field in TEXTS},
    "tags": (
        lambda row: row.image.tags, "EXISTS (SELECT 1 FROM image_tags it WHERE it.image = i.pk)"
    ),
    "model": (lambda row: row.image.ai_model, "i.ai_model <> ''"),
    "rating": (lambda row: row.image.rating, "i.rating > 0"),
    "tool": (lambda row: row.folded[2], "f.tool <> ''"),
    "sampler": (lambda row: row.folded[3], "f.sampler <> ''"),
    "seed": (lambda row: row.folded[4], "f.seed <> ''"),
    "picks": (lambda row: row.pickers, f"i.pk IN (SELECT image FROM picks WHERE {IS_PICKED})"),
}


def quoted(text: str) -> str:
    """Write *text* so that it is read back as one literal word."""
    if _PLAIN.fullmatch(text) and text != "or" and not UUID.fullmatch(text):
        return text
    return '"' + text.replace('"', '""') + '"'
