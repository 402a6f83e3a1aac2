"""Answers to filters from memory: a bit for each image, a number of bits for each value.

A bitmap is a Python integer whose bit *pk* says whether that image has the value;
AND, OR and counting are one operation of the machine for 64 images. What has no
bitmap (words, seeds, dates) is asked of SQLite once and remembered until something
changes. The changes feed keeps all of it up to date, edits by other programs too.
"""

from __future__ import annotations

import bisect
import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from imagelib.library.database import Database
from imagelib.library.dates import last_moment
from imagelib.library.listing import Filter, split_order
from imagelib.library.query_terms import All, Dates, Either, HasTag, Node, Not, Rating, Word
from imagelib.library.records import chunks
from imagelib.library.text import fold

#: After so many changes at once, all is read anew: that is quicker.
_MANY = 2000
#: How many answers of SQLite are remembered.
_REMEMBERED = 256
_ORDERS = ("captured_at", "rating", "created_at")
#: Behind every date, as text.
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class _Row:
    """The values of one image that have bitmaps or orders."""

    tags: tuple[str, ...]
    model: str
    rating: int
    captured_at: str
    created_at: str


class Bitmaps:
    """The values of all images of one library, in memory. For many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.RLock()
        self._seq = -1
        self._reset()

    def pks(self, wanted: Filter, *, start: int = 0, count: int | None = None,
            after: tuple[str | int, int] | None = None) -> tuple[list[int], int]:
        """The pks that *wanted* lets through, in its order, and how many there are in all.

        *start* and *count* cut a page out of them; *after* (a value of the order, and a
        pk) begins behind a row instead.
        """
        with self._lock:
            self._refresh()
            bits = self._select(wanted)
            column, descending = split_order(wanted.order)
            return self._ordered(bits, column, descending, start, count, after), bits.bit_count()

    def count(self, wanted: Filter) -> int:
        """How many images *wanted* lets through."""
        with self._lock:
            self._refresh()
            return self._select(wanted).bit_count()

    def tag_counts(self) -> list[tuple[str, int]]:
        """Every tag that an image carries with how many do, the most used first."""
        with self._lock:
            self._refresh()
            counts = [(name, bits.bit_count()) for name, bits in self._tags.items()]
        return sorted(((name, n) for name, n in counts if n), key=lambda pair: (-pair[1], pair[0]))

    # -- keeping up ---------------------------------------------------------

    def _reset(self) -> None:
        self._rows: dict[int, _Row] = {}
        self._all = 0
        self._tags: dict[str, int] = {}
        self._models: dict[str, int] = {}
        self._ratings = [0] * 6
        self._months: dict[str, int] = {}
        self._orders: dict[str, list[tuple[str | int, int]]] = {name: [] for name in _ORDERS}
        self._remembered: dict[tuple[str, tuple[object, ...]], int] = {}

    def _refresh(self) -> None:
        seq = self._database.seq()
        if seq == self._seq:
            return
        changed = [row[0] for row in self._database.read(
            "SELECT DISTINCT pk FROM changes WHERE seq > ? LIMIT ?", self._seq, _MANY + 1)]
        if self._seq < 0 or len(changed) > _MANY:
            self._reset()
            self._fill()
        else:
            for pk in changed:
                self._forget(pk)
            for chunk in chunks(changed):
                for pk, row in self._read(chunk).items():
                    self._add(pk, row)
            self._remembered.clear()
        self._seq = seq

    def _fill(self) -> None:
        self._rows = self._read(None)
        everything = list(self._rows)
        groups: dict[str, dict[object, list[int]]] = {
            name: defaultdict(list) for name in ("tag", "model", "rating", "month")}
        for pk, row in self._rows.items():
            for tag in row.tags:
                groups["tag"][tag].append(pk)
            groups["model"][row.model].append(pk)
            groups["rating"][row.rating].append(pk)
            groups["month"][row.captured_at[:7]].append(pk)
        self._all = _bits(everything)
        self._tags = {str(name): _bits(pks) for name, pks in groups["tag"].items()}
        self._models = {str(name): _bits(pks) for name, pks in groups["model"].items()}
        self._months = {str(name): _bits(pks) for name, pks in groups["month"].items()}
        self._ratings = [_bits(groups["rating"].get(n, [])) for n in range(6)]
        for name in _ORDERS:
            self._orders[name] = sorted(
                (getattr(row, name), pk) for pk, row in self._rows.items())

    def _read(self, pks: list[int] | None) -> dict[int, _Row]:
        only = "" if pks is None else f"WHERE i.pk IN ({', '.join('?' * len(pks))})"
        tags: dict[int, list[str]] = defaultdict(list)
        for pk, name in self._database.read(
            "SELECT it.image, t.name FROM image_tags it JOIN tags t ON t.id = it.tag"
            f" {only.replace('i.pk', 'it.image')}", *(pks or ())
        ):
            tags[pk].append(name)
        return {
            row[0]: _Row(tuple(tags.get(row[0], ())), fold(row[1]), *row[2:])
            for row in self._database.read(
                "SELECT i.pk, i.ai_model, i.rating, i.captured_at, i.created_at FROM images i"
                f" {only}", *(pks or ()))
        }

    def _forget(self, pk: int) -> None:
        row = self._rows.pop(pk, None)
        if row is None:
            return
        bit = ~(1 << pk)
        self._all &= bit
        for tag in row.tags:
            self._tags[tag] &= bit
        self._models[row.model] &= bit
        self._ratings[row.rating] &= bit
        self._months[row.captured_at[:7]] &= bit
        for name in _ORDERS:
            entry = (getattr(row, name), pk)
            order = self._orders[name]
            del order[bisect.bisect_left(order, entry)]

    def _add(self, pk: int, row: _Row) -> None:
        self._rows[pk] = row
        bit = 1 << pk
        self._all |= bit
        for tag in row.tags:
            self._tags[tag] = self._tags.get(tag, 0) | bit
        self._models[row.model] = self._models.get(row.model, 0) | bit
        self._ratings[row.rating] |= bit
        month = row.captured_at[:7]
        self._months[month] = self._months.get(month, 0) | bit
        for name in _ORDERS:
            bisect.insort(self._orders[name], (getattr(row, name), pk))

    # -- answering ----------------------------------------------------------

    def _select(self, wanted: Filter) -> int:
        bits = self._all & self._of_node(wanted.query.root)
        for tag in wanted.tags:
            bits &= self._tags.get(tag, 0)
        if wanted.rating_min is not None or wanted.rating_max is not None:
            low = 0 if wanted.rating_min is None else wanted.rating_min
            bits &= self._of_ratings(low, 5 if wanted.rating_max is None else wanted.rating_max)
        if wanted.model:
            bits &= self._of_models(fold(wanted.model))
        if wanted.date_from or wanted.date_to:
            bits &= self._of_dates(wanted.date_from,
                                   last_moment(wanted.date_to) if wanted.date_to else "")
        if wanted.ids is not None:
            where, values = Filter(ids=wanted.ids).to_sql()
            bits &= self._of_sql(f"SELECT i.pk FROM images AS i {where}", values)
        return bits

    def _of_node(self, node: Node) -> int:
        match node:
            case All(parts):
                bits = self._all
                for part in parts:
                    bits &= self._of_node(part)
                return bits
            case Either(parts):
                bits = 0
                for part in parts:
                    bits |= self._of_node(part)
                return bits
            case Not(part):
                return self._all & ~self._of_node(part)
            case HasTag(tag):
                return self._of_tag(tag)
            case Rating(low, high):
                return self._of_ratings(low, high)
            case Dates(first, last):
                return self._of_dates(first, last)
            case Word(word, "model"):
                return self._of_models(word)
            case _:
                where, values = node.sql()
                return self._of_sql("SELECT i.pk FROM images AS i JOIN folded AS f ON f.pk = i.pk"
                                    f" WHERE {where}", values)

    def _of_tag(self, tag: str) -> int:
        bits, below = 0, f"{tag}/"
        for name, those in self._tags.items():
            folded = fold(name)
            if folded == tag or folded.startswith(below):
                bits |= those
        return bits

    def _of_ratings(self, low: int, high: int) -> int:
        bits = 0
        for rating in range(max(low, 0), min(high, 5) + 1):
            bits |= self._ratings[rating]
        return bits

    def _of_models(self, part: str) -> int:
        bits = 0
        for name, those in self._models.items():
            if part in name:
                bits |= those
        return bits

    def _of_dates(self, first: str, last: str) -> int:
        """Images captured from *first* to the end of *last*; months that lie inside as a whole."""
        order = self._orders["captured_at"]
        end = last + _LAST
        bits = 0
        for month, those in self._months.items():
            if first <= month and month + _LAST <= end:
                bits |= those
            elif month <= end and month + _LAST >= first:
                low = bisect.bisect_left(order, (max(first, month), 0))
                high = bisect.bisect_left(order, (min(end, month + _LAST), 0))
                bits |= _bits([pk for _, pk in order[low:high]])
        return bits

    def _of_sql(self, sql: str, values: Iterable[object]) -> int:
        key = (sql, tuple(values))
        found = self._remembered.get(key)
        if found is None:
            if len(self._remembered) >= _REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            found = _bits([row[0] for row in self._database.read(sql, *key[1])])
            self._remembered[key] = found
        return found

    def _ordered(self, bits: int, column: str, descending: bool, start: int, count: int | None,
                 after: tuple[str | int, int] | None) -> list[int]:
        order = self._orders[column]
        total = bits.bit_count()
        # Few of many: sort them. Many of them: walk through the order until there are enough.
        wanted = total if count is None else start + count
        if total * 20 < len(order) and wanted * len(order) > 20 * total * total:
            found = sorted((getattr(self._rows[pk], column), pk) for pk in _set_bits(bits))
            order, has = found, None
        else:
            has = bits.to_bytes(bits.bit_length() // 8 + 1, "little")
        begin, end = 0, len(order)
        if after is not None and descending:
            end = bisect.bisect_left(order, after)
        elif after is not None:
            begin = bisect.bisect_right(order, after)
        places = range(end - 1, begin - 1, -1) if descending else range(begin, end)
        if has is None or total == len(order):
            chosen = places[start:] if count is None else places[start:start + count]
            return [order[place][1] for place in chosen]
        pks: list[int] = []
        for place in places:
            pk = order[place][1]
            if pk >> 3 < len(has) and has[pk >> 3] >> (pk & 7) & 1:
                pks.append(pk)
                if len(pks) == wanted:
                    break
        return pks[start:]


def _bits(pks: list[int]) -> int:
    """The bitmap of *pks*; setting bits in bytes is far quicker than in an integer."""
    if not pks:
        return 0
    octets = bytearray(max(pks) // 8 + 1)
    for pk in pks:
        octets[pk >> 3] |= 1 << (pk & 7)
    return int.from_bytes(octets, "little")


def _set_bits(bits: int) -> list[int]:
    octets = bits.to_bytes(bits.bit_length() // 8 + 1, "little")
    return [place * 8 + bit for place, octet in enumerate(octets) if octet
            for bit in range(8) if octet >> bit & 1]
