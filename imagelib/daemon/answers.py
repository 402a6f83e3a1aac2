"""What was made of the library before, ready to send, until anything changes.

Nothing is guessed about what an answer depends on: a commit by anybody, another
program's too, forgets everything.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

from imagelib.daemon.records import records_json
from imagelib.library.database import Database

#: Memory for answers to whole questions, and for records, in bytes.
_ANSWERS, _RECORDS = 16 * 2**20, 64 * 2**20
#: Longer questions are not remembered.
_LONGEST = 2000
#: What a key, a value and their places take besides their letters, roughly.
_OVERHEAD = 200

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value", bytes, str)


class Read:
    """Gives the records of the images that are there, as `image_json` does, as texts."""

    def __init__(self, database: Database, state: int, known: Mapping[int, str]) -> None:
        #: As of which state of the database the answer may be; newer is as good.
        self.state = state
        #: The records that were not known.
        self.new: dict[int, str] = {}
        self._database = database
        self._known = known

    def __call__(self, pks: list[int]) -> list[str]:
        """The records of *pks*, in their order."""
        known, new = self._known, self.new
        if missing := [pk for pk in pks if pk not in known]:
            new.update(records_json(self._database.reader, missing))
        return [text for pk in pks if (text := known.get(pk) or new.get(pk))]


class Answers:
    """What the daemon was asked, and the records that were in the answers."""

    def __init__(self, database: Database, *, answers: int = _ANSWERS,
                 records: int = _RECORDS) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._answers: _Kept[str, bytes] = _Kept(answers)
        self._records: _Kept[int, str] = _Kept(records)
        #: What was made since the database was last asked. Made while somebody wrote, it may be
        #: half of one state and half of the next; the next request sees whether that was so.
        self._made: list[tuple[int, str, bytes, dict[int, str]]] = []

    def get(self, question: str, make: Callable[[Read], bytes]) -> bytes:
        """The answer to *question*, made only if it is not known; what *make* raises is raised."""
        with self._lock:
            made, self._made = self._made, []
        state = self._database.state()
        with self._lock:
            # Complete before the database was asked, and of the state that it still has.
            for as_of, asked, answer, records in made:
                if as_of == state:
                    self._records.keep(state, records)
                    if len(asked) < _LONGEST:
                        self._answers.keep(state, {asked: answer})
            found = self._answers.of(state).get(question)
            known = self._records.of(state)
        if found is not None:
            return found
        read = Read(self._database, state, known)
        found = make(read)
        with self._lock:
            self._made.append((state, question, found, read.new))
        return found


class _Kept(Generic[Key, Value]):
    """Values of one state of the database, at most *room* bytes of them."""

    def __init__(self, room: int) -> None:
        self._room = self._left = room
        self._state = -1
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def of(self, state: int) -> Mapping[Key, Value]:
        """What is kept of *state*; what was kept of another one is forgotten."""
        if state != self._state:
            self._state, self._left, self._values = state, self._room, OrderedDict()
        return self._values

    def keep(self, state: int, made: Mapping[Key, Value]) -> None:
        """Keep what was *made* of *state*; the oldest gives way."""
        if state != self._state:
            return
        for key, value in made.items():
            if key not in self._values:
                self._values[key] = value
                self._left -= len(value) + _OVERHEAD
        while self._left < 0:
            self._left += len(self._values.popitem(last=False)[1]) + _OVERHEAD
