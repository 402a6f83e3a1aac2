"""Answers to filters from memory: a bit for each image, a number of bits for each value.

A bitmap is a Python integer whose bit *pk* says whether that image has the value;
AND, OR and counting are one operation of the machine for 64 images. What has no
bitmap (words, seeds) is asked of `words` or SQLite once and remembered until something
changes. The changes feed keeps all of it up to date, edits by other programs too.
"""

from __future__ import annotations

import bisect
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter, or_

from imagelib.errors import ImagelibError
from imagelib.library.query.albums import in_album
from imagelib.library.query.likeness import RANKED, Like
from imagelib.library.query.listing import (
    LIKENESS,
    PLACED,
    Filter,
    Position,
    split_order,
    value_of,
)
from imagelib.library.query.memory.bitsets import bitmap, set_bits
from imagelib.library.query.memory.word_index import Words
from imagelib.library.query.terms import (
    IN_INDEX,
    All,
    Dates,
    Either,
    ExactTag,
    HasTag,
    Node,
    Not,
    Rating,
    Word,
)
from imagelib.library.store.database import Database
from imagelib.library.store.folding import fold_pending
from imagelib.library.store.rows import chunks
from imagelib.library.values.text import fold

#: After so many changes at once, all is read anew: that is quicker.
_MANY = 2000
#: How many answers of SQLite are remembered.
_REMEMBERED = 256
_ORDERS = ("captured_at", "rating", "created_at")
#: How much longer a step of sorting takes than one of walking, and its inverse, roughly.
_WALK = 0.3
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


