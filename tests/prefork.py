"""Commands and daemons by fork: the program is imported once for all, not by each one anew.

Every one keeps a process, a folder, an environment and streams of its own; only reading and running
the modules, which takes longer than most tests, is shared.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
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

    def __init__(self, settings: dict[str, str]) -> None:
        others = {name: value for name, value in os.environ.items() if not _is_read_first(name)}
        self._socket, other = socket.socketpair()
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(other.fileno())], pass_fds=[other.fileno()],
                env=others | settings, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def start(self, arguments: list[str], streams: list[Any], folder: str,
              environment: dict[str, str]) -> Child:
        """Run `imagelib ARGUMENTS` in a process of its own, with these three streams."""
        said, end = os.pipe()
        try:
            request = json.dumps([arguments, folder, environment]).encode()
            socket.send_fds(self._socket, [len(request).to_bytes(4, "big")],
                            [*(stream.fileno() for stream in streams), end])
            self._socket.sendall(request)
        finally:
            os.close(end)
        return Child(said)

    def close(self) -> None:
        """End it; its children go on."""
        self._socket.close()
        self._process.wait(20)


def _is_read_first(name: str) -> bool:
    """Whether Python looks at this variable as it starts, and never again."""
    return name.startswith(("PYTHON", "LC_", "LANG", "TZ"))


@cache
def _prefork(settings: tuple[tuple[str, str], ...]) -> Prefork:
    prefork = Prefork(dict(settings))
    atexit.register(prefork.close)
    return prefork


def started(arguments: list[str], stderr: Any, *, stdin: Any = None, stdout: Any = None,
            cwd: Any = None, env: dict[str, str] | None = None) -> Any:
    """Run `imagelib ARGUMENTS` in a process of its own; what is not given is nothing to read."""
    if sys.platform != "linux":
        return subprocess.Popen(
            [sys.executable, "-m", "imagelib", *arguments], cwd=cwd, env=env, stderr=stderr,
            stdin=stdin or subprocess.DEVNULL, stdout=stdout or subprocess.DEVNULL)
    environment = dict(os.environ if env is None else env)
    first = tuple(sorted(item for item in environment.items() if _is_read_first(item[0])))
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123
        return _prefork(first).start(
            arguments, [stdin or nothing, stdout or nothing, stderr],
            str(Path.cwd() if cwd is None else Path(cwd).absolute()), environment)


def imagelib(*arguments: Any, input: str = "", text: bool = True,  # noqa: A002 - as of subprocess
             timeout: float = 120, cwd: Any = None,
             env: dict[str, str] | None = None) -> subprocess.CompletedProcess[Any]:
    """What `imagelib ARGUMENTS` did, as `subprocess.run` gives it, with everything captured."""
    words = [str(word) for word in arguments]
    with (tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout,
          tempfile.TemporaryFile() as stderr):
        stdin.write(input.encode())
        stdin.seek(0)
        process = started(words, stderr, stdin=stdin, stdout=stdout, cwd=cwd, env=env)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
            raise
        said = []
        for stream in (stdout, stderr):
            stream.seek(0)
            content = stream.read()
            said.append(content.decode() if text else content)
    return subprocess.CompletedProcess(["imagelib", *words], process.returncode, *said)


def _serve(control: socket.socket) -> None:
    import imagelib
    from imagelib.cli import main

    for module in walk_packages(imagelib.__path__, "imagelib."):
        if module.name != "imagelib.__main__":
            import_module(module.name)  # so that those that fork off have it
    sys.path.append(str(Path(__file__).parent))
    from warm_templates import compile_all, compile_once

    sys.path.pop()
    compile_once()
    compile_all()
    gc.freeze()  # they need not look through it when they end

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
            head, descriptors, _, _ = socket.recv_fds(control, 4, 4)
            if not head:
                return
            request = b""
            while len(request) < int.from_bytes(head, "big"):
                request += control.recv(2**20)
            *streams, end = descriptors
            if child := os.fork():
                for stream in streams:
                    os.close(stream)
                running[child] = end
                os.write(end, f"{child}\n".encode())
                continue
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for descriptor in (*running.values(), end, wake, woken, control.fileno()):
                os.close(descriptor)
            selector.close()
            arguments, folder, environment = json.loads(request)
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
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
