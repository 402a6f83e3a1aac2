"""Read a multipart body: one file, and the fields beside it.

The parser is `multipart` by the author of Bottle; Bottle's own answers 500 to
malformed bodies and spends minutes and gigabytes on hostile ones (measured).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import multipart

from imagelib.daemon.errors import (
    LengthRequiredError,
    MalformedError,
    MediaTypeError,
    TooLargeError,
)
from imagelib.daemon.messages import Request, parse_json
from imagelib.errors import InvalidError, UnsupportedTypeError
from imagelib.library.values.registry import FIELDS

FILE_FIELD = "image_file"
_KINDS = {field.name: field.kind for field in FIELDS}
_MAX_FIELDS = 64
#: Fields may be this long together, in bytes; the file counts apart.
MAX_FIELD_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent, still in its temporary place, and what was said of it."""

    stream: IO[bytes]
    name: str
    fields: dict[str, Any]


@contextmanager
def reading_upload(request: Request, limit: int, *, with_fields: bool = True) -> Iterator[Upload]:
    """Read the body of *call*, a file of at most *limit* bytes, and let go of it afterwards.

    Raises:
        MediaTypeError: not multipart/form-data. MalformedError: cut short or damaged.
        TooLargeError: too many bytes. InvalidError: the file or a field is missing or bad.
    """
    kind, options = multipart.parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data":
        raise MediaTypeError("Send the picture as multipart/form-data.")
    boundary = options.get("boundary", "")
    if not 1 <= len(boundary) <= 70:  # RFC 2046
        raise MalformedError("The multipart boundary is missing or longer than 70 characters.")
    if request.length is None:
        raise LengthRequiredError("Say how long the body is: Content-Length is missing.")
    if request.length > limit + MAX_FIELD_BYTES:
        raise TooLargeError(f"The body has {request.length:,} bytes; at most {limit:,} are taken.")
    parts: list[multipart.MultipartPart] = []
    try:
        parser = multipart.MultipartParser(
            request.body, boundary, content_length=request.length, part_limit=_MAX_FIELDS,
            header_limit=8, headersize_limit=8192, spool_limit=256 * 1024,
            memory_limit=MAX_FIELD_BYTES + 256 * 1024, disk_limit=limit,
        )
        for part in parser:
            parts.append(part)
            if part.filename is not None and part.size > limit:
                raise TooLargeError(f"The file has more than the {limit:,} bytes that are taken.")
        request.reserve(sum(part.size for part in parts if part.filename is None))
        yield _sort(parts, with_fields)
    except multipart.ParserLimitReached as error:
        raise TooLargeError(f"The body is too large, or has too many parts: {error}") from error
    except (multipart.MultipartError, UnicodeError) as error:
        raise MalformedError(f"The multipart body is damaged: {error}") from error
    finally:
        for part in parts:
            part.close()


def _sort(parts: list[multipart.MultipartPart], with_fields: bool) -> Upload:
    files = [part for part in parts if part.filename is not None]
    named = [part for part in files if part.name == FILE_FIELD]
    if len(named) != 1 or len(files) != 1:
        raise InvalidError.of(
            FILE_FIELD,
            "one file is needed under this name" if len(named) < 1 else "send one file at a time",
            kind="missing" if not named else "value_error")
    if named[0].headers.get("Content-Transfer-Encoding", "binary").lower() not in (
        "binary", "8bit", "7bit"
    ):
        raise MalformedError("The file is sent in an encoding that HTTP does not have.")
    if named[0].size == 0:
        raise UnsupportedTypeError("The file is empty.")
    fields = _fields([part for part in parts if part.filename is None]) if with_fields else {}
    named[0].file.seek(0)
    return Upload(named[0].file, named[0].filename or "", fields)


def _fields(parts: list[multipart.MultipartPart]) -> dict[str, Any]:
    texts: dict[str, str] = {}
    tags: list[str] = []
    for part in parts:
        text = part.raw.decode("utf-8")
        if part.name == "tags":
            tags += _tags(text)  # as every form with a list sends it: once for each
        elif part.name in texts:
            raise InvalidError.of(part.name, "was sent twice")
        else:
            texts[part.name] = text
    has_tags = any(part.name == "tags" for part in parts)
    if "metadata" in texts:
        if len(texts) > 1 or has_tags:
            raise InvalidError.of("metadata", "send either this or plain fields, not both")
        value = parse_json(texts["metadata"])
        if not isinstance(value, dict):
            raise InvalidError.of("metadata", "should be a JSON object", kind="dict_type")
        return value
    fields = {name: _value(name, text) for name, text in texts.items()}
    return fields | {"tags": tags} if has_tags else fields


def _tags(text: str) -> Any:
    """One field of tags: a JSON list, or names with commas between them."""
    if not text.lstrip().startswith(("[", "{")):
        return [tag for tag in text.split(",") if tag.strip()]
    value = parse_json(text)
    if not isinstance(value, list):
        raise InvalidError.of("tags", "should be a list of tags", kind="list_type")
    return value


def _value(name: str, text: str) -> Any:
    """A form knows only text: make of it what the field wants; checks come later."""
    kind = _KINDS.get(name)
    if kind in ("json", "date", "rating") and not text.strip():
        return None
    return parse_json(text) if kind == "json" else text
