"""Connections that take their time are closed, and those at work are let be: a server in this
process, whose limits are short."""

from __future__ import annotations

import socket
import threading

import pytest
from helpers import draw, wait_for

from imagelib.daemon import channels
from imagelib.daemon.app import make_app
from imagelib.daemon.guard import Guard
from imagelib.daemon.server import _close, listen
from imagelib.daemon.service import Service


@pytest.fixture
def server(library):
    """A server over *library*, and a function that opens a connection and says something."""
    opened = listen("127.0.0.1", 0, 2**20)
    port = int(opened.effective_port)
    opened.adj.cleanup_interval = 0.05
    opened.application = opened.doorkeeper = make_app(Service(library), Guard(port))
    loop = threading.Thread(target=opened.run)
    loop.start()
    sockets = []

    def say(text: str = "", path: str = "") -> socket.socket:
        raw = socket.create_connection(("127.0.0.1", port), timeout=10)
        sockets.append(raw)
        text = text or (f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n"
                        "Connection: close\r\n\r\n" if path else "")
        raw.sendall(text.encode())
        return raw

    yield opened, say
    for raw in sockets:
        raw.close()
    assert loop.is_alive(), "it goes on, whatever becomes of connections"
    _close(opened, loop)


@pytest.mark.parametrize("said", ["GET / HTTP/1.1\r\nHos", "POST /api/images HTTP/1.1\r\n"])
def test_a_head_that_does_not_end_is_not_waited_for(server, monkeypatch, said):
    monkeypatch.setattr(channels, "_HEAD_SECONDS", 0.1)
    _, say = server
    assert say(said).recv(100) == b""


@pytest.mark.parametrize("said", [b"", b"GET /api/tags HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_a_connection_that_is_kept_for_nothing_is_closed_and_others_are_answered(server, said):
    opened, say = server
    raw = say(said.decode())
    received = raw.recv(100) if said else b""
    opened.adj.channel_timeout = 0.1
    while part := raw.recv(1000):
        received += part
    assert received.startswith(b"HTTP/1.1 ") is bool(said)
    assert b" 200 " in say(path="/api/status").recv(100)


def test_an_answer_that_nobody_takes_is_given_up(server, library, tmp_path, monkeypatch):
    large = draw(tmp_path / "large.png")
    large.write_bytes(large.read_bytes() + bytes(30 * 2**20))
    image = library.add(large).image
    monkeypatch.setattr(channels, "_STUCK_SECONDS", 0.1)
    opened, say = server
    say(path=f"/images/{image.file_name}")
    assert wait_for(lambda: opened.active_channels)
    assert wait_for(lambda: not opened.active_channels)


def test_who_is_being_answered_gives_way_to_nobody(server, monkeypatch):
    monkeypatch.setattr(channels, "CONNECTIONS", 2)
    opened, say = server
    begun, go_on, whole = threading.Semaphore(0), threading.Event(), opened.application

    def slowly(environ, start):
        if environ["PATH_INFO"] == "/api/tags":
            begun.release()
            go_on.wait(20)
        return whole(environ, start)

    opened.application = slowly
    waiting = [say(path="/api/tags"), say(path="/api/tags")]
    assert all(begun.acquire(timeout=10) for _ in waiting)
    for _ in range(3):  # one too many, and nobody is idle but the new one
        assert b" 200 " in say(path="/api/status").recv(100)
    assert wait_for(lambda: len(opened.active_channels) == 2)
    idle = say()
    assert wait_for(lambda: len(opened.active_channels) == 3)
    assert b" 200 " in say(path="/api/status").recv(100)
    assert idle.recv(100) == b"", "the idle one gave way"
    go_on.set()
    assert all(b" 200 " in raw.recv(100) for raw in waiting)
