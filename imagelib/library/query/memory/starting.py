"""Who answers while the memory is being filled: SQLite, so that nobody waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from sqlite3 import Error

from imagelib.errors import ImagelibError
from imagelib.library.query.engines import Engine, SqlEngine
from imagelib.library.query.listing import Filter, Position
from imagelib.library.query.memory.engine import MemoryEngine
from imagelib.library.store.database import Database

#: So many images are in memory in a tenth of a second.
_FEW = 5000
_log = logging.getLogger(__name__)


class StartingEngine:
    """A `MemoryEngine` that is filled by a thread of its own, unless it is filled at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.memory = MemoryEngine(database)
        self._sql = SqlEngine(database)
        self._lock = threading.Lock()
        self._filling: threading.Thread | None = None

    def positions(self, wanted: Filter, start: int, count: int,
                  behind: Position | None) -> tuple[list[Position], int]:
        """As `Engine.positions`."""
        return self._now().positions(wanted, start, count, behind)

    def in_album(self, wanted: Filter) -> Filter:
        """As `Engine.in_album`."""
        return self._sql.in_album(wanted)

    def count(self, wanted: Filter) -> int:
        """As `Engine.count`."""
        return self._now().count(wanted)

    def tag_counts(self) -> list[tuple[str, int]]:
        """As `Engine.tag_counts`."""
        return self._now().tag_counts()

    @property
    def is_current(self) -> bool:
        """As `MemoryEngine.is_current`."""
        return self.memory.is_current

    def learn(self, go_on: Callable[[], bool] = lambda: True) -> None:
        """As `MemoryEngine.learn`."""
        self.memory.learn(go_on)

    def _now(self) -> Engine:
        if self.memory.is_filled or self._is_small():
            return self.memory
        with self._lock:
            if self._filling is None:
                self._filling = threading.Thread(target=self._fill, name="memory", daemon=True)
                self._filling.start()
        return self._sql

    def _is_small(self) -> bool:
        return not self._database.read("SELECT 1 FROM images LIMIT 1 OFFSET ?", _FEW)

    def _fill(self) -> None:
        try:
            self.memory.fill()
        except (Error, ImagelibError):  # the library was closed meanwhile, or cannot be read now
            _log.info("the memory was not filled", exc_info=True)
        self._filling = None
