"""Routes of history, undo, and the feed of changes for open tabs."""

from __future__ import annotations

from imagelib.daemon.bodies import SinceQuery, Undo
from imagelib.daemon.call import Answer, Call
from imagelib.daemon.records import change_json, image_json
from imagelib.daemon.routes.images import known


def image_history(call: Call) -> Answer:
    """Every recorded change of one image, the newest first."""
    changes = call.state.library.history(call.parameters["id"])
    return Answer(json={"items": [change_json(change) for change in changes]})


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
    seq, images, gone, more = call.state.library.changes_since(asked.since, asked.limit)
    return Answer(json={"seq": seq, "items": [image_json(image) for image in images],
                        "deleted": gone, "more": more})
