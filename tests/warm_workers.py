"""Workers that outlive their library: to start one takes longer than most tests."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from imagelib.library.originals import storage
from imagelib.sandbox import _ENVIRONMENT, Queue, Sandbox, Worker

#: Idle workers of one kind that are kept.
_MOST = 4


@contextmanager
def kept_warm() -> Iterator[None]:
    """Inside of the block, the workers of a library that is closed serve the next one."""
    spare: dict[tuple[Any, ...], list[Any]] = defaultdict(list)

    class WarmWorker(Worker):
        """Begins, when it is first asked, with a process that another has left."""

        def __init__(self, memory: int, kind: tuple[Any, ...]) -> None:
            super().__init__(memory)
            self._kind = kind

        def _start(self, seconds: float) -> Any:
            if self._process is None and spare[self._kind]:
                self._process, self._answers = spare[self._kind].pop()
            return super()._start(seconds)

        def leave(self) -> None:
            """Let the process go on for the next one, if it is well."""
            if (self._process is not None and self._process.poll() is None
                    and len(spare[self._kind]) < _MOST):
                spare[self._kind].append((self._process, self._answers))
                self._process = None

    class WarmSandbox(Sandbox):
        """Its workers are warm."""

        def __init__(self, workers: int = 0, *, seconds: float, memory: int) -> None:
            super().__init__(workers, seconds=seconds, memory=memory)
            kind = (seconds, memory, *sys.path, *(os.environ.get(name) for name in _ENVIRONMENT))
            self._all = [WarmWorker(memory, kind) for _ in self._all]
            self._workers = Queue(self._all.copy())

        def close(self) -> None:
            """Leave the workers that have nothing to do, and end the others."""
            for worker in self._workers._free:
                worker.leave()
            super().close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "Sandbox", WarmSandbox)
        yield
    for workers in spare.values():
        for process, _ in workers:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()
