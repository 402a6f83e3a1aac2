"""Routes of albums."""

from __future__ import annotations

from dataclasses import asdict

from imagelib.daemon.messages import Request, Response
from imagelib.daemon.schemas import ChangeAlbum
from imagelib.library.records import albums


def list_albums(request: Request) -> Response:
    """The albums by their tags; their images in order are `q=tag:<tag>&sort=album`."""
    return Response(json=[asdict(album)
                          for album in albums.list_albums(request.service.library.database)])


def change_album(request: Request) -> Response:
    """Make an album of a tag, or change text, cover or order."""
    database, tag = request.service.library.database, request.parameters["tag"]
    new = albums.change_album(
        database, tag, **ChangeAlbum.of(request.read_json()).model_dump(exclude_unset=True))
    request.service.builds.wake()
    return Response(status=201 if new else 200, json=asdict(albums.get_album(database, tag)))


def forget_album(request: Request) -> Response:
    """Forget text, cover and order of an album; its images keep the tag."""
    albums.forget_album(request.service.library.database, request.parameters["tag"])
    request.service.builds.wake()
    return Response(status=204, content=b"")
