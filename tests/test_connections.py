"""Connections: refused by the head, bounded in number, and none keeps others out."""

from __future__ import annotations

import base64
import http.client
import socket
import time
from queue import SimpleQueue
from types import SimpleNamespace

import pytest
from helpers import Daemon, draw, wait_for
from waitress.adjustments import Adjustments

from imagelib.daemon.channels import AT_ONCE, Channel, Dispatcher, _Proof
from imagelib.daemon.guard import hash_password
from imagelib.library.library import Library

BODY = 60 * 2**20


def head(daemon: Daemon, method: str, path: str, length: int = BODY, **headers: str) -> bytes:
    lines = {"Host": f"127.0.0.1:{daemon.port}", "Content-Length": str(length),
             "Content-Type": "multipart/form-data; boundary=XX",
             **{name.replace("_", "-"): value for name, value in headers.items()}}
    return (f"{method} {path} HTTP/1.1\r\n"
            + "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
            + "\r\n").encode()


def first_line(raw: socket.socket) -> str:
    raw.settimeout(10)
    return raw.recv(65536).split(b"\r\n", 1)[0].decode()


@pytest.mark.parametrize(("method", "path", "headers", "status"), [
    ("POST", "/api/images", {"Host": "evil.test"}, 403),
    ("POST", "/api/images", {"Origin": "https://evil.test"}, 403),
    ("PUT", "/api/images/x", {"Sec_Fetch_Site": "cross-site"}, 403),
    ("POST", "/api/undo", {}, 413), ("PATCH", "/api/images/x", {}, 413),
    ("POST", "/nowhere", {}, 413), ("DELETE", "/api/trash", {}, 413), ("GET", "/", {}, 413)])
def test_a_refused_body_is_not_waited_for(daemon, method, path, headers, status):
    with socket.create_connection(("127.0.0.1", daemon.port)) as raw:
        raw.sendall(head(daemon, method, path, **headers) + b"--XX\r\n")
        assert f" {status} " in first_line(raw)


def test_a_refused_client_that_goes_on_sending_is_cut_off(daemon):
    sent, is_cut_off = 0, False
    with socket.create_connection(("127.0.0.1", daemon.port)) as raw:
        raw.settimeout(10)
        raw.sendall(head(daemon, "POST", "/api/images", Origin="null"))
        try:
            while sent < BODY:
                sent += raw.send(bytes(2**16))
        except OSError:  # a reset or a broken pipe, as it happens
            is_cut_off = True
    assert is_cut_off
    assert daemon.get("/api/status").status == 200


def test_a_body_in_chunks_ends_where_the_route_has_had_enough(daemon):
    with socket.create_connection(("127.0.0.1", daemon.port)) as raw:
        raw.sendall(head(daemon, "POST", "/api/undo", Content_Length="",
                         Transfer_Encoding="chunked"))
        try:
            for _ in range(40):
                raw.sendall(b"80000\r\n" + bytes(0x80000) + b"\r\n")
        except OSError:
            return  # cut off in the middle is as good
        assert " 413 " in first_line(raw)


@pytest.fixture
def guarded(tmp_path):
    with Library.create(tmp_path / "l") as library:
        (library.root / "imagelib.toml").write_text(
            f'[serve]\npassword_hash = "{hash_password("sesame")}"\n')
    daemon = Daemon(tmp_path / "l", "--no-watch")
    yield daemon
    daemon.stop()


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"me:{password}".encode()).decode()


@pytest.mark.parametrize("authorization", ["", "Bearer x", basic("wrong")])
def test_a_body_without_the_password_is_not_waited_for(guarded, authorization):
    with socket.create_connection(("127.0.0.1", guarded.port)) as raw:
        raw.sendall(head(guarded, "POST", "/api/images", Authorization=authorization) + b"--XX")
        assert " 401 " in first_line(raw)


def test_a_body_with_the_password_comes_after_it_is_proven(guarded, tmp_path):
    content = draw(tmp_path / "a.png", (900, 700)).read_bytes() + bytes(10**6)
    for expect in ("", "100-continue"):
        with socket.create_connection(("127.0.0.1", guarded.port)) as raw:
            body = (b'--XX\r\nContent-Disposition: form-data; name="image_file"; filename="a.png"'
                    b"\r\n\r\n" + content + b"\r\n--XX--\r\n")
            raw.sendall(head(guarded, "POST", "/api/images", len(body), Expect=expect,
                             Authorization=basic("sesame")))
            if expect:
                assert " 100 " in first_line(raw)
            raw.sendall(body)
            assert first_line(raw).split()[1] in ("200", "201")


