"""Images, changes, trash and what is about to be published as JSON, with the URLs of the daemon."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict
from typing import Any

from imagelib.formats import needs_display
from imagelib.generator.paths import ORIGINALS, as_url, thumbnail_path
from imagelib.library.store.rows import select_json
from imagelib.library.values.image import Change, Image, TrashedImage
from imagelib.publishing.difference import consents
from imagelib.publishing.policy import explained
from imagelib.publishing.publication import Publication
from imagelib.recipes import DISPLAY

#: Of what may be many, so much is told; there are counts besides.
_MOST = 200
#: Of new texts of one field, how many are shown, and how many letters of each.
_EXAMPLES, _SHOWN = 5, 200


def image_json(image: Image) -> dict[str, Any]:
    """The record of one image, as design section 5 lists it."""
    return image.to_json() | {
        "url": _file_url(image.file_name),
        "thumbnail_url": _thumbnail_url(image.digest),
        "display_url": _display_url(image.file_name, image.digest, image.mime_type),
    }


def records_json(connection: sqlite3.Connection, pks: list[int]) -> dict[int, str]:
    """The records of the images with these *pks* as texts: the same as `image_json`, quicker."""
    return {pk: _with_urls(*found) for pk, found in select_json(connection, pks).items()}


def _with_urls(record: str, file_name: str, digest: str, mime_type: str) -> str:
    # URLs are percent-encoded: nothing in them would have to be escaped.
    return (f'{record[:-1]},"url":"{_file_url(file_name)}",'
            f'"thumbnail_url":"{_thumbnail_url(digest)}",'
            f'"display_url":"{_display_url(file_name, digest, mime_type)}"}}')


def _file_url(file_name: str) -> str:
    # The daemon sends the files of the library, under the names that they have there.
    return f"/{ORIGINALS}/" + as_url(file_name)


def _thumbnail_url(digest: str) -> str:
    return "/" + as_url(thumbnail_path(digest))


def _display_url(file_name: str, digest: str, mime_type: str) -> str:
    if needs_display(mime_type):
        return "/" + as_url(thumbnail_path(digest, DISPLAY))
    return _file_url(file_name)


def change_json(change: Change) -> dict[str, Any]:
    """One line of a history."""
    return asdict(change)


def trashed_json(trashed: TrashedImage) -> dict[str, Any]:
    """A deleted image: its record as it was, whether its file is kept, and how it looked."""
    return trashed.image.to_json() | {
        "deleted_at": trashed.deleted_at,
        "has_file": trashed.file is not None and trashed.file.is_file(),
        "thumbnail_url": f"/api/trash/{trashed.image.id}/thumbnail",
    } | ({"shortened": list(trashed.shortened)} if trashed.shortened else {})


def publication_json(found: Publication) -> dict[str, Any]:
    """What publishing would do, or has done, and what came of the proof."""
    difference, refused = found.difference, found.derivation.refused
    return {
        "place": difference.place, "explained": explained(found.policy),
        "images": found.derivation.images, "private": found.derivation.private,
        **{kind: len(getattr(difference, kind)) for kind in ("added", "changed", "removed")},
        "files": len(difference.put), "bytes": difference.size,
        "removals": len(difference.remove),
        "first": [{"noun": noun, "count": len(texts),
                   "examples": [text[:_SHOWN] for text in texts[:_EXAMPLES]]}
                  for noun, texts in difference.news],
        "consents": [asdict(one) for one in consents(difference, found.policy)],
        "templates": found.templates[:_MOST], "limits": found.limits,
        "refused": [{"file": file, "detail": reason} for file, reason in refused[:_MOST]],
        "refused_count": len(refused),
        "proof": {"files": len(found.proof.files), "words": found.proof.words,
                  "runs": found.proof.runs, "untestable": found.proof.untestable},
    }


def etag(image: Image) -> str:
    """The strong entity tag of a record."""
    return f'"{image.version}"'
