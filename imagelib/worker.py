"""The process that decodes: what it may use, and how it answers.

It is given bytes that nobody has looked at yet, so it gives up beforehand what a
decoder never needs: to write, to start programs, to leave a core dump, and more
memory or time than one picture may take. `imagelib.sandbox` is the other end.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import math
import os
import sys
from dataclasses import dataclass
from typing import Any

from imagelib.errors import BrokenPictureError, ImagelibError

#: A picture whose decoding takes more than this waits until no other one of the kind is decoded,
#: in bytes: two of a quarter of the limit fit beside a large one, two large ones do not.
LARGE = 240 * 2**20
#: Such a picture may take so many times as long: nobody waits for it but others of its kind.
LARGE_PACE = 3
#: What an interpreter with its libraries takes before it decodes anything, in bytes of address
#: space (measured: 70 MiB with all of them).
_BASE = 64 * 2**20
#: A decoder opens one picture; the interpreter opens its modules one after the other.
_OPEN_FILES = 64
#: Behind everybody who waits for an answer of the daemon.
_NICENESS = 10


class LargeError(Exception):
    """This picture has to wait for its turn; the caller asks again with it."""


@dataclass(slots=True)
class _Room:
    """What the present call may take."""

    memory: int = sys.maxsize
    large: bool = True


_room = _Room()


def require_room(size: int) -> None:
    """Go on only if decoding, which will take *size* bytes at its peak, is allowed to.

    Raises:
        BrokenPictureError: that is more than a worker has.
        LargeError: it is much, and other pictures that take as much may be under way.
    """
    if size + _BASE > _room.memory:
        raise BrokenPictureError(
            f"decoding it takes about {size / 2**20:,.0f} MB of memory; at most"
            f" {max(0, _room.memory - _BASE) / 2**20:,.0f} MB are given to one picture")
    if size > LARGE and not _room.large:
        raise LargeError


def main() -> None:
    """Answer calls from standard input until it ends. Arguments: bytes of memory, seconds."""
    memory, seconds = int(sys.argv[1]), float(sys.argv[2])
    _room.memory = memory
    _give_up(memory)
    for line in sys.stdin:
        function, arguments, _room.large = json.loads(line)
        _limit_time(seconds * LARGE_PACE if _room.large else seconds)
        sys.stdout.write(json.dumps(_answer(function, arguments)) + "\n")
        sys.stdout.flush()


def _answer(function: str, arguments: list[Any]) -> dict[str, Any]:
    module, _, name = function.partition(":")
    try:
        return {"result": getattr(importlib.import_module(module), name)(*arguments)}
    except LargeError:
        return {"large": True}
    except ImagelibError as error:
        return {"kind": type(error).__name__, "error": str(error)}
    except MemoryError:
        return {"kind": "BrokenPictureError", "error": "decoding needs too much memory"}
    except OSError as error:
        return {"kind": "BrokenPictureError", "error": str(error)}


def _give_up(memory: int) -> None:
    """Set the limits that hold as long as the process lives."""
    try:
        import resource
    except ImportError:  # Windows: the limits on time, pixels and bytes per picture still hold
        return
    # What is resident is never more than the address space, which is all that can be limited.
    limits = {"RLIMIT_AS": memory, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0,
              "RLIMIT_NOFILE": _OPEN_FILES, "RLIMIT_NPROC": 0}
    for name, most in limits.items():
        if (kind := getattr(resource, name, None)) is not None:
            with contextlib.suppress(ValueError, OSError):  # what the system refuses, it refuses
                resource.setrlimit(kind, (most, most))
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)


def _limit_time(seconds: float) -> None:
    """The processor time of a process adds up, so the limit moves on with each call."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU,
                           (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))
