"""Who may ask: every request passes here before anything of it is read.

The owner's browser is not to be trusted with the owner's library: any page in
it can send requests to localhost. A page behind DNS rebinding sends its own
name as Host, so only names that we know are answered; any other page sends a
foreign Origin or Sec-Fetch-Site. Where a browser sends neither (an address
typed by hand, curl), there is no other page to defend against.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Set

from imagelib.daemon.errors import ForbiddenError, TooManyAttemptsError, UnauthorizedError

#: Sent with every answer of the daemon.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
        " media-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
#: scrypt's cost: 64 MiB and about a tenth of a second.
_SCRYPT = {"n": 2**16, "r": 8, "p": 1, "maxmem": 128 * 2**20}
#: After this many wrong passwords in a row an address is told to slow down.
_FREE_ATTEMPTS = 5
#: After so many from all addresses together, each further wrong one keeps the next check waiting
#: for so many seconds: two guesses a second, whatever address they seem to come from.
_FREE_FOR_ALL, _PAUSE = 20, 0.4
#: So many wrong passwords are known again without checking them.
_REMEMBERED = 1000


class Guard:
    """The door of one daemon on *port*.

    *own* are the addresses that it is bound to, *allow_hosts* further names under which browsers
    reach it, perhaps through a proxy with TLS.
    """

    def __init__(self, port: int, allow_hosts: Iterable[str] = (), password_hash: str = "", *,
                 own: Iterable[str] = ()) -> None:
        #: Each Host that is ours, with the Origins that our own pages have under it.
        self._origins: dict[str, set[str]] = {}
        for name in (*_LOOPBACK, *own):
            self._know(name.lower(), port, ("http",))
        for name in allow_hosts:
            host, _, given = name.lower().rpartition(":") if _has_port(name) else (name.lower(),
                                                                                    "", "")
            self._know(host, int(given) if given.isdigit() else port, ("http", "https"))
            if not given:
                # What a proxy on the usual port passes on.
                self._origins.setdefault(host, set()).update({f"http://{host}", f"https://{host}"})
        self._password_hash = password_hash
        self._proven: bytes = b""
        self._attempts: OrderedDict[str, int] = OrderedDict()
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        #: One password is checked at a time: it takes memory and a processor.
        self._checking = threading.Lock()
        self._lock = threading.Lock()
        self._failures = 0

    def _know(self, host: str, port: int, schemes: Iterable[str]) -> None:
        named = {f"{host}:{port}"}
        for scheme in schemes:
            bare = {host} if port == _PORTS[scheme] else set()
            for known in named | bare:
                self._origins.setdefault(known, set()).update(
                    f"{scheme}://{name}" for name in named | bare)

    def check(self, method: str, path: str, headers: Mapping[str, str], address: str) -> None:
        """Let the request pass or raise.

        Raises:
            ForbiddenError: the Host is not ours, or another site asks.
            UnauthorizedError, TooManyAttemptsError: a password is set and was not given.
        """
        if not self.admit(method, path, headers):
            self.prove(headers, address)

    def admit(self, method: str, path: str, headers: Mapping[str, str]) -> bool:
        """As `check`, at once: False if a password was given that has to be checked yet."""
        host = headers.get("host", "").lower()
        if host not in self._origins:
            raise ForbiddenError(
                f"The name {host[:100]!r} is not one of this daemon's. If it is yours, start it"
                " with --allow-host NAME."
            )
        self._check_origin(method, path, headers, self._origins[host])
        if not self._password_hash:
            return True
        authorization = headers.get("authorization", "")
        if _basic_password(authorization) is None:
            raise UnauthorizedError("This library is protected by a password.")
        return self.is_proven(authorization)

    @staticmethod
    def _check_origin(method: str, path: str, headers: Mapping[str, str],
                      ours: Set[str]) -> None:
        origin = headers.get("origin")
        site = headers.get("sec-fetch-site")
        if origin is not None and origin.lower() not in ours:
            raise ForbiddenError("Another site asked. Open the gallery in a tab of its own.")
        if site in (None, "same-origin", "none"):
            return
        # A link on another page may lead to the gallery, as long as it only shows a page.
        top_level = (headers.get("sec-fetch-mode") == "navigate"
                     and headers.get("sec-fetch-dest") == "document")
        is_page = path in ("/", "/index.html") or path.startswith("/image/")
        if method in ("GET", "HEAD") and top_level and is_page and site in (
            "cross-site", "same-site"
        ):
            return
        raise ForbiddenError("Another site asked. Open the gallery in a tab of its own.")

    def is_proven(self, authorization: str) -> bool:
        """Whether no password is needed, or this one was found right before."""
        if not self._password_hash:
            return True
        given = _basic_password(authorization)
        return given is not None and hmac.compare_digest(self._proof(given), self._proven)

    def prove(self, headers: Mapping[str, str], address: str) -> None:
        """Check the password of a request; takes a tenth of a second, and waits its turn.

        The right one is always let in: behind a proxy everybody has one address, and a stranger
        who guesses must not keep the owner out. What slows guessing is that it takes turns.

        Raises:
            UnauthorizedError, TooManyAttemptsError: it is wrong.
        """
        given = _basic_password(headers.get("authorization", "")) or b""
        # scrypt is slow on purpose: what was found once is remembered as a keyed digest.
        proof = self._proof(given)
        if proof not in self._wrong:
            with self._checking:
                if hmac.compare_digest(proof, self._proven):
                    return
                if verify_password(given, self._password_hash):
                    self._proven = proof
                    self._failures = 0
                    with self._lock:
                        self._attempts.pop(address, None)
                    return
                self._failures += 1
                if self._failures > _FREE_FOR_ALL:
                    time.sleep(_PAUSE)
        with self._lock:
            failed = self._attempts.get(address, 0) + 1
            self._attempts[address] = failed
            self._wrong[proof] = None
            for kept, most in ((self._attempts, 10_000), (self._wrong, _REMEMBERED)):
                if len(kept) > most:
                    kept.popitem(last=False)
        if failed > _FREE_ATTEMPTS:
            raise TooManyAttemptsError("Too many wrong passwords. Wait a little.")
        raise UnauthorizedError("The password is wrong.")

    def _proof(self, given: bytes) -> bytes:
        return hmac.digest(self._password_hash.encode(), given, "sha256")


def hash_password(password: str) -> str:
    """What to keep in `imagelib.toml` for *password*: scrypt with a salt of its own."""
    salt = os.urandom(16)
    key = hashlib.scrypt(password.encode(), salt=salt, dklen=32, **_SCRYPT)
    return f"scrypt:{salt.hex()}:{key.hex()}"


def verify_password(password: bytes, kept: str) -> bool:
    """Whether *kept* was made from *password*; takes equally long for every wrong one."""
    try:
        kind, salt, key = kept.split(":")
        expected = bytes.fromhex(key)
        found = hashlib.scrypt(password, salt=bytes.fromhex(salt), dklen=32, **_SCRYPT)
    except ValueError:
        return False
    return kind == "scrypt" and hmac.compare_digest(found, expected)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a daemon bound to *host*."""
    return host in ("localhost", "::1", "127.0.0.1")


def _has_port(name: str) -> bool:
    return name.rpartition("]")[2].count(":") == 1


def _basic_password(authorization: str) -> bytes | None:
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        return base64.b64decode(token.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return None
