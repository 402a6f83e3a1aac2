"""Images, changes and trash as JSON, with the URLs of the daemon."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from imagelib.generator.paths import as_url, thumbnail_path
from imagelib.library.models import Change, Image, TrashedImage


def image_json(image: Image) -> dict[str, Any]:
    """The record of one image, as design section 5 lists it."""
    return image.to_json() | {
        "url": "/images/" + quote(image.file_name, safe="/"),
        "thumbnail_url": "/" + as_url(thumbnail_path(image.digest)),
    }


def change_json(change: Change) -> dict[str, Any]:
    """One line of a history."""
    return asdict(change)


def trashed_json(trashed: TrashedImage) -> dict[str, Any]:
    """A deleted image: its record as it was, whether its file is kept, and how it looked."""
    return trashed.image.to_json() | {
        "deleted_at": trashed.deleted_at,
        "has_file": trashed.file is not None and trashed.file.is_file(),
        "thumbnail_url": f"/api/trash/{trashed.image.id}/thumbnail",
    }


def etag(image: Image) -> str:
    """The strong entity tag of a record."""
    return f'"{image.version}"'
