"""Routes of the trash: what is in it and how it looks, the way back, and the end of it."""

from __future__ import annotations

from imagelib.daemon.messages import Request, Response
from imagelib.daemon.representations import image_json, trashed_json
from imagelib.daemon.routes.images import known
from imagelib.daemon.schemas import TrashQuery
from imagelib.errors import NotFoundError
from imagelib.library.records.trash import cursor_of, find_trashed, list_trash, totals


def list_deleted(request: Request) -> Response:
    """A page of the trash, the last deleted first; the totals are of all of it."""
    asked = TrashQuery.of(known(request.query, TrashQuery), where="query")
    library = request.service.library
    found = list_trash(library.database, library.originals.trash_dir, asked.page_size + 1,
                       asked.cursor)
    page = found[:asked.page_size]
    count, size = totals(library.database)
    return Response(json={
        "items": [trashed_json(trashed) for trashed in page], "total": count, "size_bytes": size,
        "next": cursor_of(page[-1]) if len(found) > len(page) else None})


def show_deleted(request: Request) -> Response:
    """A small picture of a deleted image, as WebP."""
    library = request.service.library
    image_id = request.parameters["id"]
    path = find_trashed(library.database, library.originals.trash_dir, image_id)
    if path is None:
        raise NotFoundError(f"There is no file of an image {image_id!r} in the trash.")
    return Response(content=request.service.previews.of(path), content_type="image/webp",
                  headers={"Cache-Control": "no-store"})


def restore(request: Request) -> Response:
    """Bring an image back as it was."""
    image_id = request.parameters["id"]
    done = request.service.library.restore(image_id)
    image = request.service.library.get(image_id)
    request.note("restore", done, image=image.id)
    return Response(json=image_json(image))


def destroy(request: Request) -> Response:
    """Destroy one image of the trash for good; one that was brought back is not in it."""
    image_id = request.parameters["id"]
    done = request.service.library.purge(image_id)
    if not done.changed:
        raise NotFoundError(f"There is no image {image_id!r} in the trash.")
    request.note("purge", done, image=image_id)
    return Response(status=204, content=b"")


def empty_trash(request: Request) -> Response:
    """Destroy all that is in the trash, for good."""
    done = request.service.library.empty_trash()
    request.note("empty trash", done, images=len(done.changed))
    return Response(json={"purged": len(done.changed)})
