"""Run the editor's server: one daemon for a library, behind waitress, until a signal.

Bottle's own server is stopped by a single half-open connection; waitress
buffers slow clients in its loop (measured: 20 slow headers and 12 slow bodies
do not hold up others).
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments

from imagelib.daemon.app import LANES, make_app
from imagelib.daemon.channels import CONNECTIONS, Dispatcher, Server
from imagelib.daemon.editor import read_again
from imagelib.daemon.guard import Guard, is_loopback
from imagelib.daemon.logs import log_event, logging_to
from imagelib.daemon.reloading import Reloader
from imagelib.daemon.service import Service
from imagelib.daemon.uploads import MAX_FIELD_BYTES
from imagelib.daemon.watcher import Watcher
from imagelib.errors import InvalidError, LockedError
from imagelib.library.library import Library
from imagelib.library.store.locks import FileLock
from imagelib.resources import bundled

#: How long requests under way may take to finish when the daemon stops.
_STOP_SECONDS = 5.0
#: Addresses that mean every network of this machine.
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - only compared with; binding needs a password


class Stopping:
    """Asked to stop, also by a signal handler.

    An Event is not for that: a handler runs in the thread that waits, and where it interrupts
    it with the Event's lock in hand, setting the Event waits for itself.
    """

    def __init__(self) -> None:
        self._asked: SimpleQueue[None] = SimpleQueue()

    def ask(self) -> None:
        """Ask for the end, from a signal handler too."""
        self._asked.put(None)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until somebody asks, or for some seconds; whether somebody has asked."""
        try:
            self._asked.get(timeout=seconds)
        except Empty:
            return False
        return True


def serve(library: Library | Path | str, *, host: str | None = None, port: int | None = None,
          allow_hosts: tuple[str, ...] = (), read_only: bool = False, watch: bool = True,
          reload: bool = False, ready: Callable[[str], None] = lambda url: None,
          verbose: bool = False) -> None:
    """Serve *library* until SIGTERM or Ctrl-C; *ready* is told the address once it answers.

    Port 0 takes any that is free. With *reload*, the site and the editor follow what is changed in
    templates, scripts and styles.

    Raises:
        LockedError: another daemon has this library, or the port.
        InvalidError: another host than this machine without a password.
    """
    if not isinstance(library, Library):
        with Library.open(library) as opened:
            serve(opened, host=host, port=port, allow_hosts=allow_hosts, read_only=read_only,
                  watch=watch, reload=reload, ready=ready, verbose=verbose)
        return
    settings = library.settings
    host = host or settings.host
    host = "127.0.0.1" if host == "localhost" else host  # its IPv6 twin may be another program's
    if not is_loopback(host) and not settings.password_hash:
        raise InvalidError(
            f"Everybody who reaches {host} could change the library. Set a password first"
            " (imagelib serve --set-password), and put TLS in front."
        )
    with _only_daemon(library) as lock, logging_to(settings.private_dir / "log", verbose=verbose):
        service = Service(library, read_only=read_only)
        server = listen(host, settings.port if port is None else port, settings.max_upload)
        bound = int(server.effective_port)
        own = () if is_loopback(host) or host in _EVERYWHERE else (_in_url(host),)
        app = make_app(service, Guard(bound, (*settings.allow_hosts, *allow_hosts),
                                    settings.password_hash, own=own))
        server.application, server.doorkeeper = app, app
        url = f"http://{'localhost' if host in _EVERYWHERE else _in_url(host)}:{bound}/"
        lock.sign(f"{os.getpid()} {url}")
        followers: list[Watcher | Reloader] = [Watcher(service)] if watch else []
        if reload:
            followers.append(_reloader(service))
        _run(server, service, followers, url, ready)


def _reloader(service: Service) -> Reloader:
    def changed() -> None:
        read_again()
        service.builds.wake()

    return Reloader((bundled("templates"), service.library.root / "templates"), changed)


