"""Run functions on hostile bytes in a worker process, with limits on time and memory.

A picture of 500 KB can keep a decoder busy for minutes or ask for gigabytes, so
nothing untrusted is decoded in the process that serves or builds. A worker is
`python -m imagelib.sandbox`: one JSON line in, one JSON line out. A worker that
is too slow or dies is replaced, and only its own caller hears of it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from imagelib.errors import BrokenPictureError, ImagelibError, UnsupportedTypeError

#: Errors that a worker may hand back by name; everything else is a broken picture.
_ERRORS: dict[str, type[ImagelibError]] = {
    "UnsupportedTypeError": UnsupportedTypeError,
    "BrokenPictureError": BrokenPictureError,
}


class Worker:
    """One process that answers one call at a time."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()

    def call(self, function: str, arguments: list[Any], seconds: float) -> Any:
        """Run *function* ("package.module:name") there and return its JSON-able result."""
        process = self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps([function, arguments]) + "\n")
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
        if "error" in document:
            raise _ERRORS.get(document["kind"], BrokenPictureError)(document["error"])
        return document["result"]

    def _start(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "imagelib.sandbox", str(self._memory)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                text=True, encoding="ascii",
                # -P keeps the caller's folder off the path; our own package must stay on it.
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
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
    """A few workers, started when they are needed."""

    def __init__(self, workers: int = 0, *, seconds: float = 20.0, memory: int = 3 * 2**30) -> None:
        self.size = workers or os.cpu_count() or 1
        self.seconds = seconds
        self._all = [Worker(memory) for _ in range(self.size)]
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        for worker in self._all:
            self._idle.put(worker)

    def call(self, function: str, *arguments: Any) -> Any:
        """Run *function* in a worker and return its result.

        Raises:
            BrokenPictureError: the bytes are damaged, or the call broke a limit.
            UnsupportedTypeError: the bytes are no image that we keep.
        """
        with self._worker() as worker:
            return worker.call(function, list(arguments), self.seconds)

    @contextmanager
    def _worker(self) -> Iterator[Worker]:
        worker = self._idle.get()
        try:
            yield worker
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """End all workers."""
        for worker in self._all:
            worker.stop()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _read_lines(stream: IO[str], answers: queue.Queue[str]) -> None:
    with contextlib.suppress(ValueError, OSError):  # closed under us by stop()
        for line in stream:
            answers.put(line)
    answers.put("")


def _limit_memory(size: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: the time limit and the pixel limit still hold
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def main() -> None:
    """Answer calls from standard input until it ends."""
    _limit_memory(int(sys.argv[1]))
    for line in sys.stdin:
        function, arguments = json.loads(line)
        module, _, name = function.partition(":")
        answer: dict[str, Any]
        try:
            answer = {"result": getattr(importlib.import_module(module), name)(*arguments)}
        except ImagelibError as error:
            answer = {"kind": type(error).__name__, "error": str(error)}
        except MemoryError:
            answer = {"kind": "BrokenPictureError", "error": "decoding needs too much memory"}
        except OSError as error:
            answer = {"kind": "BrokenPictureError", "error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
