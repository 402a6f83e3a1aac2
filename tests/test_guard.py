"""The door: exact Hosts, origins, passwords."""

from __future__ import annotations

import base64

import pytest

from imagelib.daemon.errors import ForbiddenError, TooManyAttemptsError, UnauthorizedError
from imagelib.daemon.guard import Guard, hash_password, verify_password


def check(guard: Guard, method: str = "GET", path: str = "/api/images", **headers: str) -> None:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    guard.check(method, path, {"host": "localhost:8765", **sent}, "127.0.0.1")


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1:8765", "[::1]:8765",
                                  "LOCALHOST:8765", "nas.lan:8765", "proxy.example:443"])
def test_our_own_names_are_answered(host):
    check(Guard(8765, ["nas.lan", "proxy.example:443"]), host=host)


@pytest.mark.parametrize("host", [
    "", "localhost", "localhost:80", "evil.test:8765", "localhost.:8765", "127.0.0.1:87650",
    "127.0.0.2:8765", "0.0.0.0:8765", "localhost:8765@evil.test", "localhost:8765, evil.test",
    "[::1]", "::1:8765", " localhost:8765"])
def test_every_other_name_is_refused(host):
    with pytest.raises(ForbiddenError):
        check(Guard(8765), host=host)


@pytest.mark.parametrize("headers", [
    {"origin": "http://localhost:8765", "sec_fetch_site": "same-origin"},
    {"sec_fetch_site": "none"}, {}])
def test_our_own_page_and_tools_may_do_anything(headers):
    check(Guard(8765), "POST", **headers)


@pytest.mark.parametrize("headers", [
    {"origin": "http://localhost:8766"}, {"origin": "http://localhost:8765.evil.test"},
    {"origin": "null"}, {"origin": ""}, {"origin": "http://127.0.0.1:8765"},
    {"sec_fetch_site": "same-site"}, {"sec_fetch_site": "cross-site"}, {"sec_fetch_site": ""},
    {"origin": "http://localhost:8765", "sec_fetch_site": "cross-site"}])
def test_other_pages_may_do_nothing(headers):
    with pytest.raises(ForbiddenError):
        check(Guard(8765), "POST", **headers)


def test_a_navigation_from_elsewhere_may_only_show_a_page():
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate",
            "sec_fetch_dest": "document"}
    check(Guard(8765), "GET", "/", **link)
    check(Guard(8765), "GET", "/image/x.html", **link)
    for method, path in (("POST", "/"), ("GET", "/api/export"), ("GET", "/images/x.png")):
        with pytest.raises(ForbiddenError):
            check(Guard(8765), method, path, **link)


def test_a_password_is_kept_as_a_salted_hash():
    kept = hash_password("päss:wörd")
    assert kept != hash_password("päss:wörd")
    assert "päss" not in kept
    assert verify_password("päss:wörd".encode(), kept)
    assert not verify_password(b"other", kept)
    assert not verify_password(b"x", "no hash at all")


def test_a_password_is_demanded_and_guesses_are_slowed():
    guard = Guard(8765, password_hash=hash_password("right"))

    def ask(password: str) -> None:
        token = base64.b64encode(f"me:{password}".encode()).decode()
        check(guard, authorization=f"Basic {token}")

    for bad in ("", "Bearer x", "Basic !!!"):
        with pytest.raises(UnauthorizedError):
            check(guard, authorization=bad)
    for _ in range(5):
        with pytest.raises(UnauthorizedError):
            ask("wrong")
    with pytest.raises(TooManyAttemptsError):
        ask("wrong again")
    ask("right")  # behind a proxy a stranger's guesses come from the owner's address


def test_guessing_takes_its_time_and_never_keeps_the_owner_out():
    guard = Guard(8765, password_hash=hash_password("right"))

    def ask(password: str, address: str) -> None:
        token = base64.b64encode(f"me:{password}".encode()).decode()
        guard.check("GET", "/", {"host": "localhost:8765", "authorization": f"Basic {token}"},
                    address)

    for number in range(6):
        with pytest.raises((UnauthorizedError, TooManyAttemptsError)):
            ask(f"guess {number}", f"10.0.0.{number}")
        with pytest.raises((UnauthorizedError, TooManyAttemptsError)):
            ask("the same", "10.0.1.1")
    ask("right", "10.0.1.1")
    assert guard.is_proven("Basic " + base64.b64encode(b"anybody:right").decode())
    assert not guard.is_proven("Basic " + base64.b64encode(b"me:the same").decode())


@pytest.mark.parametrize("origin", [
    "https://localhost:8765", "https://127.0.0.1:8765", "http://localhost", "ftp://localhost:8765",
    "localhost:8765", "http://localhost:8765/", "http://localhost:08765", "file://", "NULL"])
def test_a_page_of_another_scheme_or_port_is_another_page(origin):
    with pytest.raises(ForbiddenError):
        check(Guard(8765), "POST", origin=origin)


@pytest.mark.parametrize(("host", "origin"), [
    ("nas.lan", "https://nas.lan"), ("nas.lan:8765", "https://nas.lan:8765"),
    ("nas.lan:8765", "http://nas.lan:8765"), ("pics.example", "https://pics.example"),
    ("pics.example:443", "https://pics.example"), ("box:8443", "https://box:8443")])
def test_a_name_that_the_owner_gives_may_be_that_of_a_proxy_with_tls(host, origin):
    guard = Guard(8765, ["nas.lan", "pics.example:443", "box:8443"])
    check(guard, "POST", host=host, origin=origin)
    for other in ("https://evil.test", "null", origin + "1", "https://localhost:8765"):
        with pytest.raises(ForbiddenError):
            check(guard, "POST", host=host, origin=other)


def test_the_address_that_the_daemon_is_bound_to_has_no_tls():
    guard = Guard(8765, own=["192.168.1.5"])
    check(guard, "POST", host="192.168.1.5:8765", origin="http://192.168.1.5:8765")
    with pytest.raises(ForbiddenError):
        check(guard, "POST", host="192.168.1.5:8765", origin="https://192.168.1.5:8765")
