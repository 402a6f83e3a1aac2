"""Routes of images: list, read, upload, edit, replace, delete, and many at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from imagelib.daemon.errors import MalformedError
from imagelib.daemon.messages import Request, Response
from imagelib.daemon.representations import etag, image_json, records_json
from imagelib.daemon.schemas import Batch, ListQuery
from imagelib.daemon.uploads import reading_upload
from imagelib.ingest.warnings import warnings_of as warnings_of_file
from imagelib.library.originals.trashing import destroy
from imagelib.library.query.engines import list_pks, warnings_of
from imagelib.library.query.listing import Filter
from imagelib.library.query.query import Query
from imagelib.library.values.fields import ImageDraft, ImagePatch
from imagelib.library.values.image import Image
from imagelib.library.values.outcome import Outcome

_TAG = re.compile(r'\s*(W/)?"([^"]*)"\s*')


def list_images(request: Request) -> Response:
    """A page of the images that the filters leave, in a total order."""
    asked = ListQuery.of(known(request.query, ListQuery), where="query")
    query = Query.parse(asked.q)
    wanted = Filter(query, tuple(asked.tags), asked.rating_min, asked.rating_max,
                    asked.date_from, asked.date_to, asked.model, None, asked.sort)
    library = request.service.library
    page = list_pks(library.engine, wanted, page=asked.page, page_size=asked.page_size,
                    cursor=asked.cursor or None)
    head = json.dumps({
        "total": page.total, "page": page.page, "page_size": page.page_size, "next": page.next,
        "warnings": warnings_of(library.engine, wanted),
    })
    records = records_json(library.database.reader, page.items)
    items = ", ".join(records[pk] for pk in page.items if pk in records)
    return Response(content=f'{{"items": [{items}], {head[1:]}'.encode())


def get_image(request: Request) -> Response:
    """One image with its raw `prompt_meta`; the strong ETag is its version."""
    image = request.service.library.get(request.parameters["id"])
    if request.headers.get("if-none-match", "").strip() == etag(image):
        return Response(status=304, content=b"", headers={"ETag": etag(image)})
    return _record(image)


def add_image(request: Request) -> Response:
    """Take an upload in: 201, or 200 and the image that has these bytes already.

    One that lies in the trash comes back out of it: 201 with `restored`. `unused` names the
    fields that were sent and not taken, as the image has values of its own.
    """
    limit = request.service.library.settings.max_upload
    with reading_upload(request, limit) as upload:
        taken = request.service.library.add(upload.stream, original_name=upload.name,
                                            **_given(ImageDraft.of(upload.fields)))
    image = taken.image
    assert image is not None
    request.note("upload", taken, image=image.id, file=image.file_name, bytes=image.size_bytes,
                 became=taken.status)
    answer = _record(image, status=200 if taken.status == "here" else 201)
    answer.headers["Location"] = f"/api/images/{image.id}"
    if taken.status != "new":
        answer.json |= {"duplicate" if taken.status == "here" else "restored": True,
                        "unused": list(taken.unused)}
    return answer


def inspect_file(request: Request) -> Response:
    """What an upload of this picture would read from it; nothing is kept."""
    library = request.service.library
    with reading_upload(request, library.settings.max_upload, with_fields=False) as upload:
        staged = library.originals.stage(upload.stream)
    try:
        found = library.originals.inspect(staged)
    finally:
        staged.unlink(missing_ok=True)
    known_image = library.originals.find_digest(found.digest)
    return Response(json={
        "fields": found.draft.model_dump(), "digest": found.digest, "mime_type": found.mime_type,
        "width": found.width, "height": found.height, "size_bytes": found.size_bytes,
        "warnings": warnings_of_file(found.draft.generation),
        "duplicate": image_json(known_image) if known_image else None})


def edit_image(request: Request) -> Response:
    """Change some fields: absent keeps, null clears."""
    image_id = request.parameters["id"]
    version = required_version(request, image_id)
    fields = ImagePatch.of(request.read_json())
    library = request.service.library
    done = library.edit(image_id, if_version=version, **_given(fields))
    image = library.get(image_id)
    request.note("edit", done, image=image.id, fields=sorted(fields.model_fields_set))
    return _record(image)


def replace_file(request: Request) -> Response:
    """Give the image another file; its metadata stays."""
    image_id = request.parameters["id"]
    version = required_version(request, image_id)
    library = request.service.library
    library.get(image_id)
    with reading_upload(request, library.settings.max_upload, with_fields=False) as upload:
        done = library.replace_file(image_id, upload.stream, if_version=version)
    image = library.get(image_id)
    request.note("replace", done, image=image.id, file=image.file_name, bytes=image.size_bytes)
    return _record(image)


def delete_image(request: Request) -> Response:
    """Into the trash; with `?purge=1` for good."""
    image_id = request.parameters["id"]
    version = required_version(request, image_id)
    library = request.service.library
    purge = request.one("purge") in ("1", "true", "yes")
    if purge:
        done = destroy(library, image_id, version)
    else:
        done = library.delete(image_id, if_version=version)
    request.note("purge" if purge else "delete", done, image=image_id)
    return Response(status=204, content=b"")


def edit_batch(request: Request) -> Response:
    """One edit, deletion or restoration of many images: one batch, one undo."""
    asked = Batch.of(request.read_json())
    library = request.service.library
    done = Outcome()
    with library.database.exclusive():  # what the query finds is what is edited
        ids = asked.ids if asked.ids is not None else library.ids(asked.query or "")
        ids = list(dict.fromkeys(image_id.strip().lower() for image_id in ids))
        known_ids = set(_existing(request, ids, in_trash=bool(asked.restore)))
        failures = [{"id": image_id, "detail": "There is no such image."}
                    for image_id in ids if image_id not in known_ids]
        ids = [image_id for image_id in ids if image_id in known_ids]
        with request.service.working(len(ids)) as progress:
            if ids and asked.edit is not None:
                done = library.edit(*ids, progress=progress, **_given(asked.edit))
            elif ids:
                rearrange = library.delete if asked.delete else library.restore
                done = rearrange(*ids, progress=progress)
    request.note("batch", done, images=len(ids), failures=len(failures))
    return Response(json={"changed": len(ids), "failures": failures, "batch": done.batch or None})


def required_version(request: Request, image_id: str) -> int | None:
    """The version that `If-Match` demands, or None where there is no condition.

    Raises:
        MalformedError: the header cannot be read. StaleError: no version it names is current.
    """
    text = request.headers.get("if-match")
    if text is None or text.strip() == "*":
        return None
    tags = [_TAG.fullmatch(part) for part in text.split(",")]
    if not tags or not all(tags):
        raise MalformedError('If-Match should be a quoted entity tag, such as "3".')
    current = request.service.library.get(image_id).version
    # A weak tag never matches here (RFC 9110, 13.1.1): -1 is no version.
    named = [int(tag[2]) for tag in tags if tag and not tag[1] and tag[2].isdigit()]
    return current if current in named else (named[0] if named else -1)


def known(query: Mapping[str, list[str]], model: type[Any]) -> dict[str, str]:
    """The parameters that *model* has, of several the last; others (a cache buster) are let be."""
    return {name: values[-1] for name, values in query.items()
            if name in model.model_fields and values}


def _existing(request: Request, ids: list[str], *, in_trash: bool) -> list[str]:
    library = request.service.library
    if in_trash:
        return [row["id"] for row in library.database.read("SELECT id FROM trash")]
    return library.ids(Filter(ids=tuple(ids)))


def _given(fields: ImageDraft | ImagePatch) -> dict[str, Any]:
    return {name: getattr(fields, name) for name in fields.model_fields_set}


def _record(image: Image, status: int = 200) -> Response:
    return Response(status, image_json(image), {"ETag": etag(image)})
