"""Routes of history, undo, and the feed of changes for open tabs."""

from __future__ import annotations

import json

from imagelib.daemon.bodies import HistoryQuery, SinceQuery, Undo
from imagelib.daemon.call import Answer, Call
from imagelib.daemon.records import change_json, records_json
from imagelib.daemon.routes.images import known
from imagelib.library.records.history import changed_since, count_changes


def image_history(call: Call) -> Answer:
    """Recorded changes of one image, the newest first, a page at a time.

    What is too long for a list is left out of it and named in `shortened`.
    """
    asked = HistoryQuery.of(known(call.query, HistoryQuery), where="query")
    library, image_id = call.state.library, call.parameters["id"].strip().lower()
    changes = library.history(image_id, asked.page_size, asked.cursor)
    total = count_changes(library.database, image_id)
    more = changes and library.history(image_id, 1, changes[-1].seq)
    return Answer(json={"items": [change_json(change) for change in changes], "total": total,
                        "next": str(changes[-1].seq) if more else None})


def undo(call: Call) -> Answer:
    """Take a batch back, or the last one."""
    asked = Undo.of(call.read_json() if call.length else {})
    action, images = call.state.library.undo(asked.batch)
    call.facts |= {"event": "undo", "action": action, "images": len(images)}
    call.state.wake()
    return Answer(json={"action": action, "images": images})


def redo(call: Call) -> Answer:
    """Do again what the last undo took back."""
    if call.length:
        Undo.of(call.read_json())
    action, images = call.state.library.redo()
    call.facts |= {"event": "redo", "action": action, "images": len(images)}
    call.state.wake()
    return Answer(json={"action": action, "images": images})


def list_changes(call: Call) -> Answer:
    """What changed after `since`: the images as they are now, and the ids that are gone."""
    asked = SinceQuery.of(known(call.query, SinceQuery), where="query")
    database = call.state.library.database
    seq, changed, more = changed_since(database, asked.since, asked.limit)
    records = records_json(database.reader, list(changed))
    head = json.dumps({"seq": seq, "more": more, "deleted": [
        image for pk, image in changed.items() if pk not in records]})
    return Answer(content=f'{{"items": [{", ".join(records.values())}], {head[1:]}'.encode())
