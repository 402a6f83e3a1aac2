"""Response with a file: as much of it as is asked for, or that the asker has it already.

RFC 9110: entity tags are quoted and strong, one range is answered, a range behind the
end is 416, and what cannot be read as one range is as if it were not there. A text may be
sent packed by gzip, which is another representation, with a tag of its own.
"""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Mapping
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from typing import IO

_RANGE = re.compile(r"bytes=[ \t]*(\d{0,4000})-(\d{0,4000})[ \t]*", re.ASCII | re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?("[^"]*")')
#: gzip is taken, unless its weight is zero.
_TAKES_GZIP = re.compile(
    r"(?:^|,)[ \t]*gzip[ \t]*(?:;[ \t]*q=(?!0(?:\.0*)?[ \t]*(?:,|$))[^,]*)?(?:,|$)", re.ASCII)
#: The quickest of gzip's levels packs what the gallery loads to less than half.
_LEVEL = 1


def takes_gzip(headers: Mapping[str, str]) -> bool:
    """Whether who sent *headers* (names in lower case) takes a body that is packed by gzip."""
    return _TAKES_GZIP.search(headers.get("accept-encoding", "").lower()) is not None


def answer_packed(path: Path, method: str, headers: Mapping[str, str]
                  ) -> tuple[int, dict[str, str], bytes]:
    """The same as `answer_file`, packed by gzip and always whole.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        stat = os.fstat(stream.fileno())
        tag = f'"{_look(stat)}-gzip"'
        more = {"ETag": tag, "Last-Modified": formatdate(stat.st_mtime, usegmt=True),
                "Vary": "Accept-Encoding"}
        if _is_known(headers, tag, stat.st_mtime):
            return 304, more, b""
        content, packed = pack(stream.read())
    more |= packed | {"Content-Length": str(len(content))}
    return 200, more, b"" if method == "HEAD" else content


def pack(content: bytes) -> tuple[bytes, dict[str, str]]:
    """*content* as gzip has it, and the headers that say so."""
    return gzip.compress(content, _LEVEL, mtime=0), {
        "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}


def answer_file(path: Path, method: str, headers: Mapping[str, str]
                ) -> tuple[int, dict[str, str], bytes | IO[bytes]]:
    """Status, headers and body for a GET or HEAD of the file at *path*.

    Names of *headers* are in lower case. An open file as the body is sent from where it stands,
    as many bytes as Content-Length says. The type is left to the caller.

    Raises:
        OSError: it cannot be read.
    """
    stream = path.open("rb")
    stat = os.fstat(stream.fileno())
    size, date = stat.st_size, formatdate(stat.st_mtime, usegmt=True)
    tag = f'"{_look(stat)}"'
    more = {"ETag": tag, "Last-Modified": date, "Accept-Ranges": "bytes"}
    part = _part(headers.get("range", ""), size) if method == "GET" else None
    if part is not None and headers.get("if-range", tag).strip() not in (tag, date):
        part = None  # the asker has a piece of another file
    first, end = part or (0, size)
    status = 200 if part is None else 206
    if _is_known(headers, tag, stat.st_mtime):
        status = 304
    elif part is not None and first >= end:
        status, more["Content-Range"], more["Content-Length"] = 416, f"bytes */{size}", "0"
    else:
        more["Content-Length"] = str(end - first)
        if part is not None:
            more["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
    if method == "HEAD" or status in (304, 416) or first == end:
        stream.close()
        return status, more, b""
    stream.seek(first)
    return status, more, stream


def _look(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}-{stat.st_ino:x}"


def _part(text: str, size: int) -> tuple[int, int] | None:
    """The bytes from, up to not including, that a Range asks of *size*; None: all of them.

    Nothing is left of a range that lies behind the end.
    """
    found = _RANGE.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found[1], found[2]
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return int(first), min(size, int(last) + 1) if last else size


def _is_known(headers: Mapping[str, str], tag: str, mtime: float) -> bool:
    """Whether the asker has the file as it is. A date counts only where no tag is given."""
    if (tags := headers.get("if-none-match")) is not None:
        return tags.strip() == "*" or tag in _TAG.findall(tags)
    try:
        since = parsedate_to_datetime(headers.get("if-modified-since", "")).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return False
    return int(mtime) <= since
