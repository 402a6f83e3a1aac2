"""Picks as a visitor's browser sends them."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from imagelib.library.library import Library
from imagelib.publishing.derived import derived
from imagelib.publishing.policy import Policy
from imagelib.publishing.records import public_id

ANNA, BO = "0" * 8 + "-1111-4111-8111-" + "a" * 12, "0" * 8 + "-2222-4222-8222-" + "b" * 12


def published(library: Library, ids: str = "own") -> tuple[str, dict[str, str]]:
    """Give *library* a publication without making its site: its id, and public id by id."""
    policy = Policy.of("proof", {"ids": ids, "picks": {"favourite": True}})
    with derived(library, policy) as one:
        return one.id, {image_id: public_id(image_id, policy, one.secret)
                        for image_id in library.ids("")}


def pick(at: str = "2026-11-27T12:00:00.000Z", **said: Any) -> dict[str, Any]:
    """One item: a heart, if nothing else is said."""
    return (said or {"heart": True}) | {"at": at}


def file_of(publication: str, items: dict[str, Any], who: str = "Anna", key: str = ANNA,
            **more: Any) -> dict[str, Any]:
    return {"imagelib": "picks", "format": 1, "publication": publication, "key": key, "who": who,
            "items": items} | more


def as_link(value: Any) -> str:
    """The link that a published site makes of a file, or of bytes."""
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    packed = base64.urlsafe_b64encode(zlib.compress(content)).decode().rstrip("=")
    return f"https://example.org/fox/index.html#picks={packed}"
