"""Daemons by fork: the program is imported once for all of them, not by each one anew.

Every test keeps a daemon, a library and a process of its own; only reading and running the modules,
which takes longer than most tests, is shared.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any


class Child:
    """A process as `subprocess.Popen` shows it, as far as tests ask."""

    def __init__(self, said: int) -> None:
        self._said = said
        self._text = b""
        self.returncode: int | None = None
        while b"\n" not in self._text:
            self._hear(60)
        self.pid = int(self._text)

    def poll(self) -> int | None:
        """How it ended, if it has."""
        if self.returncode is None:
            self._hear(0)
        return self.returncode

    def wait(self, timeout: float = 3600) -> int:
        """How it ended; waits so many seconds at most."""
        deadline = time.monotonic() + timeout
        while self.returncode is None:
            self._hear(deadline - time.monotonic())
            if self.returncode is None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired("imagelib", timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _hear(self, seconds: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._said, selectors.EVENT_READ)
            if not selector.select(max(seconds, 0)):
                return
        text = os.read(self._said, 100)
        self._text += text
        if not text:
            os.close(self._said)
            self.returncode = int(self._text.split()[1])


class Prefork:
    """A process that has imported the program and forks for each command."""

    def __init__(self) -> None:
        self._socket, other = socket.socketpair()
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(other.fileno())], pass_fds=[other.fileno()])

    def start(self, arguments: list[str], stderr: Any) -> Child:
        """Run `imagelib ARGUMENTS` in a process of its own, in this folder and environment."""
        said, end = os.pipe()
        try:
            request = json.dumps([arguments, str(Path.cwd()), dict(os.environ)]).encode()
            socket.send_fds(self._socket, [len(request).to_bytes(4, "big")],
                            [stderr.fileno(), end])
            self._socket.sendall(request)
        finally:
            os.close(end)
        return Child(said)

    def close(self) -> None:
        """End it; its children go on."""
        self._socket.close()
        self._process.wait(20)


@cache
def _prefork(path: str | None) -> Prefork:
    prefork = Prefork()
    atexit.register(prefork.close)
    return prefork


def started(arguments: list[str], stderr: Any) -> Any:
    """Run `imagelib ARGUMENTS` in a process of its own."""
    if sys.platform == "linux":  # another path may lead to another copy of the program
        return _prefork(os.environ.get("PYTHONPATH")).start(arguments, stderr)
    return subprocess.Popen([sys.executable, "-m", "imagelib", *arguments], stderr=stderr)


def _serve(control: socket.socket) -> None:
    import imagelib.daemon.server  # noqa: F401 - so that those that fork off have it
    from imagelib.cli import main

    running: dict[int, int] = {}
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(wake, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fd == wake:
                os.read(wake, 100)
                _reap(running)
                continue
            head, descriptors, _, _ = socket.recv_fds(control, 4, 2)
            if not head:
                return
            request = b""
            while len(request) < int.from_bytes(head, "big"):
                request += control.recv(2**20)
            stderr, end = descriptors
            if child := os.fork():
                os.close(stderr)
                running[child] = end
                os.write(end, f"{child}\n".encode())
                continue
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for descriptor in (*running.values(), end, wake, woken, control.fileno()):
                os.close(descriptor)
            selector.close()
            arguments, folder, environment = json.loads(request)
            os.dup2(stderr, 2)
            os.close(stderr)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            main(arguments)


def _reap(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        end = running.pop(pid)
        os.write(end, f"{os.waitstatus_to_exitcode(status)}".encode())
        os.close(end)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
