"""Files beside a picture that say what it is: read when the picture itself says nothing.

    fox.png.json  fox.json          ours (`export --sidecars`), or a generator's JSON
    fox.swarm.json                  SwarmUI
    fox.png.txt   fox.txt           infotext, as AUTOMATIC1111 and others write it
    fox.png.xmp   fox.xmp           XMP: title, description, tags, rating, label

What such files say of title, tags and rating counts instead of what the picture itself has in it:
programs that keep them write everything there, and later.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from imagelib.ingest.embedded import EmbeddedMetadata, read_text
from imagelib.ingest.embedded.containers.findings import Findings
from imagelib.ingest.embedded.joining import is_part
from imagelib.ingest.embedded.written import read_written

#: A larger file is no sidecar, in bytes.
_LARGEST = 8 * 2**20
_KINDS = (".json", ".swarm.json", ".txt", ".xmp")


def read_sidecars(
    picture: Path, prompt: str = ""
) -> tuple[EmbeddedMetadata | None, list[dict[str, Any]]]:
    """What the files beside *picture* say: of its generation, and fields that a person gave.

    *prompt* is what the picture itself has: a description beside it is none then, but a caption.
    The fields of each file are a dictionary of their own, the weightiest first. Nobody has
    checked them yet; `ImageDraft.taken_from` does.
    """
    found: EmbeddedMetadata | None = None
    given: list[dict[str, Any]] = []
    for path in _beside(picture):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if path.suffix == ".xmp":
                given.append(_of_xmp(path.read_bytes(), prompt, is_second=bool(given)))
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


def _of_xmp(packet: bytes, prompt: str, *, is_second: bool) -> dict[str, Any]:
    """The fields of an XMP file, which stands *is_second* beside one of ours that has them all."""
    findings = Findings()
    findings.add_xmp(packet)
    written = read_written(findings)
    fields: dict[str, Any] = {"title": written.title, "tags": list(written.tags),
                              "rating": written.rating}
    if not prompt:
        fields["prompt_text"] = written.caption
    elif not is_second and not is_part(written.caption, prompt):
        fields["notes"] = written.caption
    return fields
