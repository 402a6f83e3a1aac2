"""The fields of the search grammar: from `name:value` to a condition, or to a reason why not."""

from __future__ import annotations

import re
from collections.abc import Callable

from imagelib.library.query.likeness import Like
from imagelib.library.query.terms import (
    HAS,
    NEVER,
    UUID,
    Dates,
    FileState,
    Has,
    HasTag,
    Id,
    Node,
    Not,
    Picked,
    Rating,
    Seed,
    Word,
    all_of,
)
from imagelib.library.query.traits import MOST_PIXELS, FileName, Lora, Pixels, Shape
from imagelib.library.values import registry
from imagelib.library.values.text import fold, fold_words

#: How an order is written in a query, and the column it means.
SORTS = {"date": "captured_at", "rating": "rating", "created": "created_at", "name": "name",
         "size": "size", "random": "random-0", "album": "album"}
_RANDOM = re.compile(r"random-\d{1,9}", re.ASCII)

_ALIASES = {alias: field.search for field in registry.FIELDS for alias in field.aliases} | {
    "name": "file", "filename": "file"}
_HAS_ALIASES = {"tag": "tags", "pick": "picks"} | {
    alias: field.search for field in registry.TEXTS for alias in field.aliases}
_IS: dict[str, Node] = {
    "rated": Rating(1, 5),
    "unrated": Rating(0, 0),
    "tagged": Has("tags"),
    "untagged": Not(Has("tags")),
    "ok": FileState("ok"),
    "missing": FileState("missing"),
    "altered": FileState("altered"),
    **{shape: Shape(shape) for shape in ("portrait", "landscape", "square")},
}
_RANGE = re.compile(r"(?P<low>[^.]*)\.\.(?P<high>[^.]*)")
_COMPARISON = re.compile(r"(?P<sign>>=|<=|>|<|=)?(?P<value>[^.]+)")
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


#: What is an operator elsewhere, and is a word here.
_FOREIGN = {
    "AND": "AND is searched as a word; all conditions have to hold anyway",
    "&&": "&& is searched as text; all conditions have to hold anyway",
    "NOT": "NOT is searched as a word; write - in front of what shall not be found",
    "OR": "OR is searched as a word; it joins what stands before and behind it",
    "||": "|| is searched as text; write or between two conditions",
}
_COMPARED = re.compile(r"([A-Za-z_]+)(?:[<>]=?|=).")
_SIGNED = re.compile(r"[!+][^!+=.,;:()\[\]{}<>\"'*-]")
_SIZE = re.compile(r"(\d{1,7})\s?[xX×]\s?(\d{1,7})", re.ASCII)
#: What these fields take, and no other.
_SPAN = re.compile(r"(?:[<>]=?|=)\d+(?:\.\d+)?|\d+\.\.\d*|\.\.\d+", re.ASCII)
_SPANNED = ("rating", "date", "width", "height")


class BadValueError(ValueError):
    """The value is none of the field's; the text says what it takes."""


def field_named(name: str) -> str | None:
    """The field that *name* means, whatever its case, or None."""
    lower = name.lower()
    lower = _ALIASES.get(lower, lower)
    return lower if lower in FIELDS or lower == "sort" else None


def unknown_field(name: str) -> str:
    """The warning for a field that there is not."""
    names = [*FIELDS, "sort"]
    near = min(names, key=lambda known: _distance(name.lower(), known))
    if _distance(name.lower(), near) <= 2:
        what = f"did you mean {near}?"
    else:
        what = f"fields are {', '.join(names[:5])} and others"
    return f"there is no field {name}, so it is searched as text; {what}"


def foreign(word: str) -> str:
    """What to say of a word that other programs would understand in another way; "" if nothing."""
    if word in _FOREIGN:
        return _FOREIGN[word]
    if (compared := _COMPARED.match(word)) and field_named(compared[1]):
        return f"{compared[1]} without a colon is searched as text; write {compared[1]}:value"
    if _SIGNED.match(word):
        return f"{word[0]} is searched as text; write - in front of what shall not be found"
    return _wildcard(word)


