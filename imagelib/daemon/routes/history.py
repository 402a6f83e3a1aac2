"""Routes of history, undo, and the feed of changes for open tabs."""

from __future__ import annotations

import json
from dataclasses import asdict

from imagelib.daemon.messages import Request, Response
from imagelib.daemon.representations import change_json, records_json
from imagelib.daemon.routes.images import known
from imagelib.daemon.schemas import HistoryQuery, SinceQuery, Undo, UndoQuery
from imagelib.library.records.history import changed_since, count_changes
from imagelib.library.records.undo import undoable
from imagelib.library.values.outcome import Reversal


def image_history(request: Request) -> Response:
    """Recorded changes of one image, the newest first, a page at a time.

    What is too long for a list is left out of it and named in `shortened`.
    """
    asked = HistoryQuery.of(known(request.query, HistoryQuery), where="query")
    library, image_id = request.service.library, request.parameters["id"].strip().lower()
    changes = library.history(image_id, asked.page_size, asked.cursor)
    total = count_changes(library.database, image_id)
    more = changes and library.history(image_id, 1, changes[-1].seq)
    return Response(json={"items": [change_json(change) for change in changes], "total": total,
                        "next": str(changes[-1].seq) if more else None})


def show_undo(request: Request) -> Response:
    """What undo would take back: who did it and when, to which images."""
    asked = UndoQuery.of(known(request.query, UndoQuery), where="query")
    return Response(json=asdict(undoable(request.service.library, asked.batch or None)))


def undo(request: Request) -> Response:
    """Take a batch back, or the last one."""
    asked = Undo.of(request.read_json() if request.length else {})
    return _reversed(request, "undo", request.service.library.undo(asked.batch))


def redo(request: Request) -> Response:
    """Do again what the last undo took back."""
    if request.length:
        Undo.of(request.read_json())
    return _reversed(request, "redo", request.service.library.redo())


def _reversed(request: Request, event: str, done: Reversal) -> Response:
    request.note(event, done, action=done.action, images=len(done.changed))
    return Response(json={"action": done.action, "images": done.changed})


def list_changes(request: Request) -> Response:
    """What changed after `since`: the images as they are now, and the ids that are gone."""
    asked = SinceQuery.of(known(request.query, SinceQuery), where="query")
    database = request.service.library.database
    seq, changed, more = changed_since(database, asked.since, asked.limit)
    records = records_json(database.reader, list(changed))
    head = json.dumps({"seq": seq, "more": more, "deleted": [
        image for pk, image in changed.items() if pk not in records]})
    return Response(content=f'{{"items": [{", ".join(records.values())}], {head[1:]}'.encode())
