"""Routes of images: list, read, upload, edit, replace, delete, and many at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from imagelib.daemon.bodies import Batch, ListQuery
from imagelib.daemon.call import Answer, Call
from imagelib.daemon.errors import MalformedError
from imagelib.daemon.records import etag, image_json, records_json
from imagelib.daemon.uploads import reading_upload
from imagelib.ingest.inspection import warnings_of
from imagelib.library.query.listing import Filter
from imagelib.library.query.query import Query
from imagelib.library.values.fields import ImageDraft, ImagePatch
from imagelib.library.values.image import Image

_TAG = re.compile(r'\s*(W/)?"([^"]*)"\s*')


def list_images(call: Call) -> Answer:
    """A page of the images that the filters leave, in a total order."""
    asked = ListQuery.of(known(call.query, ListQuery), where="query")
    query = Query.parse(asked.q)
    wanted = Filter(query, tuple(asked.tags), asked.rating_min, asked.rating_max,
                    asked.date_from, asked.date_to, asked.model, None, asked.sort)
    library = call.state.library
    page = library.page_pks(wanted, page=asked.page, page_size=asked.page_size,
                            cursor=asked.cursor or None)
    head = json.dumps({
        "total": page.total, "page": page.page, "page_size": page.page_size, "next": page.next,
        "warnings": query.warnings,
    })
    records = records_json(library.database.reader, page.items)
    items = ", ".join(records[pk] for pk in page.items if pk in records)
    return Answer(content=f'{{"items": [{items}], {head[1:]}'.encode())


def get_image(call: Call) -> Answer:
    """One image with its raw `prompt_meta`; the strong ETag is its version."""
    image = call.state.library.get(call.parameters["id"])
    if call.headers.get("if-none-match", "").strip() == etag(image):
        return Answer(status=304, content=b"", headers={"ETag": etag(image)})
    return _record(image)


def add_image(call: Call) -> Answer:
    """Take an upload in: 201, or 200 and the image that has these bytes already.

    One that lies in the trash comes back out of it: 201 with `restored`. `unused` names the
    fields that were sent and not taken, as the image has values of its own.
    """
    limit = call.state.library.settings.max_upload
    with reading_upload(call, limit) as upload:
        taken = call.state.library.take_in(upload.stream, original_name=upload.name,
                                           **_given(ImageDraft.of(upload.fields)))
    image = taken.image
    assert image is not None
    call.facts |= {"event": "upload", "image": image.id, "file": image.file_name,
                   "bytes": image.size_bytes, "became": taken.status}
    call.state.wake()
    answer = _record(image, status=200 if taken.status == "here" else 201)
    answer.headers["Location"] = f"/api/images/{image.id}"
    if taken.status != "new":
        answer.json |= {"duplicate" if taken.status == "here" else "restored": True,
                        "unused": list(taken.unused)}
    return answer


def inspect_file(call: Call) -> Answer:
    """What an upload of this picture would read from it; nothing is kept."""
    library = call.state.library
    with reading_upload(call, library.settings.max_upload, with_fields=False) as upload:
        staged = library.originals.stage(upload.stream)
    try:
        found = library.originals.inspect(staged)
    finally:
        staged.unlink(missing_ok=True)
    known_image = library.originals.find_digest(found.digest)
    return Answer(json={
        "fields": found.draft.model_dump(), "digest": found.digest, "mime_type": found.mime_type,
        "width": found.width, "height": found.height, "size_bytes": found.size_bytes,
        "warnings": warnings_of(found.draft.generation),
        "duplicate": image_json(known_image) if known_image else None})


def edit_image(call: Call) -> Answer:
    """Change some fields: absent keeps, null clears."""
    image_id = call.parameters["id"]
    version = required_version(call, image_id)
    fields = ImagePatch.of(call.read_json())
    library = call.state.library
    library.edit_many([image_id], _given(fields), if_version=version)
    image = library.get(image_id)
    call.facts |= {"event": "edit", "image": image.id, "fields": sorted(fields.model_fields_set)}
    call.state.wake()
    return _record(image)


def replace_file(call: Call) -> Answer:
    """Give the image another file; its metadata stays."""
    image_id = call.parameters["id"]
    version = required_version(call, image_id)
    call.state.library.get(image_id)
    limit = call.state.library.settings.max_upload
    with reading_upload(call, limit, with_fields=False) as upload:
        image = call.state.library.replace_file(image_id, upload.stream, if_version=version)
    call.facts |= {"event": "replace", "image": image.id, "file": image.file_name,
                   "bytes": image.size_bytes}
    call.state.wake()
    return _record(image)


def delete_image(call: Call) -> Answer:
    """Into the trash; with `?purge=1` for good."""
    image_id = call.parameters["id"]
    version = required_version(call, image_id)
    library = call.state.library
    purge = call.one("purge") in ("1", "true", "yes")
    (library.destroy if purge else library.delete)(image_id, if_version=version)
    call.facts |= {"event": "purge" if purge else "delete", "image": image_id}
    call.state.wake()
    return Answer(status=204, content=b"")


def edit_batch(call: Call) -> Answer:
    """One edit, deletion or restoration of many images: one batch, one undo."""
    asked = Batch.of(call.read_json())
    library = call.state.library
    batch = None
    with library.exclusive():  # what the query finds is what is edited
        ids = asked.ids if asked.ids is not None else library.ids(asked.query or "")
        ids = list(dict.fromkeys(image_id.strip().lower() for image_id in ids))
        known_ids = set(_existing(call, ids, in_trash=bool(asked.restore)))
        failures = [{"id": image_id, "detail": "There is no such image."}
                    for image_id in ids if image_id not in known_ids]
        ids = [image_id for image_id in ids if image_id in known_ids]
        with call.state.working(len(ids)) as progress:
            if ids and asked.edit is not None:
                _, batch = library.edit_many(ids, _given(asked.edit), progress=progress)
            elif ids:
                rearrange = library.delete if asked.delete else library.restore
                batch = rearrange(*ids, progress=progress)
    call.facts |= {"event": "batch", "images": len(ids), "failures": len(failures)}
    call.state.wake()
    return Answer(json={"changed": len(ids), "failures": failures, "batch": batch})


def required_version(call: Call, image_id: str) -> int | None:
    """The version that `If-Match` demands, or None where there is no condition.

    Raises:
        MalformedError: the header cannot be read. StaleError: no version it names is current.
    """
    text = call.headers.get("if-match")
    if text is None or text.strip() == "*":
        return None
    tags = [_TAG.fullmatch(part) for part in text.split(",")]
    if not tags or not all(tags):
        raise MalformedError('If-Match should be a quoted entity tag, such as "3".')
    current = call.state.library.get(image_id).version
    # A weak tag never matches here (RFC 9110, 13.1.1): -1 is no version.
    named = [int(tag[2]) for tag in tags if tag and not tag[1] and tag[2].isdigit()]
    return current if current in named else (named[0] if named else -1)


def known(query: Mapping[str, list[str]], model: type[Any]) -> dict[str, str]:
    """The parameters that *model* has, of several the last; others (a cache buster) are let be."""
    return {name: values[-1] for name, values in query.items()
            if name in model.model_fields and values}


def _existing(call: Call, ids: list[str], *, in_trash: bool) -> list[str]:
    library = call.state.library
    if in_trash:
        return [row["id"] for row in library.database.read("SELECT id FROM trash")]
    return library.ids(Filter(ids=tuple(ids)))


def _given(fields: ImageDraft | ImagePatch) -> dict[str, Any]:
    return {name: getattr(fields, name) for name in fields.model_fields_set}


def _record(image: Image, status: int = 200) -> Answer:
    return Answer(status, image_json(image), {"ETag": etag(image)})
