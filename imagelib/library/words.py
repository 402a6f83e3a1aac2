"""Which images hold a word, from memory: a hundred times quicker than the trigram index.

Each word of the folded texts is known with the images that have it, and all words
stand in one long text, so that a part of a word is found by looking for it there. What
changes later is kept beside that as whole texts, until it is worth learning all anew.
"""

from __future__ import annotations

import bisect
from array import array
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from imagelib.library.database import Database
from imagelib.library.records import chunks

#: So many texts beside the words still cost less than a look into the index.
_MANY = 2000
#: Words that this many images have together are quicker asked of SQLite.
_TOO_MANY = 20_000
#: Texts that are read at a time; other threads wait for no more than that.
_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class _Known:
    """What was learned, and what has changed since."""

    #: The folded changes up to this one are in it.
    seq: int = -1
    #: Every word behind a line break, and where each begins.
    text: str = ""
    starts: array[int] = field(default_factory=lambda: array("I"))
    #: The pks that have each word: in order, or as a bitmap where that is shorter.
    holders: list[array[int] | int] = field(default_factory=list)
    #: The texts of images that are other ones by now.
    later: Mapping[int, str] = field(default_factory=dict)
    #: A bitmap of those images.
    changed: int = 0


class Words:
    """The words of one library. `find` is for many threads, the others for one at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known = _Known()

    def needs_learning(self) -> bool:
        """Whether nothing is known, or too much has changed."""
        return self._known.seq < 0

    def learn(self, go_on: Callable[[], bool]) -> None:
        """Read every text; takes seconds in a large library. Stops when *go_on* says no."""
        seq = self._folded_seq()  # what is folded from now on is read once more
        groups: defaultdict[str, list[int]] = defaultdict(list)
        last = 0
        while rows := self._database.read(
                "SELECT pk, text FROM folded WHERE pk > ? ORDER BY pk LIMIT ?", last, _AT_ONCE):
            if not go_on():
                return
            for pk, text in rows:
                for word in set(text.split()):
                    groups[word].append(pk)
            last = rows[-1][0]
        starts, at = array("I"), 0
        for word in groups:
            starts.append(at)
            at += len(word) + 1
        self._known = _Known(seq, "\n".join(groups), starts,
                             [_packed(pks, last) for pks in groups.values()])

    def refresh(self) -> None:
        """Take in what has been folded since."""
        known = self._known
        if known.seq < 0 or (seq := self._folded_seq()) == known.seq:
            return
        changed = [row[0] for row in self._database.read(
            "SELECT DISTINCT pk FROM changes WHERE seq > ? AND seq <= ? LIMIT ?", known.seq, seq,
            _MANY + 1)]
        if len(changed) + len(known.later) > _MANY:
            self._known = _Known()
            return
        later = dict(known.later) | dict.fromkeys(changed, "")
        for chunk in chunks(changed):
            marks = ", ".join("?" * len(chunk))
            rows = self._database.read(f"SELECT pk, text FROM folded WHERE pk IN ({marks})", *chunk)
            later |= {row[0]: row[1] for row in rows}
        self._known = _Known(seq, known.text, known.starts, known.holders, later,
                             bitmap(list(later)))

    def find(self, word: str) -> int | None:
        """A bitmap of the pks whose text holds *word*; None if something else must be asked.

        *word* is folded and has at least three letters, or else too many words hold it.
        """
        known = self._known
        if known.seq < 0 or word.split() != [word]:
            return None
        bits, count = 0, 0
        pks: list[int] = []
        at = known.text.find(word)
        while at >= 0:
            number = bisect.bisect_right(known.starts, at)
            holders = known.holders[number - 1]
            if isinstance(holders, int):
                bits |= holders
            else:
                pks.extend(holders)
            count += 1
            if len(pks) > _TOO_MANY or count > _TOO_MANY // 20:
                return None
            at = known.text.find(word, known.starts[number]) if number < len(known.starts) else -1
        bits |= bitmap(pks)
        if known.later:
            bits &= ~known.changed
            bits |= bitmap([pk for pk, text in known.later.items() if word in text])
        return bits

    def _folded_seq(self) -> int:
        return int(self._database.read("SELECT value FROM meta WHERE key = 'folded_seq'")[0][0])


def bitmap(pks: list[int] | array[int]) -> int:
    """The bitmap of *pks*; setting bits in bytes is far quicker than in an integer."""
    if not pks:
        return 0
    octets = bytearray(max(pks) // 8 + 1)
    for pk in pks:
        octets[pk >> 3] |= 1 << (pk & 7)
    return int.from_bytes(octets, "little")


def _packed(pks: list[int], last: int) -> array[int] | int:
    return bitmap(pks) if len(pks) * 32 > last else array("I", pks)
