"""The table of all routes: what the adapter serves and what the OpenAPI document says."""

from __future__ import annotations

import re
from functools import cache

from imagelib.daemon import schemas
from imagelib.daemon.messages import Request, Response
from imagelib.daemon.openapi import document
from imagelib.daemon.route import Route
from imagelib.daemon.routes import (
    albums,
    drift,
    history,
    images,
    picks,
    publications,
    replacing,
    status,
    tags,
    trash,
)
from imagelib.library.values.fields import ImageDraft, ImagePatch


def openapi(request: Request) -> Response:  # noqa: ARG001 - every handler is given the request
    """This API as an OpenAPI 3.1 document."""
    return Response(json=document(ROUTES))


_EDIT = (200, 400, 404, 412, 415, 422, 503, 507)

ROUTES = (
    Route("GET", "/api/images", images.list_images, (200, 422), query=schemas.ListQuery,
          public=True, quick=True),
    Route("POST", "/api/images", images.add_image, (200, 201, 400, 411, 413, 415, 422, 503, 507),
          body=ImageDraft, upload=True, slow=True, hurried=True),
    Route("POST", "/api/inspect", images.inspect_file, (200, 400, 411, 413, 415, 422, 503, 507),
          body=schemas.Nothing, upload=True, slow=True, hurried=True),
    Route("GET", "/api/images/{id}", images.get_image, (200, 304, 404), public=True,
          quick=True),
    Route("PUT", "/api/images/{id}", images.edit_image, _EDIT, body=ImagePatch),
    Route("PATCH", "/api/images/{id}", images.edit_image, _EDIT, body=ImagePatch),
    Route("DELETE", "/api/images/{id}", images.delete_image, (204, 404, 412, 503, 507)),
    Route("POST", "/api/images/{id}/file", images.replace_file,
          (200, 400, 404, 409, 411, 412, 413, 415, 422, 503, 507), body=ImageDraft, upload=True,
          slow=True, hurried=True),
    Route("GET", "/api/images/{id}/history", history.image_history, (200, 404, 422),
          query=schemas.HistoryQuery),
    Route("GET", "/api/images/{id}/publications", publications.image_publications, (200, 404)),
    Route("POST", "/api/batch", images.edit_batch, (200, 400, 415, 422, 503, 507),
          body=schemas.Batch),
    Route("POST", "/api/replace", replacing.replace_texts, (200, 400, 415, 422, 503, 507),
          body=schemas.Replace),
    Route("GET", "/api/undo", history.show_undo, (200, 404, 422), query=schemas.UndoQuery),
    Route("POST", "/api/undo", history.undo, (200, 404, 409, 415, 422, 503, 507),
          body=schemas.Undo),
    Route("POST", "/api/redo", history.redo, (200, 404, 409, 415, 422, 503, 507),
          body=schemas.Undo),
    Route("GET", "/api/trash", trash.list_deleted, (200, 422), query=schemas.TrashQuery),
    Route("GET", "/api/trash/{id}/thumbnail", trash.show_deleted, (200, 404, 422), slow=True,
          hurried=True),
    Route("POST", "/api/trash/{id}/restore", trash.restore, (200, 404, 409, 503, 507)),
    Route("DELETE", "/api/trash", trash.empty_trash, (200, 503, 507)),
    Route("DELETE", "/api/trash/{id}", trash.destroy, (204, 404, 503, 507)),
    Route("GET", "/api/drift", drift.show_drift, (200,), slow=True),
    Route("POST", "/api/drift", drift.repair, (200, 400, 415, 422, 503, 507), body=schemas.Repair,
          slow=True),
    Route("GET", "/api/tags", tags.list_tags, (200,), public=True, quick=True),
    Route("POST", "/api/tags/rename", tags.rename_tag, (200, 404, 409, 415, 422, 503, 507),
          body=schemas.RenameTag),
    Route("POST", "/api/tags/merge", tags.merge_tags, (200, 404, 415, 422, 503, 507),
          body=schemas.MergeTags),
    Route("POST", "/api/tags/delete", tags.delete_tag, (200, 404, 415, 422, 503, 507),
          body=schemas.DeleteTag),
    Route("GET", "/api/searches", tags.list_searches, (200,), public=True),
    Route("PUT", "/api/searches/{name}", tags.save_search, (200, 201, 415, 422, 503, 507),
          body=schemas.SavedSearch),
    Route("DELETE", "/api/searches/{name}", tags.delete_search, (204, 404, 503, 507)),
    Route("GET", "/api/albums", albums.list_albums, (200,), public=True),
    Route("PUT", "/api/albums/{tag}", albums.change_album, (200, 201, 404, 415, 422, 503, 507),
          body=schemas.ChangeAlbum),
    Route("DELETE", "/api/albums/{tag}", albums.forget_album, (204, 404, 422, 503, 507)),
    Route("GET", "/api/publications", publications.list_publications, (200, 422)),
    Route("POST", "/api/publications/{name}", publications.prepare_publication,
          (202, 400, 404, 409, 415, 422, 503), body=schemas.Publish),
    Route("POST", "/api/publications/{name}/send", publications.send_publication,
          (202, 400, 404, 409, 415, 422), body=schemas.Agreed),
    Route("DELETE", "/api/publications/{name}", publications.cancel_publication, (200, 404)),
    Route("GET", "/api/picks", picks.list_picks, (200,)),
    Route("POST", "/api/picks", picks.send_picks, (200, 400, 415, 422, 503, 507),
          body=schemas.SentPicks, slow=True),
    Route("DELETE", "/api/picks/{publication}/{key}", picks.forget_picks, (204, 404, 503, 507)),
    Route("GET", "/api/images/{id}/picks", picks.image_picks, (200, 404)),
    Route("GET", "/api/export", status.export, (200, 422), query=schemas.ExportQuery, slow=True),
    Route("GET", "/api/backup", status.backup, (200, 503, 507), slow=True),
    Route("POST", "/api/rebuild", status.rebuild, (202, 400, 415)),
    Route("GET", "/api/status", status.status, (200,), public=True),
    Route("GET", "/api/settings", status.show_settings, (200,)),
    Route("PUT", "/api/settings", status.change_settings, (200, 400, 415, 422, 503, 507),
          body=schemas.ChangeSettings),
    Route("GET", "/api/changes", history.list_changes, (200, 422), query=schemas.SinceQuery),
    Route("GET", "/api/openapi.json", openapi, (200,), public=True),
)


def is_slow(method: str, path: str) -> bool:
    """Whether such a request is answered by a route that is slow."""
    return path.startswith("/api/") and any(
        route.slow and route.method == method for route in routes_of(path))


def is_quick(method: str, path: str) -> bool:
    """Whether such a request is answered by a route that is quick."""
    return any(route.quick and route.method == method for route in routes_of(path))


def routes_of(path: str) -> list[Route]:
    """The routes of *path*, one for each method."""
    return [route for route in ROUTES if _pattern(route.path).fullmatch(path)]


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", path.replace("{tag}", ".+")))  # a/b is a tag
