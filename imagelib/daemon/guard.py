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
from collections.abc import Iterable, Mapping

from imagelib.daemon.errors import ForbiddenError, TooManyAttemptsError, UnauthorizedError

#: Sent with every answer of the daemon.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
        " connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
#: scrypt's cost: 64 MiB and about a tenth of a second.
_SCRYPT = {"n": 2**16, "r": 8, "p": 1, "maxmem": 128 * 2**20}
#: After this many wrong passwords an address waits this many seconds for each further one.
_FREE_ATTEMPTS, _WAIT = 5, 2.0


class Guard:
    """The door of one daemon."""

    def __init__(self, port: int, allow_hosts: Iterable[str] = (), password_hash: str = "") -> None:
        names = [*_LOOPBACK, *(host.lower() for host in allow_hosts)]
        self._hosts = {f"{name}:{port}" for name in names if not _has_port(name)}
        self._hosts |= {name for name in names if _has_port(name)}
        if port in (80, 443):
            self._hosts |= {name for name in names if not _has_port(name)}
        self._password_hash = password_hash
        self._proven: bytes = b""
        self._attempts: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def check(self, method: str, path: str, headers: Mapping[str, str], address: str) -> None:
        """Let the request pass or raise.

        Raises:
            ForbiddenError: the Host is not ours, or another site asks.
            UnauthorizedError, TooManyAttemptsError: a password is set and was not given.
        """
        host = headers.get("host", "").lower()
        if host not in self._hosts:
            raise ForbiddenError(
                f"The name {host[:100]!r} is not one of this daemon's. If it is yours, start it"
                " with --allow-host NAME."
            )
        self._check_origin(method, path, headers, host)
        if self._password_hash:
            self._check_password(headers.get("authorization", ""), address)

    @staticmethod
    def _check_origin(method: str, path: str, headers: Mapping[str, str], host: str) -> None:
        origin = headers.get("origin")
        site = headers.get("sec-fetch-site")
        if origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}"):
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

    def _check_password(self, authorization: str, address: str) -> None:
        given = _basic_password(authorization)
        if given is None:
            raise UnauthorizedError("This library is protected by a password.")
        # scrypt is slow on purpose: what was proven once is remembered as a keyed digest.
        proof = hmac.digest(self._password_hash.encode(), given, "sha256")
        if hmac.compare_digest(proof, self._proven):
            return
        with self._lock:
            failed, last = self._attempts.get(address, (0, 0.0))
            if failed >= _FREE_ATTEMPTS and time.monotonic() - last < _WAIT * (
                failed - _FREE_ATTEMPTS + 1
            ):
                raise TooManyAttemptsError("Too many wrong passwords. Wait a little.")
            if verify_password(given, self._password_hash):
                self._proven = proof
                self._attempts.pop(address, None)
                return
            self._attempts[address] = (failed + 1, time.monotonic())
            if len(self._attempts) > 10_000:
                self._attempts.pop(next(iter(self._attempts)))
        raise UnauthorizedError("The password is wrong.")


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
