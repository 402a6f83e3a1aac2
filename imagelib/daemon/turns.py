"""Threads that answer requests, one at a time as long as each is quick.

Python runs one thread at a time anyway. Eight that all have a request take the
interpreter from each other at every look into SQLite and every write to a socket:
measured, that costs more than the answers. So the next request waits until the
one before it is answered, and where that takes longer (a large upload, a slow
disk), another thread goes on after a few milliseconds.
"""

from __future__ import annotations

import threading
import time
from collections import deque
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
    """What waitress calls a task dispatcher: at most *threads* tasks at the same time."""

    def __init__(self, threads: int, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._tasks: deque[Task] = deque()
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
        with self._lock:
            self._tasks.append(task)
            self._call()

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End the threads, those that work within *timeout* seconds; whether tasks were dropped."""
        with self._lock:
            self._stopping = True
            self._called.notify_all()
            self._clock.notify_all()
            self._ended.wait_for(lambda: not self._alive, timeout)
            dropped = list(self._tasks) if cancel_pending else []
            if dropped:
                self._tasks.clear()
        for task in dropped:
            task.cancel()
        return bool(dropped)

    def _call(self) -> None:
        """Wake a thread if one is needed: to run a task, or to watch the clock."""
        if not self._tasks or (self._begun is not None and self._watched):
            return
        if self._idle:
            self._idle -= 1
            self._called.notify()
        elif self._begun is None:
            self._clock.notify()

    def _work(self) -> None:
        while True:
            with self._lock:
                task = self._next()
                turn = self._turn
            if task is None:
                return
            try:
                task.service()
            except BaseException:  # noqa: BLE001 - a bug must not end the thread
                LOG.exception("bug task=%r", task)
            with self._lock:
                if self._turn == turn:
                    self._begun = None

    def _next(self) -> Task | None:
        """Wait for a task and its turn; None if it is time to end."""
        while not self._stopping:
            if self._tasks:
                now = time.monotonic()
                left = 0 if self._begun is None else self._begun + self._patience - now
                if left <= 0:
                    self._begun = now
                    self._turn += 1
                    task = self._tasks.popleft()
                    self._call()
                    return task
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
