"""Errors that only HTTP has, and how every error is told: RFC 9457 problem documents."""

from __future__ import annotations

import json
from typing import Any

from imagelib.errors import ImagelibError, InvalidError, LockedError, StaleError


class MalformedError(ImagelibError):
    """The request cannot be read."""

    http_status = 400
    title = "Malformed request"


class UnauthorizedError(ImagelibError):
    """A password is needed."""

    http_status = 401
    title = "Password needed"


class ForbiddenError(ImagelibError):
    """The request comes from, or names, somebody we do not know."""

    http_status = 403
    title = "Not allowed"


class MethodError(ImagelibError):
    """The address does not take this method; `allow` names those it takes."""

    http_status = 405
    title = "Method not allowed"

    def __init__(self, message: str, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


class LengthRequiredError(ImagelibError):
    """The body has no length."""

    http_status = 411
    title = "Length required"


class TooLargeError(ImagelibError):
    """The body has too many bytes."""

    http_status = 413
    title = "Too large"


class MediaTypeError(ImagelibError):
    """The body is sent as a type that the address does not take."""

    http_status = 415
    title = "Unsupported media type"


class TooManyAttemptsError(ImagelibError):
    """Wrong passwords came too fast from one address."""

    http_status = 429
    title = "Too many attempts"


class NotBuiltError(LockedError):
    """The site is being built for the first time."""

    title = "The gallery is being built"


def problem(error: ImagelibError, record: Any = None) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers for *error*; *record* is what a 412 shows as current."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.http_status,
        "detail": str(error),
    }
    if isinstance(error, InvalidError) and error.errors:
        # The list that FastAPI clients know; a text besides, for people.
        document |= {"detail": error.errors, "errors": error.errors, "message": str(error)}
    elif error.http_status == 422:
        document["detail"] = [{"loc": ["body"], "msg": str(error), "type": "value_error"}]
    headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
    if isinstance(error, StaleError):
        document["current"] = record
    if isinstance(error, LockedError):
        headers["Retry-After"] = "2"
    if isinstance(error, TooManyAttemptsError):
        headers["Retry-After"] = "10"
    if isinstance(error, MethodError):
        headers["Allow"] = error.allow
    if isinstance(error, UnauthorizedError):
        headers["WWW-Authenticate"] = 'Basic realm="imagelib", charset="UTF-8"'
    return error.http_status, json.dumps(document).encode(), headers
