"""The errors that are meant for the person at the keyboard.

Every class carries the HTTP status that the daemon answers with and the exit
code of the command line, so that neither has a table of its own. The text says
what went wrong, why, and what to do next.

ImagelibError                    500, 1
├── InvalidError                 422, 2   a value that the library does not take
│   ├── BrokenPictureError       422, 1   bytes that cannot be decoded, or are too large to be
│   ├── UnsupportedTypeError     415, 1   not one of the image types we keep
│   └── RefusedError             422, 1   a picture that cannot be cleaned for publication
├── NotFoundError                404, 3
├── ConflictError                409, 1
│   └── StaleError               412, 1   somebody else was faster; carries the current record
├── LockedError                  503, 5   another program holds the library or its database
│   └── BusyError                503, 5   too much is asked for at once; later it would be taken
├── DiskFullError                507, 1
├── NotALibraryError             404, 2
├── LibraryFaultError            503, 1   the database is damaged, or from the future
└── DerivativeError              422, 1   a thumbnail could not be made
"""

from __future__ import annotations

from typing import Any


class ImagelibError(Exception):
    """Base of all errors whose text is meant to be read by a user."""

    http_status = 500
    exit_code = 1
    title = "Something went wrong"


class InvalidError(ImagelibError):
    """Values that cannot be taken; `errors` names each bad field at once."""

    http_status = 422
    exit_code = 2
    title = "Invalid value"

    def __init__(self, message: str, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or []

    @classmethod
    def of(cls, field: str, message: str, *, where: str = "body", kind: str = "value_error",
           **more: Any) -> InvalidError:
        """One bad *field*, in the shape that FastAPI clients know."""
        return cls(f"{field}: {message}",
                   [{"loc": [where, field], "msg": message, "type": kind, **more}])


class BrokenPictureError(InvalidError):
    """The bytes claim to be an image but cannot be decoded whole."""

    exit_code = 1
    title = "Broken picture"


class UnsupportedTypeError(InvalidError):
    """The bytes are of none of the types in `imagelib.formats`."""

    http_status = 415
    exit_code = 1
    title = "Not an image type we keep"


class MissingExtraError(UnsupportedTypeError):
    """The bytes are of a type that is read with a package besides, which is not installed here."""

    title = "A package is missing"


class RefusedError(InvalidError):
    """The bytes cannot be cleaned: they are broken, or nobody can say what is in them."""

    exit_code = 1
    title = "Cannot be cleaned"


class NotFoundError(ImagelibError):
    """There is no such image, tag, search or batch."""

    http_status = 404
    exit_code = 3
    title = "Not found"


class ConflictError(ImagelibError):
    """The change collides with what is there."""

    http_status = 409
    title = "Conflict"


class StaleError(ConflictError):
    """The image was changed meanwhile; `current` is its record now."""

    http_status = 412
    title = "Changed meanwhile"

    def __init__(self, message: str, current: Any) -> None:
        super().__init__(message)
        self.current = current


class LockedError(ImagelibError):
    """Another process holds the library, or its database, right now."""

    http_status = 503
    exit_code = 5
    title = "Locked"


class BusyError(LockedError):
    """What was asked for takes a turn that did not come soon enough; asked again, it may."""

    title = "Busy"


class DiskFullError(ImagelibError):
    """No space is left for what should be written; nothing was changed."""

    http_status = 507
    title = "Disk full"


class NotALibraryError(ImagelibError):
    """The folder holds no library."""

    http_status = 404
    exit_code = 2
    title = "No library here"


class LibraryFaultError(ImagelibError):
    """The database is damaged, missing under a full folder, or from a newer version."""

    http_status = 503
    title = "The library cannot be opened"


class DerivativeError(ImagelibError):
    """A derivative could not be rendered; the old one stays."""

    http_status = 422
    title = "No derivative"
