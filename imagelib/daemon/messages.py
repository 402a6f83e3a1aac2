"""What a route is given and what it gives back; nothing here knows Bottle."""

from __future__ import annotations

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
from imagelib.library.values.strict_json import read_strictly

if TYPE_CHECKING:
    from imagelib.daemon.service import Service
    from imagelib.library.values.outcome import Outcome

#: The largest JSON body that is read, in bytes.
MAX_JSON_BODY = 16 * 2**20
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


Handler = Callable[[Request], Response]


def parse_json(content: bytes | str) -> Any:
    """Read strict JSON.

    Raises:
        MalformedError: it is anything else.
    """
    try:
        return read_strictly(content)
    except ValueError as error:
        raise MalformedError(f"The body is no JSON: {str(error)[:200]}") from error
