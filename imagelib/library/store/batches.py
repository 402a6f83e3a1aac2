"""Batches: what was done as one, by whom, and how it can be taken back."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, get_args

from imagelib.library.values.dates import utc_now

Step = Literal["do", "undo", "redo"]
#: Who changes something; a batch is named after it, as the triggers name those of other programs.
Actor = Literal["python", "cli", "api", "editor", "watcher"]
ACTORS = frozenset((*get_args(Actor), "external"))

#: The action of the one batch that a database begins with which was made from record files.
RESTORED = "restored"

_acting: ContextVar[Actor | None] = ContextVar("acting", default=None)


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """What this thread writes in the body, *actor* does."""
    token = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(token)


def actor_of(batch: str) -> str:
    """Who made *batch*: one of `ACTORS`, or "" if it is older than the names."""
    actor = batch.partition("-")[0]
    return actor if actor in ACTORS else ""


def new_batch(default: Actor) -> str:
    """The name of a new batch, which says who makes it: *default* outside of `acting_as`."""
    return f"{_acting.get() or default}-{uuid.uuid4()}"


def changed_in(connection: sqlite3.Connection, batch: str) -> tuple[str, ...]:
    """The ids of the images that *batch* changed, in the order in which it came to them."""
    return tuple(row[0] for row in connection.execute(
        "SELECT image FROM changes WHERE batch = ? GROUP BY image ORDER BY min(seq)", (batch,)))


def last_change(connection: sqlite3.Connection) -> tuple[int, str]:
    """The number of the newest change, and its batch; (0, "") if nothing was ever changed."""
    row = connection.execute("SELECT seq, batch FROM changes ORDER BY seq DESC LIMIT 1").fetchone()
    return (int(row[0]), str(row[1])) if row else (0, "")


def goes_on(connection: sqlite3.Connection, seq: int, batch: str) -> bool:
    """Whether the history goes on from that change: whoever knows all up to it needs only those
    since.

    It does not where the database was replaced by an earlier one, whatever came after.
    """
    if seq > last_change(connection)[0]:
        return False
    row = connection.execute("SELECT batch FROM changes WHERE seq = ?", (seq,)).fetchone()
    return row is None or row[0] == batch  # purging takes changes away


def record_batch(connection: sqlite3.Connection, batch: str, action: str, step: Step,
                  undoes: str | None) -> None:
    """Make *batch* one that can be taken back."""
    connection.execute(
        "INSERT INTO batches (id, at, action, kind, undoes) VALUES (?, ?, ?, ?, ?)",
        (batch, utc_now(), action, step, undoes),
    )
    if undoes:
        connection.execute("UPDATE batches SET undone_by = ? WHERE id = ?", (batch, undoes))
