"""The WSGI application: the only module that imports bottle.

Bottle finds the route; everything else (who may ask, how a body is read, how an
error is told) is decided by our own modules. Files are served by looking up a
known name, never by path arithmetic.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from urllib.parse import parse_qs

import bottle

from imagelib.daemon.channels import ARRIVED, AT_ONCE, Head
from imagelib.daemon.errors import (
    ForbiddenError,
    MalformedError,
    MethodError,
    NotBuiltError,
    problem,
)
from imagelib.daemon.guard import SECURITY_HEADERS, Guard
from imagelib.daemon.logs import log_event
from imagelib.daemon.messages import MAX_JSON_BODY, Request, Response
from imagelib.daemon.notices import building, notice
from imagelib.daemon.representations import image_json
from imagelib.daemon.route import Route
from imagelib.daemon.routes import ROUTES, is_quick, is_slow, routes_of
from imagelib.daemon.service import Service
from imagelib.daemon.site_files import file_at, is_packed
from imagelib.daemon.uploads import MAX_FIELD_BYTES
from imagelib.errors import ImagelibError, LockedError, NotFoundError, StaleError
from imagelib.library.store.batches import Actor, acting_as
from imagelib.library.store.disk import disk_full
from imagelib.sandbox import hurried

#: How long a request may wait for pictures and bodies of others, in seconds.
PATIENCE = 0.75
#: The longest body where none is wanted, in bytes.
_STRAY_BODY = 2**16
#: How many requests of each lane are answered at once; None is for those that are quick.
SLOW, PROVING = "slow", "proving"
LANES: dict[str | None, int] = {None: 4, SLOW: 4, PROVING: 2}
_ASKS_WORDS = re.compile(r"(?:^|&)q=")

#: Names the batch that a request made, so that `POST /api/undo` takes back this one and no later
#: one. Of an upload that brings an image out of the trash and says more of it, it is the first:
#: the rest goes with the image.
BATCH_HEADER = "Imagelib-Batch"
#: Where the headers stand in the environ, by their names in lower case.
_HEADERS = "imagelib.headers"

Start = Callable[..., Any]


class Application:
    """Guard first, then Bottle; the errors of both are told the same way."""

    def __init__(self, service: Service, guard: Guard) -> None:
        self._service = service
        self._guard = guard
        self._bottle = _make_bottle(service)

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer one request, by WSGI (PEP 3333)."""
        environ[_HEADERS] = _headers(environ)
        head = _head(environ)
        try:
            if not self.admit(head):
                self.prove(head)
        except ImagelibError as error:
            return _send_problem(error, start)
        environ.pop("HTTP_X_FORWARDED_HOST", None)  # Bottle would believe it
        result: Iterable[bytes] = self._bottle(environ, _securing(start))
        return result

    def admit(self, head: Head) -> bool:
        """Judge a request by its head; False if its password has to be proven yet."""
        with _noting_refusals(head):
            is_proven = self._guard.admit(head.method, head.path, head.headers)
            if self._service.read_only:
                _check_visitor(head)
            return is_proven

    def prove(self, head: Head) -> None:
        """Check the password of a request."""
        with _noting_refusals(head):
            self._guard.prove(head.headers, head.address)

    def most(self, head: Head) -> int:
        """How long the body of a request may be, in bytes."""
        routes = [route for route in routes_of(head.path) if route.method == head.method]
        if any(route.upload for route in routes):
            return self._service.library.settings.max_upload + MAX_FIELD_BYTES
        return MAX_JSON_BODY if routes else _STRAY_BODY

    def lane_of(self, head: Head, query: str) -> str | None:
        """Unproven passwords and slow routes have lanes of their own; what is at hand has none."""
        if not self._guard.is_proven(head.headers.get("authorization", "")):
            return PROVING
        if is_slow(head.method, head.path):
            return SLOW
        return AT_ONCE if self._is_at_hand(head, query) else None

    def _is_at_hand(self, head: Head, query: str) -> bool:
        """Whether the answer is a small file or in memory, so that nobody waits for it."""
        if head.method not in ("GET", "HEAD"):
            return False
        if not head.path.startswith("/api/"):
            return not (head.path.startswith("/images/") or is_packed(head))
        # Words may be looked up in SQLite, for as long as that takes.
        return (is_quick(head.method, head.path) and self._service.engine.is_current
                and not _ASKS_WORDS.search(query))


