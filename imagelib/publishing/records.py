"""From a record of the library to the one that is published: the only place that decides.

The public record is put together from nothing, value by value, so that what nobody thought of is
not in it.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from typing import Any

from imagelib.library.values.image import Image
from imagelib.publishing.policy import Policy

#: What stands for a date that is withheld. No image of a generator is so old; pages show none.
NO_DATE = "1970-01-01T00:00:00"


@dataclass(frozen=True, slots=True)
class Given:
    """What of a public record is not the image's own: its number in the publication, the day on
    which it came in (YYYY-MM-DD), and the secret by which it gets an id of its own."""

    number: int
    day: str
    secret: bytes = b""


def public_id(image_id: str, policy: Policy, secret: bytes) -> str:
    """The id in the publication: with `ids = "own"` nobody can join two of them by it."""
    return image_id if policy.ids == "same" else own_id(image_id, secret)


def own_id(image_id: str, secret: bytes) -> str:
    """A UUID of the eighth version (RFC 9562, 5.8) from HMAC-SHA256 of the id."""
    made = bytearray(hmac.digest(secret, image_id.encode(), hashlib.sha256)[:16])
    made[6] = made[6] & 0x0F | 0x80
    made[8] = made[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(made)))


def public_record(image: Image, policy: Policy, given: Given) -> dict[str, Any]:
    """The columns and `tags` of the public record, but for those that follow from its file."""
    kept: dict[str, Any] = {
        "id": public_id(image.id, policy, given.secret),
        "created_at": f"{given.day}T00:00:00.000Z",
        "updated_at": f"{given.day}T00:00:00.000Z",
        "captured_at": NO_DATE,
        "original_name": "",
        "title": "",
        "prompt_text": "",
        "negative_prompt": "",
        "ai_model": "",
        "notes": "",
        "rating": 0,
        "generation": {},
        "prompt_meta": None,
        "tags": [],
    }
    if "date" in policy.fields:
        kept["captured_at"] = f"{image.captured_at[:10]}T00:00:00"
    elif "date:month" in policy.fields:
        kept["captured_at"] = f"{image.captured_at[:7]}-01T00:00:00"
    for word, column in (("title", "title"), ("prompt", "prompt_text"), ("rating", "rating"),
                         ("negative", "negative_prompt"), ("model", "ai_model"),
                         ("notes", "notes"), ("names", "original_name")):
        if word in policy.fields:
            kept[column] = getattr(image, column)
    if "generation" in policy.fields:
        kept["generation"] = {name: value for name, value in image.generation.items()
                              if name in policy.generation}
    if "tags" in policy.fields:
        kept["tags"] = [tag for tag in image.tags if tag in policy.tags]
    if "names:number" in policy.fields:
        kept["title"] = f"{given.number:03d}"
    elif not (kept["title"] or kept["prompt_text"] or kept["original_name"]):
        # Else a gallery calls an image by its file.
        kept["title"] = f"{policy.heading} {given.number}"
    return kept