def watch(library: Library, *, ready: Callable[[], None] = lambda: None) -> None:
    """Keep the site up to date until a signal, without a server.

    Raises:
        LockedError: a daemon has this library.
    """
    stopping = Stopping()
    private = library.settings.private_dir
    with _only_daemon(library) as lock, logging_to(private / "log"), _signals(stopping.ask):
        lock.sign(f"{os.getpid()} watching")
        service = Service(library)
        watcher = Watcher(service)
        service.builds.start()
        watcher.start()
        try:
            ready()
            stopping.wait()
        finally:
            watcher.stop()
            service.builds.stop()


def _run(server: Any, service: Service, followers: list[Watcher | Reloader], url: str,
         ready: Callable[[str], None]) -> None:
    stopping = Stopping()
    with _signals(stopping.ask):
        # A daemon thread: whatever it waits for, the process ends.
        loop = threading.Thread(target=server.run, name="server", daemon=True)
        loop.start()
        service.builds.start()
        for follower in followers:
            follower.start()
        log_event("serve", url=url, images=service.status()["images"], outcome="ready")
        try:
            ready(url)
            while not stopping.wait(1.0) and loop.is_alive():
                pass
        finally:
            log_event("serve", outcome="stopping")
            for follower in followers:
                follower.stop()
            try:
                _close(server, loop)
            finally:
                service.publisher.stop()
                service.builds.stop()


def _close(server: Any, loop: threading.Thread) -> None:
    """Take no more requests, finish those under way, send what is left, and end the loop.

    Sockets belong to the loop's thread, so it is asked to close them.
    """
    server.trigger.pull_trigger(lambda: wasyncore.dispatcher.close(server))
    server.task_dispatcher.shutdown(timeout=_STOP_SECONDS)
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline and any(
        channel.total_outbufs_len for channel in list(server.active_channels.values())
    ):
        time.sleep(0.01)
    # Woken by another pull just then, the loop may close everything before this one is made.
    with suppress(OSError):
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map, ignore_all=True))
    loop.join(_STOP_SECONDS)


def listen(host: str, port: int, max_upload: int) -> Any:
    """A server that is bound and, until it is given an application, says that it starts.

    Raises:
        LockedError: the port is taken, or not for us.
    """
    # Above what a route takes at most: those answer with a problem document.
    most = max_upload + MAX_FIELD_BYTES + 2**20
    try:
        # One address: with several, waitress would need a server for each.
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
        dispatcher = Dispatcher(LANES, lambda: server.doorkeeper)
        server = Server(_not_yet, map={}, dispatcher=dispatcher, adj=Adjustments(
            host=address, port=port, ident=None, max_request_body_size=most,
            max_request_header_size=65536, channel_timeout=20, cleanup_interval=2,
            # Far above our own limit, where the longest idle one gives way.
            connection_limit=2 * CONNECTIONS, backlog=1024,
            clear_untrusted_proxy_headers=True, expose_tracebacks=False))
        return server
    except OSError as error:
        raise LockedError(
            f"Port {port} of {host} cannot be used: {error.strerror}. Choose another with --port,"
            " or 0 for any that is free."
        ) from error


def _not_yet(_environ: dict[str, Any], start: Any) -> list[bytes]:
    """Until the port is known, nothing is answered: the list of Hosts depends on it."""
    start("503 Starting", [("Retry-After", "1"), ("Content-Length", "0")])
    return []


@contextmanager
def _only_daemon(library: Library) -> Iterator[FileLock]:
    lock = FileLock(library.settings.private_dir / "daemon.lock")
    if not lock.acquire():
        pid, _, url = lock.signature().partition(" ")
        raise LockedError(
            f"{library.root} is open in another daemon (process {pid or '?'},"
            f" {url or 'starting'})."
            " Use that one, or stop it first."
        )
    try:
        yield lock
    finally:
        lock.release()


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGTERM and Ctrl-C end the daemon in order; only the main thread can hear them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(_number: int, _frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
