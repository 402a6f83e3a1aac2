"""Which images hold a word, from memory: a hundred times quicker than the trigram index.

Each word of the folded texts is known with the images that have it, and all words
stand in one long text, so that a part of a word is found by looking for it there. What
changes later is kept beside that as whole texts, until it is worth learning all anew.
"""

from __future__ import annotations

import bisect
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from imagelib.library.query.memory.bitsets import bitmap
from imagelib.library.store.database import Database
from imagelib.library.store.rows import chunks

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
    #: The images of common words, as bitmaps.
    common: Mapping[int, int] = field(default_factory=dict)
    #: Those of the others: which octets of a bitmap are not zero, what they are, and where each
    #: word begins. Octets are set quicker than bits, and take less room.
    places: Sequence[int] = ()
    octets: bytes = b""
    begins: Sequence[int] = ()
    #: How many octets a bitmap has at most.
    size: int = 0
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
        self._known = _Known(seq, "\n".join(groups), starts, *_packed(groups.values(), last))

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
        self._known = replace(known, seq=seq, later=later, changed=bitmap(list(later)))

    def find(self, word: str) -> int | None:
        """A bitmap of the pks whose text holds *word*; None if something else must be asked.

        *word* is folded and has at least three letters, or else too many words hold it.
        """
        known = self._known
        if known.seq < 0 or word.split() != [word]:
            return None
        bits, count, rare = 0, 0, 0
        octets = bytearray()
        at = known.text.find(word)
        while at >= 0:
            number = bisect.bisect_right(known.starts, at) - 1
            if number in known.common:
                bits |= known.common[number]
            else:
                octets = octets or bytearray(known.size)
                begin, end = known.begins[number:number + 2]
                for place, octet in zip(known.places[begin:end], known.octets[begin:end],
                                        strict=True):
                    octets[place] |= octet
                rare += end - begin
            count += 1
            if rare > _TOO_MANY or count > _TOO_MANY // 20:
                return None
            following = number + 1
            at = known.text.find(word, known.starts[following]) if (
                following < len(known.starts)) else -1
        bits |= int.from_bytes(octets, "little")
        if known.later:
            bits &= ~known.changed
            bits |= bitmap([pk for pk, text in known.later.items() if word in text])
        return bits

    def _folded_seq(self) -> int:
        return int(self._database.read("SELECT value FROM meta WHERE key = 'folded_seq'")[0][0])


def _packed(groups: Iterable[list[int]], last: int) -> tuple[
        dict[int, int], array[int], bytes, array[int], int]:
    """Who has each word, as `_Known` keeps it; *last* is the highest pk."""
    common: dict[int, int] = {}
    places, octets = array("H" if last >> 3 < 2**16 else "I"), bytearray()
    begins = array("I", [0])
    for number, pks in enumerate(groups):
        if len(pks) * 100 > last:
            common[number] = bitmap(pks)
        else:
            found: dict[int, int] = {}
            for pk in pks:
                found[pk >> 3] = found.get(pk >> 3, 0) | 1 << (pk & 7)
            places.extend(found)
            octets += bytes(found.values())
        begins.append(len(octets))
    return common, places, bytes(octets), begins, last // 8 + 1