def foreign_value(field: str, value: str) -> str:
    """As `foreign`, of what stands behind the colon of *field*."""
    if field not in _SPANNED and _SPAN.fullmatch(value):
        return f"{field} has no ranges and comparisons; its value is searched as text"
    return _wildcard(value)


def _wildcard(text: str) -> str:
    if "*" in text and text.strip("*"):
        return "* is searched as text; parts of words are found without it"
    return ""


def condition(field: str, value: str) -> Node:
    """The condition `field:value`.

    Raises:
        BadValueError: *value* is not one of the field's.
    """
    if not value.strip():
        raise BadValueError(f"{field}: has no value")
    return FIELDS[field](field, value.strip())


def sort_column(value: str) -> str:
    """The column of `sort:value`, with `-` in front if it is descending.

    Raises:
        BadValueError: there is no such order.
    """
    name = value.strip().lower()
    plain = name.removeprefix("-")
    column = plain if _RANDOM.fullmatch(plain) else SORTS.get(plain, "")
    if not column:
        raise BadValueError(
            f"sort takes {', '.join(SORTS)}, with - in front for descending")
    return f"-{column}" if name.startswith("-") else column


def sort_name(column: str) -> str:
    """The opposite of `sort_column`."""
    names = {value: name for name, value in SORTS.items()}
    sign = "-" if column.startswith("-") else ""
    plain = column.removeprefix("-")
    return sign + names.get(plain, plain)


def _text(field: str, value: str) -> Node:
    return Word(_something(field, fold_words(value)), field)


def _name(field: str, value: str) -> Node:
    return Word(_something(field, fold(value)), field)


def _tag(field: str, value: str) -> Node:
    return HasTag(_something(field, fold(" ".join(value.split())).rstrip("/")))


def _picked(field: str, value: str) -> Node:
    return Picked(_something(field, fold(" ".join(value.split()))))


def _file(field: str, value: str) -> Node:
    return FileName(_something(field, fold_words(value)))


def _lora(field: str, value: str) -> Node:
    return Lora(_something(field, fold_words(value)))


def _size(_field: str, value: str) -> Node:
    found = _SIZE.fullmatch(value)
    if not found:
        raise BadValueError("size takes width x height in pixels, as in size:1024x768")
    width, height = map(int, found.groups())
    return all_of([Pixels("width", width, width), Pixels("height", height, height)])


def _side(field: str, value: str) -> Node:
    def number(text: str, otherwise: int) -> int:
        if not text:
            return otherwise
        if not re.fullmatch(r"\d{1,7}", text, re.ASCII):
            raise BadValueError(f"{field} takes pixels, as in {field}:1024, {field}:>=1024 or"
                                f" {field}:512..1024")
        return int(text)

    low, high = _span(value, number, MOST_PIXELS)
    return Pixels(field, low, high) if low <= high else Pixels(field, 1, 0)


def _something(field: str, value: str) -> str:
    if not value:
        raise BadValueError(f"{field}: has no value")
    return value


def _seed(_field: str, value: str) -> Node:
    return Seed(value)


def _id(field: str, value: str) -> Node:
    return Id(_whole_id(field, value))


def _like(field: str, value: str) -> Node:
    return Like(_whole_id(field, value))


def _whole_id(field: str, value: str) -> str:
    if not UUID.fullmatch(value):
        raise BadValueError(f"{field} takes a whole id")
    return value.lower()


def _is(_field: str, value: str) -> Node:
    if node := _IS.get(value.lower()):
        return node
    raise BadValueError(f"is takes {', '.join(_IS)}")


def _has(_field: str, value: str) -> Node:
    name = _HAS_ALIASES.get(value.lower(), value.lower())
    if name in HAS:
        return Has(name)
    raise BadValueError(f"has takes {', '.join(HAS)}")


