"""A server of plain files, as any web space is one."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Say nothing: the output of tests is for failures."""


class _Server(ThreadingHTTPServer):
    #: A browser opens more at a time than the five that wait by default; what does not fit is lost,
    #: and asked for again after seconds.
    request_queue_size = 128

    def handle_error(self, *_arguments: object) -> None:
        """Say nothing: a page that is left closes its connections in the middle."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address under which *folder* is served while the block runs."""
    server = _Server(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