@contextmanager
def _noting_refusals(head: Head) -> Iterator[None]:
    try:
        yield
    except ImagelibError as error:
        log_event("refusal", level=logging.WARNING, method=head.method, path=head.path,
                  host=head.headers.get("host", ""), outcome=error.http_status)
        raise


def _check_visitor(head: Head) -> None:
    """Who only looks at the gallery has no business with the rest of the library."""
    method = "GET" if head.method == "HEAD" else head.method
    if any(route.method == method and not route.public for route in routes_of(head.path)):
        raise ForbiddenError("This daemon was started with --read-only.")


def _securing(start: Start) -> Start:
    """What adds the headers that every answer has, unless the answer has its own."""
    def started(status: str, lines: list[tuple[str, str]], *error: Any) -> Any:
        given = {name for name, _ in lines}
        more = (line for line in SECURITY_HEADERS.items() if line[0] not in given)
        return start(status, [*lines, *more], *error)

    return started


def make_app(service: Service, guard: Guard) -> Application:
    """The WSGI application that serves *service* to whom *guard* lets in."""
    return Application(service, guard)


def _make_bottle(service: Service) -> bottle.Bottle:
    app = bottle.Bottle()
    for route in ROUTES:
        path = route.path.replace("{tag}", "{tag:path}").replace("{", "<").replace("}", ">")
        app.route(path, method=route.method, callback=_adapter(service, route))
    for path in ("/", "/<path:path>"):
        app.route(path, method="ANY", callback=_serve_file(service))
    app.default_error_handler = _told_by_bottle
    return app


def _adapter(service: Service, route: Route) -> Callable[..., Any]:
    def respond(**parameters: str) -> Any:
        request = _request(service, parameters)
        started = time.perf_counter()
        try:
            with (disk_full(), service.library.database.translated(),
                  acting_as(_actor(request)), _in_time(request, route)):
                answer = route.handler(request)
            if request.batch:
                answer.headers[BATCH_HEADER] = request.batch
            response = _respond(answer)
        except ImagelibError as error:
            response = _respond_problem(error)
        except Exception as error:  # noqa: BLE001 - the last line: a bug must not show its insides
            response = _respond_bug(error, request)
        if request.facts or response.status_code >= 500:
            facts = dict(request.facts)
            event = facts.pop("event", "request")
            log_event(event, **facts, ms=round((time.perf_counter() - started) * 1000),
                      outcome=response.status_code)
        return response

    return respond


@contextmanager
def _in_time(request: Request, route: Route) -> Iterator[None]:
    """Let a request wait for those of others no longer than a person would bear it."""
    request.deadline = request.environ.get(ARRIVED, time.monotonic()) + PATIENCE
    try:
        with hurried(request.deadline) if route.hurried else nullcontext():
            yield
    finally:
        request.release()


def _actor(request: Request) -> Actor:
    """The editor's scripts say who they are; everybody else uses the API."""
    return "editor" if request.headers.get("imagelib-client") == "editor" else "api"


def _serve_file(service: Service) -> Callable[..., Any]:
    def answer(path: str = "index.html") -> Any:
        try:
            _check_method(path)
            return _response(*file_at(service, path, _head(bottle.request.environ)))
        except ImagelibError as error:
            if "text/html" in bottle.request.environ.get("HTTP_ACCEPT", ""):
                return _respond_page(error, service)
            return _respond_problem(error)

    return answer


