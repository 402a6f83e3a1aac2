"""Routes of the daemon itself: status, settings, rebuild, export."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from imagelib.daemon.messages import Request, Response
from imagelib.daemon.routes.images import known
from imagelib.daemon.schemas import ChangeSettings, ExportQuery
from imagelib.daemon.settings_file import told
from imagelib.exporting import records_as
from imagelib.library.store.backup import snapshot

#: How much of a file is sent at a time, in bytes.
_BLOCK = 256 * 1024


def status(request: Request) -> Response:
    """What the library holds and what the daemon is doing."""
    return Response(json=request.service.status())


def rebuild(request: Request) -> Response:
    """Bring the site up to date; `{"full": true}` renders everything anew."""
    full = False
    if request.length:
        full = request.read_json().get("full") is True
    request.service.builds.wake(full=full)
    return Response(status=202, json=request.service.status()["build"])


def show_settings(request: Request) -> Response:
    """The settings that the page may change."""
    return Response(json=told(request.service.library.settings))


def change_settings(request: Request) -> Response:
    """Write some of them into `imagelib.toml`; the site follows in the next build."""
    asked = ChangeSettings.of(request.read_json())
    request.service.change_settings(asked.model_dump(exclude_none=True))
    return show_settings(request)


def export(request: Request) -> Response:
    """Every record, streamed; `?format=csv` for a table."""
    asked = ExportQuery.of(known(request.query, ExportQuery), where="query")
    library = request.service.library
    images = library.walk(asked.q)
    # What cannot be read at all is refused while the status can still say so.
    first = list(islice(images, 1))
    kind = "text/csv; charset=utf-8" if asked.format == "csv" else "application/json"
    content = records_as(asked.format, chain(first, images))
    return Response(content=content, content_type=kind, headers={
        "Content-Disposition": f'attachment; filename="imagelib.{asked.format}"'})


def backup(request: Request) -> Response:
    """The database as it is now, copied whole and checked; the copy stays with the backups."""
    path = snapshot(request.service.library.settings)
    request.facts |= {"event": "backup", "bytes": path.stat().st_size}
    return Response(content=_blocks(path), content_type="application/vnd.sqlite3", headers={
        "Content-Disposition": f'attachment; filename="{path.name}"'})


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block
