"""Threads that answer requests, one at a time as long as each is quick.

Python runs one thread at a time anyway. Eight that all have a request take the
interpreter from each other at every look into SQLite and every write to a socket:
measured, that costs more than the answers. So the next request waits until the
one before it is answered, and where that takes longer (a large upload, a slow
disk), another thread goes on after a few milliseconds.

What is slow by its nature (pictures to decode, long answers, passwords to check) has
lanes of its own with fewer threads: however much of it comes, the next short question
finds one.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

from imagelib.daemon.logs import LOG

#: How long the next request waits for the one that runs, in seconds. Python lets a thread run as
#: long before another one has its turn.
PATIENCE = 0.005


class Task(Protocol):
    """A request of waitress."""

    def service(self) -> None:
        """Answer it."""

    def cancel(self) -> None:
        """Never mind."""


class Turns:
    """What waitress calls a task dispatcher: at most *threads* tasks at the same time.

    *lane_of* names the lane of a task, None for none; *lanes* how many of each may run.
    """

    def __init__(self, threads: int, patience: float = PATIENCE, *,
                 lanes: Mapping[str | None, int] | None = None,
                 lane_of: Callable[[Task], str | None] = lambda task: None) -> None:
        self._patience = patience
        self._lane_of = lane_of
        #: How many more of each lane may be begun.
        self._left: dict[str | None, int] = {None: threads, **(lanes or {})}
        self._lock = threading.Lock()
        #: What waits in each lane, each with its number.
        self._waiting: dict[str | None, deque[tuple[int, Task]]] = {
            lane: deque() for lane in self._left}
        self._number = 0
        #: When the task that the next one waits for was begun; None if there is none.
        self._begun: float | None = None
        #: Which of the tasks that were begun that is.
        self._turn = 0
        self._called = threading.Condition(self._lock)
        self._idle = 0
        #: One thread waits with a clock, while tasks wait.
        self._clock = threading.Condition(self._lock)
        self._watched = False
        self._stopping = False
        self._ended = threading.Condition(self._lock)
        self._alive = threads
        for number in range(threads):
            threading.Thread(target=self._work, name=f"answers-{number}", daemon=True).start()

    def add_task(self, task: Task) -> None:
        """Run *task* when it is its turn."""
        lane = self._lane_of(task)
        with self._lock:
            self._number += 1
            self._waiting[lane].append((self._number, task))
            self._call()

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End the threads, those that work within *timeout* seconds; whether tasks were dropped."""
        with self._lock:
            self._stopping = True
            self._called.notify_all()
            self._clock.notify_all()
            self._ended.wait_for(lambda: not self._alive, timeout)
            dropped = []
            for waiting in self._waiting.values() if cancel_pending else ():
                dropped += [task for _, task in waiting]
                waiting.clear()
        for task in dropped:
            task.cancel()
        return bool(dropped)

    def _call(self) -> None:
        """Wake a thread if one is needed: to run a task, or to watch the clock."""
        if not self._ready() or (self._begun is not None and self._watched):
            return
        if self._idle:
            self._idle -= 1
            self._called.notify()
        elif self._begun is None:
            self._clock.notify()

    def _ready(self) -> list[str | None]:
        """The lanes whose next task may be begun."""
        return [lane for lane, waiting in self._waiting.items() if waiting and self._left[lane]]

    def _work(self) -> None:
        while True:
            with self._lock:
                found = self._next()
                turn = self._turn
            if found is None:
                return
            task, lane = found
            try:
                task.service()
            except BaseException:  # noqa: BLE001 - a bug must not end the thread
                LOG.exception("bug task=%r", task)
            with self._lock:
                self._left[lane] += 1
                if self._turn == turn:
                    self._begun = None

    def _next(self) -> tuple[Task, str | None] | None:
        """Wait for a task and its turn, and say its lane; None if it is time to end."""
        while not self._stopping:
            if lanes := self._ready():
                now = time.monotonic()
                left = 0 if self._begun is None else self._begun + self._patience - now
                if left <= 0:
                    self._begun = now
                    self._turn += 1
                    lane = min(lanes, key=lambda name: self._waiting[name][0][0])
                    _, task = self._waiting[lane].popleft()
                    self._left[lane] -= 1
                    self._call()
                    return task, lane
                if not self._watched:
                    self._watched = True
                    self._clock.wait(left)
                    self._watched = False
                    continue
            self._idle += 1
            self._called.wait()
        self._alive -= 1
        self._ended.notify_all()
        return None
