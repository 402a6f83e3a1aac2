"""Routes of the trash: what is in it and how it looks, the way back, and the end of it."""

from __future__ import annotations

from imagelib.daemon.bodies import TrashQuery
from imagelib.daemon.call import Answer, Call
from imagelib.daemon.records import image_json, trashed_json
from imagelib.daemon.routes.images import known
from imagelib.errors import NotFoundError
from imagelib.library.records.trash import cursor_of, find_trashed, list_trash, totals


def list_deleted(call: Call) -> Answer:
    """A page of the trash, the last deleted first; the totals are of all of it."""
    asked = TrashQuery.of(known(call.query, TrashQuery), where="query")
    library = call.state.library
    found = list_trash(library.database, library.originals.trash_dir, asked.page_size + 1,
                       asked.cursor)
    page = found[:asked.page_size]
    count, size = totals(library.database)
    return Answer(json={
        "items": [trashed_json(trashed) for trashed in page], "total": count, "size_bytes": size,
        "next": cursor_of(page[-1]) if len(found) > len(page) else None})


def show_deleted(call: Call) -> Answer:
    """A small picture of a deleted image, as WebP."""
    library = call.state.library
    image_id = call.parameters["id"]
    path = find_trashed(library.database, library.originals.trash_dir, image_id)
    if path is None:
        raise NotFoundError(f"There is no file of an image {image_id!r} in the trash.")
    return Answer(content=call.state.previews.of(path), content_type="image/webp",
                  headers={"Cache-Control": "no-store"})


def restore(call: Call) -> Answer:
    """Bring an image back as it was."""
    image_id = call.parameters["id"]
    call.state.library.restore(image_id)
    image = call.state.library.get(image_id)
    call.facts |= {"event": "restore", "image": image.id}
    call.state.wake()
    return Answer(json=image_json(image))


def empty_trash(call: Call) -> Answer:
    """Destroy all that is in the trash, for good."""
    purged = call.state.library.empty_trash()
    call.facts |= {"event": "empty trash", "images": purged}
    call.state.wake()
    return Answer(json={"purged": purged})
