"""Is what the ledger says of a place what visitors get there? Asked by GET, as they ask."""

from __future__ import annotations

import hashlib
import random
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException
from pathlib import PurePosixPath

from imagelib.config import read_url
from imagelib.errors import ImagelibError, InvalidError
from imagelib.publishing.ledger import Placed

#: Of files whose names change with their content, how many are asked for.
_SAMPLE = 500
_AT_ONCE = 8
#: In seconds, for one answer.
_PATIENCE = 30
_LASTING = ("data/", "static/", "thumbs/", "images/", "image/")
#: What of a library nobody may get, if it was sent along by other means.
_PRIVATE = ("library.db", "imagelib.toml", ".imagelib/ledger.db", ".git/config", "ledger.db")
_LISTED = ("data/", "images/", "thumbs/", "?list-type=2")
_TYPES = {".js": "javascript", ".html": "text/html", ".css": "text/css", ".webp": "image/webp",
          ".png": "image/png", ".jpg": "image/jpeg", ".xml": "xml"}


class UnreachableError(ImagelibError):
    """Nobody answers at an address."""

    title = "The site cannot be reached"


@dataclass(slots=True)
class Visit:
    """How many addresses were asked for, and what is wrong there, a line each."""

    asked: int = 0
    faults: list[str] = field(default_factory=list)
    #: The files that are not there as they were sent, or are still there.
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Message
    body: bytes


def visit(url: str, files: Mapping[str, Placed], removed: Iterable[str],
          progress: Callable[[int, int], None] = lambda done, total: None) -> Visit:
    """Ask at *url* for the *files* that are there, and for what was *removed*, and must be gone.

    All front files and pages of a small site are asked for; of a large one a sample. It sees one
    answer of one server: no other copies of a network of caches, and nothing that others have kept.

    Raises:
        UnreachableError: nobody answers. InvalidError: *url* is no address of a web site.
    """
    if not (address := read_url(url, "--verify")):
        raise InvalidError("Say where visitors find it: --verify https://example.org/gallery/")
    base = address.rstrip("/") + "/"
    missing = _get(f"{base}{secrets.token_hex(12)}.html")
    report = Visit()
    if missing.status not in (404, 410):
        report.faults.append(f"It answers {missing.status} where there is nothing, so that nobody"
                             " can see whether something is gone.")
    lasting = [path for path in files if path.startswith(_LASTING)]
    chosen = [path for path in files if not path.startswith(_LASTING)
              ] + random.sample(lasting, min(_SAMPLE, len(lasting)))

    def one(path: str) -> tuple[list[str], bool]:
        answer = _get(base + (path if path.startswith("?") else urllib.parse.quote(path)))
        if path in files:
            faults = list(_faults_of(path, files[path], answer))
            return faults, bool(faults) and not _is_sent(files[path], answer)
        faults = list(_still_there(path, answer, missing, files))
        return faults, bool(faults) and path in taken

    taken = set(removed)
    absent = [path for path in (*taken, *_PRIVATE, *_LISTED) if path not in files]
    paths = [*chosen, *absent]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done, (path, (faults, is_wrong)) in enumerate(
                zip(paths, pool.map(one, paths), strict=True), 1):
            report.faults += faults
            report.wrong += [path] * is_wrong
            progress(done, len(paths))
    report.asked = len(paths) + 1
    return report


def _faults_of(path: str, placed: Placed, answer: _Answer) -> Iterator[str]:
    if path in ("_headers", ".nojekyll", "404.html") and answer.status != 200:
        return  # hosts read them, and some give them to nobody
    if answer.status != 200:
        yield f"{path}: {answer.status}, and should be there"
        return
    if not _is_sent(placed, answer):
        yield f"{path}: other bytes than were sent"
    wanted = _TYPES.get(PurePosixPath(path).suffix)
    if wanted and wanted not in answer.headers.get_content_type():
        yield f"{path}: its type is {answer.headers.get_content_type()}"
    yield from (f"{path}: it tells {name}: {value}" for name, value in answer.headers.items()
                if name.lower().startswith("x-amz-meta-"))


def _is_sent(placed: Placed, answer: _Answer) -> bool:
    return answer.status == 200 and hashlib.sha256(answer.body).hexdigest() == placed.digest


def _still_there(path: str, answer: _Answer, missing: _Answer, files: Mapping[str, Placed]
                 ) -> Iterator[str]:
    if answer.status != 200 or (missing.status == 200 and answer.body == missing.body):
        return
    if path not in _LISTED:
        yield f"{path}: it is still there"
        return
    front = files.get("index.html")
    if front and hashlib.sha256(answer.body).hexdigest() != front.digest and any(
            PurePosixPath(name).name.encode() in answer.body for name in files
            if name.startswith(path) or path.startswith("?")):
        yield f"{path}: it lists its files. Switch that off at the host"


def _get(url: str) -> _Answer:
    request = urllib.request.Request(url, headers={"User-Agent": "imagelib"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as response:  # noqa: S310
            return _Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return _Answer(error.code, error.headers, error.read())
    except (OSError, HTTPException, ValueError) as error:
        raise UnreachableError(f"{url} cannot be asked: {error}. Is the address right?") from error
