"""A store of objects on this machine that talks as much of S3 as rclone needs, and can kill."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class ObjectStore:
    """What lies in the buckets, by `bucket/key`, and what was changed in which order."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        #: `PUT` or `DELETE` and the name of each change.
        self.changes: list[tuple[str, str]] = []
        #: Called before (True) and after each change with how many there were.
        self.watch: Callable[[int, bool], None] = lambda number, is_before: None
        self.lock = threading.Lock()
        self.url = ""

    def change(self, method: str, name: str, content: bytes | None) -> None:
        """One change after the other, so that each moment between two can be looked at."""
        with self.lock:
            self.watch(len(self.changes), True)
            self.changes.append((method, name))
            if content is None:
                self.objects.pop(name, None)
            else:
                self.objects[name] = content
            self.watch(len(self.changes), False)

    def listing(self, bucket: str, prefix: str, limit: str) -> str:
        """The objects and folders below *prefix*, no deeper than the next *limit*, as S3 has it."""
        names, folders = set(), set()
        for one in list(self.objects):
            if one.startswith(f"{bucket}/{prefix}"):
                rest = one.partition("/")[2].removeprefix(prefix)
                if limit and limit in rest:
                    folders.add(prefix + rest.partition(limit)[0] + limit)
                else:
                    names.add(prefix + rest)
        return "".join((
            "<ListBucketResult><IsTruncated>false</IsTruncated>",
            *(f"<Contents><Key>{escape(one)}</Key><Size>1</Size>"
              "<LastModified>2000-01-01T00:00:00.000Z</LastModified></Contents>"
              for one in sorted(names)),
            *(f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>"
              for one in sorted(folders)), "</ListBucketResult>"))


def tag(content: bytes) -> str:
    """By which S3 tells contents apart."""
    return f'"{hashlib.md5(content).hexdigest()}"'


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """A store that answers on loopback while the block runs."""
    store = ObjectStore()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: the output of tests is for failures."""

        def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        @property
        def name(self) -> str:
            return unquote(urlsplit(self.path).path).strip("/")

        def do_GET(self) -> None:
            bucket, _, key = self.name.partition("/")
            if not key:
                asked = parse_qs(urlsplit(self.path).query)
                self.answer(200, store.listing(bucket, asked.get("prefix", [""])[0],
                                               asked.get("delimiter", [""])[0]).encode())
            elif self.name in store.objects:
                self.answer(200, store.objects[self.name], ETag=tag(store.objects[self.name]), **{
                    "Content-Type": store.types[self.name],
                    "Last-Modified": "Sat, 01 Jan 2000 00:00:00 GMT"})
            else:
                self.answer(404)

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if len(content) < int(self.headers["Content-Length"]):
                return  # who sent it was killed
            store.types[self.name] = self.headers["Content-Type"]
            store.change("PUT", self.name, content)
            self.answer(200, ETag=tag(content))

        def do_DELETE(self) -> None:
            store.change("DELETE", self.name, None)
            self.answer(204)

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

        def handle_error(self, *_arguments: object) -> None:
            """Say nothing: who is killed closes its connections in the middle."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    store.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
