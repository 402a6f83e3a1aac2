"""The route of find and replace."""

from __future__ import annotations

from imagelib.daemon.messages import Request, Response
from imagelib.daemon.schemas import Replace
from imagelib.library.records.replacing import Replacement, find_in, replace_in

#: So many texts are shown beforehand; there are counts besides.
_MOST = 200


def replace_texts(request: Request) -> Response:
    """Replace in the texts of many images, as one batch; with `dry_run` only say what would be."""
    asked = Replace.of(request.read_json())
    wanted = Replacement.of(asked.model_dump(include=set(Replacement.model_fields)))
    library = request.service.library
    if asked.dry_run:
        found = list(find_in(library.database, _ids(request, asked), wanted))
        return Response(json={
            "changed": len({one.image_id for one in found}),
            "places": sum(one.places for one in found),
            "texts": len(found), "batch": None, "failures": [],
            "items": [{"id": one.image_id, "field": one.field, "parts": one.parts}
                      for one in found[:_MOST]]})
    with library.database.exclusive():  # what the query finds is what is edited
        ids = _ids(request, asked)
        with request.service.working(len(ids)) as progress:
            done = replace_in(library.database, ids, wanted, progress)
    request.note("replace", done, images=len(done.changed), failures=len(done.failures))
    return Response(json={
        "changed": len(done.changed), "places": done.places, "batch": done.batch or None,
        "failures": [{"id": one.subject, "detail": one.reason} for one in done.failures]})


def _ids(request: Request, asked: Replace) -> list[str]:
    if asked.ids is None:
        return request.service.library.ids(asked.query or "")
    return list(dict.fromkeys(image_id.strip().lower() for image_id in asked.ids))
