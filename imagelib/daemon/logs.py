"""One event a line with its fields, to stderr and to a rotating file in `.imagelib/`.

    2026-03-01T12:00:00 INFO upload image=... file=... bytes=... ms=12 outcome=201

Passwords never, prompts only at debug level.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from imagelib.errors import ImagelibError
from imagelib.ingest.warnings import warnings_of
from imagelib.library.values.image import Image

#: Every module of the daemon logs here.
LOG = logging.getLogger("imagelib.daemon")
_FORMAT = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")


class _Private(logging.handlers.RotatingFileHandler):
    """Names of files and prompts are nobody's business but the owner's."""

    def _open(self) -> Any:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if os.name == "posix":
            os.fchmod(handle, 0o600)  # an earlier version made it readable
        return os.fdopen(handle, self.mode, encoding=self.encoding, errors=self.errors)


@contextmanager
def logging_to(folder: Path, *, verbose: bool = False) -> Iterator[None]:
    """Send the log to stderr and into *folder* while the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    file = _Private(
        folder / "daemon.log", maxBytes=2**20, backupCount=3, encoding="utf-8", delay=True)
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr), file]
    for handler in handlers:
        handler.setFormatter(_FORMAT)
        LOG.addHandler(handler)
    LOG.setLevel(logging.DEBUG if verbose else logging.INFO)
    LOG.propagate = False
    try:
        yield
    finally:
        for handler in handlers:
            LOG.removeHandler(handler)
            handler.close()


def log_event(event: str, *, level: int = logging.INFO, **facts: Any) -> None:
    """Write one line: the event, then its fields in the order given."""
    LOG.log(level, "%s %s", event,
            " ".join(f"{name}={_quoted(value)}" for name, value in facts.items()))


def log_added(image: Image, name: str) -> None:
    """Write that *image* came in from the file *name*, and what could not be read of it."""
    log_event("ingest", image=image.id, file=name, bytes=image.size_bytes)
    for warning in warnings_of(image.generation):
        log_event("ingest", level=logging.WARNING, file=name, reason=warning)


def reason_of(error: Exception) -> str:
    """What is said of an *error* that stopped one file."""
    if isinstance(error, UnicodeEncodeError):
        return "its name is not valid Unicode; rename it"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error) if isinstance(error, ImagelibError) else f"{type(error).__name__}: {error}"


def _quoted(value: Any) -> str:
    text = "".join(c if c.isprintable() else "?" for c in str(value))[:300]
    return f'"{text}"' if not text or " " in text or '"' in text else text
