"""Routes of tags and saved searches."""

from __future__ import annotations

from dataclasses import asdict

from imagelib.daemon.messages import Request, Response
from imagelib.daemon.schemas import DeleteTag, MergeTags, RenameTag, SavedSearch
from imagelib.errors import InvalidError
from imagelib.library.records import searches
from imagelib.library.values.outcome import Outcome

#: How long the name of a saved search may be, in characters.
MAX_NAME = 200


def list_tags(request: Request) -> Response:
    """Every tag with how many images carry it, the most used first."""
    return Response(json=[asdict(tag) for tag in request.service.library.tags()])


def rename_tag(request: Request) -> Response:
    """Write a tag another way on all its images."""
    asked = RenameTag.of(request.read_json())
    return _done(request, request.service.library.rename_tag(asked.old, asked.new))


def merge_tags(request: Request) -> Response:
    """Make several tags one."""
    asked = MergeTags.of(request.read_json())
    return _done(request, request.service.library.merge_tags(asked.sources, asked.target))


def delete_tag(request: Request) -> Response:
    """Take a tag off all its images."""
    asked = DeleteTag.of(request.read_json())
    return _done(request, request.service.library.delete_tag(asked.name))


def list_searches(request: Request) -> Response:
    """The saved searches by name."""
    return Response(json=searches.list_searches(request.service.library.database))


def save_search(request: Request) -> Response:
    """Keep a query under a name."""
    name = request.parameters["name"].strip()
    if not name or len(name) > MAX_NAME:
        raise InvalidError.of("name", f"should have 1 to {MAX_NAME} characters", where="path")
    asked = SavedSearch.of(request.read_json())
    new = searches.save_search(request.service.library.database, name, asked.query, asked.sort)
    request.service.builds.wake()
    return Response(status=201 if new else 200,
                  json={"name": name, "query": asked.query, "sort": asked.sort})


def delete_search(request: Request) -> Response:
    """Forget a saved search."""
    searches.delete_search(request.service.library.database, request.parameters["name"])
    request.service.builds.wake()
    return Response(status=204, content=b"")


def _done(request: Request, done: Outcome) -> Response:
    request.note("tags", done, images=len(done.changed))
    return Response(json={"changed": len(done.changed), "batch": done.batch})