def test_strangers_who_guess_do_not_keep_the_owner_out(guarded):
    for number in range(9):
        answer = guarded.get("/api/status") if number % 3 == 2 else guarded.ask(
            "GET", "/api/status", headers={"Authorization": basic(f"guess {number}")})
        assert answer.status in (401, 429)
    assert guarded.ask("GET", "/api/status",
                       headers={"Authorization": basic("sesame")}).status == 200


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost:",
                                  b"POST /api/images HTTP/1.1\r\n"])
def test_a_thousand_connections_that_say_nothing_keep_nobody_away(daemon, said):
    open_ones = []
    try:
        for _ in range(1000):
            raw = socket.create_connection(("127.0.0.1", daemon.port), timeout=10)
            open_ones.append(raw)
            raw.sendall(said)
        for _ in range(5):
            assert daemon.get("/api/status").status == 200
    finally:
        for raw in open_ones:
            raw.close()


def test_who_does_not_take_the_answer_holds_up_nobody(daemon, tmp_path):
    daemon.upload(draw(tmp_path / "a.png"), notes="x" * 190_000)
    daemon.wait_built()
    idle = []
    try:
        for _ in range(12):
            raw = socket.create_connection(("127.0.0.1", daemon.port))
            idle.append(raw)
            raw.sendall(head(daemon, "GET", "/api/export", 0))
        assert daemon.get("/api/status").status == 200
        assert daemon.ask("POST", "/api/rebuild").status == 202
    finally:
        for raw in idle:
            raw.close()


def test_who_asks_for_much_at_once_and_takes_none_of_it_holds_up_nobody(daemon):
    large = daemon.root / "site" / "data" / "0123456789abcdef.js"
    large.parent.mkdir(parents=True, exist_ok=True)
    with large.open("wb") as stream:
        stream.truncate(40 * 2**20)  # more than a connection keeps, and than the network takes
    idle = []
    try:
        for _ in range(3):
            raw = socket.create_connection(("127.0.0.1", daemon.port))
            idle.append(raw)
            raw.sendall(head(daemon, "GET", f"/data/{large.name}", 0) * 4)
        for _ in range(3):
            assert daemon.get("/api/status").status == 200
            assert daemon.get("/data/no-such-file.js").status == 404
    finally:
        for raw in idle:
            raw.close()


def test_a_password_that_is_proven_while_its_proof_waits_ends_no_connection():
    door = SimpleNamespace(lane_of=lambda head, query: AT_ONCE)
    dispatcher = Dispatcher({None: 1}, lambda: door)
    proven = SimpleQueue()
    request = SimpleNamespace(command="GET", path="/", headers={}, query="", error=None)
    channel = SimpleNamespace(
        addr=("127.0.0.1", 1), proved=lambda request, error: proven.put(error),
        server=SimpleNamespace(doorkeeper=SimpleNamespace(prove=lambda head: None)))
    try:
        dispatcher.add_task(_Proof(channel, request))
        assert proven.get(timeout=10) is None
    finally:
        dispatcher.shutdown()


def test_the_loop_leaves_an_answer_to_the_thread_that_makes_it():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = SimpleNamespace(active_channels={})
        channel = Channel(server, ours, ("127.0.0.1", 1), Adjustments(), {})
        assert not channel.writable()
        channel.total_outbufs_len = 100
        assert channel.writable()  # nobody else sends it
        channel.requests = ["a request that is being answered"]
        assert not channel.writable()
        channel.total_outbufs_len = 2**20  # more than the network took from the thread
        assert channel.writable()
        channel.total_outbufs_len, channel.will_close = 0, True
        assert channel.writable()


def test_connections_are_used_again_and_closed_ones_forgotten(daemon):
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=10)
    connection.connect()
    raw = connection.sock
    for _ in range(3):
        connection.request("GET", "/api/tags")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"[]")
        assert connection.sock is raw
        time.sleep(0.1)
    connection.close()
    assert wait_for(lambda: daemon.get("/api/status").status == 200)
