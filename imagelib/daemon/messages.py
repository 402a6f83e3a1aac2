"""What a route is given and what it gives back; nothing here knows Bottle."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from imagelib.daemon.errors import (
    LengthRequiredError,
    MalformedError,
    MediaTypeError,
    TooLargeError,
)
from imagelib.errors import BusyError, InvalidError

if TYPE_CHECKING:
    from imagelib.daemon.service import Service
    from imagelib.library.values.outcome import Outcome

#: The largest JSON body that is read, in bytes.
MAX_JSON_BODY = 16 * 2**20
#: The most values in one: each takes hundreds of bytes, however short it is written.
MAX_VALUES = 500_000
#: One body of more than this is read at a time, in bytes.
_BULKY = 2**20
_bulky = threading.Lock()


@dataclass(slots=True)
class Response:
    """What goes back: a JSON value, or bytes."""

    status: int = 200
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | Iterator[bytes] | None = None
    content_type: str = "application/json"


@dataclass(slots=True)
class Request:
    """One request, its untrusted parts still unread."""

    service: Service
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: IO[bytes]
    length: int | None
    environ: dict[str, Any]
    parameters: dict[str, str] = field(default_factory=dict)
    #: What the log line of this request says besides.
    facts: dict[str, Any] = field(default_factory=dict)
    #: By which `POST /api/undo` takes back what it did; the answer names it.
    batch: str = ""
    #: Until when it waits for others, by the monotonic clock.
    deadline: float = field(default_factory=lambda: time.monotonic() + 1)
    _reserved: bool = False

    def note(self, event: str, outcome: Outcome, **facts: Any) -> None:
        """Tell of what was done: the log of *event* and *facts*, the answer of the batch, and the
        builder that there is something to build."""
        self.facts |= {"event": event, **facts}
        self.batch = outcome.batch
        self.service.builds.wake()

    def read_json(self) -> dict[str, Any]:
        """The body, which must be one strict JSON object sent as `application/json`.

        Raises:
            MediaTypeError: it is sent as something else; a form of another site could be.
            MalformedError: it is no JSON. InvalidError: it is no object.
        """
        kind, _, options = self.headers.get("content-type", "").partition(";")
        charset = options.strip().lower().removeprefix("charset=").strip("\"' ")
        if kind.strip().lower() != "application/json" or charset not in ("", "utf-8", "utf8"):
            raise MediaTypeError("Send JSON as Content-Type: application/json.")
        value = parse_json(self.read_body(MAX_JSON_BODY))
        if not isinstance(value, dict):
            raise InvalidError.of("", "should be a JSON object", kind="dict_type")
        return value

    def read_body(self, limit: int) -> bytes:
        """The whole body, at most *limit* bytes."""
        if self.length is None:
            raise LengthRequiredError("Say how long the body is: Content-Length is missing.")
        if self.length > limit:
            raise TooLargeError(f"The body has {self.length:,} bytes; at most {limit:,} are"
                                " taken.")
        self.reserve(self.length)
        content = self.body.read(self.length)
        if len(content) < self.length:
            raise MalformedError("The body ends too early.")
        return content

    def reserve(self, size: int) -> None:
        """Read *size* bytes of text only when nobody else reads as many: as values they take
        many times the memory. Kept until the request is answered.

        Raises:
            BusyError: somebody else has been at it for too long.
        """
        if size <= _BULKY or self._reserved:
            return
        if not _bulky.acquire(timeout=max(0.0, self.deadline - time.monotonic())):
            raise BusyError("Another large request is being read. Send this one again in a moment.")
        self._reserved = True

    def release(self) -> None:
        """Let others read large bodies again."""
        if self._reserved:
            self._reserved = False
            _bulky.release()

    def one(self, name: str, default: str = "") -> str:
        """The query parameter *name*; of several the last."""
        return self.query[name][-1] if self.query.get(name) else default


_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
Handler = Callable[[Request], Response]


def parse_json(content: bytes | str) -> Any:
    """Read strict JSON: UTF-8, no NaN, no number out of range, no name twice.

    Raises:
        MalformedError: it is anything else.
    """
    try:
        text = content if isinstance(content, str) else content.decode("utf-8")
        if text.count(",") + text.count("[") + text.count("{") > MAX_VALUES and (
                _count_values(text) > MAX_VALUES):
            raise ValueError(f"it holds more than {MAX_VALUES:,} values")
        return json.loads(text, parse_constant=_refuse, parse_float=_finite,
                          object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        reason = str(error) if not isinstance(error, UnicodeDecodeError) else "it is not UTF-8"
        raise MalformedError(f"The body is no JSON: {reason[:200]}") from error


def _count_values(text: str) -> int:
    """Roughly: what begins or parts values, outside of strings."""
    return sum(map(len, re.findall(r'[,\[{]+', _STRING.sub("", text))))


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is out of range")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found
