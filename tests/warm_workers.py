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
from imagelib.sandbox import _ENVIRONMENT, Sandbox

#: Idle workers of one kind that are kept.
_MOST = 4


@contextmanager
def kept_warm() -> Iterator[None]:
    """Inside of the block, the workers of a library that is closed serve the next one."""
    spare: dict[tuple[Any, ...], list[Any]] = defaultdict(list)

    class WarmSandbox(Sandbox):
        """Begins with workers that others have left."""

        def __init__(self, workers: int = 0, *, seconds: float, memory: int) -> None:
            super().__init__(workers, seconds=seconds, memory=memory)
            self._kind = (seconds, memory, *sys.path,
                          *(os.environ.get(name) for name in _ENVIRONMENT))
            for worker in self._all:
                if spare[self._kind]:
                    worker._process, worker._answers = spare[self._kind].pop()

        def close(self) -> None:
            """Leave the workers that are well and have nothing to do."""
            for worker in self._workers._free:
                running = worker._process is not None and worker._process.poll() is None
                if running and len(spare[self._kind]) < _MOST:
                    spare[self._kind].append((worker._process, worker._answers))
                    worker._process = None
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
