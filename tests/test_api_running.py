"""A daemon that is locked out, stopped, killed, or not alone; and what its log says."""

from __future__ import annotations

import signal
import sqlite3

import pytest
from helpers import Daemon, draw, fill, wait_for
from prefork import imagelib

from imagelib.library.library import Library


def test_a_locked_database_is_503_with_retry_after(daemon, picture):
    record = daemon.upload(picture).json
    other = sqlite3.connect(daemon.root / "library.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        answer = daemon.ask("PUT", f"/api/images/{record['id']}", json_body={"rating": 1})
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
        assert daemon.get("/api/images").status == 200
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert daemon.ask("PUT", f"/api/images/{record['id']}", json_body={"rating": 1}).status == 200


def test_a_second_daemon_is_kept_out_and_told_of_the_first(daemon):
    done = imagelib("-L", daemon.root, "serve", "--port", "0", "--no-open", timeout=30)
    assert done.returncode == 5
    assert str(daemon.process.pid) in done.stderr
    assert str(daemon.port) in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_in_order(daemon, picture, number):
    daemon.upload(picture)
    assert daemon.stop(number) == 0
    with Library.open(daemon.root) as library:
        assert library.count() == 1


def test_the_log_tells_of_events_and_never_of_prompts(daemon, picture):
    record = daemon.upload(picture).json
    daemon.ask("PUT", f"/api/images/{record['id']}", json_body={"prompt_text": "very private"})
    daemon.ask("GET", "/", headers={"Host": "evil.test"})
    daemon.stop()

    log = (daemon.root / ".imagelib" / "log" / "daemon.log").read_text()
    assert f"upload image={record['id']}" in log
    assert "edit image=" in log
    assert "refusal" in log
    assert "private" not in log
    assert "red fox" not in log


def test_what_was_answered_survives_kill_9(daemon, tmp_path):
    ids = [daemon.upload(draw(tmp_path / f"{n}.png")).json["id"] for n in range(5)]
    daemon.ask("PUT", f"/api/images/{ids[0]}", json_body={"rating": 5})
    daemon.ask("DELETE", f"/api/images/{ids[1]}")
    daemon.stop(signal.SIGKILL)

    again = Daemon(daemon.root)
    try:
        assert again.get("/api/status").json["images"] == 4
        assert again.get(f"/api/images/{ids[0]}").json["rating"] == 5
        assert wait_for(lambda: again.get("/").status == 200)
    finally:
        again.stop()


def test_a_signal_breaks_a_long_build_off_and_the_next_start_goes_on(tmp_path):
    with Library.create(tmp_path / "l") as library:
        fill(library, 1500)
    daemon = Daemon(tmp_path / "l", "--no-watch")
    assert wait_for(lambda: daemon.get("/api/status").json["build"]["progress"], 20)
    assert daemon.stop() == 0  # which waits less than the whole build would take
    again = Daemon(tmp_path / "l", "--no-watch")
    try:
        again.wait_built(60)
        assert again.get("/").status == 200
    finally:
        again.stop()
