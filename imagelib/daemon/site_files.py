"""What the daemon answers with at the addresses of the site: its files, originals, the editor's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import IO

from imagelib.daemon.channels import Head
from imagelib.daemon.editor import PREFIX, editor_files, with_editor
from imagelib.daemon.errors import NotBuiltError
from imagelib.daemon.files import answer_file, answer_packed, pack, takes_gzip
from imagelib.daemon.guard import is_loopback
from imagelib.daemon.service import Service
from imagelib.errors import NotFoundError
from imagelib.generator.paths import named_image
from imagelib.library.store.rows import find_by_name

#: Status, body (bytes, or an open file to be sent from where it stands) and headers.
Sent = tuple[int, bytes | IO[bytes], dict[str, str]]

#: Types by extension for what lies in a site; the system's own table is not trusted.
_TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".webp": "image/webp",
    ".json": "application/json", ".xml": "application/xml", ".png": "image/png",
    ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
}
#: The texts among them, which gzip makes smaller.
_TEXTS = frozenset(_TYPES) - {".webp", ".png"}
#: Names that a site can have: no dot in front, nothing that a system reads otherwise.
_SEGMENT = re.compile(r"[\w-][\w .~+()'&,;=@!#%\[\]{}$^-]*", re.UNICODE)
_HASHED = re.compile(r"(thumbs|static|data)/.*[.-][0-9a-f]{8,}.*\.\w+")
#: How a file is kept whose name changes with its content.
_FOR_EVER = "private, max-age=31536000, immutable"


def file_at(service: Service, path: str, head: Head) -> Sent:
    """The answer to *head*, a GET or HEAD of the address *path*, which has no "/" in front.

    Raises:
        NotFoundError: there is nothing. NotBuiltError: there is no site yet.
    """
    if path.startswith("images/"):
        return _original(service, path.removeprefix("images/"), head)
    if path.startswith(PREFIX):
        return _of_editor(service, path.removeprefix(PREFIX), head)
    return _of_site(service, path, head)


def is_packed(head: Head) -> bool:
    """Whether a file goes packed: over a network its way takes longer than packing, on this machine
    it does not."""
    path = "index.html" if head.path == "/" else head.path
    return (Path(path).suffix in _TEXTS and not is_loopback(head.address)
            and takes_gzip(head.headers))


def _original(service: Service, name: str, head: Head) -> Sent:
    image = find_by_name(service.library.database.reader, name) if "\0" not in name else None
    if image is None and (image_id := named_image(name)):
        image = service.library.get(image_id)  # as the pages of the site name it
    folder = service.library.originals.folder
    if image is None or not _is_plain(folder, image.file_name):
        raise NotFoundError("There is no such image.")
    # An original is foreign: nothing in it may run, whatever a browser makes of it.
    return _file(folder / image.file_name, image.mime_type, head, {
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, max-age=0, must-revalidate"})


def _of_editor(service: Service, name: str, head: Head) -> Sent:
    content = None if service.read_only else editor_files().get(name)
    if content is None:
        raise NotFoundError("There is no such page.")
    return _text(content, head, {"Content-Type": _TYPES[Path(name).suffix],
                                 "Cache-Control": _FOR_EVER})


def _of_site(service: Service, path: str, head: Head) -> Sent:
    site = service.library.settings.site_dir
    parts = path.split("/")
    if not all(_SEGMENT.fullmatch(part) for part in parts) or not _is_plain(site, path):
        if path == "index.html":
            raise NotBuiltError("Ask again in a moment.")
        raise NotFoundError("There is no such page.")
    kind = _TYPES.get(Path(path).suffix)
    if kind is None:
        raise NotFoundError("There is no such page.")
    if path.endswith(".html"):
        content = (site / path).read_bytes()
        if not service.read_only:
            content = with_editor(content, len(parts) - 1)
        return _text(content, head, {"Content-Type": kind, "Cache-Control": "no-cache"})
    return _file(site / path, kind, head, {"Cache-Control": (
        _FOR_EVER if _HASHED.fullmatch(path) else "no-cache")})


def _is_plain(folder: Path, path: str) -> bool:
    """Whether *path* is a regular file below *folder* with no link on the way."""
    current = folder
    for part in path.split("/"):
        if part in ("", ".", ".."):
            return False
        current /= part
        if current.is_symlink():
            return False
    return current.is_file()


def _file(path: Path, kind: str, head: Head, headers: dict[str, str]) -> Sent:
    """The file at *path*, whose name was looked up before."""
    answer = answer_packed if is_packed(head) else answer_file
    status, more, body = answer(path, head.method, head.headers)
    if status in (200, 206):
        more["Content-Type"] = kind
    return status, body, {**more, **headers}


def _text(content: bytes, head: Head, headers: dict[str, str]) -> Sent:
    if is_packed(head):
        content, packed = pack(content)
        headers = headers | packed
    return 200, content, headers
