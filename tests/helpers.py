"""What many tests share: drawn pictures, filled libraries, a running daemon."""

from __future__ import annotations

import ctypes
import hashlib
import http.client
import json
import os
import random
import re
import signal
import sqlite3
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from prefork import started

from imagelib.generator.build_state import BuildState
from imagelib.library.library import Library
from imagelib.library.originals.drift import Drift, Scanner
from imagelib.library.originals.following import follow_disk
from imagelib.library.values.outcome import Followed

#: Try also what other tests try in part: both ways to open a page, each colour scheme, all samples.
ALL = bool(os.environ.get("IMAGELIB_ALL"))


def draw(path: Path, size: tuple[int, int] = (64, 48), *, seed: Any = None,
         texts: dict[str, str] | None = None, **saving: Any) -> Path:
    """Write a small picture whose pixels follow from *seed*, by default from its name."""
    rng = random.Random(str(path.name if seed is None else seed))
    image = Image.frombytes("RGB", (4, 3), rng.randbytes(36)).resize(size)
    if texts is not None:
        info = PngInfo()
        for key, text in texts.items():
            info.add_text(key, text)
        saving["pnginfo"] = info
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **saving)
    return path


def a1111(prompt: str, negative: str = "blurry", seed: int = 7, model: str = "flux1-dev") -> str:
    """What AUTOMATIC1111 writes under `parameters`."""
    return (f"{prompt}\nNegative prompt: {negative}\nSteps: 20, Sampler: Euler a, CFG scale: 5.5,"
            f" Seed: {seed}, Size: 512x512, Model: {model}")


def fill(library: Library, count: int, *, first: int = 0) -> list[str]:
    """Give *library* many small images at once, as another SQLite client would."""
    rows = []
    for number in range(first, first + count):
        rng = random.Random(number)
        path = library.originals.folder / f"{number:05d}.png"
        Image.frombytes("RGB", (8, 6), rng.randbytes(144)).save(path)
        content = path.read_bytes()
        rows.append((
            str(uuid.UUID(int=rng.getrandbits(128), version=4)), path.name,
            hashlib.sha256(content).hexdigest(), len(content), 8, 6, "image/png",
            f"prompt {number % 97} with words {number % 13}", f"model-{number % 5}", number % 6,
            f"2026-{number % 12 + 1:02d}-{number % 28 + 1:02d}T{number % 24:02d}:00:00",
            "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z",
        ))
    connection = sqlite3.connect(library.settings.database)
    with connection:
        connection.executemany(
            "INSERT INTO images (id, file_name, digest, size_bytes, width, height, mime_type,"
            " prompt_text, ai_model, rating, captured_at, created_at, updated_at)"
            f" VALUES ({', '.join('?' * 13)})", rows)
    connection.close()
    return [row[0] for row in rows]


def follow(library: Library, *, deep: bool = False, **options: Any) -> tuple[Drift, Followed]:
    """Scan the images folder and make *library* follow it; return what was found and done."""
    scanner = Scanner(library)
    drift = scanner.scan(deep=deep)
    return drift, follow_disk(library, scanner, drift, **options)


@contextmanager
def closed(path: Path) -> Iterator[None]:
    """In the block this thread, and those that it starts, cannot read the file or folder *path*."""
    with _as_anybody():
        mode = path.stat().st_mode
        path.chmod(0)
        try:
            yield
        finally:
            path.chmod(mode)


@contextmanager
def _as_anybody() -> Iterator[None]:
    """Without root's right to read what it may not (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH)."""
    if os.name != "posix":
        pytest.skip("closes files by their modes")
    if os.geteuid():
        yield
        return
    if sys.platform != "linux":
        pytest.skip("root can read everything here")
    libc, head = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this thread
    rights = (ctypes.c_uint32 * 6)()
    libc.capget(head, rights)
    fewer = (ctypes.c_uint32 * 6)(*rights)
    fewer[0] &= ~0b110
    libc.capset(head, fewer)
    try:
        yield
    finally:
        libc.capset(head, rights)


class Answer:
    """What a daemon said."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self) -> Any:
        """The body as strict JSON."""
        return json.loads(self.body)


class Daemon:
    """A real daemon in a process of its own, asked over sockets."""

    def __init__(self, root: Path, *options: str) -> None:
        self.root = root
        self.log = root / ".imagelib" / "stderr.txt"
        self.log.parent.mkdir(exist_ok=True)
        with self.log.open("wb") as stream:
            self.process = started(["-L", str(root), "serve", "--port", "0", "--no-open", *options],
                                   stream)
        said = wait_for(lambda: re.search(r" at http://[^:]+:(\d+)/", self.log.read_text())
                        or self.process.poll() is not None, 20)
        if not isinstance(said, re.Match):
            self.stop(signal.SIGKILL)
            raise RuntimeError(self.log.read_text())
        self.port = int(said[1])

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, *, body: bytes | None = None,
            headers: dict[str, str] | None = None, json_body: Any = None) -> Answer:
        """Send one request."""
        sent = dict(headers or {})
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, sent)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path: str, **query: Any) -> Answer:
        """GET with query parameters."""
        text = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
        return self.ask("GET", path + ("?" + text if text else ""))

    def upload(self, content: bytes | Path, path: str = "/api/images", *, name: str = "a.png",
               headers: dict[str, str] | None = None, **fields: Any) -> Answer:
        """POST a file and fields as a form does."""
        data = content.read_bytes() if isinstance(content, Path) else content
        parts = [("image_file", f'; filename="{name}"', data)]
        parts += [(key, "", str(value).encode()) for key, value in fields.items()]
        body = b"".join(
            f'--XX\r\nContent-Disposition: form-data; name="{key}"{more}\r\n\r\n'.encode()
            + value + b"\r\n" for key, more, value in parts) + b"--XX--\r\n"
        return self.ask("POST", path, body=body, headers={
            "Content-Type": "multipart/form-data; boundary=XX", **(headers or {})})

    def wait_built(self, seconds: float = 20) -> None:
        """Wait until the site shows the library as it is."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status = self.get("/api/status").json
            if status["build"]["seq"] == status["seq"] and status["build"]["state"] == "idle":
                return
            time.sleep(0.05)
        raise AssertionError(f"not built: {status['build']}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(20)


def wait_for(test: Any, seconds: float = 10) -> Any:
    """The first true value of *test*, or what it last was."""
    deadline = time.monotonic() + seconds
    while not (value := test()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return value


def current_tree(library: Library) -> dict[str, bytes]:
    """Every file of the site but those that newer ones have replaced, which stay for a while."""
    memory = BuildState(library.settings.private_dir / "build.db", library.settings.site_dir)
    kept = memory.kept()
    memory.close()
    assert {path.split("/")[0] for path in kept} <= {"data", "static", "thumbs"}
    found = tree(library.settings.site_dir)
    assert kept <= found.keys()
    return {path: content for path, content in found.items() if path not in kept}


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below *folder* with its bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}
