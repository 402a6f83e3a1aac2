"""Connections: who is refused is refused by the head of the request, and nobody keeps others out.

waitress reads a whole body before anybody is asked whether it is wanted. Here the
head is judged as soon as it is complete, so that what is refused is not stored. And
where as many connections are open as are taken, the one that has been idle longest
gives way to a new one.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask

from imagelib.daemon.errors import TooLargeError, problem
from imagelib.daemon.guard import SECURITY_HEADERS
from imagelib.daemon.logs import LOG
from imagelib.errors import ImagelibError

#: When the request was complete, in seconds of the monotonic clock: its place in the environ.
ARRIVED = "imagelib.arrived"
#: The lane of what the thread of the network answers itself, between two looks at its sockets.
AT_ONCE = "at once"
#: How many connections are open at a time.
CONNECTIONS = 200
#: So long may a head be under way, and an answer without a byte of it being taken, in seconds.
_HEAD_SECONDS, _STUCK_SECONDS = 15.0, 60.0
#: From so many bytes on that a network has not taken, the loop sends an answer that is being made.
_SENT_BY_THREAD = 2**16
#: Who is refused may still be sending: so many seconds and bytes more are read and thrown away,
#: as closing at once would take the answer from them.
_LINGER_SECONDS, _LINGER_BYTES = 2.0, 2**20


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body. Names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    address: str


class Doorkeeper(Protocol):
    """Who judges heads; both methods raise what the request is refused with."""

    def admit(self, head: Head) -> bool:
        """Judge at once; False if `prove` has to be asked besides, which takes long."""

    def prove(self, head: Head) -> None:
        """Check a password."""

    def most(self, head: Head) -> int:
        """How long the body may be, in bytes."""

    def lane_of(self, head: Head, query: str) -> str | None:
        """Among which tasks such a request waits; None: among those that are soon done.

        *query* is what stands behind the question mark.
        """


class _Request(HTTPRequestParser):  # type: ignore[misc] # waitress has no types
    """A request, judged as soon as its head is there."""

    def __init__(self, adj: Any, channel: Channel) -> None:
        super().__init__(adj)
        self._channel = channel
        self._is_judged = False
        #: When it began, by `time.time`, and when it was complete, by the monotonic clock.
        self.began, self.arrived = time.time(), 0.0
        #: The longest body, once the head was judged.
        self.most: int | None = None

    def received(self, data: bytes) -> int:
        """Take in what came, and say how much of it belongs to this request."""
        consumed: int = super().received(data)
        if self.headers_finished and not self.completed and not self._is_judged:
            self._is_judged = True
            self._channel.judge(self)
        if self.most is not None and self.body_bytes_received > self.most:
            self.refuse(_too_large(self.most))
        if self.completed:
            self.arrived = time.monotonic()
        # What follows a refused head is its body, and no further request.
        return len(data) if isinstance(self.error, _Refusal) else consumed

    def refuse(self, error: ImagelibError) -> None:
        """Be answered with *error*, whatever else comes."""
        self.error = _Refusal(error)
        self.expect_continue = False
        self.completed = True
        self._channel.is_refused = True


class _Refusal:
    """What waitress answers in place of the application."""

    def __init__(self, error: ImagelibError) -> None:
        self._error = error

    def to_response(self, _ident: str | None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status, headers and body."""
        status, body, headers = problem(self._error)
        return (f"{status} {self._error.title}",
                [*(headers | SECURITY_HEADERS).items(), ("Connection", "close")], body)


class _Task(WSGITask):  # type: ignore[misc]
    def get_environment(self) -> dict[str, Any]:
        """What waitress gives, and when the request arrived."""
        environ: dict[str, Any] = super().get_environment()
        environ[ARRIVED] = self.request.arrived
        return environ


