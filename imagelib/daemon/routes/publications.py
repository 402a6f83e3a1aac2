"""Routes of what is published where, and of publishing: prepared, looked at, agreed to."""

from __future__ import annotations

from typing import Any

from imagelib.config import Settings
from imagelib.daemon.messages import Request, Response
from imagelib.daemon.publisher import destination
from imagelib.daemon.schemas import Agreed, Publish
from imagelib.errors import InvalidError
from imagelib.publishing import policy as policies
from imagelib.publishing.ledger import places
from imagelib.publishing.whereabouts import whereabouts


def list_publications(request: Request) -> Response:
    """The policies and presets, where each is published, and how far publishing is."""
    settings = request.service.library.settings
    own = policies.names(settings)
    names = [*own, *(name for name in policies.PRESETS if name not in own)]
    return Response(json={"items": [_told(settings, name, is_own=name in own) for name in names],
                          "job": request.service.publisher.state()})


def prepare_publication(request: Request) -> Response:
    """Begin to prepare a publication; nothing is sent before somebody has agreed."""
    asked = Publish.of(request.read_json())
    settings, publisher = request.service.library.settings, request.service.publisher
    policy = policies.load(settings, request.parameters["name"]).changed(
        "This request", query=asked.query, title=asked.title)
    publisher.prepare(policy, destination(settings, policy, asked.place))
    return Response(status=202, json=publisher.state())


def send_publication(request: Request) -> Response:
    """Agree to what was prepared: it is sent."""
    asked = Agreed.of(request.read_json())
    publisher = request.service.publisher
    publisher.send(request.parameters["name"], asked.id, widen=bool(asked.widen),
                   removals=asked.removals)
    return Response(status=202, json=publisher.state())


def cancel_publication(request: Request) -> Response:
    """Break off a publication, or forget how it ended."""
    publisher = request.service.publisher
    publisher.cancel(request.parameters["name"])
    return Response(json=publisher.state())


def image_publications(request: Request) -> Response:
    """The publications that an image is in, and the places of each."""
    library = request.service.library
    image = library.get(request.parameters["id"])
    return Response(json={"items": [{"name": name, "place": place} for name, place in
                                    whereabouts(library.settings, image.id)]})


def _told(settings: Settings, name: str, *, is_own: bool) -> dict[str, Any]:
    """What a page says of a policy; of one that cannot be read, why."""
    try:
        policy = policies.load(settings, name)
    except InvalidError as error:
        return {"name": name, "is_own": is_own, "fault": str(error)}
    return {
        "name": name, "is_own": is_own, "fault": "", "title": policy.heading,
        "explained": policies.explained(policy), "query": policy.query, "to": policy.to,
        "is_over": policy.is_over,
        "places": [{"place": place, "at": at} for place, at in places(settings, name)]}
