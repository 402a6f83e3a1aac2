"""Run functions on hostile bytes in worker processes, with limits on time and memory.

A picture of 500 KB can keep a decoder busy for minutes or ask for gigabytes, so
nothing untrusted is decoded in the process that serves or builds. A worker is
`imagelib.worker`: one JSON line in, one JSON line out. A worker that is too slow
or dies is replaced, and only its own caller hears of it.

There are few workers, so callers queue. Who answers a person goes first, and
waits no longer than `hurried` says; imports and builds simply wait.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import IO, Any, Generic, TypeVar

from imagelib.errors import (
    BrokenPictureError,
    BusyError,
    ImagelibError,
    MissingExtraError,
    RefusedError,
    UnsupportedTypeError,
)
from imagelib.worker import LARGE_PACE, LargeError

#: Errors that a worker may hand back by name; everything else is a broken picture.
_ERRORS: dict[str, type[ImagelibError]] = {
    "UnsupportedTypeError": UnsupportedTypeError,
    "MissingExtraError": MissingExtraError,
    "BrokenPictureError": BrokenPictureError,
    "RefusedError": RefusedError,
}
#: All that a worker gets of our environment: where Windows and shared libraries lie, and the zone.
_ENVIRONMENT = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")
#: Large blocks go back to the system as soon as they are freed, and there are no spare heaps.
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": str(2**20), "MALLOC_ARENA_MAX": "1"}
#: Until when this caller waits for a worker, by the monotonic clock; None: as long as it takes.
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)

Item = TypeVar("Item")


@contextmanager
def hurried(deadline: float) -> Iterator[None]:
    """Inside of the block, calls go before those of others and give up at *deadline*.

    *deadline* is a moment of `time.monotonic`. Who gives up raises BusyError.
    """
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


class Queue(Generic[Item]):
    """A few items that many want: each goes to who has waited longest, the hurried before all."""

    def __init__(self, items: list[Item]) -> None:
        self._free = items
        self._lock = threading.Condition()
        self._hurried: deque[object] = deque()
        self._patient: deque[object] = deque()

    @contextmanager
    def taken(self) -> Iterator[Item]:
        """One of the items, given back after the block.

        Raises:
            BusyError: there was none until the deadline of `hurried`.
        """
        item = self._take(_deadline.get())
        try:
            yield item
        finally:
            with self._lock:
                self._free.append(item)
                self._lock.notify_all()

    def _take(self, deadline: float | None) -> Item:
        waiting = self._patient if deadline is None else self._hurried
        ticket = object()
        with self._lock:
            waiting.append(ticket)
            try:
                while not self._free or next(iter(self._hurried or self._patient)) is not ticket:
                    left = None if deadline is None else deadline - time.monotonic()
                    if left is not None and left <= 0:
                        raise BusyError(
                            "As many pictures are being decoded as this machine can take."
                            " Nothing was kept of this one; send it again in a moment.")
                    self._lock.wait(left)
                return self._free.pop()
            finally:
                waiting.remove(ticket)
                self._lock.notify_all()


class Worker:
    """One process that answers one call at a time."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()

    def call(self, function: str, arguments: list[Any], seconds: float, *,
             large: bool = False) -> Any:
        """Run *function* ("package.module:name") there and return its JSON-able result.

        Raises:
            LargeError: it takes much memory, and *large* does not allow that.
        """
        process = self._start(seconds)
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps([function, arguments, large]) + "\n")
            process.stdin.flush()
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            self.stop()
            raise BrokenPictureError(f"decoding took longer than {seconds:g} s") from None
        except OSError:
            answer = ""
        if not answer:
            self.stop()
            raise BrokenPictureError("decoding needs too much memory, or crashed the decoder")
        document = json.loads(answer)
        if "large" in document:
            raise LargeError
        if "error" in document:
            raise _ERRORS.get(document["kind"], BrokenPictureError)(document["error"])
        return document["result"]

    def _start(self, seconds: float) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", "from imagelib.worker import main; main()",
                 str(self._memory), str(seconds)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                text=True, encoding="ascii", env=_environment(),
                start_new_session=True,  # Ctrl-C is for the daemon, which then ends its workers
            )
            self._answers = queue.Queue()
            threading.Thread(
                target=_read_lines, args=(self._process.stdout, self._answers), daemon=True
            ).start()
        return self._process

    def stop(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


class Sandbox:
    """A few workers, started when they are needed. *memory* is the most that each takes, in bytes,
    *seconds* the longest that a call runs."""

    def __init__(self, workers: int = 0, *, seconds: float = 20.0, memory: int = 950 * 2**20
                 ) -> None:
        self.size = workers or os.cpu_count() or 1
        self.seconds = seconds
        self._all = [Worker(memory) for _ in range(self.size)]
        self._workers = Queue(self._all.copy())
        self._large = Queue([None])

    def call(self, function: str, *arguments: Any) -> Any:
        """Run *function* in a worker and return its result.

        Raises:
            BrokenPictureError: the bytes are damaged, or the call broke a limit.
            UnsupportedTypeError: the bytes are no image that we keep, or, MissingExtraError, of a
                type whose package is not installed.
            RefusedError: they cannot be cleaned.
            BusyError: no worker was free until the deadline of `hurried`.
        """
        try:
            with self._workers.taken() as worker:
                return worker.call(function, list(arguments), self.seconds)
        except LargeError:
            pass  # it waits without a worker, which others can use meanwhile
        with self._large.taken(), self._workers.taken() as worker:
            return worker.call(function, list(arguments), self.seconds * LARGE_PACE, large=True)

    def close(self) -> None:
        """End all workers."""
        for worker in self._all:
            worker.stop()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _environment() -> dict[str, str]:
    """Nothing that is ours: a decoder that was taken over finds no tokens in it."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # -P keeps the caller's folder off the path; our own package must stay on it.
    return kept | _MALLOC | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                             "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _read_lines(stream: IO[str], answers: queue.Queue[str]) -> None:
    with contextlib.suppress(ValueError, OSError):  # closed under us by stop()
        for line in stream:
            answers.put(line)
    answers.put("")
