"""Files beside a picture that say what it is: read when the picture itself says nothing.

    fox.png.json  fox.json          ours (`export --sidecars`), or a generator's JSON
    fox.swarm.json                  SwarmUI
    fox.png.txt   fox.txt           infotext, as AUTOMATIC1111 and others write it
    fox.png.xmp   fox.xmp           XMP: description, tags, rating
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from imagelib.ingest.embedded import EmbeddedMetadata, read_text
from imagelib.ingest.embedded.containers.xmp import read_xmp
from imagelib.library.values.registry import TEXTS

#: A larger file is no sidecar, in bytes.
_LARGEST = 8 * 2**20
_KINDS = (".json", ".swarm.json", ".txt", ".xmp")


def read_sidecars(picture: Path) -> tuple[EmbeddedMetadata | None, list[dict[str, Any]]]:
    """What the files beside *picture* say: of its generation, and fields that a person gave.

    The fields of each file are a dictionary of their own, the weightiest first. Nobody has
    checked them yet; `ImageDraft.taken_from` does.
    """
    found: EmbeddedMetadata | None = None
    given: list[dict[str, Any]] = []
    for path in _beside(picture):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if path.suffix == ".xmp":
                given.append(_of_xmp(path.read_bytes()))
                continue
            text = path.read_text(encoding="utf-8-sig")
            if ours := _of_ours(text):
                given.append(ours)
            elif found is None and (read := read_text(text)) and read.prompt:
                found = read
    return found, given


def _beside(picture: Path) -> list[Path]:
    paths = [picture.with_name(picture.name + kind) for kind in _KINDS]
    paths += [picture.with_suffix(kind) for kind in _KINDS]
    return [path for path in dict.fromkeys(paths)
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= _LARGEST]


def _of_ours(text: str) -> dict[str, Any]:
    """The fields of a sidecar that we wrote; {} for any other file."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict) or not isinstance(document.get("imagelib"), dict):
        return {}
    fields: dict[str, Any] = document["imagelib"]
    return fields


def _of_xmp(packet: bytes) -> dict[str, Any]:
    properties = read_xmp(packet)
    rating = properties.get("Rating", "")
    return {
        "tags": [tag.replace(",", " ") for tag in properties.get("subject", "").splitlines()],
        "rating": int(rating) if rating.isdecimal() else 0,
        **{field.name: properties.get(field.xmp, "") for field in TEXTS if field.xmp},
    }
