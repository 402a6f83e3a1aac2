"""Routes of the daemon itself: status, rebuild, export, its own description."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from imagelib.daemon.bodies import ExportQuery
from imagelib.daemon.call import Answer, Call
from imagelib.daemon.routes.images import known
from imagelib.exporting import records_as
from imagelib.library.store.backup import snapshot

#: How much of a file is sent at a time, in bytes.
_BLOCK = 256 * 1024


def status(call: Call) -> Answer:
    """What the library holds and what the daemon is doing."""
    return Answer(json=call.state.status())


def rebuild(call: Call) -> Answer:
    """Bring the site up to date; `{"full": true}` renders everything anew."""
    full = False
    if call.length:
        full = call.read_json().get("full") is True
    call.state.wake(full=full)
    return Answer(status=202, json=call.state.status()["build"])


def export(call: Call) -> Answer:
    """Every record, streamed; `?format=csv` for a table."""
    asked = ExportQuery.of(known(call.query, ExportQuery), where="query")
    library = call.state.library
    images = library.walk(asked.q)
    kind = "text/csv; charset=utf-8" if asked.format == "csv" else "application/json"
    return Answer(content=records_as(asked.format, images), content_type=kind, headers={
        "Content-Disposition": f'attachment; filename="imagelib.{asked.format}"'})


def backup(call: Call) -> Answer:
    """The database as it is now, copied whole and checked; the copy stays with the backups."""
    path = snapshot(call.state.library.settings)
    call.facts |= {"event": "backup", "bytes": path.stat().st_size}
    return Answer(content=_blocks(path), content_type="application/vnd.sqlite3", headers={
        "Content-Disposition": f'attachment; filename="{path.name}"'})


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block


def openapi(call: Call) -> Answer:  # noqa: ARG001 - every handler is given the call
    """This API as an OpenAPI 3.1 document."""
    from imagelib.daemon.openapi import document

    return Answer(json=document())