class MemoryEngine:
    """The values of all images of one library, in memory. For many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._words = Words(database)
        self._lock = threading.RLock()
        self._state = self._seq = -1
        self._reset()

    @property
    def is_filled(self) -> bool:
        """Whether an answer is quick: what has changed since is little."""
        return self._seq >= 0

    @property
    def is_current(self) -> bool:
        """Whether all is in memory as it is stored, and nobody is being answered: who asks waits
        for nothing.
        """
        if not self.is_filled or not self._lock.acquire(blocking=False):
            return False
        try:
            return self._state == self._database.commit_stamp()
        except ImagelibError:  # whoever asks for something will hear of it
            return False
        finally:
            self._lock.release()

    def fill(self) -> None:
        """Read all images, unless that was done; 2 s for 100,000."""
        with self._lock:
            self._refresh()

    def positions(self, wanted: Filter, start: int, count: int,
               behind: Position | None) -> tuple[list[Position], int]:
        """As `Engine.positions`."""
        with self._ready(wanted.root):
            bits = self._all & self._of_node(wanted.root)
            total = bits.bit_count()
            if wanted.order == LIKENESS and wanted.query.like:
                places = self._placed(wanted.query.like)
                alike: list[Position] = sorted((places[pk], pk) for pk in set_bits(bits, total))
                ahead = _ahead(alike, False, behind)[start:start + count]
                return [alike[n] for n in ahead], total
            return self._ordered(bits, total, wanted, start, count, behind), total

    def in_album(self, wanted: Filter) -> Filter:
        """As `Engine.in_album`."""
        return in_album(self._database, wanted)

    def count(self, wanted: Filter) -> int:
        """As `Engine.count`."""
        with self._ready(wanted.root):
            return (self._all & self._of_node(wanted.root)).bit_count()

    def tag_counts(self) -> list[tuple[str, int]]:
        """As `Engine.tag_counts`."""
        with self._lock:
            self._refresh()
            counts = [(name, bits.bit_count()) for name, bits in self._tags.items()]
        return sorted(((name, n) for name, n in counts if n), key=lambda pair: (-pair[1], pair[0]))

    def learn(self, go_on: Callable[[], bool] = lambda: True) -> None:
        """Learn the words of all texts if that is worth it; from then on they are in memory too.

        For one thread. Takes seconds in a large library; others are answered meanwhile.
        """
        if self._words.needs_learning():
            fold_pending(self._database)
            self._words.learn(go_on)

    # -- keeping up ---------------------------------------------------------

    def _reset(self) -> None:
        self._rows: dict[int, _Row] = {}
        self._all = 0
        self._tags: dict[str, int] = {}
        self._models: dict[str, int] = {}
        self._ratings = [0] * 6
        self._months: dict[str, int] = {}
        #: The months in order, and the images of each and of all after it; made when asked for.
        self._names: list[str] = []
        self._later: list[int] = []
        self._orders: dict[str, list[Position]] = {name: [] for name in _ORDERS}
        self._remembered: dict[Node, int] = {}
        #: The place of each image that is like one.
        self._places: dict[Like, dict[int, int]] = {}
        #: Orders by what is not kept of each image, until something changes.
        self._others: dict[str, list[Position]] = {}

    def _refresh(self) -> None:
        """Take in what has changed."""
        if self._state == self._database.commit_stamp():
            return
        fold_pending(self._database)
        state = self._database.commit_stamp()
        # Also where no image changed: what another program wrote may have been folded since.
        self._remembered.clear()
        self._places.clear()
        self._others.clear()
        self._words.refresh()
        seq = self._database.seq()
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
        self._seq, self._state = seq, state

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
        self._all = bitmap(everything)
        self._tags = {str(name): bitmap(pks) for name, pks in groups["tag"].items()}
        self._models = {str(name): bitmap(pks) for name, pks in groups["model"].items()}
        self._months = {str(name): bitmap(pks) for name, pks in groups["month"].items()}
        self._ratings = [bitmap(groups["rating"].get(n, [])) for n in range(6)]
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
        self._later = []
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
        self._later = []
        for name in _ORDERS:
            bisect.insort(self._orders[name], (getattr(row, name), pk))

    # -- answering ----------------------------------------------------------

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
            case ExactTag(tag):
                return self._tags.get(tag, 0)
            case Rating(low, high):
                return self._of_ratings(low, high)
            case Dates(first, last):
                return self._of_dates(first, last)
            case Word(word, "model"):
                return self._of_models(word)
            case Like():
                return bitmap(self._placed(node))
            case _:
                return self._of_leaf(node)

    def _placed(self, like: Like) -> dict[int, int]:
        if like not in self._places:
            if len(self._places) >= _REMEMBERED:
                self._places.clear()
            self._places[like] = self._rank(like)
        return self._places[like]

    def _rank(self, like: Like) -> dict[int, int]:
        return {row[0]: row[1] for row in self._database.read(RANKED, like.id)}

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
        end = last + _LAST
        bits = self._since(first) & ~self._since(end)
        # What begins or ends within a month begins with its name.
        for month in {text[:length] for text in (first, last) for length in range(8)}:
            close = month + _LAST
            if month in self._months and not (first <= month and close <= end):
                bits &= ~self._months[month]
                bits |= self._of_part(month, max(first, month), min(end, close))
        return bits

    def _since(self, moment: str) -> int:
        """Images of the months whose names are not before *moment*."""
        if not self._later:
            self._names = sorted(self._months)
            self._later = list(accumulate((self._months[name] for name in reversed(self._names)),
                                          or_, initial=0))[::-1]
        return self._later[bisect.bisect_left(self._names, moment)]

    def _of_part(self, month: str, first: str, end: str) -> int:
        """The images of *month* that were captured from *first* to before *end*."""
        order, close = self._orders["captured_at"], month + _LAST
        start = bisect.bisect_left(order, (first, 0))
        if end == close and (not start or str(order[start - 1][0]) < month):
            return self._months[month]  # nothing of it is before that
        stop = bisect.bisect_left(order, (end, 0))
        return bitmap([order[n][1] for n in range(start, stop)])

    def _of_leaf(self, node: Node) -> int:
        found = self._remembered.get(node)
        if found is None:
            found = self._known(node)
            found = self._remember(node, self._ask(node) if found is None else found)
        return found

    def _known(self, node: Node) -> int | None:
        """The images that meet *node*, if that is in memory."""
        if isinstance(node, Word) and node.is_phrase():
            return self._words.find(node.word)
        return None

    def _ask(self, node: Node) -> int:
        if isinstance(node, Word) and node.is_phrase():
            return self._of_sql(IN_INDEX, [node.phrase()])
        where, values = node.sql()
        return self._of_sql("SELECT i.pk FROM images AS i JOIN folded AS f ON f.pk = i.pk"
                            f" WHERE {where}", values)

    def _of_sql(self, sql: str, values: Iterable[object]) -> int:
        # As one row: sqlite3 lets other threads run after each, and waits for them.
        [[pks]] = self._database.read(f"SELECT group_concat(pk) FROM ({sql})", *values)
        return bitmap(list(map(int, pks.split(",")))) if pks else 0

    def _remember(self, node: Node, bits: int) -> int:
        if len(self._remembered) >= _REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[node] = bits
        return bits

    @contextmanager
    def _ready(self, root: Node) -> Iterator[None]:
        """Hold the lock, with all up to date and SQLite asked: meanwhile others had the lock."""
        with self._lock:
            self._refresh()
            state = self._state
            leaves = list(_leaves(root))
            likes = [node for node in leaves if isinstance(node, Like) and node not in self._places]
            unknown = [node for node in leaves if not isinstance(node, Like)
                       and node not in self._remembered and not self._learn(node)]
            if not unknown and not likes:
                yield
                return
        found = [(node, self._ask(node)) for node in unknown]
        ranked = {like: self._rank(like) for like in likes}
        with self._lock:
            self._refresh()
            if self._state == state:  # else somebody has written meanwhile
                for node, bits in found:
                    self._remember(node, bits)
                self._places |= ranked
            yield

    def _learn(self, node: Node) -> bool:
        found = self._known(node)
        if found is not None:
            self._remember(node, found)
        return found is not None

    def _other(self, column: str, album: str) -> list[Position]:
        """All images in an order by *column*, which no row has, or of *album*."""
        key = f"{column} {album}"
        if key not in self._others:
            if len(self._others) >= len(_ORDERS):  # whoever shuffles again and again
                self._others.clear()
            join, values = (PLACED, [album]) if album else ("", [])
            self._others[key] = sorted(
                (row[0], row[1]) for row in self._database.read(
                    f"SELECT {value_of(column)}, i.pk FROM images AS i {join}", *values)
                if row[1] in self._rows)
        return self._others[key]

    def _ordered(self, bits: int, total: int, wanted: Filter, start: int, count: int,
                 behind: Position | None) -> list[Position]:
        column, descending = split_order(wanted.order)
        order = self._orders.get(column) or self._other(column, wanted.album)
        end = start + count
        if total == len(order):
            return [order[n] for n in _ahead(order, descending, behind)[start:end]]
        # Few of many: sort them. Many of them: walk through the order until there are enough.
        if column in _ORDERS and total * total < _WALK * end * len(order):
            value = attrgetter(column)
            few = sorted((value(self._rows[pk]), pk) for pk in set_bits(bits, total))
            return [few[n] for n in _ahead(few, descending, behind)[start:end]]
        has = bits.to_bytes(self._all.bit_length() // 8 + 1, "little")
        found: list[Position] = []
        for n in _ahead(order, descending, behind):
            place = order[n]
            pk = place[1]
            if has[pk >> 3] >> (pk & 7) & 1:
                found.append(place)
                if len(found) == end:
                    break
        return found[start:]


def _leaves(node: Node) -> Iterator[Node]:
    """The conditions in *node* that have no bitmap."""
    match node:
        case All(parts) | Either(parts):
            for part in parts:
                yield from _leaves(part)
        case Not(part):
            yield from _leaves(part)
        case HasTag() | ExactTag() | Rating() | Dates() | Word(_, "model"):
            return
        case _:
            yield node


def _ahead(order: list[Position], descending: bool, behind: Position | None) -> range:
    """The indexes of *order* from *behind* on, or all of them, in the direction asked for."""
    if descending:
        last = len(order) if behind is None else bisect.bisect_left(order, behind)
        return range(last - 1, -1, -1)
    return range(0 if behind is None else bisect.bisect_right(order, behind), len(order))
