"""Requests per second of the API against FastAPI + SQLModel, on the same rows. Prints JSON.

    python bench/api.py [--rows 100000] [--seconds 4] [--connections 1,2,8] [--reference PYTHON]

PYTHON is an interpreter that has fastapi, sqlmodel and uvicorn; without it only ours is measured.
Each question is asked for some seconds over some connections on the loopback interface, queries
varied so that no answer is simply remembered. Of ours also: the files of a page, as a browser asks
for them, in milliseconds. Measure on a machine that does nothing else: `load` is that before.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from imagelib.library.library import Library
from imagelib.library.store.folding import fold_pending

#: Made-up words that share letters as words of a language do.
_SYLLABLES = [a + b + c for a in ("", "b", "d", "f", "g", "k", "l", "m", "n", "r", "s", "st", "t")
              for b in "aeiou" for c in ("", "n", "r", "s")]
_DRAWN = random.Random(11)
WORDS = list(dict.fromkeys(
    "".join(_DRAWN.choices(_SYLLABLES, k=_DRAWN.randint(2, 3))) for _ in range(4000)))[:3000]
TAGS = [f"tag{n}" for n in range(120)]
MODELS = [f"model-{n}" for n in range(20)]
#: What a page of the editor asks for before it shows a library of 100,000, and over how many
#: connections a browser does.
FILES, FILE_BYTES, BROWSER = 46, 220_000, 6
#: The daemon's own application and server, without the builder: there are no files to build from.
_SERVE = """
import sys
from imagelib.daemon.app import make_app
from imagelib.daemon.guard import Guard
from imagelib.daemon.server import listen
from imagelib.daemon.service import Service
from imagelib.library.library import Library
library, port = Library.open(sys.argv[1]), int(sys.argv[2])
state = Service(library)
state.engine.memory.fill()
state.engine.learn()
server = listen("127.0.0.1", port, library.settings.max_upload)
server.application = server.doorkeeper = make_app(state, Guard(port))
server.run()
"""


def main() -> None:
    """Fill both databases, ask both servers, print one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", default="1,2,8")
    parser.add_argument("--reference", default="")
    arguments = parser.parse_args()
    counts = [int(count) for count in arguments.connections.split(",")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records = list(make_records(arguments.rows))
        fill_ours(folder / "library", records)
        result = {"rows": arguments.rows, "cores": os.cpu_count(), "load": os.getloadavg()[0]}
        files = make_files(folder / "library" / "site")
        with serving([sys.executable, "-c", _SERVE, str(folder / "library")]) as port:
            result["imagelib"] = {n: ask_all(port, records, arguments.seconds, n) for n in counts}
            result["files_ms"] = round(statistics.median(load(port, files) for _ in range(7)))
        if arguments.reference:
            fill_reference(arguments.reference, folder / "reference.db", records)
            with serving([arguments.reference, "-m", "uvicorn", "--log-level", "error",
                          "--app-dir", str(Path(__file__).parent), "api_reference:app",
                          "--port"],
                         IMAGELIB_REFERENCE_DB=str(folder / "reference.db")) as port:
                result["fastapi"] = {
                    n: ask_all(port, records, arguments.seconds, n) for n in counts}
            result["ratio"] = {
                n: {question: round(result["imagelib"][n][question] / answers, 1)
                    for question, answers in result["fastapi"][n].items()} for n in counts}
        print(json.dumps(result, indent=2))


def make_records(count: int) -> Iterator[dict[str, object]]:
    """Seeded rows: words by Zipf, tags by theme, dates in order."""
    rng = random.Random(7)
    weights = [1 / (n + 3) for n in range(len(WORDS))]
    choose = list(itertools.accumulate(weights))
    for n in range(count):
        yield {
            "pk": n + 1,
            "id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            "prompt": " ".join(rng.choices(WORDS, cum_weights=choose, k=rng.randint(8, 60))),
            "model": rng.choice(MODELS), "notes": "" if rng.random() < 0.9 else rng.choice(WORDS),
            "rating": rng.choice((0, 0, 0, 1, 2, 3, 3, 4, 4, 5)),
            "date": f"202{3 + n * 3 // count}-{n * 36 // count % 12 + 1:02d}-{n % 28 + 1:02d}"
                    f"T{n % 24:02d}:00:00",
            "tags": rng.sample(TAGS, rng.choice((0, 1, 2, 3, 5))),
        }


def fill_ours(root: Path, records: list[dict[str, object]]) -> None:
    """As another SQLite client would; the texts are folded at the end."""
    with Library.create(root) as library:
        connection = sqlite3.connect(library.settings.database)
        with connection:
            connection.executemany("INSERT INTO tags (id, name) VALUES (?, ?)", enumerate(TAGS))
            connection.executemany(
                "INSERT INTO images (pk, id, file_name, digest, size_bytes, width, height,"
                " mime_type, prompt_text, ai_model, notes, rating, captured_at, created_at,"
                " updated_at) VALUES (:pk, :id, :id || '.png', :id, 1, 64, 64, 'image/png',"
                " :prompt, :model, :notes, :rating, :date, '2026-01-01T00:00:00.000Z',"
                " '2026-01-01T00:00:00.000Z')", records)
            connection.executemany(
                "INSERT INTO image_tags VALUES (?, ?)",
                ((r["pk"], TAGS.index(tag)) for r in records for tag in r["tags"]))
        connection.close()
        fold_pending(library.database)


def fill_reference(python: str, path: Path, records: list[dict[str, object]]) -> None:
    """The reference's own tables."""
    make = "from api_reference import *; SQLModel.metadata.create_all(engine)"
    subprocess.run([python, "-c", make], cwd=Path(__file__).parent, check=True,
                   env=os.environ | {"IMAGELIB_REFERENCE_DB": str(path)})
    connection = sqlite3.connect(path)
    with connection:
        connection.executemany("INSERT INTO tag VALUES (?, ?)", enumerate(TAGS))
        connection.executemany(
            "INSERT INTO image (id, file_name, prompt_text, ai_model, notes, rating, captured_at)"
            " VALUES (:pk, :id || '.png', :prompt, :model, :notes, :rating, :date)", records)
        connection.executemany(
            "INSERT INTO imagetag VALUES (?, ?)",
            ((r["pk"], TAGS.index(tag)) for r in records for tag in r["tags"]))
    connection.close()


@contextmanager
def serving(command: list[str], **environment: str) -> Iterator[int]:
    """A server on a free port, ended afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([*command, str(port)], env=os.environ | environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                get(port, "/api/tags")
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def make_files(site: Path) -> list[str]:
    """Files as those of a page, and their addresses."""
    (site / "data").mkdir(parents=True)
    for n in range(FILES):
        (site / "data" / f"{n:08x}.js").write_bytes(random.Random(n).randbytes(FILE_BYTES))
    return [f"/data/{n:08x}.js" for n in range(FILES)]


def load(port: int, files: list[str]) -> float:
    """How long a browser would take for *files*, in milliseconds."""
    def run(place: int) -> None:
        with Client(port) as client:
            for path in files[place::BROWSER]:
                status, body = client.get(path)
                assert (status, len(body)) == (200, FILE_BYTES)

    started = time.perf_counter()
    threads = [threading.Thread(target=run, args=(place,)) for place in range(BROWSER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (time.perf_counter() - started) * 1000


def ask_all(port: int, records: list[dict[str, object]], seconds: float, connections: int
            ) -> dict[str, float]:
    """Requests per second of each question."""
    ours = "id" in json.loads(get(port, "/api/images?page_size=1"))["items"][0] and not str(
        json.loads(get(port, "/api/images?page_size=1"))["items"][0]["id"]).isdigit()
    rng = random.Random(3)
    key = "id" if ours else "pk"
    questions: dict[str, Callable[[], str]] = {
        "first page": lambda: "/api/images",
        "detail": lambda: f"/api/images/{rng.choice(records)[key]}",
        "text": lambda: f"/api/images?q={rng.choice(WORDS[20:])}",
        "two tags": lambda: "/api/images?tags=" + ",".join(rng.sample(TAGS, 2)),
        "mixed": lambda: (f"/api/images?q={rng.choice(WORDS[20:])}&tags={rng.choice(TAGS)}"
                          f"&rating_min=2&date_from=2024-0{rng.randint(1, 9)}-01"),
        "tag counts": lambda: "/api/tags",
    }
    return {name: round(rate(port, make, seconds, connections), 1)
            for name, make in questions.items()}


def rate(port: int, make: Callable[[], str], seconds: float, connections: int) -> float:
    """Answers per second over some kept-alive connections."""
    counts = [0] * connections
    started = time.perf_counter()

    def run(place: int) -> None:
        with Client(port) as client:
            while time.perf_counter() - started < seconds:
                status, _ = client.get(make())
                assert status == 200, status
                counts[place] += 1

    threads = [threading.Thread(target=run, args=(place,)) for place in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)


class Client:
    """A kept-alive connection with as little of its own as can be: both share the processors."""

    def __init__(self, port: int) -> None:
        self._host = f"127.0.0.1:{port}"
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())
        got = b""
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += self._receive()
        head = got[:end].lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        body = [got[end + 4:]]
        length -= len(body[0])
        while length > 0:
            body.append(self._receive())
            length -= len(body[-1])
        return int(head[9:12]), b"".join(body)

    def _receive(self) -> bytes:
        part = self._socket.recv(2**18)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part


def get(port: int, path: str) -> bytes:
    """One answer."""
    with Client(port) as client:
        return client.get(path)[1]


if __name__ == "__main__":
    main()
