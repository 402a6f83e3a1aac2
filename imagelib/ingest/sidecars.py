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

from imagelib.errors import InvalidError
from imagelib.ingest.embedded import EmbeddedMetadata, read_text
from imagelib.ingest.embedded.xmp import read_xmp
from imagelib.library.values.fields import ImageDraft

#: A larger file is no sidecar, in bytes.
_LARGEST = 8 * 2**20
_KINDS = (".json", ".swarm.json", ".txt", ".xmp")


def read_sidecars(picture: Path) -> tuple[EmbeddedMetadata | None, dict[str, Any]]:
    """What the files beside *picture* say: of its generation, and fields that a person gave."""
    found: EmbeddedMetadata | None = None
    fields: dict[str, Any] = {}
    for path in _beside(picture):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if path.suffix == ".xmp":
                fields = _of_xmp(path.read_bytes()) | fields
                continue
            text = path.read_text(encoding="utf-8-sig")
            if ours := _of_ours(text):
                fields = ours | fields
            elif found is None and (read := read_text(text)) and read.prompt:
                found = read
    return found, fields


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
    return _checked({name: value for name, value in document["imagelib"].items()
                     if name in ImageDraft.model_fields})


def _of_xmp(packet: bytes) -> dict[str, Any]:
    properties = read_xmp(packet)
    rating = properties.get("Rating", "")
    return _checked({
        "tags": [tag.replace(",", " ") for tag in properties.get("subject", "").splitlines()],
        "rating": int(rating) if rating.isdecimal() else 0,
        "prompt_text": properties.get("description", ""),
    })


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """Those of *fields* that the library takes."""
    taken = {}
    for name, value in fields.items():
        with contextlib.suppress(InvalidError):
            if value:
                taken[name] = getattr(ImageDraft.of({name: value}), name)
    return taken
