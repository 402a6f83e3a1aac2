"""Routes of the daemon itself: status, rebuild, export, its own description."""

from __future__ import annotations

from imagelib.daemon.bodies import ExportQuery
from imagelib.daemon.call import Answer, Call
from imagelib.daemon.routes.images import known
from imagelib.exporting import records_as


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
    images = library.find(asked.q) if asked.q else library.walk()
    kind = "text/csv; charset=utf-8" if asked.format == "csv" else "application/json"
    return Answer(content=records_as(asked.format, images), content_type=kind, headers={
        "Content-Disposition": f'attachment; filename="imagelib.{asked.format}"'})


def openapi(call: Call) -> Answer:  # noqa: ARG001 - every handler is given the call
    """This API as an OpenAPI 3.1 document."""
    from imagelib.daemon.openapi import document

    return Answer(json=document())
