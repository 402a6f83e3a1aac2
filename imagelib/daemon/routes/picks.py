"""Routes of picks: what visitors of a publication have sent, previewed, merged, forgotten."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from imagelib.daemon.messages import Request, Response
from imagelib.daemon.schemas import SentPicks
from imagelib.errors import NotFoundError
from imagelib.library.records import picks as records
from imagelib.library.records.picks import Visitor
from imagelib.library.store.rows import select_pks
from imagelib.publishing import pick_files
from imagelib.publishing.derived import published
from imagelib.publishing.pick_files import Arrival


def list_picks(request: Request) -> Response:
    """Who has picked which images, by the names that visitors claim."""
    library = request.service.library
    names = {key: one.name for key, one in published(library.settings).items()}
    pks = records.picked_pks(library.database)
    return Response(json=[
        asdict(visitor) | {"name": names.get(visitor.publication),
                           "pks": pks.get((visitor.publication, visitor.key), [])}
        for visitor in records.list_visitors(library.database)])


def send_picks(request: Request) -> Response:
    """What a file or link of picks would change; with `merge` it is kept."""
    asked = SentPicks.of(request.read_json())
    library = request.service.library
    file = pick_files.read(asked.text)
    if not asked.merge:
        return Response(json=_arrival(request, pick_files.preview(library, file)))
    arrival = pick_files.merge(library, file)
    request.facts |= {"event": "picks", "images": len(arrival.picks)}
    request.service.builds.wake()
    return Response(json=_arrival(request, arrival))


def forget_picks(request: Request) -> Response:
    """Drop all that one visitor has said."""
    visitor = Visitor(request.parameters["publication"], request.parameters["key"], "")
    if not records.forget(request.service.library.database, [visitor]):
        raise NotFoundError("This visitor has picked nothing here.")
    request.service.builds.wake()
    return Response(status=204, content=b"")


def image_picks(request: Request) -> Response:
    """Who picked an image, and what of it each says."""
    library = request.service.library
    image = library.get(request.parameters["id"].strip().lower())
    return Response(json=[{"who": visitor.who} | asdict(pick)
                          for visitor, pick in records.picks_of_image(library.database, image.id)])


def _arrival(request: Request, arrival: Arrival) -> dict[str, Any]:
    merged = arrival.merged
    kinds = {kind: getattr(merged, kind) for kind in ("added", "changed", "taken_back", "known")}
    images = select_pks(request.service.library.database.reader, arrival.picks, raw=False)
    return {
        "publication": arrival.publication, "who": arrival.visitor.who, "before": merged.before,
        "unknown": arrival.unknown, **{kind: len(pks) for kind, pks in kinds.items()},
        # An image in the trash has no record.
        "images": [{"pk": pk, "id": images[pk].id if pk in images else None, "kind": kind}
                   | asdict(arrival.picks[pk]) for kind, pks in kinds.items() for pk in pks]}
