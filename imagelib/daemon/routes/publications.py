"""Routes of what is published where."""

from __future__ import annotations

from imagelib.daemon.messages import Request, Response
from imagelib.publishing.whereabouts import whereabouts


def image_publications(request: Request) -> Response:
    """The publications that an image is in, and the places of each."""
    library = request.service.library
    image = library.get(request.parameters["id"])
    return Response(json={"items": [{"name": name, "place": place} for name, place in
                                    whereabouts(library.settings, image.id)]})