def _check_method(path: str) -> None:
    """Tell apart an address that is unknown from one that takes other methods.

    Raises:
        NotFoundError: nothing of the API is there. MethodError: something is.
    """
    methods = {route.method for route in routes_of(f"/{path}")}
    if methods:
        allowed = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
        raise MethodError(f"This address takes {allowed}.", allowed)
    if path.startswith("api/"):
        raise NotFoundError("There is nothing at this address.")
    if bottle.request.method not in ("GET", "HEAD"):
        raise MethodError("This address takes GET, HEAD.", "GET, HEAD")


def _request(service: Service, parameters: dict[str, str]) -> Request:
    environ = bottle.request.environ
    headers: dict[str, str] = environ[_HEADERS]
    length = environ.get("CONTENT_LENGTH", "")
    try:
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True,
                         max_num_fields=200, errors="strict")
    except (ValueError, UnicodeError):
        query = {"\0": [""]}
    if "\0" in query:
        raise _as_http(MalformedError("The query string cannot be read."))
    return Request(service, environ["REQUEST_METHOD"], environ["PATH_INFO"], query, headers,
                environ["wsgi.input"], int(length) if length.isdigit() else None, environ,
                parameters)


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    found = {name[5:].replace("_", "-").lower(): str(value)
             for name, value in environ.items() if name.startswith("HTTP_")}
    if environ.get("CONTENT_TYPE"):
        found["content-type"] = environ["CONTENT_TYPE"]
    return found


def _head(environ: dict[str, Any]) -> Head:
    return Head(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""), environ[_HEADERS],
                environ.get("REMOTE_ADDR", ""))


def _respond(answer: Response) -> Any:
    headers = {"Cache-Control": "no-store", **answer.headers}
    if answer.content is None:
        return _response(answer.status, json.dumps(answer.json).encode(),
                         {"Content-Type": "application/json", **headers})
    kind = {} if answer.status in (204, 304) else {"Content-Type": answer.content_type}
    return _response(answer.status, answer.content, {**kind, **headers})


def _response(status: int, body: Any, headers: dict[str, str]) -> Any:
    response = bottle.HTTPResponse(body, status)
    for name, value in headers.items():
        response.set_header(name, value)
    return response


def _respond_problem(error: ImagelibError) -> Any:
    record = image_json(error.current) if isinstance(error, StaleError) else None
    status, body, headers = problem(error, record)
    return _response(status, body, headers)


def _respond_bug(error: Exception, request: Request) -> Any:
    log_event("bug", level=logging.ERROR, method=request.method, path=request.path,
              error=f"{type(error).__name__}: {error}")
    logging.getLogger("imagelib.daemon").debug("traceback", exc_info=error)
    if isinstance(error, OSError):
        return _respond_problem(LockedError(f"The disk did not answer: {error.strerror}."))
    return _respond_problem(ImagelibError("The daemon failed at this. Its log says more."))


def _respond_page(error: ImagelibError, service: Service) -> Any:
    """An error for a person: nothing of the request is in it. To wait for a gallery is none."""
    if isinstance(error, NotBuiltError):
        return _response(200, *building(service.builds.state["progress"]))
    return _response(error.http_status, *notice(error.title, str(error)))


def _as_http(error: ImagelibError) -> bottle.HTTPResponse:
    response: bottle.HTTPResponse = _respond_problem(error)
    return response


def _told_by_bottle(error: bottle.HTTPError) -> Any:
    """What Bottle itself refuses (a path that is no text) or fails at, in our shape."""
    told: ImagelibError = MalformedError("The request cannot be read.")
    if error.status_code >= 500:
        told = ImagelibError("The daemon failed at this. Its log says more.")
    status, body, headers = problem(told)
    for name, value in headers.items():
        bottle.response.set_header(name, value)
    bottle.response.status = status
    return body


def _send_problem(error: ImagelibError, start: Start) -> Iterable[bytes]:
    status, body, headers = problem(error)
    lines = {**headers, **SECURITY_HEADERS, "Content-Length": str(len(body))}
    start(f"{status} {error.title}", list(lines.items()))
    return [body]