class _Proof:
    """Checks the password of a head in a thread; until then the body waits in the network."""

    def __init__(self, channel: Channel, request: _Request) -> None:
        self.channel, self.request = channel, request

    def service(self) -> None:
        """Check it."""
        error: ImagelibError | None = None
        try:
            self.channel.server.doorkeeper.prove(head_of(self.channel, self.request))
        except ImagelibError as refused:
            error = refused
        except Exception:  # noqa: BLE001 - the connection would wait for ever
            LOG.exception("bug path=%r", self.request.path)
            error = ImagelibError("The daemon failed at this. Its log says more.")
        self.channel.proved(self.request, error)

    def cancel(self) -> None:
        """Close the connection: the daemon ends."""
        self.channel.cancel()


class Channel(HTTPChannel):  # type: ignore[misc]
    """One connection."""

    task_class = _Task
    server: Server

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.request: _Request | None = None
        self.parser_class = partial(_Request, channel=self)
        self.is_refused = False
        #: Until when, and for how many bytes more, a refused client is listened to.
        self._lingers_until, self._linger_bytes = 0.0, _LINGER_BYTES
        #: A password is being checked, and the client waits to be told to go on.
        self._waits, self._continues = False, False
        #: There is a request that is answered as soon as everything that came has been read.
        self._is_asked = False
        super().__init__(*arguments, **options)

    def judge(self, request: _Request) -> None:
        """Refuse *request* by its head, or let its body come; perhaps once a password is proven."""
        head, door = head_of(self, request), self.server.doorkeeper
        try:
            is_proven = door.admit(head)
            request.most = door.most(head)
            if request.content_length > request.most:
                raise _too_large(request.most)
        except ImagelibError as error:
            request.refuse(error)
            return
        if not is_proven:
            self._waits = True
            self._continues, request.expect_continue = request.expect_continue, False
            self.server.task_dispatcher.add_task(_Proof(self, request))

    def proved(self, request: _Request, error: ImagelibError | None) -> None:
        """Go on with the body, or refuse it."""
        with self.requests_lock:
            self._waits = False
            self.last_activity = time.time()
            if error is not None and self.request is request:
                request.refuse(error)
                self.request = None
                self.requests.append(request)
                self.server.add_task(self)
            elif self._continues and self.connected:
                self.send_continue()
        if self.connected:
            self.server.pull_trigger()

    def readable(self) -> bool:
        """Not while a password is checked; to throw away what a refused client sends."""
        if self._lingers_until:
            return True
        return not self._waits and bool(super().readable())

    def handle_read(self) -> None:
        """Read, or read and throw away."""
        if not self._lingers_until:
            super().handle_read()
            if self._is_asked:
                self._is_asked = False
                self._answer()
            return
        try:
            self._linger_bytes -= len(self.recv(self.adj.recv_bytes))
        except OSError:
            self._linger_bytes = -1
        if self._linger_bytes < 0 or time.monotonic() > self._lingers_until:
            super().handle_close()

    def answer_at_once(self) -> bool:
        """Whether the request that just came is answered by the thread that is reading it."""
        self._is_asked = threading.get_ident() == self.server.loop
        return self._is_asked

    def _answer(self) -> None:
        """Answer here, unless more was asked for with it.

        Who does not take the first answer would stop everybody, as the second one waits for that.
        """
        if len(self.requests) == 1:
            self.service()
        elif self.requests:
            self.server.task_dispatcher.hand_over(self)

    def writable(self) -> bool:
        """Nothing is sent to who was refused; what is being answered is sent by its own thread.

        Without that the loop would find the socket writable and an answer in the making, again and
        again, and take the interpreter from the thread that makes it: ten times slower.
        """
        if self._lingers_until or (self.requests and self.total_outbufs_len < _SENT_BY_THREAD
                                   and not self.will_close):
            return False
        return bool(super().writable())

    def handle_close(self) -> None:
        """Close; for a refused client only our half at first."""
        if self.is_refused and self.connected and not self._lingers_until:
            self._lingers_until = time.monotonic() + _LINGER_SECONDS
            self.will_close = False
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
                return
        super().handle_close()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being answered here."""
        return not (self.requests or self.total_outbufs_len or self._waits)

    def is_over(self, now: float) -> bool:
        """Whether this connection has had its time; *now* is that of `time.time`."""
        if self._lingers_until:
            return time.monotonic() > self._lingers_until
        if self.total_outbufs_len:
            return now - self.last_activity > _STUCK_SECONDS
        if not self.is_idle:
            return False
        request = self.request
        if request is not None and not request.headers_finished:
            return bool(now - request.began > _HEAD_SECONDS)
        return bool(now - self.last_activity > self.adj.channel_timeout)


class Server(TcpWSGIServer):  # type: ignore[misc]
    """waitress with our connections."""

    channel_class = Channel
    #: Set before the server runs.
    doorkeeper: Doorkeeper
    #: The thread that runs the loop.
    loop = 0

    def run(self) -> None:
        """Serve until everything is closed."""
        self.loop = threading.get_ident()
        super().run()

    def handle_accept(self) -> None:
        """Take a connection; where there are too many, the longest idle one gives way.

        Never the new one, which is idle since it has not been heard yet: where all others are at
        work there is one too many for a while, up to the limit of waitress, behind which the
        kernel lets connections wait.
        """
        others = list(self.active_channels.values())
        super().handle_accept()
        if len(others) >= CONNECTIONS:
            idle = [channel for channel in others if channel.is_idle]
            if idle:
                self._close_soon([min(idle, key=lambda channel: channel.last_activity)])

    def maintenance(self, now: float) -> None:
        """Close what has had its time."""
        over = [channel for channel in self.active_channels.values() if channel.is_over(now)]
        if over:
            self._close_soon(over)

    def _close_soon(self, channels: list[Channel]) -> None:
        """Close connections behind this round of the loop.

        It has a list of sockets to wait for or to read: one that is closed meanwhile would end the
        loop, and the daemon with it, or give its number to another that is then taken for it.
        """
        self.trigger.pull_trigger(lambda: [HTTPChannel.handle_close(one) for one in channels])


def head_of(channel: HTTPChannel, request: HTTPRequestParser) -> Head:
    """What of *request* is known before its body."""
    return Head(request.command.upper(), _path(request),
                {name.replace("_", "-").lower(): value for name, value in request.headers.items()},
                channel.addr[0])


class Dispatcher:
    """What waitress calls a task dispatcher: threads of its own for each lane.

    However much there is of what is slow by its nature (pictures to decode, long answers,
    passwords to check), the next short question finds a thread. What is answered at once needs
    none: to hand it over and back would cost several times the answer, as two threads that want
    the interpreter wait for each other.
    """

    def __init__(self, lanes: Mapping[str | None, int], door: Callable[[], Doorkeeper]) -> None:
        self._door = door
        self._lanes = {lane: ThreadedTaskDispatcher() for lane in lanes}
        for lane, threads in lanes.items():
            self._lanes[lane].set_thread_count(threads)

    def add_task(self, task: Any) -> None:
        """Run *task*, a connection with a request or a proof, in a thread of its lane."""
        lane = _lane_of(task, self._door())
        if lane != AT_ONCE:
            self._lanes[lane].add_task(task)
        elif isinstance(task, _Proof) or not task.answer_at_once():
            # Of a proof that was begun: another connection has proven the same password meanwhile.
            self.hand_over(task)

    def hand_over(self, task: Any) -> None:
        """Run *task* in a thread of those that are soon done, whatever it asks for."""
        self._lanes[None].add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End the threads, those that work within *timeout* seconds; whether tasks were dropped."""
        deadline = time.monotonic() + timeout
        dropped = [lane.shutdown(cancel_pending, max(0.0, deadline - time.monotonic()))
                   for lane in self._lanes.values()]
        return any(dropped)


def _lane_of(task: Any, doorkeeper: Doorkeeper) -> str | None:
    request = task.request if isinstance(task, _Proof) else task.requests[0]
    if request.error is not None:
        return None
    return doorkeeper.lane_of(head_of(task.channel if isinstance(task, _Proof) else task, request),
                              request.query)


def _path(request: HTTPRequestParser) -> str:
    # As waitress gives it to the application.
    return "/" + str(request.path).lstrip("/")


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(f"The body is too long; at most {most:,} bytes are taken here.")