def _rating(_field: str, value: str) -> Node:
    def number(text: str, otherwise: int) -> int:
        if not text:
            return otherwise
        if not re.fullmatch("[0-5]", text):
            raise BadValueError("rating takes 0 to 5, as in rating:4, rating:>=4 or rating:2..4")
        return int(text)

    low, high = _span(value, number, 5)
    return Rating(low, high) if low <= high else Rating(6, 5)


def _span(value: str, number: Callable[[str, int], int], most: int) -> tuple[int, int]:
    """The least and the greatest of the numbers from 0 to *most* that *value* means.

    *number* reads one, or gives what stands for none; it raises BadValueError.
    """
    if (span := _RANGE.fullmatch(value)) and value != "..":
        low, high = number(span["low"], 0), number(span["high"], most)
        return min(low, high), max(low, high)  # reversed ends mean what they span
    compared = _COMPARISON.fullmatch(value)
    at = number(compared["value"] if compared else "?", 0)
    return {
        ">=": (at, most), ">": (at + 1, most), "<=": (0, at), "<": (0, at - 1)
    }.get((compared and compared["sign"]) or "=", (at, at))


def _date(_field: str, value: str) -> Node:
    if (span := _RANGE.fullmatch(value)) and value != "..":
        first = _period(span["low"]) if span["low"] else ""
        last = _period(span["high"]) if span["high"] else ""
        # Reversed ends mean what they span.
        return Dates(last, first) if first and last and last < first else Dates(first, last)
    compared = _COMPARISON.fullmatch(value)
    at = _period(compared["value"] if compared else "?")
    match compared and compared["sign"]:
        case ">=":
            return Dates(at, "")
        case ">":
            return Dates(_moved(at, +1) or NEVER, "")
        case "<=":
            return Dates("", at)
        case "<":
            before = _moved(at, -1)
            return Dates("", before) if before else Dates(NEVER, "")
        case _:
            return Dates(at, at)


def _period(text: str) -> str:
    """Check a year, month or day; a day that no month has is refused."""
    if found := _DATE.fullmatch(text):
        year, month, day = (int(part) if part else 1 for part in found.groups())
        if 1 <= month <= 12 and 1 <= day <= _month_length(year, month):
            return text
    raise BadValueError(
        "date takes a year, month or day, as in date:2026, date:2026-03 or date:2026-01..2026-03"
    )


def _moved(period: str, step: int) -> str:
    """The period of the same kind before (-1) or after (+1); "" if no year can say it."""
    year, month, day = ([*map(int, period.split("-")), 0, 0])[:3]
    if day:
        day += step
        if not 1 <= day <= _month_length(year, month):
            month += step
            day = 1 if step > 0 else _month_length(year, (month - 1) % 12 + 1)
    elif month:
        month += step
    else:
        year += step
    if month in (0, 13) and "-" in period:
        year += step
        month = 1 if step > 0 else 12
    if not 0 <= year <= 9999:
        return ""
    return "-".join([f"{year:04}", f"{month:02}", f"{day:02}"][: period.count("-") + 1])


def _month_length(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _distance(a: str, b: str) -> int:
    """How many letters to change, add, drop or swap with the next (optimal string alignment)."""
    if abs(len(a) - len(b)) > 2:
        return 3  # further than anybody asks
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            row.append(min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y)))
            if i > 1 and j > 1 and x == b[j - 2] and y == a[i - 2]:
                row[j] = min(row[j], before[j - 2] + 1)
        before, last = last, row
    return last[-1]


#: Every field but `sort`, which is no condition; in the order in which they are suggested.
FIELDS: dict[str, Callable[[str, str], Node]] = {
    "tag": _tag,
    "model": _name,
    "rating": _rating,
    "date": _date,
    "tool": _name,
    "sampler": _name,
    "seed": _seed,
    "lora": _lora,
    "size": _size,
    "width": _side,
    "height": _side,
    **{field.search: _text for field in registry.TEXTS},
    "file": _file,
    "picked": _picked,
    "has": _has,
    "is": _is,
    "id": _id,
    "like": _like,
}
